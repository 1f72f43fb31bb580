from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import UNDO_WINDOW, Kind, State
from bot.domain.people import Actor
from bot.domain.requirements import Status
from bot.domain.votes import Choice, Result
from bot.services import feedback
from storage import feedback as feedback_store
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM, refusal


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


def answer(session: Session, number: int, words: str = "It is in the settings.", by: Actor = MARA) -> bool:
    return feedback.answer(session, by, number, words, MONDAY, key=make.form())


def ask(session: Session, number: int, words: str = "Which format?", by: Actor = BOB) -> bool:
    return feedback.ask(session, by, number, words, MONDAY, key=make.form())


def state_of(session: Session, number: int) -> str:
    found = feedback_store.get(session, TEAM, number)
    assert found is not None
    return found.state


@pytest.mark.parametrize("after", [timedelta(), timedelta(seconds=59), UNDO_WINDOW])
def test_within_a_minute_the_feedback_and_its_vote_are_withdrawn(session: Session, after: timedelta) -> None:
    make.file(session)
    feedback.undo(session, ALICE, 1, MONDAY + after)
    assert state_of(session, 1) == State.WITHDRAWN
    assert make.requirement(session).withdrawn_at == MONDAY + after
    vote = make.newest_round(session)
    assert (vote.result, vote.closed_at) == (Result.WITHDRAWN, MONDAY + after)


def test_after_a_minute_it_is_too_late(session: Session) -> None:
    make.file(session)
    with refusal(session, "refused.undo_late"):
        feedback.undo(session, ALICE, 1, make.later(seconds=61))
    assert state_of(session, 1) == State.OPEN


@pytest.mark.parametrize("somebody", [BOB, MARA, ADA])
def test_nobody_but_the_filer_can_undo(session: Session, somebody: Actor) -> None:
    make.file(session)
    with refusal(session, "refused.filer_only"):
        feedback.undo(session, somebody, 1, MONDAY)


def test_a_second_undo_is_refused(session: Session) -> None:
    make.file(session)
    feedback.undo(session, ALICE, 1, MONDAY)
    with refusal(session, "refused.withdrawn"):
        feedback.undo(session, ALICE, 1, MONDAY)


def test_what_does_not_exist_cannot_be_undone(session: Session) -> None:
    with refusal(session, "refused.unknown_feedback"):
        feedback.undo(session, ALICE, 99, MONDAY)


def test_after_a_decision_the_feedback_stands(session: Session) -> None:
    make.file(session)
    make.move(session, Status.ACCEPTED)
    with refusal(session, "refused.undo_decided"):
        feedback.undo(session, ALICE, 1, MONDAY)
    assert state_of(session, 1) == State.OPEN


def test_a_vote_that_ended_rejected_does_not_keep_the_feedback(session: Session) -> None:
    make.file(session)
    make.vote(session, BOB, 1, Choice.REJECT)
    make.vote(session, DORA, 1, Choice.REJECT)
    feedback.undo(session, ALICE, 1, MONDAY)
    assert make.newest_round(session).result == Result.REJECTED
    assert make.requirement(session).withdrawn_at == MONDAY


def test_what_others_ask_for_too_stays_under_vote(session: Session) -> None:
    make.file(session)
    make.ask_too(session, by=MEILING)
    feedback.undo(session, ALICE, 1, MONDAY)
    assert state_of(session, 1) == State.WITHDRAWN
    assert make.requirement(session).withdrawn_at is None
    assert make.newest_round(session).closed_at is None


def test_when_the_last_who_asked_undoes_it_the_vote_ends(session: Session) -> None:
    make.file(session)
    make.ask_too(session, by=MEILING)
    feedback.undo(session, ALICE, 1, MONDAY)
    feedback.undo(session, MEILING, 2, MONDAY)
    assert make.newest_round(session).result == Result.WITHDRAWN


def test_undoing_one_of_several_requests_works_even_after_a_decision(session: Session) -> None:
    make.file(session)
    make.ask_too(session, by=MEILING)
    make.move(session, Status.ACCEPTED)
    feedback.undo(session, MEILING, 2, MONDAY)
    assert make.requirement(session).status == Status.ACCEPTED


def test_what_was_answered_stands(session: Session) -> None:
    make.file(session, kind=Kind.QUESTION)
    answer(session, 1)
    with refusal(session, "refused.answered"):
        feedback.undo(session, ALICE, 1, MONDAY)
    assert state_of(session, 1) == State.ANSWERED


def test_feedback_without_a_requirement_is_just_withdrawn(session: Session) -> None:
    make.file(session, kind=Kind.PRAISE)
    feedback.undo(session, ALICE, 1, MONDAY)
    assert state_of(session, 1) == State.WITHDRAWN


def test_an_undo_draws_card_and_receipt_anew(session: Session) -> None:
    make.file(session)
    make.delivered(session)
    feedback.undo(session, ALICE, 1, MONDAY)
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1"}


def test_the_number_of_withdrawn_feedback_is_not_given_out_again(session: Session) -> None:
    make.file(session)
    feedback.undo(session, ALICE, 1, MONDAY)
    again = make.file(session, "Better words.")
    assert (again.number, again.requirement) == (2, 2)


def test_what_was_withdrawn_takes_nothing_more(session: Session) -> None:
    make.file(session, kind=Kind.QUESTION)
    feedback.undo(session, ALICE, 1, MONDAY)
    for doing in (answer, ask):
        with refusal(session, "refused.withdrawn"):
            doing(session, 1)
    with refusal(session, "refused.withdrawn"):
        feedback.make_requirement(session, BOB, 1, MONDAY)
