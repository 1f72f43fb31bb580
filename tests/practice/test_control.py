"""The workspace by HTTP."""

from typing import Any

from echo_app import Json, Served, asked, button, modal, text_input
from slack_bolt import Ack
from slack_sdk import WebClient

from practice.workspace import Workspace


def order(ws: Workspace, path: str, **facts: Any) -> Json:
    return asked(f"{ws.url}/practice/{path}", facts or None)


def test_a_whole_story_can_be_told_by_http(ws: Workspace, app: Served) -> None:
    view = modal(text_input("Words", "words"))
    app.bolt.command("/form")(
        lambda ack, client, body: (client.views_open(trigger_id=body["trigger_id"], view=view), ack())
    )
    app.bolt.action("go")(lambda ack: (app.seen.append("pressed"), ack()))

    @app.bolt.view("form")
    def submitted(ack: Ack, client: WebClient, body: Json, view: Json) -> None:
        ack()
        blocks = [{"type": "actions", "elements": [button("Go", "go")]}]
        client.chat_postMessage(
            channel=body["user"]["id"], text=view["state"]["values"]["words"]["words"]["value"], blocks=blocks
        )

    alice = ws.person("Alice")
    opened = order(ws, "act", who=alice.id, do="send", text="/form")
    assert opened["modal"]["title"]["text"] == "Form"
    order(ws, "act", who=alice.id, do="fill", label="Words", text="hello")
    assert order(ws, "act", who=alice.id, do="submit")["answer"]["closed"]
    dm = next(row for row in order(ws, "state")["channels"] if row.get("user") == alice.id)
    ts = dm["messages"][0]["ts"]
    assert order(ws, "act", who=alice.id, do="press", label="Go", ts=ts)["answer"]["ok"]
    assert app.seen == ["pressed"]
    order(ws, "act", who=alice.id, do="react", name="eyes", ts=ts)
    assert order(ws, "state")["channels"][0]["messages"][0]["reactions"][0]["name"] == "eyes"


def test_faults_are_switched_by_http(ws: Workspace) -> None:
    order(ws, "faults", method="chat.update", kind="error_500", times=1)
    assert ws.faults.strike("chat.update").kind == "error_500"
    order(ws, "faults", method="chat.update", kind="error_500")
    order(ws, "faults", clear=True)
    assert ws.faults.strike("chat.update") is None


def test_what_cannot_be_done_is_said(ws: Workspace) -> None:
    alice = ws.person("Alice")
    answer = order(ws, "act", who=alice.id, do="submit")
    assert not answer["ok"]
    assert "no modal open" in answer["error"]
