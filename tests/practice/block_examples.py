"""Small makers of blocks, and a good example of every element and block which the rules know."""

import copy
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]


def plain(words: str = "words") -> Json:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str = "*words*") -> Json:
    return {"type": "mrkdwn", "text": words}


def option(value: str = "a", **more: Any) -> Json:
    return {"text": plain(value.upper()), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(f"v{number}") for number in range(count)]


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def asked(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain(), "element": element, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": list(blocks), **more}


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def line(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


BUTTON: Json = {"type": "button", "text": plain(), "action_id": "press"}
IMAGE: Json = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
WORDS: Json = {"type": "text", "text": "words", "style": {"bold": True, "code": True}}
CONFIRM: Json = {"title": plain(), "text": mrkdwn(), "confirm": plain("Yes"), "deny": plain("No"), "style": "danger"}
MENU: Json = {"action_id": "pick", "placeholder": plain(), "confirm": CONFIRM, "focus_on_load": True}
BOX: Json = {
    "action_id": "type",
    "placeholder": plain(),
    "focus_on_load": False,
    "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed", "on_character_entered"]},
}
CELL: Json = {"type": "raw_text", "text": "cell"}
CARD: Json = {"type": "card", "title": mrkdwn(), "body": mrkdwn(), "icon": IMAGE, "actions": [BUTTON]}
TASK: Json = {
    "type": "task_card",
    "task_id": "t1",
    "title": "Read",
    "status": "complete",
    "output": rich(line(WORDS)),
    "sources": [{"type": "url", "url": "https://example.com", "text": "source"}],
}
FILTER: Json = {"include": ["public", "private"], "exclude_bot_users": True}

GOOD_ELEMENTS: dict[str, Json] = {
    "button": {
        **BUTTON,
        "value": "v",
        "url": "https://example.com",
        "style": "primary",
        "confirm": CONFIRM,
        "accessibility_label": "press me",
    },
    "workflow_button": {
        "type": "workflow_button",
        "text": plain(),
        "workflow": {
            "trigger": {
                "url": "https://slack.com/shortcuts/Ft1/x",
                "customizable_input_parameters": [{"name": "n", "value": "v"}],
            }
        },
    },
    "icon_button": {"type": "icon_button", "icon": "trash", "text": plain("Delete"), "value": "v"},
    "feedback_buttons": {
        "type": "feedback_buttons",
        "positive_button": {"text": plain("Good"), "value": "1"},
        "negative_button": {"text": plain("Bad"), "value": "0"},
    },
    "overflow": {"type": "overflow", "action_id": "more", "options": [option(url="https://example.com")]},
    "image": IMAGE,
    "checkboxes": {
        "type": "checkboxes",
        "options": [{"text": mrkdwn("*A*"), "value": "a", "description": mrkdwn()}, option("b")],
        "initial_options": [option("b")],
    },
    "radio_buttons": {"type": "radio_buttons", "options": options(2), "initial_option": option("v1")},
    "static_select": {
        "type": "static_select",
        **MENU,
        "option_groups": [{"label": plain(), "options": options(2)}],
        "initial_option": option("v1"),
    },
    "external_select": {"type": "external_select", **MENU, "min_query_length": 0, "initial_option": option()},
    "users_select": {"type": "users_select", **MENU, "initial_user": "U1"},
    "channels_select": {"type": "channels_select", **MENU, "initial_channel": "C1"},
    "conversations_select": {
        "type": "conversations_select",
        **MENU,
        "filter": FILTER,
        "default_to_current_conversation": True,
    },
    "multi_static_select": {
        "type": "multi_static_select",
        **MENU,
        "options": options(3),
        "initial_options": options(2),
        "max_selected_items": 2,
    },
    "multi_external_select": {"type": "multi_external_select", **MENU, "initial_options": options(1)},
    "multi_users_select": {"type": "multi_users_select", **MENU, "initial_users": ["U1"]},
    "multi_channels_select": {"type": "multi_channels_select", **MENU, "initial_channels": ["C1"]},
    "multi_conversations_select": {"type": "multi_conversations_select", **MENU, "filter": FILTER},
    "datepicker": {"type": "datepicker", **MENU, "initial_date": "2026-02-28"},
    "timepicker": {"type": "timepicker", **MENU, "initial_time": "23:59", "timezone": "Europe/Berlin"},
    "datetimepicker": {"type": "datetimepicker", "action_id": "when", "initial_date_time": 1_770_000_000},
    "plain_text_input": {
        "type": "plain_text_input",
        **BOX,
        "multiline": True,
        "min_length": 0,
        "max_length": 3000,
        "initial_value": "words",
    },
    "email_text_input": {"type": "email_text_input", **BOX, "initial_value": "a@example.com"},
    "url_text_input": {"type": "url_text_input", **BOX, "initial_value": "https://example.com"},
    "number_input": {
        "type": "number_input",
        **BOX,
        "is_decimal_allowed": False,
        "min_value": "-1",
        "initial_value": "2",
        "max_value": "3",
    },
    "rich_text_input": {
        "type": "rich_text_input",
        **BOX,
        "initial_value": rich(line(WORDS)),
        "min_lines": 1,
        "max_lines": 100,
    },
    "file_input": {"type": "file_input", "action_id": "files", "filetypes": ["png"], "max_files": 10},
    "url": TASK["sources"][0],
}

