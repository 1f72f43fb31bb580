"""Fixtures: real databases, both kinds, and a bot in the practice workspace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from storage import migrations
from storage.db import Database
from tests import postgres

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session", params=KINDS)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A migrated database of each kind, shared by the tests of a worker that roll back what they do."""
    url = _new(request.param, tmp_path_factory.mktemp("database"))
    database = Database(url)
    migrations.upgrade(database)
    yield database
    database.close()
    _gone(url)


@pytest.fixture
def session(migrated: Database) -> Iterator[Session]:
    """A session whose transaction is rolled back after the test."""
    with migrated.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of each kind, the test's own: for what must really be committed."""
    url = _new(request.param, tmp_path)
    database = Database(url)
    migrations.upgrade(database)
    yield database
    database.close()
    _gone(url)


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    url = _new(request.param, tmp_path)
    database = Database(url)
    yield database
    database.close()
    _gone(url)


def _new(kind: str, folder: Path) -> str:
    return f"sqlite:///{folder / 'needline.db'}" if kind == "sqlite" else postgres.new_database()


def _gone(url: str) -> None:
    if url.startswith("postgresql"):
        postgres.drop_database(url)
