"""Socket Mode: two connections to Slack, kept open, that bring the same requests to the same Bolt app."""

import errno
import json
import logging
import random
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk.errors import SlackApiError, SlackClientError, SlackClientNotConnectedError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from handlers.metrics import Counts
from handlers.slack import clients

log = structlog.get_logger(__name__)

SEATS: Final = 2
"""How many connections we keep. Slack allows ten for all replicas together."""

THREADS: Final = 32
"""How many requests of one connection are worked on at once."""

LARGEST: Final = 65_535
"""Slack's client cannot send an answer of more bytes."""

PATIENCE_S: Final = 3.0
"""How long Slack waits for an answer, and we for a connection's greeting."""

PING_S: Final = 3.0
"""How often we look whether a connection lives; after four pings without an answer it does not."""

STEADY_S: Final = 30.0
"""A connection that lasted this long was a good one."""

QUIET_S: Final = 3.0
NOTICE_S: Final = 20.0
"""A connection that must go is left when it brought nothing for the first, or has had the second."""

MAX_PAUSE_S: Final = 30.0
LOOK_S: Final = 0.1

LEAVING_S: Final = 1.0
"""How long we wait at the end for a thread that is just asking Slack for an address; it leaves nothing behind."""

PASSING: Final = frozenset({"ratelimited", "internal_error", "fatal_error", "service_unavailable"})
"""Errors of apps.connections.open after which asking again helps."""

_quiet = logging.getLogger("needline.socket")
_quiet.setLevel(logging.CRITICAL)  # we say ourselves what happens; at lower levels slack_sdk quotes whole requests


class _Stream:
    """A socket that says when the other side is gone. slack_sdk takes that for silence, and asks again without a pause.

    It also sends all of an answer: slack_sdk sends what fits at once, and takes it for the whole.
    """

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream

    def recv(self, size: int) -> bytes:
        received = self._stream.recv(size)
        if not received:
            raise ConnectionResetError(errno.ECONNRESET, "Slack closed the connection")
        return received

    def send(self, data: bytes) -> int:
        self._stream.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Link(SocketModeClient):
    """One connection, for as long as Slack lets it live.

    slack_sdk's client replaces a connection in place: what is under way is then answered through another one, or not
    at all when we stop. Here a connection never replaces itself: `Sockets` opens the next one, and leaves this one when
    everything that came through it was answered.
    """

    def __init__(self, bolt: App, app_token: str, url: str) -> None:
        super().__init__(
            app_token,
            logger=_quiet,
            auto_reconnect_enabled=False,
            ping_interval=PING_S,
            receive_buffer_size=LARGEST + 1,
            concurrency=THREADS,
        )
        self.wss_uri = url
        if not url.startswith("wss:"):
            self.proxy = None  # the practice workspace, on this machine
        self.greeted = threading.Event()
        self.ends: str | None = None
        self._bolt = bolt
        self._count = threading.Lock()
        self._under_way = 0
        self._born = self._heard = time.monotonic()
        self.socket_mode_request_listeners.append(self._serve)

    @property
    def lives(self) -> bool:
        """Whether it is open and nobody asked us to leave it."""
        return self.is_connected() and self.ends is None

    @property
    def is_busy(self) -> bool:
        """Whether something that came through it is not answered yet."""
        return self._under_way > 0

    @property
    def was_steady(self) -> bool:
        """Whether it lasted."""
        return time.monotonic() - self._born > STEADY_S

    @property
    def is_left(self) -> bool:
        """Whether nothing more is to be expected of a connection that must go."""
        return not self.is_connected() or (not self.is_busy and time.monotonic() - self._heard > QUIET_S)

    def connect(self) -> None:
        """Connect. Whether it worked, `is_connected` says."""
        super().connect()
        session = self.current_session
        if session is not None and session.sock is not None:
            session.sock = cast("Any", _Stream(session.sock))

    def enqueue_message(self, message: str) -> None:
        """Take note of what Slack says of the connection itself; hand on only what it brings."""
        told = _decoded(message)
        if told.get("type") == "hello":
            self.greeted.set()
        elif told.get("type") == "disconnect" or not told:  # not JSON: we have lost our place in the stream
            self.ends = str(told.get("reason", "garbled"))
            self._heard = time.monotonic()
            self.greeted.set()
        elif "envelope_id" in told and isinstance(told.get("payload"), dict):
            with self._count:
                self._under_way += 1
                self._heard = time.monotonic()
            super().enqueue_message(message)

    def send_socket_mode_response(self, response: dict[str, Any] | SocketModeResponse) -> None:
        """Answer in UTF-8: as ASCII, Chinese text takes twice the bytes that fit into one frame."""
        told = response.to_dict() if isinstance(response, SocketModeResponse) else response
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        if len(text.encode()) > LARGEST:
            log.error("socket.answer_too_large", bytes=len(text.encode()))
            return
        self.send_message(text)

    def disconnect(self) -> None:
        """Close the socket. Its reader may be doing the same just now, which slack_sdk does not expect."""
        with suppress(AttributeError):
            super().disconnect()

    def close(self) -> None:
        """End it at once. By itself slack_sdk first waits for its own read to time out."""
        self.closed = self.current_session_state.terminated = True
        stream = self.current_session.sock if self.current_session else None
        if stream is not None:
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        self.message_queue.put(None)  # wakes the thread that waits for messages
        super().close()

    def _serve(self, _client: object, request: SocketModeRequest) -> None:
        """Let Bolt answer. What is not a success is not acknowledged: events come again, people see that it failed."""
        try:
            send_response(self, request, run_bolt_app(self._bolt, request), time.time())
        except SlackClientNotConnectedError:
            log.warning("socket.answer_lost", kind=request.type)
        except Exception as error:  # slack_sdk would say nothing of it
            log.exception("socket.failed", kind=request.type, reason=type(error).__name__)
        finally:
            with self._count:
                self._under_way -= 1


