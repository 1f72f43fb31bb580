"""After days without Slack the outbox drains in order, at its pace, and says of everything only how it stands now."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from bot.delivery import Delivery, Sender
from bot.domain.outcomes import Outcome, RetryAfter, Sent
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.services import requirements, votes
from handlers.slack.letters import draw
from storage import claims, outbox
from storage.claims import Claim
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from tests import make
from tests.make import ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM, later
from tests.torture.length import LONG, PATIENCE_S, SEED, timed

ROWS = 50_000 if LONG else 1000
TEAMS = tuple(f"T{number}OUT" for number in range(5))
PEOPLE = 200 if LONG else 12
OUTAGE = timedelta(days=10)
PACE_S = 1.0
REFUSED_S = 5.0
NEVER_QUIET = {"start": "00:00", "end": "00:00", "weekends": False}
DELIVERY: dict[str, object] = {"pace_per_s": 1 / PACE_S, "lease_s": 3600, "merge_s": 60}
"""The lease outlasts every step of our clock, so that none of them ends it."""


@dataclass
class Clock:
    """A time that stands still until it is told."""

    value: datetime = MONDAY + OUTAGE

    def __call__(self) -> datetime:
        return self.value


@dataclass(frozen=True)
class Said:
    """What a sender was asked to send, when, and whether Slack took it."""

    at: datetime
    row: OutboxRow
    taken: bool

    @property
    def lane(self) -> tuple[str, str]:
        return self.row.team_id, self.row.lane


@dataclass
class Slack:
    """A sender that writes down what it is asked to send; now and then it is told to come back later."""

    now: Callable[[], datetime]
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - chance, not a secret
    said: list[Said] = field(default_factory=list)

    def __call__(self, claim: Claim) -> Outcome:
        assert not claim.maybe_shown
        refused = self.chance.random() < 0.01
        self.said.append(Said(self.now(), claim.row, not refused))
        return RetryAfter(REFUSED_S) if refused else Sent("C1", f"{len(self.said)}.0", redrawn=claim.row.kind != "news")


def settle_in(database: Database, teams: Iterable[str], **delivery: object) -> None:
    with database.begin() as session:
        for team in teams:
            make.rules(session, team, delivery={**DELIVERY, **delivery}, quiet=NEVER_QUIET)


def pile_up(database: Database, rows: int, key: Callable[[int, int], str]) -> dict[str, int]:
    """Write about so many things, one by one over the outage, some again and again; return key -> newest state."""
    chance = random.Random(SEED)  # noqa: S311 - chance, not a secret
    lanes = ["triage", *(f"U{number}" for number in range(PEOPLE))]
    what = [(n, chance.choice(TEAMS), chance.choice(lanes), chance.randint(0, 3)) for n in range(rows)]
    written = what + chance.choices(what, k=rows // 4)
    newest: dict[str, int] = defaultdict(int)
    for begin in range(0, len(written), 500):
        with database.begin() as session:
            for at, (number, team, lane, priority) in enumerate(written[begin : begin + 500], begin):
                newest[f"{number}"] += 1
                state = newest[f"{number}"]
                letter = Letter(lane, "card", f"{number}:{state}", key(number, state), priority)
                outbox.put(session, team, [letter], MONDAY + OUTAGE * at / len(written))
    return newest


def drain(database: Database, sender: Sender, clock: Clock) -> None:
    """Let the real loop deliver all there is; whenever nothing more can leave, let time pass until something may."""
    delivery = Delivery(database, sender, clock)
    delivery.start()
    deadline = time.monotonic() + PATIENCE_S
    try:
        while is_busy(delivery) or (due := next_due(database)) is not None:
            assert time.monotonic() < deadline, "the outbox does not drain"
            if not is_busy(delivery) and timedelta() < due - clock.value <= timedelta(minutes=10):
                clock.value = due
                for wake in database.committed:
                    wake()
            else:
                time.sleep(0.01)
    finally:
        delivery.stop()


def is_busy(delivery: Delivery) -> bool:
    return bool(delivery._under_way)


def next_due(database: Database) -> datetime | None:
    with database.read() as session:
        return claims.next_due(session)


def findings(said: list[Said], newest: dict[str, int], clock: Clock) -> list[str]:
    """Return what did not leave as it should."""
    lanes: dict[tuple[str, str], list[Said]] = defaultdict(list)
    for one in said:
        lanes[one.lane].append(one)
    found = [what for lane in lanes.values() for what in (*out_of_order(lane), *too_fast(lane))]
    taken = [one.row.about for one in said if one.taken]
    found += [f"said {about}, which was overtaken" for about in taken if newest[about.split(":")[0]] != state(about)]
    if sorted(taken) != sorted(dict.fromkeys(taken)) or len(taken) < len(newest):
        found.append(f"{len(taken)} said, {len(set(taken))} of them different, where {len(newest)} waited")
    slowest = max(len(lane) * PACE_S + sum(not one.taken for one in lane) * REFUSED_S for lane in lanes.values())
    if clock.value - (MONDAY + OUTAGE) > timedelta(seconds=slowest + 1):
        found.append(f"took {clock.value - MONDAY - OUTAGE} where the longest lane needs {slowest} s")
    return found


def state(about: str) -> int:
    return int(about.split(":")[1])


def out_of_order(lane: list[Said]) -> Iterable[str]:
    """What is more important comes first, then what is older."""
    order = [(one.row.priority, one.row.due_at, one.row.created_at) for one in lane]
    for before, after in pairwise(order):
        if before > after:
            yield f"{lane[0].lane}: {after} after {before}"


def too_fast(lane: list[Said]) -> Iterable[str]:
    for before, after in pairwise(lane):
        pause = (after.at - before.at).total_seconds()
        if pause < (PACE_S if before.taken else REFUSED_S):
            yield f"{before.lane}: {pause} s apart"


@pytest.mark.timeout(PATIENCE_S)
def test_what_piled_up_drains_in_order_and_at_its_pace_and_only_the_newest_state_is_said(database: Database) -> None:
    settle_in(database, TEAMS)
    newest, clock = pile_up(database, ROWS, lambda number, _: f"card:{number}"), Clock()
    slack = Slack(clock)
    with timed("an outbox after an outage", database.engine.dialect.name) as counts:
        drain(database, slack, clock)
        counts["findings"] = findings(slack.said, newest, clock)
        counts |= {"rows": ROWS, "written": sum(newest.values()), "refused": sum(not one.taken for one in slack.said)}
    with database.read() as session:
        assert set(session.scalars(select(OutboxRow.state))) == {"sent"}


# -- by the services, drawn as they are


def live_on(database: Database) -> None:
    """Vote, accept, build, ship and roll back while nothing leaves."""
    days: list[tuple[int, Callable[[Any, datetime], object]]] = [
        (1, lambda session, now: votes.cast(session, BOB, 1, Choice.APPROVE, 1.0, now)),
        (2, lambda session, now: votes.cast(session, DORA, 1, Choice.APPROVE, 2.0, now)),
        (3, lambda session, now: change(session, 1, Status.IN_PROGRESS, now)),
        (4, lambda session, now: change(session, 2, Status.DECLINED, now)),
        (5, lambda session, now: change(session, 2, Status.IN_REVIEW, now)),
        (6, lambda session, now: change(session, 1, Status.VALIDATING, now)),
        (7, lambda session, now: change(session, 1, Status.SHIPPED, now)),
        (8, lambda session, now: change(session, 2, Status.ACCEPTED, now)),
    ]
    for day, act in days:
        with database.begin() as session:
            act(session, later(days=day))


def change(session: Any, number: int, to: Status, now: datetime) -> None:
    wished = Change(to, reason="effort" if to is Status.DECLINED else None, sentence=f"We say {to.value}.")
    requirements.change(session, MARA, number, wished, now, key=make.form())


def drawing(database: Database, clock: Clock, drawn: list[tuple[str, str]]) -> Sender:
    """Return a sender that writes down to whom it says what, as the real one draws it."""

    def send(claim: Claim) -> Outcome:
        row = claim.row
        with database.read() as session:
            letter = draw(session, row, clock())
        assert letter
        drawn.append((row.lane, f"{row.kind}: {letter.message}"))
        return Sent("C1", f"{len(drawn)}.0", redrawn=letter.redrawn)

    return send


def test_days_of_changes_are_one_card_one_receipt_and_one_message_that_tells_how_it_stands(database: Database) -> None:
    settle_in(database, [TEAM])
    with database.begin() as session:
        make.file(session, "They need an export.")
        make.file(session, "They need an import.")
        make.ask_too(session, 1, MEILING)
        make.delivered(session)
    live_on(database)
    clock, drawn = Clock(), list[tuple[str, str]]()
    drain(database, drawing(database, clock, drawn), clock)
    kinds = sorted((lane, what.split(":")[0]) for lane, what in drawn)
    assert kinds == [
        *[("UALICE", "news"), ("UALICE", "receipt"), ("UALICE", "receipt")],
        *[("UMEILING", "news"), ("UMEILING", "receipt")],
        *[("triage", "card"), ("triage", "card")],
    ]
    (told,) = (what for lane, what in drawn if lane == ALICE.user_id and what.startswith("news"))
    assert "We say shipped." in told
    assert "We say accepted." in told
    assert not [word for word in ("in_progress", "validating", "declined", "in_review") if f"We say {word}" in told]


# -- what would be noticed


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_outbox_that_keeps_every_state_is_noticed(database: Database) -> None:
    settle_in(database, TEAMS)
    newest, clock = pile_up(database, 40, lambda number, state: f"card:{number}:{state}"), Clock()
    slack = Slack(clock)
    drain(database, slack, clock)
    assert any("which was overtaken" in what for what in findings(slack.said, newest, clock))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_loop_that_keeps_no_pace_is_noticed_and_so_is_one_without_an_order(database: Database) -> None:
    settle_in(database, TEAMS, pace_per_s=1000)
    newest, clock = pile_up(database, 200, lambda number, _: f"card:{number}"), Clock()
    slack = Slack(clock)
    drain(database, slack, clock)
    assert any("s apart" in what for what in findings(slack.said, newest, clock))
    random.Random(SEED).shuffle(slack.said)  # noqa: S311 - chance, not a secret
    assert any(" after (" in what for what in findings(slack.said, newest, clock))
