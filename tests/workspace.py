"""A practice workspace with a small team and a bot in it, and the gestures that most stories begin with."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import structlog
from sqlalchemy import func, select

from bot.app import Needline
from bot.demo import Transport
from bot.domain.votes import Result
from bot.i18n import locale_of, say
from bot.services import policy
from practice.handles import Answer
from practice.ledger import Call, Delivery
from practice.people import Person
from practice.workspace import Channel, Message, Workspace
from storage import feedback, migrations, outbox, places, votes
from storage.db import Database
from storage.feedback import Feedback
from tests import bot, postgres

MANIFEST = bot.ROOT / "manifest.json"
FORM = "application/x-www-form-urlencoded"
QUICK = {"merge_s": 0.25, "pace_per_s": 100, "settle_s": 0.5, "lease_s": 1}
"""Delivery without the patience that real Slack needs."""

NEVER_QUIET = {"start": "00:00", "end": "00:00", "weekends": False}
"""Stories are told at any time of the day and the week."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Office:
    """The workspace, the bot in it, the people, and the channel where cards are voted on."""

    ws: Workspace
    needline: Needline
    alice: Person
    meiling: Person
    bob: Person
    dora: Person
    emil: Person
    mara: Person
    ada: Person
    triage: Channel


@contextmanager
def opened(url: str, transport: Transport = "http") -> Iterator[Office]:
    """Open a workspace with two CSMs (Meiling reads Chinese), three reviewers, a manager and an admin."""
    _log_plainly()
    with Workspace(MANIFEST) as ws:
        ws.limits.enabled = False  # a story files in seconds what a team files in a week
        alice, meiling = ws.person("Alice"), ws.person("Meiling", locale="zh-CN", tz="Asia/Shanghai")
        bob, dora, emil, mara, ada = map(ws.person, ("Bob", "Dora", "Emil", "Mara", "Ada"))
        triage = ws.channel("triage", members=[alice, meiling, bob, dora, emil, mara, ada])
        ws.invite_bot(triage)
        with bot.in_thread(ws, url, transport) as needline:
            office = Office(ws, needline, alice, meiling, bob, dora, emil, mara, ada, triage)
            set_policy(office, **rules(office))
            yield office


def _log_plainly() -> None:
    """Spare structlog its pictures of stack traces, which take longer to draw than a story has time."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ]
    )


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """Give the address of an empty database of a kind, with its tables if replicas would not make them themselves."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'needline.db'}"
        return
    url = postgres.new_database()
    database = Database(url)
    migrations.upgrade(database)
    database.close()
    yield url
    postgres.drop_database(url)


@contextmanager
def tidied(office: Office) -> Iterator[Office]:
    """Lend a shared office to one test, and leave it as the next one expects it."""
    yield office
    office.ws.faults.clear()
    for person in office.ws.people():
        if person.modal:
            person.closes(everything=True)
    set_policy(office, **rules(office))
    quiet(office)


def rules(office: Office) -> dict[str, Json]:
    """Return the policy a story begins with."""
    return {
        "workspace": {"timezone": "UTC", "language": "en"},
        "channels": {"triage": office.triage.id},
        "people": {
            "reviewers": [office.bob.id, office.dora.id, office.emil.id],
            "managers": [office.mara.id],
            "admins": [office.ada.id],
        },
        "vote": {"quorum": 2},
        "quiet": NEVER_QUIET,
        "delivery": QUICK,
    }


def set_policy(office: Office, **tables: Json) -> None:
    """Replace tables of the policy."""
    with office.needline.database.begin() as session:
        policy.apply(session, office.ws.team_id, tables, "a story", datetime.now(UTC))


def new_reviewer(office: Office, name: str, tongue: str = "en-US") -> Person:
    """Return a new reviewer for whom nothing waits: every vote that is open now is closed."""
    person, team_id = office.ws.person(name, locale=tongue), office.ws.team_id
    people = rules(office)["people"]
    set_policy(office, people={**people, "reviewers": [*people["reviewers"], person.id]})
    with office.needline.database.begin() as session:
        for vote in votes.waiting_for(session, team_id, person.id):
            votes.close(session, vote, Result.DECIDED, office.needline.now())
    return person


# -- filing


