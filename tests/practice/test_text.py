"""What people read: messages, views and markup as plain text, and whom a message would notify."""

from typing import Any

import pytest
from block_examples import (
    BUTTON,
    GOOD_BLOCKS,
    GOOD_ELEMENTS,
    IMAGE,
    actions,
    asked,
    broken_blocks,
    line,
    modal,
    mrkdwn,
    option,
    plain,
    rich,
    section,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.text import button_labels, message_text, mrkdwn_text, notifications, overflow_labels, view_text

Json = dict[str, Any]

NAMES = {"U1": "Alice", "C1": "triage", "S1": "reviewers"}


@pytest.mark.parametrize(
    ("markup", "read"),
    [
        ("*bold* _italic_ ~struck~ `code`", "bold italic struck code"),
        ("*_both_* and _*both*_", "both and both"),
        ("(*bold*), *two words*!", "(bold), two words!"),
        ("snake_case_name 2*3*4 a~b~c", "snake_case_name 2*3*4 a~b~c"),
        ("* no * ** ~~no~~ * a*", "* no * ** ~~no~~ * a*"),
        ("*one\ntwo*", "*one\ntwo*"),
        ("*客户* 说", "客户 说"),
        ("重要*客户*说", "重要*客户*说"),
        ("`*raw*` *bold*", "*raw* bold"),
        ("“*quoted*”… *客户*：是", "“quoted”… *客户*：是"),
        ("*never closed " + "<@U1>" * 60, "*never closed " + "@Alice" * 60),
        ("```\n*raw*\n  <@U1>\n```", "*raw*\n  @Alice"),
        ("<@U1> <@U2> <@U2|bob>", "@Alice @U2 @U2"),
        ("<#C1> <#C2|general> <#C3>", "#triage #general #C3"),
        ("<!channel> <!here|here> <!everyone>", "@channel!! @here!! @everyone!!"),
        ("<!subteam^S1> <!subteam^S2|@eng> <!subteam^S3>", "@reviewers @eng @S3"),
        ("<!date^1770000000^{date}^https://e.com|2 Feb> <!date^1^{date}>", "2 Feb <date^1^{date}>"),
        ("<https://e.com/a*b|*a label*> <https://e.com>", "*a label* (https://e.com/a*b) https://e.com"),
        ("*<https://e.com|a&amp;b>*", "a&b (https://e.com)"),
        ("<mailto:a@e.com|a@e.com> <mailto:a@e.com|Alice>", "a@e.com Alice (mailto:a@e.com)"),
        ("<what is this>", "<what is this>"),
        ("a &lt; b &amp;&amp; c &gt; d &quot;", "a < b && c > d &quot;"),
        ("&amp;lt;!channel&amp;gt; &lt;@U1&gt; &lt;!here&gt;", "&lt;!channel&gt; <@U1> <!here>"),
        ("&gt; quoted\n:wave: bye", "> quoted\n:wave: bye"),
        ("", ""),
    ],
)
def test_mrkdwn_as_read(markup: str, read: str) -> None:
    assert mrkdwn_text(markup, NAMES) == read


def test_message_without_blocks_shows_its_text() -> None:
    assert message_text({"text": "*Hello* <@U1>"}, NAMES) == "Hello @Alice"
    assert message_text({"text": "*Hello* <@U1> &amp;", "mrkdwn": False}, NAMES) == "*Hello* @Alice &"
    assert message_text({"text": "kept", "blocks": []}) == "kept"
    assert message_text({}) == ""


def test_blocks_are_read_in_order_and_hide_the_text() -> None:
    message = {
        "text": "fallback",
        "blocks": [
            {"type": "header", "text": plain("F-12 &amp; more *")},
            section(text=mrkdwn("*Acme* wants it"), fields=[mrkdwn("*Tier*\nGold"), plain("*raw*")]),
            {"type": "divider"},
            {"type": "context", "elements": [IMAGE, mrkdwn("by <@U1>")]},
            {"type": "image", "alt_text": "a chart", "image_url": "https://e.com/a.png", "title": plain("Votes")},
        ],
    }
    assert message_text(message, NAMES).split("\n") == [
        "F-12 & more *",
        "Acme wants it",
        "Tier",
        "Gold",
        "*raw*",
        "---",
        "[image: a] by @Alice",
        "Votes",
        "[image: a chart]",
    ]


PRESSABLE: Json = {
    "blocks": [
        section(block_id="top", accessory={**BUTTON, "text": plain("Open")}),
        {
            **actions(
                {**BUTTON, "text": plain("Approve"), "action_id": "yes"},
                {**BUTTON, "text": plain("Reject &amp; close"), "action_id": "no"},
                {"type": "overflow", "action_id": "more", "options": [option("details"), option("status")]},
            ),
            "block_id": "bottom",
        },
        {"type": "section", "text": plain("pic"), "accessory": IMAGE},
    ],
}


def test_buttons_stand_on_one_line_a_block() -> None:
    assert message_text(PRESSABLE).split("\n") == [
        "words",
        "[Open]",
        "[Approve] [Reject & close] [⋯ DETAILS | STATUS]",
        "pic",
        "[image: a]",
    ]
    assert message_text(PRESSABLE, buttons=False).split("\n") == ["words", "pic", "[image: a]"]


def test_buttons_know_their_block() -> None:
    found = [(label, element["action_id"], element["block_id"]) for label, element in button_labels(PRESSABLE)]
    assert found == [("Open", "press", "top"), ("Approve", "yes", "bottom"), ("Reject & close", "no", "bottom")]


def test_overflow_choices_know_their_menu_and_option() -> None:
    (first, menu), (second, _) = overflow_labels(PRESSABLE)
    assert (first, second) == ("DETAILS", "STATUS")
    assert (menu["type"], menu["action_id"], menu["block_id"]) == ("overflow", "more", "bottom")
    assert menu["selected_option"] == option("details")


def test_buttons_inside_other_blocks_are_found() -> None:
    blocks = [GOOD_BLOCKS["carousel"], {**GOOD_BLOCKS["container"], "child_blocks": [actions(BUTTON)]}]
    blocks.append(GOOD_BLOCKS["context_actions"])
    assert [label for label, _ in button_labels({"blocks": blocks})] == ["words", "words", "Delete"]
    assert "[words]" not in message_text({"blocks": blocks}, buttons=False)


def test_rich_text_keeps_its_structure() -> None:
    block = rich(
        line(
            {"type": "text", "text": "*raw* &amp; ", "style": {"bold": True}},
            {"type": "user", "user_id": "U1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "wave"},
            {"type": "link", "url": "https://e.com", "text": "site"},
            {"type": "link", "url": "https://e.com"},
            {"type": "date", "timestamp": 0, "format": "{date}", "fallback": "then"},
            {"type": "date", "timestamp": 1_770_000_000, "format": "{date}"},
            {"type": "color", "value": "#fff"},
        ),
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "one\ntwo\n"}]},
        {"type": "rich_text_list", "style": "bullet", "elements": [line({"type": "text", "text": "a"}), line()]},
        {
            "type": "rich_text_list",
            "style": "ordered",
            "indent": 1,
            "offset": 2,
            "elements": [line({"type": "text", "text": "c"})],
        },
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "  x = 1\n  y"}]},
    )
    assert message_text({"blocks": [block]}, NAMES).split("\n") == [
        "*raw* &amp; @Alice#triage@reviewers@here!!:wave:site (https://e.com)https://e.comthen2026-02-02 02:40 UTC#fff",
        "> one",
        "> two",
        "• a",
        "• ",
        "  3. c",
        "  x = 1",
        "  y",
    ]


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("alert", "words"),
        ("card", "words\nwords\n[words]"),
        ("container", "words\nwords"),
        ("context_actions", "[Good] [Bad] [Delete]"),
        ("data_table", "Votes\ncell | cell\ncell | 3"),
        ("data_visualization", "[chart: Votes]"),
        ("markdown", "**words**"),
        ("plan", "Plan\n[complete] Read\nwords"),
        ("table", "cell | words"),
        ("video", "[video: words]"),
    ],
)
def test_other_blocks_as_read(kind: str, read: str) -> None:
    assert message_text({"blocks": [GOOD_BLOCKS[kind]]}) == read


