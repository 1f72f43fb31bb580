"""A hidden customer's name is for the filer and for managers; nobody else ever reads it."""

from datetime import datetime, timedelta

import pytest

from bot.i18n import say
from tests import workspace
from tests.workspace import Office

SECRET = "Halvorsen Marine"
SAID_BY = "Ingrid Halvorsen"


def hidden(office: Office, words: str, **fields: str) -> int:
    """File feedback of a customer whose name is hidden."""
    return workspace.file(office, office.alice, words, SECRET, hide_customer="yes", said_by=SAID_BY, **fields)


def start(office: Office) -> datetime:
    """Return the moment a story begins."""
    return office.ws.clock.now() - timedelta(milliseconds=1)


def test_others_read_customer_hidden_on_the_card_in_details_and_in_the_thread(office: Office) -> None:
    since = start(office)
    number = hidden(office, "They need a secret.")
    card = workspace.card(office, number)
    office.bob.chooses("Details", on=card)
    assert office.bob.modal
    assert say("en", "customer.hidden") in office.bob.modal.text()
    office.bob.chooses("Ask", on=card)
    office.bob.fills("question", "Who wants it?")
    office.bob.submits()
    asked = office.ws.eventually(lambda: workspace.receipt(office, number).replies)[0]
    office.alice.presses("Reply", on=asked)
    office.alice.fills("answer", "I must not say.")
    office.alice.submits()
    office.bob.presses("Approve", on=card)
    office.dora.presses("Approve", on=card)
    workspace.quiet(office)
    office.dora.sends(f"/feedback R-{workspace.requirement(office, number)}")
    for person in (office.bob, office.dora, office.emil, office.meiling):
        seen = office.ws.transcript(who=person, since=since)
        assert say("en", "customer.hidden") in seen
        assert SECRET not in seen
        assert SAID_BY not in seen
    assert "Halvorsen" not in card.fallback


def test_the_filer_reads_the_name_everywhere(office: Office) -> None:
    number = hidden(office, "They need my secret.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    assert SECRET in receipt.text
    office.alice.presses("View", on=receipt)
    assert office.alice.modal
    assert SECRET in office.alice.modal.text()
    assert SAID_BY in office.alice.modal.text()
    assert SECRET in office.alice.sends("/feedback mine").text
    office.mara.chooses("Change status", on=card)
    assert office.mara.submits().closed
    office.ws.eventually(lambda: receipt.replies)
    assert SECRET in receipt.replies[0].text


@pytest.mark.parametrize("name", ["mara", "ada"])
def test_managers_and_admins_read_it_in_details_but_not_on_the_card(office: Office, name: str) -> None:
    person = getattr(office, name)
    card = workspace.card(office, hidden(office, f"They need a secret of {name}'s."))
    assert SECRET not in card.text
    person.chooses("Details", on=card)
    assert SECRET in person.modal.text()
    assert SAID_BY in person.modal.text()


@pytest.mark.parametrize("kind", ["complaint", "praise"])
def test_the_cards_of_other_kinds_hide_it_too(office: Office, kind: str) -> None:
    card = workspace.card(office, hidden(office, f"They say so in secret: {kind}.", kind=kind))
    assert SECRET not in card.text + card.fallback
    office.bob.presses("Answer", on=card)
    assert office.bob.modal
    assert SECRET not in office.bob.modal.text()


def test_what_is_not_hidden_is_read_by_everybody(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need no secret.", SECRET, said_by=SAID_BY)
    assert SECRET in workspace.card(office, number).text
    office.bob.chooses("Details", on=workspace.card(office, number))
    assert office.bob.modal
    assert SAID_BY in office.bob.modal.text()
