"""Deciding in a meeting: who may, what somebody else did meanwhile, and how long the news of it waits."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.services import decide_through
from bot.services.decide_through import HOLD, decide, finish, go_on
from storage import requirements
from storage.db import Database
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, MARA, MONDAY, TEAM, later

ACCEPT = Change(Status.ACCEPTED)
MERGE = timedelta(seconds=60)


def tied(session: Session, words: str = "They need a decision.") -> int:
    """File a need on which the vote came to nothing; return its requirement's number."""
    number = make.file(session, words).requirement
    assert number
    make.vote(session, BOB, number, Choice.APPROVE)
    make.vote(session, DORA, number, Choice.REJECT)
    return number


def due(session: Session) -> datetime:
    """Return when the news that waits for Alice leaves."""
    return make.waiting(session)["news:UALICE"].due_at


def test_news_of_a_decision_waits_for_the_next_one_and_leaves_at_the_end(session: Session) -> None:
    make.rules(session)
    first, second = tied(session, "First."), tied(session, "Second.")
    make.delivered(session)
    decide(session, MARA, first, ACCEPT, MONDAY, key=make.form(), seen_status=Status.IN_REVIEW)
    assert due(session) == MONDAY + HOLD
    now = later(minutes=10)
    decide(session, MARA, second, ACCEPT, now, key=make.form(), seen_status=Status.IN_REVIEW)
    assert due(session) == MONDAY + HOLD
    go_on(session, TEAM, [first, second], now)
    assert due(session) == now + HOLD
    finish(session, TEAM, [first, second], later(minutes=12))
    assert due(session) == later(minutes=12) + MERGE
    assert len([key for key in make.waiting(session) if key.startswith("news:")]) == 1


def test_going_on_holds_back_nothing_that_leaves_by_itself_and_no_others_news(session: Session) -> None:
    make.rules(session)
    first = tied(session, "First.")
    make.delivered(session)
    tied(session, "Its vote has just ended.")
    go_on(session, TEAM, [first], MONDAY)
    assert due(session) == MONDAY + MERGE
    make.delivered(session)
    decide(session, MARA, first, ACCEPT, MONDAY, key=make.form(), seen_status=Status.IN_REVIEW)
    go_on(session, TEAM, [], later(minutes=5))
    go_on(session, TEAM, [999], later(minutes=5))
    assert due(session) == MONDAY + HOLD


def test_what_is_voted_on_again_is_not_decided_here(session: Session) -> None:
    make.rules(session)
    number = tied(session)
    make.move(session, Status.DECLINED, number)
    make.move(session, Status.IN_REVIEW, number)
    with make.refusal(session, "refused.moved_meanwhile"):
        decide(session, MARA, number, ACCEPT, MONDAY, key=make.form(), seen_status=Status.IN_REVIEW)


def test_only_managers_decide(session: Session) -> None:
    make.rules(session)
    number = tied(session)
    for who in (ALICE, BOB):
        with make.refusal(session, "refused.managers_only"):
            decide(session, who, number, ACCEPT, MONDAY, key=make.form(), seen_status=Status.IN_REVIEW)
    assert decide(session, ADA, number, ACCEPT, MONDAY, key=make.form(), seen_status=Status.IN_REVIEW)


def test_of_two_managers_at_once_one_decides_and_the_other_is_told(database: Database) -> None:
    with database.begin() as session:
        make.rules(session)
        numbers = [tied(session, f"Need {n}.") for n in range(5)]
    for number in numbers:

        def one(turn: int, number: int = number) -> bool:
            who, to = ((MARA, Status.ACCEPTED), (ADA, Status.DECLINED))[turn]
            change = Change(to, "effort", "So it is.")
            with database.begin() as session:
                return decide_through.decide(
                    session, who, number, change, MONDAY, key=f"view:{turn}:{number}", seen_status=Status.IN_REVIEW
                )

        answers = make.at_once(2, one)
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert [answer.key for answer in refused] == ["refused.moved_meanwhile"]
        assert True in answers
        with database.read() as session:
            assert len(requirements.moves(session, TEAM, number)) == 2


def test_one_form_sent_twice_at_once_is_one_decision(database: Database) -> None:
    with database.begin() as session:
        make.rules(session)
        number = tied(session)

    def send(_turn: int) -> bool:
        with database.begin() as session:
            return decide(session, MARA, number, ACCEPT, MONDAY, key="view:same", seen_status=Status.IN_REVIEW)

    assert sorted(map(str, make.at_once(2, send))) == ["False", "True"]
