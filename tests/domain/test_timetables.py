"""What is due regularly: by wall times of zones whose clocks do all that clocks do."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import Occurrence, Timetable, at
from tests.zones import BERLIN, SHANGHAI, ZONES, local

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

everywhere = pytest.mark.parametrize("name", ZONES)
zones = st.sampled_from(ZONES).map(ZoneInfo)
times = st.times().map(lambda wall: wall.replace(second=0, microsecond=0))
dates = st.dates(date(2024, 1, 1), date(2029, 12, 31))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - theirs


def occurrences(times: Timetable, first: datetime, last: datetime) -> list[Occurrence]:
    """Return what is due from a moment on until another, walked through as the schedules do."""
    found, coming = [], times.next(first - timedelta(microseconds=1))
    while coming.due <= last:
        found.append(coming)
        coming = times.next(coming.due)
    return found


def shown_at(zone: ZoneInfo, naive: datetime) -> list[datetime]:
    """Return the moments at which a zone's clocks show a wall time: usually one, none in a gap, two in a fold."""
    noon = datetime.combine(naive.date(), time(12), UTC)
    offsets = {(noon + HOUR * away).astimezone(zone).utcoffset() for away in (-40, 40)} - {None}
    candidates = ((naive - offset).replace(tzinfo=UTC) for offset in offsets if offset is not None)
    return sorted(moment for moment in candidates if moment.astimezone(zone).replace(tzinfo=None) == naive)


def misplaced(zone: ZoneInfo, naive: datetime, moment: datetime) -> bool:
    """Say whether a moment is not that of a wall time: the first of two; in a gap, as far beyond it as it is wide."""
    if shown := shown_at(zone, naive):
        return moment != shown[0]
    before, after = ((moment + HOUR * away).astimezone(zone).utcoffset() for away in (-24, 24))
    assert before is not None
    assert after is not None
    return moment.astimezone(zone).replace(tzinfo=None) != naive + (after - before)


def increasing(found: Iterable[Occurrence]) -> bool:
    return all(before.due < after.due for before, after in pairwise(found))


WALLS = (time(0), time(0, 30), time(2, 30), time(9, 30), time(23, 30))


