"""Hostile words, from people and from the app: they are shown, and nothing in them runs."""

from playwright.sync_api import expect
from screen import Screen, Sit
from slack_bolt import Ack

from practice.workspace import Workspace
from tests import workspace
from tests.practice.echo_app import Json, Room, Served, button, modal, section, text_input
from tests.workspace import Office

HOSTILE = (
    "<script>window.hacked=1;alert(1)</script>",
    '<img src=x onerror="window.hacked=1;alert(1)">',
    "<svg/onload=window.hacked=1>",
    "\"><iframe srcdoc='<script>top.hacked=1</script>'></iframe>",
    '<a href="javascript:window.hacked=1">click</a>',
    "<javascript:window.hacked=1|click here>",
    "<data:text/html,<script>top.hacked=1</script>|click here>",
    "`<script>window.hacked=1</script>` *<b onmouseover=window.hacked=1>*",
    "<!channel> <!here> <@U0BOB>",
    "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=1}",
)
EVERYTHING = "\n".join(HOSTILE)


def unharmed(screen: Screen) -> None:
    """Check that nothing ran and that nothing but the page's own can run."""
    page = screen.page
    for link in page.get_by_role("link", name="click").all():
        link.click()
    assert page.evaluate("window.hacked") == 0
    assert page.locator("iframe, object, embed, script:not([src='/page/app.js'])").count() == 0
    assert page.locator("[src='x'], [onerror], [onload], [onmouseover]").count() == 0
    assert page.locator("a[href^='javascript:'], a[href^='data:']").count() == 0


def test_what_people_write_stays_text(ws: Workspace, room: Room, sit: Sit, app: Served) -> None:
    alice, _, triage = room
    screen = sit(alice, ws.url)
    screen.goes(triage)
    for words in HOSTILE:
        screen.types(words)
        expect(screen.composer).to_have_value("")
    expect(screen.page.locator("#messages > .message")).to_have_count(len(HOSTILE))
    unharmed(screen)


def raw(text: str) -> Json:
    return {"type": "plain_text", "text": text[:70]}


def hostile_blocks(words: str) -> list[Json]:
    """Return one of each block that shows words, with these in every place for them."""
    option = {"text": raw(words), "value": "1", "description": raw(words)}
    rich = [{"type": "text", "text": words}, {"type": "link", "url": "javascript:window.hacked=1", "text": words}]
    confirm = {"title": raw(words), "text": raw(words), "confirm": raw("Yes"), "deny": raw("No")}
    menu = {"type": "static_select", "action_id": "menu", "placeholder": raw(words), "options": [option]}
    return [
        {"type": "header", "text": raw(words)},
        section(words, fields=[{"type": "mrkdwn", "text": words}, raw(words)], accessory=menu),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": words}, raw(words)]},
        {"type": "image", "image_url": "https://example.com/a.png", "alt_text": words, "title": raw(words)},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": rich}]},
        {"type": "actions", "elements": [{**button(words[:70], "press"), "confirm": confirm}]},
    ]


def test_what_the_app_sends_stays_text_in_every_block(ws: Workspace, room: Room, sit: Sit, app: Served) -> None:
    alice, _, triage = room
    screen = sit(alice, ws.url)
    screen.goes(triage)
    ws.limits.enabled = False  # all of these in a second, in one channel
    for count, words in enumerate(HOSTILE, start=1):
        app.client.chat_postMessage(channel=triage.id, text=words, blocks=hostile_blocks(words))
        expect(screen.page.locator("#messages > .message")).to_have_count(count)
        message = screen.page.locator("#messages > .message").last
        message.get_by_role("combobox").click()
        message.locator(".bk-actions button").click()
        screen.button("No").click()
    unharmed(screen)


def test_hostile_words_in_every_place_of_a_modal_stay_text(ws: Workspace, room: Room, sit: Sit, app: Served) -> None:
    blocks = hostile_blocks(HOSTILE[1])

    @app.bolt.command("/form")
    def form(ack: Ack, body: Json) -> None:
        ack()
        labelled = text_input(HOSTILE[1], "words", initial_value=EVERYTHING, placeholder=raw(HOSTILE[1]))
        view = modal({**labelled, "hint": raw(HOSTILE[1])}, *blocks, title="<img onerror=a()>")
        app.client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.bolt.view("form")
    def refuse(ack: Ack) -> None:
        ack(response_action="errors", errors={"words": HOSTILE[1]})

    screen = sit(room[0], ws.url)
    screen.goes(room[2])
    screen.types("/form")
    screen.button("Send", screen.modal).click()
    expect(screen.modal.locator(".bk-error").first).to_have_text(HOSTILE[1])
    unharmed(screen)


def test_hostile_words_in_every_field_of_the_product_stay_text(office: Office, sit: Sit) -> None:
    alice, bob = sit(office.alice, office.ws.url), sit(office.bob, office.ws.url)
    for screen in (alice, bob):
        screen.goes(office.triage)
    fill_with(alice, EVERYTHING)
    alice.submits("File")
    expect(bob.message("window.hacked")).to_be_visible()
    bob.picks(bob.message("window.hacked"), "Details")
    expect(bob.modal).to_contain_text("onerror")
    workspace.quiet(office)
    alice.goes()
    expect(alice.message("Got it")).to_be_visible()
    alice.goes(tab="home")
    for screen in (alice, bob):
        unharmed(screen)


def fill_with(screen: Screen, words: str) -> None:
    """Fill each field of the filing form with hostile words, as far as it takes them."""
    line = words.replace("\n", " ")
    screen.types("/feedback")
    screen.modal.get_by_label("What did the customer say?").fill(words)
    screen.modal.get_by_role("combobox", name="Customer").fill(HOSTILE[1])
    screen.modal.get_by_role("option", name="Add").click()
    screen.button("More details", screen.modal).click()
    screen.modal.get_by_label("Title").fill(line[:80])
    screen.modal.get_by_label("Where does it come up?").fill(words[-300:])
    screen.modal.get_by_label("Who said it?").fill(line[:300])
