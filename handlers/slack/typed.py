"""Text as a person typed it, from the form Slack sends it in."""

import re

_MARK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def as_typed(text: str) -> str:
    """Return a message's or command's text without Slack's marks: links and mentions by what people see of them."""
    return _MARK.sub(_seen, text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _seen(mark: re.Match[str]) -> str:
    target, label = mark[1], mark[2]
    if target.startswith(("@", "#", "!")):
        sign = "#" if target.startswith("#") else "@"
        return sign + (label or target[1:]).lstrip("@#")
    return f"{label} ({target})" if label and label not in target else target
