"""Many people at once, on databases that really commit."""

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.domain.refusals import Busy, Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice, Result, has_quorum
from bot.services import feedback, requirements, votes
from storage import customers, news
from storage import feedback as feedback_store
from storage import requirements as requirement_store
from storage import votes as vote_store
from storage.counters import Counter
from storage.customers import Customer
from storage.db import Database
from storage.feedback import Feedback
from storage.outbox import OutboxRow
from storage.requirements import Requirement
from storage.votes import Ballot, Round
from tests import make
from tests.make import ADA, ALICE, BOB, MARA, MONDAY, TEAM, at_once

Answer = TypeVar("Answer")
CROWD = tuple(Actor(TEAM, f"UREVIEWER{n}") for n in range(16))


@pytest.fixture(autouse=True)
def _rules(database: Database) -> None:
    with database.begin() as session:
        make.rules(
            session,
            people={"reviewers": [person.user_id for person in CROWD], "managers": ["UMARA"], "admins": ["UADA"]},
            vote={"quorum": 8},
        )


def patiently(do: Callable[[], Answer]) -> Answer:
    """Do as people do who are told that the database is busy: try again."""
    for _ in range(5):
        try:
            return do()
        except Busy:
            continue
    return do()


def file(database: Database, key: str, by: Actor = ALICE, customer: str = "Acme") -> int | None:
    draft = Draft(words=f"Words of {key}.", customer_name=customer)
    with database.begin() as session:
        return feedback.file(session, by, draft, MONDAY, key=key)


def numbers(database: Database, model: type[Feedback] | type[Requirement]) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(model.number).where(model.team_id == TEAM)))


def gapless(found: list[int]) -> bool:
    return sorted(found) == list(range(1, len(found) + 1))


# Filing


def test_a_refused_filing_leaves_nothing_and_takes_no_number(database: Database) -> None:
    assert file(database, "first") == 1
    with pytest.raises(Refused), database.begin() as session:
        make.file(session, "Refused.", customer_id=77, customer_name=None)
    with pytest.raises(ZeroDivisionError):
        file_and_fail(database)
    assert file(database, "second") == 2
    assert gapless(numbers(database, Feedback))
    assert gapless(numbers(database, Requirement))
    with database.read() as session:
        assert customers.count(session, TEAM) == 1
        assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "card:F-2", "receipt:F-2"}


def file_and_fail(database: Database) -> None:
    with database.begin() as session:
        make.file(session, "Failed after all was written.", customer_name="Nobody")
        _ = 1 / 0


def test_a_number_taken_ahead_of_the_filing_would_be_noticed(database: Database) -> None:
    def number_first(*, fails: bool) -> int | None:
        with database.begin() as session:
            number = feedback_store.next_number(session, TEAM)
        return None if fails else number

    taken = [number_first(fails=fails) for fails in (False, True, False)]
    assert not gapless([number for number in taken if number is not None])


def test_a_refused_form_can_be_mended_and_sent_again(database: Database) -> None:
    with pytest.raises(Refused), database.begin() as session:
        feedback.file(session, ALICE, Draft(words="Words", customer_id=77), MONDAY, key="view:1")
    assert file(database, "view:1") == 1


def test_forty_filings_at_once_are_numbered_without_a_gap(database: Database) -> None:
    def person(number: int) -> list[int | None]:
        return [patiently(lambda key=f"{number}.{n}": file(database, key)) for n in range(2)]  # type: ignore[misc]

    filed = [number for two in at_once(20, person) if isinstance(two, list) for number in two]
    assert sorted(filter(None, filed)) == list(range(1, 41))
    assert gapless(numbers(database, Feedback))
    assert gapless(numbers(database, Requirement))
    assert len(numbers(database, Requirement)) == 40


def test_numbers_made_of_the_largest_and_one_would_be_noticed(database: Database) -> None:
    file(database, "first")
    gate = threading.Barrier(2)

    def careless(_: int) -> int:
        with database.read() as session:
            largest = session.scalar(select(func.max(Feedback.number)).where(Feedback.team_id == TEAM)) or 0
        gate.wait(10)
        return largest + 1

    taken = [number for number in at_once(2, careless) if isinstance(number, int)]
    assert not gapless([1, *taken])


def test_one_form_sent_many_times_at_once_is_filed_once(database: Database) -> None:
    filed = at_once(8, lambda _: patiently(lambda: file(database, "view:1")))
    assert sorted(filed, key=str) == [1, *[None] * 7]
    assert numbers(database, Feedback) == numbers(database, Requirement) == [1]
    with database.read() as session:
        assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1"}


