"""Single elements and blocks: every rule of the tables has an example which fails, and the words of its complaint."""

from typing import Any

import pytest
from block_examples import (
    BUTTON,
    CARD,
    CELL,
    CONFIRM,
    GOOD_BLOCKS,
    GOOD_ELEMENTS,
    IMAGE,
    TASK,
    WORDS,
    actions,
    asked,
    line,
    modal,
    mrkdwn,
    option,
    options,
    plain,
    rich,
    section,
)

from practice.blocks import check_message, check_view

Json = dict[str, Any]

BAD_ELEMENTS: list[tuple[Json, str]] = [
    ({"text": plain()}, "type: missing"),
    ({"type": "knob"}, "type: unknown element 'knob'"),
    ({"type": 3}, "type: unknown element 3"),
    ({**BUTTON, "text": plain("x" * 76)}, "text.text: longer than 75 characters (76)"),
    ({**BUTTON, "text": mrkdwn()}, "text.type: text 'mrkdwn' is not allowed here, only plain_text"),
    ({**BUTTON, "text": plain("")}, "text.text: must not be empty"),
    ({**BUTTON, "text": "words"}, "text: must be an object"),
    ({**BUTTON, "text": {"type": "plain_text"}}, "text.text: missing"),
    ({**BUTTON, "text": {**plain(), "verbatim": True}}, "text.verbatim: unknown key"),
    ({**BUTTON, "text": {**plain(), "emoji": "yes"}}, "text.emoji: must be true or false"),
    ({"type": "button", "action_id": "a"}, "text: missing"),
    ({**BUTTON, "colour": "red"}, "colour: unknown key"),
    ({**BUTTON, "style": "default"}, "style: must be one of primary, danger"),
    ({**BUTTON, "value": "x" * 2001}, "value: longer than 2000 characters (2001)"),
    ({**BUTTON, "value": 12}, "value: must be a string"),
    ({**BUTTON, "value": None}, "value: must be a string"),
    ({**BUTTON, "url": "https://e.com/" + "x" * 3000}, "url: longer than 3000 characters"),
    ({**BUTTON, "url": "example.com"}, "url: must be a URL"),
    ({**BUTTON, "action_id": "x" * 256}, "action_id: longer than 255 characters (256)"),
    ({**BUTTON, "action_id": ""}, "action_id: must not be empty"),
    ({**BUTTON, "accessibility_label": "x" * 76}, "accessibility_label: longer than 75 characters (76)"),
    ({**BUTTON, "agent_prompt": "x" * 4001}, "agent_prompt: longer than 4000 characters"),
    ({**BUTTON, "confirm": {**CONFIRM, "title": plain("x" * 101)}}, "confirm.title.text: longer than 100"),
    ({**BUTTON, "confirm": {**CONFIRM, "title": mrkdwn()}}, "confirm.title.type: text 'mrkdwn' is not allowed"),
    ({**BUTTON, "confirm": {**CONFIRM, "text": plain("x" * 301)}}, "confirm.text.text: longer than 300"),
    ({**BUTTON, "confirm": {**CONFIRM, "deny": plain("x" * 31)}}, "confirm.deny.text: longer than 30"),
    ({**BUTTON, "confirm": {"title": plain()}}, "confirm.text: missing"),
    ({"type": "overflow", "options": options(6)}, "options: more than 5 items (6)"),
    ({"type": "overflow", "options": []}, "options: must not be empty"),
    ({"type": "overflow", "options": options(1), "placeholder": plain()}, "placeholder: unknown key"),
    ({"type": "checkboxes", "options": options(11)}, "options: more than 10 items (11)"),
    ({"type": "checkboxes", "options": options(1), "initial_options": [option("z")]}, "is not one of the options"),
    ({"type": "radio_buttons", "options": options(11)}, "options: more than 10 items (11)"),
    ({"type": "radio_buttons", "options": options(1), "initial_option": option("z")}, "is not one of the options"),
    ({"type": "static_select", "options": options(101)}, "options: more than 100 items (101)"),
    ({"type": "static_select", "options": options(1), "option_groups": []}, "needs exactly one of options"),
    ({"type": "static_select"}, "needs exactly one of options, option_groups"),
    ({"type": "static_select", "options": [option("x" * 151)]}, "options[0].value: longer than 150"),
    ({"type": "static_select", "options": [option("")]}, "options[0].value: must not be empty"),
    ({"type": "static_select", "options": [{"text": plain()}]}, "options[0].value: missing"),
    ({"type": "static_select", "options": [{**option(), "text": mrkdwn()}]}, "options[0].text.type: text 'mrkdwn'"),
    ({"type": "static_select", "options": [option(description=plain("x" * 76))]}, "description.text: longer than 75"),
    ({"type": "static_select", "options": [option(url="https://e.com")]}, "options[0].url: unknown key"),
    ({"type": "static_select", "options": {}}, "options: must be a list"),
    ({"type": "static_select", "options": options(2), "initial_option": option("z")}, "initial_option: is not one of"),
    ({"type": "static_select", "options": options(2), "placeholder": plain("x" * 151)}, "longer than 150"),
    ({"type": "static_select", "options": options(2), "placeholder": mrkdwn()}, "placeholder.type: text 'mrkdwn'"),
    (
        {"type": "static_select", "option_groups": [{"label": plain(), "options": options(1)}] * 101},
        "option_groups: more than 100 items (101)",
    ),
    (
        {"type": "static_select", "option_groups": [{"label": plain("x" * 76), "options": options(1)}]},
        "option_groups[0].label.text: longer than 75",
    ),
    ({"type": "external_select", "options": options(1)}, "options: unknown key"),
    ({"type": "external_select", "min_query_length": "3"}, "min_query_length: must be a whole number"),
    ({"type": "external_select", "min_query_length": -1}, "min_query_length: must be between 0"),
    ({"type": "conversations_select", "filter": {}}, "filter: needs at least one of include"),
    ({"type": "conversations_select", "filter": {"include": ["dm"]}}, "filter.include[0]: must be one of im"),
    (
        {"type": "multi_static_select", "options": options(3), "initial_options": options(2), "max_selected_items": 1},
        "initial_options: more than max_selected_items 1 (2)",
    ),
    ({"type": "multi_users_select", "max_selected_items": 0}, "max_selected_items: must be between 1"),
    ({"type": "datepicker", "initial_date": "28.2.2026"}, "initial_date: must be a date as YYYY-MM-DD"),
    ({"type": "datepicker", "initial_date": "2026-02-30"}, "initial_date: is not a day of the calendar"),
    ({"type": "timepicker", "initial_time": "24:00"}, "initial_time: must be a time as HH:mm"),
]

