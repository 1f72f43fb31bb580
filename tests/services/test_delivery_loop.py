"""The loop that delivers, with senders that write down what they were asked to send."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.delivery import Delivery, Sender
from bot.domain.outcomes import Dead, Outcome, RetryAfter, Sent, Unknown
from bot.domain.refusals import Busy
from bot.policy import DeliveryTable
from storage import claims, outbox, people
from storage.claims import Claim
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from storage.people import Profile
from tests import make
from tests.make import MONDAY, TEAM

QUICK: dict[str, object] = {"pace_per_s": 1000, "lease_s": 30, "settle_s": 0.1, "merge_s": 0}
PATIENCE_S = 15.0

Said = list[tuple[str, bool]]


@pytest.fixture(autouse=True)
def _rules(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, delivery=QUICK)


def clock() -> Callable[[], datetime]:
    """Return a clock that starts at MONDAY and runs as fast as ours."""
    began = time.monotonic()
    return lambda: MONDAY + timedelta(seconds=time.monotonic() - began)


def letter(key: str, lane: str = "triage", priority: int = 1) -> Letter:
    return Letter(lane, "card", key, key, priority)


def put(database: Database, *letters: Letter, team_id: str = TEAM) -> None:
    for each in letters:
        with database.begin() as session:
            outbox.put(session, team_id, [each], MONDAY)


def states(database: Database, team_id: str = TEAM) -> dict[str, str]:
    with database.read() as session:
        return {row.key: row.state for row in session.scalars(select(OutboxRow).where(OutboxRow.team_id == team_id))}


def becomes(database: Database, key: str, state: str) -> bool:
    return wait(lambda: states(database).get(key) == state)


def wait(done: Callable[[], bool]) -> bool:
    """Say whether something comes true in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def aim(database: Database, row: OutboxRow) -> None:
    """Write down where a row is about to be posted, as a sender does before it sends."""
    with database.begin(quiet=True) as session:
        assert claims.aim(session, row, "C1", None, MONDAY + timedelta(seconds=60))


def recorder(*outcomes: Outcome) -> tuple[Said, Sender]:
    """Return a list and a sender that writes (key, maybe_shown) into it; it answers `outcomes` in turn, then Sent."""
    said: Said = []
    answers = iter(outcomes)

    def send(claim: Claim) -> Outcome:
        said.append((claim.row.key, claim.maybe_shown))
        return next(answers, Sent("C1", f"{len(said)}.0"))

    return said, send


@contextmanager
def delivering(database: Database, sender: Sender, workers: int = 8) -> Iterator[Delivery]:
    delivery = Delivery(database, sender, clock(), workers)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop()


def test_what_a_former_process_left_is_sent_at_the_start(database: Database) -> None:
    put(database, letter("card:F-1"))
    said, sender = recorder()
    with delivering(database, sender):
        assert becomes(database, "card:F-1", "sent")
    assert said == [("card:F-1", False)]


def test_a_commit_wakes_the_loop_at_once(database: Database) -> None:
    _, sender = recorder()
    with delivering(database, sender):
        time.sleep(0.3)  # it is idle by now
        began = time.monotonic()
        put(database, letter("card:F-1"))
        assert becomes(database, "card:F-1", "sent")
        assert time.monotonic() - began < 1.0


def test_a_lane_is_sent_in_order(database: Database) -> None:
    put(database, *(letter(f"card:F-{n}") for n in range(8)), letter("receipt", priority=0))
    said, sender = recorder()
    with delivering(database, sender):
        assert becomes(database, "card:F-7", "sent")
    assert [key for key, _ in said] == ["receipt", *(f"card:F-{n}" for n in range(8))]


def test_a_lane_has_one_message_under_way_while_others_run_beside_it(database: Database) -> None:
    lanes = ("triage", "UALICE", "UBOB")
    put(database, *(letter(f"{lane}:{n}", lane) for n in range(3) for lane in lanes))
    guard = threading.Lock()
    under_way: list[str] = []
    seen: list[tuple[str, ...]] = []

    def slow(claim: Claim) -> Outcome:
        with guard:
            under_way.append(claim.row.lane)
            seen.append(tuple(under_way))
        time.sleep(0.05)
        with guard:
            under_way.remove(claim.row.lane)
        return Sent("C1", "1.0")

    with delivering(database, slow):
        assert wait(lambda: set(states(database).values()) == {"sent"})
    assert all(len(set(together)) == len(together) for together in seen)
    assert max(map(len, seen)) > 1


def test_no_more_messages_are_under_way_than_there_are_workers(database: Database) -> None:
    put(database, *(letter(f"card:{n}", f"U{n}") for n in range(6)))
    guard = threading.Lock()
    under_way: list[str] = []
    most = [0]

    def slow(claim: Claim) -> Outcome:
        with guard:
            under_way.append(claim.row.lane)
            most[0] = max(most[0], len(under_way))
        time.sleep(0.05)
        with guard:
            under_way.remove(claim.row.lane)
        return Sent("C1", "1.0")

    with delivering(database, slow, workers=2):
        assert wait(lambda: set(states(database).values()) == {"sent"})
    assert most == [2]


