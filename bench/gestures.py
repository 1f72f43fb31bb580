"""What people do, as Slack sends it: endless streams of requests, one for each connection."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from bench.names import DOOR, TEAMS, channel, person, team
from bench.signing import FORM

Json = dict[str, Any]
NONCE, ROUND, TIME = "N0NCE", "0R0UND0", "0T1ME0"


@dataclass(frozen=True)
class Request:
    """A body and its content type. `empty`: the answer must be empty, as Slack takes a form."""

    body: bytes
    kind: bytes = FORM
    empty: bool = False

    def accepts(self, answer: bytes) -> bool:
        """Say whether this is the answer of work done."""
        return not answer if self.empty else b"response_action" not in answer


def stream(gesture: str, number: int, run: str, facts: Json) -> Iterator[Request]:
    """Return the requests of connection `number`."""
    return STREAMS[gesture](number, run, facts)


def commands(number: int, _run: str, facts: Json) -> Iterator[Request]:
    """`/feedback help`, which is answered at once."""
    body = _command("help", _place(number, facts))
    while True:
        yield Request(body)


def filings(number: int, run: str, facts: Json) -> Iterator[Request]:
    """Filled forms, each with its own nonce."""
    template, count = _filing(_place(number, facts)), 0
    while True:
        count += 1
        yield Request(template.replace(NONCE.encode(), f"{run}x{number}x{count}".encode()), empty=True)


def votes(number: int, _run: str, facts: Json) -> Iterator[Request]:
    """Presses on the cards of open rounds, one after another and over again: of who voted the newest press stands."""
    template, first = _vote(_place(number, facts), facts), number * 7
    rounds = facts["rounds"]
    while True:
        for place in range(rounds):
            requirement = str((first + place) % rounds + 1).encode()
            now = f"{time.time():.6f}".encode()
            yield Request(template.replace(ROUND.encode(), requirement).replace(TIME.encode(), now), empty=True)


def mixed(number: int, run: str, facts: Json) -> Iterator[Request]:
    """One person's day: votes, filings, customers looked for, Home opened, a command, a form opened."""
    chance = random.Random(number)  # noqa: S311 - the same day every time
    place = _place(number, facts)
    voting, filing = votes(number, run, facts), filings(number, run, facts)
    others = [
        Request(_command("help", place)),
        Request(_command("", place)),
        Request(_options(place)),
        Request(_home(place), b"application/json"),
    ]
    while True:
        draw = chance.random()
        yield next(voting) if draw < 0.4 else next(filing) if draw < 0.6 else chance.choice(others)  # noqa: PLR2004


STREAMS: dict[str, Callable[[int, str, Json], Iterator[Request]]] = {
    "commands": commands,
    "filings": filings,
    "votes": votes,
    "mixed": mixed,
}

Place = tuple[str, str]


def _place(number: int, facts: Json) -> Place:
    """Return workspace and person of a connection: the workspaces take turns."""
    teams = int(facts.get("teams", 1))
    return team(number % teams % TEAMS), person(number)


def _command(text: str, place: Place) -> bytes:
    facts = {"command": "/feedback", "text": text, "team_id": place[0], "user_id": place[1]}
    more = {"trigger_id": "1.2.abc", "api_app_id": "A0BENCH", "channel_id": channel("triage"), "token": "x"}
    return urlencode({**facts, **more}).encode()


def _interaction(kind: str, place: Place, **more: Any) -> bytes:
    facts = {"type": kind, "team": {"id": place[0], "domain": "bench"}, "user": {"id": place[1]}, "enterprise": None}
    return b"payload=" + quote(json.dumps({**facts, "api_app_id": "A0BENCH", "trigger_id": "1.2.abc", **more})).encode()


def _filing(place: Place) -> bytes:
    from handlers.slack.blocks.feedback import FormStart, filing_form

    form = filing_form("en", FormStart(metadata=json.dumps({"nonce": NONCE})))
    values = {
        "words": {"words": {"type": "plain_text_input", "value": "They export by hand every Friday. " * 4}},
        "customer": {"feedback_customer": {"type": "external_select", "selected_option": {"value": "1"}}},
        "kind": {"kind": {"type": "radio_buttons", "selected_option": {"value": "need"}}},
        "urgency": {"urgency": {"type": "radio_buttons", "selected_option": {"value": "quarter"}}},
    }
    view = {**form, "id": f"V{NONCE}", "team_id": place[0], "hash": "1.a", "state": {"values": values}}
    return _interaction("view_submission", place, view=view)


def _vote(place: Place, facts: Json) -> bytes:
    press = {"type": "button", "block_id": "vote", "action_id": "vote_approve", "value": f"{ROUND}:1"}
    more = {"container": {"type": "message", "message_ts": "1.1", "channel_id": channel("triage")}}
    if facts.get("hook"):
        more["response_url"] = facts["hook"]
    return _interaction("block_actions", place, actions=[{**press, "action_ts": TIME}], **more)


def _options(place: Place) -> bytes:
    typed = {"action_id": "feedback_customer", "block_id": "customer", "value": "cust"}
    return _interaction("block_suggestion", place, **typed)


def _home(place: Place) -> bytes:
    event = {"type": "app_home_opened", "user": place[1], "channel": f"D{place[1][1:]}", "tab": "home"}
    facts = {"type": "event_callback", "team_id": place[0], "api_app_id": "A0BENCH", "event": event, "token": "x"}
    return json.dumps({**facts, "event_id": f"Ev{DOOR}", "authorizations": [{"team_id": place[0]}]}).encode()
