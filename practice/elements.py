"""The parts of a view or message that a person can act on: finding them, and the form of their values."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

__all__ = ["ACTIONABLE", "VALUE_KEY", "initial_value", "interactive", "label_of", "shown_value", "state_entry"]

Json = dict[str, Any]

# Where view.state keeps the value of a kind of element, and where the element says what it begins with.
VALUE_KEY: Final = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "checkboxes": "selected_options",
    "radio_buttons": "selected_option",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
# Everything that has an action_id, which Slack makes up when the app gives none.
ACTIONABLE: Final = frozenset({*VALUE_KEY, "button", "overflow", "workflow_button", "icon_button", "feedback_buttons"})
_INITIAL_KEY: Final = {
    "value": "initial_value",
    "rich_text_value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}
_LISTS: Final = frozenset(
    {"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"}
)


def interactive(blocks: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """The elements that hold a value, each with its block."""
    for block in blocks:
        elements = block.get("elements") or () if block.get("type") == "actions" else ()
        for element in (*elements, block.get("accessory"), block.get("element")):
            if isinstance(element, dict) and element.get("type") in VALUE_KEY:
                yield block, element


def initial_value(element: Json) -> Any:
    """What an element begins with: the app's initial value, else None or an empty list."""
    key = VALUE_KEY[element["type"]]
    return element.get(_INITIAL_KEY.get(key, ""), [] if key in _LISTS else None)


def state_entry(element: Json, value: Any) -> Json:
    """An element's entry in view.state: its type and its value under the key of that type."""
    return {"type": element["type"], VALUE_KEY[element["type"]]: value}


def label_of(block: Json, element: Json) -> str:
    """What a person calls an input: its label, the text beside it, or its placeholder."""
    label = block.get("label") or block.get("text") or element.get("placeholder") or {}
    return str(label.get("text", "")) or str(element["action_id"])


def shown_value(entry: Json) -> Any:
    """What a person reads in an input: the text, the option's text, a list of them; None when it is empty."""
    value = entry[VALUE_KEY[entry["type"]]]
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return _shown(value)


def _shown(value: Any) -> Any:
    if isinstance(value, dict) and "text" in value:
        return value["text"]["text"]
    if isinstance(value, dict):
        return plain_rich_text(value)
    return value


def plain_rich_text(document: Json) -> str:
    """The words of a rich text value."""
    return "".join(str(part.get("text", "")) for section in document["elements"] for part in section["elements"])
