"""Somebody leaves the workspace: managers take over what was open, and nothing is sent to who is gone."""

from collections.abc import Iterator
from functools import partial

import pytest

from bot.i18n import say
from practice.people import Person
from practice.workspace import Message
from storage import feedback, outbox, people
from tests import workspace
from tests.workspace import Office


@pytest.fixture
def office(own_office: Office) -> Iterator[Office]:
    """An office with two managers, where nothing is under way."""
    table = workspace.rules(own_office)["people"]
    workspace.set_policy(own_office, people={**table, "managers": [own_office.mara.id, own_office.emil.id]})
    yield own_office
    assert own_office.ws.problems == []


def leaves(office: Office, person: Person) -> None:
    """Let somebody leave, and wait until everything that follows was sent."""
    office.ws.deactivate(person)
    office.ws.eventually(lambda: is_gone(office, person), what=f"nobody noticed that {person.name} left")
    workspace.quiet(office)


def is_gone(office: Office, person: Person) -> bool:
    with office.needline.database.read() as session:
        return people.gone(session, office.ws.team_id, {person.id}) == {person.id}


def told(office: Office, person: Person, leaver: str) -> list[Message]:
    return workspace.in_dm(person, f"{leaver} is no longer in this workspace")


def filer(office: Office, number: int) -> str:
    with office.needline.database.read() as session:
        found = feedback.get(session, office.ws.team_id, number)
    assert found
    return found.filed_by


def test_a_manager_takes_over_what_a_csm_who_left_had_open_and_a_second_hears_who_has_it(office: Office) -> None:
    first = workspace.file(office, office.alice, "They need an export.")
    second = workspace.file(office, office.alice, "Why is it so slow?", kind="question")
    workspace.receipt(office, first)
    workspace.quiet(office)
    before = len(office.alice.dm())
    leaves(office, office.alice)
    (message,) = told(office, office.mara, "Alice")
    assert len(told(office, office.emil, "Alice")) == 1
    assert message.buttons() == ["Take over", "Take over"]

    take = partial(office.mara.presses, "Take over", on=message)
    heard = workspace.hears(office, office.mara, take)
    taken = second if f"F-{second}" in heard else first
    assert heard == say("en", "taken_over", number=f"F-{taken}")
    assert filer(office, taken) == office.mara.id
    receipt = office.ws.eventually(lambda: workspace.posted(office, f"receipt:F-{taken}"), what="no receipt")
    assert receipt
    assert receipt in office.mara.dm()

    (other,) = told(office, office.emil, "Alice")
    refused = workspace.hears(office, office.emil, partial(office.emil.presses, "Take over", on=other))
    assert refused == say("en", "refused.filer_is_here", person="Mara")
    again = workspace.hears(office, office.mara, take)
    assert again == say("en", "refused.filer_is_here", person="Mara")
    workspace.quiet(office)
    assert len(office.alice.dm()) == before


def test_the_news_of_what_was_taken_over_goes_to_the_manager_alone(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need an export.")
    card = workspace.card(office, number)
    workspace.receipt(office, number)
    leaves(office, office.alice)
    (message,) = told(office, office.mara, "Alice")
    workspace.hears(office, office.mara, partial(office.mara.presses, "Take over", on=message))
    workspace.quiet(office)
    calls = len(office.ws.ledger.calls())
    for person in (office.bob, office.dora):
        workspace.hears(office, person, partial(person.presses, "Approve", on=card))
    receipt = office.ws.eventually(lambda: workspace.posted(office, f"receipt:F-{number}"))
    assert receipt
    office.ws.eventually(lambda: receipt.replies, what="no news in the thread")
    workspace.quiet(office)
    assert "Accepted" in receipt.replies[0].text
    channels = {call.args.get("channel") for call in office.ws.ledger.calls()[calls:]}
    assert f"D{office.alice.id[1:]}" not in channels


def test_news_of_who_left_is_not_sent_and_nobody_is_bothered_with_that(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need an export.")
    card = workspace.card(office, number)
    workspace.receipt(office, number)
    leaves(office, office.alice)
    calls = len(office.ws.ledger.calls())
    for person in (office.bob, office.dora):
        workspace.hears(office, person, partial(person.presses, "Approve", on=card))
    workspace.quiet(office)
    channels = {call.args.get("channel") for call in office.ws.ledger.calls()[calls:]}
    assert f"D{office.alice.id[1:]}" not in channels
    assert workspace.in_dm(office.ada, "could not be delivered") == []
    with office.needline.database.read() as session:
        assert outbox.dead(session, office.ws.team_id, office.alice.id) == []


def test_a_reviewer_who_left_before_their_first_vote_is_noticed_too(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need an export.")
    requirement = workspace.requirement(office, number)
    with office.needline.database.read() as session:
        assert people.get(session, office.ws.team_id, office.bob.id) is None
    leaves(office, office.bob)
    (message,) = told(office, office.mara, "Bob")
    assert f"R-{requirement}" in message.text
    assert message.buttons() == []


def test_somebody_we_never_met_leaves_unnoticed(office: Office) -> None:
    visitor = office.ws.person("Visitor")
    workspace.file(office, office.alice, "They need an export.")
    workspace.quiet(office)
    office.ws.deactivate(visitor)
    leaves(office, office.bob)  # comes after it
    assert not is_gone(office, visitor)
    assert told(office, office.mara, "Visitor") == []


def test_the_same_event_delivered_twice_tells_once(office: Office) -> None:
    workspace.file(office, office.alice, "They need an export.")
    workspace.quiet(office)
    leaves(office, office.alice)
    shape = {"id": office.alice.id, "name": "alice", "deleted": True, "profile": {"real_name": "Alice"}}
    delivery = office.ws.event({"type": "user_change", "user": shape})
    assert delivery.status == 200
    assert office.ws.redeliver(delivery).status == 200
    workspace.quiet(office)
    assert len(told(office, office.mara, "Alice")) == 1


def test_a_manager_who_reads_chinese_is_told_in_chinese(office: Office) -> None:
    table = workspace.rules(office)["people"]
    workspace.set_policy(office, people={**table, "managers": [office.meiling.id]})
    workspace.file(office, office.alice, "They need an export.")
    workspace.quiet(office)
    leaves(office, office.alice)
    (message,) = workspace.in_dm(office.meiling, "Alice 已不在这个工作区")
    assert message.buttons() == [say("zh_Hans", "button.take_over")]
