"""Reading and opening forms: what was typed, and the small facts a form carries."""

import json
from typing import Any
from uuid import uuid4

from handlers.slack.typed import writable

Payload = dict[str, Any]


def metadata(**facts: Any) -> str:
    """Return private_metadata with a nonce made anew, so that each opened form can be taken once.

    A form that only shows more fields keeps its nonce: it is still the same filing.
    """
    return json.dumps({"nonce": uuid4().hex, **facts}, ensure_ascii=False)


def facts(view: Payload) -> Payload:
    """Return what a form carries. It went through the person's Slack: look everything in it up, believe nothing."""
    try:
        carried = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return carried if isinstance(carried, dict) else {}


def seen_key(view: Payload) -> str:
    """Return under which key this form is taken once."""
    root = view.get("root_view_id") or view["id"]
    return f"view:{root}:{facts(view).get('nonce', view.get('hash', ''))}"[:300]


def values(view: Payload) -> dict[str, str | None]:
    """Return field -> what was typed or chosen. A block id may carry more after a colon: `sentence:accepted`."""
    state = view.get("state", {}).get("values", {})
    return {block_id.split(":")[0]: _value(element) for block_id, entry in state.items() for element in entry.values()}


def _value(element: Payload) -> str | None:
    if "selected_options" in element:
        return ",".join(option["value"] for option in element["selected_options"] or []) or None
    if "selected_option" in element:
        chosen = (element["selected_option"] or {}).get("value")
        return None if chosen is None else writable(chosen)
    return writable(element.get("value") or "") or None


def number(value: object) -> int:
    """Return a whole number from a payload, 0 when it is none: then nothing of that number is found."""
    try:
        found = int(str(value))
    except ValueError:
        return 0
    return found if 0 < found < 2**31 else 0
