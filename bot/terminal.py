"""What commands say: mistakes in a sentence, tables for people, plain lines where nobody looks on."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot import logs
from bot.config import ConfigError, StartError
from bot.domain.refusals import Busy
from bot.policy import PolicyError
from storage import migrations
from storage.db import Database, DatabaseUrlError

MISTAKEN = 2
"""The exit code of what cannot be done as it was asked. What is broken exits with 1."""


@contextmanager
def plainly() -> Iterator[None]:
    """Tell a mistake in a sentence, without a stack trace."""
    try:
        yield
    except (ConfigError, PolicyError, DatabaseUrlError) as error:
        raise fault(str(error), MISTAKEN) from None
    except (StartError, migrations.NotMigratedError) as error:
        raise fault(str(error)) from None
    except Busy as error:
        raise fault(f"The database does not answer: {logs.redact_text(str(error))}") from None


def fault(sentence: str, code: int = 1) -> typer.Exit:
    """Say what is wrong on standard error; return what to raise."""
    print(sentence, file=sys.stderr)
    return typer.Exit(code)


def mistake(sentence: str) -> typer.Exit:
    """Say why it cannot be done as it was asked; return what to raise."""
    return fault(sentence, MISTAKEN)


def existing(url: str) -> Database:
    """Open a database that must be there and of this version's form. Making one is not for those who only look."""
    database = Database(url)
    file = sqlite_file(database)
    if file and not file.exists():
        raise fault(f"There is no database at {file}. Look at DATABASE_URL and the folder you are in.")
    try:
        migrations.check(database)
    except BaseException:
        database.close()
        raise
    return database


def sqlite_file(database: Database) -> Path | None:
    """Return where a SQLite database is; None for PostgreSQL."""
    return Path(database.url.database or "").absolute() if database.is_sqlite else None


def console() -> Console:
    """Return the terminal; what is no terminal is not drawn on."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


@contextmanager
def progress(what: str, count: ProgressColumn | None = None) -> Iterator[Callable[[int, int], None]]:
    """Draw how far long work is, for who looks on. Gives a function that takes how much is done, and of how much."""
    screen = console()
    columns = (TextColumn(what), BarColumn(), count or MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as drawn:
        task = drawn.add_task(what, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


def show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn for people, cells between tabs for programs."""
    screen = console()
    if not screen.is_terminal:
        for row in (head, *rows):
            print("\t".join(row))
        return
    drawn = Table(*head, header_style="bold", box=None, pad_edge=False)
    for row in rows:
        drawn.add_row(*map(escape, row))
    screen.print(drawn)
