"""Editing by hand, from the details and from the card's menu; and what the details offer."""

import json
from functools import partial

import pytest

from bot.i18n import say
from practice.people import Person
from tests import workspace
from tests.handlers.details import buttons, filed, open_details, shows, text
from tests.workspace import Office, locale

KINDS = ("sqlite", "postgresql")


def edit(office: Office, person: Person, number: int, **fields: str) -> None:
    """Edit feedback by hand."""
    open_details(person, number)
    person.presses(say(locale(person), "button.edit"))
    for name, value in fields.items():
        person.fills(name, value)
    answer = person.submits()
    assert answer.closed, answer
    workspace.quiet(office)


def answer(office: Office, number: int, words: str) -> None:
    office.bob.presses("Answer", on=workspace.card(office, number))
    office.bob.fills("Your answer", words)
    assert office.bob.submits().closed
    workspace.quiet(office)


# -- what is offered


def test_the_details_offer_what_each_may_do(office: Office) -> None:
    number = filed(office, "They need what each may do.")
    offered = {"alice": ["Edit", "Withdraw"], "mara": ["Edit requirement", "Withdraw"], "bob": []}
    for name, expected in offered.items():
        open_details(getattr(office, name), number)
        assert buttons(getattr(office, name)) == expected


def test_an_answered_question_offers_its_filer_to_reopen_it(office: Office) -> None:
    number = filed(office, "Who may reopen?", kind="question")
    answer(office, number, "Its filer.")
    for person, expected in ((office.alice, ["Reopen"]), (office.mara, []), (office.bob, [])):
        open_details(person, number)
        assert buttons(person) == expected


# -- editing feedback


def test_the_form_opens_with_everything_as_it_is_over_the_details(office: Office) -> None:
    number = filed(
        office,
        "They need it all.",
        urgency="now",
        title="All of it",
        scenario="At work",
        stake="deal",
        said_by="Ingrid",
        hide_customer="yes",
    )
    open_details(office.alice, number)
    office.alice.presses("Edit")
    modal = office.alice.modal
    assert modal
    assert modal.title == say("en", "edit.title")
    values = {name: modal.value(name) for name in ("words", "feedback_customer", "urgency", "title", "scenario")}
    assert values == {
        "words": "They need it all.",
        "feedback_customer": "Acme",
        "urgency": "Now",
        "title": "All of it",
        "scenario": "At work",
    }
    assert (modal.value("stake"), modal.value("said_by")) == ("A new deal", "Ingrid")
    assert modal.value("hide_customer") == [say("en", "form.hide_customer.option")]
    assert office.alice.submits().closed
    assert office.alice.modal
    assert office.alice.modal.title.startswith("R-")  # back at the details
    workspace.quiet(office)
    open_details(office.alice, number)
    assert "changed" not in text(office.alice)


def test_a_title_made_from_the_words_is_left_blank(office: Office) -> None:
    number = filed(office, "They need a title of their own.")
    open_details(office.alice, number)
    office.alice.presses("Edit")
    assert office.alice.modal
    assert office.alice.modal.value("title") is None


