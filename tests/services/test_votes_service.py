import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.domain.requirements import Status
from bot.domain.votes import Choice, Result
from bot.services import feedback, votes
from storage import feedback as feedback_store
from storage import news, requirements
from storage import votes as vote_store
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, EMIL, MARA, MEILING, MONDAY, TEAM, refusal

YES, NO, ABSTAIN = Choice.APPROVE, Choice.REJECT, Choice.ABSTAIN
JURY = (BOB, DORA, EMIL)


@pytest.fixture(autouse=True)
def _under_vote(session: Session) -> None:
    """R-1 of Alice is under vote; two votes close it."""
    make.rules(session)
    make.file(session)


def quorum(session: Session, number: int, **more: object) -> None:
    make.rules(session, vote={"quorum": number, **more})


def standing(session: Session) -> dict[str, str]:
    cast = vote_store.ballots(session, make.newest_round(session))
    return {ballot.user_id: ballot.choice for ballot in cast}


def test_a_vote_stands(session: Session) -> None:
    assert make.vote(session, BOB, 1, NO) == votes.Cast(NO, None)
    assert standing(session) == {"UBOB": "reject"}


def test_a_newer_press_changes_the_vote(session: Session) -> None:
    make.vote(session, BOB, 1, NO, at=1.0)
    make.vote(session, BOB, 1, ABSTAIN, at=2.0)
    assert standing(session) == {"UBOB": "abstain"}
    assert make.newest_round(session).closed_at is None  # two presses of one person are no quorum of two


def test_an_older_press_arriving_late_changes_nothing(session: Session) -> None:
    make.vote(session, BOB, 1, YES, at=2.0)
    make.vote(session, BOB, 1, NO, at=1.0)
    assert standing(session) == {"UBOB": "approve"}


def test_the_time_of_a_press_is_kept_to_the_microsecond(session: Session) -> None:
    make.vote(session, BOB, 1, YES, at=1795424400.000002)
    make.vote(session, BOB, 1, NO, at=1795424400.000001)
    assert standing(session) == {"UBOB": "approve"}
    make.vote(session, BOB, 1, NO, at=1795424400.000003)
    assert standing(session) == {"UBOB": "reject"}


def test_who_pressed_too_early_is_told_the_vote_that_stands(session: Session) -> None:
    make.vote(session, BOB, 1, YES, at=2.0)
    assert make.vote(session, BOB, 1, NO, at=1.0).choice is YES


def test_the_same_press_delivered_twice_is_one_vote(session: Session) -> None:
    for _ in range(2):
        make.vote(session, BOB, 1, YES, at=1.0)
    assert standing(session) == {"UBOB": "approve"}


def test_a_vote_redraws_the_card_and_notifies_nobody(session: Session) -> None:
    make.delivered(session)
    make.vote(session, BOB, 1, YES)
    assert set(make.waiting(session)) == {"card:F-1"}


def test_a_line_of_why_belongs_to_the_choice_it_was_written_for(session: Session) -> None:
    make.vote(session, BOB, 1, NO, at=1.0)
    votes.say_why(session, BOB, 1, "Too dear.", MONDAY)
    make.vote(session, BOB, 1, NO, at=2.0)
    vote = make.newest_round(session)
    assert [ballot.why for ballot in vote_store.ballots(session, vote)] == ["Too dear."]
    make.vote(session, BOB, 1, YES, at=3.0)
    assert [ballot.why for ballot in vote_store.ballots(session, vote)] == [None]


@pytest.mark.parametrize("somebody", [ALICE, MARA, ADA, MEILING])
def test_only_reviewers_vote(session: Session, somebody: Actor) -> None:
    with refusal(session, "refused.reviewers_only"):
        make.vote(session, somebody, 1, YES)


def test_people_of_a_department_are_reviewers(session: Session) -> None:
    make.rules(session, departments={"market": ["UMEILING"]})
    make.vote(session, MEILING, 1, YES)
    assert standing(session) == {"UMEILING": "approve"}


