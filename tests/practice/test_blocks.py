"""Whole messages and views: every good example passes where it may stand, and every rule has an example which fails."""

import copy
import json
from typing import Any

import pytest
from block_examples import (
    BUTTON,
    GOOD_BLOCKS,
    GOOD_ELEMENTS,
    actions,
    asked,
    broken_blocks,
    modal,
    mrkdwn,
    plain,
    section,
)
from blockkit import core as blockkit
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from practice.block_elements import ACCESSORIES, ACTIONS, ELEMENTS, INPUTS
from practice.block_rules import BLOCKS, SURFACE_BLOCKS
from practice.blocks import check_message, check_view

Json = dict[str, Any]


def test_every_known_thing_has_a_good_example() -> None:
    assert set(GOOD_ELEMENTS) == set(ELEMENTS)
    assert set(GOOD_BLOCKS) == set(BLOCKS)


@pytest.mark.parametrize("kind", sorted(SURFACE_BLOCKS["message"]))
def test_good_block_in_a_message(kind: str) -> None:
    assert check_message({"text": "words", "blocks": [GOOD_BLOCKS[kind]]}) == []


@pytest.mark.parametrize("kind", sorted(SURFACE_BLOCKS["modal"]))
def test_good_block_in_a_modal(kind: str) -> None:
    assert check_view(modal(GOOD_BLOCKS[kind], private_metadata="", callback_id="f", notify_on_close=True)) == []


@pytest.mark.parametrize("kind", sorted(SURFACE_BLOCKS["home"]))
def test_good_block_on_a_home_tab(kind: str) -> None:
    assert check_view({"type": "home", "blocks": [GOOD_BLOCKS[kind]], "private_metadata": "x"}) == []


@pytest.mark.parametrize("kind", sorted(INPUTS))
def test_good_element_of_an_input(kind: str) -> None:
    assert check_view(modal(asked(GOOD_ELEMENTS[kind]))) == []


@pytest.mark.parametrize("kind", sorted(ACTIONS - {"rich_text_input"}))
def test_good_element_of_an_actions_block(kind: str) -> None:
    assert check_message({"text": "words", "blocks": [actions(GOOD_ELEMENTS[kind])]}) == []


@pytest.mark.parametrize("kind", sorted(ACCESSORIES))
def test_good_accessory_of_a_section(kind: str) -> None:
    assert check_message({"text": "words", "blocks": [section(accessory=GOOD_ELEMENTS[kind])]}) == []


def test_good_charts_beside_a_pie() -> None:
    series = [{"name": "yes", "data": [{"label": "May", "value": 1.5}]}]
    axes = {"categories": ["May"], "x_label": "Month", "y_label": "Votes"}
    chart = {"type": "line", "series": series, "axis_config": axes}
    assert check_message({"blocks": [{"type": "data_visualization", "title": "t", "chart": chart}]}) == []


def test_messages_without_blocks() -> None:
    assert check_message({"text": "x" * 40_000}) == []
    assert check_message({"delete_original": True}) == []
    assert check_message({"attachments": [{"text": "old"}]}) == []


def test_long_but_allowed_message() -> None:
    blocks = [section(text=mrkdwn("x" * 3000)) for _ in range(4)] + [{"type": "divider"}] * 46
    assert check_message({"text": "words", "blocks": blocks}) == []


