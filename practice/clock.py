"""The workspace's own time: the machine's clock plus an offset that a story may move."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["PracticeClock", "next_weekday"]


class PracticeClock:
    """Runs at real speed and can be moved, so that a week of a story takes no time."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The workspace's time as an aware UTC datetime."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    def epoch(self) -> float:
        """The workspace's time in seconds since 1970."""
        return self.now().timestamp()

    def advance(self, by: timedelta) -> datetime:
        """Moves the clock and wakes whoever waits for a time of it.

        Returns:
            The time after the move.
        """
        with self._lock:
            self._offset += by
        for listener in tuple(self._listeners):
            listener()
        return self.now()

    def on_move(self, listener: Callable[[], None]) -> None:
        """Calls `listener` (quick, no arguments) after every move."""
        self._listeners.append(listener)


def next_weekday(now: datetime, weekday: int, hour: int, tz: str) -> datetime:
    """The next such weekday (0 is Monday) at the full hour in a time zone, later than `now`, as an aware datetime."""
    local = now.astimezone(ZoneInfo(tz))
    day = local.replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=(weekday - local.weekday()) % 7)
    return day if day > local else day + timedelta(days=7)
