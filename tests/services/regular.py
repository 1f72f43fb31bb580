"""What is done regularly in a workspace, and ticking through the time in which it is."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.services import schedules
from storage import people
from storage import schedules as store
from storage.people import Profile
from storage.schedules import Period, Schedule
from tests import make
from tests.make import MONDAY, TEAM

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CHANNELS = {"triage": "C0TRIAGE", "review": "C0REVIEW"}
FORTNIGHTLY = {"when": "tue 10:00", "every": "2 weeks", "first": "2026-01-13", "lead": "1 day"}

Done = list[str]


def settle_in(session: Session, zones: Collection[str], now: datetime = MONDAY, team_id: str = TEAM) -> None:
    """Let somebody live in each zone, name a review channel, and plan what is regular."""
    make.rules(session, team_id, channels=CHANNELS, review=FORTNIGHTLY)
    for number, zone in enumerate(zones):
        people.save(session, team_id, Profile(f"U{number}", f"Person {number}", "en", zone))
    schedules.plan(session, team_id, now)


def tick(session: Session, now: datetime) -> Done:
    """Do what is due; return the names of what was done."""
    return [found.name for found in store.due(session, now, 1000) if schedules.run(session, found, now)]


def ticks(first: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += step


def drive(session: Session, first: datetime, last: datetime, step: timedelta) -> Done:
    return [name for now in ticks(first, last, step) for name in tick(session, now)]


def periods(session: Session, name: str, team_id: str = TEAM) -> dict[str, Period]:
    """Return the periods in which a schedule was done, by when they were due."""
    query = select(Period).where(Period.team_id == team_id, Period.schedule == name).order_by(Period.due_at)
    return {found.period: found for found in session.scalars(query.execution_options(populate_existing=True))}


def planned(session: Session, team_id: str = TEAM) -> dict[str, Schedule]:
    query = select(Schedule).where(Schedule.team_id == team_id)
    return {found.name: found for found in session.scalars(query.execution_options(populate_existing=True))}


def doubled(session: Session, done: Done) -> dict[str, int]:
    """Return what was done more often than there are periods in which it was done."""
    times = Counter(done)
    return {name: count for name, count in times.items() if count != len(periods(session, name))}


def dates(first: date, last: date, step: int = 1) -> list[str]:
    return [(first + DAY * ahead).isoformat() for ahead in range(0, (last - first).days + 1, step)]