def test_a_customer_added_by_many_at_once_is_one_customer(database: Database) -> None:
    names = ("Acme Corp", "acme corp", " ACME  CORP ", "Acme CORP")
    filed = at_once(8, lambda n: patiently(lambda: file(database, f"view:{n}", customer=names[n % 4])))
    assert sorted(filter(None, filed), key=str) == list(range(1, 9))
    with database.read() as session:
        assert customers.count(session, TEAM) == 1
        assert len(set(session.scalars(select(Feedback.customer_id)))) == 1


# Voting


def vote(database: Database, who: Actor, choice: Choice = Choice.APPROVE, requirement: int = 1) -> votes.Cast:
    with database.begin() as session:
        return make.vote(session, who, requirement, choice)


def test_sixteen_votes_at_once_close_the_round_exactly_once(database: Database) -> None:
    file(database, "first")
    answers = at_once(16, lambda n: patiently(lambda: vote(database, CROWD[n])))
    assert results(answers) == [Result.APPROVED]
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert [(no.key, no.params) for no in refused] == [("refused.vote_closed", {"result": "approved"})] * 8
    with database.read() as session:
        assert len(vote_store.ballots(session, make.newest_round(session))) == 8
        history = requirement_store.moves(session, TEAM, 1)
        assert [(move.after, move.by) for move in history] == [("in_review", None), ("accepted", None)]
        told = news.of_message(session, TEAM, make.waiting(session)["news:UALICE"].id)
        assert [(item.kind, item.number) for item in told] == [("move", 2)]


def results(answers: list[votes.Cast | Refused | Busy]) -> list[Result]:
    """Return the results of the votes that closed a round."""
    casts = [answer for answer in answers if isinstance(answer, votes.Cast)]
    return [cast.result for cast in casts if cast.result is not None]


def test_a_vote_that_counts_before_it_locks_would_be_noticed(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, people={"reviewers": [person.user_id for person in CROWD]}, vote={"quorum": 2})
    file(database, "first")
    gate = threading.Barrier(2)

    def careless(number: int) -> votes.Cast:
        with database.begin() as session:
            vote_store.cast(session, make.newest_round(session), CROWD[number].user_id, Choice.APPROVE, 1.0)
        with database.read() as session:
            gate.wait(10)  # both votes are in
            full = has_quorum(len(vote_store.ballots(session, make.newest_round(session))), 2)
            gate.wait(10)  # both have counted
        if full:
            with database.begin() as session:
                session.execute(update(Round).values(closed_at=MONDAY, result=Result.APPROVED.value))
        return votes.Cast(Choice.APPROVE, Result.APPROVED if full else None)

    assert results(at_once(2, careless)) == [Result.APPROVED, Result.APPROVED]


def test_one_persons_presses_at_once_are_one_vote_and_the_newest_stands(database: Database) -> None:
    file(database, "first")
    choices = (Choice.APPROVE, Choice.REJECT, Choice.ABSTAIN, Choice.REJECT)

    def press(number: int) -> votes.Cast:
        with database.begin() as session:
            return make.vote(session, CROWD[0], 1, choices[number], at=float(number))

    at_once(4, lambda n: patiently(lambda: press(n)))
    with database.read() as session:
        (ballot,) = session.scalars(select(Ballot))
        assert (ballot.choice, ballot.action_us) == ("reject", 3_000_000)


# Moving


def move(database: Database, who: Actor, to: Status, requirement: int = 1) -> bool:
    with database.begin() as session:
        return make.move(session, to, requirement, by=who)


@pytest.mark.parametrize(
    "wishes",
    [(Status.ACCEPTED, Status.ACCEPTED), (Status.DECLINED, Status.DECLINED), (Status.DECLINED, Status.DEFERRED)],
)
def test_of_two_managers_who_decide_at_once_one_wins(database: Database, wishes: tuple[Status, Status]) -> None:
    file(database, "first")
    answers = at_once(2, lambda n: patiently(lambda: move(database, (MARA, ADA)[n], wishes[n])))
    (winner,) = [n for n, answer in enumerate(answers) if answer is True]
    loser = answers[1 - winner]
    assert isinstance(loser, Refused)
    assert (loser.key, loser.params["before"]) == ("refused.move", wishes[winner])
    with database.read() as session:
        assert len(requirement_store.moves(session, TEAM, 1)) == 2
        assert make.requirement(session).status == wishes[winner]


def test_a_decision_and_the_last_vote_at_once_end_the_round_once(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, people={"reviewers": ["UBOB"], "managers": ["UMARA"]}, vote={"quorum": 1})
    file(database, "first")
    acts: tuple[Callable[[], object], ...] = (
        lambda: move(database, MARA, Status.ACCEPTED),
        lambda: vote(database, BOB),
    )
    answers = at_once(2, lambda n: patiently(acts[n]))
    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    with database.read() as session:
        assert len(requirement_store.moves(session, TEAM, 1)) == 2
        assert make.newest_round(session).result in {Result.DECIDED, Result.APPROVED}


