"""The commands that keep a copy of everything, and put it back."""

import logging
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn
from sqlalchemy.engine import URL

from bot import config, logs, now, terminal
from storage import copies, migrations, outbox_care
from storage.copies import CopyError, InUseError
from storage.db import Database

PAGE = 4096
MEGABYTE = 1_000_000


def backup(file: Annotated[Path, typer.Argument(help="The file to write; there must be none yet.")]) -> None:
    """Write a copy of the database into a file, also while the bot runs. For PostgreSQL it names the command to use."""
    with terminal.plainly(), _told():
        database = _database()
        source = terminal.sqlite_file(database)
        if source is None:
            raise _say_how(f"pg_dump --format=custom --file={shlex.quote(str(file))} {_address(database.url)}")
        if not source.exists():
            raise terminal.fault(f"There is no database at {source}. Look at DATABASE_URL and the folder you are in.")
        try:
            with _progress("Copying") as progress:
                revision = copies.save(source, file.absolute(), progress)
        except FileExistsError:
            raise terminal.mistake(f"{file} exists already. Name another file.") from None
    print(f"Saved: {file} ({_size(file)}, revision {revision or 'none'}).")


def restore(
    file: Annotated[Path, typer.Argument(help="What `needline backup` wrote.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is there, and keep it beside.")] = False,
) -> None:
    """Put a copy of the database back while the bot is stopped, and bring it to this version's form."""
    with terminal.plainly(), _told():
        database = _database()
        target = terminal.sqlite_file(database)
        if target is None:
            how = "pg_restore --clean --if-exists --no-owner --single-transaction"
            raise _say_how(f"{how} --dbname={_address(database.url)} {shlex.quote(str(file))}")
        aside = target.with_name(f"{target.name}.before-{now.system():%Y%m%dT%H%M%S}")
        _check(file, target, aside, replace=replace)
        with _staged(file, target) as staged, _progress("Restoring") as progress:
            copies.put_back(staged, target, aside, progress)
        waiting = _waiting(database)
    kept = f" What was there is kept as {aside}." if aside.exists() else ""
    print(f"Restored: {target} (revision {migrations.HEAD}).{kept}")
    if waiting:
        print(
            f"{waiting} messages waited when the copy was made. Those sent since will be sent once more: look at "
            "`needline outbox list`, and drop what should not, before you start the bot."
        )


def _check(file: Path, target: Path, aside: Path, *, replace: bool) -> None:
    """Raise what keeps a copy from being put back."""
    revision = copies.look_at(file)
    if revision > migrations.HEAD:
        raise terminal.mistake(
            f"{file} is of revision {revision}, newer than this version's {migrations.HEAD}. Update Needline first."
        )
    if target.exists() and file.samefile(target):
        raise terminal.mistake(f"{file} is the database itself.")
    copies.check_free(target)
    if not replace and not copies.is_empty(target):
        raise terminal.mistake(f"There is a database at {target}. Say --replace; it is then kept as {aside.name}.")


@contextmanager
def _staged(file: Path, target: Path) -> Iterator[Path]:
    """Give a copy beside the target that has this version's form. Nothing is replaced by what cannot be migrated."""
    staged = target.with_name(f".{target.name}.restoring")
    staged.unlink(missing_ok=True)
    try:
        with _progress("Copying") as progress:
            copies.save(file, staged, progress)
        with closing(Database(f"sqlite:///{staged}")) as database, terminal.progress("Migrating") as drawn:
            migrations.upgrade(database, drawn)
        yield staged
    finally:
        for end in ("", "-wal", "-shm"):
            staged.with_name(staged.name + end).unlink(missing_ok=True)


def _database() -> Database:
    settings = config.load_database()
    logs.set_up(settings.log_format, logging.WARNING)
    return Database(settings.database_url)


def _waiting(database: Database) -> int:
    try:
        with database.read() as session:
            piles = outbox_care.piles(session)
    finally:
        database.close()
    return sum(pile.count for state, pile in piles.items() if state != "dead")


@contextmanager
def _told() -> Iterator[None]:
    """Tell why a copy failed in a sentence."""
    try:
        yield
    except InUseError as error:
        raise terminal.mistake(str(error)) from None
    except CopyError as error:
        raise terminal.fault(str(error)) from None


def _say_how(command: str) -> typer.Exit:
    """Name PostgreSQL's own command; nothing was done, so a script must not go on as if it was."""
    print(command)
    return terminal.mistake("PostgreSQL brings its own command; it asks for the password, or takes it from PGPASSWORD.")


def _address(url: URL) -> str:
    """Return a PostgreSQL address for a shell, without the password."""
    bare = url._replace(drivername="postgresql", password=None).difference_update_query(["password", "sslpassword"])
    return shlex.quote(bare.render_as_string())


@contextmanager
def _progress(what: str) -> Iterator[copies.Progress]:
    """Draw how many bytes are copied."""
    with terminal.progress(what, DownloadColumn()) as drawn:
        yield lambda left, total: drawn((total - left) * PAGE, total * PAGE)


def _size(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{size // 1000} kB"
