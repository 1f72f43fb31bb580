"""The page's server side: what it shows to whom, what it lets them do, and when it says to look again."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from echo_app import MANIFEST, Json, Room, Served, button, modal, section, text_input
from slack_bolt import Ack

import practice
from practice.workspace import Workspace

FILES = Path(practice.__file__).parent / "page"


@contextmanager
def answer(
    ws: Workspace, path: str, headers: dict[str, str] | None = None, order: Json | None = None
) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", urlsplit(ws.url).port, timeout=5)
    connection.request("POST" if order else "GET", path, json.dumps(order) if order else None, headers or {})
    told = connection.getresponse()
    try:
        yield told
    finally:
        told.close()
        connection.close()


def look(ws: Workspace, who: str, channel: str = "") -> Json:
    with answer(ws, f"/practice/me?{urlencode({'as': who, 'in': channel})}") as told:
        return json.load(told)


def act(ws: Workspace, who: str, do: str, **facts: Any) -> Json:
    with answer(ws, "/practice/act", order={"who": who, "do": do, **facts}) as told:
        return json.load(told)


# -- the files


def test_the_page_and_all_it_names_are_served(ws: Workspace) -> None:
    with answer(ws, "/") as told:
        page = told.read().decode()
        assert told.headers["Content-Type"].startswith("text/html")
    for name in re.findall(r'(?:src|href)="(/page/[^"]+)"', page):
        with answer(ws, name) as told:
            assert told.status == 200, name


def test_every_module_imports_only_modules_that_are_there() -> None:
    for module in FILES.glob("*.js"):
        for name in re.findall(r'^import .* from "(.+)";$', module.read_text(encoding="utf-8"), re.MULTILINE):
            assert (FILES / name).is_file(), f"{module.name} imports {name}"


def test_no_file_has_scripts_or_styles_inside_or_markup_made_of_text() -> None:
    for file in FILES.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), file.name
        assert not re.search(r'<style|\son\w+="|style="|javascript:', text), file.name


def test_scripts_may_come_from_the_workspace_alone(ws: Workspace) -> None:
    for path in ("/", "/page/app.js", "/page/page.css"):
        with answer(ws, path) as told:
            policy = told.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert told.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fseed.toml", "%2e%2e%2fserver.py", "%00.js"])
def test_no_other_file_can_be_had(ws: Workspace, name: str) -> None:
    with answer(ws, f"/page/{name}") as told:
        assert told.status == 404


# -- who may ask


@pytest.mark.parametrize("path", ["/", "/practice/me", "/practice/state"])
def test_a_foreign_name_pointed_at_this_machine_is_refused(ws: Workspace, path: str) -> None:
    with answer(ws, path, {"Host": "elsewhere.example"}) as told:
        assert told.status == 403


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1"])
def test_another_sites_page_can_do_nothing(ws: Workspace, origin: str) -> None:
    alice = ws.person("Alice")
    ws.channel("triage", members=[alice])
    for path, order in (
        ("/practice/act", {"who": alice.id, "do": "say", "text": "hm", "channel": "triage"}),
        ("/practice/clock", {"advance_s": 60}),
        ("/practice/faults", {"clear": True}),
    ):
        with answer(ws, path, {"Origin": origin}, order) as told:
            assert told.status == 403
    assert alice.sees("triage") == []


def test_the_own_page_can_write(ws: Workspace) -> None:
    alice = ws.person("Alice")
    ws.channel("triage", members=[alice])
    order = {"who": alice.id, "do": "say", "text": "hm", "channel": "triage"}
    with answer(ws, "/practice/act", {"Origin": ws.url}, order) as told:
        assert json.load(told)["ok"]


# -- what a person sees


def test_a_person_sees_their_places_with_what_is_unread(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    ws.channel("secret", members=[bob], private=True)
    app.client.chat_postMessage(channel=triage.id, text="news")
    app.client.chat_postMessage(channel=alice.id, text="only you")
    seen = look(ws, alice.id, triage.id)
    assert [(row["name"], row["unread"]) for row in seen["conversations"]] == [("triage", 1), ("echo", 1)]
    assert [message["text"] for message in seen["messages"]] == ["news"]
    assert act(ws, alice.id, "read", channel=triage.id)["ok"]
    assert look(ws, alice.id, triage.id)["conversations"][0]["unread"] == 0
    assert look(ws, bob.id, triage.id)["conversations"][1]["unread"] == 1


def test_an_edit_marks_nothing_unread_and_a_broadcast_reply_does(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    first = app.client.chat_postMessage(channel=triage.id, text="card")
    act(ws, alice.id, "read", channel=triage.id)
    app.client.chat_update(channel=triage.id, ts=first["ts"], text="card, changed")
    app.client.chat_postMessage(channel=triage.id, thread_ts=first["ts"], text="quiet")
    assert look(ws, alice.id, triage.id)["conversations"][0]["unread"] == 0
    app.client.chat_postMessage(channel=triage.id, thread_ts=first["ts"], text="loud", reply_broadcast=True)
    seen = look(ws, alice.id, triage.id)
    assert seen["conversations"][0]["unread"] == 1
    shown = [(message["text"], message["top_level"], message["reply"]) for message in seen["messages"]]
    assert shown == [("card, changed", True, False), ("quiet", False, True), ("loud", True, True)]


def test_an_ephemeral_message_is_seen_by_one(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    app.client.chat_postEphemeral(channel=triage.id, user=alice.id, text="psst")
    assert [message["ephemeral"] for message in look(ws, alice.id, triage.id)["messages"]] == [True]
    assert look(ws, bob.id, triage.id)["messages"] == []


def test_commands_and_shortcuts_are_those_of_the_manifest(ws: Workspace) -> None:
    app = look(ws, ws.person("Alice").id)["app"]
    assert [one["command"] for one in app["commands"]] == ["/echo", "/form", "/card"]
    assert {one["name"]: one["type"] for one in app["shortcuts"]} == {"File it": "global", "Quote it": "message"}


def test_an_unknown_person_or_place_is_named(ws: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    alice = ws.person("Alice")
    with answer(ws, "/practice/me?as=U0NOBODY") as told:
        assert told.status == 404
        assert "U0NOBODY" in json.load(told)["error"]
    seen = look(ws, alice.id, "C0NOWHERE")
    assert (seen["unknown"], seen["channel"], seen["messages"]) == ("C0NOWHERE", None, [])
    assert "C0NOWHERE" in caplog.text


def test_a_channel_one_is_not_in_is_unknown(ws: Workspace) -> None:
    alice, bob = ws.person("Alice"), ws.person("Bob")
    secret = ws.channel("secret", members=[bob], private=True)
    bob.says("ours", channel=secret)
    seen = look(ws, alice.id, secret.id)
    assert seen["unknown"] == secret.id
    assert "ours" not in json.dumps(seen)


# -- what a person does


def _card(app: Served, channel: str, *elements: Json) -> Json:
    blocks = [section("A card"), {"type": "actions", "block_id": "row", "elements": list(elements)}]
    return app.client.chat_postMessage(channel=channel, text="A card", blocks=blocks).data  # type: ignore[return-value]


def test_a_button_is_pressed_by_its_ids(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    app.bolt.action("go")(lambda ack, action: (app.seen.append(action), ack()))
    card = _card(app, triage.id, button("Go", "go", "7"), button("Go", "stay"))
    told = act(ws, alice.id, "press_element", channel=triage.id, ts=card["ts"], block_id="row", action_id="go")
    assert told["answer"]["ok"]
    assert [(action["action_id"], action["value"]) for action in app.seen] == [("go", "7")]


def test_a_choice_in_a_message_is_told_to_the_app(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    app.bolt.action("pick")(lambda ack, action: (app.seen.append(action["selected_option"]["value"]), ack()))
    options = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("a", "b")]
    for kind in ("overflow", "static_select"):
        card = _card(app, triage.id, {"type": kind, "action_id": "pick", "options": options})
        place = {"channel": triage.id, "ts": card["ts"], "block_id": "row", "action_id": "pick"}
        assert act(ws, alice.id, "press_element", **place, state={"type": kind, "selected_option": options[1]})["ok"]
    assert app.seen == ["b", "b"]


def test_a_form_keeps_what_is_typed_and_submits_it(ws: Workspace, app: Served) -> None:
    view = modal(text_input("Words", "words"), text_input("More", "more"))
    app.bolt.command("/form")(
        lambda ack, client, body: (client.views_open(trigger_id=body["trigger_id"], view=view), ack())
    )

    @app.bolt.view("form")
    def take(ack: Ack, view: Json) -> None:
        values = {block: entry[block]["value"] for block, entry in view["state"]["values"].items()}
        app.seen.append(values)
        ack(response_action="errors", errors={"more": "No"}) if values["more"] == "no" else ack()

    alice = ws.person("Alice")
    view_id = act(ws, alice.id, "send", text="/form")["modal"]["id"]
    entry = {"type": "plain_text_input", "value": "one"}
    act(ws, alice.id, "type_in", view=view_id, block_id="words", action_id="words", state=entry)
    assert look(ws, alice.id)["modal"]["values"]["words"]["words"]["value"] == "one"
    values = {"more": {"more": {"type": "plain_text_input", "value": "no"}}}
    act(ws, alice.id, "send_form", view=view_id, values=values)
    assert look(ws, alice.id)["modal"]["errors"] == {"more": "No"}
    values["more"]["more"]["value"] = "two"
    assert act(ws, alice.id, "send_form", view=view_id, values=values)["answer"]["closed"]
    assert look(ws, alice.id)["modal"] is None
    assert app.seen == [{"words": "one", "more": "no"}, {"words": "one", "more": "two"}]


def test_suggestions_come_from_the_app(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    offers = [{"text": {"type": "plain_text", "text": "Acme"}, "value": "1"}]
    app.bolt.options("customer")(lambda ack, body: (app.seen.append(body["value"]), ack(options=offers)))
    card = _card(app, triage.id, {"type": "external_select", "action_id": "customer", "min_query_length": 0})
    place = {"channel": triage.id, "ts": card["ts"], "block_id": "row", "action_id": "customer"}
    assert act(ws, alice.id, "suggest", **place, query="ac")["result"] == offers
    assert app.seen == ["ac"]


def test_only_the_own_form_and_messages_one_sees_can_be_used(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    view = modal(text_input("Words", "words"))
    app.bolt.command("/form")(
        lambda ack, client, body: (client.views_open(trigger_id=body["trigger_id"], view=view), ack())
    )
    view_id = act(ws, alice.id, "send", text="/form")["modal"]["id"]
    assert "no longer open" in act(ws, bob.id, "send_form", view=view_id, values={})["error"]
    blocks = [{"type": "actions", "block_id": "row", "elements": [button("Go", "go")]}]
    ts = app.client.chat_postEphemeral(channel=triage.id, user=alice.id, text="psst", blocks=blocks)["message_ts"]
    place = {"channel": triage.id, "ts": ts, "block_id": "row", "action_id": "go"}
    assert "no longer there" in act(ws, bob.id, "press_element", **place)["error"]


def test_what_is_gone_is_said(ws: Workspace, room: Room) -> None:
    alice, _, triage = room
    ts = alice.says("hello", channel=triage).ts
    place = {"channel": triage.id, "ts": ts, "block_id": "row", "action_id": "go"}
    assert "there is no go in row" in act(ws, alice.id, "press_element", **place)["error"]
    assert "U0NOBODY" in act(ws, "U0NOBODY", "say", text="x")["error"]
    act(ws, alice.id, "react", name="eyes", channel=triage.id, ts=ts)
    assert "already_reacted" in act(ws, alice.id, "react", name="eyes", channel=triage.id, ts=ts)["error"]


def test_a_mention_is_sent_as_slack_sends_it(ws: Workspace, room: Room) -> None:
    alice, bob, triage = room
    act(ws, alice.id, "say", text=f"hi <@{bob.id}> in <#{triage.id}>!", channel=triage.id)
    block = look(ws, bob.id, triage.id)["messages"][0]["blocks"][0]
    assert block["elements"][0]["elements"] == [
        {"type": "text", "text": "hi "},
        {"type": "user", "user_id": bob.id},
        {"type": "text", "text": " in "},
        {"type": "channel", "channel_id": triage.id},
        {"type": "text", "text": "!"},
    ]


# -- the app's silence


def test_a_silent_app_is_shown_until_it_is_back(ws: Workspace, app: Served) -> None:
    alice = ws.person("Alice")
    ws.connect("http://127.0.0.1:9/nobody")
    assert act(ws, alice.id, "send", text="/echo x")["answer"]["error"] == "dispatch_failed"
    assert look(ws, alice.id)["app"]["trouble"] == "The app did not answer within 3 s."
    with answer(ws, "/practice/app") as told:
        assert json.load(told)["trouble"]
    ws.connect(app.url)
    with answer(ws, "/practice/app") as told:
        assert json.load(told) == {"trouble": ""}
    assert look(ws, alice.id)["app"]["trouble"] == ""


# -- the clock


def test_the_clock_goes_to_the_next_monday_morning_of_a_zone(ws: Workspace) -> None:
    with answer(ws, "/practice/clock", order={"weekday": 0, "hour": 9, "tz": "Asia/Tokyo"}) as told:
        assert json.load(told)["ok"]
    local = ws.clock.now().astimezone(ZoneInfo("Asia/Tokyo"))
    assert (local.weekday(), local.hour, local.minute) == (0, 9, 0)


# -- the stream


def test_the_stream_tells_of_changes_and_ends_with_the_workspace() -> None:
    with Workspace(MANIFEST) as ws:
        alice = ws.person("Alice")
        channel = ws.channel("triage", members=[alice])
        with answer(ws, "/practice/stream") as told:
            assert told.headers["Content-Type"].startswith("text/event-stream")
            first = _next_version(told)
            alice.says("hello", channel=channel)
            assert _next_version(told) > first
            stopping = threading.Thread(target=ws.stop)
            stopping.start()
            told.read()
            stopping.join(5)
            assert not stopping.is_alive()


def _next_version(stream: HTTPResponse) -> int:
    while True:
        if (line := stream.readline().decode()).startswith("data: "):
            return int(line.removeprefix("data: "))


# -- the guide

GUIDE = [
    {
        "title": "Press",
        "text": "as two people",
        "links": [{"label": "Be Bob", "as": "U0BOB"}],
        "done": {"gestures": [{"kind": "block_actions", "where": {"actions.0.action_id": "go|run"}}], "people": 2},
    },
    {"title": "Read", "text": "your DM", "done": {"read": "shipped"}},
]


def test_the_guide_goes_on_with_what_people_do(app: Served, ws: Workspace, room: Room) -> None:
    ws.state.guide = GUIDE
    alice, bob, triage = room
    app.bolt.action(re.compile("go|other"))(lambda ack: ack())
    card = ws.find(triage) if _card(app, triage.id, button("Go", "go"), button("Other", "other")) else None
    assert _done(ws) == [False, False]
    for person, label in ((alice, "Go"), (alice, "Go"), (bob, "Other")):
        person.presses(label, on=card)
    assert _done(ws) == [False, False]
    bob.presses("Go", on=card)
    assert _done(ws) == [True, False]
    app.client.chat_postMessage(channel=alice.id, text="it has shipped")
    assert _done(ws) == [True, False]
    alice.reads()
    assert _done(ws) == [True, True]


def test_what_was_read_before_its_step_does_not_count(ws: Workspace, app: Served, room: Room) -> None:
    ws.state.guide = GUIDE
    alice, bob, triage = room
    app.bolt.action("go")(lambda ack: ack())
    app.client.chat_postMessage(channel=alice.id, text="it has shipped long ago")
    alice.reads()
    _card(app, triage.id, button("Go", "go"))
    for person in (alice, bob):
        person.presses("Go", on=ws.find(triage))
    assert _done(ws) == [True, False]


def _done(ws: Workspace) -> list[bool]:
    return [step["done"] for step in look(ws, "U0ALICE")["guide"]]