BAD_MESSAGES: list[tuple[Json, str]] = [
    ({}, "text: missing, and neither blocks nor attachments in its place (no_text)"),
    ({"text": ""}, "(no_text)"),
    ({"text": 3}, "text: must be a string"),
    ({"text": "x" * 40_001}, "text: longer than 40000 characters (40001) (msg_too_long)"),
    ({"text": "t", "blocks": {}}, "blocks: must be a list"),
    ({"text": "t", "blocks": [{"type": "divider"}] * 51}, "blocks: more than 50 items (51)"),
    ({"blocks": [section(block_id="s"), section(block_id="s")]}, "blocks[1].block_id: 's' is used already"),
    ({"blocks": [section(text=mrkdwn("x" * 2700)) for _ in range(5)]}, "over all blocks (13500) (msg_blocks_too_long)"),
    ({"blocks": [{"type": "markdown", "text": "x" * 6001}] * 2}, "in markdown blocks (12002) (msg_blocks_too_long)"),
    ({"blocks": [{"type": "header", "text": plain("x" * 150)}] * 50 + [section()]}, "more than 50 items (51)"),
    ({"blocks": [{"type": "header", "text": plain("x" * 150)}] * 48 + [section(text=plain("x" * 1500))]}, "(13500)"),
    ({"blocks": [GOOD_BLOCKS["table"], GOOD_BLOCKS["data_table"]]}, "(only_one_table_allowed)"),
    ({"blocks": [GOOD_BLOCKS["data_visualization"]] * 3}, "blocks: more than 2 charts"),
    (
        {"blocks": [asked({"type": "channels_select", "response_url_enabled": True})]},
        "response_url_enabled: works only in an input block of a modal",
    ),
    ({"attachments": [{"blocks": [{"type": "section"}]}]}, "attachments[0].blocks[0]: needs at least one of text"),
    (
        {
            "blocks": [
                {"type": "container", "title": plain(), "child_blocks": [section(block_id="s")]},
                section(block_id="s"),
            ]
        },
        "blocks[1].block_id: 's' is used already, at blocks[0].child_blocks[0]",
    ),
    (
        {"blocks": [{"type": "container", "title": plain(), "child_blocks": [actions(BUTTON, BUTTON)]}]},
        "blocks[0].child_blocks[0].elements[1].action_id: 'press' is used already",
    ),
]


@pytest.mark.parametrize(("message", "complaint"), BAD_MESSAGES)
def test_bad_message(message: Json, complaint: str) -> None:
    found = check_message(message)
    assert any(complaint in said for said in found), found


WITHOUT_SUBMIT = {"type": "modal", "title": plain(), "blocks": [GOOD_BLOCKS["input"]]}

BAD_VIEWS: list[tuple[Any, str]] = [
    ([], "must be an object"),
    ({"blocks": [section()]}, "type: missing"),
    ({"type": "dialog", "blocks": [section()]}, "type: unknown view 'dialog'"),
    ({"type": "modal", "blocks": [section()]}, "title: missing"),
    ({"type": "modal", "title": plain()}, "blocks: missing"),
    (modal(section(), title=plain("x" * 25)), "title.text: longer than 24 characters (25)"),
    (modal(section(), title=mrkdwn()), "title.type: text 'mrkdwn' is not allowed here"),
    (modal(section(), submit=plain("x" * 25)), "submit.text: longer than 24 characters (25)"),
    (modal(section(), close=plain("x" * 25)), "close.text: longer than 24 characters (25)"),
    (modal(section(), private_metadata="x" * 3001), "private_metadata: longer than 3000 characters (3001)"),
    (modal(section(), private_metadata={}), "private_metadata: must be a string"),
    (modal(section(), callback_id="x" * 256), "callback_id: longer than 255 characters (256)"),
    (modal(section(), external_id="x" * 256), "external_id: longer than 255 characters (256)"),
    (modal(section(), submit_disabled=False), "submit_disabled: unknown key"),
    (modal(section(), id="V1", hash="1.2"), "hash: unknown key"),
    (modal(), "blocks: must not be empty"),
    (modal(*[{"type": "divider"}] * 101), "blocks: more than 100 items (101)"),
    (WITHOUT_SUBMIT, "submit: missing, and a modal with input blocks needs it"),
    (modal(GOOD_BLOCKS["markdown"]), "blocks[0].type: block 'markdown' cannot stand in a modal"),
    (modal(GOOD_BLOCKS["table"]), "block 'table' cannot stand in a modal"),
    (modal(section(block_id="s"), section(block_id="s")), "blocks[1].block_id: 's' is used already, at blocks[0]"),
    (
        modal(*[asked({"type": "plain_text_input", "action_id": f"a{n}", "focus_on_load": True}) for n in range(2)]),
        "blocks[1].element.focus_on_load: only one element of a view may have it, and blocks[0].element does",
    ),
    (
        modal(section(accessory={"type": "channels_select", "response_url_enabled": True})),
        "accessory.response_url_enabled: works only in an input block",
    ),
    ({"type": "home", "blocks": [section()], "title": plain()}, "title: unknown key"),
    ({"type": "home", "blocks": [section()], "submit": plain()}, "submit: unknown key"),
    ({"type": "home", "blocks": [GOOD_BLOCKS["alert"]]}, "block 'alert' cannot stand in a home"),
    ({"type": "home", "blocks": [asked(GOOD_ELEMENTS["file_input"])]}, "element 'file_input' cannot stand in a home"),
    (
        {"type": "home", "blocks": [actions(GOOD_ELEMENTS["datetimepicker"])]},
        "blocks[0].elements[0].type: element 'datetimepicker' cannot stand in a home",
    ),
]


