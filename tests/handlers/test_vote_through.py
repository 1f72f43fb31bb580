"""Voting through: one round after another in one modal, each answer taken once, nothing typed lost."""

import json
from datetime import timedelta
from itertools import count

from bot.domain.feedback import Draft
from bot.domain.people import Actor
from bot.i18n import say
from bot.services import feedback as service
from practice.people import Person
from practice.workspace import Message
from storage import feedback, votes
from storage.votes import Ballot
from tests import workspace
from tests.workspace import Office, locale

KINDS = ("sqlite", "postgresql")
_cases = count(1)


def wishes(office: Office, amount: int, by: Person | None = None) -> list[int]:
    """File needs nobody filed before; return their requirements."""
    actor = Actor(office.ws.team_id, (by or office.alice).id)
    with office.needline.database.begin() as session:
        for number in [next(_cases) for _ in range(amount)]:
            draft = Draft(words=f"Case {number} needs a vote.", customer_name="Acme")
            service.file(session, actor, draft, office.needline.now(), key=f"case:{number}")
        filed = feedback.filed_by(session, actor.team_id, actor.user_id, amount)
    return [item.requirement for item in reversed(filed) if item.requirement]


def reviewer(office: Office, tongue: str = "en-US") -> Person:
    """Return a new reviewer, for whom nothing waits."""
    return workspace.new_reviewer(office, f"Reviewer {next(_cases)}", tongue)


def ballot(office: Office, person: Person, requirement: int) -> Ballot | None:
    """Return a person's vote in the newest round of a requirement."""
    with office.needline.database.read() as session:
        vote = votes.latest(session, office.ws.team_id, requirement)
        assert vote
        return votes.ballot(session, vote, person.id)


def cast(office: Office, person: Person, requirement: int) -> tuple[str, str | None] | None:
    """Return how a person voted, and why."""
    found = ballot(office, person, requirement)
    return (found.choice, found.why) if found else None


def answer(person: Person, label: str, why: str = "") -> None:
    """Answer the round shown and send it."""
    person.picks(say(locale(person), "form.choice"), label)
    if why:
        person.fills(say(locale(person), "form.why"), why)
    assert person.submits().ok


def shown(person: Person) -> str:
    """Return what the open modal says."""
    assert person.modal
    return person.modal.text()


def card_of(office: Office, requirement: int) -> Message:
    """Return a requirement's card."""
    with office.needline.database.read() as session:
        (item,) = feedback.of_requirement(session, office.ws.team_id, requirement)
    return workspace.card(office, item.number)


def plain(key: str, tongue: str = "en", **params: object) -> str:
    """Return a sentence as it reads on screen."""
    return say(tongue, key, **params).replace("*", "").replace("`", "")


# -- the walk


def test_rounds_come_one_after_another_and_each_vote_counts(office: Office) -> None:
    person = reviewer(office)
    office.alice.sends("/feedback mine")  # so that her name is known
    first, second, third = wishes(office, 3)
    assert person.sends("/feedback vote").ok
    assert f"R-{first} · Case" in shown(person)
    assert "1 of 3" in shown(person)
    assert "Acme · Need · When: Not said · Filed by Alice" in shown(person)
    assert "No votes yet, 2 needed" in shown(person)
    answer(person, "Approve")
    assert plain("voted", ref=f"R-{first}", choice="Approve") in shown(person)
    assert f"R-{second} · Case" in shown(person)
    assert "2 of 3" in shown(person)
    answer(person, "Reject", "Too early for <them> & us.")
    answer(person, "Abstain")
    assert person.modal
    assert person.modal.submit_label == ""
    assert plain("through.voted", n=3) in shown(person)
    assert plain("through.nothing") in shown(person)
    choices = [cast(office, person, number) for number in (first, second, third)]
    assert choices == [("approve", None), ("reject", "Too early for <them> & us."), ("abstain", None)]
    office.ws.eventually(lambda: "1 of 2" in card_of(office, second).text)


def test_the_answer_and_the_line_of_one_round_do_not_stand_in_the_next(office: Office) -> None:
    person = reviewer(office)
    wishes(office, 2)
    person.sends("/feedback vote")
    answer(person, "Reject", "Only for the first.")
    assert person.modal
    assert person.modal.value("Your vote") is None
    assert person.modal.value("Why?") in {None, ""}
    assert set(person.submits().errors) == {"Your vote"}  # an answer is asked for anew
    person.closes()


def test_the_next_deadline_comes_first(office: Office) -> None:
    person = reviewer(office)
    later, sooner = wishes(office, 2)
    with office.needline.database.begin() as session:
        vote = votes.latest(session, office.ws.team_id, sooner)
        assert vote
        assert vote.due_at
        votes.resume(session, vote, vote.due_at - timedelta(hours=30))
    person.sends("/feedback vote")
    assert f"R-{sooner} ·" in shown(person)
    answer(person, "Approve")
    assert f"R-{later} ·" in shown(person)
    person.closes()


