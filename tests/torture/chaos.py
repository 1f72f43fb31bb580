"""Who kills, pauses and cuts, and lets time pass: everything that goes wrong, drawn from one seed."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.domain.refusals import Busy
from practice.faults import Faults
from practice.handles import Channel
from practice.workspace import Workspace
from storage import schedules
from storage.db import Database
from storage.outbox import OPEN, OutboxRow
from tests.torture.facts import Jump
from tests.torture.outages import Store
from tests.torture.replicas import Replica

LEASE_S, SETTLE_S = 2.5, 0.4
"""The delivery's, shortened. What Slack delays is delayed less than it takes until a lost message is looked for."""

DAYS = 24
"""Days a run may last in practice time: messages sent a month ago are forgotten, and the checker needs them all."""

PAST = timedelta(hours=1)

PATIENT_S = 180.0
"""How long what became due may take; bots are killed all the time meanwhile, and the machine may be slow."""


def misbehave(faults: Faults, seed: int, amount: float = 1.0) -> None:
    """Let Slack and the network between us do what they do, each with its own chance."""
    for number, (method, kind, chance, facts) in enumerate(FAULTS):
        faults.add(method, kind, probability=chance * amount, seed=seed * 1000 + number, **facts)  # type: ignore[arg-type]


_GESTURES = ("command", "block_actions", "view_submission", "event")
FAULTS: list[tuple[str, str, float, dict[str, float]]] = [
    ("*", "drop_before", 0.02, {}),
    ("*", "accept_then_drop", 0.03, {}),
    ("*", "accept_then_500", 0.02, {}),
    ("*", "error_500", 0.02, {}),
    ("*", "rate_limited", 0.01, {"retry_after": 1}),
    ("*", "delay", 0.02, {"seconds": 0.3}),
    ("*", "accept_then_delay", 0.01, {"seconds": 0.5}),
    ("*", "deliver_twice", 0.05, {}),
    ("*", "answer_lost", 0.03, {}),
    ("*", "not_delivered", 0.02, {}),
    *((kind, "delay", 0.03, {"seconds": 0.4}) for kind in _GESTURES),
]