def test_an_edit_redraws_card_receipt_and_the_details_beneath(office: Office) -> None:
    number = filed(office, "They need an old thing.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    edit(office, office.alice, number, words="They need a <new> thing & more.")
    shows(office, office.alice, "They need a <new> thing & more.")
    assert "Alice changed the words and the title. Before, it said:\n> They need an old thing." in text(office.alice)
    assert "They need a <new> thing & more" in card.text
    assert "They need a <new> thing & more" in receipt.text
    assert receipt.replies == []


def test_stake_and_customer_can_be_changed_and_taken_back(office: Office) -> None:
    number = filed(office, "They need a stake.", stake="renewal")
    open_details(office.alice, number)
    office.alice.presses("Edit")
    office.alice.picks("stake", say("en", "stake.none"))
    workspace.choose_customer(office.alice, "Brandnew & Sons")
    assert office.alice.submits().closed
    shows(office, office.alice, "Brandnew & Sons")
    assert say("en", "stake.renewal") not in text(office.alice)
    assert "Alice changed the customer and what is at stake" in text(office.alice)


def test_who_voted_hears_of_new_words_with_a_button_to_read_more(office: Office) -> None:
    number = filed(office, "They need words.", customer="Halvorsen Marine", hide_customer="yes")
    card = workspace.card(office, number)
    office.bob.presses("Approve", on=card)
    office.ws.eventually(lambda: "Bob" in card.text)
    edit(office, office.alice, number, words="They need other words.")
    told = workspace.in_dm(office.bob, "changed the words of")
    ref = f"R-{workspace.requirement(office, number)}"
    assert len(told) == 1
    title = "They need other words"
    assert told[0].text.startswith(say("en", "news.edited", name="Alice", ref=ref, title=title).replace("*", ""))
    assert "> They need other words." in told[0].text
    for secret in ("Halvorsen", "Approve", "1 of", "votes"):
        assert secret not in told[0].text
    assert workspace.in_dm(office.dora, title) == []
    office.bob.presses("Details", on=told[0])
    assert office.bob.modal
    assert office.bob.modal.title == ref


def test_edits_in_quick_succession_are_told_once(office: Office) -> None:
    number = filed(office, "They need calm.")
    card = workspace.card(office, number)
    office.dora.presses("Approve", on=card)
    office.ws.eventually(lambda: "Dora" in card.text)
    workspace.set_policy(office, delivery=workspace.QUICK | {"merge_s": 2})
    for words in ("They need more calm.", "They need most calm."):
        open_details(office.alice, number)
        office.alice.presses("Edit")
        office.alice.fills("words", words)
        assert office.alice.submits().closed
    workspace.quiet(office)
    told = workspace.in_dm(office.dora, "calm")
    assert len(told) == 1
    assert told[0].text.count("changed the words") == 1
    assert "> They need most calm." in told[0].text


def test_of_two_windows_the_second_is_told_and_keeps_its_words(office: Office) -> None:
    number = filed(office, "They need one window.")
    open_details(office.alice, number)
    office.alice.presses("Edit")
    payload = workspace.submission(office, office.alice)  # the other window, opened just as early
    office.alice.fills("words", "They need the first window.")
    assert office.alice.submits().closed
    payload["view"]["id"] = "V0OTHER"
    payload["view"]["root_view_id"] = "V0OTHER"
    answered = workspace.interact(office, payload)
    assert workspace.field_errors(answered) == {"words": say("en", "refused.edited_meanwhile")}
    shows(office, office.alice, "They need the first window.")


def test_a_form_sent_twice_at_once_is_one_edit(office: Office) -> None:
    number = filed(office, "They need one edit.")
    open_details(office.alice, number)
    office.alice.presses("Edit")
    office.alice.fills("words", "They need just one edit.")
    assert [one.status for one in office.alice.submits(twice=True)] == [200, 200]
    workspace.quiet(office)
    open_details(office.alice, number)
    assert text(office.alice).count("Alice changed") == 1


def test_a_form_left_open_while_it_is_withdrawn_is_refused_with_its_words(office: Office) -> None:
    number = filed(office, "They need to be quick.")
    open_details(office.alice, number)
    office.alice.presses("Edit")
    office.alice.fills("words", "They need to be quicker.")
    open_details(office.mara, number)
    office.mara.presses("Withdraw")
    shows(office, office.mara, "Withdrawn.")
    refused = office.alice.submits()
    assert say("en", "refused.edit_withdrawn") in refused.text
    assert office.alice.modal
    assert office.alice.modal.value("words") == "They need to be quicker."


@pytest.mark.parametrize("button", ["record_edit", "record_withdraw"])
def test_a_button_pressed_by_somebody_else_is_refused(office: Office, button: str) -> None:
    number = filed(office, f"They need it safe from {button}.")
    open_details(office.alice, number)
    assert office.alice.modal
    pressed = next(
        element
        for block in office.alice.modal.blocks
        for element in block.get("elements", ())
        if element.get("action_id") == button
    )
    open_details(office.bob, number)
    assert office.bob.modal
    payload = workspace.gesture(office, office.bob, "block_actions") | {
        "actions": [{**pressed, "block_id": "b", "action_ts": "1.1"}],
        "view": office.bob.modal.raw,
        "container": {"type": "view", "view_id": office.bob.modal.id},
        "trigger_id": office.ws.state.new_trigger(office.bob.id),
    }
    assert workspace.interact(office, payload).status == 200
    expected = "refused.filer_only" if button == "record_edit" else "refused.filer_or_manager"
    office.ws.eventually(lambda: say("en", expected) in text(office.bob))
    open_details(office.alice, number)
    assert "Edit" in buttons(office.alice)


def test_an_edited_question_without_words_is_refused_at_its_field(office: Office) -> None:
    number = filed(office, "Do they need words?", kind="question")
    open_details(office.alice, number)
    office.alice.presses("Edit")

    def empty(payload: workspace.Json) -> None:
        workspace.put(payload["view"], "words", {"value": "  "})

    answered = workspace.crafted(office, office.alice, empty)
    assert json.loads(answered.body)["errors"] == {"words": say("en", "refused.words_empty")}


# -- editing a requirement


def test_a_manager_edits_a_requirement_from_the_cards_menu(office: Office) -> None:
    number = filed(office, "They need a clear title.")
    card = workspace.card(office, number)
    assert card.choices() == ["Details", "Change status", "Ask", "Edit requirement"]
    office.mara.chooses("Edit requirement", on=card)
    assert office.mara.modal
    assert office.mara.modal.value("title") == "They need a clear title"
    office.mara.fills("title", "Export as <XLSX>")
    office.mara.fills("description", "Invoices first.\nThen the rest.")
    assert office.mara.submits().closed
    workspace.quiet(office)
    assert "Export as <XLSX>" in card.text
    open_details(office.bob, number)
    assert "Invoices first.\nThen the rest." in text(office.bob).replace("> ", "")
    assert "Mara changed the title and the description. Before, it said:\n> They need a clear title" in text(office.bob)


def test_a_manager_edits_a_requirement_from_its_details(office: Office) -> None:
    number = filed(office, "They need a clearer title.")
    open_details(office.mara, number)
    office.mara.presses("Edit requirement")
    office.mara.fills("title", "Clearly an export")
    assert office.mara.submits().closed
    shows(office, office.mara, "Clearly an export")


@pytest.mark.parametrize("name", ["bob", "meiling"])
def test_who_is_no_manager_is_told_so_and_gets_no_form(office: Office, name: str) -> None:
    person = getattr(office, name)
    card = workspace.card(office, filed(office, f"They need a manager, not {name}."))
    heard = workspace.hears(office, person, partial(person.chooses, "Edit requirement", on=card))
    assert heard == say(locale(person), "refused.edit_managers_only")
    assert person.modal is None


def test_a_title_without_a_word_is_refused_at_its_field(office: Office) -> None:
    card = workspace.card(office, filed(office, "They need a worded title."))
    office.mara.chooses("Edit requirement", on=card)
    office.mara.fills("title", "…")
    assert office.mara.submits().errors == {say("en", "form.headline"): say("en", "refused.title_missing")}


def test_questions_have_no_requirement_to_edit(office: Office) -> None:
    card = workspace.card(office, filed(office, "Is there one?", kind="question"))
    assert card.choices() == ["Details", "Ask"]