class _RefusedError(Exception):
    """No connection now. `wait_s`: the seconds that Slack asks us to wait."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Sockets:
    """The connections to Slack, each kept by a thread that opens the next one before the last is gone."""

    def __init__(self, bolt: App, app_token: str, api_url: str, counts: Counts, timeout_s: int) -> None:
        self._bolt = bolt
        self._token = app_token
        self._client = clients.client(None, api_url, timeout_s)
        self._first: str | None = None
        self._links: set[Link] = set()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._keepers = [threading.Thread(target=self._keep, name=f"socket-{n}", daemon=True) for n in range(SEATS)]
        counts.sockets.set_function(lambda: self.open)

    @property
    def open(self) -> int:
        """How many connections are open."""
        with self._lock:
            return sum(link.is_connected() for link in self._links)

    def knock(self) -> None:
        """Ask Slack for the first address. Raises SlackApiError if it will never give one; else `start` tries again."""
        try:
            self._first = self._address()
        except SlackApiError as error:
            if error.response.status_code == HTTPStatus.OK and error.response.get("error") not in PASSING:
                raise
            log.warning("socket.not_opened", reason=_reason(error))
        except (SlackClientError, OSError):
            log.warning("socket.not_opened", reason="no answer")

    def start(self) -> None:
        """Begin to connect."""
        for keeper in self._keepers:
            keeper.start()

    def wait(self, within: float) -> bool:
        """Wait until all connections are open; return whether they are."""
        end = time.monotonic() + within
        while self.open < SEATS and time.monotonic() < end:
            time.sleep(0.01)
        return self.open >= SEATS

    def stop(self) -> None:
        """Answer what is under way, as long as Slack waits for it, and close."""
        self._stopping.set()
        end = time.monotonic() + PATIENCE_S
        while any(link.is_busy for link in self._all()) and time.monotonic() < end:
            time.sleep(0.01)
        for link in self._all():
            self._close(link)
        end = time.monotonic() + LEAVING_S
        for keeper in self._keepers:
            if keeper.is_alive():
                keeper.join(max(0.0, end - time.monotonic()))

    def _keep(self) -> None:
        """Keep one connection open until we stop."""
        link: Link | None = None
        failures, pause = 0, 0.0
        while not self._stopping.wait(pause):
            wait_s = 0.0
            try:
                link = self._replaced(link)
                self._watch(link)
                failures = 0 if link.was_steady else failures + 1
            except _RefusedError as refused:
                failures, wait_s = failures + 1, refused.wait_s
                log.warning("socket.not_opened", reason=str(refused), failures=failures)
            except Exception as error:  # nothing may end this thread
                failures += 1
                log.exception("socket.failed", reason=type(error).__name__)
            pause = max(wait_s, _pause(failures))

    def _watch(self, link: Link) -> None:
        """Wait for a connection's end, or ours."""
        while link.lives:
            if self._stopping.wait(LOOK_S):
                return
        log.info("socket.ends", reason=link.ends or "lost")

    def _replaced(self, old: Link | None) -> Link:
        """Open the next connection, then leave the old one. One seat at a time, so that the other stays taken."""
        with self._turn:
            fresh = self._opened()
        log.info("socket.open", open=self.open)
        if old:
            threading.Thread(target=self._leave, args=(old,), name="socket-leaving", daemon=True).start()
        return fresh

    def _opened(self) -> Link:
        """Connect and wait for the greeting."""
        link = Link(self._bolt, self._token, self._next_address())
        link.connect()
        if link.is_connected():
            link.greeted.wait(PATIENCE_S)
        with self._lock:
            if link.lives and link.greeted.is_set() and not self._stopping.is_set():
                self._links.add(link)
                return link
        link.close()
        raise _RefusedError(link.ends or "not connected")

    def _next_address(self) -> str:
        first, self._first = self._first, None
        if first:
            return first
        try:
            return self._address()
        except SlackApiError as error:
            headers = {name.lower(): value for name, value in error.response.headers.items()}
            raise _RefusedError(_reason(error), float(headers.get("retry-after", 0))) from None
        except (SlackClientError, OSError) as error:
            raise _RefusedError(type(error).__name__) from None

    def _address(self) -> str:
        """Ask for an address; it holds a ticket that opens one connection, once."""
        return str(self._client.apps_connections_open(app_token=self._token)["url"])

    def _leave(self, link: Link) -> None:
        """Let a connection that must go finish: Slack closes it, or it falls silent."""
        end = time.monotonic() + NOTICE_S
        while not link.is_left and time.monotonic() < end and not self._stopping.wait(0.1):
            pass
        if not self._stopping.is_set():  # else `stop` closes it
            self._close(link)

    def _close(self, link: Link) -> None:
        with self._lock:
            known = link in self._links
            self._links.discard(link)
        if known:
            link.close()

    def _all(self) -> list[Link]:
        with self._lock:
            return list(self._links)


def _pause(failures: int) -> float:
    """Return the seconds to wait before the next attempt: none at first, then longer and longer, never all at once."""
    longest = min(MAX_PAUSE_S, 0.25 * 2.0**failures) if failures else 0.0
    return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads attempts, keeps no secret


def _reason(error: SlackApiError) -> str:
    """Return Slack's name for what is wrong; what is no answer of Slack's has a status only."""
    status = error.response.status_code
    return str(error.response.get("error")) if status == HTTPStatus.OK else f"status {status}"


def _decoded(message: str) -> dict[str, Any]:
    try:
        told = json.loads(message)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
