"""Withdrawing and reopening by hand, from the details."""

from bot.i18n import say
from practice.people import Person
from practice.workspace import Message
from tests import workspace
from tests.handlers.details import buttons, filed, open_details, shows, text
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")


def answer(office: Office, number: int, words: str) -> None:
    office.bob.presses("Answer", on=workspace.card(office, number))
    office.bob.fills("Your answer", words)
    assert office.bob.submits().closed
    workspace.quiet(office)


# -- withdrawing and reopening


def confirmation(person: Person) -> str:
    """Return what Slack asks before it sends the press of Withdraw."""
    assert person.modal
    elements = (element for block in person.modal.blocks for element in block.get("elements", ()))
    found = next(element for element in elements if element.get("action_id") == "record_withdraw")
    words: str = found["confirm"]["text"]["text"]
    return words


def test_withdrawing_says_before_and_after_what_becomes_of_it(office: Office) -> None:
    number = filed(office, "They need it no more.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    ref = f"R-{workspace.requirement(office, number)}"
    open_details(office.alice, number)
    assert confirmation(office.alice) == say("en", "withdraw.requirement", number=f"F-{number}", ref=ref)
    office.alice.presses("Withdraw")
    shows(office, office.alice, say("en", "details.withdrawn"))
    workspace.quiet(office)
    assert buttons(office.alice) == ["Reopen"]
    assert card.text == say("en", "card.withdrawn", ref=ref, name="Alice")
    assert receipt.text == say("en", "receipt.withdrawn", number=f"F-{number}", title="They need it no more")
    assert "withdrawn by Alice" in text(office.alice)


def test_withdrawing_after_a_decision_says_that_the_requirement_stays(office: Office) -> None:
    number = filed(office, "They needed it once.")
    card = workspace.card(office, number)
    office.mara.chooses("Change status", on=card)
    assert office.mara.submits().closed
    ref = f"R-{workspace.requirement(office, number)}"
    open_details(office.alice, number)
    expected = say("en", "withdraw.decided", number=f"F-{number}", ref=ref, status="Accepted")
    assert confirmation(office.alice) == expected
    office.alice.presses("Withdraw")
    shows(office, office.alice, "withdrawn by Alice")


def test_a_manager_who_withdraws_is_named_to_the_filer(office: Office) -> None:
    number = filed(office, "They need a manager's hand.")
    receipt = workspace.receipt(office, number)
    open_details(office.mara, number)
    office.mara.presses("Withdraw")
    told = office.ws.eventually(lambda: receipt.replies)
    assert told[0].text.startswith("Mara withdrew")
    workspace.quiet(office)
    open_details(office.mara, number)
    office.mara.presses("Reopen")
    office.ws.eventually(lambda: len(receipt.replies) == 2)
    assert receipt.replies[1].text.startswith("Mara reopened")


def test_two_presses_of_withdraw_at_once_withdraw_once_without_a_word(office: Office) -> None:
    number = filed(office, "They need it gone at once.")
    open_details(office.alice, number)
    pressed = office.alice.presses("Withdraw", times=2)
    assert [pressed.status, pressed.others[0].status] == [200, 200]
    shows(office, office.alice, "withdrawn by Alice")
    workspace.quiet(office)
    assert text(office.alice).count("withdrawn by Alice") == 1


def test_what_was_withdrawn_comes_back_with_its_vote(office: Office) -> None:
    number = filed(office, "They need it after all.")
    card = workspace.card(office, number)
    office.bob.presses("Approve", on=card)
    open_details(office.alice, number)
    for _ in range(2):
        office.alice.presses("Withdraw")
        shows(office, office.alice, say("en", "details.withdrawn"))
        office.ws.eventually(lambda: "withdrawn" in card.text)
        office.alice.presses("Reopen")
        office.ws.eventually(lambda: buttons(office.alice) == ["Edit", "Withdraw"])
        office.ws.eventually(lambda: card.buttons() == ["Approve", "Reject", "Abstain"])
    assert "No votes yet" in card.text
    office.bob.presses("Approve", on=card)
    office.ws.eventually(lambda: "1 of 2" in card.text)
    workspace.quiet(office)


def note(office: Office, card: Message) -> Message:
    """Return the newest reply under a card."""
    office.ws.eventually(lambda: card.replies)
    return card.replies[-1]


def test_an_answer_that_settled_nothing_is_reopened_with_a_word_to_who_gave_it(office: Office) -> None:
    number = filed(office, "Does it export?", kind="question")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    answer(office, number, "See the <manual>.")
    open_details(office.alice, number)
    office.alice.presses("Reopen")
    assert "> See the <manual>." in text(office.alice)
    office.alice.fills("Why?", "The manual says nothing.")
    assert office.alice.submits().closed
    shows(office, office.alice, "> See the <manual>.")
    workspace.quiet(office)
    assert "reopened by Alice (“The manual says nothing.”). Bob had answered:" in text(office.alice)
    assert card.buttons() == ["Answer", "Make it a requirement"]
    told = note(office, card)
    assert not told.broadcast
    assert "Alice reopened this; @Bob's answer did not settle it" in told.text
    assert "> The manual says nothing." in told.text
    assert say("en", "next.open") in receipt.text
    answer(office, number, "Under File.")
    assert say("en", "card.answered", name="Bob") in card.text


def test_reopening_needs_no_reason(office: Office) -> None:
    number = filed(office, "Does it import?", kind="question")
    answer(office, number, "No.")
    open_details(office.alice, number)
    office.alice.presses("Reopen")
    assert office.alice.submits().closed
    told = note(office, workspace.card(office, number))
    assert told.text.endswith("did not settle it")
    workspace.quiet(office)


def test_what_was_reopened_in_another_window_is_open_already(office: Office) -> None:
    number = filed(office, "They need it twice.")
    open_details(office.alice, number)
    office.alice.presses("Withdraw")
    shows(office, office.alice, say("en", "details.withdrawn"))
    assert office.alice.modal
    open_details(office.mara, number)
    office.mara.presses("Reopen")
    office.ws.eventually(lambda: "Withdraw" in buttons(office.mara))
    office.alice.presses("Reopen")
    shows(office, office.alice, say("en", "refused.open_already"))
