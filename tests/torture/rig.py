"""One run: bots, a crowd, chaos, and then the rules. What came of it as plain facts for the report."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from bot.demo import Transport
from bot.domain.feedback import Draft
from bot.domain.people import Actor
from bot.domain.refusals import Busy
from bot.domain.votes import Result
from bot.services import feedback
from practice.ledger import Delivery
from practice.workspace import Workspace
from storage import outbox
from storage import policy as policy_store
from storage import votes as vote_store
from storage.db import Database, table
from storage.outbox import Lane, OutboxRow
from tests import make
from tests.bot import ROOT
from tests.torture import checks, facts
from tests.torture.board import Board
from tests.torture.chaos import LEASE_S, SETTLE_S, Chaos, due_times, misbehave
from tests.torture.crowd import ZONES, Admin, Csm, Manager, Reviewer, Traveller, press_again
from tests.torture.delays import from_filing, percentile
from tests.torture.ledger import GIVEN_UP, REFUSED, Book
from tests.torture.outages import Postgresql, Sqlite, Store
from tests.torture.replicas import Replica, free_ports
from tests.torture.someone import Scene, Someone

DRAIN_S = 60.0
"""How long the outbox may stand still in the end before we say that it does not drain."""

AGAIN = 5
"""How often what died is tried again in the end."""

OTHER = "T0OTHER"
SECRET = "a-secret-of-another-workspace"


@dataclass(frozen=True)
class Part:
    """How a run goes. It ends when both `ops` were acknowledged and `kills` are done, or `longest_s` is over.

    `variant` is a broken version to run (see variants.py); `collide` lets everybody race for the same cards.
    """

    name: str
    database: str
    transport: Transport
    replicas: int = 1
    kills: int = 60
    ops: int = 2800
    seed: int = 1
    longest_s: float = 1500.0
    day_every_s: float = 15.0
    faults: float = 1.0
    variant: str = ""
    collide: bool = False
    hurry: float = 1.0
    harm: bool = True
    rest_s: tuple[float, float] = (0.4, 1.6)
    times: tuple[int, int, int] = (6, 3, 1)
    people: tuple[int, int, int] = (6, 5, 2)
    """How many file, vote and manage."""
    patience_s: float = 7.0
    """How long the last repeats of events are waited for."""


@dataclass
class Outcome:
    """What a run came to. `wrong` holds what each rule found, by its name."""

    wrong: dict[str, list[str]]
    told: dict[str, Any]
    seconds: float

    @property
    def findings(self) -> list[str]:
        """Return everything that was wrong."""
        return [line for lines in self.wrong.values() for line in lines]


class Rig:
    """Everything of one run."""

    def __init__(self, part: Part, folder: Path) -> None:
        self.part = part
        self.rng = random.Random(part.seed)  # noqa: S311 - chance that can be repeated, not a secret
        self.workspace = Workspace(ROOT / "manifest.json")
        self.store: Store = (Sqlite if part.database == "sqlite" else Postgresql)(folder)
        self.database = Database(self.store.url)
        self.book = Book()
        self.stop = threading.Event()
        self.hits: dict[str, int] = {}
        self.began_s = time.monotonic()
        self._folder = folder

    # -- before

    def prepare(self) -> None:
        """Fill the workspace with people, the database with rules and with another workspace, and start the bots."""
        limits = self.workspace.limits
        limits.enabled, limits.retry_scale = False, 1 / 60
        self._to_monday()
        self._people()
        self._rules()
        self._another_workspace()
        log = self._folder / "bot.log"
        part, ports = self.part, free_ports(self.part.replicas)
        self.replicas = [
            Replica(self.workspace, self.store.url, port, log, part.transport, part.variant) for port in ports
        ]
        if part.transport == "http":
            self.workspace.connect(*(f"{replica.url}/slack/events" for replica in self.replicas))
        for replica in self.replicas:
            replica.start()
        self.chaos = Chaos(
            self.workspace,
            self.replicas,
            self.store,
            self.database,
            random.Random(part.seed + 1),  # noqa: S311 - likewise
            self.triage,
            self.enough,
            rest_s=part.rest_s,
            harm=part.harm,
            times=part.times,
        )
        misbehave(self.workspace.faults, part.seed, part.faults)

    def _to_monday(self) -> None:
        """Begin ten past ten on a Monday: nothing regular is due in the hours to come, but much in the hour before."""
        clock = self.workspace.clock
        now = clock.now()
        monday = now.replace(hour=10, minute=10, second=0, microsecond=0) + timedelta(days=7 - now.weekday())
        clock.advance(monday - now)

    def _people(self) -> None:
        add = self.workspace.person
        csms, reviewers, managers = self.part.people
        self.csms = [add(f"Csm{n}", tz=ZONES[n % len(ZONES)]) for n in range(csms)]
        self.reviewers = [add(f"Reviewer{n}", tz=ZONES[n % len(ZONES)]) for n in range(reviewers)]
        self.managers = [add(f"Manager{n}") for n in range(managers)]
        self.admin, self.travellers = add("Ada", is_admin=True), [add(f"Traveller{n}") for n in range(2)]
        everyone = [*self.csms, *self.reviewers, *self.managers, self.admin]
        self.triage = self.workspace.channel("triage", members=everyone)
        self.review = self.workspace.channel("review", members=everyone)
        for channel in (self.triage, self.review):
            self.workspace.invite_bot(channel)

    def _rules(self) -> None:
        tables: dict[str, dict[str, object]] = {
            "channels": {"triage": self.triage.id, "review": self.review.id},
            "people": {
                "reviewers": [one.id for one in self.reviewers],
                "managers": [one.id for one in self.managers],
                "admins": [self.admin.id],
            },
            "vote": {"quorum": 3, "days": 5},
            "review": {"when": "mon 10:30", "lead": "1 hour"},
            "reminders": {"votes": "09:30", "summary": "mon 09:45"},
            "quiet": {"start": "00:00", "end": "00:00", "weekends": False},
            "delivery": {"pace_per_s": 100.0, "merge_s": 0.2, "settle_s": SETTLE_S, "lease_s": LEASE_S},
        }
        with self.database.begin() as session:
            policy_store.replace(session, self.workspace.team_id, tables, "test", self.workspace.clock.now())

    def _another_workspace(self) -> None:
        """The same people's ids, the same numbers, other words; all its messages were sent."""
        now = self.workspace.clock.now()
        with self.database.begin() as session:
            make.rules(session, OTHER)
            for number in range(1, 6):
                draft = Draft(words=f"{SECRET}, {number} of them.", customer_name=f"{SECRET} Ltd")
                actor = Actor(OTHER, self.csms[0].id)
                feedback.file(session, actor, draft, now, key=f"view:{number}")
                vote = vote_store.latest(session, OTHER, number)
                assert vote
                vote_store.close(session, vote, Result.UNDECIDED, now)
            session.execute(update(table(OutboxRow)).where(OutboxRow.team_id == OTHER).values(state="sent"))
            session.execute(update(table(Lane)).where(Lane.team_id == OTHER).values(wanted_at=None))
        self.others = facts.tables(self.database, OTHER)

    # -- during

    def enough(self) -> bool:
        """Whether the run is over."""
        return self.stop.is_set()

    def run(self) -> None:
        """Let the crowd live under fire until there was enough of it, and then let all that is open leave."""
        board = Board(self.workspace, self.triage)
        scene = Scene(self.workspace, board, self.book, 3, self.stop, self.part.hurry, self.part.collide)
        kinds = [
            (Csm, self.csms),
            (Reviewer, self.reviewers),
            (Manager, self.managers),
            (Traveller, self.travellers),
            (Admin, [self.admin]),
        ]
        crowd: list[Someone] = [
            kind(scene, one, random.Random(f"{self.part.seed} {one.id}"))  # noqa: S311 - likewise
            for kind, people in kinds
            for one in people
        ]
        troubles: list[BaseException] = []
        work = [*(one.live for one in crowd), self.chaos.hurt, self.chaos.watch, self._time]
        threads = [threading.Thread(target=self._guarded, args=(one, troubles), daemon=True) for one in work]
        for thread in threads:
            thread.start()
        while not self._is_over() and not troubles:
            time.sleep(0.25)
        self.stop.set()
        for thread in threads:
            thread.join(timeout=120)
        if troubles:
            raise troubles[0]
        self._drain()
        self._try_again()

    def _try_again(self) -> None:
        """The channel takes messages again: an admin has everything that died sent."""
        for _ in range(AGAIN):
            with self.database.read() as session:
                if not outbox.dead(session, self.workspace.team_id, "triage"):
                    return
            press_again(self.admin, newest=AGAIN)
            self._drain()

    def _time(self) -> None:
        self.chaos.pass_time(self.part.day_every_s)

    def _guarded(self, work: Any, troubles: list[BaseException]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the run
            troubles.append(error)

    def _is_over(self) -> bool:
        passed = time.monotonic() - self.began_s
        if passed > self.part.longest_s:
            return True
        return self.chaos.kills >= self.part.kills and self.book.count() >= self.part.ops

    def _drain(self) -> None:
        """Nothing goes wrong any more: wait until every message has ended."""
        self.hits = self.workspace.faults.hits() or self.hits
        self.workspace.faults.clear()
        for replica in self.replicas:
            replica.start()
        least, moved_s = self._depth(), time.monotonic()
        while (left := self._depth()) and time.monotonic() < moved_s + DRAIN_S:
            if left < least:
                least, moved_s = left, time.monotonic()
            time.sleep(0.2)

    def _depth(self) -> int:
        """Return how many messages are open. The first question after an outage may meet a connection that is gone."""
        while True:
            with suppress(Busy), self.database.read() as session:
                return outbox.depth(session)
            time.sleep(0.1)

    # -- after

    def judge(self) -> dict[str, list[str]]:
        """Hold everything against the rules."""
        ops, found = self.book.all(), facts.tables(self.database, self.workspace.team_id)
        messages = facts.shown(self.workspace)
        jumps = self.chaos.jumps
        last_due = {
            (name, jump): checks.due_between(due_times(name, jump.before, jump.after), jump)
            for name in {row.name for row in found["schedules"]}
            for jump in jumps
            if jump.after > jump.before
        }
        self.found, self.messages = found, messages
        return {
            "acknowledged": [*checks.kept(ops, found), *checks.effects(ops, found), *checks.numbers(found)],
            "outbox": [*checks.outbox_ended(found["outbox"]), *checks.shown_once(found["outbox"], messages)],
            "tried again": checks.alive(found["outbox"]),
            "periods": checks.periods(found, messages, jumps, last_due),
            "votes": checks.rounds(ops, found, jumps),
            "statuses": checks.paths(found),
            "repeated": self._repeat(),
            "events": self._arrived(),
            "workspaces": self._apart(),
        }

    def _repeat(self, most: int = 200) -> list[str]:
        """Deliver again, shuffled and twice over, what was taken: nothing that people decided may change."""
        again = [delivery for delivery in self.workspace.ledger.deliveries() if self._was_taken(delivery)]
        self.rng.shuffle(again)
        chosen = again[:most] * 2
        self.rng.shuffle(chosen)
        before = facts.state(facts.tables(self.database, self.workspace.team_id))
        for delivery in chosen:
            self.workspace.redeliver(delivery)
        after = facts.state(facts.tables(self.database, self.workspace.team_id))
        self.repeated = len(chosen)
        self._drain()
        twice = checks.shown_once(
            facts.tables(self.database, self.workspace.team_id)["outbox"], facts.shown(self.workspace)
        )
        return [*checks.same(before, after, "repeating deliveries"), *twice]

    def _was_taken(self, delivery: Delivery) -> bool:
        if not delivery.ok:
            return False
        if delivery.kind == "view_submission":
            return not delivery.body.strip()
        actions = delivery.payload.get("actions") if delivery.kind == "block_actions" else None
        return bool(actions) and actions[0]["action_id"].startswith("vote_") and self._counted(delivery)

    def _counted(self, delivery: Delivery) -> bool:
        """Whether this press stands behind an acknowledged vote."""
        if not hasattr(self, "_acknowledged"):
            votes = [op for op in self.book.all() if op.kind == "vote" and op.acknowledged]
            self._acknowledged = {press.action_us for op in votes for press in op.presses}
        return round(float(delivery.payload["actions"][0]["action_ts"]) * 1_000_000) in self._acknowledged

    def _arrived(self) -> list[str]:
        """Each traveller moves once more; what was told of former moves, and comes late, must not undo it."""
        for one in self.travellers:
            one.sends("/feedback help")  # so that they are known, if they never were
            self.workspace.update_person(one, tz="Asia/Kolkata")
        until = time.monotonic() + 30
        while self._elsewhere() and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(self.part.patience_s)
        return self._elsewhere()

    def _elsewhere(self) -> list[str]:
        zones = {row.user_id: row.timezone for row in facts.tables(self.database, self.workspace.team_id)["people"]}
        return [
            f"{one.name} lives in Asia/Kolkata, and is said to live in {zones.get(one.id)}"
            for one in self.travellers
            if zones.get(one.id) != "Asia/Kolkata"
        ]

    def _apart(self) -> list[str]:
        """The other workspace is as it was, and nothing of it was seen here."""
        if self.part.transport == "http":
            self._forge()
        now = facts.tables(self.database, OTHER)
        before, after = ({name: facts.shot(rows) for name, rows in one.items()} for one in (self.others, now))
        wrong = checks.same(before, after, "a stranger")
        return wrong + checks.unspoken([SECRET], facts.said(self.workspace))

    def _forge(self) -> None:
        """Presses and forms that say they come from the other workspace, signed with our secret."""
        kinds = ("block_actions", "view_submission", "command")
        for delivery in [one for one in self.workspace.ledger.deliveries() if one.kind in kinds and one.ok][-30:]:
            body = delivery.sent.replace(self.workspace.team_id.encode(), OTHER.encode())
            headers = dict(delivery.headers) | self.workspace.sign(body)
            self.workspace.deliver_raw(body, headers)

    def told(self) -> dict[str, Any]:
        """Return what the report says."""
        ops, done = self.book.all(), self.chaos.done
        delays = from_filing(self.workspace, ops, self.found)
        sent = [row for row in self.found["outbox"] if row.state == "sent"]
        return {
            "database": self.part.database,
            "transport": self.part.transport,
            "replicas": self.part.replicas,
            "acknowledged": self.book.count(),
            "sends": len(sent),
            "kills": self.chaos.kills,
            "faults": {name: done[name] for name in done if not name.startswith("kill")} | self.hits,
            "events": len(self.workspace.ledger.deliveries("event")),
            "refused": self.book.count(REFUSED),
            "given up": self.book.count(GIVEN_UP),
            "repeats": sum(max(op.tries - 1, 0) for op in ops),
            "deliveries repeated": self.repeated,
            "periods": len([row for row in self.found["periods"] if checks._is_shared(row.schedule)]),
            "rounds": len(self.found["rounds"]),
            "delay p50 s": percentile(delays, 50),
            "delay p99 s": percentile(delays, 99),
            "restart to drained p50 s": percentile(self.chaos.drained_s, 50),
            "restart to drained p99 s": percentile(self.chaos.drained_s, 99),
        }

    def close(self) -> None:
        """End everything."""
        self.stop.set()
        for replica in getattr(self, "replicas", []):
            replica.stop()
        self.workspace.stop()
        self.database.close()
        self.store.close()


@contextmanager
def rig(part: Part, folder: Path) -> Iterator[Rig]:
    """A rig that is ready to run."""
    one = Rig(part, folder)
    try:
        one.workspace.start()
        one.prepare()
        yield one
    finally:
        one.close()


def play(part: Part, folder: Path) -> Outcome:
    """Run a part and judge it."""
    began = time.monotonic()
    with rig(part, folder) as one:
        one.run()
        wrong = one.judge()
        return Outcome(wrong, one.told(), time.monotonic() - began)
