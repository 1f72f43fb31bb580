"""Signing as Slack does."""

import hashlib
import hmac
import time

SECRET = "the bench's own secret"  # noqa: S105 - of servers that live for a minute
FORM = b"application/x-www-form-urlencoded"
PATH = b"/slack/events"


def signature(secret: str, moment: bytes, body: bytes) -> bytes:
    """Return Slack's signature of a body at a moment (whole seconds since 1970)."""
    return b"v0=" + hmac.new(secret.encode(), b"v0:" + moment + b":" + body, hashlib.sha256).hexdigest().encode()


def signed(body: bytes, kind: bytes = FORM) -> bytes:
    """Return a whole request with a signed body."""
    moment = str(int(time.time())).encode()
    return b"\r\n".join(
        (
            b"POST " + PATH + b" HTTP/1.1",
            b"Host: 127.0.0.1",
            b"Content-Type: " + kind,
            b"Content-Length: " + str(len(body)).encode(),
            b"X-Slack-Request-Timestamp: " + moment,
            b"X-Slack-Signature: " + signature(SECRET, moment, body),
            b"",
            body,
        )
    )
