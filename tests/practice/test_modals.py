"""Modals: opening, typing, refusing, stacking, closing."""

import time
from typing import Any

import pytest
from echo_app import Json, Served, button, modal, section, text_input
from slack_bolt import Ack
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from practice.workspace import Workspace


def opens(app: Served, *blocks: Json, **more: Any) -> None:
    """The app's /form opens a modal of these blocks and keeps what views.open answered."""

    @app.bolt.command("/form")
    def form(ack: Ack, client: WebClient, body: Json) -> None:
        app.seen.append(client.views_open(trigger_id=body["trigger_id"], view=modal(*blocks, **more)).data["view"])
        ack()


def test_a_command_opens_a_modal_and_a_submission_closes_it(ws: Workspace, app: Served) -> None:
    opens(app, text_input("What did they say?", "words"))

    @app.bolt.view("form")
    def submitted(ack: Ack, view: Json) -> None:
        app.seen.append(view["state"]["values"]["words"]["words"])
        ack()

    alice = ws.person("Alice")
    assert alice.sends("/form").ok
    assert alice.modal.title == "Form"
    assert alice.modal.labels() == ["What did they say?"]
    alice.fills("What did they say?", "More <exports> & soon")
    answer = alice.submits()
    assert answer.ok
    assert answer.closed
    assert alice.modal is None
    assert app.seen[1] == {"type": "plain_text_input", "value": "More <exports> & soon"}
    assert ws.problems == []


def test_what_was_typed_survives_an_update_where_the_ids_stay(ws: Workspace, app: Served) -> None:
    opens(app, text_input("Words", "words"), text_input("Other", "other"))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.fills("Words", "kept")
    alice.fills("Other", "lost")
    view = modal(text_input("Words", "words"), text_input("Other", "renamed", initial_value="anew"), title="Second")
    before = alice.modal.hash
    app.client.views_update(view_id=alice.modal.id, view=view)
    assert alice.modal.title == "Second"
    assert alice.modal.value("Words") == "kept"
    assert alice.modal.value("Other") == "anew"
    assert alice.modal.hash != before


def test_an_update_with_a_stale_hash_is_refused(ws: Workspace, app: Served) -> None:
    opens(app, text_input("Words", "words"))
    alice = ws.person("Alice")
    alice.sends("/form")
    stale = alice.modal.hash
    view = modal(text_input("Words", "words"))
    app.client.views_update(view_id=alice.modal.id, view=view, hash=stale)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        app.client.views_update(view_id=alice.modal.id, view=view, hash=stale)


def test_the_apps_errors_are_shown_at_their_fields_and_keep_the_modal_open(ws: Workspace, app: Served) -> None:
    opens(app, text_input("Words", "words"))
    app.bolt.view("form")(lambda ack: ack(response_action="errors", errors={"words": "Say more."}))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.fills("Words", "hm")
    answer = alice.submits()
    assert not answer.ok
    assert answer.status == 200
    assert answer.errors == {"Words": "Say more."} == alice.modal.errors
    assert alice.modal.value("Words") == "hm"
    assert "! Words: Say more." in alice.modal.text()


def test_errors_for_a_field_that_does_not_exist_are_a_loud_problem(ws: Workspace, app: Served) -> None:
    opens(app, text_input("Words", "words"))
    app.bolt.view("form")(lambda ack: ack(response_action="errors", errors={"nowhere": "Say more."}))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.fills("Words", "hm")
    assert alice.submits().error == "invalid_response_action"
    assert "nowhere" in ws.problems[0]


@pytest.mark.parametrize(
    ("element", "text", "sentence"),
    [
        ({}, "", "complete this required field"),
        ({"min_length": 5}, "four", "at least 5"),
        ({"max_length": 3}, "four", "at most 3"),
        ({"type": "email_text_input"}, "nobody", "valid email"),
        ({"type": "url_text_input"}, "nowhere", "valid URL"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "whole number"),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "2"}, "2.5", "at most 2"),
    ],
)
def test_the_client_itself_refuses_what_the_element_rules_out(
    ws: Workspace, app: Served, element: Json, text: str, sentence: str
) -> None:
    opens(app, text_input("Words", "words", **element))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.fills("Words", text)
    answer = alice.submits()
    assert sentence in answer.errors["Words"]
    assert ws.ledger.deliveries("view_submission") == []


