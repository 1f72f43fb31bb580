"""Block Kit's blocks as a table: which keys each must and may have, their limits, and where each may stand.

From https://docs.slack.dev/reference/block-kit/blocks. Where the documentation and its readers disagree (charts of 6 or
12 parts, data tables of 101 or 201 rows) the smaller number stands here: what passes then passes at Slack either way.
"""

from collections.abc import Mapping
from typing import Final

from practice.block_checks import Check, Condition, flag, listed, number, one_of, record, string, typed, whole
from practice.block_conditions import (
    at_least_one,
    cells_fit,
    chart_is_whole,
    collapsible,
    exactly_one,
    rows_of_equal_width,
)
from practice.block_elements import ACCESSORIES, ACTIONS, ELEMENTS, INPUTS, element
from practice.block_objects import BLOCK_ID, RICH_ELEMENTS, RICH_TEXT, SLACK_FILE, WEB_URL, plain, texts, words

_CELLS: Final[dict[str, Check]] = {
    "raw_text": record({"text": string(10_000)}, {}),
    "raw_number": record({"value": number}, {"text": string(255)}),
    "rich_text": record({"elements": RICH_ELEMENTS}, {"block_id": BLOCK_ID}),
}
_ROW: Final = listed(typed(_CELLS, _CELLS, "cell"), 1, 20)
_COLUMN: Final = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag})
_POINTS: Final = listed(record({"label": string(20), "value": number}, {}), 1, 20)
_CHART: Final = record(
    {"type": one_of("pie", "bar", "area", "line")},
    {
        "segments": listed(record({"label": string(20), "value": number}, {}), 1, 6),
        "series": listed(record({"name": string(20), "data": _POINTS}, {}), 1, 6),
        "axis_config": record(
            {"categories": listed(string(20), 1, 20)}, {"x_label": string(50), "y_label": string(50)}
        ),
    },
    chart_is_whole,
)


def _block(required: Mapping[str, Check], optional: Mapping[str, Check], *conditions: Condition) -> Check:
    """Makes the check of a block: like `record`, with the `block_id` every block may have."""
    return record(required, {**optional, "block_id": BLOCK_ID}, *conditions)


_IMAGE: Final = element("image")
_CARD: Final = _block(
    {},
    {
        "hero_image": _IMAGE,
        "icon": _IMAGE,
        "title": words(150),
        "subtitle": words(150),
        "body": words(200),
        "actions": listed(element("button"), 1, 3),
    },
    at_least_one("hero_image", "title", "actions", "body"),
)
_TASK: Final = _block(
    {"task_id": string(255), "title": string(3000), "status": one_of("pending", "in_progress", "complete", "error")},
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": listed(element("url"), 1, 100)},
)

BLOCKS: Final[dict[str, Check]] = {
    "actions": _block({"elements": listed(element(*ACTIONS), 1, 25)}, {}),
    "alert": _block({"text": words(200)}, {"level": one_of("default", "info", "warning", "error", "success")}),
    "card": _CARD,
    "carousel": _block({"elements": listed(typed({"card": _CARD}, ["card"], "block"), 1, 10)}, {}),
    "context": _block(
        {"elements": listed(typed({**ELEMENTS, **texts(3000)}, ["image", "plain_text", "mrkdwn"], "element"), 1, 10)},
        {},
    ),
    "context_actions": _block({"elements": listed(element("feedback_buttons", "icon_button"), 1, 5)}, {}),
    "data_table": _block(
        {"caption": string(3000), "rows": listed(_ROW, 2, 101)},
        {"page_size": whole(1, 100), "row_header_column_index": whole(0, 19)},
        cells_fit,
        rows_of_equal_width,
    ),
    "data_visualization": _block({"title": string(50), "chart": _CHART}, {}),
    "divider": _block({}, {}),
    "header": _block({"text": plain(150)}, {}),
    "image": _block(
        {"alt_text": string(2000)},
        {"image_url": WEB_URL, "slack_file": SLACK_FILE, "title": plain(2000)},
        exactly_one("image_url", "slack_file"),
    ),
    "input": _block(
        {"label": plain(2000), "element": element(*INPUTS)},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "markdown": _block({"text": string(12_000)}, {}),
    "plan": _block(
        {"title": string(3000)}, {"tasks": listed(typed({"task_card": _TASK}, ["task_card"], "block"), 1, 50)}
    ),
    "rich_text": _block({"elements": RICH_ELEMENTS}, {}),
    "section": _block(
        {},
        {
            "text": words(3000),
            "fields": listed(words(2000), 1, 10),
            "accessory": element(*ACCESSORIES),
            "expand": flag,
        },
        at_least_one("text", "fields"),
    ),
    "table": _block({"rows": listed(_ROW, 1, 100)}, {"column_settings": listed(_COLUMN, 1, 20)}, cells_fit),
    "task_card": _TASK,
    "video": _block(
        {"alt_text": string(2000), "title": plain(199), "thumbnail_url": WEB_URL, "video_url": WEB_URL},
        {
            "title_url": WEB_URL,
            "description": plain(200),
            "provider_icon_url": WEB_URL,
            "provider_name": string(50),
            "author_name": string(49),
        },
    ),
}
# A container holds any block but another container, so it comes after the table is there.
_CHILDREN: Final = frozenset(BLOCKS) - {"input", "alert", "carousel", "plan", "task_card"}
BLOCKS["container"] = _block(
    {"child_blocks": listed(typed(BLOCKS, _CHILDREN, "block"), 1, 10)},
    {
        "title": plain(150),
        "rich_text_title": RICH_TEXT,
        "subtitle": words(150),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": _IMAGE,
        "is_collapsible": flag,
        "default_collapsed": flag,
        "has_header_divider": flag,
    },
    at_least_one("title", "rich_text_title"),
    collapsible,
)

# Which surface shows which blocks. Two careful readers of Slack disagree on card (modal), table and data_table (home).
# A refusal here costs a developer a moment, an acceptance Slack does not share costs a broken screen: they are out.
# `file` and `call` stand in messages Slack made itself and cannot be sent, so no table has them.
_EVERYWHERE: Final = frozenset(
    {"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
)
SURFACE_BLOCKS: Final[Mapping[str, frozenset[str]]] = {
    "message": frozenset(BLOCKS) - {"alert"},
    "modal": _EVERYWHERE | {"alert"},
    "home": _EVERYWHERE | {"card", "carousel", "container", "data_visualization"},
}
# Elements which not every surface has; all others stand everywhere.
ELEMENT_SURFACES: Final[Mapping[str, frozenset[str]]] = {
    "email_text_input": frozenset({"modal"}),
    "url_text_input": frozenset({"modal"}),
    "number_input": frozenset({"modal"}),
    "file_input": frozenset({"modal"}),
    "rich_text_input": frozenset({"modal", "home"}),
    "datetimepicker": frozenset({"modal", "message"}),
    "workflow_button": frozenset({"message"}),
    "feedback_buttons": frozenset({"message"}),
    "icon_button": frozenset({"message"}),
}
