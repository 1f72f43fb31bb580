"""What is done regularly is done once a period: by any number of replicas, after crashes, outages and clock steps."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from bot.domain.calendar import DAYS
from bot.services import policy as policy_service
from bot.services import schedules
from storage import people, policy
from storage import schedules as store
from storage.db import Database
from storage.people import Profile
from storage.schedules import Schedule
from tests import make
from tests.make import MONDAY, TEAM, later
from tests.services.regular import (
    DAY,
    FORTNIGHTLY,
    HOUR,
    MINUTE,
    Done,
    dates,
    doubled,
    drive,
    periods,
    planned,
    settle_in,
    tick,
    ticks,
)
from tests.zones import BERLIN, ZONES, local

# Planning


def test_everything_is_planned_in_the_zones_people_live_in_and_the_teams(session: Session) -> None:
    settle_in(session, ["Europe/Berlin", "Asia/Shanghai", "Europe/Berlin"])
    names = {f"{what}:{zone}" for what in ("reminder", "summary") for zone in ("UTC", "Europe/Berlin", "Asia/Shanghai")}
    assert planned(session).keys() == names | {"digest"}
    assert planned(session)["reminder:Europe/Berlin"].next_at == local(BERLIN, 2026, 11, 24, 9, 30)
    assert planned(session)["summary:UTC"].next_at == later(hours=1)
    assert planned(session)["digest"].next_at == datetime(2026, 11, 30, 10, tzinfo=UTC)


def test_where_nobody_lives_any_more_and_channels_that_are_unset_are_dropped(session: Session) -> None:
    settle_in(session, ["Europe/Berlin", "Asia/Shanghai"])
    people.save(session, TEAM, Profile("U0", "Person 0", "en", "Europe/Berlin", deleted=True))
    people.save(session, TEAM, Profile("U1", "Person 1", "en", "Mars/Olympus"))
    policy_service.apply(session, TEAM, {"channels": {"triage": "C0TRIAGE"}}, "test", MONDAY)
    assert planned(session).keys() == {"reminder:UTC", "summary:UTC"}


def test_what_is_planned_stays_as_it_is_overdue_or_not(session: Session) -> None:
    settle_in(session, ["Europe/Berlin"])
    before = {name: found.next_at for name, found in planned(session).items()}
    schedules.plan(session, TEAM, later(days=3))
    assert {name: found.next_at for name, found in planned(session).items()} == before


def test_planned_by_another_replica_meanwhile_it_stays_as_it_is_too(session: Session) -> None:
    settle_in(session, [])
    before = planned(session)["digest"].next_at
    store.plan(session, TEAM, {"digest": (planned(session)["digest"].spec, later(days=99))})
    assert planned(session)["digest"].next_at == before


def test_what_changed_is_planned_anew_and_only_that(session: Session) -> None:
    settle_in(session, ["Europe/Berlin"])
    before = {name: found.next_at for name, found in planned(session).items()}
    policy_service.apply(session, TEAM, {"reminders": {"votes": "08:15"}}, "test", later(days=3))
    changed = {name: found.next_at for name, found in planned(session).items() if found.next_at != before[name]}
    assert changed == {
        "reminder:UTC": datetime(2026, 11, 27, 8, 15, tzinfo=UTC),
        "reminder:Europe/Berlin": datetime(2026, 11, 27, 7, 15, tzinfo=UTC),
    }


def test_planning_leaves_other_workspaces_alone(session: Session) -> None:
    settle_in(session, ["Europe/Berlin"], team_id="T0OTHER")
    before = {name: (found.spec, found.next_at) for name, found in planned(session, "T0OTHER").items()}
    settle_in(session, ["Asia/Tokyo"])
    assert {name: (found.spec, found.next_at) for name, found in planned(session, "T0OTHER").items()} == before


# A year


def some(session: Session, zones: Collection[str]) -> list[str]:
    """Return the zones; on PostgreSQL, where a year takes longer, a few of them."""
    return list(zones) if session.get_bind().dialect.name == "sqlite" else list(zones)[::7]


def only(session: Session, what: str) -> None:
    """Leave one kind of what is planned."""
    store.drop(session, TEAM, [name for name in planned(session) if name.partition(":")[0] != what])


def test_in_a_year_everywhere_no_week_is_missed_and_none_is_done_twice(session: Session) -> None:
    zones, first = some(session, [zone for n, zone in enumerate(ZONES) if n % 5 < 3]), datetime(2026, 1, 1, tzinfo=UTC)
    settle_in(session, zones, first)
    only(session, "summary")
    done = drive(session, first, datetime(2027, 1, 6, tzinfo=UTC), 20 * HOUR)
    assert doubled(session, done) == {}
    weeks = [f"2026-W{week:02}" for week in range(2, 54)] + ["2027-W01"]
    assert {zone: list(periods(session, f"summary:{zone}")) for zone in zones} == dict.fromkeys(zones, weeks)


def test_in_a_year_no_meeting_is_missed_and_none_is_announced_twice(session: Session) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    settle_in(session, [], first)
    only(session, "digest")
    done = drive(session, first, datetime(2026, 12, 31, tzinfo=UTC), 20 * HOUR)
    assert doubled(session, done) == {}
    assert list(periods(session, "digest")) == dates(date(2026, 1, 13), date(2026, 12, 29), 14)


def clock_changes(zone: str) -> list[datetime]:
    """Return the days of 2026 on which the clocks of a zone change."""
    days = [datetime(2026, 1, 1, tzinfo=UTC) + DAY * ahead for ahead in range(364)]
    there = ZoneInfo(zone)
    return [day for day in days if day.astimezone(there).utcoffset() != (day + DAY).astimezone(there).utcoffset()]


def test_around_every_clock_change_no_day_is_missed_and_none_is_done_twice(session: Session) -> None:
    make.rules(session, reminders={"votes": "02:30"})
    done = []
    for name in some(session, [zone for zone in ZONES if clock_changes(zone)]):
        times = policy.load(session, TEAM).reminders.vote_times(ZoneInfo(name))
        people.save(session, TEAM, Profile("UALICE", "Alice", "en", name))
        for change in clock_changes(name):
            first = change - 2 * DAY
            store.plan(session, TEAM, {f"reminder:{name}": (times.spec, times.next(first).due)})
            done += drive(session, first, change + 3 * DAY, 20 * HOUR)
            store.drop(session, TEAM, [f"reminder:{name}"])
            days = {day.astimezone(ZoneInfo(name)).date().isoformat() for day in ticks(change - DAY, change + DAY, DAY)}
            assert days <= periods(session, f"reminder:{name}").keys(), name
    assert doubled(session, done) == {}
    assert len(done) > 30


def test_ticking_by_the_minute_through_a_clock_change_does_each_once(session: Session) -> None:
    settle_in(session, ["Europe/Berlin"], local(BERLIN, 2026, 10, 24, 12, 0))
    make.rules(session, reminders={"votes": "02:30"})
    schedules.plan(session, TEAM, local(BERLIN, 2026, 10, 24, 12, 0))
    done = drive(session, local(BERLIN, 2026, 10, 24, 20, 0), local(BERLIN, 2026, 10, 25, 6, 0), MINUTE)
    assert done.count("reminder:Europe/Berlin") == 1
    (found,) = periods(session, "reminder:Europe/Berlin").values()
    assert (found.due_at, found.late) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), False)


# Outages, and clocks that step


def test_after_three_weeks_each_schedule_is_made_up_for_once_and_late(session: Session) -> None:
    settle_in(session, ["Europe/Berlin", "Asia/Shanghai"])
    back = datetime(2026, 12, 14, 12, 7, tzinfo=UTC)
    done = drive(session, back, back + 30 * MINUTE, MINUTE)
    assert Counter(done) == Counter(planned(session).keys())
    for name in planned(session):
        (found,) = periods(session, name).values()
        assert (found.late, found.done_at) == (True, back)
    assert list(periods(session, "digest")) == ["2026-12-15"]  # that of the first is over
    assert list(periods(session, "summary:UTC")) == ["2026-W51"]
    drive(session, back + HOUR, back + 2 * DAY, 5 * MINUTE)
    assert [found.late for found in periods(session, "reminder:Asia/Shanghai").values()] == [True, False, False]


def test_a_moment_of_absence_is_not_late(session: Session) -> None:
    settle_in(session, [])
    tick(session, later(hours=1, minutes=15))
    assert not periods(session, "summary:UTC")["2026-W48"].late
    tick(session, later(days=7, hours=1, minutes=16))
    assert periods(session, "summary:UTC")["2026-W49"].late


def test_a_clock_stepping_back_and_forward_repeats_nothing_and_misses_nothing(session: Session) -> None:
    first, last = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 10, tzinfo=UTC)
    zones = ZONES[::9]
    settle_in(session, zones, first)
    step = Random(7)  # noqa: S311 - a story, told the same way each time
    crooked = [now + HOUR * step.choice((-1, 0, 0, 1)) for now in ticks(first, last, 97 * MINUTE)]
    done = [name for now in crooked for name in tick(session, now)]
    assert doubled(session, done) == {}
    for zone in zones:
        assert set(dates(date(2026, 3, 21), date(2026, 4, 8))) <= periods(session, f"reminder:{zone}").keys()
        assert {"2026-W13", "2026-W14", "2026-W15"} <= periods(session, f"summary:{zone}").keys()


def test_a_schedule_that_only_minds_its_next_time_would_be_noticed(session: Session) -> None:
    """What `run` would be without the period: an hour changed after it was done is done again."""

    def careless(found: Schedule, now: datetime) -> bool:
        rules = policy.load(session, TEAM)
        times = schedules.timetables(session, TEAM, rules)[found.name]
        if times.spec != found.spec:
            schedules.plan(session, TEAM, now)
            return False
        newest, _ = times.last(found.next_at - timedelta(microseconds=1), now)
        if newest is None or not store.claim(session, found, times.next(now).due):
            return False
        store.first_in_period(session, TEAM, found.name, newest.period, due_at=newest.due, now=now, late=False)
        return True

    settle_in(session, [])
    first = [found.name for found in store.due(session, later(hours=2), 10) if careless(found, later(hours=2))]
    policy_service.apply(session, TEAM, {"reminders": {"summary": "mon 12:00"}}, "test", later(hours=2))
    second = [found.name for found in store.due(session, later(hours=3), 10) if careless(found, later(hours=3))]
    assert doubled(session, first + second) == {"summary:UTC": 2}


def test_an_hour_changed_after_it_was_done_does_not_do_it_again_today(session: Session) -> None:
    settle_in(session, [])
    done = tick(session, later(hours=2))
    policy_service.apply(session, TEAM, {"reminders": {"summary": "mon 12:00"}}, "test", later(hours=2))
    done += tick(session, later(hours=3))
    assert sorted(done) == ["reminder:UTC", "summary:UTC"]
    assert planned(session)["summary:UTC"].next_at == later(days=7, hours=3)


def test_an_hour_changed_before_it_was_done_holds_at_once(session: Session) -> None:
    settle_in(session, [])
    overdue = planned(session)["summary:UTC"]
    policy.replace(session, TEAM, {"reminders": {"summary": "mon 15:00"}}, "test", later(hours=1))
    assert not schedules.run(session, overdue, later(hours=1))  # found before it was changed
    assert planned(session)["summary:UTC"].next_at == later(hours=6)
    assert drive(session, later(hours=1), later(hours=6), 10 * MINUTE).count("summary:UTC") == 1


def test_what_nobody_wants_any_more_is_not_done_though_it_was_found(session: Session) -> None:
    settle_in(session, [])
    found = planned(session)["digest"]
    make.rules(session, review=FORTNIGHTLY)  # the channel is unset
    assert not schedules.run(session, found, later(days=8))
    assert "digest" not in planned(session)
    assert "digest:2026-12-01" not in make.waiting(session)


def test_meetings_moved_to_another_day_are_announced_for_that_day(session: Session) -> None:
    settle_in(session, [])
    review = {**FORTNIGHTLY, "when": "thu 16:00", "first": "2026-12-03"}
    policy_service.apply(session, TEAM, {"review": review}, "test", MONDAY)
    drive(session, MONDAY, later(days=24), HOUR)
    assert list(periods(session, "digest")) == ["2026-12-03", "2026-12-17"]
    assert DAYS[date(2026, 12, 3).weekday()] == "thu"


# Several replicas, and crashes


def replica(database: Database, now: datetime) -> Done:
    """Do what is due as a replica does: look first, then each in a transaction of its own."""
    with database.read() as session:
        due = store.due(session, now, 100)
    done = []
    for found in due:
        with database.begin() as session:
            if schedules.run(session, found, now):
                done.append(found.name)
    return done


@pytest.fixture
def settled(database: Database) -> Database:
    with database.begin() as session:
        settle_in(session, ["Europe/Berlin", "Asia/Shanghai", "America/New_York"])
    return database


def test_replicas_that_race_do_each_period_once(settled: Database) -> None:
    done: Done = []
    for now in ticks(MONDAY, later(days=9), 5 * HOUR):
        for names in make.at_once(3, lambda _, now=now: replica(settled, now)):  # type: ignore[misc]
            assert isinstance(names, list)
            done += names
    with settled.read() as session:
        assert doubled(session, done) == {}
        assert periods(session, "reminder:Asia/Shanghai").keys() == set(dates(date(2026, 11, 24), date(2026, 12, 2)))
        assert list(periods(session, "summary:America/New_York")) == ["2026-W48", "2026-W49"]
        assert list(periods(session, "digest")) == ["2026-12-01"]


def test_replicas_that_claim_nothing_would_be_noticed(settled: Database) -> None:
    def careless(_: int) -> list[str]:
        with settled.read() as session:
            return [found.name for found in store.due(session, later(hours=1), 100)]

    done = [name for names in make.at_once(2, careless) if isinstance(names, list) for name in names]
    replica(settled, later(hours=1))
    with settled.read() as session:
        assert doubled(session, done) != {}


def test_what_was_found_by_two_is_claimed_by_one(settled: Database) -> None:
    with settled.read() as session:
        (found,) = [each for each in store.due(session, later(hours=1), 10) if each.name == "summary:UTC"]

    def claim(_: int) -> bool:
        with settled.begin() as session:
            return store.claim(session, found, later(days=7, hours=1))

    assert sorted(make.at_once(4, claim), key=str) == [False, False, False, True]


def run_and_fail(database: Database, found: Schedule, now: datetime) -> None:
    with database.begin() as session:
        assert schedules.run(session, found, now)
        _ = 1 / 0


def test_a_crash_before_the_commit_leaves_it_to_be_done(settled: Database) -> None:
    due = datetime(2026, 11, 30, 10, tzinfo=UTC)
    with settled.read() as session:
        found = planned(session)["digest"]
    with pytest.raises(ZeroDivisionError):
        run_and_fail(settled, found, due)
    with settled.read() as session:
        assert periods(session, "digest") == {}
        assert "digest:2026-12-01" not in make.waiting(session)
    assert "digest" in replica(settled, due + MINUTE)
    assert "digest" not in replica(settled, due + 2 * MINUTE)
    with settled.read() as session:
        assert list(periods(session, "digest")) == ["2026-12-01"]
        assert "digest:2026-12-01" in make.waiting(session)