def locale(person: Person) -> str:
    """Return the catalogue a person reads."""
    return locale_of(person.user.locale)


def open_form(person: Person, words: str = "") -> Answer:
    """Open the filing form with a command."""
    return person.sends(f"/feedback {words}".rstrip())


def choose_customer(person: Person, name: str) -> None:
    """Choose a customer in the open form, adding it when it is not offered."""
    offers = person.options_for("feedback_customer", name)
    person.picks("feedback_customer", name if name in offers else offers[-1])


def fill(person: Person, words: str, customer: str = "Acme", **fields: str) -> None:
    """Fill the form: `kind` and `urgency` by their values, the fields behind "More details" by their ids."""
    open_form(person)
    person.fills("words", words)
    choose_customer(person, customer)
    for name in ("kind", "urgency"):
        if value := fields.pop(name, None):
            person.picks(name, say(locale(person), f"{name}.{value}"))
    if fields:
        person.presses(say(locale(person), "button.more"))
    for name, value in fields.items():
        _fill_further(person, name, value)


def _fill_further(person: Person, name: str, value: str) -> None:
    if name == "hide_customer":
        person.picks(name, say(locale(person), "form.hide_customer.option"))
    elif name == "stake":
        person.picks(name, say(locale(person), f"stake.{value}"))
    else:
        person.fills(name, value)


def file(office: Office, person: Person, words: str, customer: str = "Acme", **fields: str) -> int:
    """File feedback by hand; return its number."""
    fill(person, words, customer, **fields)
    answer = person.submits()
    assert answer.ok, answer
    assert answer.closed
    return newest(office, person)


def newest(office: Office, person: Person) -> int:
    """Return the number of what a person filed last."""
    with office.needline.database.read() as session:
        return feedback.filed_by(session, office.ws.team_id, person.id, 1)[0].number


def requirement(office: Office, number: int) -> int:
    """Return the number of the requirement that F-`number` asks for."""
    with office.needline.database.read() as session:
        item = feedback.get(session, office.ws.team_id, number)
    assert item
    assert item.requirement
    return item.requirement


def passes(office: Office, time: timedelta) -> None:
    """Let time pass, for the bot too, which asks the practice clock only now and then."""
    office.ws.clock.advance(time)
    office.ws.eventually(lambda: abs(office.needline.now() - office.ws.clock.now()) < timedelta(seconds=1))


# -- finding


def card(office: Office, number: int) -> Message:
    """Return the card of F-`number`, once it stands in the channel."""
    return _once_posted(office, f"card:F-{number}")


def receipt(office: Office, number: int) -> Message:
    """Return the receipt of F-`number`, once it stands in its filer's DM."""
    return _once_posted(office, f"receipt:F-{number}")


def _once_posted(office: Office, key: str) -> Message:
    found = office.ws.eventually(lambda: posted(office, key), what=f"no {key}")
    assert found
    return found


def posted(office: Office, key: str) -> Message | None:
    """Return the message that stands for a key of the outbox, if any."""
    with office.needline.database.read() as session:
        place = places.of(session, office.ws.team_id, key)
    if place is None:
        return None
    reader = office.bob if place.channel == office.triage.id else _owner(office, place.channel)
    channel = office.triage if reader is office.bob else None
    return next((message for message in reader.sees(channel) if message.ts == place.ts), None)


def _owner(office: Office, channel: str) -> Person:
    return next(person for person in office.ws.people() if f"D{person.id[1:]}" == channel)


def quiet(office: Office) -> None:
    """Wait until everything that is due was delivered, and what waits for company too."""
    office.ws.eventually(lambda: depth(office) == 0, what="the outbox is not empty")


def depth(office: Office) -> int:
    """Return how many messages are still under way."""
    with office.needline.database.read() as session:
        return outbox.depth(session)


def standing(office: Office, channel: Channel, containing: str) -> list[Message]:
    """Return the messages that stand in a channel and read so."""
    return [message for message in office.bob.sees(channel) if containing in message.text]


def in_dm(person: Person, containing: str) -> list[Message]:
    """Return everything in a person's DM that reads so, replies in threads too."""
    tops = person.dm()
    replies = [reply for message in tops for reply in message.replies if not reply.broadcast]
    return [message for message in (*tops, *replies) if containing in message.text]


