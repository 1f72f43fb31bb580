"""APScheduler, in memory and only as a clock: it calls the jobs; what is due is asked of the database."""

from collections.abc import Iterable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot.domain.refusals import Busy
from bot.jobs import JOBS, Job
from bot.now import Now
from storage.db import Database

log = structlog.get_logger(__name__)


def start(database: Database, now: Now, jobs: Iterable[Job] = JOBS) -> BackgroundScheduler:
    """Start ticking; call `shutdown()` on what is returned."""
    scheduler = BackgroundScheduler(timezone="UTC")
    for job in jobs:
        # A missed tick is made up once, however late: APScheduler's own default would skip it after a second.
        scheduler.add_job(
            _run,
            "interval",
            args=(job, database, now),
            id=job.name,
            seconds=job.every.total_seconds(),
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    return scheduler


def _run(job: Job, database: Database, now: Now) -> None:
    try:
        job.do(database, now())
    except Busy:
        log.warning("job.database_busy", job=job.name)
    except Exception:
        log.exception("job.failed", job=job.name)
