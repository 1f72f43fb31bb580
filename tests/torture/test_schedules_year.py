"""A year of schedules all over the world, with several replicas, outages and clocks that step: each period once."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.domain.calendar import at
from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.domain.refusals import Busy
from bot.services import feedback, schedules
from storage import people, policy
from storage import schedules as store
from storage.db import Database, table
from storage.outbox import OutboxRow
from storage.people import Profile
from storage.schedules import Period, Schedule
from tests import make
from tests.make import TEAM
from tests.services.regular import CHANNELS, DAY, FORTNIGHTLY, HOUR, MINUTE, periods
from tests.torture.length import LONG, PATIENCE_S, SEED, timed
from tests.zones import ZONES

REPLICAS = 3
LATE = 15 * MINUTE
STEADY = 3 * HOUR
"""Around outages clocks go right, so that what was missed is known to the minute."""

Run = Callable[[Session, Schedule, datetime], bool]
Outage = tuple[datetime, datetime]


@dataclass(frozen=True)
class Story:
    """Where people live, from when until when we look on, and when nothing runs."""

    zones: tuple[str, ...]
    first: datetime
    last: datetime
    outages: tuple[Outage, ...]


def outages(
    first: datetime, last: datetime, count: int, longest: timedelta, chance: random.Random
) -> tuple[Outage, ...]:
    """Draw outages of an hour or more, at least two days apart."""
    each = (last - first) / count
    found = []
    for number in range(count):
        begins = first + each * number + chance.random() * (each - longest - 2 * DAY) + DAY
        found.append((begins, begins + HOUR + chance.random() * (longest - HOUR)))
    return tuple(found)


def story() -> Story:
    """Return a year everywhere; in a short run, weeks in which clocks change, at some places."""
    chance = random.Random(SEED)  # noqa: S311 - chance, not a secret
    if LONG:
        first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 6, tzinfo=UTC)
        return Story(ZONES, first, last, outages(first, last, 12, 9 * DAY, chance))
    first, last = datetime(2026, 3, 21, tzinfo=UTC), datetime(2026, 4, 8, tzinfo=UTC)
    return Story(ZONES[1::4], first, last, outages(first, last, 2, 3 * DAY, chance))


def settle_in(session: Session, told: Story) -> None:
    """Let somebody live in each zone who reviews, and who wants their week's summary. One vote stays open."""
    reviewers = [f"U{number}" for number in range(len(told.zones))]
    everybody: dict[str, object] = {"reviewers": reviewers, "admins": ["UADA"]}
    make.rules(
        session, channels=CHANNELS, review=FORTNIGHTLY, people=everybody, vote={"quorum": len(reviewers), "days": 1}
    )
    for person, zone in zip(reviewers, told.zones, strict=True):
        people.save(session, TEAM, Profile(person, person, "en", zone))
        people.choose_summary(session, TEAM, person, "always")
        make.file(session, f"{person} asks.", Actor(TEAM, person), kind=Kind.QUESTION)
    feedback.file(session, make.ALICE, Draft(words="They need votes.", customer_name="Acme"), told.first, key="view:1")
    make.delivered(session)
    schedules.plan(session, TEAM, told.first)


@contextmanager
def replicas(database: Database) -> Iterator[list[Database]]:
    """Give a database object for each replica. SQLite has one process, so there they share it."""
    if database.is_sqlite:
        yield [database] * REPLICAS
        return
    url = database.url.render_as_string(hide_password=False)
    with ExitStack() as opened:
        yield [opened.enter_context(closing(Database(url))) for _ in range(REPLICAS)]


def tick(database: Database, now: datetime, run: Run) -> list[str]:
    """Do what is due as a replica does; return what was done."""
    with database.read() as session:
        due = store.due(session, now, 100)
    return [found.name for found in due if patiently(database, found, now, run)]


def patiently(database: Database, found: Schedule, now: datetime, run: Run) -> bool:
    """Do one piece, again while the database is busy; a replica would do it at its next tick."""
    for _ in range(30):
        with suppress(Busy), database.begin(quiet=True) as session:
            return run(session, found, now)
    raise AssertionError(f"{found.name} was never done")


