"""The table of scheduled jobs: what every replica does regularly. That two do it at once does no harm."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.domain.refusals import Busy
from bot.policy import PolicyUnreadableError
from bot.services import feedback, schedules, votes
from storage import feedback as feedback_store
from storage import outbox_care, seen, workspaces
from storage import schedules as schedule_store
from storage import votes as vote_store
from storage.db import Database

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
"""How long we remember what we took, and what we sent; Slack's own repeats end within a day."""

PERIODS_KEPT = timedelta(days=400)
"""How long we remember in which periods something was done."""

PURGED = 500
"""How many messages one transaction forgets: everybody else's wait behind it."""

BATCH = 100
"""How much of what is due a tick takes up; the rest is the next tick's."""


@dataclass(frozen=True)
class Job:
    """Something done regularly by every replica."""

    name: str
    every: timedelta
    do: Callable[[Database, datetime], None]


def plan_schedules(database: Database, now: datetime) -> None:
    """Plan what each workspace wants done regularly, after changes of its policy or of where its people live."""
    with database.read() as session:
        teams = workspaces.served(session)
    for team_id in teams:
        _one(database, schedules.plan, team_id, now, quiet=True)


def run_schedules(database: Database, now: datetime) -> None:
    """Do what is due: digests, reminders, summaries. Each in a transaction of its own."""
    with database.read() as session:
        due = schedule_store.due(session, now, BATCH, workspaces.stopped(session))
    for found in due:
        _one(database, schedules.run, found, now)


def close_expired_votes(database: Database, now: datetime) -> None:
    """Close the rounds whose deadline came without a quorum."""
    with database.read() as session:
        due = vote_store.expired(session, now, BATCH)
    for team_id, requirement in due:
        _one(database, votes.close_expired, team_id, requirement, now)


def follow_up_questions(database: Database, now: datetime) -> None:
    """Ask once more what was not answered in time, and then tell the managers."""
    with database.read() as session:
        due = feedback_store.to_follow_up(session, now, BATCH)
    for team_id, number in due:
        _one(database, feedback.follow_up, team_id, number, now)


def _one(database: Database, work: Callable[..., bool | None], *facts: Any, quiet: bool = False) -> None:
    """Do one piece of work in its own transaction; that it fails is logged, and keeps no other from being done.

    `quiet` work changes nothing that anybody waits for; that it was done is not worth a line.
    """
    try:
        with database.begin(quiet=quiet) as session:
            done = work(session, *facts)
    except Busy:
        raise
    except PolicyUnreadableError as error:
        log.error("job.settings_unreadable", piece=work.__qualname__, reason=str(error))  # noqa: TRY400 - no fault of ours
    except Exception:
        log.exception("job.piece_failed", piece=work.__qualname__, facts=[str(fact) for fact in facts])
    else:
        if not quiet:
            log.info("job.piece", piece=f"{work.__module__}.{work.__qualname__}", done=done)


def forget_old(database: Database, now: datetime) -> None:
    """Delete the keys of gestures and events that can no longer come again, and long past periods."""
    with database.begin(quiet=True) as session:
        seen.forget(session, before=now - KEPT)
        schedule_store.forget(session, before=now - PERIODS_KEPT)


def forget_sent(database: Database, now: datetime) -> None:
    """Delete messages that were sent long ago, with the news in them, in small pieces.

    What died stays until somebody sends it again or drops it. Where messages stand is remembered for good.
    """
    count = PURGED
    while count == PURGED:
        with database.begin(quiet=True) as session:
            count = outbox_care.forget(session, before=now - KEPT, limit=PURGED)


TICK = timedelta(seconds=1)
"""How often we look for what is due; each look is one indexed read."""

JOBS = (
    Job("run_schedules", TICK, run_schedules),
    Job("close_expired_votes", TICK, close_expired_votes),
    Job("follow_up_questions", TICK, follow_up_questions),
    Job("plan_schedules", timedelta(minutes=1), plan_schedules),
    Job("forget_old", timedelta(hours=6), forget_old),
    Job("forget_sent", timedelta(hours=6), forget_sent),
)
