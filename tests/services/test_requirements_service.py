from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice, Result
from bot.services import feedback, requirements
from storage import news, policy, seen
from storage import requirements as requirement_store
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM, refusal

DECLINED = Change(Status.DECLINED, reason="effort", sentence="It costs too much.")


@pytest.fixture(autouse=True)
def _in_review(session: Session) -> None:
    """R-1 of Alice is in review."""
    make.rules(session)
    make.file(session)


def history(session: Session) -> list[tuple[str, str, str | None]]:
    return [(move.before, move.after, move.by) for move in requirement_store.moves(session, TEAM, 1)]


@pytest.mark.parametrize("somebody", [MARA, ADA])
def test_a_manager_moves_it(session: Session, somebody: Actor) -> None:
    assert requirements.change(session, somebody, 1, DECLINED, make.later(hours=1), key="view:9")
    moved = make.requirement(session)
    assert (moved.status, moved.changed_at) == (Status.DECLINED, make.later(hours=1))
    last = requirement_store.moves(session, TEAM, 1)[-1]
    assert (last.number, last.before, last.after, last.by) == (2, "in_review", "declined", somebody.user_id)
    assert (last.reason, last.sentence, last.at) == ("effort", "It costs too much.", make.later(hours=1))


@pytest.mark.parametrize("somebody", [ALICE, BOB, MEILING])
def test_nobody_else_moves_it(session: Session, somebody: Actor) -> None:
    with refusal(session, "refused.managers_only"):
        make.move(session, Status.ACCEPTED, by=somebody)
    assert make.requirement(session).status == Status.IN_REVIEW


def test_the_way_to_solved_leaves_a_row_for_every_move(session: Session) -> None:
    way = [Status.ACCEPTED, Status.IN_PROGRESS, Status.VALIDATING, Status.SHIPPED, Status.SOLVED]
    for status in way:
        make.move(session, status)
    stations = ["new", "in_review", *way]
    expected = [(before, after, "UMARA") for before, after in pairwise(stations[1:])]
    assert history(session) == [("new", "in_review", None), *expected]


def test_a_forward_jump_is_one_move_and_one_message(session: Session) -> None:
    make.move(session, Status.ACCEPTED)
    make.delivered(session)
    make.move(session, Status.SHIPPED)
    assert history(session)[-1] == ("accepted", "shipped", "UMARA")
    items = news.of_message(session, TEAM, make.waiting(session)["news:UALICE"].id)
    assert [item.number for item in items] == [3]


def test_a_move_that_is_not_allowed_changes_nothing(session: Session) -> None:
    with refusal(session, "refused.move", before="in_review", to="shipped"):
        make.move(session, Status.SHIPPED)
    assert make.requirement(session).status == Status.IN_REVIEW
    assert make.newest_round(session).closed_at is None


def test_declining_needs_a_reason_and_a_sentence_at_their_fields(session: Session) -> None:
    with refusal(session, "refused.reason_missing", field="reason"):
        make.move(session, Status.DECLINED, reason="capacity")  # a reason to defer, not to decline
    with refusal(session, "refused.sentence_missing", field="sentence"):
        make.move(session, Status.DECLINED, sentence="  ")


def test_what_is_rolled_back_says_so(session: Session) -> None:
    make.move(session, Status.ACCEPTED)
    make.move(session, Status.SHIPPED)
    make.move(session, Status.IN_PROGRESS, reason="whatever")
    assert requirement_store.moves(session, TEAM, 1)[-1].reason == "rolled_back"


def test_an_unknown_requirement_cannot_move(session: Session) -> None:
    with refusal(session, "refused.unknown_requirement", number=99):
        make.move(session, Status.ACCEPTED, requirement=99)


def test_a_withdrawn_requirement_cannot_move(session: Session) -> None:
    feedback.undo(session, ALICE, 1, MONDAY)
    with refusal(session, "refused.withdrawn"):
        make.move(session, Status.ACCEPTED)


def test_a_manager_of_another_workspace_finds_nothing_here(session: Session) -> None:
    make.rules(session, "T0OTHER")
    with refusal(session, "refused.unknown_requirement"):
        make.move(session, Status.ACCEPTED, by=Actor("T0OTHER", "UMARA"))


def test_a_move_from_a_status_that_is_over_is_refused(session: Session) -> None:
    as_it_was = make.requirement(session)
    session.expunge(as_it_was)
    make.move(session, Status.ACCEPTED)
    rules = policy.load(session, TEAM)
    with refusal(session, "refused.moved_meanwhile"):
        requirements.apply(session, as_it_was, DECLINED, by="UADA", policy=rules, now=MONDAY)
    assert make.requirement(session).status == Status.ACCEPTED
    assert len(history(session)) == 2


