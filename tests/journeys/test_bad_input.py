"""Whatever comes in, people get a clear answer in their language, and nothing is lost or done twice."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from bot.i18n import say
from practice.people import Person
from practice.text import notifications
from storage import customers
from storage.feedback import Feedback
from tests import workspace
from tests.workspace import Office, locale

HOSTILE = "*bold* _i_ ~no~ `code` <!channel> <!here> <@U0DORA> <#C0TRIAGE> <https://evil.example|here> &amp; <b> :tada:"
NAMES = ("alice", "meiling")

Json = dict[str, Any]


def words_are(words: str | None) -> Any:
    """Return a change to a payload: other words."""
    return lambda payload: workspace.put(payload["view"], "words", {"value": words})


def customer_is(value: str) -> Any:
    """Return a change to a payload: another customer, by the option's value."""
    option = {"text": {"type": "plain_text", "text": "Acme"}, "value": value}
    return lambda payload: workspace.put(payload["view"], "customer", {"selected_option": option})


# -- fields


@pytest.mark.parametrize("name", NAMES)
def test_slacks_client_refuses_an_empty_form_without_asking(office: Office, name: str) -> None:
    person = getattr(office, name)
    workspace.open_form(person)
    answer = person.submits()
    assert answer.delivery is None
    assert list(answer.errors) == [say(locale(person), "form.words"), say(locale(person), "form.customer")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", [None, "", " \n\t "])
def test_empty_words_that_pass_the_client_are_refused_at_their_field(
    office: Office, name: str, words: str | None
) -> None:
    person = getattr(office, name)
    workspace.fill(person, "They need an export.")
    with workspace.nothing_filed(office):
        delivery = workspace.crafted(office, person, words_are(words))
    assert workspace.field_errors(delivery) == {"words": say(locale(person), "refused.words_empty")}


@pytest.mark.parametrize("name", NAMES)
def test_3001_characters_are_refused_by_the_client_and_by_us_and_3000_are_taken(office: Office, name: str) -> None:
    person = getattr(office, name)
    workspace.fill(person, "长" * 3001)
    assert person.submits().delivery is None
    person.fills("words", "长" * 3000)
    with workspace.nothing_filed(office):
        delivery = workspace.crafted(office, person, words_are("长" * 3001))
    assert workspace.field_errors(delivery) == {
        "words": say(locale(person), "refused.too_long", length=3001, longest=3000)
    }
    assert person.submits().closed


@pytest.mark.parametrize("name", NAMES)
def test_a_title_of_emoji_is_refused_at_its_field_and_the_form_keeps_everything(office: Office, name: str) -> None:
    person = getattr(office, name)
    workspace.fill(person, "They need an export.", headline="🎉🎉", scenario="Month end")
    with workspace.nothing_filed(office):
        answer = person.submits()
    assert answer.errors == {say(locale(person), "form.headline"): say(locale(person), "refused.title_wordless")}
    assert person.modal
    assert person.modal.value("words") == "They need an export."
    assert person.modal.value("scenario") == "Month end"
    person.fills("headline", "Export")
    assert person.submits().closed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["999", "0", "-1", "x", "99999999999999999999", "½"])
def test_a_customer_nobody_knows_is_refused_at_its_field(office: Office, name: str, value: str) -> None:
    person = getattr(office, name)
    workspace.fill(person, "They need an export.")
    with workspace.nothing_filed(office):
        delivery = workspace.crafted(office, person, customer_is(value))
    assert workspace.field_errors(delivery) == {"customer": say(locale(person), "refused.unknown_customer")}


def test_a_customer_of_another_workspace_is_not_known_here(office: Office) -> None:
    with office.needline.database.begin() as session:
        for name in ("Ours elsewhere", *map(str, range(40))):
            elsewhere = customers.find_or_add(session, "T0ELSEWHERE", name, "U1", datetime.now(UTC))
    workspace.fill(office.alice, "They need an export.")
    with workspace.nothing_filed(office):
        delivery = workspace.crafted(office, office.alice, customer_is(str(elsewhere.id)))
    assert workspace.field_errors(delivery) == {"customer": say("en", "refused.unknown_customer")}


