"""Block Kit's elements as a table: which keys each must and may have, and their limits.

From https://docs.slack.dev/reference/block-kit/block-elements.
"""

from collections.abc import Mapping
from typing import Final

from practice.block_checks import Check, anything, flag, listed, one_of, record, string, typed, whole
from practice.block_conditions import (
    exactly_one,
    few_enough_initial,
    initial_among_options,
    initial_value_fits,
    not_above,
    real_date,
    whole_unless_decimal,
)
from practice.block_objects import (
    ACTION_ID,
    ANY_URL,
    CONFIRM,
    CONVERSATION_FILTER,
    DATE,
    DISPATCH_CONFIG,
    FEEDBACK_BUTTON,
    LINK_OPTION,
    MARKED_OPTION,
    NUMBER_STRING,
    OPTION,
    OPTION_GROUP,
    PLACEHOLDER,
    RICH_TEXT,
    SLACK_FILE,
    SLACK_ID,
    STYLE,
    TIME,
    WEB_URL,
    WORKFLOW,
    plain,
)

_ACTION: Final[Mapping[str, Check]] = {"action_id": ACTION_ID}
_CHOICE: Final[Mapping[str, Check]] = {**_ACTION, "confirm": CONFIRM, "focus_on_load": flag}
_MENU: Final[Mapping[str, Check]] = {**_CHOICE, "placeholder": PLACEHOLDER}
_MULTI: Final[Mapping[str, Check]] = {**_MENU, "max_selected_items": whole(1, 1000)}
_BOX: Final[Mapping[str, Check]] = {
    **_ACTION,
    "placeholder": PLACEHOLDER,
    "focus_on_load": flag,
    "dispatch_action_config": DISPATCH_CONFIG,
}
_OFFERED: Final[Mapping[str, Check]] = {
    "options": listed(OPTION, 1, 100),
    "option_groups": listed(OPTION_GROUP, 1, 100),
}
_IMAGE: Final[Mapping[str, Check]] = {"image_url": WEB_URL, "slack_file": SLACK_FILE}
_ONE_IMAGE: Final = exactly_one("image_url", "slack_file")
_ONE_LIST: Final = exactly_one("options", "option_groups")
_IDS: Final = listed(SLACK_ID, 1, 1000)