def test_who_is_no_reviewer_any_more_cannot_vote_on_an_old_card(session: Session) -> None:
    make.rules(session, people={"reviewers": ["UDORA", "UEMIL"]})
    with refusal(session, "refused.reviewers_only"):
        make.vote(session, BOB, 1, YES)


def test_nobody_votes_on_what_only_they_asked_for(session: Session) -> None:
    make.file(session, "Bob's own wish.", by=BOB)
    with refusal(session, "refused.own_wish"):
        make.vote(session, BOB, 2, YES)


def test_what_others_ask_for_too_is_not_only_theirs(session: Session) -> None:
    make.file(session, "Bob's own wish.", by=BOB)
    make.ask_too(session, 2, by=MEILING)
    assert make.vote(session, BOB, 2, YES).choice is YES


def test_asking_twice_oneself_is_still_asking_alone(session: Session) -> None:
    make.file(session, "Bob's own wish.", by=BOB)
    make.ask_too(session, 2, by=BOB)
    with refusal(session, "refused.own_wish"):
        make.vote(session, BOB, 2, YES)


def test_when_the_other_withdraws_it_is_only_theirs_again(session: Session) -> None:
    make.file(session, "Bob's own wish.", by=BOB)
    other = make.ask_too(session, 2, by=MEILING)
    feedback.undo(session, MEILING, other.number, MONDAY)
    with refusal(session, "refused.own_wish"):
        make.vote(session, BOB, 2, YES)


def test_an_unknown_requirement_has_no_vote(session: Session) -> None:
    with refusal(session, "refused.unknown_requirement"):
        make.vote(session, BOB, 99, YES)


def test_a_reviewer_of_another_workspace_finds_nothing_here(session: Session) -> None:
    make.rules(session, "T0OTHER")
    with refusal(session, "refused.unknown_requirement"):
        make.vote(session, Actor("T0OTHER", "UBOB"), 1, YES)


def test_one_vote_less_than_the_quorum_leaves_the_round_open(session: Session) -> None:
    quorum(session, 3)
    make.file(session, "Needs three.", by=ALICE)
    for person in (BOB, DORA):
        assert make.vote(session, person, 2, YES).result is None
    assert make.newest_round(session, 2).closed_at is None
    assert make.vote(session, EMIL, 2, YES).result is Result.APPROVED


def test_approved_is_accepted_by_nobody_in_particular(session: Session) -> None:
    make.vote(session, BOB, 1, YES)
    assert make.vote(session, DORA, 1, YES) == votes.Cast(YES, Result.APPROVED)
    assert make.requirement(session).status == Status.ACCEPTED
    moved = requirements.moves(session, TEAM, 1)[-1]
    assert (moved.before, moved.after, moved.by) == ("in_review", "accepted", None)
    vote = make.newest_round(session)
    assert (vote.result, vote.closed_at) == ("approved", MONDAY)


def test_the_requester_hears_of_the_acceptance(session: Session) -> None:
    make.delivered(session)
    make.vote(session, BOB, 1, YES)
    make.vote(session, DORA, 1, YES)
    rows = make.waiting(session)
    assert set(rows) == {"card:F-1", "receipt:F-1", "news:UALICE"}
    items = news.of_message(session, TEAM, rows["news:UALICE"].id)
    assert [(item.kind, item.number) for item in items] == [("move", 2)]


@pytest.mark.parametrize(
    ("choices", "result"),
    [
        ((NO, NO), Result.REJECTED),
        ((NO, ABSTAIN), Result.REJECTED),
        ((YES, NO), Result.UNDECIDED),
        ((ABSTAIN, ABSTAIN), Result.UNDECIDED),
    ],
)
def test_without_a_majority_it_stays_in_review_and_the_requester_hears_so(
    session: Session, choices: tuple[Choice, Choice], result: Result
) -> None:
    make.delivered(session)
    make.vote(session, BOB, 1, choices[0])
    assert make.vote(session, DORA, 1, choices[1]).result is result
    assert make.requirement(session).status == Status.IN_REVIEW
    assert len(requirements.moves(session, TEAM, 1)) == 1
    items = news.of_message(session, TEAM, make.waiting(session)["news:UALICE"].id)
    assert [(item.kind, item.number) for item in items] == [("round", 1)]


