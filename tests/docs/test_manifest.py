"""The manifest keeps Slack's rules, and says what the code really listens to and calls: no more, no less."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from slack_bolt import App
from slack_bolt.listener_matcher.builtins import BuiltinListenerMatcher
from slack_sdk import WebClient
from starlette.routing import Route

import practice.workspace  # noqa: F401 - its import registers the methods
from bot.app import Install, bolt_app
from bot.config import Config
from bot.now import system
from handlers.metrics import Counts
from handlers.slack.edge import Edge
from handlers.web import app as web
from practice.api import METHODS
from practice.manifest import read_manifest
from storage.db import Database

ROOT = Path(__file__).parents[2]
MANIFEST = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
COMMANDS = {command["command"] for command in MANIFEST["features"]["slash_commands"]}
SHORTCUTS = {shortcut["callback_id"] for shortcut in MANIFEST["features"]["shortcuts"]}
EVENTS = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
SCOPES = set(MANIFEST["oauth_config"]["scopes"]["bot"])

URL = r"https://.+"
"""The schema would take http too; Slack does not send secrets that way."""


class Rule(NamedTuple):
    """What the public schema of manifests says about a value; `[]` in a path stands for each item of a list."""

    kind: type
    longest: int = 0
    pattern: str = ""
    required: bool = False


RULES = {
    "display_information": Rule(dict, required=True),
    "display_information.name": Rule(str, 35, required=True),
    "display_information.description": Rule(str, 140),
    "display_information.background_color": Rule(str, 7, "#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?"),
    "features": Rule(dict),
    "features.bot_user": Rule(dict),
    "features.bot_user.display_name": Rule(str, 80, "[a-zA-Z0-9._ -]+", required=True),
    "features.bot_user.always_online": Rule(bool),
    "features.app_home": Rule(dict),
    "features.app_home.home_tab_enabled": Rule(bool),
    "features.app_home.messages_tab_enabled": Rule(bool),
    "features.app_home.messages_tab_read_only_enabled": Rule(bool),
    "features.shortcuts": Rule(list, 10),
    "features.shortcuts[]": Rule(dict),
    "features.shortcuts[].name": Rule(str, 24, required=True),
    "features.shortcuts[].type": Rule(str, 0, "message|global", required=True),
    "features.shortcuts[].callback_id": Rule(str, 255, required=True),
    "features.shortcuts[].description": Rule(str, 150, required=True),
    "features.slash_commands": Rule(list, 50),
    "features.slash_commands[]": Rule(dict),
    "features.slash_commands[].command": Rule(str, 32, "/[^ ]+", required=True),
    "features.slash_commands[].url": Rule(str, 3000, URL),
    "features.slash_commands[].description": Rule(str, 2000, required=True),
    "features.slash_commands[].usage_hint": Rule(str, 1000),
    "features.slash_commands[].should_escape": Rule(bool),
    "oauth_config": Rule(dict),
    "oauth_config.scopes": Rule(dict),
    "oauth_config.scopes.bot": Rule(list, 255),
    "oauth_config.scopes.bot[]": Rule(str, 50, "[a-z_]+([:.][a-z_]+)*"),
    "settings": Rule(dict),
    "settings.event_subscriptions": Rule(dict),
    "settings.event_subscriptions.request_url": Rule(str, 3500, URL),
    "settings.event_subscriptions.bot_events": Rule(list, 100),
    "settings.event_subscriptions.bot_events[]": Rule(str, 50, "[a-z_.]+"),
    "settings.interactivity": Rule(dict),
    "settings.interactivity.is_enabled": Rule(bool, required=True),
    "settings.interactivity.request_url": Rule(str, 3500, URL),
    "settings.interactivity.message_menu_options_url": Rule(str, 3500, URL),
    "settings.org_deploy_enabled": Rule(bool),
    "settings.socket_mode_enabled": Rule(bool),
    "settings.token_rotation_enabled": Rule(bool),
}

READS_HISTORY = frozenset({"channels:history", "groups:history", "im:history"})
"""Cards stand in a public or private channel, receipts in direct messages; nothing of ours is in a group message."""

NEEDS: dict[str, frozenset[str]] = {
    "apps_connections_open": frozenset(),  # of the app-level token, which has connections:write
    "auth_test": frozenset(),
    "views_push": frozenset(),
    "chat_delete": frozenset({"chat:write"}),
    "chat_postMessage": frozenset({"chat:write"}),
    "chat_update": frozenset({"chat:write"}),
    "conversations_history": READS_HISTORY,
    "conversations_info": frozenset({"channels:read", "groups:read"}),
    "conversations_open": frozenset({"im:write"}),
    "conversations_replies": READS_HISTORY,
    "users_info": frozenset({"users:read"}),
    "views_open": frozenset(),
    "views_publish": frozenset(),
    "views_update": frozenset(),
}
"""Web API method -> all scopes it needs for the places and people we use it with."""

EVENT_NEEDS: dict[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "app_uninstalled": frozenset(),
    "tokens_revoked": frozenset(),
    "user_change": frozenset({"users:read"}),
}


def test_every_value_of_the_manifest_keeps_slacks_rules() -> None:
    assert list(faults(MANIFEST)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("display_information.name", "N" * 36),
        ("display_information.name", None),
        ("features.slash_commands[].command", "feedback"),
        ("features.shortcuts[].name", "A name that is far too long"),
        ("oauth_config.scopes.bot[]", "Chat Write"),
        ("settings.event_subscriptions.request_url", "http://your-host.example/slack/events"),
        ("settings.socket_mode_enabled", "no"),
        ("settings.colour", "blue"),
    ],
)
def test_a_value_against_the_rules_is_found(path: str, value: object) -> None:
    broken = json.loads(json.dumps(MANIFEST))
    _put(broken, path, value)
    assert [fault.partition(":")[0] for fault in faults(broken)] == [path]


def test_lists_name_nothing_twice() -> None:
    for listed in (
        [command["command"] for command in MANIFEST["features"]["slash_commands"]],
        [shortcut["callback_id"] for shortcut in MANIFEST["features"]["shortcuts"]],
        MANIFEST["oauth_config"]["scopes"]["bot"],
        MANIFEST["settings"]["event_subscriptions"]["bot_events"],
    ):
        assert len(listed) == len(set(listed))


def test_slack_is_sent_to_the_path_that_we_serve(bolt: App, edge: Edge) -> None:
    served = web.create(bolt, edge, lambda: None, lambda: None)
    posted = {route.path for route in served.routes if isinstance(route, Route) and "POST" in (route.methods or ())}
    assert {urlsplit(url).path for url in _urls(MANIFEST)} == posted
    assert len({urlsplit(url).netloc for url in _urls(MANIFEST)}) == 1


def test_what_is_typed_after_the_command_comes_escaped_as_the_code_expects() -> None:
    assert all(command["should_escape"] for command in MANIFEST["features"]["slash_commands"])


def test_nobody_can_write_to_the_bot_where_nobody_answers() -> None:
    home = MANIFEST["features"]["app_home"]
    assert home["messages_tab_enabled"]
    assert home["messages_tab_read_only_enabled"]


def test_every_listener_listens_to_something_in_the_manifest(bolt: App) -> None:
    assert _exact(bolt, "command") <= COMMANDS
    assert _exact(bolt, "event") <= EVENTS
    assert _exact(bolt, "shortcut") <= SHORTCUTS
    for pattern in _patterns(bolt, "shortcut"):
        assert any(pattern.search(callback_id) for callback_id in SHORTCUTS)


def test_everything_in_the_manifest_has_a_listener_of_its_own(bolt: App) -> None:
    for kind, names in (("command", COMMANDS), ("event", EVENTS), ("shortcut", SHORTCUTS)):
        heard = _exact(bolt, kind) | {name for name in names if any(map(_match(name), _patterns(bolt, kind)))}
        assert names <= heard


def test_a_select_that_asks_us_has_an_address_to_ask(bolt: App) -> None:
    assert _exact(bolt, "options")
    assert MANIFEST["settings"]["interactivity"]["message_menu_options_url"]


def test_the_scopes_are_exactly_those_that_the_calls_events_and_commands_need() -> None:
    called = {scope for method in called_methods() for scope in NEEDS[method]}
    heard = {scope for event in EVENTS for scope in EVENT_NEEDS[event]}
    assert called | heard | {"commands"} == SCOPES


def test_the_table_of_needs_names_the_methods_called_and_no_others() -> None:
    assert called_methods() == set(NEEDS)


@pytest.mark.parametrize("method", sorted(NEEDS))
def test_the_table_of_needs_agrees_with_the_practice_workspace(method: str) -> None:
    scope = METHODS[method.replace("_", ".")].scope
    assert scope in NEEDS[method] or scope is None


def test_a_workspace_installs_what_the_manifest_says() -> None:
    installed = read_manifest(MANIFEST)
    assert set(installed.scopes) == SCOPES
    assert set(installed.shortcuts) == SHORTCUTS
    assert installed.commands == COMMANDS


# -- the rules of the schema


def faults(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a manifest, as `path: reason`."""
    found = list(_values(manifest))
    for path, value in found:
        if reason := _wrong(value, RULES.get(path)):
            yield f"{path}: {reason}"
    for path, rule in RULES.items():
        parent, _, key = path.rpartition(".")
        holders = [value for where, value in found if where == parent] if parent else [manifest]
        if rule.required and any(isinstance(holder, dict) and key not in holder for holder in holders):
            yield f"{path}: is missing"


