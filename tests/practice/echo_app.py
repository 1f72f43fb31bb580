"""A small Bolt app of the tests' own, served over HTTP, that stands in for some app; and short ways to write blocks."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from slack_bolt import App
from slack_bolt.request import BoltRequest
from slack_sdk import WebClient

from practice.handles import Channel
from practice.people import Person
from practice.workspace import Workspace

Json = dict[str, Any]
Room = tuple[Person, Person, Channel]

SCOPES = [
    "chat:write",
    "commands",
    "im:write",
    "im:read",
    "im:history",
    "channels:read",
    "channels:history",
    "channels:join",
    "groups:read",
    "groups:history",
    "users:read",
    "users:read.email",
    "reactions:read",
    "reactions:write",
    "team:read",
]
MANIFEST: Json = {
    "display_information": {"name": "Echo"},
    "features": {
        "bot_user": {"display_name": "echo"},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "slash_commands": [
            {"command": "/echo", "description": "Says it again"},
            {"command": "/form", "description": "Opens a form"},
            {"command": "/card", "description": "Posts a card"},
        ],
        "shortcuts": [
            {"name": "File it", "type": "global", "callback_id": "file_it", "description": "Opens a form"},
            {"name": "Quote it", "type": "message", "callback_id": "quote_it", "description": "Quotes a message"},
        ],
    },
    "oauth_config": {"scopes": {"bot": SCOPES}},
    "settings": {
        "event_subscriptions": {
            "bot_events": [
                "app_home_opened",
                "app_uninstalled",
                "member_joined_channel",
                "message.im",
                "reaction_added",
                "team_join",
                "tokens_revoked",
                "user_change",
            ]
        },
        "interactivity": {"is_enabled": True},
    },
}


def asked(url: str, facts: Json | None = None) -> Json:
    """What a path of the workspace answers: to a GET, or to these facts as a JSON POST."""
    address = urlsplit(url)
    connection = HTTPConnection(str(address.hostname), address.port)
    connection.request("POST" if facts else "GET", address.path, json.dumps(facts) if facts else None)
    answer: Json = json.load(connection.getresponse())
    connection.close()
    return answer


def text_input(label: str, name: str, **element: Any) -> Json:
    return {
        "type": "input",
        "block_id": name,
        "label": {"type": "plain_text", "text": label},
        "element": {"type": "plain_text_input", "action_id": name, **element},
    }


def button(text: str, action_id: str, value: str = "1") -> Json:
    return {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": {"type": "plain_text", "text": text},
    }


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def modal(*blocks: Json, title: str = "Form", **more: Any) -> Json:
    words = {"title": title, "submit": "Send", "close": "Cancel"}
    plain = {key: {"type": "plain_text", "text": text} for key, text in words.items()}
    return {"type": "modal", "callback_id": "form", **plain, "blocks": list(blocks), **more}


@dataclass
class Served:
    """The app under the workspace: Bolt, a client, and what a test hangs on it."""

    bolt: App
    client: WebClient
    url: str
    seen: list[Json] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.bolt.dispatch(BoltRequest(body=body, headers=headers))
        content = (answer.body or "").encode()
        try:
            self.send_response(answer.status)
            for name, value in answer.first_headers().items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


class EchoServer(ThreadingHTTPServer):
    daemon_threads = True
    bolt: App

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)


@contextmanager
def served(ws: Workspace, logger: logging.Logger) -> Iterator[Served]:
    """Let the app listen, without a word in the log."""
    logger.setLevel(logging.CRITICAL)
    client = WebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])
    bolt = App(client=client, signing_secret=ws.signing_secret, process_before_response=True, logger=logger)
    server = EchoServer()
    server.bolt = bolt
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/slack/events"
    yield Served(bolt, client, url)
    server.shutdown()
    server.server_close()
    thread.join()
