"""Forms in the page: every input gives back exactly what was put in, and every error stands at its field."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from screen import Screen, Sit
from slack_bolt import Ack

from practice.workspace import Workspace
from tests.practice.echo_app import Json, Room, Served, button, modal, section, text_input

OPTIONS = [
    {"text": {"type": "plain_text", "text": name, "emoji": True}, "value": name.lower()}
    for name in ("Red", "Green", "Blue")
]
RED, GREEN, BLUE = OPTIONS
ANYTHING = re.compile("")
ADDED = {"text": {"type": "plain_text", "text": "Add “acme”", "emoji": True}, "value": "new:acme"}


def labelled(kind: str, label: str, **element: Any) -> Json:
    """Return an input block of this kind; block and action are named like it."""
    return {
        "type": "input",
        "block_id": kind,
        "label": {"type": "plain_text", "text": label},
        "element": {"type": kind, "action_id": kind, **element},
    }


EVERYTHING = [
    text_input("Words", "plain_text_input"),
    text_input("Story", "story", multiline=True),
    labelled("email_text_input", "Mail"),
    labelled("url_text_input", "Address"),
    labelled("number_input", "Count", is_decimal_allowed=True),
    labelled("datepicker", "Day"),
    labelled("timepicker", "Hour"),
    labelled("datetimepicker", "Moment"),
    labelled("radio_buttons", "One tick", options=OPTIONS),
    labelled("checkboxes", "Many ticks", options=OPTIONS),
    labelled("static_select", "Static", options=OPTIONS),
    labelled("multi_static_select", "Statics", options=OPTIONS),
    labelled("external_select", "External", min_query_length=2),
    labelled("multi_external_select", "Externals", min_query_length=0),
    labelled("users_select", "User"),
    labelled("multi_users_select", "Users"),
    labelled("conversations_select", "Conversation"),
    labelled("multi_conversations_select", "Conversations"),
    labelled("channels_select", "Channel"),
    labelled("multi_channels_select", "Channels"),
]

TYPED = {
    "Words": " Gegrüßt, 你好 & <b>“quoted”</b> ",
    "Story": "one\n\n  two\tthree",
    "Mail": "alice@example.com",
    "Address": "https://example.com/a?b=c&d=%20",
    "Count": "-12.50",
    "Day": "2026-02-28",
    "Hour": "23:05",
    "Moment": "2026-03-29T09:30",
}
CHOSEN = {
    "Static": ["Green"],
    "Statics": ["Blue", "Red"],
    "External": ["Add “acme”"],
    "Externals": ["Add “acme”"],
    "User": ["Bob"],
    "Users": ["Bob", "Alice"],
    "Conversation": ["#triage"],
    "Conversations": ["#triage", "echo"],
    "Channel": ["#triage"],
    "Channels": ["#triage", "#general"],
}
SUBMITTED: dict[str, Any] = {
    "plain_text_input": TYPED["Words"],
    "story": TYPED["Story"],
    "email_text_input": TYPED["Mail"],
    "url_text_input": TYPED["Address"],
    "number_input": TYPED["Count"],
    "datepicker": TYPED["Day"],
    "timepicker": TYPED["Hour"],
    "datetimepicker": 1774776600,
    "radio_buttons": BLUE,
    "checkboxes": [RED, BLUE],
    "static_select": GREEN,
    "multi_static_select": [BLUE, RED],
    "external_select": ADDED,
    "multi_external_select": [ADDED],
    "users_select": "U0BOB",
    "multi_users_select": ["U0BOB", "U0ALICE"],
    "conversations_select": "C0TRIAGE",
    "multi_conversations_select": ["C0TRIAGE", "D0ALICE"],
    "channels_select": "C0TRIAGE",
    "multi_channels_select": ["C0TRIAGE", "C0GENERAL"],
}
"""What the app gets of `TYPED`, `CHOSEN` and the ticks, by action."""


@pytest.fixture
def alice(ws: Workspace, room: Room, sit: Sit) -> Screen:
    """Alice's screen, in #triage."""
    ws.channel("general", members=[room[0]])
    screen = sit(room[0], ws.url)
    screen.goes(room[2])
    return screen


