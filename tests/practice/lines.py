"""One connection of Socket Mode in the hands of a test: what came is kept, and answered as the test says."""

import json
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from slack_sdk import WebClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from practice.workspace import Workspace

Json = dict[str, Any]
Answer = Callable[[Json], Json | None]


def address(ws: Workspace) -> str:
    """Ask for an address to connect to, as an app does."""
    client = WebClient(base_url=ws.api_url, retry_handlers=[])
    return str(client.apps_connections_open(app_token=ws.app_token)["url"])


def acknowledged(_: Json) -> Json | None:
    """Acknowledge, with nothing to say."""
    return {}


class Line:
    """A connection. `answer` makes of an envelope what to acknowledge it with; None leaves it unacknowledged."""

    def __init__(self, ws: Workspace, answer: Answer = acknowledged) -> None:
        self.ws = ws
        self.answer = answer
        self.messages: list[Json] = []
        self._opened = ExitStack()
        self.socket = self._opened.enter_context(connect(address(ws), ping_interval=None, close_timeout=1))
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        self.ws.eventually(lambda: self.messages, what="hello")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        self._listening.join()

    @property
    def envelopes(self) -> list[Json]:
        """What it brought."""
        return [message for message in self.messages if "envelope_id" in message]

    def told(self, kind: str) -> list[Json]:
        """Return the messages of a type."""
        return [message for message in self.messages if message["type"] == kind]

    @property
    def over(self) -> bool:
        """Whether the other side has closed it."""
        return not self._listening.is_alive()

    def acknowledge(self, envelope: Json, payload: Json | None = None) -> None:
        """Send an acknowledgement."""
        more = {"payload": payload} if payload else {}
        self.socket.send(json.dumps({"envelope_id": envelope["envelope_id"], **more}))

    def _listen(self) -> None:
        try:
            for text in self.socket:
                message = json.loads(text)
                self.messages.append(message)
                if "envelope_id" in message and (payload := self.answer(message)) is not None:
                    self.acknowledge(message, payload)
        except ConnectionClosed:
            pass
