"""Running the `needline` command on a database, in this process: starting one takes longer than most commands."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from typer.testing import CliRunner

from bot import cli
from storage.db import Database


@dataclass(frozen=True)
class Done:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def needline(url: str, *arguments: object, typed: str = "", **changes: str) -> Done:
    """Run a command; `typed` is what somebody answers, `changes` are further variables of the environment."""
    environment = {"DATABASE_URL": url, "NEEDLINE_CLOCK_URL": None, **changes}
    with _logs_left_alone():
        done = CliRunner().invoke(cli.app, list(map(str, arguments)), input=typed, env=environment)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


@contextmanager
def _logs_left_alone() -> Iterator[None]:
    """Put back what commands set up for the life of a process."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.configure(**configured)


def url_of(database: Database) -> str:
    """Return the address of a database, password and all."""
    return database.url.render_as_string(hide_password=False)
