"""Reminding reviewers: at most once a working day, in their own morning, of votes that still wait for them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.services import policy as policy_service
from bot.services import reminders, schedules
from storage import people, policy
from storage import schedules as schedule_store
from storage.outbox import OutboxRow
from storage.people import Profile, Wishes
from tests import make
from tests.make import ALICE, BOB, DORA, EMIL, MEILING, MONDAY, RULES, TEAM

REVIEWERS = (BOB, DORA, EMIL)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _planned(session: Session) -> None:
    """On Monday at 9:00 UTC everything is planned; a vote opened then closes on Thursday at 18:00."""
    make.rules(session)
    schedules.plan(session, TEAM, MONDAY)


def lives(session: Session, who: Actor, zone: str, *, deleted: bool = False) -> None:
    """Let a reviewer live in a time zone."""
    people.save(session, TEAM, Profile(who.user_id, who.user_id, "en", zone, deleted=deleted))
    session.expire_all()


def tick(session: Session, now: datetime) -> list[str]:
    """Do what is due at a moment, as every replica does each second; return who is reminded by it."""
    schedules.plan(session, TEAM, now)
    for found in schedule_store.due(session, now, 100):
        schedules.run(session, found, now)
    return reminded(session)


def reminded(session: Session) -> list[str]:
    """Return whose reminders were written and not sent yet, and let them be sent."""
    found = sorted(row.lane for row in make.waiting(session).values() if row.kind == "reminder")
    make.delivered(session)
    return found


def hours(first: datetime, last: datetime) -> Iterator[datetime]:
    """Go through a stretch of time in steps of half an hour."""
    while first <= last:
        yield first
        first += HOUR / 2


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of that week of November 2026, in UTC; the 25th is a Wednesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_reviewers_are_reminded_on_the_morning_before_the_deadline(session: Session) -> None:
    make.file(session)
    assert [tick(session, now) for now in hours(on(23, 9), on(25, 9))] == [[]] * 97
    assert tick(session, on(25, 9, 30)) == [person.user_id for person in REVIEWERS]
    rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == "reminder")).all()
    assert {row.about for row in rows} == {"2026-11-25"}


def test_a_reviewer_hears_once_a_day_however_often_one_looks(session: Session) -> None:
    make.file(session)
    make.file(session, "They need a second one.")
    heard = [who for now in hours(on(25, 0), on(26, 23)) for who in tick(session, now)]
    assert sorted(heard) == sorted(2 * [person.user_id for person in REVIEWERS])  # on Wednesday and on Thursday


def test_two_replicas_that_found_the_same_remind_once(session: Session) -> None:
    make.file(session)
    due = schedule_store.due(session, on(25, 9, 30), 100)
    assert [schedules.run(session, found, on(25, 9, 30)) for found in [*due, *due]].count(True) == len(due)
    assert reminded(session) == [person.user_id for person in REVIEWERS]


def test_each_hears_in_their_own_morning(session: Session) -> None:
    make.file(session)
    lives(session, BOB, "Asia/Shanghai")
    lives(session, DORA, "America/New_York")
    heard = {now: who for now in hours(on(25, 0), on(25, 23)) if (who := tick(session, now))}
    assert heard == {on(25, 1, 30): ["UBOB"], on(25, 9, 30): ["UEMIL"], on(25, 14, 30): ["UDORA"]}


def test_who_travels_west_on_the_same_day_is_not_reminded_again(session: Session) -> None:
    make.file(session)
    lives(session, BOB, "Asia/Shanghai")
    assert tick(session, on(25, 1)) == []
    assert tick(session, on(25, 1, 30)) == ["UBOB"]
    lives(session, BOB, "America/New_York")
    assert [who for now in hours(on(25, 2), on(26, 4)) for who in tick(session, now) if who == "UBOB"] == []
    assert "UBOB" in tick(session, on(26, 14, 30))


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/London", "America/Los_Angeles"])
def test_who_is_in_two_zones_every_morning_is_reminded_in_one(session: Session, zone: str) -> None:
    make.file(session)
    lives(session, BOB, "Asia/Shanghai")
    heard = []
    for now in hours(on(25, 0), on(26, 17)):
        lives(session, BOB, "Asia/Shanghai" if now.hour % 6 < 3 else zone)
        heard += [now for who in tick(session, now) if who == "UBOB"]
    assert heard == [on(25, 1, 30), on(26, 1, 30)]


def test_nobody_is_reminded_on_a_weekend_and_on_friday_of_what_closes_on_monday(session: Session) -> None:
    _file_on(session, on(25, 9))  # closes on Monday
    heard = {now: who for now in hours(on(26, 8), on(30, 10)) if (who := tick(session, now))}
    assert sorted(heard) == [on(27, 9, 30), on(30, 9, 30)]


def _file_on(session: Session, now: datetime) -> None:
    """File a need as if it were then."""
    make.file(session)
    vote = make.newest_round(session)
    vote.due_at = policy.load(session, TEAM).workspace.calendar.deadline(now, 3)
    session.flush()


def test_nobody_is_reminded_on_a_holiday(session: Session) -> None:
    make.rules(session, workspace={"holidays": ["2026-11-25"]})
    make.file(session)  # closes on Friday now
    heard = {now: who for now in hours(on(24, 0), on(26, 12)) if (who := tick(session, now))}
    assert sorted(heard) == [on(26, 9, 30)]


def test_a_reminder_in_quiet_hours_is_written_and_waits_for_their_end(session: Session) -> None:
    make.rules(session, reminders={"votes": "07:00"}, quiet={"start": "20:00", "end": "08:00"})
    make.file(session)
    heard = {now: who for now in hours(on(25, 0), on(25, 23)) if (who := tick(session, now))}
    assert list(heard) == [on(25, 7)]


def test_a_changed_hour_holds_from_the_next_time_on(session: Session) -> None:
    make.file(session)
    policy_service.apply(session, TEAM, {"reminders": {"votes": "14:00"}}, "test", on(25, 9))
    heard = {now: who for now in hours(on(25, 9), on(25, 23)) if (who := tick(session, now))}
    assert list(heard) == [on(25, 14)]


def test_who_voted_hears_nothing_of_it(session: Session) -> None:
    make.file(session)
    make.vote(session, DORA, 1, Choice.ABSTAIN)
    assert tick(session, on(25, 9, 30)) == ["UBOB", "UEMIL"]


def test_who_alone_asks_for_it_hears_nothing_of_it(session: Session) -> None:
    make.file(session, by=BOB)
    assert tick(session, on(25, 9, 30)) == ["UDORA", "UEMIL"]
    make.ask_too(session, by=MEILING)
    assert tick(session, on(26, 9, 30)) == ["UBOB", "UDORA", "UEMIL"]  # others ask for it too now, so Bob votes


def test_who_left_or_votes_no_more_hears_nothing(session: Session) -> None:
    make.file(session)
    lives(session, DORA, "UTC", deleted=True)
    people_now = {**RULES["people"], "reviewers": ["UBOB", "UDORA"]}  # type: ignore[dict-item]
    make.rules(session, people=people_now)
    assert tick(session, on(25, 9, 30)) == ["UBOB"]


def test_what_waits_for_an_answer_is_not_reminded_of(session: Session) -> None:
    make.file(session)
    vote = make.newest_round(session)
    vote.paused_at = MONDAY
    session.flush()
    assert tick(session, on(25, 9, 30)) == []


def test_a_closed_vote_is_not_reminded_of(session: Session) -> None:
    make.file(session)
    make.vote(session, BOB, 1, Choice.APPROVE)
    make.vote(session, DORA, 1, Choice.APPROVE)
    assert tick(session, on(25, 9, 30)) == []


def test_a_missed_morning_is_made_up_for_on_the_same_day(session: Session) -> None:
    make.file(session)
    assert tick(session, on(25, 17)) == [person.user_id for person in REVIEWERS]
    assert [who for now in hours(on(25, 17), on(26, 9)) for who in tick(session, now)] == []
    assert tick(session, on(26, 9, 30)) == [person.user_id for person in REVIEWERS]


def test_a_missed_day_is_not_made_up_for_on_the_next(session: Session) -> None:
    make.file(session)
    assert tick(session, on(26, 8, 30)) == []
    assert tick(session, on(26, 9, 30)) == [person.user_id for person in REVIEWERS]


def test_a_clock_set_back_repeats_nothing(session: Session) -> None:
    make.file(session)
    assert tick(session, on(25, 9, 30)) != []
    assert [who for now in hours(on(24, 0), on(25, 12)) for who in tick(session, now)] == []


def test_the_morning_of_a_clock_change_brings_one_reminder(session: Session) -> None:
    make.rules(session, reminders={"votes": "02:30"}, quiet={"start": "00:00", "end": "00:00", "weekends": False})
    make.rules(
        session,
        workspace={"weekend": ["mon"]},
        reminders={"votes": "02:30"},
        quiet={"start": "00:00", "end": "00:00", "weekends": False},
    )
    sunday = datetime(2026, 10, 25, tzinfo=UTC)  # in Berlin 02:30 comes twice
    for person in REVIEWERS:
        lives(session, person, "Europe/Berlin")
    schedules.plan(session, TEAM, sunday - timedelta(hours=6))
    make.file(session, by=ALICE)
    vote = make.newest_round(session)
    vote.due_at = sunday + timedelta(hours=18)
    session.flush()
    heard = [now for now in hours(sunday - timedelta(hours=2), sunday + timedelta(hours=12)) if tick(session, now)]
    assert heard == [sunday + timedelta(minutes=30)]


def test_who_wants_no_reminders_gets_none(session: Session) -> None:
    make.file(session)
    lives(session, BOB, "UTC")
    people.choose(session, TEAM, BOB.user_id, Wishes("changed", None, None, None, reminders=False))
    session.expire_all()
    assert tick(session, on(25, 9, 30)) == [DORA.user_id, EMIL.user_id]
    waiting = reminders.due_votes(session, TEAM, BOB.user_id, policy.load(session, TEAM), on(25, 9, 30))
    assert [vote.requirement for vote in waiting] == [1]  # it still stands in Home
