"""The office of the stories: shared by the tests of a file, or a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import workspace
from tests.workspace import Office


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One workspace and one bot for all tests of a file; what they file has numbers of its own."""
    folder = tmp_path_factory.mktemp("office")
    with workspace.new_database("sqlite", folder) as url, workspace.opened(url) as office:
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
