"""The table of scheduled jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import seen
from storage.db import Database

KEPT = timedelta(days=30)
"""How long we remember what we took; Slack's own repeats end within a day."""


@dataclass(frozen=True)
class Job:
    """Something done regularly by every replica; doing it twice must do no harm."""

    name: str
    every: timedelta
    do: Callable[[Database, datetime], None]


def forget_seen(database: Database, now: datetime) -> None:
    """Delete the keys of gestures and events that can no longer come again."""
    with database.begin() as session:
        seen.forget(session, before=now - KEPT)


JOBS = (Job("forget_seen", timedelta(hours=6), forget_seen),)