def test_a_move_of_what_was_withdrawn_meanwhile_is_refused(session: Session) -> None:
    as_it_was = make.requirement(session)
    session.expunge(as_it_was)
    feedback.undo(session, ALICE, 1, MONDAY)
    rules = policy.load(session, TEAM)
    with refusal(session, "refused.moved_meanwhile"):
        requirements.apply(session, as_it_was, DECLINED, by="UADA", policy=rules, now=MONDAY)


def test_the_second_of_two_managers_with_the_same_wish_is_refused(session: Session) -> None:
    make.move(session, Status.ACCEPTED, by=MARA)
    with refusal(session, "refused.move", before="accepted", to="accepted"):
        make.move(session, Status.ACCEPTED, by=ADA)


def test_the_same_form_sent_twice_moves_once(session: Session) -> None:
    assert requirements.change(session, MARA, 1, DECLINED, MONDAY, key="view:9")
    assert not requirements.change(session, MARA, 1, DECLINED, MONDAY, key="view:9")
    assert len(history(session)) == 2


def test_a_refused_form_can_be_mended_and_sent_again(session: Session) -> None:
    with refusal(session, "refused.sentence_missing", field="sentence"):
        requirements.change(session, MARA, 1, Change(Status.DECLINED, "effort"), MONDAY, key="view:9")
    assert requirements.change(session, MARA, 1, DECLINED, MONDAY, key="view:9")


def test_a_stranger_does_not_use_up_the_key(session: Session) -> None:
    with refusal(session, "refused.managers_only"):
        requirements.change(session, ALICE, 1, DECLINED, MONDAY, key="view:9")
    assert seen.first_time(session, TEAM, "view:9", MONDAY)


# The vote


@pytest.mark.parametrize("to", [Status.ACCEPTED, Status.DECLINED, Status.DEFERRED])
def test_a_decision_ends_the_vote(session: Session, to: Status) -> None:
    make.vote(session, BOB, 1, Choice.APPROVE)
    make.move(session, to)
    vote = make.newest_round(session)
    assert (vote.number, vote.result, vote.closed_at) == (1, Result.DECIDED, MONDAY)


def test_a_decision_after_the_vote_leaves_its_result(session: Session) -> None:
    make.vote(session, BOB, 1, Choice.REJECT)
    make.vote(session, DORA, 1, Choice.REJECT)
    make.move(session, Status.DECLINED)
    assert make.newest_round(session).result == Result.REJECTED


@pytest.mark.parametrize("closed_as", [Status.DECLINED, Status.DEFERRED])
def test_reopening_begins_a_second_round_by_the_rules_of_now(session: Session, closed_as: Status) -> None:
    make.move(session, closed_as)
    make.rules(session, vote={"quorum": 3, "decides": False})
    make.move(session, Status.IN_REVIEW)
    vote = make.newest_round(session)
    assert (vote.number, vote.closed_at, vote.quorum, vote.decides) == (2, None, 3, False)
    assert make.requirement(session).status == Status.IN_REVIEW


def test_reopening_needs_a_sentence(session: Session) -> None:
    make.move(session, Status.DECLINED)
    with refusal(session, "refused.sentence_missing", field="sentence"):
        make.move(session, Status.IN_REVIEW, sentence="")


def test_a_second_round_can_accept_what_the_first_did_not(session: Session) -> None:
    make.move(session, Status.DECLINED)
    make.move(session, Status.IN_REVIEW)
    make.vote(session, BOB, 1, Choice.APPROVE)
    assert make.vote(session, DORA, 1, Choice.APPROVE).result is Result.APPROVED
    assert history(session)[-1] == ("in_review", "accepted", None)


def test_moves_after_the_decision_open_no_vote(session: Session) -> None:
    for status in (Status.ACCEPTED, Status.IN_PROGRESS, Status.SHIPPED):
        make.move(session, status)
    assert make.newest_round(session).number == 1


# The target


def test_an_accepted_requirement_keeps_its_target_on_the_way(session: Session) -> None:
    make.move(session, Status.ACCEPTED, target=" 2026-12-15 ")
    assert make.requirement(session).target == "2026-12-15"
    make.move(session, Status.IN_PROGRESS)
    assert make.requirement(session).target == "2026-12-15"
    targets = [move.target for move in requirement_store.moves(session, TEAM, 1)]
    assert targets == [None, "2026-12-15", None]


def test_without_a_target_there_is_none(session: Session) -> None:
    make.move(session, Status.ACCEPTED)
    assert make.requirement(session).target is None


def test_only_accepting_takes_a_target(session: Session) -> None:
    make.move(session, Status.DECLINED, target="2026-12")
    assert make.requirement(session).target is None


def test_a_target_is_past_by_the_calendar_of_the_workspace(session: Session) -> None:
    make.rules(session, workspace={"timezone": "Asia/Shanghai"})
    tuesday_there = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    monday = Change(Status.ACCEPTED, target="2026-11-23")
    with refusal(session, "refused.target_past", field="target"):
        requirements.change(session, MARA, 1, monday, tuesday_there, key="view:9")
    assert requirements.change(session, MARA, 1, monday, MONDAY, key="view:9")
