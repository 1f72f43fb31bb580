"""A whole story with every kind of failure in it, in both formats: no line of the log holds a secret."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode

import pytest
from sqlalchemy import make_url

from bot.services import policy
from practice.handles import Message
from practice.ledger import Delivery
from practice.people import Person
from practice.workspace import Workspace
from storage import migrations
from storage.db import Database
from tests import bot, postgres

MANIFEST = bot.ROOT / "manifest.json"
FORMATS = ("console", "json")
FORM = "application/x-www-form-urlencoded"

TOKEN = "xoxb-1234567890-canary-token"
SIGNING_SECRET = "0canary0signing0secret0"
PASSWORD = "canary-password"


@dataclass(frozen=True)
class Story:
    """A bot in a process, people to use it, and where it logs."""

    ws: Workspace
    process: bot.Process
    database: str
    log: Path
    people: dict[str, Person]
    open_card: list[Message] = field(default_factory=list)

    def written(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def card(self) -> Message:
        return self.ws.find("triage", containing="an export")


@pytest.fixture(params=FORMATS)
def log_format(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each format; the process inherits it."""
    monkeypatch.setenv("LOG_FORMAT", request.param)
    return str(request.param)


@pytest.fixture
def story(log_format: str, tmp_path: Path) -> Iterator[Story]:
    database = f"sqlite:///{tmp_path / 'needline.db'}" if log_format == "console" else _with_password()
    with Workspace(MANIFEST, signing_secret=SIGNING_SECRET, bot_token=TOKEN) as ws:
        people = {name: ws.person(name.title()) for name in ("alice", "bob", "dora", "mara", "ada", "eve")}
        _rule(ws, database, list(people.values()))
        process = bot.Process(ws, database, _free_port(), tmp_path / "log")
        process.start()
        yield Story(ws, process, database, tmp_path / "log", people)
        process.kill()
    if database.startswith("postgresql"):
        postgres.drop_database(database)


def _with_password() -> str:
    """Return a new PostgreSQL database by an address with a password, which the server does not ask for."""
    return make_url(postgres.new_database()).set(password=PASSWORD).render_as_string(hide_password=False)


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _rule(ws: Workspace, url: str, people: list[Person]) -> None:
    """Make the triage channel and write the policy."""
    triage = ws.channel("triage", members=people)
    ws.invite_bot(triage)
    roles = {"reviewers": ["U0BOB", "U0DORA"], "managers": ["U0MARA"], "admins": ["U0ADA"]}
    pace = {"merge_s": 0, "settle_s": 0.3, "lease_s": 1, "pace_per_s": 100}
    rules = {"channels": {"triage": triage.id}, "people": roles, "vote": {"quorum": 2}, "delivery": pace}
    rules["quiet"] = {"start": "00:00", "end": "00:00", "weekends": False}
    database = Database(url)
    migrations.upgrade(database)
    with database.begin() as session:
        policy.apply(session, ws.team_id, rules, "test", datetime.now(UTC))
    database.close()


def test_a_whole_story_with_every_kind_of_failure_logs_no_secret(story: Story, log_format: str) -> None:
    _play(story)
    for fail in FAILURES:
        fail(story)
    story.ws.eventually(lambda: "workspace.stopped" in story.written(), within=5)
    story.process.stop()
    assert [event for event in EXPECTED if event not in story.written()] == []
    secrets = _secrets_of(story)
    assert len(secrets) > 20, "the story had secrets enough to tell"
    assert [secret for secret in secrets if secret in story.written()] == []
    assert log_format == "console" or all(_is_object(line) for line in story.written().splitlines())


def _play(story: Story) -> None:
    """File, vote, decide."""
    ws, people = story.ws, story.people
    people["alice"].sends("/feedback They need an export")
    people["alice"].picks("Customer", "Add “Acme”")
    assert people["alice"].submits().closed
    card = ws.eventually(story.card)
    story.open_card.append(card.frozen())
    people["bob"].presses("Approve", on=card)
    people["dora"].presses("Reject", on=card)
    people["mara"].chooses("Change status", on=card)
    people["mara"].picks("New status", "Declined")
    people["mara"].picks("Reason", people["mara"].options_for("Reason")[0])
    assert people["mara"].submits().closed
    ws.eventually(lambda: "Declined" in card.text)


# -- every kind of failure


def _refused(story: Story) -> None:
    story.people["eve"].presses("Approve", on=_pressable(story))
    story.ws.eventually(story.people["eve"].ephemerals)


def _of_a_former_version(story: Story) -> None:
    payload = _last_press(story)
    payload["actions"][0] |= {"action_id": "no_such_action", "block_id": "x"}
    assert _interact(story, payload).status == 200


def _unforeseen(story: Story) -> None:
    payload = _last_press(story)
    payload["actions"][0]["action_ts"] = "never"
    assert _interact(story, payload).status == 200