GOOD_BLOCKS: dict[str, Json] = {
    "actions": actions(GOOD_ELEMENTS["button"], GOOD_ELEMENTS["static_select"]),
    "alert": {"type": "alert", "text": mrkdwn(), "level": "warning"},
    "card": CARD,
    "carousel": {"type": "carousel", "elements": [CARD]},
    "container": {"type": "container", "title": plain(), "child_blocks": [section()], "is_collapsible": True},
    "context": {"type": "context", "elements": [IMAGE, mrkdwn(), plain()]},
    "context_actions": {
        "type": "context_actions",
        "elements": [GOOD_ELEMENTS["feedback_buttons"], GOOD_ELEMENTS["icon_button"]],
    },
    "data_table": {
        "type": "data_table",
        "caption": "Votes",
        "rows": [[CELL, CELL], [CELL, {"type": "raw_number", "value": 3}]],
        "page_size": 5,
        "row_header_column_index": 0,
    },
    "data_visualization": {
        "type": "data_visualization",
        "title": "Votes",
        "chart": {"type": "pie", "segments": [{"label": "yes", "value": 3}]},
    },
    "divider": {"type": "divider", "block_id": "line"},
    "header": {"type": "header", "text": plain()},
    "image": {**IMAGE, "title": plain(), "block_id": "picture"},
    "input": asked(GOOD_ELEMENTS["plain_text_input"], hint=plain(), optional=True, dispatch_action=True),
    "markdown": {"type": "markdown", "text": "**words**"},
    "plan": {"type": "plan", "title": "Plan", "tasks": [TASK]},
    "rich_text": rich(
        line(
            WORDS,
            {"type": "link", "url": "https://example.com", "text": "here"},
            {"type": "user", "user_id": "U1", "style": {"bold": True}},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "team", "team_id": "T1"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "wave", "unicode": "1f44b"},
            {"type": "color", "value": "#aabbcc"},
            {"type": "date", "timestamp": 1_770_000_000, "format": "{date}", "fallback": "then"},
        ),
        {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2, "elements": [line(WORDS)]},
        {"type": "rich_text_quote", "elements": [WORDS], "border": 1},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
    ),
    "section": section(fields=[mrkdwn(), plain()], accessory=GOOD_ELEMENTS["button"], block_id="s", expand=True),
    "table": {
        "type": "table",
        "rows": [[CELL, rich(line(WORDS))]],
        "column_settings": [{"align": "right", "is_wrapped": True}],
    },
    "task_card": TASK,
    "video": {
        "type": "video",
        "alt_text": "a",
        "title": plain(),
        "thumbnail_url": "https://example.com/a.png",
        "video_url": "https://example.com/v",
    },
}


def places(part: Any) -> list[tuple[Any, Any]]:
    """Every place inside a document, as the object or list and the key or index in it."""
    inside = list(part.items()) if isinstance(part, dict) else list(enumerate(part)) if isinstance(part, list) else []
    return [(part, key) for key, _ in inside] + [place for _, inner in inside for place in places(inner)]


@st.composite
def broken_blocks(draw: st.DrawFn) -> Json:
    """A good block in which one value, anywhere, was replaced by something of another kind."""
    holder = [copy.deepcopy(draw(st.sampled_from(list(GOOD_BLOCKS.values()))))]
    part, key = draw(st.sampled_from(places(holder)))
    part[key] = draw(
        st.sampled_from([None, True, -1, 10**20, 1.5, "", "x", "1e999", [], {}, [[]], [{}], {"type": []}, [1]])
    )
    return {"type": "section", "text": plain()} if not isinstance(holder[0], dict) else holder[0]
