"""Changing a status: who may, what the form offers, and what it asks for."""

import json
from functools import partial

import pytest

from bot.domain.requirements import MOVES, REASONS, Status
from bot.i18n import say
from practice.people import Person
from practice.workspace import Message
from tests import workspace
from tests.workspace import Office, locale


def card_of(office: Office, words: str, by: Person | None = None) -> Message:
    """File a need; return its card."""
    return workspace.card(office, workspace.file(office, by or office.alice, words))


def change(office: Office, card: Message, to: Status) -> None:
    """Change a status by hand, with the first reason where there is one to choose."""
    office.mara.chooses("Change status", on=card)
    office.mara.picks("status", say("en", f"status.{to}"))
    if to in REASONS:
        office.mara.picks("reason", say("en", f"reason.{REASONS[to][0]}"))
    answer = office.mara.submits()
    assert answer.closed, answer
    workspace.quiet(office)


def offered(person: Person, field: str) -> list[str]:
    """Return what a select of the open form offers."""
    return person.options_for(field)


def test_only_the_moves_that_are_allowed_are_offered_from_every_status(office: Office) -> None:
    card = card_of(office, "They need every status.")
    way = [Status.ACCEPTED, Status.IN_PROGRESS, Status.VALIDATING, Status.SHIPPED]
    for before, after in zip([Status.IN_REVIEW, *way], [*way, None], strict=True):
        office.mara.chooses("Change status", on=card)
        assert offered(office.mara, "status") == [say("en", f"status.{to}") for to in MOVES[before]]
        office.mara.closes()
        if after:
            change(office, card, after)


def test_what_is_final_offers_nothing_to_change(office: Office) -> None:
    card = card_of(office, "They need an end.")
    for to in (Status.ACCEPTED, Status.SHIPPED, Status.SOLVED):
        change(office, card, to)
    office.mara.chooses("Change status", on=card)
    assert office.mara.modal
    assert office.mara.modal.submit_label == ""
    assert say("en", "change.none", status="Solved") in office.mara.modal.text()


@pytest.mark.parametrize("name", ["bob", "alice", "meiling"])
def test_who_is_no_manager_is_told_so_and_gets_no_form(office: Office, name: str) -> None:
    person = getattr(office, name)
    card = card_of(office, f"They need a manager, not {name}.")
    heard = workspace.hears(office, person, partial(person.chooses, "Change status", on=card))
    assert heard == say(locale(person), "refused.managers_only")
    assert person.modal is None


def test_an_admin_may_change_a_status_too(office: Office) -> None:
    card = card_of(office, "They need an admin.")
    office.ada.chooses("Change status", on=card)
    assert office.ada.submits().closed
    office.ws.eventually(lambda: "Accepted" in card.text)


def test_who_was_a_manager_when_the_form_opened_but_is_none_any_more_is_refused(office: Office) -> None:
    card = card_of(office, "They need a former manager.")
    office.mara.chooses("Change status", on=card)
    workspace.set_policy(office, people=workspace.rules(office)["people"] | {"managers": []})
    assert say("en", "refused.managers_only") in office.mara.submits().text
    assert office.mara.modal


@pytest.mark.parametrize(("name", "tongue"), [("alice", "en"), ("meiling", "zh_Hans")])
def test_the_sentence_is_prefilled_in_the_requesters_language_for_every_status(
    office: Office, name: str, tongue: str
) -> None:
    card = card_of(office, f"They need sentences, says {name}.", getattr(office, name))
    office.mara.chooses("Change status", on=card)
    for to in MOVES[Status.IN_REVIEW]:
        office.mara.picks("status", say("en", f"status.{to}"))
        assert office.mara.modal
        assert office.mara.modal.value("sentence") == say(tongue, f"sentence.{to}")


def test_a_reason_is_asked_for_only_where_one_is_needed_and_a_target_only_on_accepting(office: Office) -> None:
    card = card_of(office, "They need the right fields.")
    office.mara.chooses("Change status", on=card)
    labels = {name: say("en", f"form.{name}") for name in ("status", "reason", "target", "sentence")}
    expected = {Status.ACCEPTED: ["status", "target", "sentence"]}
    for to in (Status.DECLINED, Status.ACCEPTED, Status.DEFERRED):
        office.mara.picks("status", say("en", f"status.{to}"))
        assert office.mara.modal
        names = expected.get(to, ["status", "reason", "sentence"])
        assert office.mara.modal.labels() == [labels[name] for name in names]
        if to in REASONS:
            assert offered(office.mara, "reason") == [say("en", f"reason.{reason}") for reason in REASONS[to]]


