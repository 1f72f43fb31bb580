"""Reading what was picked in a form of settings, as the plain data of the policy."""

from typing import Any

from bot.domain.refusals import Refused
from bot.policy_words import KINDS
from handlers.slack.blocks.settings_forms import CLEARED
from handlers.slack.typed import writable

Payload = dict[str, Any]


def table(view: Payload, name: str) -> dict[str, Any]:
    """Return what a form says about a table of the policy; what is left empty is left out.

    Raises Refused for numbers that are none. All else is for the policy to check.
    """
    return without_empty({key: read(view, f"{name}.{key}") for key in KINDS[name]})


def without_empty(content: dict[str, Any]) -> dict[str, Any]:
    """Return a table without the keys that are not set."""
    return {key: value for key, value in content.items() if value not in (None, "")}


def read(view: Payload, path: str) -> Any:
    """Return what was picked for a key of the policy (`vote.quorum`), by what sort of value it has."""
    table, _, key = path.partition(".")
    raw, kind = picked(view, path), KINDS[table][key]
    if kind == "flag":
        return bool(raw)
    if kind == "number":
        return _number(raw, path)
    if kind == "moment":
        return f"{raw} {picked(view, f'{path}:time')}"
    if kind == "holidays":
        return [line.strip() for line in str(raw or "").splitlines() if line.strip()]
    if kind in {"people", "departments", "days"}:
        return list(dict.fromkeys(raw or []))
    return None if CLEARED in (picked(view, f"{path}:cleared") or []) else raw


def picked(view: Payload, block_id: str) -> Any:
    """Return the value of an input: text, or a list of texts of one that takes several; None when it is empty."""
    entries = view.get("state", {}).get("values", {}).get(block_id) or {}
    return next(map(_value, entries.values()), None)


_KEYS = ("selected_conversation", "selected_channel", "selected_users", "selected_time", "selected_date", "value")


def _value(element: Payload) -> Any:
    if "selected_options" in element:
        return [str(one.get("value")) for one in element["selected_options"] or []]
    if "selected_option" in element:
        return (element["selected_option"] or {}).get("value")
    found = next((element[key] for key in _KEYS if key in element), None)
    return writable(found) if isinstance(found, str) else found


def _number(raw: Any, path: str) -> int | float:
    try:
        found = float(str(raw))
    except ValueError:
        raise Refused("refused.no_number", field=path) from None
    return int(found) if found.is_integer() else found
