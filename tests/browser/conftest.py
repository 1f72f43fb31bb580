"""Browsers, and the workspaces they look at: Needline's own, and one with a tiny app that takes any form."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, sync_playwright
from screen import Screen, Sit, launch, seated
from slack_bolt import App
from slack_sdk import WebClient

from practice.people import Person
from practice.workspace import Workspace
from tests import workspace
from tests.practice.echo_app import MANIFEST, EchoServer, Room, Served
from tests.workspace import Office


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for a worker. Where there is none its tests are skipped; CI installs it and skips nothing."""
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except Error as error:
            if "Executable doesn't exist" not in str(error):
                raise
            pytest.skip("no Chromium here: apt-get install chromium, or .venv/bin/playwright install chromium")
        yield browser
        browser.close()


@pytest.fixture
def sit(browser: Browser) -> Iterator[Sit]:
    """Seats people at screens; in the end no screen may have met trouble."""
    screens: list[Screen] = []

    def seat(person: Person, url: str, **options: Any) -> Screen:
        screens.append(seated(browser.new_context(**options), url, person))
        return screens[-1]

    yield seat
    for screen in screens:
        screen.page.context.close()
    assert [trouble for screen in screens for trouble in screen.troubles] == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One team with Needline for all tests of a file."""
    folder = tmp_path_factory.mktemp("office")
    with workspace.new_database("sqlite", folder) as url, workspace.opened(url) as office:
        yield office
        assert office.ws.problems == []


@pytest.fixture
def office(shared: Office) -> Iterator[Office]:
    """The file's team, tidied up after each test."""
    with workspace.tidied(shared) as office:
        yield office


@pytest.fixture
def own_office(tmp_path: Path) -> Iterator[Office]:
    """A team of the test's own, which it may leave in any state."""
    with workspace.new_database("sqlite", tmp_path) as url, workspace.opened(url) as office:
        yield office


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace(MANIFEST) as ws:
        yield ws


@pytest.fixture
def room(ws: Workspace) -> Room:
    """Alice and Bob in #triage with the tiny app."""
    alice, bob = ws.person("Alice"), ws.person("Bob")
    triage = ws.channel("triage", members=[alice, bob])
    ws.invite_bot(triage)
    return alice, bob, triage


@pytest.fixture
def app(ws: Workspace) -> Iterator[Served]:
    """The tiny app, listening."""
    logger = logging.getLogger("tests.browser")
    logger.setLevel(logging.CRITICAL)
    client = WebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])
    server = EchoServer()
    server.bolt = App(client=client, signing_secret=ws.signing_secret, process_before_response=True, logger=logger)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/slack/events"
    ws.connect(url)
    yield Served(server.bolt, client, url)
    server.shutdown()
    server.server_close()
    thread.join()
