"""The weekly summary: for requesters who want it, once an ISO week, on their own Monday."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.domain.requirements import Status
from bot.services import schedules, summaries
from storage import feedback, people
from storage import requirements as requirement_store
from storage import schedules as schedule_store
from storage.feedback import Feedback
from storage.people import Profile
from storage.requirements import Requirement
from tests import make
from tests.make import ALICE, MEILING, MONDAY, TEAM, refusal

NEXT = datetime(2026, 11, 30, 10, tzinfo=UTC)
"""The Monday after, when a summary is due; MONDAY itself is planned too early for its own."""

STEP = timedelta(hours=6)


@pytest.fixture(autouse=True)
def _planned(session: Session) -> None:
    """Alice lives in UTC; everything is planned on Monday at noon, when that day's summary is past."""
    make.rules(session)
    lives(session, ALICE, "UTC")
    schedules.plan(session, TEAM, MONDAY + timedelta(hours=3))


def lives(session: Session, who: Actor, zone: str, *, deleted: bool = False) -> None:
    """Let a person live in a time zone."""
    people.save(session, TEAM, Profile(who.user_id, who.user_id, "en", zone, deleted=deleted))
    session.expire_all()


def tick(session: Session, now: datetime) -> list[tuple[str, str]]:
    """Do what is due at a moment; return who gets a summary by it, and of which week."""
    schedules.plan(session, TEAM, now)
    for found in schedule_store.due(session, now, 100):
        schedules.run(session, found, now)
    rows = [row for row in make.waiting(session).values() if row.kind == "summary"]
    make.delivered(session)
    return sorted((row.lane, row.about) for row in rows)


def all_of(session: Session, first: datetime, last: datetime) -> list[tuple[str, str]]:
    """Return all summaries of a stretch of time."""
    return [one for now in _hours(first, last) for one in tick(session, now)]


def _hours(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += STEP


def changed(session: Session, at: datetime) -> None:
    """Let everything filed so far have changed last at a moment."""
    session.execute(update(Feedback).values(filed_at=at))
    session.execute(update(Requirement).values(changed_at=at))


def file(session: Session, words: str = "They need an export.", by: Actor = ALICE, kind: Kind = Kind.NEED) -> Feedback:
    """File feedback in the middle of the week before NEXT."""
    filed = make.file(session, words, by=by, kind=kind)
    changed(session, NEXT - timedelta(days=3))
    return filed


def test_a_requester_hears_once_a_week_while_something_changes(session: Session) -> None:
    file(session)
    assert all_of(session, NEXT - timedelta(days=2), NEXT - STEP) == []
    assert tick(session, NEXT) == [("UALICE", "2026-W49")]
    make.move(session, Status.DEFERRED)
    changed(session, NEXT + timedelta(days=1))
    assert all_of(session, NEXT, NEXT + timedelta(days=8)) == [("UALICE", "2026-W50")]


def test_a_week_in_which_nothing_changed_is_silent_by_default(session: Session) -> None:
    file(session)
    changed(session, NEXT - timedelta(days=8))
    assert tick(session, NEXT) == []


def test_who_wants_every_week_hears_also_when_nothing_changed(session: Session) -> None:
    file(session)
    changed(session, NEXT - timedelta(days=30))
    summaries.choose(session, ALICE, "always")
    session.expire_all()
    assert all_of(session, NEXT, NEXT + timedelta(days=8)) == [("UALICE", "2026-W49"), ("UALICE", "2026-W50")]


def test_who_wants_none_hears_nothing(session: Session) -> None:
    file(session)
    summaries.choose(session, ALICE, "never")
    session.expire_all()
    assert all_of(session, NEXT, NEXT + timedelta(days=8)) == []


def test_a_wish_we_do_not_know_is_refused(session: Session) -> None:
    with refusal(session, "stale.view"):
        summaries.choose(session, ALICE, "daily")


@pytest.mark.parametrize("wish", ["changed", "always"])
def test_who_has_nothing_open_hears_nothing(session: Session, wish: str) -> None:
    filed = file(session)
    thanked = file(session, "They thank us.", kind=Kind.PRAISE)
    assert filed.requirement
    make.move(session, Status.DECLINED, filed.requirement)
    feedback.change(session, TEAM, thanked.number, state="withdrawn")
    summaries.choose(session, ALICE, wish)
    session.expire_all()
    assert tick(session, NEXT) == []


def test_an_unanswered_question_is_open_too(session: Session) -> None:
    file(session, "How does it work?", kind=Kind.QUESTION)
    assert tick(session, NEXT) == [("UALICE", "2026-W49")]


def test_who_left_hears_nothing(session: Session) -> None:
    file(session)
    lives(session, ALICE, "UTC", deleted=True)
    assert tick(session, NEXT) == []


def test_each_hears_on_their_own_monday_morning(session: Session) -> None:
    file(session)
    file(session, "她们要导出。", by=MEILING)
    lives(session, MEILING, "Asia/Shanghai")
    tick(session, MONDAY + timedelta(hours=4))
    assert tick(session, NEXT - timedelta(hours=8)) == [("UMEILING", "2026-W49")]
    assert tick(session, NEXT) == [("UALICE", "2026-W49")]


def test_who_moves_west_on_that_monday_hears_once(session: Session) -> None:
    file(session, by=MEILING)
    lives(session, MEILING, "Asia/Shanghai")
    tick(session, MONDAY + timedelta(hours=4))
    assert tick(session, NEXT - timedelta(hours=8)) == [("UMEILING", "2026-W49")]
    lives(session, MEILING, "America/New_York")
    assert all_of(session, NEXT - timedelta(hours=8), NEXT + timedelta(days=2)) == []


def test_two_replicas_that_found_the_same_send_one(session: Session) -> None:
    file(session)
    due = schedule_store.due(session, NEXT, 100)
    for found in [*due, *due]:
        schedules.run(session, found, NEXT)
    assert [row.lane for row in make.waiting(session).values() if row.kind == "summary"] == ["UALICE"]


def test_a_missed_monday_is_made_up_for_within_the_week(session: Session) -> None:
    file(session)
    wednesday = NEXT + timedelta(days=2)
    assert tick(session, wednesday) == [("UALICE", "2026-W49")]
    assert all_of(session, wednesday, NEXT + timedelta(days=6)) == []


def test_a_missed_week_is_not_made_up_for_just_before_the_next_summary(session: Session) -> None:
    file(session)
    changed(session, NEXT + timedelta(days=3))
    week = timedelta(days=7)
    assert tick(session, NEXT + week - timedelta(hours=3)) == []
    assert tick(session, NEXT + week) == [("UALICE", "2026-W50")]


def test_what_others_filed_is_not_in_it(session: Session) -> None:
    file(session, by=MEILING)
    lives(session, MEILING, "UTC")
    assert tick(session, NEXT) == [("UMEILING", "2026-W49")]
    assert feedback.open_of(session, TEAM, ALICE.user_id) == []
    assert requirement_store.get(session, TEAM, 1)