@dataclass
class Chaos:
    """One run's supervisor. `done` counts what it did, by name; `jumps` are the steps of the clock."""

    workspace: Workspace
    replicas: Sequence[Replica]
    store: Store
    database: Database
    rng: random.Random
    triage: Channel
    enough: Callable[[], bool]
    rest_s: tuple[float, float] = (0.4, 1.6)
    harm: bool = True
    """Whether to do anything but kill."""
    times: tuple[int, int, int] = (6, 3, 1)
    """How likely a day passes, the clock steps back and forward, and days go by in an outage."""
    done: Counter[str] = field(default_factory=Counter)
    jumps: list[Jump] = field(default_factory=list)
    drained_s: list[float] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    """Held while something is done to the replicas: an outage of all is not to be ended by a restart of one."""

    # -- killing and cutting

    def hurt(self) -> None:
        """Go on until there was enough of it; slowly on a slow machine, so that bots live half of the time."""
        while not self.enough():
            slowest = max(replica.restart_s[-1] for replica in self.replicas)
            self._wait(self.rng.uniform(*self.rest_s) * max(1.0, slowest / len(self.replicas)))
            with self._guard:
                self._strike()

    def _strike(self) -> None:
        what = self.rng.choices([name for name, _ in self._ways()], [weight for _, weight in self._ways()])[0]
        if what == "kill":
            self.kill(self.rng.choice(self.replicas))
        elif what == "kill all":
            self._kill_all()
        elif what == "pause":
            self.rng.choice(self.replicas).pause(LEASE_S * self.rng.uniform(0.7, 1.8))
        elif what == "disk full":
            self.rng.choice(self.replicas).fill_disk(self.rng.uniform(0.3, 2.0))
        elif what in {"sockets cut", "sockets refreshed"}:
            (self.workspace.cut_sockets if what == "sockets cut" else self.workspace.refresh_sockets)()
        elif what == "put out of the channel":
            self._put_out(self.rng.uniform(0.5, 2.0))
        else:
            self.store.cut(what, self.rng.uniform(0.3, 2.0))
        self.done[what] += 1

    def _ways(self) -> list[tuple[str, int]]:
        if not self.harm:
            return [("kill", 1)]
        ways = [("kill", 14), ("pause", 3), ("disk full", 2), ("put out of the channel", 2)]
        ways += [(name, 2) for name in self.store.cuts()]
        if len(self.replicas) > 1:
            ways.append(("kill all", 1))
        if self.workspace.sockets:
            ways += [("sockets cut", 1), ("sockets refreshed", 1)]
        return ways

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return self.done["kill"] + self.done["kill all"] * len(self.replicas)

    def kill(self, replica: Replica) -> None:
        """Kill one and start it again after a moment."""
        replica.kill()
        time.sleep(self.rng.uniform(0.0, 0.5))
        replica.start()

    def _kill_all(self) -> None:
        for replica in self.replicas:
            replica.kill()
        for replica in self.replicas:
            replica.start()

    def _put_out(self, seconds: float) -> None:
        """What is posted meanwhile dies for good, until an admin presses Try again."""
        self.workspace.kick_bot(self.triage)
        time.sleep(seconds)
        self.workspace.invite_bot(self.triage)

    # -- how long it takes to catch up

    def watch(self) -> None:
        """After each restart, see how long what was open then takes to leave."""
        starts = 0
        while not self.enough():
            time.sleep(0.05)
            count = sum(len(replica.restart_s) for replica in self.replicas)
            if count != starts:
                starts = count
                self._see_it_drain(time.monotonic(), self.workspace.clock.now())

    def _see_it_drain(self, began_s: float, now: datetime) -> None:
        while time.monotonic() < began_s + 120:
            with suppress(Busy):
                if self._open_since(now) == 0:
                    self.drained_s.append(time.monotonic() - began_s)
                    return
            time.sleep(0.1)

    def _open_since(self, now: datetime) -> int:
        where = (OutboxRow.state.in_(OPEN), OutboxRow.created_at <= now, OutboxRow.due_at <= now)
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(OutboxRow).where(*where)) or 0

    # -- time

    def pass_time(self, every_s: float) -> None:
        """Let a day pass every so often; now and then step back an hour and forward, or miss days in an outage."""
        days = 0
        while not self.enough():
            self._wait(every_s)
            what = self.rng.choices(["a day", "an hour back", "days of outage"], self.times)[0]
            if self.enough() or days >= DAYS:
                return
            if what == "an hour back":
                self._step_back()
            elif what == "days of outage":
                days += self._outage()
            else:
                days += 1
                self.step(timedelta(days=1))
            self.done[what] += 1

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.enough():
            time.sleep(0.1)

    def _step_back(self) -> None:
        """Half of the time somebody starts meanwhile, and plans what is to come by the wrong clock."""
        self.step(-PAST)
        if self.rng.random() < 0.5:
            with self._guard:
                self.kill(self.rng.choice(self.replicas))
            self.done["kill"] += 1
        self._wait(self.rng.uniform(0.5, 3.0))
        self.step(PAST)

    def _outage(self) -> int:
        days = self.rng.randint(2, 4)
        with self._guard:
            for replica in self.replicas:
                replica.kill()
            self._jump(timedelta(days=days), outage=True)
            for replica in self.replicas:
                replica.start()
        self._all_taken()
        return days

    def step(self, by: timedelta) -> None:
        """Step the clock, and wait until what became due is taken, whatever is killed meanwhile."""
        self._jump(by)
        self._all_taken()

    def _jump(self, by: timedelta, *, outage: bool = False) -> None:
        planned = self._asked(self._planned)
        before = self.workspace.clock.now()
        after = self.workspace.clock.advance(by)
        self.jumps.append(Jump(time.monotonic(), before, after, planned, outage))

    def _planned(self) -> dict[str, datetime]:
        with self.database.read() as session:
            return {name: at for name, (_, at) in schedules.planned(session, self.workspace.team_id).items()}

    def _all_taken(self) -> None:
        self._asked(self._nothing_due)

    def _nothing_due(self) -> bool:
        with self.database.read() as session:
            due = schedules.next_due(session)
        return due is None or due > self.workspace.clock.now()

    def _asked(self, question: Callable[[], object]) -> "dict[str, datetime]":
        """Ask the database until it answers with more than nothing."""
        until = time.monotonic() + PATIENT_S
        while time.monotonic() < until:
            with suppress(Busy):
                if answer := question():
                    return answer  # type: ignore[return-value]
            time.sleep(0.1)
        raise AssertionError(f"the database did not say so within {PATIENT_S} s: what was due was not taken")


# -- when things are due, reckoned apart from the app

VOTES_AT, SUMMARY_AT, DIGEST_AT = wall_time(9, 30), wall_time(9, 45), wall_time(9, 30)
"""An hour before the time at which days pass here, so that a step back comes before them, and forward over them."""


def due_times(schedule: str, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """Return when a schedule is due between two moments, and the period each time is for, oldest first."""
    name, _, zone = schedule.partition(":")
    tz = ZoneInfo(zone or "UTC")
    found = []
    day = since.astimezone(tz).date() - timedelta(days=1)
    while day <= until.astimezone(tz).date():
        at = {"reminder": VOTES_AT, "summary": SUMMARY_AT, "digest": DIGEST_AT}[name]
        due = datetime.combine(day, at, tz).astimezone(UTC)
        if since < due <= until and (name == "reminder" or day.weekday() == 0):
            year, week, _ = day.isocalendar()
            found.append((due, f"{year}-W{week:02}" if name == "summary" else day.isoformat()))
        day += timedelta(days=1)
    return found