@pytest.mark.parametrize("field", ["kind", "urgency"])
def test_a_choice_no_form_of_ours_offers_is_told_to_be_from_an_older_version(office: Office, field: str) -> None:
    workspace.fill(office.alice, "They need an export.")
    option = {"selected_option": {"text": {"type": "plain_text", "text": "?"}, "value": "nonsense"}}
    with workspace.nothing_filed(office):
        delivery = workspace.crafted(office, office.alice, lambda sent: workspace.put(sent["view"], field, option))
    assert list(workspace.field_errors(delivery).values()) == [say("en", "stale.view")]


@pytest.mark.parametrize("metadata", ["", "nonsense", "[]", "null", '{"permalink": 7, "private": "x"}'])
def test_a_form_whose_metadata_was_tampered_with_is_taken_or_refused_but_never_breaks(
    office: Office, metadata: str
) -> None:
    workspace.fill(office.alice, f"They need an export, {metadata}.")
    delivery = workspace.crafted(office, office.alice, lambda sent: sent["view"].update(private_metadata=metadata))
    assert delivery.status == 200
    assert say("en", "failed.ours", reference="")[:20] not in delivery.body


def test_a_link_that_is_not_slacks_is_not_kept(office: Office) -> None:
    workspace.fill(office.alice, "They need an export with a link.")
    forged = json.dumps({"nonce": "n", "permalink": "https://evil.example/|Slack> <!channel", "private": False})
    delivery = workspace.crafted(office, office.alice, lambda sent: sent["view"].update(private_metadata=forged))
    assert delivery.ok
    with office.needline.database.read() as session:
        newest = session.scalars(select(Feedback).order_by(Feedback.number.desc())).first()
    assert newest
    assert newest.permalink is None


def test_mentions_in_every_field_are_shown_as_typed_and_ring_for_nobody_they_name(office: Office) -> None:
    alice, bob, mara = office.alice, office.bob, office.mara
    customer = HOSTILE[:68] + "x"
    number = workspace.file(
        office, alice, HOSTILE, customer, headline=HOSTILE[:79] + "x", scenario=HOSTILE, said_by=HOSTILE, stake="deal"
    )
    card = workspace.card(office, number)
    _ask_and_reply(office, number)
    bob.presses("Reject", on=card)
    bob.presses("Say why", on=office.ws.eventually(lambda: bob.ephemerals(office.triage))[-1])
    bob.fills("why", HOSTILE)
    bob.submits()
    mara.chooses("Change status", on=card)
    mara.picks("status", "Accepted")
    mara.fills("sentence", HOSTILE)
    mara.fills("target", "<!channel> & *Q1*")
    assert mara.submits().closed
    workspace.quiet(office)
    alice.presses("View", on=workspace.receipt(office, number))
    assert alice.modal
    assert alice.modal.text().count("<!channel> <!here> <@U0DORA> <#C0TRIAGE>") >= 5
    _nobody_they_name_was_rung(office)


@pytest.mark.parametrize("field", ["scenario", "said_by"])
def test_stars_and_underscores_are_shown_as_typed(office: Office, field: str) -> None:
    typed = "see *all* of order_id_7, not ~old~ `ids`"
    number = workspace.file(office, office.alice, "They need ids.", **{field: typed})
    office.alice.presses("View", on=workspace.receipt(office, number))
    assert office.alice.modal
    assert typed in office.alice.modal.text()


def _ask_and_reply(office: Office, number: int) -> None:
    office.bob.chooses("Ask", on=workspace.card(office, number))
    office.bob.fills("question", HOSTILE)
    assert office.bob.submits().closed
    asked = office.ws.eventually(lambda: [m for m in office.alice.dm() if "Reply" in m.buttons()])[-1]
    office.alice.presses("Reply", on=asked)
    office.alice.fills("answer", HOSTILE)
    assert office.alice.submits().closed


def _nobody_they_name_was_rung(office: Office) -> None:
    messages = workspace.documents(office, "chat.") + workspace.documents(office, "response_url")
    views = [call["view"] for call in workspace.documents(office, "views.")]
    assert len(messages) > 6
    rung = {who for document in (*messages, *views) for who in notifications(document)}
    assert rung == {"<@U0BOB>"}  # who asked is told of the answer


# -- people who may not, and people who are gone