def test_what_was_skipped_is_named_at_the_end_and_still_waits(office: Office) -> None:
    person = reviewer(office)
    first, second = wishes(office, 2)
    person.sends("/feedback vote")
    answer(person, "Skip for now")
    assert plain("voted", ref=f"R-{first}", choice="Approve") not in shown(person)
    answer(person, "Approve")
    assert plain("through.voted", n=1) in shown(person)
    assert plain("through.skipped", n=1) in shown(person)
    assert f"R-{first} · Case" in shown(person)
    assert f"R-{second} · Case" not in shown(person)
    assert plain("through.waiting", n=1) in shown(person)
    assert cast(office, person, first) is None
    person.closes()
    person.sends("/feedback vote")
    assert f"R-{first} ·" in shown(person)
    assert "1 of 1" in shown(person)


def test_a_line_beside_a_skip_is_not_lost(office: Office) -> None:
    person = reviewer(office)
    (number,) = wishes(office, 1)
    person.sends("/feedback vote")
    person.picks("Your vote", "Skip for now")
    person.fills("Why?", "I should not write this.")
    assert person.submits().errors == {"Why?": say("en", "refused.skip_why")}
    person.picks("Your vote", "Abstain")
    assert person.submits().ok
    assert cast(office, person, number) == ("abstain", "I should not write this.")


def test_the_vote_that_makes_the_quorum_tells_the_result(office: Office) -> None:
    person = reviewer(office)
    first, _ = wishes(office, 2)
    office.dora.presses("Approve", on=card_of(office, first))
    person.sends("/feedback vote")
    answer(person, "Approve", "They pay for it.")
    assert plain("voted.closed", ref=f"R-{first}", choice="Approve", result="Approved") in shown(person)
    office.ws.eventually(lambda: "Accepted" in card_of(office, first).text)
    assert cast(office, person, first) == ("approve", "They pay for it.")
    person.closes()


def test_the_end_of_a_vote_with_nothing_cast_says_so_kindly(office: Office) -> None:
    person = reviewer(office)
    wishes(office, 1)
    person.sends("/feedback vote")
    answer(person, "Skip for now")
    assert plain("through.voted_none") in shown(person)


# -- taken once


def test_an_answer_delivered_twice_at_once_shows_the_same_next_round_and_counts_once(office: Office) -> None:
    person = reviewer(office)
    first, second, third = wishes(office, 3)
    person.sends("/feedback vote")
    person.picks("Your vote", "Approve")
    answers = person.submits(twice=True)
    bodies = [json.loads(answer.delivery.body) for answer in answers if answer.delivery]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert f"R-{second} ·" in shown(person)
    assert [cast(office, person, number) is None for number in (first, second, third)] == [False, True, True]
    answer(person, "Approve")
    assert f"R-{third} ·" in shown(person)
    person.closes()


def test_an_answer_repeated_later_changes_nothing_of_what_came_after(office: Office) -> None:
    person = reviewer(office)
    first, second = wishes(office, 2)
    person.sends("/feedback vote")
    answer(person, "Approve", "At first.")
    sent = office.ws.ledger.deliveries("view_submission")[-1]
    person.presses("Reject", on=card_of(office, first))
    again = json.loads(office.ws.redeliver(sent).body)
    assert f"R-{second} ·" in json.dumps(again, ensure_ascii=False)
    assert cast(office, person, first) == ("reject", None)
    person.closes()


def test_a_refused_answer_repeated_is_refused_again(office: Office) -> None:
    person = reviewer(office)
    first, _ = wishes(office, 2)
    person.sends("/feedback vote")
    _close(office, first)
    answer(person, "Approve", "In vain.")
    sent = office.ws.ledger.deliveries("view_submission")[-1]
    assert json.loads(office.ws.redeliver(sent).body) == json.loads(sent.body)
    assert cast(office, person, first) is None
    person.closes()


# -- what changes meanwhile


def _close(office: Office, requirement: int) -> None:
    with office.needline.database.begin() as session:
        vote = votes.latest(session, office.ws.team_id, requirement)
        assert vote
        assert votes.close(session, vote, votes.Result.REJECTED, office.needline.now())


def test_a_vote_on_a_round_closed_meanwhile_is_explained_and_its_line_given_back(office: Office) -> None:
    person = reviewer(office)
    first, second = wishes(office, 2)
    person.sends("/feedback vote")
    _close(office, first)
    answer(person, "Approve", "They <b>wait</b> for it.")
    why_not = say("en", "refused.vote_closed", result="Rejected")
    assert plain("through.refused", ref=f"R-{first}", sentence=why_not) in shown(person)
    assert "They <b>wait</b> for it." in shown(person)
    assert f"R-{second} ·" in shown(person)
    answer(person, "Approve")
    assert plain("through.voted", n=1) in shown(person)


