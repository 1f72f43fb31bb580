"""Clients of Slack's Web API. None repeats a call by itself: a repeated post would be shown twice."""

import ssl
from functools import cache
from typing import cast

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient


def client(token: str | None, api_url: str, timeout_s: float) -> WebClient:
    """Return a client that waits so long for an answer. urllib takes fractions; the SDK's annotation does not."""
    return WebClient(token, api_url, timeout=cast("int", timeout_s), ssl=_trust(api_url), retry_handlers=[])


def webhook(url: str, timeout_s: float) -> WebhookClient:
    """Return a client of one response_url."""
    return WebhookClient(url, timeout=cast("int", timeout_s), ssl=_trust(url), retry_handlers=[])


def _trust(url: str) -> ssl.SSLContext | None:
    return _certificates() if url.startswith("https:") else None


@cache
def _certificates() -> ssl.SSLContext:
    """Return whom we trust. Left to itself the SDK reads all certificates anew for every call, which takes 30 ms."""
    return ssl.create_default_context()
