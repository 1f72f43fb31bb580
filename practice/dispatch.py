"""Sending to the app: signed requests or Socket Mode's envelopes, the three seconds, and the retries of events."""

import heapq
import itertools
import json
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from slack_sdk.signature import SignatureVerifier

from practice.faults import Faults
from practice.ledger import Delivery, Ledger
from practice.payloads import event_envelope
from practice.sockets import Sockets
from practice.state import State

__all__ = ["Dispatcher", "signed_headers"]

# Slack sends an event again at once, after a minute, and five minutes after that.
RETRY_PAUSES: Final = (timedelta(), timedelta(minutes=1), timedelta(minutes=5))
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_OK: Final = range(200, 300)
_REASON: Final = {"operation_timeout": "http_timeout", "dispatch_failed": "connection_failed"}


def signed_headers(secret: str, body: bytes, timestamp: int | None = None) -> dict[str, str]:
    """Slack's signature headers for a body; `timestamp` in seconds since 1970, the machine's time by default.

    The machine's and not the practice clock's: libraries compare it with the time of the machine.
    """
    at = str(int(time.time()) if timestamp is None else timestamp)
    signature = SignatureVerifier(secret).generate_signature(timestamp=at, body=body) or ""
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": signature}


class Dispatcher:
    """The workspace's way to the app, deliveries on threads of its own, a thread for retries.

    An app with addresses is sent requests there, spread over them as a balancer does: one after the other, and on to
    the next where nobody listens. One without that has opened sockets gets envelopes through them.
    """

    def __init__(self, state: State, ledger: Ledger, faults: Faults, signing_secret: str) -> None:
        self.request_urls: Sequence[str] = ()
        self.signing_secret = signing_secret
        self.sockets = Sockets(state)
        self._state = state
        self._ledger = ledger
        self._faults = faults
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="practice-delivery")
        self._due: list[tuple[datetime, int, Delivery, Delivery]] = []
        self._order = itertools.count()
        self._turns = itertools.count()
        self._wake = threading.Condition()
        self._retries: threading.Thread | None = None
        self._closed = False
        state.clock.on_move(self._moved)

    @property
    def request_url(self) -> str | None:
        """The app's first address, None when it has none."""
        return next(iter(self.request_urls), None)

    @property
    def connected(self) -> bool:
        """Whether the app has said how it is reached."""
        return bool(self.request_urls) or self.sockets.known

    @property
    def over_sockets(self) -> bool:
        """Whether the app is reached over Socket Mode."""
        return not self.request_urls and self.sockets.known

    def command(self, form: Mapping[str, str]) -> Delivery:
        """Sends a slash command and waits for the answer."""
        return self.post("command", form, urlencode(form).encode(), FORM)

    def interaction(self, payload: Mapping[str, Any]) -> Delivery:
        """Sends a gesture (`payload=` in a form) and waits for the answer."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self.post(str(payload["type"]), payload, body, FORM)

    def event(self, event: Mapping[str, Any]) -> Delivery:
        """Wraps an inner event, sends it once and waits; further tries, if it fails, happen in the background."""
        with self._state.lock:
            envelope = event_envelope(self._state, event)
        delivery = self.post("event", envelope, json.dumps(envelope).encode(), JSON)
        self._plan_retry(delivery, delivery)
        return delivery

    def send_events(self, events: Iterable[Mapping[str, Any]], *, wait: bool) -> list[Delivery]:
        """Sends inner events: one after the other before returning, or all in the background."""
        if not self.connected or self._closed:
            return []
        if wait:
            return [self.event(event) for event in events]
        for event in events:
            self._pool.submit(self.event, event)
        return []

    def post(
        self,
        kind: str,
        payload: Mapping[str, Any],
        body: bytes,
        content_type: str,
        extra: Mapping[str, str] | None = None,
    ) -> Delivery:
        """Signs and sends one request (two with the fault `deliver_twice`) and waits for the answer."""
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "Accept": "*/*",
            **(extra or {}),
            **signed_headers(self.signing_secret, body),
        }
        fault = self._faults.strike(kind, delivery=True)
        fault_kind = fault.kind if fault else ""
        if fault and fault.kind == "delay":
            time.sleep(fault.seconds)
        if fault_kind == "not_delivered":
            return self._lost(kind, payload, body, headers)
        twin = threading.Thread(target=self.deliver, args=(kind, payload, body, headers))
        if fault_kind == "deliver_twice":
            twin.start()
        delivery = self.deliver(kind, payload, body, headers)
        if fault_kind == "deliver_twice":
            twin.join()
        if fault_kind == "answer_lost":
            delivery.error = "operation_timeout"
        return delivery

    def _lost(self, kind: str, payload: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> Delivery:
        """Writes a request into the ledger that never reached the app."""
        delivery = Delivery(kind, payload, body, dict(headers), self._state.clock.now(), error="dispatch_failed")
        delivery.retry_num = int(headers.get("X-Slack-Retry-Num", "0"))
        self._ledger.append(delivery)
        return delivery

    def verify_url(self) -> bool:
        """Sends url_verification, as Slack does when a request URL is set; whether the challenge came back."""
        challenge = secrets.token_hex(16)
        payload = {"token": self._state.verification_token, "challenge": challenge, "type": "url_verification"}
        delivery = self.post("url_verification", payload, json.dumps(payload).encode(), JSON)
        return delivery.ok and challenge in delivery.body

    def deliver(self, kind: str, payload: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> Delivery:
        """Sends exactly these bytes and headers (through a socket: the payload), once; writes it into the ledger."""
        delivery = Delivery(kind, payload, body, dict(headers), self._state.clock.now())
        delivery.retry_num = int(headers.get("X-Slack-Retry-Num", "0"))
        delivery.retry_reason = headers.get("X-Slack-Retry-Reason")
        self._ledger.append(delivery)
        started = time.monotonic()
        patience_s = self._state.limits.answer_s
        if self.over_sockets:
            self.sockets.exchange(delivery, patience_s)
        else:
            self._exchange(delivery, patience_s)
        delivery.took_s = time.monotonic() - started
        return delivery

    def _exchange(self, delivery: Delivery, patience_s: float) -> None:
        """Asks one address after the other, beginning with another each time, until somebody listens."""
        delivery.error = "dispatch_failed"
        first, count = next(self._turns), len(self.request_urls)
        for number in range(first, first + count):
            if _exchange(delivery, self.request_urls[number % count], patience_s):
                return

    def close(self) -> None:
        """Forgets what was planned and ends the threads."""
        with self._wake:
            self._closed = True
            self._due.clear()
            self._wake.notify_all()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._retries is not None:
            self._retries.join()

    def _plan_retry(self, first: Delivery, last: Delivery) -> None:
        if last.ok or last.no_retry or last.retry_num >= len(RETRY_PAUSES):
            return
        pause = RETRY_PAUSES[last.retry_num] * self._state.limits.retry_scale
        with self._wake:
            if self._closed:
                return
            heapq.heappush(self._due, (self._state.clock.now() + pause, next(self._order), first, last))
            if self._retries is None:
                self._retries = threading.Thread(target=self._run_retries, name="practice-retries", daemon=True)
                self._retries.start()
            self._wake.notify_all()

    def _run_retries(self) -> None:
        while True:
            with self._wake:
                if self._closed:
                    return
                left = self._seconds_to_next()
                if left > 0:
                    self._wake.wait(min(left, 60))
                    continue
                _, _, first, last = heapq.heappop(self._due)
            self._retry(first, last)

    def _seconds_to_next(self) -> float:
        if not self._due:
            return 60.0
        return (self._due[0][0] - self._state.clock.now()).total_seconds()

    def _retry(self, first: Delivery, last: Delivery) -> None:
        reason = "timeout" if self.over_sockets else _REASON.get(last.error or "", "http_error")
        extra = {"X-Slack-Retry-Num": str(last.retry_num + 1), "X-Slack-Retry-Reason": reason}
        again = self.post("event", first.payload, json.dumps(first.payload).encode(), JSON, extra)
        first.retries.append(again)
        self._plan_retry(first, again)

    def _moved(self) -> None:
        with self._wake:
            self._wake.notify_all()


def _exchange(delivery: Delivery, url: str, timeout_s: float) -> bool:
    """Sends a delivery and fills in the answer, or the error in Slack's words. False when nobody listens there."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=timeout_s)
    try:
        connection.request("POST", address.path or "/", delivery.sent, dict(delivery.headers))
        answer = connection.getresponse()
        delivery.body = answer.read().decode("utf-8", "replace")
        delivery.status = answer.status
        delivery.content_type = answer.headers.get("Content-Type", "")
        delivery.no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
        delivery.error = None if answer.status in _OK else "http_service_error"
    except ConnectionRefusedError:
        return False
    except TimeoutError:
        delivery.error = "operation_timeout"
    except (OSError, HTTPException):
        delivery.error = "dispatch_failed"
    finally:
        connection.close()
    return True