def _values(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value below, with its path; the same path again for each item of a list."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, f"{path}[]")


def _wrong(value: object, rule: Rule | None) -> str:
    if rule is None:
        return "the schema knows no such key"
    if not isinstance(value, rule.kind):
        return f"is no {rule.kind.__name__}"
    if isinstance(value, str | list) and not 0 < len(value) <= (rule.longest or 10**6):
        return f"has {len(value)} characters or items"
    if rule.pattern and not re.fullmatch(rule.pattern, str(value)):
        return "has another form"
    return ""


def _put(manifest: dict[str, Any], path: str, value: object) -> None:
    """Set the value at a path (in the first item of lists); None takes it out."""
    *way, last = path.replace("[]", ".0").split(".")
    holder: Any = manifest
    for step in way:
        holder = holder[int(step)] if step.isdigit() else holder[step]
    if value is None:
        del holder[last]
    else:
        holder[int(last) if last.isdigit() else last] = value


def _urls(value: object) -> set[str]:
    return {found for _, found in _values(value) if isinstance(found, str) and found.startswith("http")}


# -- what the code does


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('database') / 'unused.db'}")
    yield Edge(database, system, None, Counts(), "T0TEST", lambda: True)  # type: ignore[arg-type]  # nothing is whispered here
    database.close()