def test_what_cannot_reach_somebody_who_left_is_told_to_an_admin_once_and_others_go_on(office: Office) -> None:
    ws, gone = office.ws, office.ws.person("Gone")
    ws.faults.add("conversations.open", "error_500", times=1)  # the DM is asked for again after the settle time
    numbers = [workspace.file(office, gone, f"They need export {n}.") for n in range(3)]
    with ws.state.lock:
        gone.user.deleted = True  # and Slack's event of it is lost
    workspace.quiet(office)
    card = workspace.card(office, numbers[0])
    office.mara.chooses("Change status", on=card)
    office.mara.picks("status", "Accepted")
    office.mara.submits()
    ws.eventually(lambda: "Accepted" in card.text)
    workspace.quiet(office)
    notices = [message for message in office.ada.dm() if "@Gone" in message.text]
    assert len(notices) == 1
    assert say("en", "notice.user_disabled") in notices[0].text
    assert "5 messages" in notices[0].text  # three receipts, one of them drawn anew, and the news


def test_what_somebody_who_left_had_open_is_told_to_the_manager_instead(office: Office) -> None:
    ws, gone = office.ws, office.ws.person("Parting")
    number = workspace.file(office, gone, "They need an heir.")
    workspace.quiet(office)
    ws.deactivate(gone)
    told = ws.eventually(lambda: workspace.in_dm(office.mara, "no longer in this workspace"))[0]
    workspace.quiet(office)
    assert "They need an heir" in told.text
    assert workspace.in_dm(office.ada, "@Parting") == []
    assert office.mara.presses("Take over", on=told).ok
    assert f"F-{number}" in workspace.receipt(office, number).text
    assert workspace.in_dm(office.mara, "Got it")


def test_somebody_slack_tells_us_nothing_about_is_served_in_english(office: Office) -> None:
    newcomer = office.ws.person("New", locale="zh-CN")
    office.ws.faults.add("users.info", "error_500", times=1)
    answer = newcomer.sends("/feedback help")
    assert answer.text.startswith("How to use /feedback")
    assert newcomer.sends("/feedback help").text.startswith("如何使用")


def test_a_slow_lookup_of_a_person_does_not_cost_them_their_form(office: Office) -> None:
    newcomer = office.ws.person("Slow")
    office.ws.faults.add("users.info", "delay", seconds=1.5, times=1)
    answer = workspace.open_form(newcomer, "They need an export.")
    assert answer.ok
    assert newcomer.modal


# -- what was decided or withdrawn


def test_a_vote_after_closing_is_refused_naming_the_result(office: Office) -> None:
    card = workspace.card(office, workspace.file(office, office.alice, "They need a closed vote."))
    stale = card.frozen()
    office.bob.presses("Approve", on=card)
    office.dora.presses("Approve", on=card)
    workspace.quiet(office)
    before = card.text
    office.ws.update_person(office.emil, locale="zh-CN")
    heard = workspace.hears(office, office.emil, partial(office.emil.presses, "Reject", on=stale))
    assert heard == say("zh_Hans", "refused.vote_closed", result="通过")
    workspace.quiet(office)
    assert card.text == before
    office.ws.update_person(office.emil, locale="en-US")


def test_every_button_of_a_withdrawn_requirement_says_so(office: Office) -> None:
    alice, bob, mara = office.alice, office.bob, office.mara
    number = workspace.file(office, alice, "They need what they do not need.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    old_card, old_receipt = card.frozen(), receipt.frozen()
    mara.chooses("Change status", on=card)
    alice.presses("Undo", on=receipt)
    workspace.quiet(office)
    assert card.buttons() == card.choices() == receipt.buttons() == []
    withdrawn = say("en", "refused.withdrawn")
    assert mara.submits().text.endswith(withdrawn)
    mara.closes()
    for label in ("Approve", "Reject", "Abstain"):
        assert workspace.hears(office, bob, partial(bob.presses, label, on=old_card)) == withdrawn
    assert workspace.hears(office, mara, partial(mara.chooses, "Change status", on=old_card)) == withdrawn
    bob.chooses("Ask", on=old_card)
    _refused_here_or_in_the_form(office, bob, "question", withdrawn)
    assert workspace.hears(office, alice, partial(alice.presses, "Undo", on=old_receipt)) == withdrawn
    alice.presses("View", on=old_receipt)
    assert alice.modal
    assert "Withdrawn." in alice.modal.text()


def _refused_here_or_in_the_form(office: Office, person: Person, field: str, sentence: str) -> None:
    if person.modal:
        person.fills(field, "Why?")
        assert person.submits().text.endswith(sentence)
        person.closes()
    else:
        office.ws.eventually(lambda: person.ephemerals()[-1].text == sentence)