def test_a_lane_keeps_the_pace_of_the_policy(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, delivery={**QUICK, "pace_per_s": 5})
    put(database, *(letter(f"card:F-{n}") for n in range(3)))
    at: list[float] = []

    def send(claim: Claim) -> Outcome:
        at.append(time.monotonic())
        return Sent("C1", "1.0")

    with delivering(database, send):
        assert becomes(database, "card:F-2", "sent")
    assert all(after - before >= 0.19 for before, after in pairwise(at))


def test_what_was_refused_for_the_moment_is_sent_again_without_looking(database: Database) -> None:
    put(database, letter("card:F-1"))
    said, sender = recorder(RetryAfter(0.1))
    with delivering(database, sender):
        assert becomes(database, "card:F-1", "sent")
    assert said == [("card:F-1", False), ("card:F-1", False)]


def test_a_sender_that_raises_leaves_it_open_whether_it_was_shown(database: Database) -> None:
    put(database, letter("card:F-1"))
    said: Said = []

    def failing_once(claim: Claim) -> Outcome:
        said.append((claim.row.key, claim.maybe_shown))
        if len(said) == 1:
            aim(database, claim.row)
            raise ConnectionResetError
        return Sent("C1", "1.0")

    with delivering(database, failing_once):
        assert becomes(database, "card:F-1", "sent")
    assert said == [("card:F-1", False), ("card:F-1", True)]


def test_what_failed_before_anybody_knew_where_it_goes_was_certainly_not_shown(database: Database) -> None:
    put(database, letter("receipt:F-1", "USTRANGER"))
    said, sender = recorder(Unknown("the database was away"))
    with delivering(database, sender):
        assert becomes(database, "receipt:F-1", "sent")
    assert said == [("receipt:F-1", False), ("receipt:F-1", False)]


def test_where_a_message_goes_is_written_down_when_it_is_claimed(database: Database) -> None:
    """So a process that dies while it sends leaves a row that says where to look."""
    put(database, letter("card:F-1"))
    with database.begin() as session:
        people.save(session, TEAM, Profile("UALICE", "Alice", "en"))
        people.remember_im(session, TEAM, "UALICE", "D0ALICE")
        outbox.put(session, TEAM, [letter("receipt:F-1", "UALICE")], MONDAY)
    seen: dict[str, str | None] = {}

    def send(claim: Claim) -> Outcome:
        with database.read() as session:
            stored = session.get(OutboxRow, (TEAM, claim.row.id))
            assert stored is not None
            seen[stored.key] = stored.channel
        return Sent("C1", "1.0")

    with delivering(database, send):
        assert wait(lambda: set(states(database).values()) == {"sent"})
    assert seen == {"card:F-1": "C0TRIAGE", "receipt:F-1": "D0ALICE"}


def test_to_whom_left_nothing_is_sent(database: Database) -> None:
    with database.begin() as session:
        people.save(session, TEAM, Profile("UGONE", "Gone", "en", deleted=True))
    put(database, letter("receipt:F-1", "UGONE"))
    said, sender = recorder()
    with delivering(database, sender):
        assert becomes(database, "receipt:F-1", "superseded")
    assert said == []


def test_what_cannot_be_settled_does_not_hold_up_what_ended_beside_it(database: Database) -> None:
    """All of them end at once; one tells no ts, which no table takes."""
    lanes = [f"U{number}" for number in range(4)]
    put(database, *(letter(lane, lane) for lane in lanes))
    together = threading.Barrier(len(lanes))

    def send(claim: Claim) -> Outcome:
        together.wait(PATIENCE_S)
        return Sent("C1", cast("str", None) if claim.row.lane == "U2" else "1.0")

    with delivering(database, send):
        assert wait(lambda: list(states(database).values()).count("sent") == 3)
    assert states(database) == {"U0": "sent", "U1": "sent", "U2": "sending", "U3": "sent"}


def test_what_was_sent_while_the_database_was_away_is_settled_when_it_is_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, letter("card:F-1"))
    settle, away = claims.settle, [True, True]

    def settle_later(session: Session, *rest: Any) -> set[str]:
        if away:
            away.pop()
            raise Busy("away")
        return settle(session, *rest)

    monkeypatch.setattr(claims, "settle", settle_later)
    said, sender = recorder()
    with delivering(database, sender):
        assert becomes(database, "card:F-1", "sent")
    assert (said, away) == ([("card:F-1", False)], [])


def test_as_long_as_no_answer_comes_it_is_looked_for_each_time(database: Database) -> None:
    put(database, letter("card:F-1"))
    said: Said = []

    def slow_to_answer(claim: Claim) -> Outcome:
        said.append((claim.row.key, claim.maybe_shown))
        aim(database, claim.row)
        return Unknown("timeout") if len(said) < 3 else Sent("C1", "1.0")

    with delivering(database, slow_to_answer):
        assert becomes(database, "card:F-1", "sent")
    assert [maybe_shown for _, maybe_shown in said] == [False, True, True]


