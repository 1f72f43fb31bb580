"""Deciding through what needs a decision: one view after another, and everybody who asked hears in one message."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from bot.i18n import say
from practice.handles import Answer
from practice.people import Person
from practice.workspace import Message
from storage import news, requirements
from storage.outbox import OutboxRow
from tests import workspace
from tests.handlers.meetings import REJECTED, call, introduced, need, status, until
from tests.workspace import Office, locale

KINDS = ["sqlite", "postgresql"]


@pytest.fixture
def office(own_office: Office) -> Office:
    """An office of the test's own, on each database: what one story leaves undecided would stand in another's way."""
    introduced(own_office)
    return own_office


def opens(person: Person) -> None:
    """Open the walk by command."""
    assert person.sends("/feedback decide").ok
    assert person.modal


def decides(person: Person, choice: str, reason: str | None = None, **fields: str) -> Answer:
    """Choose what becomes of the requirement shown, and go on."""
    tongue = locale(person)
    person.picks(say(tongue, "form.decision"), say(tongue, f"decision.{choice}"))
    if reason:
        person.picks(say(tongue, "form.reason"), say(tongue, f"reason.{reason}"))
    for name, text in fields.items():
        person.fills(say(tongue, f"form.{name}"), text)
    return person.submits()


def shown(person: Person) -> str:
    assert person.modal
    return person.modal.text()


def told(office: Office, person: Person) -> list[Message]:
    """Return the messages in which a person heard of decisions, not those about the end of a vote."""
    with office.needline.database.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == "news", OutboxRow.lane == person.id)).all()
        moved = {
            row.ts for row in rows for item in news.of_message(session, row.team_id, row.id) if item.kind == "move"
        }
    everything = [reply for top in person.dm() for reply in (top, *top.replies)]
    return list({message.ts: message for message in everything if message.ts in moved}.values())


def held(office: Office) -> list[float]:
    """Return in how many seconds each message of news leaves that waits."""
    with office.needline.database.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == "news", OutboxRow.state == "waiting")).all()
    return [(row.due_at - office.needline.now()).total_seconds() for row in rows]


def test_a_manager_goes_through_everything_and_sees_what_came_of_it(office: Office) -> None:
    mara = office.mara
    numbers = [need(office, office.alice, f"They need thing {n}.") for n in range(4)]
    opens(mara)
    for n, (choice, reason) in enumerate([("accepted", None), ("declined", "effort"), ("deferred", "timing")]):
        assert f"R-{numbers[n]} · They need thing {n}" in shown(mara)
        assert f"{n + 1} of 4" in shown(mara)
        assert "Bob (Approve), Dora (Reject)" in shown(mara)
        assert "No clear result" in shown(mara)
        assert not decides(mara, choice, reason).closed
    decides(mara, "skipped")
    assert "1 accepted, 1 declined, 1 deferred, and 1 skipped." in shown(mara)
    assert [status(office, number) for number in numbers] == ["accepted", "declined", "deferred", "in_review"]


def test_each_field_is_there_when_it_is_needed_and_in_the_requesters_language(office: Office) -> None:
    mara = office.mara
    need(office, office.meiling, "他们需要导出。")
    workspace.quiet(office)  # by then we know what Meiling reads
    opens(mara)
    assert mara.modal
    assert mara.modal.labels() == [say("en", "form.decision")]
    fields = {
        "accepted": ["target", "sentence"],
        "declined": ["reason", "sentence"],
        "deferred": ["reason", "sentence"],
    }
    for choice, names in fields.items():
        mara.picks("Decision", say("en", f"decision.{choice}"))
        assert mara.modal.labels() == [say("en", f"form.{name}") for name in ("decision", *names)]
        assert mara.modal.value(say("en", "form.sentence")) == say("zh_Hans", f"sentence.{choice}")
    mara.picks("Decision", "Skip")
    assert mara.modal.labels() == [say("en", "form.decision")]


def test_nothing_is_decided_without_a_choice(office: Office) -> None:
    number = need(office, office.alice, "They need a choice.")
    opens(office.mara)
    assert office.mara.submits().errors
    delivery = workspace.crafted(office, office.mara, lambda _: None)
    assert list(json.loads(delivery.body)["errors"]) == [f"decision:{number}"]
    assert status(office, number) == "in_review"


def test_what_is_missing_or_past_stays_at_its_field_with_everything_typed(office: Office) -> None:
    mara, number = office.mara, need(office, office.alice, "They need fields.")
    opens(mara)
    mara.picks("Decision", "Decline")
    mara.fills("sentence", "Not where we go.")
    delivery = workspace.crafted(office, mara, lambda _: None)
    assert json.loads(delivery.body)["errors"] == {f"reason:declined:{number}": say("en", "refused.reason_missing")}
    mara.picks("Decision", "Accept")
    mara.fills("target", "2020-01-01")
    assert mara.submits().errors == {say("en", "form.target"): say("en", "refused.target_past")}
    mara.fills("target", "2099-12")
    mara.submits()
    assert status(office, number) == "accepted"


def test_the_next_requirement_begins_with_empty_fields(office: Office) -> None:
    mara = office.mara
    for n in range(2):
        need(office, office.alice, f"They need thing {n}.")
    opens(mara)
    decides(mara, "accepted", target="2099-12", sentence="For this one only.")
    assert mara.modal
    assert mara.modal.value("Decision") is None
    mara.picks("Decision", "Accept")
    assert mara.modal.value("target") is None
    assert mara.modal.value("sentence") == say("en", "sentence.accepted")


def test_why_it_is_here_what_was_answered_and_said_is_shown(office: Office) -> None:
    card = workspace.card(office, workspace.file(office, office.alice, "They need an answer.", "Acme"))
    office.bob.chooses("Ask", on=card)
    office.bob.fills("question", "Which format?")
    office.bob.submits()
    question = office.ws.eventually(lambda: workspace.in_dm(office.alice, "Which format?"))[-1]
    office.bob.presses("Approve", on=card)
    heard = office.dora.presses("Reject", on=card)
    assert heard.status == 200
    asked = office.ws.eventually(lambda: [said for said in office.dora.ephemerals() if said.buttons() == ["Say why"]])
    office.dora.presses("Say why", on=asked[0])
    office.dora.fills("why", "Too much work.")
    office.dora.submits()
    office.alice.presses("Reply", on=question)
    office.alice.fills("answer", "XLSX, please.")
    office.alice.submits()
    opens(office.mara)
    text = shown(office.mara)
    for part in ("A question was answered", "Which format?", "XLSX, please.", "Dora: Too much work.", "since today"):
        assert part in text


def test_hidden_customers_are_shown_to_managers_here(office: Office) -> None:
    need(office, office.alice, "They need a secret.", hide_customer=True, customer_name="Umbrella")
    opens(office.mara)
    assert "Umbrella" in shown(office.mara)


@pytest.mark.parametrize("name", ["bob", "meiling"])
def test_who_is_no_manager_is_told_so_wherever_they_try(office: Office, name: str) -> None:
    person = getattr(office, name)
    channel, due = call(office)
    office.ws.invite(office.meiling, channel)
    need(office, office.alice, "They need a manager.")
    assert person.sends("/feedback 评审").text == say(locale(person), "refused.managers_only")
    until(office, due + timedelta(seconds=2))
    digest = office.ws.eventually(lambda: workspace.standing(office, channel, "Review meeting"))[-1]
    heard = workspace.hears(office, person, partial(person.presses, "Decide through", on=digest))
    assert heard == say(locale(person), "refused.managers_only")
    assert person.modal is None


def test_it_opens_from_the_digest_too(office: Office) -> None:
    channel, due = call(office)
    number = need(office, office.alice, "They need a button.")
    until(office, due + timedelta(seconds=2))
    digest = office.ws.eventually(lambda: workspace.standing(office, channel, "Review meeting"))[-1]
    office.mara.presses("Decide through", on=digest)
    decides(office.mara, "accepted")
    assert status(office, number) == "accepted"


def test_when_nothing_needs_a_decision_it_says_so(office: Office) -> None:
    opens(office.mara)
    assert say("en", "walk.none") in shown(office.mara)


def test_a_manager_no_more_is_refused_in_the_middle_and_keeps_what_was_typed(office: Office) -> None:
    mara, number = office.mara, need(office, office.alice, "They need a former manager.")
    opens(mara)
    mara.picks("Decision", "Accept")
    workspace.set_policy(office, people=workspace.rules(office)["people"] | {"managers": []})
    assert say("en", "refused.managers_only") in mara.submits().text
    mara.picks("Decision", "Decline")
    office.ws.eventually(lambda: mara.modal and say("en", "refused.managers_only") in mara.modal.text())
    mara.closes()
    skip = {"selected_option": {"text": {"type": "plain_text", "text": "Skip"}, "value": "skipped"}}
    delivery = workspace.crafted(office, mara, lambda sent: workspace.put(sent["view"], f"decision:{number}", skip))
    assert list(json.loads(delivery.body)["errors"].values()) == [say("en", "refused.managers_only")]
    assert status(office, number) == "in_review"


def test_of_two_managers_the_second_hears_kindly_who_was_quicker_and_goes_on(office: Office) -> None:
    mara, ada = office.mara, office.ada
    first, second = (need(office, office.alice, f"They need thing {n}.") for n in range(2))
    opens(mara)
    opens(ada)
    ada.picks("Decision", "Decline")
    ada.picks("reason", say("en", "reason.effort"))
    ada.fills("sentence", "Too much work, says Ada.")
    decides(mara, "accepted")
    answer = ada.submits()
    assert answer.ok
    text = shown(ada)
    named = {"ref": f"R-{first}", "title": "They need thing 0", "name": "Mara", "status": "Accepted"}
    assert say("en", "walk.decided", **named).replace("*", "") in text
    assert "Too much work, says Ada." in text
    assert f"R-{second}" in text
    assert status(office, first) == "accepted"
    decides(ada, "accepted")
    assert "1 accepted and 1 decided by others meanwhile." in shown(ada)
    decides(mara, "skipped")
    assert status(office, second) == "accepted"


def test_what_others_decided_before_its_turn_is_passed_over(office: Office) -> None:
    numbers = [need(office, office.alice, f"They need thing {n}.") for n in range(3)]
    opens(office.mara)
    opens(office.ada)
    decides(office.ada, "skipped")
    decides(office.ada, "accepted")
    decides(office.mara, "accepted")
    assert f"R-{numbers[2]}" in shown(office.mara)
    assert "3 of 3" in shown(office.mara)


def test_what_was_reopened_or_withdrawn_meanwhile_is_not_decided(office: Office) -> None:
    mara = office.mara
    first, second, third = (need(office, office.alice, f"They need thing {n}.") for n in range(3))
    opens(mara)
    card = workspace.card(office, 1)
    for to in ("Declined", "In review"):
        office.ada.chooses("Change status", on=card)
        office.ada.picks("status", to)
        if to == "Declined":
            office.ada.picks("reason", say("en", "reason.effort"))
        assert office.ada.submits().closed
        office.ws.eventually(lambda to=to: f"Status: {to}" in card.text)
    decides(mara, "accepted")
    assert "was reopened meanwhile" in shown(mara)
    assert f"R-{second}" in shown(mara)
    with office.needline.database.begin() as session:
        requirements.withdraw(session, office.ws.team_id, second, office.needline.now())
    decides(mara, "accepted")
    assert "was withdrawn meanwhile" in shown(mara)
    decides(mara, "accepted")
    assert [status(office, number) for number in (first, second, third)] == ["in_review", "in_review", "accepted"]


def test_a_submission_that_comes_twice_is_taken_once_and_answered_alike(office: Office) -> None:
    mara = office.mara
    numbers = [need(office, office.alice, f"They need thing {n}.") for n in range(2)]
    workspace.quiet(office)  # by then Alice's name is known
    opens(mara)
    mara.picks("Decision", "Accept")
    answers = mara.submits(twice=True)
    bodies = [answer.delivery.body for answer in answers if answer.delivery]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert f"R-{numbers[1]}" in shown(mara)
    decides(mara, "skipped")
    assert "1 accepted and 1 skipped." in shown(mara)
    with office.needline.database.read() as session:
        moves = requirements.moves(session, office.ws.team_id, numbers[0])
    assert [move.after for move in moves] == ["in_review", "accepted"]


def test_twenty_decisions_are_one_message_for_each_requester_in_their_language(office: Office) -> None:
    mara = office.mara
    for n in range(10):
        need(office, office.alice, f"They need thing {n}.")
        need(office, office.meiling, f"他们需要第 {n} 项。", REJECTED)
    workspace.quiet(office)
    opens(mara)
    for n in range(20):
        decides(mara, *(("accepted",) if n % 2 else ("declined", "effort")))
        if n % 5 == 0:
            workspace.passes(office, timedelta(minutes=4))
    assert "10 accepted and 10 declined." in shown(mara)
    assert say("en", "walk.told") in shown(mara)
    office.ws.eventually(lambda: told(office, office.alice) and told(office, office.meiling))
    workspace.quiet(office)
    for person, words in ((office.alice, "They need thing {}"), (office.meiling, "他们需要第 {} 项")):
        (message,) = told(office, person)
        assert all(words.format(n) in message.text for n in range(10))
    assert say("zh_Hans", "status.declined") in told(office, office.meiling)[0].text


@pytest.mark.parametrize("everything", [False, True])
def test_who_stops_early_lets_the_news_leave(office: Office, everything: bool) -> None:  # noqa: FBT001 - a parameter
    for n in range(2):
        need(office, office.alice, f"They need thing {n}.")
    workspace.quiet(office)
    opens(office.mara)
    decides(office.mara, "accepted")
    assert [wait for wait in held(office) if wait > 600]
    assert told(office, office.alice) == []
    office.mara.closes(everything=everything)
    office.ws.eventually(lambda: told(office, office.alice))


def test_news_waits_as_long_as_the_meeting_goes_on_and_not_for_ever(office: Office) -> None:
    for n in range(4):
        need(office, office.alice, f"They need thing {n}.")
    workspace.quiet(office)
    opens(office.mara)
    for _ in range(3):
        decides(office.mara, "accepted")
        workspace.passes(office, timedelta(minutes=14))
    assert told(office, office.alice) == []
    workspace.passes(office, timedelta(minutes=2))
    office.ws.eventually(lambda: told(office, office.alice), what="news that nobody let go")
    assert len(told(office, office.alice)) == 1


def test_the_card_and_the_receipt_show_a_decision_at_once(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need it shown.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    office.bob.presses("Approve", on=card)
    office.dora.presses("Reject", on=card)
    workspace.quiet(office)
    opens(office.mara)
    decides(office.mara, "accepted")
    need(office, office.alice, "They need another.")
    office.ws.eventually(lambda: "Status: Accepted" in card.text)
    office.ws.eventually(lambda: "is accepted" in receipt.text)


def test_a_forged_form_decides_nothing_it_may_not(office: Office) -> None:
    open_vote = need(office, office.alice, "They need a vote.", ())
    number = need(office, office.alice, "They need a decision.")
    opens(office.mara)
    office.mara.picks("Decision", "Accept")

    def point_at(todo: object) -> Callable[[dict[str, Any]], None]:
        def change(sent: dict[str, Any]) -> None:
            carried = json.loads(sent["view"]["private_metadata"])
            sent["view"]["private_metadata"] = json.dumps({**carried, "todo": todo, "decided": "all", "counts": [1]})

        return change

    for todo in ([open_vote], [999], "everything", [], None, [None, -1]):
        assert workspace.crafted(office, office.mara, point_at(todo)).status == 200
    assert (status(office, open_vote), status(office, number)) == ("in_review", "in_review")
