"""The fixtures of the practice workspace's tests."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from echo_app import MANIFEST, EchoServer, Room, Served
from slack_bolt import App
from slack_sdk import WebClient

from practice.workspace import Workspace


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
    with served(ws) as app:
        ws.connect(app.url)
        yield app


@pytest.fixture
def replica(ws: Workspace) -> Iterator[Served]:
    """A second process of the app, which the workspace is not connected to yet."""
    with served(ws) as replica:
        yield replica


@contextmanager
def served(ws: Workspace) -> Iterator[Served]:
    logger = logging.getLogger("tests.practice")
    logger.setLevel(logging.CRITICAL)
    client = WebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])
    bolt = App(client=client, signing_secret=ws.signing_secret, process_before_response=True, logger=logger)
    server = EchoServer()
    server.bolt = bolt
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/slack/events"
    yield Served(bolt, client, url)
    server.shutdown()
    server.server_close()
    thread.join()
