"""Copies of a SQLite database: made while the bot runs, put back while it does not."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

STEP = 1000
"""Pages copied between two looks at how far we are: 4 MB."""

WAIT_S = 2.0

_SHARES_BEGIN, _SHARES = 0x40000002, 510
"""The bytes by which SQLite's connections say that they are there: sqlite.org/fileformat2.html, lock-byte page."""

_IN_USE = "{file} is in use. Stop the bot first."

Progress = Callable[[int, int], None]
"""Hears how many pages are left, and how many there are."""


class CopyError(Exception):
    """A copy cannot be made or used; the message says why in a sentence."""


class InUseError(CopyError):
    """Somebody has the database open."""


def save(source: Path, target: Path, progress: Progress) -> str | None:
    """Copy a database, as it is at one moment, into a new file; return its revision. Others may write meanwhile.

    Only a copy that is whole gets the name. Raises FileExistsError, CopyError.
    """
    if target.exists():
        raise FileExistsError(target)
    part = target.with_name(f".{target.name}.part")
    with _vanishing(part), told(f"{target} cannot be written"):
        _touch(part)
        with closing(_open(source)) as database, closing(sqlite3.connect(part)) as copy:
            database.execute("BEGIN")  # we copy what stands now, whatever others commit
            database.execute("SELECT count(*) FROM sqlite_master")
            database.backup(copy, pages=STEP, progress=lambda _status, left, total: progress(left, total))
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, that can be carried away
            revision = _checked(copy)
        part.rename(target)
    return revision


def look_at(file: Path) -> str:
    """Return the revision of a copy. Raises CopyError when it is none of ours, or damaged."""
    if not file.is_file():
        raise CopyError(f"There is no file {file}.")
    with told(f"{file} is no backup of Needline's"), closing(_open(file)) as copy:
        revision = _checked(copy)
        if revision is None:
            raise CopyError(f"{file} is no backup of Needline's: it holds no revision.")
        return revision


def check_free(file: Path) -> None:
    """Raise InUseError when somebody has a database open. One that is damaged beyond opening is asked for its locks."""
    if not file.exists():
        return
    with told(f"{file} cannot be opened"):
        try:
            _only_ours(file).close()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            _check_locks(file)


def put_back(copy: Path, target: Path, aside: Path, progress: Progress) -> None:
    """Let a database be what a copy is, all or nothing. What was there is kept `aside`.

    Raises InUseError while anybody has it open, CopyError when it cannot be done.
    """
    check_free(target)
    is_new = not target.exists()
    try:
        with (
            told(f"{target} cannot be replaced"),
            closing(_set_aside(target, None if is_new else aside)) as database,
            closing(_open(copy)) as source,
        ):
            source.backup(database, pages=STEP, progress=lambda _status, left, total: progress(left, total))
    except CopyError:
        if is_new:
            target.unlink(missing_ok=True)
        raise


def _set_aside(target: Path, aside: Path | None) -> sqlite3.Connection:
    """Open a database for ourselves alone, and keep what is in it; what is damaged beyond opening is moved as it is."""
    try:
        database = _only_ours(target)
        if aside is not None:
            _keep(database, aside)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        if aside is None:
            raise
        for end in ("", "-journal", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                target.with_name(target.name + end).replace(aside.with_name(aside.name + end))
        return _only_ours(target)
    return database


def _keep(database: sqlite3.Connection, aside: Path) -> None:
    try:
        _touch(aside)
        with closing(sqlite3.connect(aside)) as former:
            database.backup(former)
            former.execute("PRAGMA journal_mode=DELETE")
    except BaseException:
        database.close()
        aside.unlink(missing_ok=True)
        raise


def is_empty(file: Path) -> bool:
    """Say whether there is nothing in a database, or none at all. What is damaged is not nothing."""
    if not file.exists():
        return True
    try:
        with closing(_open(file)) as database:
            return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError:
        return False


def _open(file: Path) -> sqlite3.Connection:
    """Open a database that is there, to read it. Whoever may not write leaves WAL's files lying about, so we may."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT_S, isolation_level=None)


def _only_ours(file: Path) -> sqlite3.Connection:
    """Open a database and keep everybody else out.

    Leaving WAL needs the file for oneself, and each connection of a bot holds its share of it, busy or not.
    """
    database = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("BEGIN EXCLUSIVE")
        database.execute("COMMIT")  # the lock stays until we close
    except sqlite3.OperationalError as error:
        database.close()
        if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise InUseError(_IN_USE.format(file=file)) from None
        raise
    except BaseException:
        database.close()
        raise
    return database


def _check_locks(file: Path) -> None:
    """Ask the system whether another process holds its share of a database (SQLite's own bytes for it)."""
    with file.open("r+b") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARES, _SHARES_BEGIN)
        except BlockingIOError:
            raise InUseError(_IN_USE.format(file=file)) from None


def _checked(copy: sqlite3.Connection) -> str | None:
    """Return a copy's revision if it is whole."""
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise CopyError(f"The copy is damaged: {found}.")
    if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _touch(file: Path) -> None:
    """Make an empty file for our eyes only: it will hold what customers said."""
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextmanager
def _vanishing(file: Path) -> Iterator[None]:
    """Leave nothing of an unfinished file behind, also not of one that was killed before."""
    leftovers = [file.with_name(file.name + end) for end in ("", "-journal", "-wal", "-shm")]
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    try:
        yield
    finally:
        for leftover in leftovers:
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Tell in a sentence what SQLite or the disk says."""
    try:
        yield
    except sqlite3.Error as error:
        raise CopyError(f"{what}: {error}.") from None
    except OSError as error:
        raise CopyError(f"{what}: {error.strerror}.") from None
