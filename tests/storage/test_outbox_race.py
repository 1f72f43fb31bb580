"""Commits that want something said, against claims that take it to be said: nothing true is left unsaid."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.domain.outcomes import Dead
from bot.domain.refusals import Busy
from bot.policy import DeliveryTable
from bot.services.settling import Ended, settle
from storage import claims, outbox, seen
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from storage.seen import Seen
from tests import make
from tests.make import MONDAY, TEAM

CARD = "card:F-1"
NO_LEASE = DeliveryTable.model_construct(lease_s=0)


def letter(key: str = CARD, lane: str = "triage", priority: int = 1) -> Letter:
    return Letter(lane, "card", key, key, priority)


def happen(session: Session, what: str) -> None:
    """Let something become true that the card shows."""
    seen.first_time(session, TEAM, what, MONDAY)


def commit(database: Database, what: str, *letters: Letter) -> None:
    with database.begin() as session:
        happen(session, what)
        outbox.put(session, TEAM, letters or [letter()], MONDAY)


def true_now(database: Database) -> int:
    """Return how much is true: what a card drawn at this moment shows."""
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Seen)) or 0


def claim(database: Database) -> list[OutboxRow]:
    with database.begin() as session:
        return make.claim(session, served=make.manners(NO_LEASE))


def deliver(database: Database) -> list[tuple[str, int]]:
    """Claim what is due, draw it, settle it; return each key with what was drawn."""
    drawn = []
    for row in claim(database):
        drawn.append((row.key, true_now(database)))
        while not settled(database, row):
            time.sleep(0.001)
    return drawn


def settled(database: Database, row: OutboxRow) -> bool:
    """Settle a row as sent; False while somebody else keeps its lane."""
    with suppress(Busy), database.begin() as session:
        return make.settle(session, row)
    return False


@contextmanager
def delivering(database: Database) -> Iterator[list[tuple[str, int]]]:
    """Deliver beside the block without a pause, and after it what is left."""
    drawn: list[tuple[str, int]] = []
    over = threading.Event()

    def loop() -> None:
        while not over.is_set():
            drawn.extend(deliver(database))

    with ThreadPoolExecutor(1) as pool:
        looping = pool.submit(loop)
        try:
            yield drawn
        finally:
            over.set()
        looping.result()
    while more := deliver(database):
        drawn.extend(more)


def test_the_last_thing_drawn_is_always_the_newest_state(database: Database) -> None:
    with delivering(database) as drawn:

        def person(number: int) -> None:
            for step in range(10):
                commit(database, f"{number}.{step}")

        assert make.at_once(6, person) == [None] * 6
    assert drawn[-1] == (CARD, 60)


def test_no_letter_is_left_behind_in_a_lane_that_runs_empty_all_the_time(database: Database) -> None:
    with delivering(database) as drawn:

        def person(number: int) -> None:
            for step in range(10):
                commit(database, f"{number}.{step}", letter(f"{number}.{step}"))

        assert make.at_once(6, person) == [None] * 6
    assert sorted(key for key, _ in drawn) == sorted(f"{n}.{step}" for n in range(6) for step in range(10))
    with database.read() as session:
        assert (outbox.depth(session), claims.next_due(session)) == (0, None)


def test_a_claim_during_a_redraw_takes_the_row_only_after_the_commit(database: Database) -> None:
    commit(database, "first")

    def sender() -> list[tuple[str, int]]:
        while not (drawn := deliver(database)):
            time.sleep(0.01)
        return drawn

    with ThreadPoolExecutor(1) as pool:
        with database.begin() as session:
            happen(session, "second")
            outbox.put(session, TEAM, [letter()], MONDAY)
            sending = pool.submit(sender)
            time.sleep(0.3)  # the sender meets the row while it is ours
        assert sending.result(10) == [(CARD, 2)]


def test_a_redraw_during_a_claim_gets_a_row_of_its_own(database: Database) -> None:
    commit(database, "first")
    (under_way,) = claim(database)
    commit(database, "second")
    with database.begin() as session:
        assert make.settle(session, under_way)
    assert deliver(database) == [(CARD, 2)]


def test_a_redraw_that_only_looks_whether_a_row_waits_would_be_noticed(database: Database) -> None:
    """What `put` would be without touching the row: the claim comes between its look and its commit."""
    commit(database, "first")
    with database.read() as session:
        waits = session.scalar(select(OutboxRow.id).where(OutboxRow.key == CARD, OutboxRow.state == "waiting"))
    assert waits
    drawn = deliver(database)
    with database.begin() as session:
        happen(session, "second")
    while more := deliver(database):
        drawn.extend(more)
    assert drawn[-1] != (CARD, true_now(database))


def test_claims_made_at_once_share_the_rows_out(database: Database) -> None:
    keys = [f"news:{n}" for n in range(24)]
    with database.begin() as session:
        outbox.put(session, TEAM, [letter(key, f"U{n}") for n, key in enumerate(keys)], MONDAY)

    def replica(_: int) -> list[str]:
        with database.begin() as session:
            return [row.key for row in make.claim(session, limit=8)]

    claimed = make.at_once(6, replica)
    taken = [key for rows in claimed if isinstance(rows, list) for key in rows]
    assert len(taken) == len(set(taken))
    taken += replica(0) + replica(0) + replica(0)
    assert sorted(taken) == sorted(keys)


# Circles of waiting. SQLite has one writer at a time, so there are none; PostgreSQL ends one of the two with an error.


def interleaved(
    database: Database,
    first: Callable[[Session], object],
    meanwhile: Callable[[Session], object],
    then: Callable[[Session], object],
) -> list[str]:
    """Do `first` and `then` in one transaction, `meanwhile` in another begun between them; return who failed."""
    failed: list[str] = []

    def other() -> None:
        try:
            with database.begin() as session:
                meanwhile(session)
        except Busy:
            failed.append("the other")

    with ThreadPoolExecutor(1) as pool:
        try:
            with database.begin() as session:
                first(session)
                others = pool.submit(other)
                time.sleep(0.2)  # the other waits for us by now
                then(session)
        except Busy:
            failed.append("we")
        others.result()
    return failed


def put(*letters: Letter) -> Callable[[Session], object]:
    return lambda session: outbox.put(session, TEAM, letters, MONDAY)


def test_two_who_write_to_the_same_two_lanes_never_wait_in_a_circle(database: Database) -> None:
    to_alice, to_bob = letter("receipt:F-1", "UALICE"), letter("receipt:F-2", "UBOB")
    assert interleaved(database, put(to_alice), put(to_bob, to_alice), put(to_bob)) == []


def test_two_who_write_to_one_lane_never_wait_in_a_circle(database: Database) -> None:
    """One person's two receipts, both redrawn by a move, one of them by a question at the same moment."""
    one, two = letter("receipt:F-1", "UALICE"), letter("receipt:F-2", "UALICE")
    assert interleaved(database, put(one), put(two), put(two)) == []


def test_a_delivery_that_dies_never_waits_in_a_circle_with_who_writes(database: Database) -> None:
    """A dead message ends in its own lane and puts a notice into the admin's, which comes first by name."""
    with database.begin() as session:
        make.rules(session)
        outbox.put(session, TEAM, [letter("receipt:F-9", "UZOE")], MONDAY)
    with database.begin() as session:
        (died,) = claims.claim(session, MONDAY, make.manners(), 1)
    failed = interleaved(
        database,
        put(letter("receipt:F-1", "UADA")),
        lambda session: settle(session, [Ended(died, Dead("user_not_found"), MONDAY)], MONDAY),
        put(letter("receipt:F-2", "UZOE")),
    )
    assert failed == []
