"""Brings a database to the newest revision. Alembic costs half a second to import, so only when there is work."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.db import Database, answering

HEAD = "0007"
"""The newest revision; a test holds it against the files."""

FOLDER = Path(__file__).parent.parent / "alembic"
_LOCK = 0x4E454544  # any number that is ours: replicas starting together migrate one after another


class NotMigratedError(Exception):
    """The database is not at HEAD."""


def import_tables() -> None:
    """Make every table known to the metadata."""
    from storage import (  # noqa: F401, PLC0415 - imported for their tables
        changes,
        counters,
        customers,
        feedback,
        home,
        news,
        outbox,
        people,
        places,
        policy,
        policy_log,
        requirements,
        schedules,
        seen,
        votes,
        workspaces,
    )


def revision(database: Database) -> str | None:
    """Return the revision the database is at; None when it is empty. Raises Busy when it does not answer."""
    with answering(), database.reader.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


Progress = Callable[[int, int], None]
"""Hears how many revisions were applied, and of how many."""


def upgrade(database: Database, progress: Progress = lambda _done, _total: None) -> None:
    """Migrate to HEAD; nothing happens when the database is there. Raises NotMigratedError when it is beyond."""
    found = revision(database)
    if found is not None and found > HEAD:
        raise NotMigratedError(_beyond(found))
    if found != HEAD:
        with answering(), database.engine.begin() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _run_alembic(connection, found, progress)


def _run_alembic(connection: Connection, found: str | None, progress: Progress) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's first line
    from alembic.config import Config  # noqa: PLC0415 - likewise
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    ahead = list(ScriptDirectory.from_config(config).iterate_revisions(HEAD, found))
    done = count(1)
    config.attributes["connection"] = connection
    config.attributes["on_version_apply"] = lambda **_: progress(next(done), len(ahead))
    command.upgrade(config, "head")


def check(database: Database) -> None:
    """Raise NotMigratedError, saying what to do, when the database is not at HEAD."""
    found = revision(database)
    if found is not None and found > HEAD:
        raise NotMigratedError(_beyond(found))
    if found != HEAD:
        raise NotMigratedError(
            f"The database is at revision {found or 'none'}, this version needs {HEAD}. Run `needline migrate`."
        )


def _beyond(found: str) -> str:
    return (
        f"The database is at revision {found}, newer than this version's {HEAD}. "
        "Run the version of Needline that made it, or restore a backup made before the upgrade."
    )
