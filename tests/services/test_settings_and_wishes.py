"""Settings that would stop the clock are refused by name, and a wish that could not be kept is not said to be."""

from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from bot.domain.refusals import Busy
from bot.policy import PolicyError, build
from bot.services import policy, schedules, summaries
from storage import people
from storage import policy as policy_store
from storage.people import Profile
from storage.policy import PolicyTable
from tests import make
from tests.make import ALICE, MONDAY, TEAM


def test_meetings_beyond_the_calendars_end_are_refused(session: Session) -> None:
    make.rules(session)
    tables = {"channels": {"review": "C0REVIEW"}, "review": {"every": "2 weeks", "first": "9999-12-31"}}
    with pytest.raises(PolicyError, match=r"review\.first"):
        policy.apply(session, TEAM, tables, "test", MONDAY)


def test_meetings_that_begin_long_after_us_are_planned(session: Session) -> None:
    make.rules(session)
    tables = {"channels": {"review": "C0REVIEW"}, "review": {"every": "19 weeks", "first": "2999-12-31"}}
    policy.apply(session, TEAM, tables, "test", MONDAY)
    times = schedules.timetables(session, TEAM, build(tables))
    assert times["digest"].next(MONDAY).moment.year == 2999


def test_settings_of_a_former_version_that_go_together_no_more_are_read_and_refused_when_changed(
    session: Session,
) -> None:
    wednesday = {"when": "tue 10:00", "every": "2 weeks", "first": "2026-12-02"}
    facts = {"content": wednesday, "changed_by": "UADA", "changed_at": MONDAY}
    session.add(PolicyTable(team_id=TEAM, name="review", **facts))
    session.flush()
    times = policy_store.load(session, TEAM).review.timetable(ZoneInfo("UTC"))
    assert times.next(MONDAY).period == "2026-12-15"
    with pytest.raises(PolicyError, match="but when says tue"):
        policy.apply(session, TEAM, {"review": wednesday}, "test", MONDAY)


def test_the_wish_of_somebody_we_do_not_know_yet_is_not_taken_in_silence(session: Session) -> None:
    with pytest.raises(Busy):
        summaries.choose(session, ALICE, "never")
    people.save(session, TEAM, Profile("UALICE", "Alice", "en"))
    summaries.choose(session, ALICE, "never")
    found = people.get(session, TEAM, "UALICE")
    assert found
    session.refresh(found)
    assert found.summary == "never"