def test_abstaining_counts_for_the_quorum_only(session: Session) -> None:
    make.vote(session, BOB, 1, ABSTAIN)
    assert make.vote(session, DORA, 1, YES).result is Result.APPROVED


def test_a_vote_that_only_advises_leaves_the_decision_to_the_meeting(session: Session) -> None:
    quorum(session, 2, decides=False)
    make.file(session, "Advise us.")
    make.delivered(session)
    make.vote(session, BOB, 2, YES)
    assert make.vote(session, DORA, 2, YES).result is Result.APPROVED
    assert make.requirement(session, 2).status == Status.IN_REVIEW
    items = news.of_message(session, TEAM, make.waiting(session)["news:UALICE"].id)
    assert [(item.kind, item.number) for item in items] == [("round", 1)]


def test_a_reviewer_who_asked_too_hears_of_the_result_though_their_vote_closed_it(session: Session) -> None:
    make.ask_too(session, by=DORA)
    make.delivered(session)
    make.vote(session, BOB, 1, YES)
    make.vote(session, DORA, 1, YES)
    assert {"news:UALICE", "news:UDORA"} <= set(make.waiting(session))


def test_the_quorum_is_never_more_than_those_who_may_vote(session: Session) -> None:
    quorum(session, 3)
    make.file(session, "Bob's own wish.", by=BOB)
    assert make.newest_round(session, 2).quorum == 2
    make.vote(session, DORA, 2, YES)
    assert make.vote(session, EMIL, 2, YES).result is Result.APPROVED


def test_when_others_ask_too_at_a_reopening_everyone_counts(session: Session) -> None:
    quorum(session, 3)
    make.file(session, "Bob's own wish.", by=BOB)
    make.ask_too(session, 2, by=MEILING)
    make.move(session, Status.DECLINED, requirement=2)
    make.move(session, Status.IN_REVIEW, requirement=2)
    assert make.newest_round(session, 2).quorum == 3


def test_a_round_opened_before_reviewers_were_named_has_the_quorum_of_the_policy(session: Session) -> None:
    make.rules(session, people={}, vote={"quorum": 5})
    make.file(session, "An early wish.")
    assert make.newest_round(session, 2).quorum == 5


def test_a_running_round_keeps_the_quorum_it_began_with(session: Session) -> None:
    quorum(session, 1)
    assert make.vote(session, BOB, 1, YES).result is None
    quorum(session, 3)
    assert make.vote(session, DORA, 1, YES).result is Result.APPROVED


def test_a_running_round_decides_or_not_as_it_did_at_its_opening(session: Session) -> None:
    quorum(session, 2, decides=False)
    make.vote(session, BOB, 1, YES)
    make.vote(session, DORA, 1, YES)
    assert make.requirement(session).status == Status.ACCEPTED


def test_a_running_round_stays_as_blind_as_it_began(session: Session) -> None:
    quorum(session, 2, blind=False)
    assert make.newest_round(session).blind
    make.move(session, Status.DECLINED)
    make.move(session, Status.IN_REVIEW)
    assert not make.newest_round(session).blind


@pytest.mark.parametrize("choice", [YES, NO])
def test_a_closed_round_takes_no_vote_and_names_its_result(session: Session, choice: Choice) -> None:
    make.vote(session, BOB, 1, choice)
    make.vote(session, DORA, 1, choice)
    result = make.newest_round(session).result
    for person in JURY:
        with refusal(session, "refused.vote_closed", result=result):
            make.vote(session, person, 1, YES, at=9.0)


def test_a_decision_closes_the_round(session: Session) -> None:
    make.move(session, Status.DECLINED)
    with refusal(session, "refused.vote_closed", result="decided"):
        make.vote(session, BOB, 1, YES)


def test_what_was_withdrawn_takes_no_vote(session: Session) -> None:
    feedback.undo(session, ALICE, 1, MONDAY)
    with refusal(session, "refused.withdrawn"):
        make.vote(session, BOB, 1, YES)