def opens(app: Served, screen: Screen, view: Json) -> None:
    """Let the app open a modal, and see it."""

    @app.bolt.command("/form")
    def form(ack: Ack, body: Json) -> None:
        ack()
        app.client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.bolt.options(ANYTHING)
    def suggest(ack: Ack, payload: Json) -> None:
        name = payload["value"] or "acme"
        ack(options=[{"text": {"type": "plain_text", "text": f"Add “{name}”", "emoji": True}, "value": f"new:{name}"}])

    screen.types("/form")
    expect(screen.modal).to_be_visible()


def submitted(app: Served) -> list[Json]:
    """Let the app take the form; return where the views it gets are gathered."""
    views: list[Json] = []

    @app.bolt.view("form")
    def form(ack: Ack, view: Json) -> None:
        views.append(view)
        ack()

    return views


def values(view: Json) -> Json:
    """Return what a view's state holds, by action, without the names of types."""
    entries = [entry for block in view["state"]["values"].values() for entry in block.items()]
    return {action: next(value for key, value in entry.items() if key != "type") for action, entry in entries}


def field(screen: Screen, label: str) -> Locator:
    """Return the box of a label."""
    return screen.modal.get_by_label(label, exact=True)


def fill_everything(screen: Screen) -> None:
    """Put something into every input."""
    for label, words in TYPED.items():
        field(screen, label).fill(words)
    screen.modal.get_by_role("radio", name="Blue").check()
    for name in ("Red", "Blue"):
        screen.modal.get_by_role("checkbox", name=name).check()
    for label, names in CHOSEN.items():
        for name in names:
            screen.chooses(label, name, query="acme" if label == "External" else "")


def test_every_kind_of_input_gives_the_app_exactly_what_was_put_in(app: Served, alice: Screen) -> None:
    views = submitted(app)
    opens(app, alice, modal(*EVERYTHING))
    fill_everything(alice)
    alice.submits("Send")
    assert values(views[0]) == SUBMITTED


def test_initial_values_stand_in_their_inputs_and_are_submitted_untouched(app: Served, alice: Screen) -> None:
    views = submitted(app)
    opens(app, alice, modal(*map(initially, EVERYTHING)))
    expect(field(alice, "Words")).to_have_value(TYPED["Words"])
    alice.submits("Send")
    assert values(views[0]) == SUBMITTED


def initially(block: Json) -> Json:
    """Return the input with the value it is to begin with."""
    element = block["element"]
    return {
        **block,
        "element": {**element, INITIAL.get(element["type"], "initial_value"): SUBMITTED[element["action_id"]]},
    }


INITIAL = {
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
    "radio_buttons": "initial_option",
    "checkboxes": "initial_options",
    "static_select": "initial_option",
    "multi_static_select": "initial_options",
    "external_select": "initial_option",
    "multi_external_select": "initial_options",
    "users_select": "initial_user",
    "multi_users_select": "initial_users",
    "conversations_select": "initial_conversation",
    "multi_conversations_select": "initial_conversations",
    "channels_select": "initial_channel",
    "multi_channels_select": "initial_channels",
}


def error_at(screen: Screen, block_id: str) -> Locator:
    """Return where a block shows its error."""
    return screen.modal.locator(f"[data-block-id='{block_id}'] > .bk-error")


def test_a_required_input_left_empty_says_so_at_its_place_and_nothing_is_sent(app: Served, alice: Screen) -> None:
    views = submitted(app)
    opens(app, alice, modal(*EVERYTHING))
    alice.button("Send", alice.modal).click()
    for block in EVERYTHING:
        expect(error_at(alice, block["block_id"])).to_have_text("Please complete this required field.")
    expect(field(alice, "Words")).to_be_focused()
    assert views == []


