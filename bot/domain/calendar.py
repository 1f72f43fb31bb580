"""Working days, decent hours, and when something regular is due: local wall times of a zone, answered in UTC.

A wall time that a clock change skips is taken as if the change had not come yet (02:30 becomes 03:30); one that comes
twice is taken the first time. That is what `fold=0` means in PEP 495.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSING = time(18)
"""When a working day ends: the time of day at which votes close."""

_DAY = timedelta(days=1)


@cache
def zone_named(name: str) -> ZoneInfo | None:
    """Return a time zone by its name (Europe/Berlin); None when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


@dataclass(frozen=True)
class Calendar:
    """A workspace's working days. `weekend` holds weekdays (Monday is 0), `holidays` dates."""

    zone: ZoneInfo
    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        """Say whether people work that day."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def after(self, day: date, days: int) -> date:
        """Return the working day that comes `days` working days after a day."""
        while days > 0:
            day += _DAY
            days -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Count the working days after `first` up to `last`; 0 when `last` is not later."""
        return sum(self.is_working(first + _DAY * ahead) for ahead in range(1, (last - first).days + 1))

    def local(self, moment: datetime) -> date:
        """Return the date a moment has here."""
        return moment.astimezone(self.zone).date()

    def deadline(self, start: datetime, days: int) -> datetime:
        """Return the end of the working day that comes `days` working days after a moment; its own day counts not."""
        return at(self.after(self.local(start), days), CLOSING, self.zone)

    def resumed(self, due: datetime, paused: datetime, now: datetime) -> datetime:
        """Return a deadline moved by the working days it stood still, and one working day from now at the earliest."""
        still = self.between(self.local(paused), self.local(now))
        moved = at(self.after(self.local(due), still), CLOSING, self.zone) if still else due
        return max(moved, self.deadline(now, 1))


def at(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return the moment of a wall time in a zone, in UTC."""
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True)
class Quiet:
    """When nobody is disturbed: from `start` to `end`, and on free days. Equal times: on free days only."""

    start: time
    end: time
    days: frozenset[int] = frozenset()

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the quiet around a moment ends for somebody who lives in a zone; None when it is not quiet.

        A day's waking hours run from `end` to `start`, past midnight if need be; they belong to the day they begin on.
        """
        today = now.astimezone(zone).date()
        for ahead in range(-1, 9):
            day = today + _DAY * ahead
            if day.weekday() in self.days:
                continue
            wake = at(day, self.end, zone)
            sleep = at(day if self.start > self.end else day + _DAY, self.start, zone)
            if now < sleep and wake < sleep:  # a clock change may skip a short day altogether
                return wake if now < wake else None
        return None


@dataclass(frozen=True)
class Timetable:
    """Something regular: on these weekdays at this wall time, every so many weeks counted from `first`'s week.

    It is due `lead_days` days or `lead_hours` hours before. `by_week`: its period is the ISO week, else the date.
    """

    zone: ZoneInfo
    wall: time
    days: frozenset[int] = frozenset(range(7))
    every: int = 1
    first: date | None = None
    lead_days: int = 0
    lead_hours: int = 0
    by_week: bool = False

    @property
    def spec(self) -> str:
        """Return all of it as text, by which a change is noticed."""
        days = "".join(map(str, sorted(self.days)))
        lead = f"{self.lead_days}d{self.lead_hours}h"
        return f"{self.zone.key} {self.wall:%H:%M} {days} {self.every} {self.first} {lead} {self.by_week}"

    def next(self, after: datetime) -> "Occurrence":
        """Return the first occurrence that is due later than a moment."""
        day = max(after.astimezone(self.zone).date() - _DAY, self.first or date.min)
        while True:
            if self._is_on(day):
                found = self._on(day)
                if found.due > after:
                    return found
            day += _DAY

    def last(self, since: datetime, now: datetime) -> "tuple[Occurrence | None, int]":
        """Return the newest occurrence due after `since` and not after `now`, and how many there were."""
        newest, count, coming = None, 0, self.next(since)
        while coming.due <= now:
            newest, count, coming = coming, count + 1, self.next(coming.due)
        return newest, count

    def _is_on(self, day: date) -> bool:
        if day.weekday() not in self.days or (self.first and day < self.first):
            return False
        return self.every == 1 or (_monday(day) - _monday(self.first or date.min)).days // 7 % self.every == 0

    def _on(self, day: date) -> "Occurrence":
        due = at(day - _DAY * self.lead_days, self.wall, self.zone) - timedelta(hours=self.lead_hours)
        year, week, _ = day.isocalendar()
        period = f"{year}-W{week:02}" if self.by_week else day.isoformat()
        return Occurrence(due, at(day, self.wall, self.zone), period)


@dataclass(frozen=True)
class Occurrence:
    """One time of something regular: when it is due, the moment it is for, and the period it may be done once in."""

    due: datetime
    moment: datetime
    period: str


def _monday(day: date) -> date:
    return day - _DAY * day.weekday()
