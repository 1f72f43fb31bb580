"""A client as plain as curl, for asking the web server of a bot."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from practice.workspace import Workspace


@dataclass(frozen=True)
class Reply:
    """What the web server answered."""

    status: int
    body: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Ask = Callable[..., Reply]


def client(ws: Workspace) -> Ask:
    """Return a function that sends one request to the bot now connected to a workspace."""
    return asking(ws._dispatcher.request_url or "")


def asking(url: str) -> Ask:
    """Return a function that sends one request to the server at an address."""
    address = urlsplit(url)

    def send(method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
        connection = HTTPConnection(address.hostname or "", address.port, timeout=5)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Reply(
                answer.status, answer.read().decode(), {key.lower(): value for key, value in answer.headers.items()}
            )
        finally:
            connection.close()

    return send