def test_a_dead_message_does_not_hold_up_its_lane(database: Database) -> None:
    put(database, letter("card:F-1"), letter("card:F-2"))
    _, sender = recorder(Dead("msg_too_long"))
    with delivering(database, sender):
        assert becomes(database, "card:F-2", "sent")
        assert becomes(database, "notice:triage:msg_too_long", "sent")
    assert states(database)["card:F-1"] == "dead"


def test_a_lane_that_must_wait_does_not_hold_up_the_others(database: Database) -> None:
    put(database, letter("card:F-1"))
    _, sender = recorder(RetryAfter(60))
    with delivering(database, sender):
        assert becomes(database, "card:F-1", "retry")
        put(database, letter("receipt:F-1", "UALICE"), letter("card:F-2"))
        put(database, letter("card:F-1"), team_id="T0OTHER")
        assert becomes(database, "receipt:F-1", "sent")
        assert wait(lambda: states(database, "T0OTHER") == {"card:F-1": "sent"})
    assert states(database)["card:F-2"] == "waiting"


def test_stopping_waits_for_what_is_under_way_and_claims_nothing_new(database: Database) -> None:
    put(database, letter("card:F-1"), letter("card:F-2"))
    begun = threading.Event()

    def slow(claim: Claim) -> Outcome:
        begun.set()
        time.sleep(0.3)
        return Sent("C1", "1.0")

    delivery = Delivery(database, slow, clock())
    delivery.start()
    assert begun.wait(PATIENCE_S)
    delivery.stop()
    assert states(database) == {"card:F-1": "sent", "card:F-2": "waiting"}


def test_after_a_restart_what_was_being_sent_is_looked_for_when_its_lease_is_over(database: Database) -> None:
    put(database, letter("card:F-1"))
    with database.begin() as session:  # a process that claims it, is about to post it and dies
        (row,) = make.claim(session, served=make.manners(DeliveryTable(lease_s=0.5, settle_s=0.1)))
        assert claims.aim(session, row, "C1", None, MONDAY + timedelta(seconds=0.5))
    said, sender = recorder()
    began = time.monotonic()
    with delivering(database, sender):
        assert becomes(database, "card:F-1", "sent")
    assert time.monotonic() - began >= 0.5
    assert said == [("card:F-1", True)]


def test_two_replicas_send_each_message_once(database: Database) -> None:
    keys = {f"card:{n}" for n in range(24)}
    put(database, *(letter(key, f"U{n % 6}") for n, key in enumerate(sorted(keys))))
    said, sender = recorder()
    replica = Database(database.url.render_as_string(hide_password=False))
    try:
        with delivering(database, sender), delivering(replica, sender):
            assert wait(lambda: set(states(database).values()) == {"sent"})
    finally:
        replica.close()
    assert sorted(said) == sorted((key, False) for key in keys)


@pytest.mark.parametrize(("first_look_finds", "taken"), [(False, ["mine"]), (True, [])])
def test_who_was_held_up_takes_back_what_another_had_to_send_meanwhile(
    database: Database, *, first_look_finds: bool, taken: list[str]
) -> None:
    """A process paused, or a Slack that is slow, for longer than the lease. What was found is not taken back."""
    with database.begin() as session:
        make.rules(session, delivery={**QUICK, "lease_s": 0.5})
    put(database, letter("card:F-1"))
    gone: list[str] = []

    def held_up(claim: Claim) -> Outcome:
        with database.begin(quiet=True) as session:
            assert claims.aim(session, claim.row, "C1", None, claim.row.created_at + timedelta(seconds=0.5))
        assert becomes(database, "card:F-1", "sent")
        return Sent("C1", "mine", posted=True)

    def looks(claim: Claim) -> Outcome:
        assert claim.maybe_shown
        return Sent("C1", "mine", found=True) if first_look_finds else Sent("C1", "theirs", posted=True)

    replica = Database(database.url.render_as_string(hide_password=False))
    slow = Delivery(database, held_up, clock(), take_back=lambda sent: gone.append(sent.ts))
    try:
        slow.start()
        assert becomes(database, "card:F-1", "sending")
        with delivering(replica, looks):
            assert becomes(database, "card:F-1", "sent")
            slow.stop()
    finally:
        replica.close()
    assert gone == taken


def test_a_clock_moved_forward_does_not_overtake_what_is_under_way(database: Database) -> None:
    put(database, letter("card:F-1"))
    said: Said = []
    hours = [0]
    began = threading.Event()

    def slow(claim: Claim) -> Outcome:
        said.append((claim.row.key, claim.maybe_shown))
        began.set()
        time.sleep(0.6)
        return Sent("C1", "1.0")

    delivery = Delivery(database, slow, lambda: MONDAY + timedelta(hours=hours[0]))
    delivery.start()
    try:
        assert began.wait(PATIENCE_S)
        hours[0] = 5
        put(database, letter("card:F-2"))
        assert becomes(database, "card:F-1", "sent")
    finally:
        delivery.stop()
    assert said[0] == ("card:F-1", False)
    assert said.count(("card:F-1", True)) == 0
