"""The product as people live it: filing, voting, deciding, shipping, and hearing of it, each in their own browser."""

from playwright.sync_api import Locator, expect
from screen import Screen, Sit

from tests import workspace
from tests.workspace import Office

LIVE = "This is live now. Thank you for bringing it to us; please tell your customer."


def filed(office: Office, screen: Screen, words: str) -> None:
    """File feedback through the page."""
    screen.goes(office.triage)
    screen.types(f"/feedback {words}")
    expect(screen.modal).to_be_visible()
    screen.chooses("Customer", "Add “Acme”", query="Acme")
    screen.submits("File")


def card(screen: Screen, words: str) -> Locator:
    """Return the card, once it stands there."""
    message = screen.message(words)
    expect(message).to_be_visible()
    return message


def moved(screen: Screen, words: str, status: str, sentence: str) -> None:
    """Change the status through the card's menu; the form brings a sentence for the filer."""
    screen.picks(card(screen, words), "Change status")
    expect(screen.modal).to_be_visible()
    screen.chooses("New status", status)
    expect(screen.modal.get_by_label("A sentence for the requester")).to_have_value(sentence)
    screen.submits("Change")
    expect(card(screen, words)).to_contain_text(f"Status: {status}")


def test_a_wish_is_filed_voted_on_decided_shipped_and_its_filer_is_told(own_office: Office, sit: Sit) -> None:
    office, words = own_office, "Their month ends without totals"
    alice, bob, mara = (sit(person, office.ws.url) for person in (office.alice, office.bob, office.mara))
    filed(office, alice, words)
    for screen in (bob, mara):
        screen.goes(office.triage)
    bob.button("Approve", card(bob, words)).click()
    expect(bob.message("Your vote on")).to_contain_text("Only visible to you")
    expect(card(mara, words)).to_contain_text("1 of 2")
    moved(mara, words, "Accepted", "We decided to build this.")
    moved(mara, words, "Shipped", LIVE)
    alice.goes()
    alice.page.locator("#messages .replies").first.click()
    expect(alice.page.locator("#thread")).to_contain_text(LIVE)
    assert office.ws.problems == []


def test_the_second_of_two_votes_decides_before_everybodys_eyes(office: Office, sit: Sit) -> None:
    words = "They want to vote twice"
    workspace.file(office, office.alice, words)
    for person in (office.bob, office.dora):
        screen = sit(person, office.ws.url)
        screen.goes(office.triage)
        screen.button("Approve", card(screen, words)).click()
    expect(card(screen, words)).to_contain_text("Vote: Approved")


def test_a_double_click_on_a_vote_counts_once(office: Office, sit: Sit) -> None:
    words = "They click twice"
    number = workspace.file(office, office.alice, words)
    bob = sit(office.bob, office.ws.url)
    bob.goes(office.triage)
    before = len(office.ws.ledger.deliveries("block_actions"))
    bob.button("Approve", card(bob, words)).dblclick()
    expect(card(bob, words)).to_contain_text("1 of 2")
    workspace.quiet(office)
    assert len(office.ws.ledger.deliveries("block_actions")) == before + 1
    assert "1 of 2" in workspace.card(office, number).text


def test_two_browsers_at_once_see_each_others_votes(office: Office, sit: Sit) -> None:
    words = "They look at the same card"
    workspace.file(office, office.alice, words)
    bob, dora = sit(office.bob, office.ws.url), sit(office.dora, office.ws.url)
    for screen in (bob, dora):
        screen.goes(office.triage)
        expect(card(screen, words)).to_contain_text("No votes yet")
    bob.button("Approve", card(bob, words)).click()
    expect(card(dora, words)).to_contain_text("1 of 2")
    expect(card(dora, words)).to_contain_text("Bob")
    dora.button("Approve", card(dora, words)).click()
    expect(card(bob, words)).to_contain_text("Dora")
    expect(card(bob, words)).to_contain_text("Vote: Approved")
