"""Reads rich text, which is structure instead of markup: its words stand as they are, nothing in them is escaped."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from practice.mrkdwn import NO_NAMES, broadcast_text, link_text

Json = Mapping[str, Any]
Names = Mapping[str, str]


def objects_in(part: Json, key: str) -> list[Json]:
    """Lists the JSON objects under a key, leaving out what is no object; none when there is no list."""
    found = part.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list | tuple) else []


def moment_text(seconds: Any) -> str:
    """Shows seconds since 1970 as a date and time in UTC; what is no such number, as it is."""
    try:
        return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, TypeError, OverflowError, OSError):
        return str(seconds)


def rich_text(block: Json, names: Names = NO_NAMES) -> str:
    """Reads a rich_text block: quotes with "> " before each line, lists with "• " or "1. ", two spaces a level."""
    parts = (_part_text(part, names) for part in objects_in(block, "elements"))
    return "\n".join(part.rstrip("\n") for part in parts)


def rich_notifications(element: Json) -> str | None:
    """Says, in mrkdwn's short form, whom an element of rich text notifies: `<@U1>`, `<!subteam^S1>`, `<!here>`."""
    match element:
        case {"type": "user", "user_id": user_id}:
            return f"<@{user_id}>"
        case {"type": "usergroup", "usergroup_id": usergroup_id}:
            return f"<!subteam^{usergroup_id}>"
        case {"type": "broadcast", "range": whom}:
            return f"<!{whom}>"
    return None


def _part_text(part: Json, names: Names) -> str:
    if part.get("type") == "rich_text_list":
        return _list_text(part, names)
    words = _line_text(part, names)
    if part.get("type") == "rich_text_quote":
        return "\n".join(f"> {line}" for line in words.rstrip("\n").split("\n"))
    return words


def _list_text(part: Json, names: Names) -> str:
    indent, offset = (value if isinstance(value := part.get(key), int) else 0 for key in ("indent", "offset"))
    ordered = part.get("style") == "ordered"
    items = enumerate((_line_text(item, names) for item in objects_in(part, "elements")), 1 + offset)
    return "\n".join(f"{'  ' * indent}{f'{number}.' if ordered else '•'} {item}" for number, item in items)


def _line_text(part: Json, names: Names) -> str:
    return "".join(_element_text(element, names) for element in objects_in(part, "elements"))


def _element_text(element: Json, names: Names) -> str:
    read = _READERS.get(str(element.get("type")))
    return read(element, names) if read else str(element.get("text", ""))


def _date_text(element: Json, _: Names) -> str:
    if element.get("fallback"):
        return str(element["fallback"])
    return moment_text(element.get("timestamp"))


def _named(key: str, sign: str) -> Callable[[Json, Names], str]:
    """Makes the reader of a mention: the sign before the name of the id under this key."""
    return lambda element, names: sign + names.get(str(element.get(key)), str(element.get(key)))


_READERS: Final[dict[str, Callable[[Json, Names], str]]] = {
    "user": _named("user_id", "@"),
    "usergroup": _named("usergroup_id", "@"),
    "channel": _named("channel_id", "#"),
    "team": _named("team_id", ""),
    "color": _named("value", ""),
    "broadcast": lambda element, _: broadcast_text(str(element.get("range"))),
    "emoji": lambda element, _: f":{element.get('name')}:",
    "link": lambda element, _: link_text(str(element.get("url", "")), str(element.get("text") or "")),
    "date": _date_text,
}
