"""The office in which Slack's edge is tried: shared by the tests of a file, or a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import workspace
from tests.workspace import Office


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


@pytest.fixture(params=["sqlite", "postgresql"])
def own_office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """An office of the test's own, on each kind of database."""
    with workspace.new_database(request.param, tmp_path) as url, workspace.opened(url) as office:
        yield office
