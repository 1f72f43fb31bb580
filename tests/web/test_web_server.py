"""The web server: Slack's requests come in, monitors are told how we are, and what is odd stops at the door."""

import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from bot.app import Needline
from handlers.web.app import LARGEST
from practice.ledger import Delivery
from practice.people import Person
from practice.workspace import Workspace
from storage import migrations
from storage.db import Database
from tests import bot, postgres
from tests.web.client import Ask, client

SLACK = "/slack/events"
TYPES = JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
FORM = {"Content-Type": FORM_TYPE}
NONSENSE = [
    *itertools.product((b"", b"{}", b"\x00", b"payload=", b"payload={", b"payload={}"), TYPES),
    (b"[1, 2]", FORM_TYPE),
    (b"payload=[]", JSON_TYPE),
]
NO_OBJECT = [
    *itertools.product((b"[1, 2]", b"7", b"null", b'"x"'), [JSON_TYPE]),
    *itertools.product((b"payload=[]", b"payload=7", b"payload=null"), [FORM_TYPE]),
]


def test_a_living_process_says_so(ask: Ask) -> None:
    answer = ask("GET", "/healthz")
    assert (answer.status, answer.json) == (200, {"ok": True})


def test_ready_means_that_the_database_answers_and_is_migrated(ask: Ask) -> None:
    answer = ask("GET", "/readyz")
    assert answer.status == 200
    assert answer.json["ok"] is True
    assert answer.json["outbox"] >= 0


def test_an_unknown_path_is_not_found(ask: Ask) -> None:
    for path in ("/", "/slack", "/slack/events/", "/admin", "/../etc/passwd"):
        assert ask("GET", path).status in {307, 404}, path
    assert ask("POST", "/slack/install", b"").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_slack_posts_and_nothing_else_is_allowed(ask: Ask, method: str) -> None:
    answer = ask(method, SLACK)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


def test_a_body_larger_than_anything_slack_sends_is_turned_away(ask: Ask) -> None:
    assert ask("POST", SLACK, b"x" * (LARGEST + 1), FORM).status == 413


def test_a_body_of_the_largest_size_is_read_and_judged_by_its_signature(ask: Ask) -> None:
    assert ask("POST", SLACK, b"x" * LARGEST, FORM).status == 401


def test_a_body_that_is_not_utf_8_is_no_request_of_slacks(ask: Ask) -> None:
    assert ask("POST", SLACK, b"payload=\xff\xfe", FORM).status == 400


@pytest.mark.parametrize(("body", "content_type"), NONSENSE)
def test_an_unsigned_body_is_turned_away_whatever_is_in_it(ask: Ask, body: bytes, content_type: str) -> None:
    assert ask("POST", SLACK, body, {"Content-Type": content_type}).status in {400, 401}


@pytest.mark.parametrize(("body", "content_type"), NONSENSE)
def test_a_signed_body_of_no_meaning_is_no_crash(ask: Ask, ws: Workspace, body: bytes, content_type: str) -> None:
    answer = ask("POST", SLACK, body, {"Content-Type": content_type, **ws.sign(body)})
    assert answer.status < 500
    assert "Traceback" not in answer.body


@pytest.mark.parametrize(("body", "content_type"), NO_OBJECT)
def test_a_body_that_is_no_json_object_is_turned_away(ask: Ask, body: bytes, content_type: str) -> None:
    assert ask("POST", SLACK, body, {"Content-Type": content_type}).status in {400, 401}


def test_slacks_check_of_the_address_gets_its_challenge_back(ws: Workspace, needline: Needline) -> None:
    assert ws.verify_url()


# -- what is counted


