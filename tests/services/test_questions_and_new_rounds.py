"""A question outlives the round it was asked in: for what a vote waits somebody is asked, whatever happened before."""

import time
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.requirements import Status
from bot.domain.votes import Choice, Result
from bot.services import feedback, records, votes
from storage import feedback as feedback_store
from storage import policy
from storage import votes as vote_store
from storage.db import Database
from tests import make
from tests.make import ALICE, BOB, DORA, EMIL, MONDAY, TEAM, later
from tests.services.rounds import THURSDAY, answer, ask, close, day, opened, told


def follow_up(session: Session, now: timedelta) -> None:
    """Follow up what is due, as every replica does."""
    for team_id, number in feedback_store.to_follow_up(session, MONDAY + now, 10):
        feedback.follow_up(session, team_id, number, MONDAY + now)


def withdrawn_for_a_month(session: Session) -> None:
    """Ask about F-1, withdraw it, and let a month pass in which nobody need answer."""
    ask(session, MONDAY)
    records.withdraw(session, ALICE, 1, MONDAY, key=make.form())
    follow_up(session, timedelta(days=30))
    assert feedback_store.to_follow_up(session, later(days=999), 10) == []


def test_what_a_reopened_vote_waits_for_is_asked_once_more_and_then_told_the_managers(session: Session) -> None:
    opened(session)
    withdrawn_for_a_month(session)
    records.reopen(session, ALICE, 1, later(days=31), key=make.form())
    assert make.newest_round(session).paused_at == later(days=31)
    make.delivered(session)
    follow_up(session, timedelta(days=40))
    assert told(session, ALICE) == [("chase", 1)]
    follow_up(session, timedelta(days=50))
    assert told(session, make.MARA) == [("unanswered", 1)]


def test_a_question_that_waits_its_turn_is_not_put_off_by_reopening(session: Session) -> None:
    opened(session)
    ask(session, MONDAY)
    records.withdraw(session, ALICE, 1, MONDAY, key=make.form())
    records.reopen(session, ALICE, 1, day(25), key=make.form())
    assert feedback_store.to_follow_up(session, THURSDAY, 10) == [(TEAM, 1)]


def test_asking_once_more_follows_up_what_was_given_up_when_a_decision_fell(session: Session) -> None:
    opened(session)
    ask(session, MONDAY)
    make.move(session, Status.DECLINED)
    follow_up(session, timedelta(days=30))
    make.move(session, Status.IN_REVIEW)
    second = ask(session, later(days=31), by=DORA)
    answer(session, second, later(days=32))
    assert make.newest_round(session).paused_at is not None  # for the first question
    assert feedback_store.to_follow_up(session, later(days=60), 10) == [(TEAM, 1)]


def test_what_the_managers_heard_of_is_not_begun_again_by_another_question(session: Session) -> None:
    opened(session)
    ask(session, MONDAY)
    for days in (5, 12):
        follow_up(session, timedelta(days=days))
    second = ask(session, later(days=13), by=DORA)
    assert feedback_store.to_follow_up(session, later(days=60), 10) == [(TEAM, second)]


def test_a_requirement_made_of_feedback_with_an_open_question_waits_for_its_answer(session: Session) -> None:
    make.rules(session)
    make.file(session, kind=Kind.QUESTION)
    question = ask(session, MONDAY)
    feedback.make_requirement(session, ALICE, 1, day(24))
    assert make.newest_round(session).paused_at == day(24)
    answer(session, question, day(25))
    assert make.newest_round(session).paused_at is None


def test_a_question_asked_while_the_feedback_becomes_a_requirement_holds_its_vote_up(database: Database) -> None:
    with database.begin() as session:
        make.rules(session)
        make.file(session, kind=Kind.QUESTION)

    def person(number: int) -> None:
        with database.begin() as session:
            if number:
                feedback.make_requirement(session, ALICE, 1, MONDAY)
            else:
                ask(session, MONDAY)

    for _ in range(5):
        assert make.at_once(2, person)[0] is None
        with database.begin() as session:
            assert make.newest_round(session).paused_at == MONDAY
            feedback_store.change(session, TEAM, 1, requirement=None)
            vote_store.close(session, make.newest_round(session), Result.DECIDED, MONDAY)


def test_who_reopens_does_not_wait_for_who_answers_and_waits_for_them(database: Database) -> None:
    with database.begin() as session:
        opened(session)
        withdrawn_for_a_month(session)

    def answer_slowly() -> None:
        with database.begin() as session:
            assert feedback_store.answer_question(session, TEAM, 1, "XLSX.", "UALICE", day(24))
            time.sleep(0.2)
            votes.go_on(session, TEAM, 1, policy.load(session, TEAM), day(24))

    def reopen() -> None:
        time.sleep(0.1)
        with database.begin() as session:
            assert records.reopen(session, ALICE, 1, day(24), key=make.form())

    acts = (answer_slowly, reopen)
    assert make.at_once(2, lambda number: acts[number]()) == [None, None]
    with database.read() as session:
        assert make.newest_round(session).paused_at is None


# A quorum that comes by itself

DEPARTMENTS = {"product": ["UBOB"], "engineering": ["UDORA"], "market": ["UEMIL"]}


@pytest.mark.parametrize(("choice", "result"), [(Choice.APPROVE, Result.APPROVED), (Choice.REJECT, Result.REJECTED)])
def test_a_round_whose_voters_change_departments_into_its_quorum_comes_to_what_they_voted(
    session: Session, choice: Choice, result: Result
) -> None:
    vote = {"quorum": 2, "departments": ["engineering"]}
    opened(session, departments=DEPARTMENTS, vote=vote)
    make.vote(session, BOB, 1, choice)
    assert make.vote(session, EMIL, 1, choice).result is None
    make.rules(session, departments={**DEPARTMENTS, "engineering": ["UDORA", "UEMIL"]}, vote=vote)
    make.delivered(session)
    assert close(session)
    assert make.newest_round(session).result == result
    accepted = make.requirement(session).status == Status.ACCEPTED
    assert accepted == (result is Result.APPROVED)
    assert told(session, ALICE) == [("move", 2) if accepted else ("round", 1)]
