"""A guided path for a first visit: which of its steps were taken, told from what people did."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from practice.ledger import Delivery, Ledger
from practice.messages import people_in
from practice.state import Conversation, State

__all__ = ["Step", "guide_shape"]

Json = dict[str, Any]

Step = Mapping[str, Any]
"""One step: `title`, `text`, `links` (label, as, channel) that take the reader there, and `done`.

`done` is one of two things:
    {"gestures": [{"kind": …, "where": {path: pattern}}], "people": n}: the app took one of these gestures, of n people
    (1 when left out). Kinds are a delivery's; a path such as `view.callback_id` or `actions.0.action_id` leads to a
    value in its payload, which the whole pattern must match.
    {"read": pattern}: somebody read, in their direct message, a message of the app that holds the pattern.
"""


def guide_shape(state: State, ledger: Ledger) -> list[Json]:
    """The steps with `done` as true or false. They are taken in order: what happened before a step does not count."""
    taken = len(_taken(state, ledger))
    shown = [{key: step[key] for key in ("title", "text", "links") if key in step} for step in state.guide]
    return [step | {"done": place < taken} for place, step in enumerate(shown)]


def _taken(state: State, ledger: Ledger) -> list[float]:
    """When each of the steps taken so far was taken, in seconds of the practice clock."""
    gestures = iter([delivery for delivery in ledger.deliveries() if _accepted(delivery)])
    times: list[float] = []
    for step in state.guide:
        done = step["done"]
        since = times[-1] if times else 0.0
        at = _read_at(state, done["read"], since) if "read" in done else _gestured_at(gestures, done)
        if at is None:
            break
        times.append(at)
    return times


def _accepted(delivery: Delivery) -> bool:
    """Whether the app took a gesture: in time, and without errors at the fields."""
    return delivery.ok and not re.search(r'"response_action":\s*"errors"', delivery.body)


def _gestured_at(gestures: Iterator[Delivery], done: Mapping[str, Any]) -> float | None:
    people: set[str] = set()
    for delivery in gestures:
        if any(_fits(delivery, wanted) for wanted in done["gestures"]):
            people.add(str(_inside(delivery.payload, "user.id")))
        if len(people) >= done.get("people", 1):
            return delivery.at.timestamp()
    return None


def _fits(delivery: Delivery, wanted: Mapping[str, Any]) -> bool:
    where: Mapping[str, str] = wanted.get("where", {})
    return delivery.kind == wanted["kind"] and all(
        re.fullmatch(pattern, str(_inside(delivery.payload, path))) for path, pattern in where.items()
    )


def _read_at(state: State, pattern: str, since: float) -> float | None:
    for conversation in state.conversations.values():
        if conversation.kind == "im" and (at := _last_read(state, conversation, pattern, since)):
            return at
    return None


def _last_read(state: State, conversation: Conversation, pattern: str, since: float) -> float | None:
    """When such a message was posted, if it was read by the one it was for."""
    read = max((float(conversation.last_read.get(user, "0")) for user in people_in(state, conversation)), default=0.0)
    times = (float(row.ts) for row in conversation.lasting() if row.from_bot and re.search(pattern, row.text))
    return next((at for at in times if since <= at <= read), None)


def _inside(payload: Any, path: str) -> Any:
    """The value at a dotted path; None when the path leads nowhere."""
    for key in path.split("."):
        if isinstance(payload, list) and key.isdigit() and int(key) < len(payload):
            payload = payload[int(key)]
        elif isinstance(payload, Mapping):
            payload = payload.get(key)
        else:
            return None
    return payload