def test_rounds_that_closed_before_their_turn_are_passed_over_with_a_word(office: Office) -> None:
    person = reviewer(office)
    first, second, third, fourth = wishes(office, 4)
    person.sends("/feedback vote")
    _close(office, second)
    person.presses("Approve", on=card_of(office, third))  # voted on elsewhere: that needs no word
    answer(person, "Approve")
    assert plain("through.closed", votes=f"R-{second} (Rejected)") in shown(person)
    assert f"R-{fourth} ·" in shown(person)
    assert "4 of 4" in shown(person)
    assert cast(office, person, first) == ("approve", None)
    person.closes()


def test_a_requirement_withdrawn_meanwhile_is_no_dead_end(office: Office) -> None:
    person = reviewer(office)
    number = workspace.file(office, office.alice, f"Case {next(_cases)} needs an undo.")
    gone = workspace.requirement(office, number)
    person.sends("/feedback vote")
    office.alice.presses("Undo", on=workspace.receipt(office, number))
    answer(person, "Approve", "Yes.")
    sentence = say("en", "refused.withdrawn")
    assert plain("through.refused", ref=f"R-{gone}", sentence=sentence) in shown(person)
    assert "Yes." in shown(person)
    assert plain("through.nothing") in shown(person)


def test_a_vote_begun_anew_meanwhile_is_not_cast_on_by_the_old_form(office: Office) -> None:
    person = reviewer(office)
    (number,) = wishes(office, 1)
    person.sends("/feedback vote")
    for status in ("Deferred", "In review"):
        office.mara.chooses("Change status", on=card_of(office, number))
        if status == "Deferred":
            office.mara.picks("status", status)
            office.mara.picks("reason", say("en", "reason.capacity"))
        assert office.mara.submits().closed
    answer(person, "Approve")
    assert plain("through.former") in shown(person)
    assert plain("through.waiting", n=1) in shown(person)
    assert cast(office, person, number) is None


def test_who_is_no_reviewer_any_more_is_told_and_their_line_given_back(office: Office) -> None:
    person = reviewer(office)
    wishes(office, 2)
    person.sends("/feedback vote")
    answer(person, "Approve")
    workspace.set_policy(office, people=workspace.rules(office)["people"])
    answer(person, "Reject", "My last word.")
    assert say("en", "refused.reviewers_only") in shown(person)
    assert "My last word." in shown(person)
    assert plain("through.voted", n=1) in shown(person)


# -- who may, and who has nothing to do


def test_with_nothing_to_vote_on_the_command_says_so(office: Office) -> None:
    answered = reviewer(office).sends("/feedback vote")
    assert answered.ephemeral
    assert answered.text == plain("through.nothing")


def test_who_is_no_reviewer_is_refused_kindly_in_their_language(office: Office) -> None:
    assert office.alice.sends("/feedback vote").text == say("en", "refused.reviewers_only")
    assert office.meiling.sends("/feedback 投票").text == say("zh_Hans", "refused.reviewers_only")


def test_what_only_the_reviewer_asks_for_does_not_come_up(office: Office) -> None:
    person = reviewer(office)
    wishes(office, 1, by=person)
    assert person.sends("/feedback vote").text == plain("through.nothing")


def test_the_walk_is_in_chinese_for_who_reads_it(office: Office) -> None:
    person = reviewer(office, "zh-CN")
    (number,) = wishes(office, 1)
    person.sends("/feedback 投票")
    assert person.modal
    assert person.modal.title == "逐个投票"
    answer(person, "反对", "现在太早。")
    assert plain("voted", "zh_Hans", ref=f"R-{number}", choice="反对") in shown(person)
    assert plain("through.voted", "zh_Hans", n=1) in shown(person)


# -- what others voted, and whose customer it is


def test_a_blind_round_shows_who_voted_but_never_how(office: Office) -> None:
    person = reviewer(office)
    (number,) = wishes(office, 1)
    office.dora.presses("Reject", on=card_of(office, number))
    person.sends("/feedback vote")
    assert "1 of 2 votes in: Dora" in shown(person)
    assert "Dora (Reject)" not in json.dumps(person.modal and person.modal.raw)
    person.closes()


def test_a_hidden_customer_stays_hidden_from_the_reviewer(office: Office) -> None:
    person = reviewer(office)
    hidden = workspace.file(
        office, office.alice, f"Case {next(_cases)} is secret.", "Geheim AG", hide_customer="x", scenario="At night"
    )
    person.sends("/feedback vote")
    assert "Customer hidden" in shown(person)
    assert "At night" in shown(person)
    answer(person, "Skip for now")
    assert f"R-{workspace.requirement(office, hidden)} · Case" in shown(person)
    assert "Geheim AG" not in office.ws.transcript(who=person)
