"""Working days and quiet hours, in zones whose clocks do all that clocks do."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.calendar import CLOSING, Calendar, Quiet, zone_named
from tests.zones import BERLIN, DUBAI, SHANGHAI, ZONES, local

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
EVERY_DAY = frozenset(range(7))
WEEKEND, FRIDAY_AND_SATURDAY = frozenset({5, 6}), frozenset({4, 5})

everywhere = pytest.mark.parametrize("name", ZONES)
zones = st.sampled_from(ZONES).map(ZoneInfo)
times = st.times().map(lambda wall: wall.replace(second=0, microsecond=0))
dates = st.dates(date(2024, 1, 1), date(2029, 12, 31))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - theirs


def holidays(first: date, last: date) -> frozenset[date]:
    return frozenset(first + DAY * ahead for ahead in range((last - first).days + 1))


CHRISTMAS = holidays(date(2026, 12, 24), date(2027, 1, 1))
TEAM = Calendar(BERLIN, holidays=CHRISTMAS)


# Working days


def test_monday_to_friday_are_worked_unless_they_are_holidays() -> None:
    week = [date(2026, 12, 21) + DAY * ahead for ahead in range(7)]
    assert [TEAM.is_working(day) for day in week] == [True, True, True, False, False, False, False]


def test_where_the_weekend_is_friday_and_saturday_sunday_is_worked() -> None:
    calendar = Calendar(DUBAI, FRIDAY_AND_SATURDAY)
    week = [date(2026, 11, 23) + DAY * ahead for ahead in range(7)]
    assert [calendar.is_working(day) for day in week] == [True, True, True, True, False, False, True]


def test_a_deadline_is_the_end_of_a_working_day_and_its_own_day_counts_not() -> None:
    tuesday = local(BERLIN, 2026, 11, 24, 9, 0)
    assert TEAM.deadline(tuesday, 3) == local(BERLIN, 2026, 11, 27, 18, 0)
    assert TEAM.deadline(local(BERLIN, 2026, 11, 24, 23, 59), 3) == local(BERLIN, 2026, 11, 27, 18, 0)


def test_a_deadline_skips_the_weekend() -> None:
    thursday = local(BERLIN, 2026, 11, 26, 9, 0)
    assert TEAM.deadline(thursday, 3) == local(BERLIN, 2026, 12, 1, 18, 0)
    assert Calendar(DUBAI, FRIDAY_AND_SATURDAY).deadline(thursday, 3) == local(DUBAI, 2026, 12, 1, 18, 0)
    assert Calendar(DUBAI, FRIDAY_AND_SATURDAY).deadline(thursday, 1) == local(DUBAI, 2026, 11, 29, 18, 0)


def test_what_begins_on_a_free_day_counts_from_the_next_working_day() -> None:
    saturday = local(BERLIN, 2026, 11, 28, 12, 0)
    assert TEAM.deadline(saturday, 1) == local(BERLIN, 2026, 11, 30, 18, 0)


def test_a_deadline_skips_a_stretch_of_holidays_and_the_weekends_in_it() -> None:
    wednesday = local(BERLIN, 2026, 12, 23, 9, 0)
    assert TEAM.deadline(wednesday, 1) == local(BERLIN, 2027, 1, 4, 18, 0)
    assert TEAM.deadline(wednesday, 3) == local(BERLIN, 2027, 1, 6, 18, 0)
    assert TEAM.between(date(2026, 12, 23), date(2027, 1, 4)) == 1


def test_the_date_a_deadline_counts_from_is_the_teams() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # Tuesday in Shanghai
    assert Calendar(SHANGHAI).deadline(late, 1) == local(SHANGHAI, 2026, 11, 25, 18, 0)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ((2026, 3, 27, 9, 0), datetime(2026, 3, 30, 16, tzinfo=UTC)),  # the clocks went forward on Sunday
        ((2026, 10, 23, 9, 0), datetime(2026, 10, 26, 17, tzinfo=UTC)),  # and back
    ],
)
def test_a_deadline_over_a_clock_change_is_at_six_as_ever(start: tuple[int, ...], due: datetime) -> None:
    assert TEAM.deadline(local(BERLIN, *start), 1) == due


@given(dates, st.integers(0, 40), st.sampled_from([WEEKEND, FRIDAY_AND_SATURDAY, frozenset({6}), frozenset()]))
def test_between_counts_what_after_skips_to(day: date, days: int, weekend: frozenset[int]) -> None:
    calendar = Calendar(BERLIN, weekend, CHRISTMAS)
    end = calendar.after(day, days)
    assert calendar.between(day, end) == days
    assert days == 0 or calendar.is_working(end)
    assert calendar.between(end, day) == 0


@everywhere
def test_everywhere_a_deadline_is_at_closing_time_of_a_working_day(name: str) -> None:
    zone = ZoneInfo(name)
    calendar = Calendar(zone, FRIDAY_AND_SATURDAY, CHRISTMAS)
    for ahead in range(0, 400, 3):
        start = datetime(2026, 1, 1, 5, 30, tzinfo=UTC) + DAY * ahead
        due = calendar.deadline(start, 2).astimezone(zone)
        assert (due.time(), calendar.is_working(due.date())) == (CLOSING, True)
        assert calendar.between(calendar.local(start), due.date()) == 2


# A deadline that stood still


def test_a_deadline_moves_by_the_working_days_it_stood_still() -> None:
    due, paused = local(BERLIN, 2026, 11, 26, 18, 0), local(BERLIN, 2026, 11, 24, 9, 0)
    answered = local(BERLIN, 2026, 11, 25, 15, 0)
    assert TEAM.resumed(due, paused, answered) == local(BERLIN, 2026, 11, 27, 18, 0)


def test_a_pause_within_a_day_moves_nothing() -> None:
    due, paused = local(BERLIN, 2026, 11, 26, 18, 0), local(BERLIN, 2026, 11, 24, 9, 0)
    assert TEAM.resumed(due, paused, local(BERLIN, 2026, 11, 24, 17, 0)) == due


def test_of_a_pause_over_a_weekend_only_the_working_days_count() -> None:
    due, paused = local(BERLIN, 2026, 12, 1, 18, 0), local(BERLIN, 2026, 11, 27, 16, 0)
    assert TEAM.resumed(due, paused, local(BERLIN, 2026, 11, 29, 12, 0)) == due
    assert TEAM.resumed(due, paused, local(BERLIN, 2026, 11, 30, 9, 0)) == local(BERLIN, 2026, 12, 2, 18, 0)
    sunday_works = Calendar(BERLIN, FRIDAY_AND_SATURDAY)
    assert sunday_works.resumed(due, paused, local(BERLIN, 2026, 11, 29, 12, 0)) == local(BERLIN, 2026, 12, 2, 18, 0)


def test_of_a_pause_over_holidays_only_the_working_days_count() -> None:
    due, paused = local(BERLIN, 2026, 12, 23, 18, 0), local(BERLIN, 2026, 12, 22, 9, 0)
    assert TEAM.resumed(due, paused, local(BERLIN, 2027, 1, 4, 9, 0)) == local(BERLIN, 2027, 1, 5, 18, 0)


def test_at_least_one_working_day_is_left_after_an_answer() -> None:
    due, paused = local(BERLIN, 2026, 11, 24, 18, 0), local(BERLIN, 2026, 11, 24, 17, 59)
    assert TEAM.resumed(due, paused, local(BERLIN, 2026, 11, 24, 20, 0)) == local(BERLIN, 2026, 11, 25, 18, 0)
    friday = local(BERLIN, 2026, 11, 27, 18, 0)
    assert TEAM.resumed(friday, friday - HOUR, local(BERLIN, 2026, 11, 28, 9, 0)) == local(BERLIN, 2026, 11, 30, 18, 0)


@given(moments, st.integers(1, 20), st.integers(0, 600), st.integers(0, 2000))
def test_a_pause_never_brings_a_deadline_forward(start: datetime, days: int, after: int, still: int) -> None:
    due = TEAM.deadline(start, days)
    paused = min(start + HOUR * after, due)
    now = paused + HOUR * still
    resumed = TEAM.resumed(due, paused, now)
    assert resumed >= due
    assert TEAM.between(TEAM.local(now), TEAM.local(resumed)) >= 1
    left = TEAM.between(TEAM.local(paused), TEAM.local(due))
    assert TEAM.between(TEAM.local(now), TEAM.local(resumed)) >= left  # what was left then is left now


# Quiet hours

USUAL = Quiet(time(20), time(8), WEEKEND)


def quiet_until(quiet: Quiet, zone: ZoneInfo, *when: int) -> datetime | None:
    """Return the local wall time until which it is quiet, without its zone."""
    until = quiet.until(local(zone, *when), zone)
    return until.astimezone(zone).replace(tzinfo=None) if until else None


def wall(*when: int) -> datetime:
    return datetime(*when)  # type: ignore[arg-type] # noqa: DTZ001 - a wall time


def test_a_night_is_quiet_until_the_morning_and_a_day_is_not_quiet() -> None:
    assert quiet_until(USUAL, BERLIN, 2026, 11, 23, 19, 59) is None
    assert quiet_until(USUAL, BERLIN, 2026, 11, 23, 20, 0) == wall(2026, 11, 24, 8, 0)
    assert quiet_until(USUAL, BERLIN, 2026, 11, 24, 7, 59) == wall(2026, 11, 24, 8, 0)
    assert quiet_until(USUAL, BERLIN, 2026, 11, 24, 8, 0) is None


def test_a_friday_evening_is_quiet_until_monday_morning() -> None:
    assert quiet_until(USUAL, BERLIN, 2026, 11, 27, 20, 0) == wall(2026, 11, 30, 8, 0)
    assert quiet_until(USUAL, BERLIN, 2026, 11, 28, 12, 0) == wall(2026, 11, 30, 8, 0)
    weekday = replace(USUAL, days=frozenset())
    assert quiet_until(weekday, BERLIN, 2026, 11, 28, 12, 0) is None


def test_where_friday_and_saturday_are_free_sunday_is_not_quiet() -> None:
    quiet = replace(USUAL, days=FRIDAY_AND_SATURDAY)
    assert quiet_until(quiet, DUBAI, 2026, 11, 26, 20, 0) == wall(2026, 11, 29, 8, 0)
    assert quiet_until(quiet, DUBAI, 2026, 11, 29, 12, 0) is None


def test_waking_hours_past_midnight_belong_to_the_day_they_began_on() -> None:
    owls = Quiet(time(2), time(11), WEEKEND)
    assert quiet_until(owls, BERLIN, 2026, 11, 28, 1, 59) is None  # Friday is not over yet
    assert quiet_until(owls, BERLIN, 2026, 11, 28, 2, 0) == wall(2026, 11, 30, 11, 0)
    assert quiet_until(owls, BERLIN, 2026, 11, 30, 0, 30) == wall(2026, 11, 30, 11, 0)  # still Sunday
    assert quiet_until(owls, BERLIN, 2026, 12, 1, 0, 30) is None


def test_equal_times_are_quiet_on_free_days_only() -> None:
    quiet = Quiet(time(0), time(0), WEEKEND)
    assert quiet_until(quiet, BERLIN, 2026, 11, 27, 23, 59) is None
    assert quiet_until(quiet, BERLIN, 2026, 11, 28, 0, 0) == wall(2026, 11, 30, 0, 0)
    assert quiet_until(Quiet(time(8), time(8)), BERLIN, 2026, 11, 28, 8, 0) is None


def awake(quiet: Quiet, zone: ZoneInfo, now: datetime) -> bool:
    """Say whether somebody is awake, by nothing but what the clock on their wall shows."""
    shown = now.astimezone(zone)
    began = shown.date() if shown.time() >= quiet.end else shown.date() - DAY
    if quiet.start > quiet.end:
        return quiet.end <= shown.time() < quiet.start and shown.weekday() not in quiet.days
    slept = quiet.start <= shown.time() < quiet.end
    return not slept and began.weekday() not in quiet.days


def untrue(quiet: Quiet, zone: ZoneInfo, monday: datetime) -> list[datetime]:
    """Return the minutes of a week at which what `until` says is not so."""
    wrong, before = [], None
    for minute in range(7 * 24 * 60):
        now = monday + MINUTE * minute
        until = quiet.until(now, zone)
        end_is_near = until is None or (awake(quiet, zone, until) and not awake(quiet, zone, until - MINUTE))
        same = before is None or until is None or until == before
        if (until is None) != awake(quiet, zone, now) or not end_is_near or not same:
            wrong.append(now)
        before = until
    return wrong


SHAPES = {
    "usual": USUAL,
    "no weekend": Quiet(time(20), time(8)),
    "friday and saturday": Quiet(time(19, 30), time(7, 15), FRIDAY_AND_SATURDAY),
    "past midnight": Quiet(time(1), time(9), WEEKEND),
    "free days only": Quiet(time(9), time(9), WEEKEND),
    "one working day": Quiet(time(21), time(6), frozenset({0, 1, 3, 4, 5, 6})),
}
WEEKS = {
    "Asia/Shanghai": datetime(2026, 11, 23, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 3, 26, tzinfo=UTC),  # the clocks go forward in it
    "America/New_York": datetime(2026, 10, 29, tzinfo=UTC),  # and back
    "Australia/Lord_Howe": datetime(2026, 4, 2, tzinfo=UTC),  # by half an hour
    "Asia/Kathmandu": datetime(2026, 12, 28, tzinfo=UTC),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", WEEKS)
def test_at_every_minute_of_a_week_it_is_quiet_exactly_outside_waking_hours(name: str, shape: str) -> None:
    assert untrue(SHAPES[shape], ZoneInfo(name), WEEKS[name]) == []


def test_quiet_hours_reckoned_in_hours_from_midnight_would_be_noticed() -> None:
    class Careless(Quiet):
        def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
            today = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
            wake, sleep = today + HOUR * self.end.hour, today + HOUR * self.start.hour
            return wake if now < wake else None if now < sleep else wake + DAY

    careless = Careless(time(20), time(8))
    assert untrue(careless, SHANGHAI, WEEKS["Asia/Shanghai"]) == []
    assert untrue(careless, BERLIN, WEEKS["Europe/Berlin"]) != []


some_free_days = st.sets(st.integers(0, 6), max_size=6).map(frozenset)


@given(st.builds(Quiet, times, times, some_free_days), zones, moments)
@example(Quiet(time(3), time(2, 30)), BERLIN, datetime(2026, 3, 29, 0, 45, tzinfo=UTC))  # no such hour that night
def test_quiet_ends_within_days_at_a_waking_moment(quiet: Quiet, zone: ZoneInfo, now: datetime) -> None:
    until = quiet.until(now, zone)
    if until is None:
        return
    assert now < until <= now + 8 * DAY + 3 * HOUR
    assert quiet.until(until, zone) is None
    assert quiet.until(until - MINUTE / 2, zone) == until
    assert quiet.until(now + (until - now) / 2, zone) == until


@given(moments, zones)
def test_who_has_no_working_day_is_never_quiet(now: datetime, zone: ZoneInfo) -> None:
    assert Quiet(time(20), time(8), EVERY_DAY).until(now, zone) is None


def test_a_morning_that_the_clocks_skip_begins_when_they_went_on() -> None:
    early = Quiet(time(20), time(2, 30))
    assert quiet_until(early, BERLIN, 2026, 3, 28, 22, 0) == wall(2026, 3, 29, 3, 30)


def test_a_morning_that_comes_twice_begins_the_first_time() -> None:
    early = Quiet(time(20), time(2, 30))
    first = local(BERLIN, 2026, 10, 25, 2, 30)
    assert early.until(first - MINUTE, BERLIN) == first
    assert [early.until(first + MINUTE * minute, BERLIN) for minute in range(120)] == [None] * 120


def test_a_night_of_a_clock_change_is_an_hour_shorter_or_longer() -> None:
    for evening, hours in (((2026, 3, 28, 20, 0), 11), ((2026, 10, 24, 20, 0), 13)):
        begins = local(BERLIN, *evening)
        until = replace(USUAL, days=frozenset()).until(begins, BERLIN)
        assert until is not None
        assert until - begins == HOUR * hours


# Zones


def test_a_zone_that_is_none_is_none() -> None:
    for name in ("", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/passwd", "Europe/Berlin\0", "x" * 500):
        assert zone_named(name) is None
    assert zone_named("Europe/Berlin") == BERLIN
