"""Fixtures: real databases, both kinds, and a bot in the practice workspace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from storage import migrations
from storage.db import Database
from tests import postgres, workspace
from tests.workspace import Office

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a file on the databases it names in KINDS; on SQLite alone where the database does not matter."""
    if "shared" in metafunc.fixturenames:
        kinds = getattr(metafunc.module, "KINDS", ["sqlite"])
        metafunc.parametrize("shared", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One workspace and one bot for all tests of a file; what they file has numbers of its own."""
    folder = tmp_path_factory.mktemp("office")
    with workspace.new_database(request.param, folder) as url, workspace.opened(url) as office:
        yield office
        assert office.ws.problems == []


@pytest.fixture
def office(shared: Office) -> Iterator[Office]:
    """The file's office, tidied up after each test."""
    with workspace.tidied(shared) as office:
        yield office


@pytest.fixture(params=KINDS)
def own_office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """An office of the test's own, on each kind of database."""
    with workspace.new_database(request.param, tmp_path) as url, workspace.opened(url) as office:
        yield office


def _new(kind: str, folder: Path) -> str:
    return f"sqlite:///{folder / 'needline.db'}" if kind == "sqlite" else postgres.new_database()


def _gone(url: str) -> None:
    if url.startswith("postgresql"):
        postgres.drop_database(url)
