"""Several people at one record at once, on databases that really commit."""

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import select

from bot.domain.feedback import Draft, State
from bot.domain.people import Actor
from bot.domain.refusals import Busy, Refused
from bot.domain.requirements import Status
from bot.domain.votes import Choice
from bot.services import records
from storage import changes
from storage import feedback as feedback_store
from storage.db import Database
from storage.feedback import Feedback
from storage.votes import Round
from tests import make
from tests.make import ADA, ALICE, BOB, MARA, MONDAY, TEAM, at_once

Answer = TypeVar("Answer")


@pytest.fixture(autouse=True)
def _filed(database: Database) -> None:
    with database.begin() as session:
        make.rules(session)
        make.file(session)


def patiently(do: Callable[[], Answer]) -> Answer:
    """Do as people do who are told that the database is busy: try again."""
    for _ in range(5):
        try:
            return do()
        except Busy:
            continue
    return do()


def edit(database: Database, words: str) -> bool:
    """Edit F-1 in a window opened before anybody else did."""
    draft = Draft(words=words, customer_name="Acme")
    with database.begin() as session:
        return records.edit_feedback(session, ALICE, 1, draft, MONDAY, key=make.form(), seen_changes=0)


def edit_requirement(database: Database, by: Actor, title: str) -> bool:
    with database.begin() as session:
        return records.edit_requirement(session, by, 1, title, None, MONDAY, key=make.form(), seen_changes=0)


def withdraw(database: Database, by: Actor = ALICE) -> bool:
    with database.begin() as session:
        return records.withdraw(session, by, 1, MONDAY, key=make.form())


def reopen(database: Database, by: Actor) -> bool:
    with database.begin() as session:
        return records.reopen(session, by, 1, MONDAY, key=make.form())


def refusals(answers: list[bool | Refused | Busy]) -> list[str]:
    return sorted(answer.key for answer in answers if isinstance(answer, Refused))


def stored(database: Database) -> Feedback:
    with database.read() as session:
        found = feedback_store.get(session, TEAM, 1)
    assert found
    return found


def kept(database: Database, about: str = "F-1") -> list[str]:
    with database.read() as session:
        return [change.what for change in changes.of(session, TEAM, about)]


def rounds(database: Database) -> list[int]:
    """Return the numbers of the rounds that are open."""
    with database.read() as session:
        return list(session.scalars(select(Round.number).where(Round.closed_at.is_(None))))


def test_of_many_windows_that_save_at_once_one_wins_and_the_others_are_told(database: Database) -> None:
    answers = at_once(6, lambda n: patiently(lambda: edit(database, f"Words of window {n}.")))
    assert answers.count(True) == 1
    assert refusals(answers) == ["refused.edited_meanwhile"] * 5
    assert stored(database).words == f"Words of window {answers.index(True)}."
    assert kept(database) == ["edited"]


def test_two_windows_that_only_look_and_then_write_would_be_noticed(database: Database) -> None:
    gate = threading.Barrier(2)

    def careless(number: int) -> bool:
        with database.read() as session:
            unchanged = not changes.of(session, TEAM, "F-1")
        gate.wait(10)
        with database.begin() as session:
            feedback_store.change(session, TEAM, 1, words=f"Words of window {number}.")
        return unchanged

    assert at_once(2, careless).count(True) == 2


def test_of_two_managers_who_save_a_requirement_at_once_one_wins(database: Database) -> None:
    people = (MARA, ADA)
    answers = at_once(2, lambda n: patiently(lambda: edit_requirement(database, people[n], f"Title {n}")))
    assert answers.count(True) == 1
    assert refusals(answers) == ["refused.edited_meanwhile"]
    assert kept(database, "R-1") == ["edited"]


def test_an_edit_and_a_withdrawal_at_once_leave_it_withdrawn_and_nothing_half_done(database: Database) -> None:
    def person(number: int) -> bool:
        if number:
            return patiently(lambda: withdraw(database, MARA))
        return patiently(lambda: edit(database, "Other words."))

    answers = at_once(2, person)
    assert answers[1] is True
    assert stored(database).state == State.WITHDRAWN
    if answers[0] is True:
        assert kept(database) == ["edited", "withdrawn"]
    else:
        assert refusals(answers) == ["refused.edit_withdrawn"]
        assert kept(database) == ["withdrawn"]


def test_filer_and_manager_who_reopen_at_once_open_one_vote(database: Database) -> None:
    withdraw(database)
    people = (ALICE, MARA)
    answers = at_once(2, lambda n: patiently(lambda: reopen(database, people[n])))
    assert answers.count(True) == 1
    assert refusals(answers) == ["refused.open_already"]
    assert rounds(database) == [2]
    assert kept(database) == ["withdrawn", "reopened"]


def test_a_vote_and_a_withdrawal_at_once_wait_for_each_other(database: Database) -> None:
    def person(number: int) -> object:
        if number:
            return patiently(lambda: withdraw(database))

        def vote() -> object:
            with database.begin() as session:
                return make.vote(session, BOB, 1, Choice.APPROVE)

        return patiently(vote)

    answers = at_once(2, person)
    assert answers[1] is True
    assert [no.key for no in answers if isinstance(no, Refused)] in ([], ["refused.withdrawn"])
    assert rounds(database) == []


def test_a_decision_and_a_withdrawal_at_once_agree_on_what_became_of_it(database: Database) -> None:
    def person(number: int) -> bool:
        if number:
            return patiently(lambda: withdraw(database))

        def decide() -> bool:
            with database.begin() as session:
                return make.move(session, Status.ACCEPTED)

        return patiently(decide)

    answers = at_once(2, person)
    assert answers[1] is True
    with database.read() as session:
        made = make.requirement(session)
    if answers[0] is True:
        assert (made.status, made.withdrawn_at) == ("accepted", None)
    else:
        assert refusals(answers) == ["refused.withdrawn"]
        assert made.withdrawn_at == MONDAY