def test_at_most_three_views_stand_on_each_other(ws: Workspace, app: Served) -> None:
    opens(app, {"type": "actions", "elements": [button("Deeper", "deeper")]})

    @app.bolt.action("deeper")
    def deeper(ack: Ack, client: WebClient, body: Json) -> None:
        client.views_push(
            trigger_id=body["trigger_id"], view=modal({"type": "actions", "elements": [button("Deeper", "deeper")]})
        )
        ack()

    alice = ws.person("Alice")
    alice.sends("/form")
    root = alice.modal
    assert alice.presses("Deeper").ok
    assert alice.presses("Deeper").ok
    assert alice.modal.raw["root_view_id"] == root.id
    assert not alice.presses("Deeper").ok
    assert ws.ledger.calls("views.push")[-1].error == "push_limit_reached"
    alice.closes()
    alice.closes()
    assert alice.modal.id == root.id


def test_a_trigger_serves_once_and_not_for_long(ws: Workspace, app: Served) -> None:
    triggers = []

    @app.bolt.command("/form")
    def form(ack: Ack, body: Json) -> None:
        triggers.append(body["trigger_id"])
        ack()

    alice = ws.person("Alice")
    view = modal(text_input("Words", "words"))
    alice.sends("/form")
    app.client.views_open(trigger_id=triggers[0], view=view)
    ws.limits.trigger_s = 0.05
    alice.sends("/form")
    time.sleep(0.1)
    for trigger, error in ((triggers[0], "exchanged"), (triggers[1], "expired"), ("1.2.three", "invalid")):
        with pytest.raises(SlackApiError, match=f"{error}_trigger_id"):
            app.client.views_open(trigger_id=trigger, view=view)


def test_a_submission_may_update_push_or_clear(ws: Workspace, app: Served) -> None:
    opens(app, text_input("Words", "words"))
    second = modal(section("second"), callback_id="second", title="Second")
    third = modal(section("third"), callback_id="third", title="Third")
    app.bolt.view("form")(lambda ack: ack(response_action="update", view=second))
    app.bolt.view("second")(lambda ack: ack(response_action="push", view=third))
    app.bolt.view("third")(lambda ack: ack(response_action="clear"))
    alice = ws.person("Alice")
    alice.sends("/form")
    first_id = alice.modal.id
    alice.fills("Words", "x")
    assert not alice.submits().closed
    assert (alice.modal.title, alice.modal.id) == ("Second", first_id)
    alice.submits()
    assert alice.modal.title == "Third"
    assert alice.modal.raw["previous_view_id"] == first_id
    assert alice.submits().closed
    assert alice.modal is None


def test_a_submission_without_an_answer_in_time_leaves_the_modal_open(ws: Workspace, app: Served) -> None:
    opens(app, text_input("Words", "words"))
    app.bolt.view("form")(lambda ack: (time.sleep(0.3), ack()))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.fills("Words", "precious")
    ws.limits.answer_s = 0.1
    answer = alice.submits()
    assert (answer.ok, answer.error) == (False, "operation_timeout")
    assert alice.modal.value("Words") == "precious"


def test_submitting_twice_makes_two_requests_and_closes_once(ws: Workspace, app: Served) -> None:
    opens(app, text_input("Words", "words"))
    app.bolt.view("form")(lambda ack, view: (app.seen.append(view["id"]), ack()))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.fills("Words", "x")
    answers = alice.submits(twice=True)
    assert [answer.ok for answer in answers] == [True, True]
    assert app.seen[1] == app.seen[2]
    assert alice.modal is None


def test_closing_tells_the_app_only_if_it_asked(ws: Workspace, app: Served) -> None:
    opens(app, section("read me"), notify_on_close=True)
    app.bolt.view_closed("form")(lambda ack, body: (app.seen.append(body["is_cleared"]), ack()))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.closes()
    assert app.seen[1] is False
    assert alice.modal is None