ELEMENTS: Final[dict[str, Check]] = {
    "button": record(
        {"text": plain(75)},
        {
            **_ACTION,
            "url": ANY_URL,
            "value": string(2000),
            "style": STYLE,
            "confirm": CONFIRM,
            "accessibility_label": string(75),
            "agent_prompt": string(4000),
            "agent_prompt_display": anything,
            "visible_to_user_ids": _IDS,
        },
    ),
    "workflow_button": record(
        {"text": plain(75), "workflow": WORKFLOW},
        {**_ACTION, "style": STYLE, "accessibility_label": string(75)},
    ),
    "icon_button": record(
        {"icon": one_of("trash"), "text": plain(75)},
        {
            **_ACTION,
            "value": string(2000),
            "accessibility_label": string(75),
            "visible_to_user_ids": _IDS,
            "confirm": CONFIRM,
        },
    ),
    "feedback_buttons": record({"positive_button": FEEDBACK_BUTTON, "negative_button": FEEDBACK_BUTTON}, _ACTION),
    "overflow": record({"options": listed(LINK_OPTION, 1, 5)}, {**_ACTION, "confirm": CONFIRM}),
    "image": record({"alt_text": string(2000)}, _IMAGE, _ONE_IMAGE),
    "checkboxes": record(
        {"options": listed(MARKED_OPTION, 1, 10)},
        {**_CHOICE, "initial_options": listed(MARKED_OPTION, 1, 10)},
        initial_among_options,
    ),
    "radio_buttons": record(
        {"options": listed(MARKED_OPTION, 1, 10)},
        {**_CHOICE, "initial_option": MARKED_OPTION},
        initial_among_options,
    ),
    "static_select": record({}, {**_MENU, **_OFFERED, "initial_option": OPTION}, _ONE_LIST, initial_among_options),
    "external_select": record({}, {**_MENU, "initial_option": OPTION, "min_query_length": whole(0, 3000)}),
    "users_select": record({}, {**_MENU, "initial_user": SLACK_ID}),
    "channels_select": record({}, {**_MENU, "initial_channel": SLACK_ID, "response_url_enabled": flag}),
    "conversations_select": record(
        {},
        {
            **_MENU,
            "initial_conversation": SLACK_ID,
            "default_to_current_conversation": flag,
            "response_url_enabled": flag,
            "filter": CONVERSATION_FILTER,
        },
    ),
    "multi_static_select": record(
        {},
        {**_MULTI, **_OFFERED, "initial_options": listed(OPTION, 1, 100)},
        _ONE_LIST,
        initial_among_options,
        few_enough_initial("initial_options"),
    ),
    "multi_external_select": record(
        {},
        {**_MULTI, "initial_options": listed(OPTION, 1, 100), "min_query_length": whole(0, 3000)},
        few_enough_initial("initial_options"),
    ),
    "multi_users_select": record({}, {**_MULTI, "initial_users": _IDS}, few_enough_initial("initial_users")),
    "multi_channels_select": record({}, {**_MULTI, "initial_channels": _IDS}, few_enough_initial("initial_channels")),
    "multi_conversations_select": record(
        {},
        {
            **_MULTI,
            "initial_conversations": _IDS,
            "default_to_current_conversation": flag,
            "filter": CONVERSATION_FILTER,
        },
        few_enough_initial("initial_conversations"),
    ),
    "datepicker": record({}, {**_MENU, "initial_date": DATE}, real_date),
    "timepicker": record({}, {**_MENU, "initial_time": TIME, "timezone": string(255)}),
    "datetimepicker": record({}, {**_CHOICE, "initial_date_time": whole(1_000_000_000, 9_999_999_999)}),
    "plain_text_input": record(
        {},
        {
            **_BOX,
            "initial_value": string(3000),
            "multiline": flag,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
        not_above("min_length", "max_length"),
        initial_value_fits,
    ),
    "email_text_input": record({}, {**_BOX, "initial_value": string(3000)}),
    "url_text_input": record({}, {**_BOX, "initial_value": string(3000)}),
    "number_input": record(
        {"is_decimal_allowed": flag},
        {**_BOX, "initial_value": NUMBER_STRING, "min_value": NUMBER_STRING, "max_value": NUMBER_STRING},
        not_above("min_value", "max_value"),
        not_above("min_value", "initial_value"),
        not_above("initial_value", "max_value"),
        whole_unless_decimal,
    ),
    "rich_text_input": record(
        {},
        {
            **_BOX,
            "initial_value": RICH_TEXT,
            "min_lines": whole(1, 100),
            "max_lines": whole(1, 100),
        },
        not_above("min_lines", "max_lines"),
    ),
    "file_input": record({}, {**_ACTION, "filetypes": listed(string(30), 1, 200), "max_files": whole(1, 10)}),
    "url": record({"url": WEB_URL, "text": string(3000)}, {}),
}

MENUS: Final = frozenset(kind for kind in ELEMENTS if kind.endswith("_select"))
PICKERS: Final = frozenset({"datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons"})
BOXES: Final = frozenset(
    {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
)
ACTIONS: Final = MENUS | PICKERS | {"button", "workflow_button", "overflow", "rich_text_input"}
INPUTS: Final = MENUS | PICKERS | BOXES
ACCESSORIES: Final = MENUS | (PICKERS - {"datetimepicker"}) | {"button", "workflow_button", "overflow", "image"}


def element(*kinds: str) -> Check:
    """Makes the check of an element of one of these types."""
    return typed(ELEMENTS, kinds, "element")