def live(database: Database, told: Story, run: Run = schedules.run) -> Counter[str]:
    """Let time pass; return how often each schedule was done."""
    chance, done = random.Random(SEED), Counter[str]()  # noqa: S311 - chance, not a secret
    offsets = [timedelta()] * REPLICAS
    with replicas(database) as each, ThreadPoolExecutor(REPLICAS) as pool:
        for now, is_steady in moments(database, told, chance):
            offsets = [timedelta()] * REPLICAS if is_steady else stepped(offsets, chance)
            for names in pool.map(tick, each, [now + offset for offset in offsets], [run] * REPLICAS):
                done.update(names)
            deliver(database)
    return done


def stepped(offsets: list[timedelta], chance: random.Random) -> list[timedelta]:
    """Now and then a clock steps by an hour, either way, or is put right."""
    return [chance.choice((-HOUR, HOUR, timedelta())) if chance.random() < 0.1 else offset for offset in offsets]


def moments(database: Database, told: Story, chance: random.Random) -> Iterator[tuple[datetime, bool]]:
    """Give the times to look at what is due, none of them in an outage; and whether clocks go right then."""
    now, rest = told.first, list(told.outages)
    while now < told.last:
        with database.read() as session:
            due = session.scalar(select(func.min(Schedule.next_at))) or told.last
        now = max(now + 5 * MINUTE, due) + chance.random() * 10 * MINUTE
        edges = [edge for outage in told.outages for edge in outage] + [told.last]
        if rest and now >= rest[0][0]:
            begins, now = rest.pop(0)
            yield begins, True
        yield min(now, told.last), any(abs(edge - now) < STEADY for edge in edges)


def deliver(database: Database) -> None:
    """Send what waits, so that what is said twice is seen twice."""
    with database.begin(quiet=True) as session:
        session.execute(update(table(OutboxRow)).where(OutboxRow.state == "waiting").values(state="sent"))


# -- what should have been


def wanted(told: Story) -> dict[str, dict[str, datetime]]:
    """Return schedule -> period -> when it was due, counted by hand."""
    days = [told.first.date() + DAY * ahead for ahead in range(-2, (told.last - told.first).days + 3)]
    found = {"digest": {day.isoformat(): at(day - DAY, time(10), ZoneInfo("UTC")) for day in days if is_meeting(day)}}
    for name in {*told.zones, "UTC"}:
        zone = ZoneInfo(name)
        found[f"reminder:{name}"] = {day.isoformat(): at(day, time(9, 30), zone) for day in days}
        found[f"summary:{name}"] = {week(day): at(day, time(10), zone) for day in days if day.weekday() == 0}
    return {
        name: {period: due for period, due in each.items() if told.first < due <= told.last}
        for name, each in found.items()
    }


def is_meeting(day: date) -> bool:
    return (day - date(2026, 1, 13)).days % 14 == 0 and day >= date(2026, 1, 13)


def week(day: date) -> str:
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02}"


def wrong(session: Session, told: Story, done: Counter[str]) -> list[str]:
    """Return what was done twice, not at all, or not made up for as it should be."""
    found = []
    for name, due in wanted(told).items():
        noted = periods(session, name)
        if done[name] != len(noted):
            found.append(f"{name} was done {done[name]} times in {len(noted)} periods")
        missed = {period for outage in told.outages for period in not_made_up(name, due, noted, outage, found)}
        if noted.keys() != due.keys() - missed:
            found.append(f"{name}: {sorted(noted.keys() ^ (due.keys() - missed))}")
    return found + wrong_letters(session, told)


def not_made_up(
    name: str, due: dict[str, datetime], noted: dict[str, Period], outage: Outage, found: list[str]
) -> list[str]:
    """Return the periods that came due in an outage but for the last, which must be made up for at once, and late."""
    begins, ends = outage
    within = [period for period, moment in due.items() if begins < moment <= ends]
    if not within:
        return []
    last = noted.get(within[-1])
    if last is None or (last.done_at, last.late) != (ends, ends - due[within[-1]] > LATE):
        found.append(f"{name}: {within[-1]} was not made up for after {ends}")
    return within[:-1]