def test_selects_radio_buttons_and_checkboxes_are_picked_by_their_words(ws: Workspace, app: Served) -> None:
    options = [{"text": {"type": "plain_text", "text": text}, "value": text[0]} for text in ("Apple", "Pear", "Plum")]
    kinds = {"One": "static_select", "Many": "multi_static_select", "Boxes": "checkboxes", "Radio": "radio_buttons"}
    chosen = [
        {**text_input(label, label), "element": {"type": kind, "action_id": label, "options": options}}
        for label, kind in kinds.items()
    ]
    who = {**text_input("Who", "Who"), "element": {"type": "users_select", "action_id": "Who"}}
    day = {**text_input("When", "When"), "element": {"type": "datepicker", "action_id": "When"}}
    opens(app, *chosen, who, day)
    app.bolt.view("form")(lambda ack, view: (app.seen.append(view["state"]["values"]), ack()))
    alice = ws.person("Alice")
    alice.sends("/form")
    alice.picks("One", "Apple")
    alice.picks("Many", "Pear", "Plum")
    alice.picks("Boxes", "App")
    alice.picks("Radio", "Plum")
    alice.picks("Who", "Alice")
    alice.picks_date("When", "2026-11-22")
    alice.unpicks("Many", "Plum")
    assert alice.options_for("One", "p") == ["Apple", "Pear", "Plum"]
    with pytest.raises(AssertionError, match="Apple"):
        alice.picks("One", "P")
    assert alice.submits().ok
    values = app.seen[1]
    assert values["One"]["One"]["selected_option"]["value"] == "A"
    assert [option["value"] for option in values["Many"]["Many"]["selected_options"]] == ["P"]
    assert values["Who"]["Who"]["selected_user"] == "U0ALICE"
    assert values["When"]["When"]["selected_date"] == "2026-11-22"


def test_an_external_select_asks_the_app_once_the_query_is_long_enough(ws: Workspace, app: Served) -> None:
    element = {"type": "external_select", "action_id": "customer", "min_query_length": 2}
    opens(app, {**text_input("Customer", "customer"), "element": element})

    @app.bolt.options("customer")
    def customers(ack: Ack, payload: Json) -> None:
        app.seen.append(payload["value"])
        found = [name for name in ("Acme", "Acorn Ltd") if name.lower().startswith(payload["value"].lower())]
        ack(options=[{"text": {"type": "plain_text", "text": name}, "value": name} for name in found])

    alice = ws.person("Alice")
    alice.sends("/form")
    assert alice.options_for("Customer", "a") == []
    assert app.seen[1:] == []
    assert alice.options_for("Customer", "ac") == ["Acme", "Acorn Ltd"]
    alice.picks("Customer", "Acorn")
    assert alice.modal.value("Customer") == "Acorn Ltd"


def test_suggestions_that_slack_would_not_show_are_a_problem(ws: Workspace, app: Served) -> None:
    element = {"type": "external_select", "action_id": "customer", "min_query_length": 0}
    opens(app, {**text_input("Customer", "customer"), "element": element})
    long = [{"text": {"type": "plain_text", "text": "x" * 76}, "value": "x"}]
    app.bolt.options("customer")(lambda ack: ack(options=long))
    alice = ws.person("Alice")
    alice.sends("/form")
    assert alice.options_for("Customer") == []
    assert "75" in ws.problems[0]


def test_an_input_that_dispatches_tells_the_app_at_once(ws: Workspace, app: Served) -> None:
    opens(app, {**text_input("Words", "words"), "dispatch_action": True})
    app.bolt.action("words")(lambda ack, action: (app.seen.append(action["value"]), ack()))
    alice = ws.person("Alice")
    alice.sends("/form")
    assert alice.fills("Words", "now").ok
    assert app.seen[1] == "now"


def test_a_view_over_the_size_limit_and_an_external_id_in_use_are_refused(ws: Workspace, app: Served) -> None:
    opens(app, section("one"), external_id="only")
    alice = ws.person("Alice")
    alice.sends("/form")
    assert not alice.sends("/form").ok
    assert ws.ledger.calls("views.open")[-1].error == "duplicate_external_id"
    huge = modal(section("x"), private_metadata="y" * 260_000)
    with pytest.raises(SlackApiError, match="view_too_large"):
        app.client.views_update(external_id="only", view=huge)


def test_the_home_tab_is_published_and_pressed(ws: Workspace, app: Served) -> None:
    @app.bolt.event("app_home_opened")
    def home(client: WebClient, event: Json) -> None:
        blocks = [section("Welcome"), {"type": "actions", "elements": [button("Start", "start")]}]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    app.bolt.action("start")(lambda ack, body: (app.seen.append(body["view"]["type"]), ack()))
    alice = ws.person("Alice")
    alice.opens_home()
    assert "Welcome" in alice.home.text()
    assert alice.presses("Start", on=alice.home).ok
    assert app.seen == ["home"]
