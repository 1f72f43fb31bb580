"""Socket Mode: tickets, the app's open connections, and envelopes that go down one of them and wait for an answer."""

import json
import random
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from practice.api import Args, SlackError, method
from practice.ledger import Delivery
from practice.state import State

__all__ = ["PATH", "Link", "Sockets"]

PATH: Final = "/link/"
MOST: Final = 10
"""How many connections an app may have; Slack turns the eleventh away."""

TICKET_S: Final = 30.0
"""How long an address can be used, in real seconds."""

_TYPES: Final = {"command": "slash_commands", "event": "events_api"}
_ONLY_HTTP: Final = frozenset({"raw", "url_verification"})

Json = dict[str, Any]


@method("apps.connections.open", tier=3, app_level=True)
def connections_open(state: State, _: Args) -> Json:
    """Hands out an address that can be connected to once, and soon."""
    if not state.socket_mode:
        state.problems.append("the app asked for a connection while Socket Mode is turned off")
        raise SlackError("forbidden_team")
    ticket = secrets.token_hex(16)
    state.tickets[ticket] = time.monotonic()
    address = state.url.replace("http", "ws", 1)
    return {"url": f"{address}{PATH}?ticket={ticket}&app_id={state.app_id}"}


@dataclass(eq=False, slots=True)
class Link:
    """One open connection, to be used from any thread.

    `send` puts a text on it, or (given None) closes it; `later` does the latter after some seconds; `cut` drops it
    without a word. `leaving` says that the app was asked to replace it.
    """

    send: Callable[[str | None], None]
    later: Callable[[float], None]
    cut: Callable[[], None]
    leaving: bool = False


@dataclass(eq=False, slots=True)
class _Waiting:
    """An envelope under way: through which link, and what the app said to it."""

    link: Link
    done: threading.Event = field(default_factory=threading.Event)
    ack: Json | None = None


class Sockets:
    """The app's connections. `known` says whether the app has ever opened one."""

    def __init__(self, state: State) -> None:
        self.known = False
        self._state = state
        self._links: list[Link] = []
        self._waiting: dict[str, _Waiting] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._links)

    def redeem(self, ticket: str) -> bool:
        """Takes a ticket, once; whether it was good."""
        with self._state.lock:
            born = self._state.tickets.pop(ticket, None)
        return born is not None and time.monotonic() - born <= TICKET_S

    def opened(self, link: Link) -> None:
        """Greets a new connection, or turns it away when there are too many."""
        with self._lock:
            too_many = len(self._links) >= MOST
            if not too_many:
                self.known = True
                self._links.append(link)
            count = len(self._links)
        if too_many:
            self._dismiss(link, "too_many_websockets", 0)
            return
        life = self._state.limits.socket_s
        link.send(_hello(self._state.app_id, count, int(life)))

    def gone(self, link: Link) -> None:
        """Takes note of a connection's end; what was not acknowledged through it fails."""
        with self._lock:
            if link in self._links:
                self._links.remove(link)
            lost = [waiting for waiting in self._waiting.values() if waiting.link is link]
        for waiting in lost:
            waiting.done.set()

    def heard(self, link: Link, text: str) -> None:
        """Takes an acknowledgement. One that comes too late, or through another connection, counts for nothing."""
        ack = _decoded(text)
        if "envelope_id" not in ack:
            self._state.problems.append(f"the app sent something that is no acknowledgement: {text[:200]}")
            return
        with self._lock:
            waiting = self._waiting.get(str(ack["envelope_id"]))
        if waiting is not None and waiting.link is link:
            waiting.ack = ack
            waiting.done.set()

    def exchange(self, delivery: Delivery, timeout_s: float) -> None:
        """Sends a delivery down one connection and fills in what the app acknowledged it with, or why it did not."""
        envelope = _envelope(delivery)
        delivery.sent, delivery.headers = json.dumps(envelope).encode(), {}
        waiting = self._sent(envelope["envelope_id"], delivery)
        if waiting is None:
            delivery.error = "dispatch_failed"
            return
        waiting.done.wait(timeout_s)
        with self._lock:
            del self._waiting[envelope["envelope_id"]]
        if waiting.ack is None:
            delivery.error = "operation_timeout"
            return
        delivery.status = 200
        if envelope["accepts_response_payload"] and waiting.ack.get("payload"):
            delivery.body, delivery.content_type = json.dumps(waiting.ack["payload"]), "application/json"

    def refresh(self, reason: str, links: list[Link] | None = None) -> None:
        """Asks the app to replace its connections (all by default), and closes the old ones after Slack's notice.

        With `link_disabled` there is nothing to replace them with, and no notice.
        """
        notice_s = 0 if reason == "link_disabled" else self._state.limits.notice_s
        for link in tuple(self._links) if links is None else links:
            link.leaving = True
            self._dismiss(link, reason, notice_s)

    def cut(self) -> None:
        """Drops all connections without a word."""
        for link in tuple(self._links):
            link.cut()

    def _sent(self, envelope_id: str, delivery: Delivery) -> _Waiting | None:
        with self._lock:
            link = self._any_link()
            if link is None or delivery.kind in _ONLY_HTTP:
                return None
            waiting = self._waiting[envelope_id] = _Waiting(link)
        link.send(delivery.sent.decode())
        return waiting

    def _any_link(self) -> Link | None:
        """Any of the connections, as Slack promises no order; one that is leaving only when there is no other."""
        staying = [link for link in self._links if not link.leaving]
        return random.choice(staying or self._links) if self._links else None  # noqa: S311 - chance, not a secret

    def _dismiss(self, link: Link, reason: str, notice_s: float) -> None:
        link.send(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "practice"}}))
        if notice_s:
            link.later(notice_s)
        else:
            link.send(None)


def _hello(app_id: str, count: int, life_s: int) -> str:
    return json.dumps(
        {
            "type": "hello",
            "num_connections": count,
            "debug_info": {"host": "practice", "build_number": 1, "approximate_connection_time": life_s},
            "connection_info": {"app_id": app_id},
        }
    )


def _envelope(delivery: Delivery) -> Json:
    """A delivery as Socket Mode sends it; only events are ever sent again, and say so."""
    kind = _TYPES.get(delivery.kind, "interactive")
    is_event = kind == "events_api"
    envelope = {
        "envelope_id": str(uuid.uuid4()),
        "payload": dict(delivery.payload),
        "type": kind,
        "accepts_response_payload": not is_event,
    }
    retries = {"retry_attempt": delivery.retry_num, "retry_reason": delivery.retry_reason or ""}
    return envelope | retries if is_event else envelope


def _decoded(text: str) -> Json:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
