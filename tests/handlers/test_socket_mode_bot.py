"""Needline over Socket Mode: whatever happens to its connections, nothing is lost and nobody has to do anything."""

import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient

from bot.serving import serving
from handlers.metrics import Counts
from handlers.slack.sockets import SEATS, Sockets
from practice.workspace import Workspace
from storage import people
from tests import bot, workspace
from tests.practice.lines import Line
from tests.web.client import Ask, asking
from tests.workspace import Office

MANIFEST = bot.ROOT / "manifest.json"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office whose bot is connected over Socket Mode."""
    with workspace.new_database("sqlite", tmp_path) as url, workspace.opened(url, "socket") as office:
        yield office


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace(MANIFEST) as ws:
        ws.limits.enabled = False
        yield ws


@pytest.fixture
def ask(ws: Workspace, tmp_path: Path) -> Iterator[Ask]:
    """A function that sends a request to the web server of a bot over Socket Mode."""
    with serving(bot.config(ws, f"sqlite:///{tmp_path / 'needline.db'}", "socket")) as (_, url):
        yield asking(url)


# -- the same bot


def test_feedback_is_filed_and_voted_on_as_over_http(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need an export")
    card = workspace.card(office, number)
    assert office.bob.presses("Approve", on=card).ok
    office.dora.presses("Approve", on=card)
    office.ws.eventually(lambda: "Accepted" in card.text)
    assert "/feedback R-7" in office.mara.sends("/feedback help").text
    assert {delivery.content_type for delivery in office.ws.ledger.deliveries()} <= {"", "application/json"}
    assert office.ws.problems == []


def test_open_connections_are_counted(office: Office) -> None:
    registry = office.needline.edge.counts.registry
    assert registry.get_sample_value("needline_sockets") == SEATS == office.ws.sockets


def test_a_refused_form_stays_open_with_its_sentence(office: Office) -> None:
    workspace.open_form(office.meiling)
    answer = office.meiling.submits()
    assert answer.errors
    assert office.meiling.modal


# -- connections that end


def test_nothing_is_lost_while_slack_refreshes_the_connections_again_and_again(office: Office) -> None:
    office.ws.limits.notice_s = 3.0  # as long as a gesture may take
    with ThreadPoolExecutor(3) as crowd:
        answers = [crowd.submit(_file, office, n) for n in range(30)]
        for reason in ("refresh_requested", "warning", "refresh_requested"):
            office.ws.refresh_sockets(reason)
            time.sleep(0.6)
        assert [answer.result() for answer in answers] == [True] * 30
    assert workspace.filed(office) == 30
    assert _failures(office.ws) == []
    office.ws.eventually(lambda: office.ws.sockets == SEATS)


def test_a_gesture_under_way_is_answered_through_the_connection_that_is_being_left(ws: Workspace, echo: App) -> None:
    answered = threading.Event()

    @echo.command("/feedback")
    def slowly(ack: Any, body: dict[str, str]) -> None:
        if body["text"] == "slow":
            answered.wait(2.5)
        ack(f"done: {body['text']}")

    alice, bob = ws.person("Alice"), ws.person("Bob")
    with ThreadPoolExecutor(1) as crowd:
        slow = crowd.submit(alice.sends, "/feedback slow")
        ws.eventually(lambda: ws.ledger.deliveries("command"))
        ws.refresh_sockets()
        ws.eventually(lambda: ws.sockets == 2 * SEATS, what="new connections beside the old ones")
        assert bob.sends("/feedback quick").text == "done: quick"
        answered.set()
        assert slow.result().text == "done: slow"
    ws.eventually(lambda: ws.sockets == SEATS, what="the old ones were left when all was said")


def test_connections_that_were_cut_are_opened_again(office: Office) -> None:
    for _ in range(2):
        office.ws.cut_sockets()
        office.ws.eventually(lambda: office.ws.sockets == 0)
        office.ws.eventually(lambda: office.ws.sockets == SEATS, within=15)
        assert office.alice.sends("/feedback help").ok


def test_an_event_that_was_cut_off_is_taken_when_it_comes_again(office: Office) -> None:
    workspace.file(office, office.alice, "They need an export")
    with _locked(office), ThreadPoolExecutor(1) as crowd:
        changed = crowd.submit(office.ws.update_person, office.alice, locale="zh-CN")
        time.sleep(0.2)
        office.ws.cut_sockets()
        changed.result()
    office.ws.eventually(lambda: office.ws.sockets == SEATS, within=15)
    office.ws.clock.advance(timedelta(minutes=1))
    office.ws.eventually(lambda: _language(office) == "zh_Hans")


def test_an_event_that_fails_is_not_acknowledged_and_taken_when_it_comes_again(office: Office) -> None:
    office.ws.limits.retry_scale = 1.0
    workspace.file(office, office.alice, "They need an export")
    with _locked(office):
        office.ws.update_person(office.alice, locale="zh-CN")
        event = office.ws.ledger.deliveries("event")[0]
        assert (event.ok, event.error) == (False, "operation_timeout")
        office.ws.eventually(lambda: event.retries and event.retries[0].error)
    office.ws.clock.advance(timedelta(minutes=1))
    office.ws.eventually(lambda: event.retries[-1].ok)
    assert _language(office) == "zh_Hans"


def test_a_bot_without_connections_is_not_ready_and_is_again_once_slack_lets_it(ws: Workspace, ask: Ask) -> None:
    assert ask("GET", "/readyz").status == 200
    ws.set_socket_mode(on=False)
    ws.eventually(lambda: ask("GET", "/readyz").status == 503)
    assert ask("GET", "/readyz").json == {"ok": False, "reason": "sockets"}
    assert ask("GET", "/healthz").status == 200
    ws.set_socket_mode(on=True)
    ws.eventually(lambda: ask("GET", "/readyz").status == 200, within=20)
    assert ws.person("Alice").sends("/feedback help").ok


def test_an_address_without_a_signing_secret_takes_nothing_from_anybody(ws: Workspace, ask: Ask) -> None:
    body = b'{"type": "url_verification", "challenge": "x"}'
    signed: dict[str, str]
    for signed in ({}, ws.sign(body)):
        answer = ask("POST", "/slack/events", body, {"Content-Type": "application/json", **signed})
        assert (answer.status, answer.body) == (404, "This bot takes requests through Socket Mode only.")


# -- starting and stopping


def test_it_starts_though_slack_gives_no_address_at_first(ws: Workspace, tmp_path: Path) -> None:
    ws.faults.add("apps.connections.open", "error_500", times=2)
    ws.faults.add("apps.connections.open", "rate_limited", times=1, retry_after=1)
    ws.faults.add("apps.connections.open", "drop_before", times=1)
    with bot.in_thread(ws, f"sqlite:///{tmp_path / 'needline.db'}", "socket"):
        assert ws.sockets == SEATS
        assert len(ws.ledger.calls("apps.connections.open")) == 6


def test_where_others_hold_most_connections_it_works_with_what_is_left(ws: Workspace, tmp_path: Path) -> None:
    with ExitStack() as others, _process(ws, tmp_path) as running:
        lines = [Line(ws) for _ in range(9)]
        others.callback(lambda: [line.__exit__() for line in lines])
        running.start()
        assert ws.sockets == 10
        ws.eventually(lambda: "too_many_websockets" in _log(tmp_path))
        for _ in range(2):
            lines.pop().__exit__()
        ws.eventually(lambda: ws.sockets == 9, within=15)
        refusals = _log(tmp_path).count("too_many_websockets")
        assert refusals < 10, "it does not hammer"


def test_told_to_stop_it_answers_what_is_under_way_and_is_gone_soon(ws: Workspace, tmp_path: Path) -> None:
    alice = ws.person("Alice")
    with _process(ws, tmp_path) as running, ThreadPoolExecutor(2) as crowd:
        running.start()
        alice.sends("/feedback They need an export")
        alice.picks("Customer", "Add “Acme”")
        with closing(sqlite3.connect(tmp_path / "needline.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            submitted = crowd.submit(alice.submits)
            time.sleep(0.3)
            stopped = crowd.submit(running.stop)
            time.sleep(0.3)
            other.execute("ROLLBACK")
        assert submitted.result().closed
        released = time.monotonic()
        assert stopped.result() == 0
        assert time.monotonic() - released < 3
    assert "stopped" in _log(tmp_path)
    assert "Traceback" not in _log(tmp_path)


def test_nothing_secret_is_logged_of_connections_that_come_and_go(ws: Workspace, tmp_path: Path) -> None:
    alice = ws.person("Alice")
    ws.limits.notice_s = 0.2
    with _process(ws, tmp_path) as running:
        running.start()
        ws.eventually(lambda: ws.sockets == SEATS)
        alice.sends("/feedback they need canary-words")
        ws.refresh_sockets()
        ws.eventually(lambda: "refresh_requested" in _log(tmp_path))
        ws.set_socket_mode(on=False)
        ws.eventually(lambda: "forbidden_team" in _log(tmp_path))
        ws.set_socket_mode(on=True)
        ws.eventually(lambda: ws.sockets == SEATS, within=20)
        ws.cut_sockets()
        ws.eventually(lambda: "lost" in _log(tmp_path))
        running.stop()
    assert re.findall(r"xapp-\S+|xoxb-\S+|ticket=\w+|canary-words|ws://\S+", _log(tmp_path)) == []


# -- answers of unusual size


@pytest.fixture
def echo(ws: Workspace) -> Iterator[App]:
    """A Bolt app of nothing but what a test hangs on it, connected as Needline is."""
    app = App(client=WebClient(ws.bot_token, ws.api_url), process_before_response=True)
    sockets = Sockets(app, ws.app_token, ws.api_url, Counts(), 5)
    sockets.start()
    assert sockets.wait(5)
    yield app
    sockets.stop()


@pytest.mark.parametrize(("length", "shown"), [(16_000, 16_000), (40_000, 0)])
def test_a_long_chinese_answer_fits_into_the_frame_that_slacks_client_can_send(
    ws: Workspace, echo: App, length: int, shown: int
) -> None:
    ws.limits.answer_s = 1.0
    echo.command("/feedback")(lambda ack: ack(response_type="ephemeral", text="求" * length))
    alice = ws.person("Alice")
    answer = alice.sends("/feedback mine")
    assert answer.ok == bool(shown)
    assert answer.text == "求" * shown
    assert ws.sockets == SEATS


def test_many_slow_requests_are_worked_on_at_once(ws: Workspace, echo: App) -> None:
    @echo.command("/feedback")
    def slowly(ack: Any) -> None:
        time.sleep(1.5)
        ack("done")

    persons = [ws.person(f"P{n}") for n in range(25)]
    with ThreadPoolExecutor(25) as crowd:
        answers = list(crowd.map(lambda person: person.sends("/feedback"), persons))
    assert [answer.text for answer in answers] == ["done"] * 25


# -- how


def _file(office: Office, number: int) -> bool:
    """File something as a person of their own, for a customer of their own; say whether every step was answered."""
    person = office.ws.person(f"P{number}")
    opened = workspace.open_form(person, f"Need number {number}")
    person.picks("feedback_customer", person.options_for("feedback_customer", f"Acme {number}")[-1])
    answer = person.submits()
    return opened.ok and answer.ok and answer.closed


def _failures(ws: Workspace) -> list[Any]:
    return [(sent.kind, sent.error) for sent in ws.ledger.deliveries() if not sent.ok]


@contextmanager
def _locked(office: Office) -> Iterator[None]:
    """Hold SQLite's write lock, as a backup may."""
    with closing(sqlite3.connect(str(office.needline.database.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def _language(office: Office) -> str | None:
    with office.needline.database.read() as session:
        known = people.get(session, office.ws.team_id, office.alice.id)
    return known.locale if known else None


@contextmanager
def _process(ws: Workspace, folder: Path) -> Iterator[bot.Process]:
    """A bot in a process of its own, not started yet; it is ended in any case."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = bot.Process(ws, f"sqlite:///{folder / 'needline.db'}", port, folder / "log", "socket")
    try:
        yield running
    finally:
        running.kill()


def _log(folder: Path) -> str:
    return (folder / "log").read_text()