def _from_another_team(story: Story) -> None:
    payload = _last_press(story)
    payload["team"]["id"] = payload["user"]["team_id"] = "T0OTHER"
    _interact(story, payload)


def _bad_event(story: Story) -> None:
    assert story.ws.event({"type": "user_change", "user": {"name": "nobody"}}).status == 500


def _too_many_events(story: Story) -> None:
    body = json.dumps({"type": "app_rate_limited", "team_id": story.ws.team_id, "token": "x"}).encode()
    assert story.ws.deliver_raw(body, {"Content-Type": "application/json", **story.ws.sign(body)}).status == 200


def _form_not_opened(story: Story) -> None:
    for kind in ("drop_before", "error_500"):
        story.ws.faults.add("views.open", kind, times=1)
        story.people["alice"].sends("/feedback They need it soon")


def _person_not_found(story: Story) -> None:
    story.ws.faults.add("users.info", "error", name="user_not_found", times=1)
    story.ws.person("Zoe").sends("/feedback mine")


def _link_not_found(story: Story) -> None:
    alice = story.people["alice"]
    said = alice.says("They asked again", "triage")
    story.ws.faults.add("chat.getPermalink", "drop_before", times=1)
    alice.uses_message_shortcut("file_feedback_from_message", said)
    alice.closes()


def _word_lost(story: Story) -> None:
    story.ws.faults.add("response_url", "drop_before", times=1)
    story.people["eve"].presses("Approve", on=_pressable(story))


def _sending_fails(story: Story) -> None:
    for kind in ("drop_before", "accept_then_500", "rate_limited"):
        story.ws.faults.add("chat.postMessage", kind, times=1)
    story.people["alice"].sends("/feedback They need a dashboard")
    story.people["alice"].picks("Customer", "Acme")
    assert story.people["alice"].submits().closed
    for place in ("triage", story.people["alice"]):
        story.ws.eventually(partial(story.ws.find, place, "a dashboard"))


def _channel_archived(story: Story) -> None:
    triage = story.card().channel
    story.ws.archive(triage)
    story.people["mara"].chooses("Change status", on=story.card())
    story.people["mara"].picks("New status", "In review")
    story.people["mara"].submits()
    story.ws.eventually(lambda: "is_inactive" in story.written())


def _token_revoked(story: Story) -> None:
    story.ws.revoke_token()
    story.people["alice"].sends("/feedback help")
    story.people["alice"].presses("Undo", on=story.ws.find(story.people["alice"], containing="a dashboard"))


def _database_in_trouble(story: Story) -> None:
    """A locked file, or a server that drops the database under our hands."""
    if story.database.startswith("postgresql"):
        postgres.drop_database(story.database)
        story.people["bob"].presses("Approve", on=_pressable(story))
        return
    with closing(sqlite3.connect(story.database.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        story.people["bob"].presses("Approve", on=_pressable(story))
        other.execute("ROLLBACK")


FAILURES = (
    _refused,
    _of_a_former_version,
    _unforeseen,
    _from_another_team,
    _bad_event,
    _too_many_events,
    _form_not_opened,
    _person_not_found,
    _link_not_found,
    _word_lost,
    _sending_fails,
    _channel_archived,
    _token_revoked,
    _database_in_trouble,
)
EXPECTED = (
    "gesture.failed",
    "event.failed",
    "slack.unknown",
    "slack.app_rate_limited",
    "who.unknown",
    "whisper.lost",
    "delivery.settled",
    "is_inactive",
    "workspace.stopped",
)


def _pressable(story: Story) -> Message:
    """The card as it stood while the vote was open, whatever it shows by now."""
    return story.open_card[0]


def _last_press(story: Story) -> dict[str, Any]:
    presses = [_told(delivery) for delivery in story.ws.ledger.deliveries("block_actions")]
    return next(payload for payload in reversed(presses) if payload["actions"][0]["action_id"] == "vote_approve")


def _interact(story: Story, payload: dict[str, Any]) -> Delivery:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return story.ws.deliver_raw(body, {"Content-Type": FORM, **story.ws.sign(body)})


def _told(delivery: Delivery) -> dict[str, Any]:
    """Return what a request to the app said, whichever way it was written."""
    body = delivery.sent.decode()
    if body.startswith("{"):
        told: dict[str, Any] = json.loads(body)
        return told
    fields = {name: values[0] for name, values in parse_qs(body).items()}
    return json.loads(fields["payload"]) if "payload" in fields else fields


def _secrets_of(story: Story) -> set[str]:
    """Everything that must never be logged: what opens our doors, and what Slack gave us for one use."""
    found = {TOKEN, SIGNING_SECRET, PASSWORD}
    for delivery in story.ws.ledger.deliveries():
        told = _told(delivery)
        found |= {told[name] for name in ("response_url", "trigger_id") if name in told}
    return found | {quote_plus(secret) for secret in found}


def _is_object(line: str) -> bool:
    return isinstance(json.loads(line), dict)