def test_metrics_are_written_as_prometheus_reads_them(ask: Ask) -> None:
    answer = ask("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "needline_requests" in {family.name for family in text_string_to_metric_families(answer.body)}


def test_an_event_nobody_listens_to_is_taken_and_counted(ask: Ask, ws: Workspace) -> None:
    before = _count(ask, "event", "unknown")
    assert ws.event({"type": "pin_added", "user": "U0NOBODY"}).status == 200
    assert _count(ask, "event", "unknown") == before + 1


def test_slacks_notice_that_it_sends_too_much_is_taken_and_counted(ask: Ask, ws: Workspace) -> None:
    before = _count(ask, "app_rate_limited", "counted")
    notice = {"type": "app_rate_limited", "team_id": ws.team_id, "minute_rate_limited": 1518467820, "api_app_id": "A0"}
    assert _signed(ws, json.dumps(notice).encode()).status == 200
    assert _count(ask, "app_rate_limited", "counted") == before + 1


# -- a database in trouble


def test_the_server_answers_others_while_listeners_wait_for_the_database(
    ask: Ask, ws: Workspace, alice: Person, database_file: Path
) -> None:
    _fill(alice, "They need an export")
    with ThreadPoolExecutor(21) as crowd, _locked(database_file):
        submitted = crowd.submit(alice.submits)
        time.sleep(0.1)
        changes = [crowd.submit(ws.event, _renamed(alice)) for _ in range(20)]
        slowest = _slowest(ask, "/healthz", while_=2.2)
    assert slowest < 0.3
    assert {change.result().status for change in changes} <= {None, 200, 500}
    assert submitted.result().status == 200
    assert alice.modal, "the form stays open"
    assert "They need an export" in alice.modal.text()
    assert alice.submits().closed


def test_everybody_is_answered_before_slack_gives_up_however_long_the_database_is_locked(
    ws: Workspace, alice: Person, needline: Needline, database_file: Path
) -> None:
    assert needline.database.is_sqlite
    with ThreadPoolExecutor(3) as crowd, _locked(database_file):
        changes = []
        for _ in range(3):
            changes.append(crowd.submit(ws.event, _renamed(alice)))
            time.sleep(0.7)
        answers = [change.result() for change in changes]
    assert [answer.error for answer in answers] == ["http_service_error"] * 3
    assert max(answer.took_s for answer in answers) < 3


def test_a_database_of_another_version_is_not_ready_and_is_again_once_mended(database: Database) -> None:
    with _bot_on(database) as ask:
        _stamp(database, "0000")
        assert _reason(ask) == "NotMigratedError"
        assert ask("GET", "/healthz").status == 200
        _stamp(database, migrations.HEAD)
        assert ask("GET", "/readyz").status == 200


def test_a_database_that_is_gone_is_not_ready_but_the_process_lives(postgresql: Database) -> None:
    with _bot_on(postgresql) as ask:
        postgres.drop_database(_url(postgresql))
        assert _reason(ask) in {"Busy", "database"}
        assert ask("GET", "/healthz").status == 200


def test_connections_that_were_cut_are_made_anew(postgresql: Database) -> None:
    with _bot_on(postgresql) as ask:
        _cut_connections(postgresql)
        _eventually_ready(ask)


# -- how


def _count(ask: Ask, kind: str, outcome: str) -> float:
    wanted = {"kind": kind, "outcome": outcome}
    families = text_string_to_metric_families(ask("GET", "/metrics").body)
    samples = (sample for family in families for sample in family.samples if sample.name.endswith("_total"))
    return sum(sample.value for sample in samples if sample.labels == wanted)


def _signed(ws: Workspace, body: bytes) -> Delivery:
    return ws.deliver_raw(body, {"Content-Type": "application/json", **ws.sign(body)})


def _fill(person: Person, words: str) -> None:
    person.sends(f"/feedback {words}")
    person.picks("Customer", "Add “Acme”")


def _renamed(person: Person) -> dict[str, Any]:
    profile = {"display_name": "Alice B.", "real_name": "Alice B."}
    return {"type": "user_change", "user": {"id": person.id, "name": "alice", "locale": "en-US", "profile": profile}}


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold SQLite's write lock, as another process would."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def _slowest(ask: Ask, path: str, *, while_: float) -> float:
    """Ask again and again for a time; return the longest wait, in seconds."""
    longest, end = 0.0, time.monotonic() + while_
    while time.monotonic() < end:
        asked = time.monotonic()
        assert ask("GET", path).status == 200
        longest = max(longest, time.monotonic() - asked)
        time.sleep(0.02)
    return longest


@contextmanager
def _bot_on(database: Database) -> Iterator[Ask]:
    with Workspace(bot.ROOT / "manifest.json") as workspace, bot.in_thread(workspace, _url(database)):
        yield client(workspace)


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def postgresql() -> Iterator[Database]:
    """A migrated PostgreSQL database that a test may harm."""
    database = Database(postgres.new_database())
    migrations.upgrade(database)
    yield database
    database.close()
    postgres.drop_database(_url(database))


def _stamp(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _reason(ask: Ask) -> str:
    """Return why the bot is not ready: one word, nothing of the database's own words."""
    answer = ask("GET", "/readyz")
    assert answer.status == 503
    assert set(answer.json) == {"ok", "reason"}
    return str(answer.json["reason"])


def _cut_connections(database: Database) -> None:
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(_url(database).replace("+psycopg", "")) as connection:
        connection.execute(others)


def _eventually_ready(ask: Ask) -> None:
    end = time.monotonic() + 5
    while ask("GET", "/readyz").status != 200:
        assert time.monotonic() < end, "still not ready"
        time.sleep(0.1)
