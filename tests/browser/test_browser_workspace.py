"""The page around the app: a silent app, unread marks, a reload, unknown places, another person's eyes, the clock."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import expect
from screen import Screen, Sit
from slack_bolt import Ack

from practice.workspace import Workspace
from tests.practice.echo_app import MANIFEST, Json, Room, Served, button, section

SILENT = "The app did not answer within 3 s."
NOWHERE = "http://127.0.0.1:9/slack/events"


@contextmanager
def stopped(ws: Workspace, app: Served) -> Iterator[None]:
    """Let the app be away meanwhile."""
    ws.connect(NOWHERE)
    yield
    ws.connect(app.url)


def test_a_silent_app_is_said_to_be_and_the_page_recovers_by_itself(
    ws: Workspace, room: Room, app: Served, sit: Sit
) -> None:
    said: list[str] = []

    @app.bolt.command("/echo")
    def echo(ack: Ack, body: Json) -> None:
        said.append(body["text"])
        ack(f"You said {body['text']}")

    screen = sit(room[0], ws.url)
    screen.goes(room[2])
    trouble = screen.page.locator("#trouble")
    with stopped(ws, app):
        screen.types("/echo hello")
        expect(trouble).to_have_text(SILENT)
        expect(screen.composer).to_have_value("/echo hello")
    expect(trouble).not_to_be_visible()
    screen.composer.press("Enter")
    expect(screen.message("You said hello")).to_contain_text("Only visible to you")
    assert said == ["hello"]


def test_a_reload_keeps_person_place_and_thread(ws: Workspace, room: Room, app: Served, sit: Sit) -> None:
    alice, bob, _ = room
    general = ws.channel("general", members=[alice, bob])
    screen = sit(bob, ws.url)
    screen.goes(general)
    screen.types("Reply to me")
    screen.message("Reply to me").hover()
    screen.message("Reply to me").get_by_role("button", name="Reply in thread").click()
    before = screen.page.url
    screen.page.reload()
    assert screen.page.url == before
    expect(screen.place).to_contain_text("general")
    expect(screen.page.locator("#who")).to_have_value(bob.id)
    expect(screen.page.locator("#thread")).to_contain_text("Reply to me")


def test_messages_arrive_without_a_reload_and_mark_what_is_unread(
    ws: Workspace, room: Room, app: Served, sit: Sit
) -> None:
    alice, bob, triage = room
    general = ws.channel("general", members=[alice, bob])
    ws.invite_bot(general)
    screen = sit(alice, ws.url)
    screen.goes(general)
    mark = screen.page.get_by_role("link", name="triage").locator(".unread")
    posted = app.client.chat_postMessage(channel=triage.id, text="News")
    expect(mark).to_contain_text("1")
    app.client.chat_update(channel=triage.id, ts=posted["ts"], text="Newer news")
    app.client.chat_postMessage(channel=triage.id, text="In the thread", thread_ts=posted["ts"])
    app.client.chat_postMessage(channel=triage.id, text="Loud", thread_ts=posted["ts"], reply_broadcast=True)
    expect(mark).to_contain_text("2")
    screen.page.get_by_role("link", name="triage").click()
    expect(screen.page.locator("#messages > .message").first).to_contain_text("Newer news(edited)")
    expect(mark).not_to_be_visible()


def test_a_message_is_updated_in_place_and_keeps_the_keyboard(ws: Workspace, room: Room, app: Served, sit: Sit) -> None:
    @app.bolt.action("count")
    def count(ack: Ack, body: Json) -> None:
        ack()
        number = int(body["actions"][0]["value"]) + 1
        app.client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="Count", blocks=counter(number)
        )

    screen = sit(room[0], ws.url)
    screen.goes(room[2])
    app.client.chat_postMessage(channel=room[2].id, text="Count", blocks=counter(0))
    for number in range(3):
        expect(screen.message("Pressed")).to_contain_text(f"Pressed {number} times")
        screen.button("More").press("Enter")
    expect(screen.message("Pressed")).to_contain_text("Pressed 3 times")
    expect(screen.button("More")).to_be_focused()


def counter(number: int) -> list[Json]:
    """Return a message that counts presses."""
    return [
        section(f"Pressed {number} times"),
        {"type": "actions", "elements": [button("More", "count", str(number))]},
    ]


def test_another_person_sees_with_their_own_eyes(ws: Workspace, room: Room, app: Served, sit: Sit) -> None:
    alice, bob, triage = room
    app.client.chat_postEphemeral(channel=triage.id, user=alice.id, text="For Alice")
    screen = sit(alice, ws.url)
    screen.goes(triage)
    expect(screen.message("For Alice")).to_be_visible()
    screen.page.locator("#who").select_option(bob.id)
    expect(screen.page).to_have_title("#triage – Practice (practice workspace)")
    expect(screen.message("For Alice")).to_have_count(0)
    screen.types("I am Bob")
    expect(screen.message("I am Bob")).to_contain_text("Bob")


def test_who_becomes_another_person_acts_as_them_at_once(ws: Workspace, room: Room, app: Served, sit: Sit) -> None:
    alice, bob, triage = room
    pressed: list[str] = []

    @app.bolt.action("count")
    def count(ack: Ack, body: Json) -> None:
        ack()
        pressed.append(body["user"]["id"])

    app.client.chat_postMessage(channel=triage.id, text="Count", blocks=counter(0))
    screen = sit(alice, ws.url)
    screen.goes(triage)
    expect(screen.button("More")).to_be_visible()
    held = re.compile(rf"/practice/me\?as={bob.id}")
    screen.page.route(held, lambda _route: None)
    screen.page.locator("#who").select_option(bob.id)
    screen.button("More").click()
    ws.eventually(lambda: pressed == [bob.id])
    screen.page.unroute(held)
    screen.page.reload()
    expect(screen.page.locator("#who")).to_have_value(bob.id)


def test_unknown_people_and_places_are_named(ws: Workspace, room: Room, app: Served, sit: Sit) -> None:
    app.client.chat_postMessage(channel=room[2].id, text="For <@U0GONE> in <#C0GONE>")
    screen = sit(room[0], ws.url)
    screen.goes("C0NOWHERE")
    expect(screen.place).to_have_text("Unknown place C0NOWHERE")
    screen.goes(room[2])
    expect(screen.message("For")).to_contain_text("@U0GONE (unknown) in #C0GONE (unknown)")


def test_two_workspaces_at_once_share_nothing(ws: Workspace, room: Room, sit: Sit) -> None:
    with Workspace(MANIFEST) as other:
        carol = other.person("Carol")
        first, second = sit(room[0], ws.url), sit(carol, other.url)
        first.goes(room[2])
        second.goes()
        expect(second.page.locator("#who option")).to_have_text(["Carol"])
        expect(first.page.locator("#who option")).to_have_text(["Alice", "Bob"])
        second.page.close()


def test_the_clock_is_moved_and_shown(ws: Workspace, room: Room, sit: Sit) -> None:
    screen: Screen = sit(room[0], ws.url)
    screen.goes(room[2])
    before = ws.clock.now()
    screen.button("+1 day").click()
    ws.eventually(lambda: (ws.clock.now() - before).days == 1)
    screen.button("Mon 9:00").click()
    ws.eventually(lambda: ws.clock.now().weekday() == 0 and ws.clock.now().hour == 9)
    expect(screen.page.locator("#now")).to_contain_text("9:00")