BAD_INPUTS: list[tuple[Json, str]] = [
    (BUTTON, "element.type: element 'button' is not allowed here"),
    ({"type": "plain_text_input", "max_length": 3001}, "max_length: must be between 1 and 3000 (3001)"),
    ({"type": "plain_text_input", "min_length": 3001}, "min_length: must be between 0 and 3000"),
    ({"type": "plain_text_input", "min_length": True}, "min_length: must be a whole number"),
    ({"type": "plain_text_input", "min_length": 9, "max_length": 8}, "min_length: above max_length (9 > 8)"),
    ({"type": "plain_text_input", "max_length": 3, "initial_value": "four"}, "initial_value: longer than max_length 3"),
    ({"type": "plain_text_input", "initial_value": "x" * 3001}, "initial_value: longer than 3000"),
    ({"type": "plain_text_input", "multi_line": True}, "multi_line: unknown key"),
    ({"type": "plain_text_input", "dispatch_action_config": {}}, "trigger_actions_on: missing"),
    (
        {"type": "plain_text_input", "dispatch_action_config": {"trigger_actions_on": ["on_blur"]}},
        "trigger_actions_on[0]: must be one of on_enter_pressed",
    ),
    ({"type": "number_input"}, "is_decimal_allowed: missing"),
    ({"type": "number_input", "is_decimal_allowed": True, "min_value": 1}, "min_value: must be a string"),
    ({"type": "number_input", "is_decimal_allowed": True, "min_value": "one"}, "must be a number in a string"),
    ({"type": "number_input", "is_decimal_allowed": False, "initial_value": "1.5"}, "initial_value: has decimals"),
    (
        {"type": "number_input", "is_decimal_allowed": True, "min_value": "3", "max_value": "2"},
        "min_value: above max_value (3 > 2)",
    ),
    (
        {"type": "number_input", "is_decimal_allowed": True, "min_value": "3", "initial_value": "2"},
        "min_value: above initial_value",
    ),
    ({"type": "file_input", "max_files": 11}, "max_files: must be between 1 and 10"),
    ({"type": "rich_text_input", "max_lines": 101}, "max_lines: must be between 1 and 100"),
    ({"type": "rich_text_input", "initial_value": "words"}, "initial_value: must be an object"),
    ({"type": "datetimepicker", "initial_date_time": 170}, "initial_date_time: must be between"),
    ({"type": "datetimepicker", "placeholder": plain()}, "placeholder: unknown key"),
]


@pytest.mark.parametrize(("element", "complaint"), BAD_ELEMENTS)
def test_bad_element(element: Json, complaint: str) -> None:
    found = check_message({"text": "words", "blocks": [actions(element)]})
    assert any(said.startswith("blocks[0].elements[0]") and complaint in said for said in found), found


