"""A small workspace with a bot on SQLite, shared by the tests of a file."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from bot import logs
from bot.app import Needline
from bot.services import policy
from practice.people import Person
from practice.workspace import Workspace
from tests import bot
from tests.web.client import Ask, client

MANIFEST = Path(__file__).parents[2] / "manifest.json"


@pytest.fixture(scope="module", autouse=True)
def logs_as_in_service() -> Iterator[None]:
    """Log as `needline run` does: structlog's own way of drawing a failure takes a second of everybody's time."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    logs.set_up("json")
    yield
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def ws() -> Iterator[Workspace]:
    with Workspace(MANIFEST) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def alice(ws: Workspace) -> Person:
    return ws.person("Alice")


@pytest.fixture(scope="module")
def database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web") / "needline.db"


@pytest.fixture(scope="module")
def needline(ws: Workspace, alice: Person, database_file: Path) -> Iterator[Needline]:
    triage = ws.channel("triage", members=[alice])
    ws.invite_bot(triage)
    with bot.in_thread(ws, f"sqlite:///{database_file}") as running:
        with running.database.begin() as session:
            policy.apply(session, ws.team_id, {"channels": {"triage": triage.id}}, "test", datetime.now(UTC))
        yield running


@pytest.fixture
def ask(ws: Workspace, needline: Needline) -> Ask:
    """A function that sends one request to the bot of this file."""
    return client(ws)
