"""Voting on a card: who may, what they hear, what others see of it, and when it closes."""

from functools import partial

import pytest

from bot.i18n import say
from practice.people import Person
from practice.text import message_text, view_text
from practice.workspace import Message
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")
CHOICES = ("Approve", "Reject", "Abstain")


def card_of(office: Office, words: str, by: Person | None = None) -> Message:
    """File a need; return its card."""
    return workspace.card(office, workspace.file(office, by or office.alice, words))


def votes(office: Office, person: Person, label: str, card: Message) -> str:
    """Vote; return what the voter alone is told."""
    return workspace.hears(office, person, partial(person.presses, label, on=card))


def ref(card: Message) -> str:
    """Return the requirement's number as the card has it."""
    return card.text.split()[0]


def plain(key: str, **params: object) -> str:
    """Return an English sentence without its marks."""
    return say("en", key, **params).replace("*", "")


def told_of_choices(office: Office, since: int) -> list[str]:
    """Return what was shown to anybody since and names a choice; buttons and a voter's own confirmation excepted."""
    calls = [call for call in office.ws.ledger.calls()[since:] if call.method.startswith(("chat.", "views."))]
    shown = [workspace.decoded(call) for call in calls]
    texts = [view_text(args["view"]) if "view" in args else message_text(args, buttons=False) for args in shown]
    texts += [args["text"] for args in shown if "text" in args]
    return [text for text in texts if any(choice in text for choice in CHOICES)]


@pytest.mark.parametrize("label", CHOICES)
def test_a_vote_is_confirmed_to_its_voter_alone_and_counted_on_the_card(office: Office, label: str) -> None:
    card = card_of(office, f"They need a vote: {label}.")
    assert votes(office, office.bob, label, card).startswith(plain("voted", ref=ref(card), choice=label))
    office.ws.eventually(lambda: "1 of 2" in card.text)
    assert "Bob" in card.text
    assert office.dora.ephemerals() == [] or ref(card) not in office.dora.ephemerals()[-1].text


def test_a_vote_can_be_changed_until_the_vote_closes(office: Office) -> None:
    card = card_of(office, "They need a change of mind.")
    votes(office, office.bob, "Reject", card)
    assert votes(office, office.bob, "Approve", card).startswith(plain("voted", ref=ref(card), choice="Approve"))
    workspace.quiet(office)
    assert "1 of 2" in card.text
    votes(office, office.dora, "Abstain", card)
    office.ws.eventually(lambda: plain("result.approved") in card.text)
    assert "Bob (Approve)" in card.text