def test_unknown_blocks_show_their_name() -> None:
    assert message_text({"blocks": [{"type": "hologram"}]}) == "[hologram]"


def test_attachments_follow_the_message() -> None:
    message = {"text": "look", "attachments": [{"text": "*old*"}, {"blocks": [section()]}, {"fallback": "plain"}]}
    assert message_text(message) == "look\nold\nwords\nplain"


def test_a_modal_as_read() -> None:
    view = modal(
        section(text=mrkdwn("*Tell us*")),
        asked({"type": "plain_text_input", "placeholder": plain("Their words")}, label=plain("What?"), hint=plain("!")),
        asked({"type": "plain_text_input", "initial_value": "as &amp; typed"}, label=plain("Why?"), optional=True),
        asked(GOOD_ELEMENTS["checkboxes"], label=plain("Which?")),
        asked(GOOD_ELEMENTS["radio_buttons"], label=plain("One?")),
        asked(GOOD_ELEMENTS["multi_users_select"], label=plain("Who?")),
        asked(GOOD_ELEMENTS["datetimepicker"], label=plain("When?")),
        asked(GOOD_ELEMENTS["rich_text_input"], label=plain("More?")),
        asked({"type": "static_select"}, label=plain("Empty?")),
        title=plain("File feedback"),
        submit=plain("Send"),
        close=plain("Cancel"),
    )
    assert view_text(view, NAMES).split("\n") == [
        "File feedback",
        "Tell us",
        "What?: [Their words]",
        "!",
        "Why? (optional): [as &amp; typed]",
        "Which?: ☐ A ☑ B",
        "One?: ○ V0 ◉ V1",
        "Who?: [Alice]",
        "When?: [2026-02-02 02:40 UTC]",
        "More?: [words]",
        "Empty?: []",
        "[Cancel] [Send]",
    ]


