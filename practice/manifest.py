"""What the app's manifest promises: its scopes, events, commands and shortcuts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Manifest", "read_manifest"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts of a manifest that decide what Slack lets an app do, and what it shows of the app in its menus."""

    name: str = "Practice app"
    bot_name: str = "practice_app"
    scopes: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    home_tab: bool = False
    messages_tab: bool = True
    messages_read_only: bool = False
    command_list: Sequence[Mapping[str, str]] = ()
    shortcut_list: Sequence[Mapping[str, str]] = ()


def read_manifest(source: Path | str | Mapping[str, Any]) -> Manifest:
    """Reads a manifest from a JSON file or from its decoded form."""
    document = source if isinstance(source, Mapping) else json.loads(Path(source).read_text(encoding="utf-8"))
    features = document.get("features") or {}
    home = features.get("app_home") or {}
    name = (document.get("display_information") or {}).get("name") or "Practice app"
    return Manifest(
        name=name,
        bot_name=(features.get("bot_user") or {}).get("display_name") or name,
        scopes=tuple(_inside(document, "oauth_config", "scopes", "bot") or ()),
        events=frozenset(_inside(document, "settings", "event_subscriptions", "bot_events") or ()),
        commands=frozenset(command["command"] for command in features.get("slash_commands") or ()),
        shortcuts={shortcut["callback_id"]: shortcut["type"] for shortcut in features.get("shortcuts") or ()},
        home_tab=bool(home.get("home_tab_enabled", False)),
        messages_tab=bool(home.get("messages_tab_enabled", True)),
        messages_read_only=bool(home.get("messages_tab_read_only_enabled", False)),
        command_list=_texts(features.get("slash_commands"), "command", "description", "usage_hint"),
        shortcut_list=_texts(features.get("shortcuts"), "name", "type", "callback_id", "description"),
    )


def _texts(entries: list[Mapping[str, Any]] | None, *keys: str) -> list[dict[str, str]]:
    return [{key: str(entry.get(key, "")) for key in keys} for entry in entries or ()]


def _inside(document: Mapping[str, Any], *keys: str) -> Any:
    found: Any = document
    for key in keys:
        found = (found or {}).get(key)
    return found
