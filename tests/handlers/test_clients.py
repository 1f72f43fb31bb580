"""Calls to Slack over TLS: whom we trust is read once, not for every call, and nobody makes a client of their own."""

import re
import ssl
from collections.abc import Callable
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from slack_sdk import WebClient

from handlers.slack import clients

API, HOOK = "https://slack.com/api/", "https://hooks.slack.com/actions/T0/1/x"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down when somebody reads the certificates; let no connection come about."""
    found: list[str] = []
    load = ssl.SSLContext.load_default_certs

    def load_default_certs(context: ssl.SSLContext, *purpose: ssl.Purpose) -> None:
        found.append("read")
        load(context, *purpose)

    def connect(_connection: HTTPSConnection) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", load_default_certs)
    monkeypatch.setattr(HTTPSConnection, "connect", connect)
    return found


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - urllib's own, around the refusal
        call()


def test_certificates_are_read_once_however_many_calls_are_made(read: list[str]) -> None:
    clients._certificates.cache_clear()
    for _ in range(3):
        refused(clients.client("xoxb-1", API, 1).api_test)
        refused(lambda: clients.webhook(HOOK, 1).send(text="Done."))
    assert read == ["read"]


def test_the_packages_own_clients_would_read_them_for_every_call(read: list[str]) -> None:
    client = WebClient("xoxb-1", API, timeout=1, retry_handlers=[])
    for _ in range(3):
        refused(client.api_test)
    assert len(read) == 3


def test_names_and_certificates_are_checked_and_nothing_is_repeated() -> None:
    for made in (clients.client("xoxb-1", API, 1), clients.webhook(HOOK, 1)):
        assert made.ssl
        assert (made.ssl.verify_mode, made.ssl.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert made.retry_handlers == []


def test_the_practice_workspace_speaks_without_tls() -> None:
    assert clients.client("xoxb-1", "http://127.0.0.1:1/api/", 1).ssl is None


def test_all_clients_are_made_in_one_place() -> None:
    made = re.compile(r"\b(WebClient|WebhookClient)\(")
    files = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]
    assert [path.name for path in files if made.search(path.read_text())] == ["clients.py"]
