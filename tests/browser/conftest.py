"""Browsers, and the workspaces they look at: Needline's own, and one with a tiny app that takes any form."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, sync_playwright
from screen import Screen, Sit, launch, seated

from practice.people import Person
from practice.workspace import Workspace
from tests import workspace
from tests.practice.echo_app import MANIFEST, Room, Served, served
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
    with served(ws, logging.getLogger("tests.browser")) as app:
        ws.connect(app.url)
        yield app