@pytest.fixture(scope="module")
def bolt(edge: Edge) -> App:
    """The Bolt app with all its listeners, of an installation that is never asked anything."""
    settings = {"slack_bot_token": "xoxb-none", "slack_signing_secret": "none", "slack_api_url": "http://127.0.0.1:1/"}
    return bolt_app(Config.model_validate(settings), Install("T0TEST", "Test", "B0BOT", "U0BOT"), edge)


def _constraints(bolt: App, kind: str) -> list[Any]:
    """Return what the listeners of a kind are bound to: names and patterns. Bolt keeps them in its matchers."""
    found = []
    for listener in bolt._listeners:
        for matcher in listener.matchers:
            function = getattr(matcher, "func", None)
            if function is not None and function.__qualname__.startswith(f"{kind}."):
                found += [cell.cell_contents for cell in function.__closure__]
    return found


def _exact(bolt: App, kind: str) -> set[str]:
    return {bound for bound in _constraints(bolt, kind) if isinstance(bound, str)}


def _patterns(bolt: App, kind: str) -> list[re.Pattern[str]]:
    """Return the patterns, but for the one that catches what no other listener knows."""
    bound = _constraints(bolt, kind)
    return [pattern for pattern in bound if isinstance(pattern, re.Pattern) and pattern.pattern != ".*"]


def _match(name: str) -> Any:
    return lambda pattern: pattern.search(name)


def called_methods() -> set[str]:
    """Return the Web API methods that the code calls, as the client names them."""
    offered = {name for name in vars(WebClient) if "_" in name.strip("_") and not name.startswith("_")}
    nodes = (node for file in _sources() for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    called = (node.func for node in nodes if isinstance(node, ast.Call))
    return {function.attr for function in called if isinstance(function, ast.Attribute)} & offered


def _sources() -> Iterator[Path]:
    for room in ("bot", "handlers", "storage"):
        yield from (ROOT / room).rglob("*.py")


def test_no_listener_is_asked_in_bolts_slow_way(bolt: App) -> None:
    asked = [matcher for listener in bolt._listeners for matcher in listener.matchers]
    assert asked
    assert not [matcher for matcher in asked if isinstance(matcher, BuiltinListenerMatcher)]