def test_a_refused_vote_redraws_nothing(session: Session) -> None:
    make.move(session, Status.DECLINED)
    make.delivered(session)
    with refusal(session, "refused.vote_closed"):
        make.vote(session, BOB, 1, YES)
    assert make.waiting(session) == {}


def test_a_press_on_a_card_drawn_in_a_former_round_is_refused(session: Session) -> None:
    make.move(session, Status.DECLINED)
    make.move(session, Status.IN_REVIEW)
    with refusal(session, "refused.vote_former"):
        votes.cast(session, BOB, 1, YES, 1.0, MONDAY, number=1)
    assert votes.cast(session, BOB, 1, YES, 1.0, MONDAY, number=2).choice is YES


def test_votes_of_a_former_round_do_not_count_in_the_next(session: Session) -> None:
    make.vote(session, BOB, 1, YES)
    make.move(session, Status.DECLINED)
    make.move(session, Status.IN_REVIEW)
    assert standing(session) == {}
    assert make.vote(session, DORA, 1, YES).result is None


def test_a_line_of_why_stands_beside_ones_own_vote_and_redraws_the_card(session: Session) -> None:
    make.vote(session, BOB, 1, NO)
    make.vote(session, BOB, 1, NO)
    make.delivered(session)
    votes.say_why(session, BOB, 1, "  Too dear. ", MONDAY)
    (ballot,) = vote_store.ballots(session, make.newest_round(session))
    assert (ballot.user_id, ballot.why) == ("UBOB", "Too dear.")
    assert set(make.waiting(session)) == {"card:F-1"}


def test_saying_why_needs_a_vote(session: Session) -> None:
    make.vote(session, DORA, 1, NO)
    with refusal(session, "refused.no_ballot"):
        votes.say_why(session, BOB, 1, "Too dear.", MONDAY)


def test_a_line_of_why_may_follow_when_the_vote_has_just_closed_the_round(session: Session) -> None:
    make.vote(session, BOB, 1, NO)
    make.vote(session, DORA, 1, NO)
    votes.say_why(session, DORA, 1, "Too dear.", MONDAY)
    cast = vote_store.ballots(session, make.newest_round(session))
    assert {ballot.user_id: ballot.why for ballot in cast} == {"UBOB": None, "UDORA": "Too dear."}


def test_a_vote_of_a_former_round_gets_no_line_of_why(session: Session) -> None:
    make.vote(session, BOB, 1, NO)
    make.move(session, Status.DECLINED)
    make.move(session, Status.IN_REVIEW)
    with refusal(session, "refused.no_ballot"):
        votes.say_why(session, BOB, 1, "Too dear.", MONDAY)


def test_who_is_no_reviewer_any_more_says_no_why(session: Session) -> None:
    make.vote(session, BOB, 1, NO)
    make.rules(session, people={"reviewers": ["UDORA", "UEMIL"]})
    with refusal(session, "refused.reviewers_only"):
        votes.say_why(session, BOB, 1, "Too dear.", MONDAY)


def test_what_was_withdrawn_takes_no_line_of_why(session: Session) -> None:
    make.vote(session, BOB, 1, NO)
    feedback.undo(session, ALICE, 1, MONDAY)
    with refusal(session, "refused.withdrawn"):
        votes.say_why(session, BOB, 1, "Too dear.", MONDAY)


@pytest.mark.parametrize(("why", "key"), [(" ", "refused.why_empty"), ("x" * 501, "refused.too_long")])
def test_a_bad_line_of_why_is_refused_at_its_field(session: Session, why: str, key: str) -> None:
    make.vote(session, BOB, 1, NO)
    with refusal(session, key, field="why"):
        votes.say_why(session, BOB, 1, why, MONDAY)


def test_feedback_made_a_requirement_later_is_voted_on_alike(session: Session) -> None:
    question = make.file(session, "Can it export?", kind=Kind.QUESTION)
    made = feedback.make_requirement(session, MARA, question.number, MONDAY)
    make.vote(session, BOB, made, YES)
    assert make.vote(session, DORA, made, YES).result is Result.APPROVED
    assert [item.number for item in feedback_store.of_requirement(session, TEAM, made)] == [question.number]