def year_of(zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return a little more than a year, from midnight to the last minute, that has a week 53."""
    return at(date(2026, 1, 1), time(), zone), at(date(2027, 1, 31), time(23, 59), zone)


def days_from(first: date, last: date, step: int = 1) -> Iterator[date]:
    return (first + DAY * ahead for ahead in range(0, (last - first).days + 1, step))


@everywhere
@pytest.mark.parametrize("hour", WALLS)
def test_what_is_daily_is_due_once_for_each_local_date(name: str, hour: time) -> None:
    zone = ZoneInfo(name)
    found = occurrences(Timetable(zone, hour), *year_of(zone))
    days = list(days_from(date(2026, 1, 1), date(2027, 1, 31)))
    assert [each.period for each in found] == [day.isoformat() for day in days]
    assert increasing(found)
    assert [
        each for each, day in zip(found, days, strict=True) if misplaced(zone, datetime.combine(day, hour), each.due)
    ] == []
    assert all(each.due == each.moment for each in found)


def test_a_day_of_hours_added_would_be_noticed() -> None:
    day, due = date(2026, 3, 28), local(BERLIN, 2026, 3, 28, 9, 30)
    assert not misplaced(BERLIN, datetime.combine(day, time(9, 30)), due)
    assert misplaced(BERLIN, datetime.combine(day + DAY, time(9, 30)), due + DAY)


@everywhere
def test_what_is_weekly_is_due_once_for_each_iso_week_also_the_53rd(name: str) -> None:
    zone = ZoneInfo(name)
    for weekday in range(7):
        times = Timetable(zone, time(10), frozenset({weekday}), by_week=True)
        found = occurrences(times, at(date(2025, 12, 29), time(), zone), at(date(2027, 1, 17), time(23, 59), zone))
        weeks = [f"2026-W{week:02}" for week in range(1, 54)] + ["2027-W01", "2027-W02"]
        assert [each.period for each in found] == weeks
        assert increasing(found)
        assert all(each.due.astimezone(zone).weekday() == weekday for each in found)


@everywhere
@pytest.mark.parametrize("every", [2, 3, 19])
def test_meetings_every_few_weeks_are_announced_once_each_a_day_before(name: str, every: int) -> None:
    zone = ZoneInfo(name)
    first = date(2026, 1, 13)
    times = Timetable(zone, time(2, 30), frozenset({1}), every=every, first=first, lead_days=1)
    found = occurrences(times, *year_of(zone))
    meetings = list(days_from(first, date(2027, 2, 1), 7 * every))
    assert [each.period for each in found] == [day.isoformat() for day in meetings]
    assert increasing(found)
    for each, day in zip(found, meetings, strict=True):
        assert not misplaced(zone, datetime.combine(day - DAY, time(2, 30)), each.due)
        assert not misplaced(zone, datetime.combine(day, time(2, 30)), each.moment)


def test_a_lead_in_hours_is_counted_in_hours_also_over_a_clock_change() -> None:
    times = Timetable(BERLIN, time(9), frozenset({6}), lead_hours=12)
    for sunday in (date(2026, 3, 29), date(2026, 10, 25)):
        found = times.next(at(sunday - DAY, time(), BERLIN))
        assert (found.period, found.moment - found.due) == (sunday.isoformat(), 12 * HOUR)


@pytest.mark.parametrize("lead", [{"lead_days": 29}, {"lead_days": 1}, {"lead_hours": 29}, {"lead_hours": 1}])
def test_however_long_the_lead_no_meeting_goes_unannounced(lead: dict[str, Any]) -> None:
    times = Timetable(SHANGHAI, time(10), frozenset({1}), **lead)
    found = occurrences(times, local(SHANGHAI, 2026, 11, 1, 0, 0), local(SHANGHAI, 2026, 12, 31, 0, 0))
    assert increasing(found)
    days = [date.fromisoformat(each.period) for each in found]
    assert all(after - before == 7 * DAY for before, after in pairwise(days))


def test_half_past_two_comes_once_in_the_night_without_it_and_once_in_the_night_with_two() -> None:
    times = Timetable(BERLIN, time(2, 30))
    spring = occurrences(times, local(BERLIN, 2026, 3, 29, 0, 0), local(BERLIN, 2026, 3, 29, 12, 0))
    autumn = occurrences(times, local(BERLIN, 2026, 10, 25, 0, 0), local(BERLIN, 2026, 10, 25, 12, 0))
    assert [each.due for each in spring] == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]  # the clocks show 3:30
    assert [each.due for each in autumn] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]  # the first of the two


def test_weeks_around_new_year_are_those_of_their_thursday() -> None:
    monday = Timetable(BERLIN, time(10), frozenset({0}), by_week=True)
    friday = Timetable(BERLIN, time(10), frozenset({4}), by_week=True)
    assert monday.next(local(BERLIN, 2026, 12, 25, 0, 0)).period == "2026-W53"
    assert friday.next(local(BERLIN, 2026, 12, 28, 0, 0)).period == "2026-W53"  # it is the first of January
    assert friday.next(local(BERLIN, 2027, 1, 1, 10, 0)).period == "2027-W01"


def test_before_the_first_meeting_there_is_none_and_it_is_announced_itself() -> None:
    times = Timetable(BERLIN, time(10), frozenset({1}), every=2, first=date(2026, 12, 1), lead_days=1)
    found = times.next(local(BERLIN, 2026, 6, 1, 0, 0))
    assert (found.period, found.due) == ("2026-12-01", local(BERLIN, 2026, 11, 30, 10, 0))
    assert times.next(found.due).period == "2026-12-15"


def test_weeks_are_counted_from_the_first_meetings_week_whatever_its_weekday() -> None:
    times = Timetable(BERLIN, time(10), frozenset({3}), every=2, first=date(2026, 12, 1))  # a Tuesday
    assert times.next(local(BERLIN, 2026, 11, 1, 0, 0)).period == "2026-12-03"
    assert times.next(local(BERLIN, 2026, 12, 4, 0, 0)).period == "2026-12-17"


def test_a_meeting_earlier_in_the_week_than_the_first_day_is_in_that_rhythm_too() -> None:
    times = Timetable(BERLIN, time(10), frozenset({1}), every=2, first=date(2026, 12, 3))  # a Thursday
    assert times.next(local(BERLIN, 2026, 11, 1, 0, 0)).period == "2026-12-15"


def test_what_is_due_at_this_very_moment_comes_next_only_for_who_asks_before() -> None:
    times = Timetable(BERLIN, time(10))
    due = local(BERLIN, 2026, 11, 23, 10, 0)
    assert times.next(due - timedelta(microseconds=1)).due == due
    assert times.next(due).due == due + DAY


tables = st.builds(
    Timetable,
    zones,
    times,
    st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    every=st.integers(1, 4),
    first=dates,
    lead_days=st.integers(0, 29),
    by_week=st.booleans(),
)


@given(tables, moments, st.integers(0, 24 * 60))
def test_the_last_is_the_newest_that_came_due_and_all_are_counted(times: Timetable, since: datetime, span: int) -> None:
    now = since + HOUR * span
    newest, count = times.last(since, now)
    walked = occurrences(times, since + timedelta(microseconds=1), now)
    assert (newest, count) == (walked[-1] if walked else None, len(walked))


def test_three_weeks_of_days_are_twenty_one() -> None:
    times = Timetable(BERLIN, time(9, 30))
    since = local(BERLIN, 2026, 10, 20, 9, 30)  # the clocks go back meanwhile
    newest, count = times.last(since, since + 21 * DAY)
    assert newest is not None
    assert (count, newest.period) == (20, "2026-11-09")
    assert times.last(since, since + 21 * DAY + HOUR)[1] == 21
    assert times.last(since, since) == (None, 0)


def test_the_spec_changes_with_everything_that_can_be_set() -> None:
    before = Timetable(BERLIN, time(10), frozenset({1}), 2, date(2026, 12, 1), 1, 0, by_week=False)
    changed: dict[str, object] = {
        "zone": ZoneInfo("Europe/Vienna"),
        "wall": time(10, 1),
        "days": frozenset({1, 2}),
        "every": 3,
        "first": date(2026, 12, 8),
        "lead_days": 2,
        "lead_hours": 1,
        "by_week": True,
    }
    assert changed.keys() == {field.name for field in fields(Timetable)}
    specs = {replace(before, **{name: value}).spec for name, value in changed.items()}  # type: ignore[arg-type]
    assert len(specs | {before.spec}) == len(changed) + 1
    assert all(len(spec) <= 300 for spec in specs)
    assert replace(before).spec == before.spec
