"""Looks at everything Needline needs, changes nothing, and says what to do about what is wrong."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot import logs, now
from bot.config import Config
from bot.domain.findings import Finding, broken, warning, well
from bot.domain.refusals import Busy
from bot.policy import Policy, PolicyError
from bot.services import checkup
from handlers.slack import checkup as slack
from storage import migrations, workspaces
from storage import policy as policy_store
from storage.db import Database

MANIFEST = Path(__file__).parent.parent / "manifest.json"
MEGABYTE = 1024 * 1024
SCARCE, NONE_LEFT = 500 * MEGABYTE, 20 * MEGABYTE
"""Free bytes on the disk of a SQLite file below which it is worth a look, and below which writing soon fails."""


def examine(config: Config, machine: Callable[[], datetime] = now.system) -> list[Finding]:
    """Look at everything. `machine` is this machine's clock; in practice the workspace has one of its own."""
    told = slack.token(config, _scopes(), machine)
    database = Database(config.database_url)
    try:
        stored = _stored(database, config, told.team_id, machine)
    finally:
        database.close()
    return [*told.findings, *(slack.app_token(config) if told.team_id else []), *stored]


def named(config: Config, policy: Policy, tables: Collection[str]) -> list[Finding]:
    """Return what is wrong with the channels and people that these tables of a policy name."""
    places = slack.places(config, policy) if "channels" in tables else []
    people = slack.people(config, policy) if {"people", "departments", "vote"} & set(tables) else []
    return [finding for finding in (*places, *people) if finding.condition != "ok"]


def _scopes() -> list[str] | None:
    try:
        return list(json.loads(MANIFEST.read_text(encoding="utf-8"))["oauth_config"]["scopes"]["bot"])
    except (OSError, ValueError, KeyError):
        return None


def _stored(database: Database, config: Config, team_id: str | None, machine: Callable[[], datetime]) -> list[Finding]:
    """Look at the database, and at what it says should be."""
    found = [*_disk(database), *_reachable(database, machine)]
    if any(finding.check == "database" and finding.condition != "ok" for finding in found):
        return found
    moment = now.practice(config.needline_clock_url)() if config.needline_clock_url else machine()
    with database.read() as session:
        teams = [team_id] if team_id else workspaces.known(session)
    for team in teams:
        found += _workspace(database, config, team, moment, asks_slack=team_id is not None)
    return found


def _workspace(
    database: Database, config: Config, team_id: str, moment: datetime, *, asks_slack: bool
) -> list[Finding]:
    try:
        with database.read() as session:
            policy = policy_store.load(session, team_id)
            found = checkup.examine(session, team_id, policy, moment)
    except PolicyError as error:
        what = f"The settings cannot be read: {'; '.join(str(error).splitlines())}"
        return [
            broken(
                "settings",
                what,
                "Update Needline if a newer one wrote them; else correct them with `needline policy apply`.",
            )
        ]
    return [*slack.places(config, policy), *slack.people(config, policy), *found] if asks_slack else found


def _reachable(database: Database, machine: Callable[[], datetime]) -> list[Finding]:
    """Look whether the database answers, is whole, and has this version's form."""
    if database.is_sqlite and not _file(database).exists():
        return [
            warning(
                "database",
                f"There is no database at {_file(database)} yet.",
                "The first start makes it; if there should be one, look at DATABASE_URL and the folder you are in.",
            )
        ]
    try:
        found = [_form(database, migrations.revision(database))]
        with database.read() as session:
            if not database.is_sqlite:
                return [*found, checkup.clock(session, machine())]
            whole = session.scalar(text("PRAGMA quick_check(1)"))
    except Busy as error:
        return [_away(str(error))]
    except SQLAlchemyError as error:
        return [_damaged(str(error.__cause__ or error))]
    return found if whole == "ok" else [_damaged(str(whole))]


def _form(database: Database, revision: str | None) -> Finding:
    if revision == migrations.HEAD:
        return well("database", f"The database answers and is at revision {revision}.")
    if revision is not None and revision > migrations.HEAD:
        return broken(
            "database",
            f"The database is at revision {revision}, newer than this version's {migrations.HEAD}.",
            "Run the version of Needline that made it, or restore a backup made before the upgrade.",
        )
    what = f"The database is at revision {revision or 'none'}, this version needs {migrations.HEAD}."
    if database.is_sqlite:
        return warning("database", what, "Run `needline migrate`, or start the bot, which does.")
    return broken("database", what, "Run `needline migrate`.")


def _away(why: str) -> Finding:
    return broken(
        "database",
        f"The database does not answer: {_line(why)}",
        "Look whether its server runs and DATABASE_URL is right.",
    )


def _damaged(why: str) -> Finding:
    return broken(
        "database", f"The database is damaged: {_line(why)}", "Stop the bot and run `needline restore` with a backup."
    )


def _line(why: str) -> str:
    line = " ".join(logs.redact_text(why).split())
    return line if line.endswith(".") else f"{line}."


def _disk(database: Database) -> list[Finding]:
    """Look whether a SQLite file can be written, and whether there is room."""
    if not database.is_sqlite:
        return []
    file = _file(database)
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".needline-doctor-") as probe:
            probe.write(bytes(4096))
            probe.flush()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        do = "Give the bot's user the right to write there, or name another folder in DATABASE_URL."
        return [broken("disk", f"The folder {file.parent} cannot be written to ({reason}).", do)]
    if file.exists() and not os.access(file, os.W_OK):
        return [broken("disk", f"{file} cannot be written to.", "Give the bot's user the right to write it.")]
    return [room(shutil.disk_usage(file.parent).free)]


def room(free: int) -> Finding:
    """Judge the free bytes of a disk."""
    said = f"{_size(free)} are free on the disk of the database"
    if free >= SCARCE:
        return well("disk", f"{said}.")
    told = warning if free >= NONE_LEFT else broken
    return told("disk", f"{said}; when it is full, nothing can be filed.", "Make room there, or move the database.")


def _size(count: int) -> str:
    megabytes = count // MEGABYTE
    return f"{megabytes // 1024} GB" if megabytes >= 10 * 1024 else f"{megabytes} MB"


def _file(database: Database) -> Path:
    return Path(database.url.database or "").absolute()
