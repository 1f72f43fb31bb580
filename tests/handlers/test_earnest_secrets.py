"""Two weeks with a hidden customer and an anonymous vote: whoever may not know reads neither a name nor a vote."""

import json
from datetime import timedelta
from functools import partial

import pytest

from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.i18n import say
from bot.services import feedback, news, votes
from practice.people import Person
from practice.workspace import Message
from storage import feedback as feedback_store
from storage import policy
from storage import votes as vote_store
from tests import workspace
from tests.handlers.meetings import call, introduced, until
from tests.workspace import Office

SECRET, SAID_BY = "Halvorsen Marine", "Ingrid Halvorsen"


@pytest.fixture
def office(own_office: Office) -> Office:
    """An office of the test's own, on each database."""
    introduced(own_office)
    for person in (own_office.alice, own_office.emil):
        person.sends("/feedback help")
    return own_office


def secret(office: Office, words: str) -> int:
    """File feedback of a customer whose name is hidden."""
    return workspace.file(office, office.alice, words, SECRET, hide_customer="yes", said_by=SAID_BY)


def casts(office: Office, person: Person, requirement: int, choice: Choice, why: str = "") -> None:
    """Vote, and say why."""
    team, now = office.ws.team_id, office.needline.now()
    actor = Actor(team, person.id)
    with office.needline.database.begin() as session:
        votes.cast(session, actor, requirement, choice, now.timestamp(), now)
        if why:
            votes.say_why(session, actor, requirement, why, now)


def looks_around(person: Person, card: Message, number: int) -> None:
    """Look at all there is to see: the card's details, Home, every command."""
    for look in (
        partial(person.chooses, "Details", on=card),
        person.opens_home,
        *(
            partial(person.sends, f"/feedback {words}")
            for words in ("mine", "find secret", "find halvorsen", f"F-{number}")
        ),
        *(partial(person.sends, f"/feedback {words}") for words in ("vote", "decide", "summary", "R-1")),
    ):
        look()
        if person.modal:
            person.closes(everything=True)


# -- a hidden customer


def test_a_hidden_customer_stays_hidden_in_all_that_comes_by_itself_and_all_that_is_pressed(office: Office) -> None:
    _, due = call(office)
    number = secret(office, "They need a secret.")
    card, requirement = workspace.card(office, number), workspace.requirement(office, number)
    workspace.quiet(office)
    office.bob.sends("/feedback vote")
    office.bob.picks("Your vote", "Reject")
    office.bob.fills("Why?", "No.")
    assert office.bob.submits().ok
    office.alice.sends(f"/feedback F-{number}")
    office.alice.presses("Edit")
    office.alice.fills("What did the customer say?", "They need another secret.")
    assert office.alice.submits().closed
    office.emil.chooses("Ask", on=card)
    office.emil.fills("Your question", "Whose secret?")
    office.emil.submits()
    workspace.quiet(office)
    casts(office, office.dora, requirement, Choice.APPROVE)
    workspace.quiet(office)
    for person in (office.bob, office.emil, office.dora, office.meiling):
        looks_around(person, card, number)
    until(office, due + timedelta(seconds=5))
    workspace.quiet(office)
    for person in (office.bob, office.emil, office.dora, office.meiling):
        seen = office.ws.transcript(who=person)
        assert say("en", "customer.hidden") in seen
        assert "Halvorsen" not in seen.replace("halvorsen", "").replace("/feedback find", "")
    in_channels = [call for call in office.ws.ledger.calls() if str(call.args.get("channel", "")).startswith("C")]
    assert in_channels
    assert "Halvorsen" not in json.dumps([workspace.decoded(call) for call in in_channels], ensure_ascii=False)
    office.mara.sends("/feedback decide")
    assert office.mara.modal
    assert SECRET in office.mara.modal.text()