def wrong_letters(session: Session, told: Story) -> list[str]:
    """Each person hears once of each period that was done in its own day or week, and of no other."""
    rows = session.execute(select(OutboxRow.kind, OutboxRow.lane, OutboxRow.about)).all()
    said = Counter((kind, lane, about) for kind, lane, about in rows if kind in {"digest", "summary", "reminder"})
    expected = {("digest", "review", period) for period in periods(session, "digest")}
    for number, name in enumerate(told.zones):
        for kind in ("summary", "reminder"):
            noted = periods(session, f"{kind}:{name}").values()
            expected |= {(kind, f"U{number}", one.period) for one in noted if is_in_time(kind, one, ZoneInfo(name))}
    doubled = [f"said {count} times: {letter}" for letter, count in said.items() if count > 1]
    return doubled + [f"said or not against the rules: {letter}" for letter in said.keys() ^ expected]


def is_in_time(kind: str, one: Period, zone: ZoneInfo) -> bool:
    day = one.done_at.astimezone(zone).date()
    return one.period == (week(day) if kind == "summary" else day.isoformat()) and (
        kind == "summary" or day.weekday() < 5
    )


@pytest.mark.timeout(PATIENCE_S)
def test_in_a_year_everywhere_nothing_is_done_twice_and_nothing_missed(database: Database) -> None:
    told = story()
    with timed("a year of schedules", database.engine.dialect.name) as counts:
        with database.begin() as session:
            settle_in(session, told)
        done = live(database, told)
        with database.read() as session:
            counts["findings"] = wrong(session, told, done)
            # Clocks that step forward find more late than that, by their own reckoning.
            back = [ends for _, ends in told.outages]
            made_up = (Period.late.is_(True), Period.done_at.in_(back))
            late = session.scalar(select(func.count()).select_from(Period).where(*made_up))
        counts |= {
            "zones": len(told.zones),
            "periods": done.total(),
            "outages": len(told.outages),
            "made up late": late,
        }
    assert done.total() > (5000 if LONG else 100)


# -- what would be noticed


def unguarded(session: Session, found: Schedule, now: datetime) -> bool:
    """Do what was found due, and then say when it is due next."""
    rules = policy.load(session, TEAM)
    times = schedules.timetables(session, TEAM, rules)[found.name]
    newest, _ = times.last(found.next_at - timedelta(microseconds=1), now)
    if newest is None:
        return False
    name, _, zone = found.name.partition(":")
    store.first_in_period(
        session, TEAM, found.name, newest.period, due_at=newest.due, now=now, late=now - newest.due > LATE
    )
    schedules.TASKS[name](session, TEAM, zone, rules, newest, now)
    following = times.next(now).due
    session.execute(update(table(Schedule)).where(Schedule.name == found.name).values(next_at=following))
    return True


def in_time_or_never(session: Session, found: Schedule, now: datetime) -> bool:
    """Skip what is late, as schedulers with a misfire grace time do."""
    if now - found.next_at > LATE:
        times = schedules.timetables(session, TEAM, policy.load(session, TEAM))[found.name]
        store.claim(session, found, times.next(now).due)
        return False
    return schedules.run(session, found, now)


@pytest.mark.parametrize(("careless", "said"), [(unguarded, " times in "), (in_time_or_never, "was not made up for")])
def test_a_careless_schedule_is_noticed(database: Database, careless: Run, said: str) -> None:
    first = datetime(2026, 3, 28, tzinfo=UTC)
    told = Story(ZONES[9:12], first, first + 4 * DAY, ((first + DAY, first + DAY + 30 * HOUR),))
    with database.begin() as session:
        settle_in(session, told)
    done = live(database, told, careless)
    with database.read() as session:
        assert any(said in what for what in wrong(session, told, done))
