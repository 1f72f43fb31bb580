"""The fixtures of the practice workspace's tests."""

import logging
from collections.abc import Iterator

import pytest
from echo_app import MANIFEST, Room, Served, served

from practice.workspace import Workspace

LOGGER = logging.getLogger("tests.practice")


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace(MANIFEST) as workspace:
        yield workspace


@pytest.fixture
def room(ws: Workspace) -> Room:
    """Alice and Bob in #triage with the bot."""
    alice, bob = ws.person("Alice"), ws.person("Bob")
    triage = ws.channel("triage", members=[alice, bob])
    ws.invite_bot(triage)
    return alice, bob, triage


@pytest.fixture
def app(ws: Workspace) -> Iterator[Served]:
    with served(ws, LOGGER) as app:
        ws.connect(app.url)
        yield app


@pytest.fixture
def replica(ws: Workspace) -> Iterator[Served]:
    """A second process of the app, which the workspace is not connected to yet."""
    with served(ws, LOGGER) as replica:
        yield replica