def hears(office: Office, person: Person, gesture: Callable[[], Answer | Delivery]) -> str:
    """Do a gesture; return the words that only its person then gets."""
    before = len(person.ephemerals())
    assert gesture().status == 200
    office.ws.eventually(lambda: len(person.ephemerals()) > before, what=f"{person.name} hears nothing")
    return person.ephemerals()[-1].text


# -- requests that no client of Slack's would send


def crafted(office: Office, person: Person, change: Callable[[Json], None]) -> Delivery:
    """Submit a person's open modal, correctly signed, with a payload that `change` has been at."""
    payload = submission(office, person)
    change(payload)
    return interact(office, payload)


def submission(office: Office, person: Person) -> Json:
    """Return the payload of submitting a person's open modal."""
    assert person.modal
    more = {"view": deepcopy(person.modal.raw), "trigger_id": "1.1.0123456789abcdef", "response_urls": []}
    return gesture(office, person, "view_submission") | more


def gesture(office: Office, person: Person, kind: str) -> Json:
    """Return what a payload of a person's gesture begins with."""
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": office.ws.team_id},
        "api_app_id": office.ws.app_id,
        "token": "practice-verification-token",
        "team": {"id": office.ws.team_id, "domain": "practice"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def interact(office: Office, payload: Json) -> Delivery:
    """Send an interaction's payload, signed as Slack signs."""
    body = interaction(payload)
    return office.ws.deliver_raw(body, {"Content-Type": FORM, **office.ws.sign(body)})


def interaction(payload: Json) -> bytes:
    """Return the body in which Slack sends a payload."""
    return urlencode({"payload": json.dumps(payload)}).encode()


def put(view: Json, block_id: str, entry: Json) -> None:
    """Set what an input of a view says."""
    element = next(block["element"] for block in view["blocks"] if block.get("block_id") == block_id)
    view["state"]["values"][block_id] = {element["action_id"]: {"type": element["type"], **entry}}


def documents(office: Office, prefix: str) -> list[Json]:
    """Return what the bot sent in calls whose method begins so, blocks and views decoded."""
    calls = [call for call in office.ws.ledger.calls() if call.method.startswith(prefix)]
    return [decoded(call) for call in calls]


def decoded(call: Call) -> Json:
    """Return a call's arguments, blocks and views decoded."""
    return {name: _decoded(value) for name, value in call.args.items()}


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in {"[", "{"} else value


def counted(office: Office, kind: str, outcome: str) -> float:
    """Return how many requests of a kind came to an outcome, as /metrics says."""
    registry = office.needline.edge.counts.registry
    return registry.get_sample_value("needline_requests_total", {"kind": kind, "outcome": outcome}) or 0.0


def press(office: Office, person: Person, action_id: str, message: Message) -> Json:
    """Return the payload of pressing a message's button, also for somebody who does not see the message."""
    blocks = message.row.blocks or []
    elements = [element for block in blocks for element in block.get("elements", ())]
    element = next(element for element in elements if element.get("action_id") == action_id)
    return gesture(office, person, "block_actions") | {
        "actions": [{**element, "block_id": "b", "action_ts": f"{office.ws.clock.epoch():.6f}"}],
        "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel.id},
        "channel": {"id": message.channel.id, "name": message.channel.name},
        "message": message.raw,
        "response_url": office.ws.state.new_response_url(message.channel.id, person.id, message.ts),
        "trigger_id": office.ws.state.new_trigger(person.id),
    }


# -- what came of it


@contextmanager
def nothing_filed(office: Office) -> Iterator[None]:
    """Check that nothing was added to the feedback meanwhile."""
    before = filed(office)
    yield
    assert filed(office) == before


def filed(office: Office) -> int:
    """Count all feedback."""
    with office.needline.database.read() as session:
        return session.scalar(select(func.count()).select_from(Feedback)) or 0


def field_errors(delivery: Delivery) -> dict[str, str]:
    """Return the sentences a refused form shows, by block."""
    assert delivery.status == 200
    answer = json.loads(delivery.body)
    assert answer.pop("response_action") == "errors"
    found: dict[str, str] = answer["errors"]
    return found
