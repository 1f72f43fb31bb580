"""The page for everyone: by keyboard alone, and without serious violations of what axe checks."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from screen import Screen, Sit, narrow

from tests import workspace
from tests.workspace import Office

GRAVE = {"serious", "critical"}


def violations(screen: Screen) -> list[str]:
    """Return what axe finds grave, with where it is."""
    found = Axe().run(screen.page).response["violations"]
    grave = [rule for rule in found if rule["impact"] in GRAVE]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in grave]


@pytest.fixture(params=["light", "dark", "narrow"])
def screen(request: pytest.FixtureRequest, office: Office, sit: Sit) -> Screen:
    """Alice's screen in either colours, and on a phone."""
    scheme = "dark" if request.param == "dark" else "light"
    size = {"viewport": narrow()} if request.param == "narrow" else {}
    return sit(office.alice, office.ws.url, color_scheme=scheme, **size)


def test_a_channel_with_a_card_and_a_thread_is_open_to_everyone(office: Office, screen: Screen) -> None:
    workspace.card(office, workspace.file(office, office.alice, "They need to see it."))
    screen.goes(office.triage)
    expect(screen.message("They need to see it.")).to_be_visible()
    assert violations(screen) == []
    screen.goes()
    screen.message("Got it").get_by_role("button", name="Reply in thread").evaluate("node => node.click()")
    expect(screen.page.locator("#thread")).to_be_visible()
    assert violations(screen) == []


def test_a_modal_its_errors_and_an_open_menu_are_open_to_everyone(office: Office, screen: Screen) -> None:
    screen.goes(office.triage)
    screen.types("/feedback")
    screen.button("File", screen.modal).click()
    expect(screen.modal.locator(".bk-wrong")).to_have_count(2)
    assert violations(screen) == []
    screen.modal.get_by_role("combobox", name="Kind").click()
    expect(screen.modal.get_by_role("option", name="Need", exact=True)).to_be_visible()
    assert violations(screen) == []


def test_home_is_open_to_everyone(office: Office, screen: Screen) -> None:
    workspace.file(office, office.alice, "They need a home.")
    screen.goes(tab="home")
    expect(screen.page.locator(".home")).to_be_visible()
    assert violations(screen) == []


def test_nothing_is_wider_than_a_phone(office: Office, sit: Sit) -> None:
    screen = sit(office.alice, office.ws.url, viewport=narrow())
    words = "They need " + "averyverylongwordwithoutanyspace" * 10
    workspace.card(office, workspace.file(office, office.alice, words))
    screen.goes(office.triage)
    expect(screen.message("averyvery")).to_be_visible()
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= narrow()["width"]
    screen.types("/feedback")
    expect(screen.modal).to_be_visible()
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= narrow()["width"]


def tab_to(screen: Screen, label: str) -> None:
    """Press Tab until the keyboard is at what has this label."""
    for _ in range(200):
        name = screen.page.evaluate(NAME)
        if label in name:
            return
        screen.page.keyboard.press("Tab")
    raise AssertionError(f"no {label} is reached by keyboard")


NAME = """() => {
  const at = document.activeElement;
  const labels = [...(at.labels ?? [])].map((label) => label.textContent).join(" ");
  return at.getAttribute("aria-label") || labels || at.textContent || "";
}"""


def test_feedback_is_filed_and_voted_on_with_keys_alone(office: Office, sit: Sit) -> None:
    words = "They have no mouse"
    alice, bob = sit(office.alice, office.ws.url), sit(office.bob, office.ws.url)
    alice.goes(office.triage)
    keys = alice.page.keyboard
    tab_to(alice, "Message #triage")
    keys.type("/fee")
    keys.press("Tab")
    expect(alice.composer).to_have_value("/feedback ")
    keys.press("Enter")
    expect(alice.modal).to_be_visible()
    file_with_keys(alice, words)
    expect(alice.modal).not_to_be_visible()
    vote_with_keys(bob, office, words)


def file_with_keys(screen: Screen, words: str) -> None:
    """Fill and send the form that is open."""
    keys = screen.page.keyboard
    tab_to(screen, "What did the customer say?")
    keys.type(words)
    tab_to(screen, "Customer")
    keys.type("Keyless")
    expect(screen.modal.get_by_role("option", name="Add “Keyless”")).to_be_visible()
    keys.press("Enter")
    tab_to(screen, "Kind")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(screen.modal.get_by_role("combobox", name="Kind")).not_to_have_value("Need")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    keys.press("Enter")
    expect(screen.modal.get_by_role("combobox", name="Kind")).to_have_value("Need")
    tab_to(screen, "File")
    keys.press("Enter")


def vote_with_keys(screen: Screen, office: Office, words: str) -> None:
    """Press the last card's Approve button without a mouse."""
    screen.goes(office.triage)
    card = screen.message(words)
    expect(card).to_be_visible()
    for _ in range(100):
        screen.page.keyboard.press("Tab")
        if card.evaluate("node => node.contains(document.activeElement)") and "Approve" in screen.page.evaluate(NAME):
            break
    screen.page.keyboard.press("Enter")
    expect(card).to_contain_text("1 of 2")


def test_escape_closes_only_what_is_on_top_and_the_keyboard_stays(office: Office, sit: Sit) -> None:
    screen = sit(office.alice, office.ws.url)
    screen.goes(office.triage)
    screen.types("/feedback")
    kind = screen.modal.get_by_role("combobox", name="Kind")
    kind.click()
    expect(kind).to_have_attribute("aria-expanded", "true")
    screen.page.keyboard.press("Escape")
    expect(kind).to_have_attribute("aria-expanded", "false")
    expect(screen.modal).to_be_visible()
    expect(kind).to_be_focused()
    screen.page.keyboard.press("Escape")
    expect(screen.modal).not_to_be_visible()
    expect(screen.composer).to_be_focused()
