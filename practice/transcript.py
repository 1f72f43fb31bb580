"""What people saw, in order, as they read it."""

from collections.abc import Iterator
from datetime import datetime

from practice.state import Sight, State
from practice.text import message_text, view_text

__all__ = ["transcript"]


def transcript(state: State, who: str | None = None, since: datetime | None = None) -> str:
    """Everything that one person (an id) or anybody saw since a time of the practice clock, a paragraph a sight."""
    with state.lock:
        sights = [sight for sight in state.sights if _matters(sight, who, since)]
        names = state.names()
    return "\n".join(_days(sights, names))


def _days(sights: list[Sight], names: dict[str, str]) -> Iterator[str]:
    """The lines, with a date where a day begins, if it is not all one day."""
    days = {sight.at.date() for sight in sights}
    day = None
    for sight in sights:
        if len(days) > 1 and sight.at.date() != day:
            day = sight.at.date()
            yield f"--- {day:%A %Y-%m-%d} (UTC)"
        yield from _lines(sight, names)


def _matters(sight: Sight, who: str | None, since: datetime | None) -> bool:
    return (who is None or who in sight.viewers) and (since is None or sight.at >= since)


def _lines(sight: Sight, names: dict[str, str]) -> Iterator[str]:
    yield f"{sight.at:%H:%M:%S}  {sight.line}"
    shown = ""
    if sight.message is not None:
        shown = message_text(sight.message, names)
    elif sight.view is not None:
        shown = view_text(sight.view, names)
    yield from (f"          {line}" for line in shown.splitlines())