@pytest.mark.parametrize(("view", "complaint"), BAD_VIEWS)
def test_bad_view(view: Any, complaint: str) -> None:
    found = check_view(view)
    assert any(complaint in said for said in found), found


def test_same_action_in_two_blocks_is_fine() -> None:
    assert check_message({"blocks": [actions(BUTTON), actions(BUTTON), section(accessory=BUTTON)]}) == []


def test_home_tab_asks_without_submit() -> None:
    assert check_view({"type": "home", "blocks": [GOOD_BLOCKS["input"]]}) == []


def test_nothing_is_changed_by_checking() -> None:
    view = modal(*(GOOD_BLOCKS[kind] for kind in sorted(SURFACE_BLOCKS["modal"])))
    before = copy.deepcopy(view)
    check_view(view)
    assert view == before


@pytest.mark.parametrize("kind", sorted(set(BLOCKS) - {"data_table", "data_visualization"}))
def test_the_sdk_agrees_with_the_good_examples(kind: str) -> None:
    parsed = Block.parse(json.loads(json.dumps(GOOD_BLOCKS[kind])))
    assert parsed is not None
    parsed.validate_json()


def test_what_blockkit_builds_passes() -> None:
    built = (
        blockkit.Message("words")
        .add_block(blockkit.Header("words"))
        .add_block(blockkit.Section("*words*").accessory(blockkit.Button("press").action_id("a").value("v")))
        .add_block(blockkit.Actions([blockkit.StaticSelect(options=[blockkit.Option("A", "a")], action_id="b")]))
        .add_block(blockkit.RichText([blockkit.RichTextSection([blockkit.RichTextEl("words")])]))
        .build()
    )
    assert check_message(built) == []


@settings(max_examples=300, deadline=None)
@given(broken_blocks())
def test_any_json_gets_an_answer(block: Json) -> None:
    assert isinstance(check_message({"text": "words", "blocks": [block]}), list)
    assert isinstance(check_view({"type": "modal", "title": block, "blocks": [block]}), list)
    assert check_message({"text": "words", "blocks": block})


@settings(deadline=None)
@given(st.sampled_from(sorted(ELEMENTS)), st.data())
def test_a_broken_key_never_goes_unnoticed(kind: str, data: st.DataObject) -> None:
    element = dict(GOOD_ELEMENTS[kind])
    key = data.draw(st.sampled_from(sorted(set(element) - {"type"})))
    element[key] = None
    broken = [*ELEMENTS[kind]({name: part for name, part in element.items() if name != "type"}, "here")]
    assert any(said.startswith(f"here.{key}") for said in broken), broken