def test_an_undo_and_the_last_vote_at_once_do_not_both_happen(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, people={"reviewers": ["UBOB"]}, vote={"quorum": 1})
    file(database, "first")

    def undo() -> None:
        with database.begin() as session:
            feedback.undo(session, ALICE, 1, MONDAY)

    acts: tuple[Callable[[], object], ...] = (undo, lambda: vote(database, BOB))
    answers = at_once(2, lambda n: patiently(acts[n]))
    (no,) = [answer for answer in answers if isinstance(answer, Refused)]
    assert no.key in {"refused.withdrawn", "refused.undo_decided"}
    with database.read() as session:
        withdrawn = make.requirement(session).withdrawn_at is not None
        assert withdrawn == (make.requirement(session).status == Status.IN_REVIEW)


def test_one_answer_of_several_given_at_once_stands(database: Database) -> None:
    with database.begin() as session:
        make.file(session, kind=Kind.QUESTION)

    def answer(number: int) -> bool:
        with database.begin() as session:
            return feedback.answer(session, CROWD[number], 1, f"Answer {number}.", MONDAY, key=make.form())

    answers = at_once(4, lambda n: patiently(lambda: answer(n)))
    assert [no.key for no in answers if isinstance(no, Refused)] == ["refused.answered"] * 3
    with database.read() as session:
        told = news.of_message(session, TEAM, make.waiting(session)["news:UALICE"].id)
        assert len(told) == 1


def test_one_requirement_is_made_of_feedback_however_many_make_it(database: Database) -> None:
    with database.begin() as session:
        make.file(session, kind=Kind.COMPLAINT)

    def make_one(number: int) -> int:
        with database.begin() as session:
            return feedback.make_requirement(session, CROWD[number], 1, MONDAY)

    made = at_once(4, lambda n: patiently(lambda: make_one(n)))
    assert [no.key for no in made if isinstance(no, Refused)] == ["refused.already_requirement"] * 3
    assert numbers(database, Requirement) == [1]


# Everything together


def busy_day(database: Database, number: int) -> int:
    """File, vote, ask, move and undo, as people do who work on the same things; return how often it was Busy."""
    me, busy = CROWD[number], 0
    others = [n for n in range(1, 9) if n != number]
    mine = f"view:{number}"
    acts: list[Callable[[Session], object]] = [
        lambda s: feedback.file(s, me, Draft(words=mine, customer_name=f"C {number % 3}"), MONDAY, key=mine),
        *(lambda s, n=n: make.vote(s, me, n, Choice.APPROVE) for n in others[:4]),
        lambda s: feedback.ask(s, me, others[number % 7], "Which?", MONDAY, key=make.form()),
        lambda s: requirements.change(s, MARA, others[number % 7], Change(Status.ACCEPTED), MONDAY, key=make.form()),
        lambda s: feedback.file(s, me, Draft(words="More.", customer_name="New"), MONDAY, key=f"{mine}.2"),
        lambda s: make.move(s, Status.SHIPPED, others[number % 5]),
        lambda s: feedback.undo(s, me, feedback_store.filed_by(s, TEAM, me.user_id, 1)[0].number, MONDAY),
    ]
    for act in acts:
        try:
            with database.begin() as session:
                act(session)
        except Refused:
            continue
        except Busy:
            busy += 1
    return busy


def test_sixteen_people_at_everything_at_once_never_wait_in_a_circle(database: Database) -> None:
    with database.begin() as session:
        for n in range(8):
            make.file(session, f"Wish {n}", by=CROWD[n])
    busy = at_once(16, lambda n: busy_day(database, n))
    if not database.is_sqlite:  # there the waiting is one queue, which a slow disk may make long
        assert busy == [0] * 16
    assert gapless(numbers(database, Feedback))
    assert gapless(numbers(database, Requirement))
    with database.read() as session:
        consistent(session)


def consistent(session: Session) -> None:
    """Check that what belongs together was committed together."""
    for found in session.scalars(select(Requirement)):
        history = requirement_store.moves(session, TEAM, found.number)
        assert [move.number for move in history] == list(range(1, len(history) + 1))
        assert history[-1].after == found.status
        vote = make.newest_round(session, found.number)
        assert (vote.closed_at is None) == (found.status == Status.IN_REVIEW and found.withdrawn_at is None)
    last = {row.name: row.last for row in session.scalars(select(Counter))}
    assert last["feedback"] == session.scalar(select(func.count()).select_from(Feedback))
    assert session.scalar(select(func.count()).select_from(Customer)) == customers.count(session, TEAM)
    keys = list(session.scalars(select(OutboxRow.key).where(OutboxRow.state == "waiting")))
    assert len(keys) == len(set(keys))