def test_a_no_without_a_reason_or_a_sentence_is_refused_by_the_client_and_by_us(office: Office) -> None:
    card = card_of(office, "They need a reason.")
    mara = office.mara
    mara.chooses("Change status", on=card)
    mara.picks("status", "Declined")
    mara.fills("sentence", "")
    answer = mara.submits()
    assert answer.delivery is None
    assert list(answer.errors) == [say("en", "form.reason"), say("en", "form.sentence")]
    delivery = workspace.crafted(office, mara, lambda _: None)
    assert json.loads(delivery.body)["errors"] == {"reason:declined": say("en", "refused.reason_missing")}
    mara.picks("reason", say("en", "reason.effort"))
    delivery = workspace.crafted(office, mara, lambda _: None)
    assert json.loads(delivery.body)["errors"] == {"sentence:declined": say("en", "refused.sentence_missing")}


@pytest.mark.parametrize("target", ["2020-01-01", "2020-01"])
def test_a_target_in_the_past_is_refused_at_its_field(office: Office, target: str) -> None:
    card = card_of(office, f"They need it before {target}.")
    office.mara.chooses("Change status", on=card)
    office.mara.fills("target", target)
    assert office.mara.submits().errors == {say("en", "form.target"): say("en", "refused.target_past")}


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("2099-12-15", "Dec 15, 2099"),
        pytest.param(
            "2099-12",
            "December 2099",
        ),
        ("Sprint 7 <x>", "Sprint 7 <x>"),
    ],
)
def test_a_target_is_promised_as_people_write_it(office: Office, target: str, shown: str) -> None:
    number = workspace.file(office, office.alice, f"They need it by {target}.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    office.mara.chooses("Change status", on=card)
    office.mara.fills("target", target)
    assert office.mara.submits().closed
    workspace.quiet(office)
    assert shown in receipt.text


def test_of_two_managers_with_open_forms_the_second_is_told_and_looks_again(office: Office) -> None:
    card = card_of(office, "They need two managers.")
    for person in (office.mara, office.ada):
        person.chooses("Change status", on=card)
    office.ada.picks("status", "Deferred")
    office.ada.picks("reason", say("en", "reason.timing"))
    office.ada.fills("sentence", "Not yet, says Ada.")
    assert office.mara.submits().closed
    assert office.ada.submits().errors == {say("en", "form.status"): say("en", "refused.moved_meanwhile")}
    assert office.ada.modal
    assert office.ada.modal.value("sentence") == "Not yet, says Ada."
    workspace.quiet(office)
    assert "Status: Accepted" in card.text


def test_a_move_that_is_not_allowed_is_refused_naming_both_statuses(office: Office) -> None:
    card = card_of(office, "They need what is not allowed.")
    office.mara.chooses("Change status", on=card)
    solved = {"selected_option": {"text": {"type": "plain_text", "text": "?"}, "value": "solved"}}
    delivery = workspace.crafted(office, office.mara, lambda sent: workspace.put(sent["view"], "status", solved))
    sentence = say("en", "refused.move", before="In review", to="Solved")
    assert json.loads(delivery.body)["errors"] == {"status": sentence}


def test_one_change_sent_twice_at_once_is_one_move(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need one move.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    office.mara.chooses("Change status", on=card)
    assert [answer.status for answer in office.mara.submits(twice=True)] == [200, 200]
    workspace.quiet(office)
    assert len(receipt.replies) == 1


def test_what_was_declined_can_be_reopened_with_a_sentence_and_is_voted_on_anew(office: Office) -> None:
    card = card_of(office, "They need a second chance.")
    change(office, card, Status.DECLINED)
    assert card.buttons() == []
    change(office, card, Status.IN_REVIEW)
    assert card.buttons() == ["Approve", "Reject", "Abstain"]


def test_going_back_from_shipped_is_told_as_rolled_back(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need it back.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    for to in (Status.ACCEPTED, Status.SHIPPED, Status.IN_PROGRESS):
        change(office, card, to)
    assert say("en", "news.reason", reason=say("en", "reason.rolled_back")) in receipt.replies[-1].text
