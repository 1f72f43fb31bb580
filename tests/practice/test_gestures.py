"""Commands, buttons, menus and shortcuts, and the answers they get."""

import time
from datetime import timedelta

import pytest
from echo_app import Json, Room, Served, button, modal, section, text_input
from slack_bolt import Ack, Respond
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from practice.workspace import Workspace


def test_a_commands_text_comes_back_for_the_one_who_typed_it(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    app.bolt.command("/echo")(lambda ack, body: (app.seen.append(body), ack(f"You said {body['text']}")))
    answer = alice.sends("/echo hello  there", channel=triage)
    assert answer.ok
    assert answer.text == "You said hello  there"
    assert answer.ephemeral in alice.ephemerals(triage)
    assert bob.sees(triage) == []
    assert set(app.seen[0]) == {
        "token",
        "api_app_id",
        "team_id",
        "team_domain",
        "channel_id",
        "channel_name",
        "user_id",
        "user_name",
        "command",
        "text",
        "response_url",
        "trigger_id",
        "is_enterprise_install",
    }


def test_an_in_channel_answer_is_for_all_and_an_empty_one_shows_nothing(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    app.bolt.command("/echo")(lambda ack: ack(text="all of you", response_type="in_channel"))
    app.bolt.command("/card")(lambda ack: ack())
    alice.sends("/echo", channel=triage)
    assert alice.sends("/echo", channel=triage).text == "all of you"
    assert [message.text for message in bob.sees(triage)] == ["all of you", "all of you"]
    assert alice.sends("/card", channel=triage).text == ""
    assert len(alice.sees(triage)) == 2


def test_a_command_that_nobody_answers_in_time_fails_before_the_person(ws: Workspace, app: Served) -> None:
    alice = ws.person("Alice")
    app.bolt.command("/echo")(lambda ack: (time.sleep(0.3), ack()))
    ws.limits.answer_s = 0.1
    answer = alice.sends("/echo")
    assert (answer.ok, answer.error, answer.status) == (False, "operation_timeout", None)
    ws.connect("http://127.0.0.1:9/nobody")
    assert alice.sends("/echo").error == "dispatch_failed"
    assert alice.sends("/unknown").error == "unknown_command"
    assert len(ws.ledger.deliveries("command")) == 2


def test_a_command_that_the_app_does_not_handle_is_an_error(ws: Workspace, app: Served) -> None:
    answer = ws.person("Alice").sends("/echo")
    assert (answer.ok, answer.status, answer.error) == (False, 404, "http_service_error")


def test_a_button_is_pressed_and_answers_through_its_response_url(ws: Workspace, app: Served, room: Room) -> None:
    _, bob, triage = room
    blocks = [section("Vote?"), {"type": "actions", "elements": [button("Approve", "approve", "R-1")]}]
    app.client.chat_postMessage(channel=triage.id, text="Vote?", blocks=blocks)

    @app.bolt.action("approve")
    def approve(ack: Ack, body: Json, respond: Respond) -> None:
        app.seen.append(body)
        ack()
        respond("Noted", replace_original=False)

    card = ws.find(triage, "Vote?")
    assert card.buttons() == ["Approve"]
    answer = bob.presses("Approve", on=card)
    assert answer.text == "Noted"
    assert bob.sees_ephemerals(triage)[0].text == "Noted"
    body = app.seen[0]
    assert body["actions"][0]["value"] == "R-1"
    assert body["container"] == {
        "type": "message",
        "message_ts": card.ts,
        "channel_id": triage.id,
        "is_ephemeral": False,
    }
    assert body["message"]["ts"] == card.ts


def test_pressing_several_times_at_once_makes_several_requests(ws: Workspace, app: Served, room: Room) -> None:
    _, bob, triage = room
    app.client.chat_postMessage(
        channel=triage.id, text="x", blocks=[{"type": "actions", "elements": [button("Go", "go")]}]
    )
    app.bolt.action("go")(lambda ack, body: (app.seen.append(body["trigger_id"]), ack()))
    answer = bob.presses("Go", on=ws.find(triage), times=2)
    assert answer.ok
    assert answer.others[0].ok
    assert len(set(app.seen)) == 2


def test_overflow_menus_and_selects_in_messages_are_chosen_from(ws: Workspace, app: Served, room: Room) -> None:
    _, bob, triage = room
    options = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("Details", "Ask")]
    overflow = {"type": "overflow", "action_id": "more", "options": options}
    select = {"type": "static_select", "action_id": "pick", "options": options}
    select |= {"placeholder": {"type": "plain_text", "text": "Pick"}}
    blocks = [section("x", accessory=overflow), {"type": "actions", "elements": [select]}]
    app.client.chat_postMessage(channel=triage.id, text="x", blocks=blocks)
    for action in ("more", "pick"):
        app.bolt.action(action)(lambda ack, action: (app.seen.append(action["selected_option"]["value"]), ack()))
    card = ws.find(triage)
    bob.chooses("Ask", on=card)
    bob.picks("Pick", "Details", on=card)
    assert app.seen == ["Ask", "Details"]


def test_an_ephemeral_keeps_its_content_secret_and_can_be_replaced(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    buttons = {"type": "actions", "elements": [button("Again", "again"), button("Away", "away")]}
    app.client.chat_postEphemeral(channel=triage.id, user=alice.id, text="x", blocks=[section("first"), buttons])

    @app.bolt.action("again")
    def again(ack: Ack, body: Json, respond: Respond) -> None:
        app.seen.append(body)
        ack()
        respond(text="second", blocks=[section("second"), buttons], replace_original=True)

    @app.bolt.action("away")
    def away(ack: Ack, respond: Respond) -> None:
        ack()
        respond(delete_original=True)

    [message] = alice.ephemerals(triage)
    alice.presses("Again", on=message)
    assert message.text.startswith("second")
    assert app.seen[0]["container"]["is_ephemeral"]
    assert "message" not in app.seen[0]
    alice.presses("Away", on=message)
    assert alice.ephemerals(triage) == []


def test_a_response_url_works_five_times_in_half_an_hour(ws: Workspace, app: Served) -> None:
    urls = []
    app.bolt.command("/echo")(lambda ack, body: (urls.append(body["response_url"]), ack()))
    alice = ws.person("Alice")
    alice.sends("/echo")
    alice.sends("/echo")
    hook = WebhookClient(urls[0])
    assert [hook.send(text=str(n)).status_code for n in range(6)] == [200] * 5 + [404]
    assert "used_url" in hook.send(text="x").body
    assert len(alice.ephemerals()) == 5
    ws.clock.advance(timedelta(minutes=31))
    assert "expired_url" in WebhookClient(urls[1]).send(text="x").body


def test_an_answer_that_slack_would_not_show_is_a_problem(ws: Workspace, app: Served) -> None:
    app.bolt.command("/echo")(lambda ack: ack(text="x", blocks=[section("")]))
    answer = ws.person("Alice").sends("/echo")
    assert (answer.ok, answer.error) == (False, "invalid_blocks")
    assert "command was refused" in ws.problems[0]


def test_shortcuts_open_modals(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    view = modal(text_input("Words", "words"))
    app.bolt.shortcut("file_it")(
        lambda ack, client, body: (client.views_open(trigger_id=body["trigger_id"], view=view), ack())
    )

    @app.bolt.shortcut("quote_it")
    def quote(ack: Ack, client: WebClient, body: Json) -> None:
        app.seen.append(body)
        quoted = text_input("Words", "words", initial_value=body["message"]["text"])
        client.views_open(trigger_id=body["trigger_id"], view=modal(quoted))
        ack()

    assert alice.uses_shortcut("file_it").ok
    assert alice.modal.value("Words") is None
    said = bob.says("We need exports", channel=triage)
    assert alice.uses_message_shortcut("quote_it", said).ok
    assert alice.modal.value("Words") == "We need exports"
    assert app.seen[0]["message"]["user"] == bob.id
    assert app.seen[0]["channel"] == {"id": triage.id, "name": "triage"}
    with pytest.raises(AssertionError, match="no global shortcut"):
        alice.uses_shortcut("quote_it")


def test_payloads_have_slacks_keys_and_no_others(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    opener = {"type": "actions", "elements": [button("Open", "open")]}
    view = modal(text_input("Words", "words"), opener, notify_on_close=True)
    app.bolt.action("open")(
        lambda ack, client, body: (client.views_open(trigger_id=body["trigger_id"], view=view), ack())
    )
    app.bolt.shortcut("quote_it")(lambda ack: ack())
    app.bolt.view("form")(lambda ack: ack())
    app.bolt.view_closed("form")(lambda ack: ack())
    app.client.chat_postMessage(channel=triage.id, text="x", blocks=[opener])
    alice.presses("Open", on=ws.find(triage))
    alice.closes()
    alice.presses("Open", on=ws.find(triage))
    alice.fills("Words", "x")
    alice.submits()
    alice.uses_message_shortcut("quote_it", ws.find(triage))
    sent = {delivery.kind: set(delivery.payload) for delivery in ws.ledger.deliveries() if delivery.kind != "event"}
    common = {"type", "user", "team", "token", "enterprise", "is_enterprise_install"}
    message = {"channel", "message", "response_url", "trigger_id"}
    assert sent == {
        "block_actions": common | message | {"api_app_id", "container", "actions", "state"},
        "view_submission": common | {"api_app_id", "trigger_id", "view", "response_urls"},
        "view_closed": common | {"api_app_id", "view", "is_cleared"},
        "message_action": common | message | {"callback_id", "message_ts", "action_ts"},
    }


def test_a_private_channel_keeps_its_name(ws: Workspace, app: Served) -> None:
    alice = ws.person("Alice")
    secret = ws.channel("acme-account", members=[alice], private=True)
    app.bolt.command("/echo")(lambda ack, body: (app.seen.append(body["channel_name"]), ack()))
    alice.sends("/echo", channel=secret)
    alice.sends("/echo")
    assert app.seen == ["privategroup", "directmessage"]


def test_what_is_not_on_the_screen_cannot_be_done(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    with pytest.raises(AssertionError, match="no modal open"):
        alice.fills("Words", "x")
    said = alice.says("x", channel=triage)
    with pytest.raises(AssertionError, match="no button"):
        alice.presses("Approve", on=said)
    with pytest.raises(AssertionError, match="cannot write"):
        ws.person("Carol").says("x", channel=triage)
    ws.deactivate(alice)
    with pytest.raises(AssertionError, match="deactivated"):
        alice.sends("/echo")


def test_the_same_gesture_can_be_delivered_twice(ws: Workspace, app: Served) -> None:
    app.bolt.command("/echo")(lambda ack, body: (app.seen.append(body["trigger_id"]), ack("once")))
    ws.faults.add("command", "deliver_twice", times=1)
    alice = ws.person("Alice")
    assert alice.sends("/echo").text == "once"
    assert len(app.seen) == 2
    assert len(set(app.seen)) == 1
    assert len(alice.ephemerals()) == 1