def test_who_is_no_manager_any_more_hears_nothing_of_what_waited_for_managers(office: Office) -> None:
    table, patient = workspace.rules(office)["people"], {**workspace.QUICK, "merge_s": 2}
    workspace.set_policy(office, people={**table, "managers": [office.mara.id, office.emil.id]})
    number = secret(office, "They need an answer.")
    workspace.quiet(office)
    workspace.set_policy(office, delivery=patient)
    with office.needline.database.begin() as session:
        team, now = office.ws.team_id, office.needline.now()
        asked = Actor(team, office.bob.id)
        feedback.ask(session, asked, number, "Whose?", now, key="asked")
        item, rules = feedback_store.get(session, team, number), policy.load(session, team)
        assert item
        news.inform(session, team, rules.people.managers, item, "unanswered", 1, by=None, policy=rules, now=now)
    workspace.set_policy(office, people=table)
    workspace.quiet(office)
    (told,) = workspace.in_dm(office.mara, "has not answered this question")
    assert SECRET in told.text
    assert workspace.in_dm(office.emil, "has not answered this question") == []
    assert "Halvorsen" not in office.ws.transcript(who=office.emil)


# -- an anonymous vote


def test_of_an_anonymous_vote_nobody_but_the_voter_ever_reads_who_cast_it(office: Office) -> None:
    vote = {"quorum": 3, "anonymous": True, "blind": False}
    _, due = call(office)
    workspace.set_policy(office, vote=vote)
    number = secret(office, "They need a ballot.")
    card, requirement = workspace.card(office, number), workspace.requirement(office, number)
    workspace.quiet(office)
    watchers = (office.alice, office.meiling, office.mara)
    since = office.ws.clock.now()
    for at, (person, choice) in enumerate(
        [(office.dora, Choice.APPROVE), (office.bob, Choice.REJECT), (office.emil, Choice.ABSTAIN)]
    ):
        casts(office, person, requirement, choice, why=f"Because of reason {9 - at}.")
        workspace.quiet(office)
        for watcher in watchers:
            looks_around(watcher, card, number)
    until(office, due + timedelta(seconds=5))
    office.mara.sends("/feedback decide")
    assert office.mara.modal
    assert "“Because of reason 7.”" in office.mara.modal.text()
    office.mara.picks("Decision", "Accept")
    office.mara.submits()
    workspace.quiet(office)
    for watcher in watchers:
        looks_around(watcher, card, number)
        seen = office.ws.transcript(who=watcher, since=since)
        assert "Because of reason 7" in seen
        for name in ("Bob", "Dora", "Emil", office.bob.id, office.dora.id, office.emil.id):
            assert name not in "".join(line for line in seen.splitlines() if "/feedback" not in line)


def test_whom_an_anonymous_vote_waited_for_is_not_handed_to_the_managers(office: Office) -> None:
    workspace.set_policy(office, vote={"quorum": 2, "anonymous": True})
    secretly = workspace.requirement(office, workspace.file(office, office.alice, "They need a secret ballot."))
    table = workspace.rules(office)["people"]
    workspace.set_policy(office, people={**table, "reviewers": [office.dora.id, office.emil.id]})
    workspace.quiet(office)
    assert workspace.in_dm(office.mara, "is no longer a reviewer") == []
    workspace.set_policy(office, people=table, vote={"quorum": 2})
    openly = workspace.requirement(office, workspace.file(office, office.alice, "They need an open ballot."))
    workspace.set_policy(office, people={**table, "reviewers": [office.dora.id, office.emil.id]})
    workspace.quiet(office)
    (told,) = workspace.in_dm(office.mara, "is no longer a reviewer")
    assert f"R-{openly}" in told.text
    assert f"R-{secretly}" not in told.text


def test_departments_and_ballots_of_an_anonymous_round_stay_out_of_every_document(office: Office) -> None:
    workspace.set_policy(
        office,
        vote={"quorum": 2, "anonymous": True, "blind": True, "departments": ["product", "engineering"]},
        departments={"product": [office.bob.id], "engineering": [office.dora.id]},
    )
    number = workspace.file(office, office.alice, "They need departments.")
    card, requirement = workspace.card(office, number), workspace.requirement(office, number)
    casts(office, office.bob, requirement, Choice.APPROVE)
    workspace.quiet(office)
    assert "1 of 2 votes in" in card.text
    for text in (card.text, str(office.emil.opens_home() and office.emil.home.text())):  # type: ignore[union-attr]
        assert "Still to hear" not in text
        assert "Bob" not in text
    with office.needline.database.read() as session:
        vote = vote_store.latest(session, office.ws.team_id, requirement)
        assert vote
        assert vote.anonymous