def test_a_modal_shows_what_was_typed_and_chosen() -> None:
    typed = {"type": "plain_text_input", "action_id": "a", "placeholder": plain("type")}
    chosen = {"type": "static_select", "action_id": "a", "initial_option": option("x")}
    ticked = {"type": "checkboxes", "action_id": "a", "options": [option("x"), option("y")]}
    view = modal(
        asked(typed, block_id="typed"),
        asked(typed, block_id="emptied"),
        asked(chosen, block_id="chosen"),
        section(accessory=ticked, block_id="ticked"),
        {**actions({**GOOD_ELEMENTS["datepicker"], "action_id": "a"}), "block_id": "dated"},
    )
    view["state"] = {
        "values": {
            "typed": {"a": {"type": "plain_text_input", "value": "their words"}},
            "emptied": {"a": {"type": "plain_text_input", "value": None}},
            "chosen": {"a": {"type": "static_select", "selected_option": option("y")}},
            "ticked": {"a": {"type": "checkboxes", "selected_options": [option("y")]}},
            "dated": {"a": {"type": "datepicker", "selected_date": "2026-03-01"}},
        }
    }
    assert view_text(view).split("\n")[1:-1] == [
        "words: [their words]",
        "words: [type]",
        "words: [Y]",
        "words",
        "☐ X ☑ Y",
        "[2026-03-01]",
    ]


def test_everything_that_notifies_is_found() -> None:
    message = {
        "text": "<@U1> <!channel|channel> <#C1>",
        "blocks": [
            section(text=mrkdwn("<!subteam^S1|@x>"), fields=[mrkdwn("<!here>")]),
            {"type": "context", "elements": [mrkdwn("`<@U2>`")]},
            rich(
                line(
                    {"type": "user", "user_id": "U3"},
                    {"type": "usergroup", "usergroup_id": "S2"},
                    {"type": "broadcast", "range": "everyone"},
                )
            ),
            {"type": "markdown", "text": "<@U4>"},
        ],
        "attachments": [{"text": "<@U5>", "fields": [{"title": "t", "value": "<@U6>"}]}],
    }
    assert notifications(message) == [
        *("<@U1>", "<!channel>", "<!subteam^S1>", "<!here>", "<@U2>", "<@U3>", "<!subteam^S2>", "<!everyone>"),
        *("<@U4>", "<@U5>", "<@U6>"),
    ]


def test_what_only_looks_like_a_mention_notifies_nobody() -> None:
    message = {
        "text": "@channel &lt;!channel&gt;",
        "blocks": [
            section(text=plain("<!channel>"), accessory={**BUTTON, "text": plain("<@U1>"), "value": "<@U1>"}),
            rich(line({"type": "text", "text": "<!here>"}, {"type": "link", "url": "https://e.com", "text": "<@U1>"})),
            {"type": "table", "rows": [[{"type": "raw_text", "text": "<@U1>"}]]},
        ],
    }
    assert notifications(message) == []


def test_link_names_make_bare_words_ring() -> None:
    assert notifications({"text": "@channel and me@here", "link_names": True}) == ["<!channel>"]
    assert notifications({"text": "@everyone", "parse": "full"}) == ["<!everyone>"]


def escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


TRICKY = st.text() | st.lists(
    st.sampled_from(
        ["<", ">", "&", "!channel", "@U1", "!here|x", "&lt;", "*", "_", "`", "```", "|", "^", "\n", " ", "a"]
    )
).map("".join)


@settings(deadline=None)
@given(TRICKY)
def test_escaped_words_notify_nobody(words: str) -> None:
    text = escaped(words)
    blocks = [
        section(text=mrkdwn(text)),
        {"type": "markdown", "text": text},
        rich(line({"type": "text", "text": words})),
    ]
    assert notifications({"text": text, "blocks": blocks}) == []


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="*_~`")))
def test_escaped_words_are_read_as_written(words: str) -> None:
    assert mrkdwn_text(escaped(words)) == words


@settings(deadline=None)
@given(TRICKY)
def test_escaped_words_are_never_read_as_a_call_to_everybody(words: str) -> None:
    assert "!!" not in mrkdwn_text(escaped(words.replace("!!", "")))


@settings(max_examples=300, deadline=None)
@given(broken_blocks())
def test_broken_documents_are_read_somehow(block: Json) -> None:
    message = {"text": block, "blocks": [block], "attachments": [block]}
    assert isinstance(message_text(message), str)
    assert isinstance(message_text(message, buttons=False), str)
    assert isinstance(view_text({"title": block, "blocks": [block], "state": {"values": block}}), str)
    assert isinstance(button_labels(message), list)
    assert isinstance(overflow_labels(message), list)
    assert isinstance(notifications(message), list)