WRONG = [
    (text_input("Field", "field", min_length=3), "ab", "Please enter at least 3 characters."),
    (text_input("Field", "field", max_length=3), "abcd", "Please enter at most 3 characters."),
    (labelled("email_text_input", "Field"), "alice at home", "Please enter a valid email address."),
    (labelled("url_text_input", "Field"), "example", "Please enter a valid URL."),
    (labelled("number_input", "Field", is_decimal_allowed=False), "1.5", "Please enter a whole number."),
    (
        labelled("number_input", "Field", is_decimal_allowed=False, min_value="2"),
        "1",
        "Please enter a number of at least 2.",
    ),
]


def test_what_slacks_client_refuses_is_refused_at_the_field_until_it_is_right(app: Served, alice: Screen) -> None:
    blocks = [{**block, "block_id": f"field-{place}"} for place, (block, _, _) in enumerate(WRONG)]
    views = submitted(app)
    opens(app, alice, modal(*blocks))
    for place, (_, words, _) in enumerate(WRONG):
        field(alice, "Field").nth(place).fill(words)
    alice.button("Send", alice.modal).click()
    for place, (_, _, sentence) in enumerate(WRONG):
        expect(error_at(alice, f"field-{place}")).to_have_text(sentence)
    assert views == []
    for place, words in enumerate(["abc", "abc", "a@b.example", "https://b.example", "2", "2"]):
        field(alice, "Field").nth(place).fill(words)
    alice.submits("Send")
    assert len(views) == 1


def test_the_apps_own_errors_stand_at_the_fields_it_names_and_what_was_typed_stays(app: Served, alice: Screen) -> None:
    @app.bolt.view("form")
    def refuse(ack: Ack) -> None:
        ack(response_action="errors", errors={"story": "Too short a story.", "plain_text_input": "No such word."})

    opens(app, alice, modal(*EVERYTHING[:2]))
    field(alice, "Words").fill("First")
    field(alice, "Story").fill("Second")
    alice.button("Send", alice.modal).click()
    expect(error_at(alice, "plain_text_input")).to_have_text("No such word.")
    expect(error_at(alice, "story")).to_have_text("Too short a story.")
    expect(field(alice, "Words")).to_have_value("First")
    expect(field(alice, "Words")).to_have_attribute("aria-invalid", "true")
    field(alice, "Words").fill("Better")
    expect(error_at(alice, "plain_text_input")).to_be_empty()


def test_an_external_select_asks_the_app_only_after_enough_characters(app: Served, alice: Screen) -> None:
    opens(app, alice, modal(labelled("external_select", "External", min_query_length=2)))
    box = alice.modal.get_by_role("combobox", name="External")
    box.click()
    expect(alice.modal.get_by_role("option")).to_have_text("Type at least 2 characters")
    box.fill("ac")
    expect(alice.modal.get_by_role("option")).to_have_text("Add “ac”")


def test_a_modal_is_pushed_updated_and_closed_over_what_was_typed(app: Served, alice: Screen) -> None:
    first = modal(text_input("Words", "words"), {"type": "actions", "elements": [button("Deeper", "deeper")]})

    @app.bolt.action("deeper")
    def deeper(ack: Ack, body: Json) -> None:
        ack()
        app.client.views_push(trigger_id=body["trigger_id"], view=modal(section("Below"), title="Second"))

    opens(app, alice, first)
    field(alice, "Words").fill("Kept")
    alice.button("Deeper").click()
    expect(alice.modal.locator("#modal-title")).to_have_text("Second")
    alice.page.keyboard.press("Escape")
    expect(alice.modal.locator("#modal-title")).to_have_text("Form")
    expect(field(alice, "Words")).to_have_value("Kept")


def test_what_is_not_drawn_shows_its_name(app: Served, alice: Screen, room: Room) -> None:
    video = {
        "type": "video",
        "alt_text": "A film",
        "title": {"type": "plain_text", "text": "Film"},
        "thumbnail_url": "https://example.com/film.png",
        "video_url": "https://example.com/film",
    }
    rich = labelled("rich_text_input", "Rich")
    app.client.chat_postMessage(channel=room[2].id, text="A film", blocks=[video])
    expect(alice.message("not drawn")).to_contain_text("[block type video is not drawn here]")
    opens(app, alice, modal(rich))
    expect(alice.modal).to_contain_text("[element type rich_text_input is not drawn here]")