def test_the_last_vote_closes_the_round_accepts_it_and_tells_the_requester(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need a decision by vote.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    votes(office, office.bob, "Approve", card)
    heard = votes(office, office.dora, "Approve", card)
    assert heard == plain("voted.closed", ref=ref(card), choice="Approve", result="Approved")
    office.ws.eventually(lambda: receipt.replies)
    workspace.quiet(office)
    assert card.buttons() == []
    assert "Bob (Approve), Dora (Approve)" in card.text
    assert "Accepted" in card.text
    assert len(receipt.replies) == 1
    assert receipt.replies[0].broadcast
    assert say("en", "next.accepted", ref=ref(card)) in receipt.text


@pytest.mark.parametrize(
    ("first", "second", "result"), [("Reject", "Reject", "rejected"), ("Approve", "Reject", "undecided")]
)
def test_without_an_approval_it_stays_in_review_for_the_meeting(
    office: Office, first: str, second: str, result: str
) -> None:
    number = workspace.file(office, office.alice, f"They need a meeting: {result}.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    votes(office, office.bob, first, card)
    votes(office, office.dora, second, card)
    office.ws.eventually(lambda: receipt.replies)
    workspace.quiet(office)
    assert say("en", f"result.{result}") in card.text
    assert "In review" in card.text
    assert say("en", "next.meeting", ref=ref(card)) in receipt.text
    assert "meeting" in receipt.replies[0].text


def test_when_votes_only_advise_an_approval_waits_for_the_meeting_too(office: Office) -> None:
    workspace.set_policy(office, vote={"quorum": 1, "decides": False})
    number = workspace.file(office, office.alice, "They need advice.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    votes(office, office.bob, "Approve", card)
    office.ws.eventually(lambda: receipt.replies)
    assert "In review" in card.text
    assert "recommends" in receipt.replies[0].text


# -- who may


def test_who_is_no_reviewer_is_told_so_and_not_counted(office: Office) -> None:
    card = card_of(office, "They need reviewers.")
    assert votes(office, office.alice, "Approve", card) == say("en", "refused.reviewers_only")
    assert votes(office, office.meiling, "Approve", card) == say("zh_Hans", "refused.reviewers_only")
    workspace.quiet(office)
    assert "1 of 2" not in card.text


def test_a_reviewer_does_not_vote_on_what_only_they_asked_for(office: Office) -> None:
    card = card_of(office, "They need what the reviewer says.", office.bob)
    assert votes(office, office.bob, "Approve", card) == say("en", "refused.own_wish")
    votes(office, office.dora, "Approve", card)
    office.ws.eventually(lambda: "1 of 2" in card.text)


def test_who_is_no_reviewer_any_more_when_pressing_is_refused(office: Office) -> None:
    card = card_of(office, "They need a former reviewer.")
    others = workspace.rules(office)["people"] | {"reviewers": [office.dora.id, office.emil.id]}
    workspace.set_policy(office, people=others)
    assert votes(office, office.bob, "Approve", card) == say("en", "refused.reviewers_only")


# -- say why


def test_after_a_reject_one_can_say_why_and_it_is_read_when_the_vote_is_closed(office: Office) -> None:
    card = card_of(office, "They need a why.")
    votes(office, office.bob, "Reject", card)
    told = office.bob.ephemerals()[-1]
    assert told.buttons() == ["Say why"]
    office.bob.presses("Say why", on=told)
    office.bob.fills("Why?", "Too <much> & too early.")
    assert office.bob.submits().closed
    office.dora.chooses("Details", on=card)
    assert office.dora.modal
    assert "Too <much>" not in office.dora.modal.text()
    votes(office, office.dora, "Reject", card)
    office.emil.chooses("Details", on=card)
    assert office.emil.modal
    assert "Bob: Too <much> & too early." in office.emil.modal.text()


@pytest.mark.parametrize("label", ["Approve", "Abstain"])
def test_an_approval_or_abstention_asks_for_no_why(office: Office, label: str) -> None:
    card = card_of(office, f"They need no why: {label}.")
    votes(office, office.bob, label, card)
    assert office.bob.ephemerals()[-1].buttons() == []


def test_who_did_not_vote_cannot_say_why(office: Office) -> None:
    card = card_of(office, "They need a why of a voter.")
    votes(office, office.bob, "Reject", card)
    told = office.bob.ephemerals()[-1]
    workspace.interact(office, workspace.press(office, office.dora, "why_open", told))
    assert office.dora.modal
    office.dora.fills("Why?", "Because.")
    assert office.dora.submits().errors == {"Why?": say("en", "refused.no_ballot")}


# -- what others see


def test_while_a_blind_vote_is_open_nothing_shown_to_anybody_tells_a_choice(office: Office) -> None:
    since = len(office.ws.ledger.calls())
    card = card_of(office, "They need a blind vote.")
    for person, label in ((office.bob, "Reject"), (office.bob, "Approve"), (office.bob, "Reject")):
        votes(office, person, label, card)
    workspace.quiet(office)
    for person in (office.alice, office.dora, office.mara, office.ada):
        person.chooses("Details", on=card)
    office.dora.sends("/feedback mine")
    assert told_of_choices(office, since) == []
    votes(office, office.dora, "Abstain", card)
    workspace.quiet(office)
    assert told_of_choices(office, since)  # the search finds what is shown once the vote is closed


def test_a_vote_that_is_not_blind_shows_every_choice_at_once(office: Office) -> None:
    workspace.set_policy(office, vote={"quorum": 2, "blind": False})
    card = card_of(office, "They need an open vote.")
    votes(office, office.bob, "Reject", card)
    office.ws.eventually(lambda: "Bob (Reject)" in card.text)


def test_the_rules_of_a_running_vote_stay_as_they_were_at_its_opening(office: Office) -> None:
    card = card_of(office, "They need steady rules.")
    workspace.set_policy(office, vote={"quorum": 1, "blind": False})
    votes(office, office.bob, "Approve", card)
    office.ws.eventually(lambda: "1 of 2" in card.text)
    assert "Bob (Approve)" not in card.text


def test_a_button_of_a_former_vote_is_told_so(office: Office) -> None:
    card = card_of(office, "They need a second vote.")
    former = card.frozen()
    votes(office, office.bob, "Reject", card)
    votes(office, office.dora, "Reject", card)
    office.mara.chooses("Change status", on=card)
    office.mara.picks("status", "Deferred")
    office.mara.picks("reason", say("en", "reason.capacity"))
    assert office.mara.submits().closed
    office.ws.eventually(lambda: "Approve" not in card.buttons())  # those of the former vote
    office.mara.chooses("Change status", on=card)
    assert office.mara.submits().closed
    office.ws.eventually(lambda: "Approve" in card.buttons())
    assert votes(office, office.emil, "Approve", former) == say("en", "refused.vote_former")
    votes(office, office.emil, "Approve", card)
    office.ws.eventually(lambda: "1 of 2" in card.text)
