"""Text as a person typed it, from the form Slack sends it in."""

import re
from collections.abc import Mapping

_MARK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def writable(text: str) -> str:
    """Return a text without what nobody sees and no database takes: control characters, halves of an emoji."""
    return _UNWRITABLE.sub("", text)


def mentioned(text: str) -> set[str]:
    """Return the ids of the people a text mentions."""
    return set(_PERSON.findall(text))


def as_typed(text: str, names: Mapping[str, str] | None = None) -> str:
    """Return a message's or command's text without Slack's marks: links and people by what one sees of them.

    Channels are not named: a channel's name may be for its members only.
    """

    def seen(mark: re.Match[str]) -> str:
        target, label = mark[1], mark[2]
        if target.startswith("@"):
            return "@" + (label or (names or {}).get(target[1:]) or "…").lstrip("@")
        if target.startswith("#"):
            return "#…"
        if target.startswith("!"):
            return "@" + (label or target[1:]).lstrip("@")
        return f"{label} ({target})" if label and label not in target else target

    return _MARK.sub(seen, writable(text)).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
