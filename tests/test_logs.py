"""Nothing secret is ever logged: not by us, not by the libraries, in neither format, whatever fails."""

import io
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from slack_bolt import App, BoltRequest

from bot import logs
from bot.app import Install, bolt_app
from bot.config import Config
from handlers.metrics import Counts

FORMATS = ("console", "json")
FORM = "application/x-www-form-urlencoded"

TOKEN = "xoxb-1234567890-canary-token"
SIGNING_SECRET = "0canary0signing0secret0"
PASSWORD = "canary-password"
RESPONSE_URL = "https://hooks.slack.com/commands/T0CANARY/1234567890/canaryresponse"
TRIGGER_ID = "13345224609.738474920.8088930838d88f008e0"


# -- one line at a time


def _raise_with(secret: str) -> None:
    raise RuntimeError(f"could not reach {secret}")


def _logged_failure(secret: str) -> None:
    try:
        _raise_with(secret)
    except RuntimeError:
        structlog.get_logger("tests").exception("call.failed", call="x")


def _library_failure(secret: str) -> None:
    try:
        _raise_with(secret)
    except RuntimeError:
        logging.getLogger("library").exception("it failed")


WAYS: dict[str, Callable[[str], object]] = {
    "as the event": lambda secret: structlog.get_logger("tests").info(secret),
    "in a sentence": lambda secret: structlog.get_logger("tests").warning("call.failed", why=f"“{secret}” was refused"),
    "deep in a payload": lambda secret: structlog.get_logger("tests").info("got", body={"a": [{"b": (secret,)}]}),
    "as a key": lambda secret: structlog.get_logger("tests").info("got", body={secret: 1}),
    "in a failure": _logged_failure,
    "by a library": lambda secret: logging.getLogger("library").warning("calling %s now", secret),
    "by a library, as an object": lambda secret: logging.getLogger("library").warning("calling %r", {"x": [secret]}),
    "by a library, beside the message": lambda secret: logging.getLogger("library").warning("x", extra={"y": secret}),
    "by a library's failure": _library_failure,
}
SECRETS = {
    "token": TOKEN,
    "app-level token": "xapp-1-A0CANARY-1234567890-canary",
    "address of a socket": "wss://wss-primary.example/link/?ticket=0canary-ticket0&app_id=A0CANARY",
    "signing secret": SIGNING_SECRET,
    "response_url": RESPONSE_URL,
    "trigger_id": TRIGGER_ID,
    "database password": f"postgresql+psycopg://needline:{PASSWORD}@db.example/needline",
}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the root logger writes during a test; what was set up before comes back after it."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    known = set(logs._known_secrets)
    yield written
    root.handlers, logs._known_secrets = handlers, known
    root.setLevel(level)
    structlog.reset_defaults()


def _write_to(written: io.StringIO) -> None:
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("log_format", FORMATS)
def test_a_secret_is_hidden_however_it_gets_into_a_line(lines: io.StringIO, log_format: str, way: str) -> None:
    logs.set_up(log_format)
    logs.keep_secret(SIGNING_SECRET)
    _write_to(lines)
    for secret in SECRETS.values():
        WAYS[way](secret)
    written = lines.getvalue()
    assert written.count(logs.HIDDEN) >= len(SECRETS)
    assert [name for name, secret in SECRETS.items() if secret in written or PASSWORD in written] == []


@pytest.mark.parametrize("way", WAYS)
def test_without_our_formatter_every_secret_would_show(lines: io.StringIO, way: str) -> None:
    """The control: the same lines through a logger of the usual making."""
    _log_plainly(lines)
    for secret in SECRETS.values():
        WAYS[way](secret)
    assert [name for name, secret in SECRETS.items() if secret not in lines.getvalue()] == []


@pytest.mark.parametrize(
    "name", ["token", "bot_token", "signing_secret", "response_url", "trigger_id", "Authorization"]
)
def test_what_has_the_name_of_a_secret_is_hidden_whatever_it_looks_like(lines: io.StringIO, name: str) -> None:
    logs.set_up("json")
    _write_to(lines)
    structlog.get_logger("tests").info("got", body={name: "plain"}, **{name: ["plain"]})
    line = json.loads(lines.getvalue())
    assert line[name] == line["body"][name] == logs.HIDDEN


def test_a_json_line_is_one_object_with_the_facts_of_ours_and_of_libraries(lines: io.StringIO) -> None:
    logs.set_up("json")
    _write_to(lines)
    structlog.get_logger("tests").info("需求.filed", about="F-1")
    logging.getLogger("library").warning("slow: %s ms", 7)
    first, second = map(json.loads, lines.getvalue().splitlines())
    assert (first["event"], first["about"], first["level"]) == ("需求.filed", "F-1", "info")
    assert (second["event"], second["logger"], second["level"]) == ("slow: 7 ms", "library", "warning")
    assert datetime.fromisoformat(first["timestamp"]).tzinfo


def test_a_request_with_a_bad_signature_leaves_nothing_of_its_body_in_the_log(lines: io.StringIO) -> None:
    logs.set_up("json")
    _write_to(lines)
    told = {"type": "block_actions", "trigger_id": TRIGGER_ID, "response_url": RESPONSE_URL, "words": "Zebra"}
    body = urlencode({"payload": json.dumps(told)})
    headers: dict[str, str | Sequence[str]] = {
        "content-type": FORM,
        "x-slack-request-timestamp": str(int(time.time())),
        "x-slack-signature": "v0=00",
    }
    assert _bolt().dispatch(BoltRequest(body=body, headers=headers)).status == 401
    written = lines.getvalue()
    assert [word for word in ("canaryresponse", "8088930838d88f008e0", "Zebra") if word in written] == []


def test_what_a_person_typed_cannot_forge_a_line(lines: io.StringIO) -> None:
    logs.set_up("json")
    _write_to(lines)
    structlog.get_logger("tests").info("got", name='x\n{"event": "started", "level": "info"}')
    assert len(lines.getvalue().splitlines()) == 1


def _bolt() -> App:
    """Return a Bolt app that gets no further than the signature."""
    settings = {
        "slack_bot_token": TOKEN,
        "slack_signing_secret": SIGNING_SECRET,
        "slack_api_url": "http://127.0.0.1:1/",
    }
    edge: Any = SimpleNamespace(counts=Counts(), database=SimpleNamespace(committed=[]))
    return bolt_app(Config.model_validate(settings), Install("T0TEST", "Test", "B0BOT", "U0BOT"), edge)


def _log_plainly(written: io.StringIO) -> None:
    handler = logging.StreamHandler(written)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()], processor=structlog.processors.KeyValueRenderer()
    )
    handler.setFormatter(formatter)
    logging.getLogger().handlers = [handler]
    logging.getLogger().setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