@pytest.mark.parametrize(("element", "complaint"), BAD_INPUTS)
def test_bad_input(element: Json, complaint: str) -> None:
    found = check_view(modal(asked(element)))
    assert any(said.startswith("blocks[0].element") and complaint in said for said in found), found


BAD_BLOCKS: list[tuple[Any, str]] = [
    ("words", "blocks[0]: must be an object"),
    ({"type": "rectangle"}, "blocks[0].type: unknown block 'rectangle'"),
    ({"type": "file", "source": "remote", "external_id": "x"}, "unknown block 'file'"),
    ({"type": "section"}, "needs at least one of text, fields"),
    (section(text=mrkdwn("x" * 3001)), "blocks[0].text.text: longer than 3000 characters (3001)"),
    (section(text={**mrkdwn(), "emoji": True}), "blocks[0].text.emoji: unknown key"),
    (section(fields=[plain()] * 11), "blocks[0].fields: more than 10 items (11)"),
    (section(fields=[plain("x" * 2001)]), "blocks[0].fields[0].text: longer than 2000 characters (2001)"),
    (section(accessory=[BUTTON]), "blocks[0].accessory: must be an object"),
    (
        section(accessory={"type": "plain_text_input"}),
        "accessory.type: element 'plain_text_input' is not allowed here",
    ),
    (section(block_id="x" * 256), "blocks[0].block_id: longer than 255"),
    (section(elements=[]), "blocks[0].elements: unknown key"),
    (actions(), "blocks[0].elements: must not be empty"),
    (actions(*[{**BUTTON, "action_id": f"a{n}"} for n in range(26)]), "elements: more than 25 items (26)"),
    (actions(IMAGE), "element 'image' is not allowed here"),
    (actions(BUTTON, BUTTON), "elements[1].action_id: 'press' is used already, at blocks[0].elements[0]"),
    ({"type": "context", "elements": []}, "elements: must not be empty"),
    ({"type": "context", "elements": [plain()] * 11}, "elements: more than 10 items (11)"),
    ({"type": "context", "elements": [BUTTON]}, "element 'button' is not allowed here"),
    ({"type": "header", "text": plain("x" * 151)}, "text.text: longer than 150 characters (151)"),
    ({"type": "header", "text": mrkdwn()}, "text.type: text 'mrkdwn' is not allowed here, only plain_text"),
    ({"type": "header", "text": "words"}, "text: must be an object"),
    ({"type": "image", "image_url": "https://e.com/a.png"}, "alt_text: missing"),
    ({"type": "image", "alt_text": "a"}, "needs exactly one of image_url, slack_file"),
    ({**IMAGE, "slack_file": {"id": "F1"}}, "needs exactly one of image_url, slack_file"),
    ({**IMAGE, "alt_text": "x" * 2001}, "alt_text: longer than 2000"),
    ({**IMAGE, "image_url": "https://e.com/" + "x" * 3000}, "image_url: longer than 3000"),
    ({**IMAGE, "image_url": "ftp://e.com/a.png"}, "image_url: must be a web address"),
    ({**IMAGE, "title": plain("x" * 2001)}, "title.text: longer than 2000"),
    ({"type": "image", "alt_text": "a", "slack_file": {}}, "slack_file: needs exactly one of id, url"),
    (asked(GOOD_ELEMENTS["plain_text_input"], label=mrkdwn()), "label.type: text 'mrkdwn' is not allowed"),
    (asked(GOOD_ELEMENTS["plain_text_input"], label=plain("x" * 2001)), "label.text: longer than 2000"),
    (asked(GOOD_ELEMENTS["plain_text_input"], hint=plain("x" * 2001)), "hint.text: longer than 2000"),
    (asked(GOOD_ELEMENTS["plain_text_input"], optional="no"), "optional: must be true or false"),
    (asked(GOOD_ELEMENTS["number_input"]), "element 'number_input' cannot stand in a message"),
    (asked(GOOD_ELEMENTS["rich_text_input"]), "element 'rich_text_input' cannot stand in a message"),
    ({"type": "markdown", "text": "x" * 12_001}, "text: longer than 12000 characters"),
    ({"type": "markdown", "text": ""}, "text: must not be empty"),
    (GOOD_BLOCKS["alert"], "block 'alert' cannot stand in a message"),
    ({"type": "alert", "text": plain("x" * 201)}, "text.text: longer than 200"),
    ({"type": "alert", "text": plain(), "level": "loud"}, "level: must be one of default"),
    ({"type": "card", "subtitle": plain()}, "needs at least one of hero_image, title, actions, body"),
    ({**CARD, "body": plain("x" * 201)}, "body.text: longer than 200"),
    ({**CARD, "actions": [{**BUTTON, "action_id": f"a{n}"} for n in range(4)]}, "actions: more than 3 items"),
    ({"type": "carousel", "elements": []}, "elements: must not be empty"),
    ({"type": "carousel", "elements": [section()]}, "elements[0].type: unknown block 'section'"),
    ({"type": "container", "title": plain(), "child_blocks": []}, "child_blocks: must not be empty"),
    ({"type": "container", "child_blocks": [section()]}, "needs at least one of title, rich_text_title"),
    ({**GOOD_BLOCKS["container"], "has_header_divider": True}, "is not allowed with is_collapsible"),
    ({"type": "container", "title": plain(), "child_blocks": [section()], "default_collapsed": True}, "needs is_colla"),
    (
        {"type": "container", "title": plain(), "child_blocks": [GOOD_BLOCKS["container"]]},
        "child_blocks[0].type: block 'container' is not allowed here",
    ),
    ({"type": "context_actions", "elements": [BUTTON]}, "element 'button' is not allowed here"),
    ({"type": "context_actions", "elements": [GOOD_ELEMENTS["icon_button"]] * 6}, "elements: more than 5 items"),
    ({"type": "table", "rows": [[CELL] * 21]}, "rows[0]: more than 20 items (21)"),
    ({"type": "table", "rows": [[CELL]] * 101}, "rows: more than 100 items (101)"),
    ({"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}, "rows[0][0].text: must not be empty"),
    ({"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 6000}] * 2]}, "longer than 10000 characters over"),
    ({"type": "data_table", "rows": [[CELL], [CELL]]}, "caption: missing"),
    ({"type": "data_table", "caption": "c", "rows": [[CELL]]}, "rows: fewer than 2 items (1)"),
    ({"type": "data_table", "caption": "c", "rows": [[CELL], [CELL, CELL]]}, "rows[1]: has 2 cells"),
    ({"type": "data_table", "caption": "c", "rows": [[rich(line(WORDS))], [CELL]]}, "a header cell cannot be rich"),
    ({"type": "data_visualization", "title": "t", "chart": {"type": "pie"}}, "chart.segments: missing"),
    ({"type": "data_visualization", "title": "t", "chart": {"type": "donut"}}, "chart.type: must be one of pie"),
    ({**GOOD_BLOCKS["data_visualization"], "title": "x" * 51}, "title: longer than 50"),
    ({"type": "task_card", "task_id": "t", "title": "t", "status": "done"}, "status: must be one of pending"),
    ({"type": "plan", "title": "p", "tasks": [TASK] * 51}, "tasks: more than 50 items"),
    ({**GOOD_BLOCKS["video"], "title": plain("x" * 200)}, "title.text: longer than 199"),
    (rich(), "elements: must not be empty"),
    (rich(WORDS), "elements[0].type: unknown part of rich text 'text'"),
    (rich(line({"type": "text", "text": ""})), "elements[0].elements[0].text: must not be empty"),
    (rich(line({"type": "shout", "text": "x"})), "unknown rich text element 'shout'"),
    (rich(line({**WORDS, "style": {"loud": True}})), "style.loud: unknown key"),
    (rich(line({**WORDS, "style": {"bold": 1}})), "style.bold: must be true or false"),
    (rich(line({"type": "user", "user_id": "U1", "style": {"code": True}})), "style.code: unknown key"),
    (rich(line({"type": "user"})), "user_id: missing"),
    (rich(line({"type": "link"})), "url: missing"),
    (rich(line({"type": "broadcast", "range": "all"})), "range: must be one of here, channel, everyone"),
    (rich(line({"type": "date", "timestamp": "now", "format": "f"})), "timestamp: must be a whole number"),
    (rich({"type": "rich_text_list", "style": "dots", "elements": [line(WORDS)]}), "style: must be one of bullet"),
    (rich({"type": "rich_text_list", "style": "bullet", "elements": [WORDS]}), "unknown part of a list 'text'"),
    (
        rich({"type": "rich_text_list", "style": "bullet", "elements": [{"type": "rich_text_quote", "elements": []}]}),
        "part of a list 'rich_text_quote' is not allowed here, only rich_text_section",
    ),
    (
        rich({"type": "rich_text_list", "style": "bullet", "indent": 9, "elements": [line(WORDS)]}),
        "indent: must be between 0 and 8",
    ),
    (
        rich({"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U1"}]}),
        "rich text element 'user' is not allowed here, only link, text",
    ),
]


@pytest.mark.parametrize(("block", "complaint"), BAD_BLOCKS)
def test_bad_block(block: Any, complaint: str) -> None:
    found = check_message({"text": "words", "blocks": [block]})
    assert any(said.startswith("blocks[0]") and complaint in said for said in found), found
