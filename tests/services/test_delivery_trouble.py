"""What goes wrong with one message, one lane or one bot holds up no other, and ends well."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.delivery import Delivery
from bot.domain.outcomes import Dead, Outcome, Sent, Unknown
from bot.domain.refusals import Busy
from bot.policy import DeliveryTable
from bot.services.settling import Ended, settle
from storage import claims, outbox
from storage.claims import Claim, Ending
from storage.db import Database
from storage.outbox import Lane
from tests import make
from tests.make import MONDAY, TEAM, later
from tests.services.test_delivery_loop import (
    PATIENCE_S,
    QUICK,
    becomes,
    clock,
    delivering,
    letter,
    put,
    recorder,
    states,
    wait,
)


@pytest.fixture(autouse=True)
def _rules(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, delivery=QUICK)


@contextmanager
def kept(database: Database, lane: str) -> Iterator[None]:
    """Let another process keep a lane for as long as the block takes; on SQLite nobody can."""
    other = Database(database.url.render_as_string(hide_password=False))
    try:
        with other.engine.connect() as connection, connection.begin():
            connection.execute(text("SELECT 1 FROM lanes WHERE name = :lane FOR UPDATE"), {"lane": lane})
            yield
    finally:
        other.close()


def held_until(go: threading.Event, begun: threading.Barrier) -> Callable[[Claim], Outcome]:
    """Return a sender whose messages end together."""

    def send(_claim: Claim) -> Outcome:
        begun.wait(PATIENCE_S)
        go.wait(PATIENCE_S)
        return Sent("C1", "1.0")

    return send


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_lane_that_somebody_keeps_holds_up_no_other(database: Database) -> None:
    put(database, letter("kept", "UALICE"), letter("free", "triage"))
    begun, go = threading.Barrier(3), threading.Event()
    with delivering(database, held_until(go, begun)):
        begun.wait(PATIENCE_S)
        with kept(database, "UALICE"):
            begun.reset()
            go.set()
            began = time.monotonic()
            assert becomes(database, "free", "sent")
            assert time.monotonic() - began < 0.9  # that is how long one waits for a lock
            assert states(database)["kept"] == "sending"
        assert becomes(database, "kept", "sent")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_died_waits_for_the_admins_lane_and_holds_up_no_other(database: Database) -> None:
    put(database, letter("notice:old", "UADA"), letter("dies", "UALICE"), letter("lives", "UBOB"))
    begun = threading.Barrier(3)

    def send(claim: Claim) -> Outcome:
        if claim.row.key in {"dies", "lives"}:
            begun.wait(PATIENCE_S)
        return Dead("is_archived") if claim.row.key == "dies" else Sent("C1", "1.0")

    kept_open = kept(database, "UADA")
    kept_open.__enter__()
    with delivering(database, send):
        begun.wait(PATIENCE_S)
        assert becomes(database, "lives", "sent")
        assert states(database)["dies"] == "sending"
        kept_open.__exit__(None, None, None)
        assert becomes(database, "notice:UALICE:is_archived", "sent")
    assert states(database)["dies"] == "dead"


def free_at(session: Session, lane: str) -> object:
    found = session.get(Lane, (TEAM, lane), populate_existing=True)
    assert found is not None
    return found.free_at


def test_who_settles_when_the_lease_is_over_does_not_free_the_lane_of_who_took_it(database: Database) -> None:
    pace = DeliveryTable(lease_s=15)
    put(database, letter("first"))
    with database.begin() as session:
        (late,) = claims.claim(session, MONDAY, make.manners(pace), 16)
        outbox.put(session, TEAM, [letter("second")], MONDAY)
        session.execute(text("UPDATE outbox SET due_at = :day WHERE key = 'first'"), {"day": "2026-12-24 00:00:00"})
        (other,) = claims.claim(session, later(seconds=16), make.manners(pace), 16)
        assert other.row.key == "second"
        assert settle(session, [Ended(late, Sent("C1", "1.0"), MONDAY)], later(seconds=17)) == {late.row.id: "sent"}
        assert free_at(session, "triage") == later(seconds=31)


def test_what_is_settled_late_is_looked_for_after_the_settle_time_all_the_same(database: Database) -> None:
    put(database, letter("first"))
    with database.begin() as session:
        (late,) = claims.claim(session, MONDAY, make.manners(DeliveryTable(lease_s=15, settle_s=10)), 16)
        settle(session, [Ended(late, Unknown("timeout"), MONDAY)], later(seconds=20))
        assert free_at(session, "triage") == later(seconds=30)


def test_a_lane_is_free_at_the_pace_when_its_lease_is_not_over(database: Database) -> None:
    put(database, letter("first"))
    with database.begin() as session:
        (claim,) = claims.claim(session, MONDAY, make.manners(), 16)
        settle(session, [Ended(claim, Sent("C1", "1.0"), MONDAY)], later(seconds=2))
        assert free_at(session, "triage") == later(seconds=1)


def test_a_clock_that_fails_once_costs_one_lane_one_lease(database: Database) -> None:
    put(database, letter("card:F-1", "UALICE"))
    real, fails = clock(), [True]

    def now() -> object:
        if fails and threading.current_thread().name.startswith("sender"):
            fails.pop()
            raise ValueError("no time")
        return real()

    _, sender = recorder()
    delivery = Delivery(database, sender, now)  # type: ignore[arg-type]
    delivery.start()
    try:
        assert wait(lambda: not fails)
        put(database, letter("card:F-2", "UBOB"))
        assert becomes(database, "card:F-2", "sent")
    finally:
        delivery.stop()
    assert states(database)["card:F-1"] == "sending"


def test_many_lost_claims_keep_no_worker_busy(database: Database) -> None:
    """Both messages of two workers may stand twice, and nobody knows yet: a third leaves all the same."""
    with database.begin() as session:
        make.rules(session, delivery={**QUICK, "settle_s": 2, "lease_s": 2})
    put(database, letter("a", "UALICE"), letter("b", "UBOB"))

    def send(claim: Claim) -> Outcome:
        if claim.row.key in {"a", "b"}:
            with database.begin(quiet=True) as session:  # somebody else took it over
                session.execute(text("UPDATE outbox SET claim = claim + 1 WHERE key = :key"), {"key": claim.row.key})
        return Sent("C1", "1.0", posted=True)

    with delivering(database, send, workers=2):
        assert becomes(database, "a", "sending")
        assert becomes(database, "b", "sending")
        time.sleep(0.5)
        began = time.monotonic()
        put(database, letter("c", "UCARL"))
        assert becomes(database, "c", "sent")
        assert time.monotonic() - began < 1.5


def test_who_is_told_to_stop_settles_what_ends_while_one_hangs(database: Database) -> None:
    lanes = [f"U{number}" for number in range(3)]
    put(database, *(letter(lane, lane) for lane in lanes))
    begun, hangs = threading.Barrier(4), threading.Event()

    def send(claim: Claim) -> Outcome:
        begun.wait(PATIENCE_S)
        if claim.row.lane == "U0":
            hangs.wait(PATIENCE_S)
        return Sent("C1", "1.0")

    delivery = Delivery(database, send, clock())
    delivery.start()
    begun.wait(PATIENCE_S)
    stopping = threading.Thread(target=delivery.stop)
    stopping.start()
    assert wait(lambda: states(database) == {"U0": "sending", "U1": "sent", "U2": "sent"})
    hangs.set()
    stopping.join()
    assert set(states(database).values()) == {"sent"}


def test_who_is_told_to_stop_while_the_database_is_away_waits_for_it_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, letter("card:F-1"))
    took, away = claims.settle, threading.Event()
    away.set()

    def settle_later(session: Session, endings: list[Ending], now: object) -> set[str]:
        if away.is_set():
            raise Busy("away")
        return took(session, endings, now)  # type: ignore[arg-type]

    monkeypatch.setattr(claims, "settle", settle_later)
    begun = threading.Event()

    def send(_claim: Claim) -> Outcome:
        begun.set()
        return Sent("C1", "1.0")

    delivery = Delivery(database, send, clock())
    delivery.start()
    assert begun.wait(PATIENCE_S)
    stopping = threading.Thread(target=delivery.stop)
    stopping.start()
    time.sleep(3)  # its third try is over; the last one comes five seconds later
    away.clear()
    stopping.join()
    assert states(database) == {"card:F-1": "sent"}
