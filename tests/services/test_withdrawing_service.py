from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import UNDO_WINDOW, Kind, State
from bot.domain.people import Actor
from bot.domain.requirements import Status
from bot.domain.votes import WHY_MAX, Choice, Result
from bot.services import feedback, records
from storage import changes, news
from storage import feedback as feedback_store
from storage.changes import RecordChange
from storage.feedback import Feedback
from storage.votes import Round
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM, refusal

WORDS = "They need an export."


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


def item(session: Session, number: int = 1) -> Feedback:
    found = feedback_store.get(session, TEAM, number)
    assert found is not None
    return found


def history(session: Session, about: str = "F-1") -> list[RecordChange]:
    return changes.of(session, TEAM, about)


def withdraw(session: Session, number: int = 1, by: Actor = ALICE) -> bool:
    return records.withdraw(session, by, number, MONDAY, key=make.form())


def reopen(session: Session, number: int = 1, by: Actor = ALICE, why: str | None = None) -> bool:
    return records.reopen(session, by, number, MONDAY, key=make.form(), why=why)


def answered(session: Session) -> None:
    make.file(session, kind=Kind.QUESTION)
    feedback.answer(session, BOB, 1, "It is in the settings.", MONDAY, key=make.form())
    make.delivered(session)


def heard(session: Session, person: Actor) -> list[tuple[str, int]]:
    """Return what waits to be told to a person."""
    row = make.waiting(session).get(f"news:{person.user_id}")
    return [(told.kind, told.number) for told in news.of_message(session, TEAM, row.id)] if row else []


# Withdrawing


@pytest.mark.parametrize("somebody", [ALICE, MARA, ADA])
def test_filer_and_managers_withdraw_long_after_undo(session: Session, somebody: Actor) -> None:
    make.file(session, WORDS)
    make.vote(session, BOB, 1, Choice.APPROVE)
    later = MONDAY + UNDO_WINDOW + timedelta(days=9)
    assert records.withdraw(session, somebody, 1, later, key=make.form())
    assert item(session).state == State.WITHDRAWN
    assert make.requirement(session).withdrawn_at == later
    assert make.newest_round(session).result == Result.WITHDRAWN
    (change,) = history(session)
    assert (change.what, change.by, change.at) == ("withdrawn", somebody.user_id, later)


@pytest.mark.parametrize("somebody", [BOB, MEILING])
def test_others_do_not_withdraw(session: Session, somebody: Actor) -> None:
    make.file(session, WORDS)
    with refusal(session, "refused.filer_or_manager"):
        withdraw(session, by=somebody)


def test_undo_is_kept_in_the_history_too(session: Session) -> None:
    make.file(session, WORDS)
    feedback.undo(session, ALICE, 1, MONDAY)
    assert [change.what for change in history(session)] == ["withdrawn"]


@pytest.mark.parametrize("to", [Status.ACCEPTED, Status.DECLINED, Status.DEFERRED])
def test_what_was_decided_stays_when_its_feedback_is_withdrawn(session: Session, to: Status) -> None:
    make.file(session, WORDS)
    make.move(session, to)
    withdraw(session)
    made = make.requirement(session)
    assert (item(session).state, made.status, made.withdrawn_at) == (State.WITHDRAWN, to, None)


def test_what_others_ask_for_too_stays(session: Session) -> None:
    make.file(session, WORDS)
    make.ask_too(session)
    withdraw(session)
    assert make.requirement(session).withdrawn_at is None
    assert make.newest_round(session).closed_at is None


def test_the_filer_hears_that_a_manager_withdrew_it(session: Session) -> None:
    make.file(session, WORDS)
    make.delivered(session)
    withdraw(session, by=MARA)
    assert heard(session, ALICE) == [("withdrawn", 1)]
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "news:UALICE"}


def test_who_withdrew_their_own_is_not_told_of_it(session: Session) -> None:
    make.file(session, WORDS)
    make.delivered(session)
    withdraw(session)
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1"}


def test_nothing_is_withdrawn_twice_and_no_answer_taken_back(session: Session) -> None:
    make.file(session, WORDS)
    withdraw(session)
    with refusal(session, "refused.withdrawn"):
        withdraw(session)
    with refusal(session, "refused.unknown_feedback"):
        withdraw(session, 99)
    make.file(session, "How?", kind=Kind.QUESTION)
    feedback.answer(session, BOB, 2, "So.", MONDAY, key=make.form())
    with refusal(session, "refused.answered"):
        withdraw(session, 2)


def test_a_press_sent_twice_withdraws_once_and_is_no_error(session: Session) -> None:
    make.file(session, WORDS)
    assert records.withdraw(session, ALICE, 1, MONDAY, key="press:1")
    assert not records.withdraw(session, ALICE, 1, MONDAY, key="press:1")


def ask(session: Session, number: int) -> None:
    feedback.ask(session, BOB, number, "Which format?", MONDAY, key=make.form())


def test_questions_about_it_wait_for_no_answer_any_more(session: Session) -> None:
    make.file(session, WORDS)
    make.ask_too(session)
    ask(session, 2)
    assert make.newest_round(session).paused_at == MONDAY
    withdraw(session, 2, MEILING)
    assert feedback_store.unanswered(session, TEAM, 1) == []
    assert make.newest_round(session).paused_at is None
    with refusal(session, "refused.withdrawn"):
        feedback.answer_question(session, MEILING, 1, "XLSX.", MONDAY, key=make.form())


# Reopening


@pytest.mark.parametrize("somebody", [ALICE, MARA])
def test_what_was_withdrawn_is_reopened_with_a_new_vote(session: Session, somebody: Actor) -> None:
    make.file(session, WORDS)
    make.vote(session, BOB, 1, Choice.APPROVE)
    withdraw(session)
    make.delivered(session)
    assert reopen(session, by=somebody)
    made = make.requirement(session)
    assert (item(session).state, made.withdrawn_at, made.status) == (State.OPEN, None, "in_review")
    vote = make.newest_round(session)
    assert (vote.number, vote.closed_at, vote.quorum) == (2, None, 2)
    assert [change.what for change in history(session)] == ["withdrawn", "reopened"]
    assert heard(session, ALICE) == ([] if somebody is ALICE else [("reopened", 2)])
    assert make.vote(session, BOB, 1, Choice.REJECT).result is None


def test_a_decided_requirement_is_left_as_it_is_when_its_feedback_comes_back(session: Session) -> None:
    make.file(session, WORDS)
    make.move(session, Status.DECLINED)
    withdraw(session)
    reopen(session)
    made = make.requirement(session)
    assert (item(session).state, made.status, make.newest_round(session).number) == (State.OPEN, "declined", 1)


def test_a_vote_that_went_on_without_it_goes_on(session: Session) -> None:
    make.file(session, WORDS)
    make.ask_too(session)
    withdraw(session, 2, MEILING)
    reopen(session, 2, MEILING)
    assert session.query(Round).count() == 1
    assert make.newest_round(session).closed_at is None


def test_a_question_still_open_holds_up_the_new_vote(session: Session) -> None:
    make.file(session, WORDS)
    ask(session, 1)
    withdraw(session)
    reopen(session)
    vote = make.newest_round(session)
    assert (vote.number, vote.paused_at) == (2, MONDAY)


def test_an_answer_that_settled_nothing_is_kept_and_the_question_open_again(session: Session) -> None:
    answered(session)
    assert reopen(session, why=" That is another setting. ")
    now = item(session)
    assert (now.state, now.answer, now.answered_by) == (State.OPEN, None, None)
    (change,) = history(session)
    assert (change.what, change.before) == (
        "reopened",
        {"answer": "It is in the settings.", "answered_by": "UBOB", "why": "That is another setting."},
    )
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "note:F-1:1"}
    assert feedback.answer(session, DORA, 1, "Here it is.", MONDAY, key=make.form())


@pytest.mark.parametrize("somebody", [BOB, MARA, ADA])
def test_nobody_but_the_filer_says_that_an_answer_settled_nothing(session: Session, somebody: Actor) -> None:
    answered(session)
    with refusal(session, "refused.filer_only"):
        reopen(session, by=somebody)


def test_strangers_reopen_nothing(session: Session) -> None:
    make.file(session, WORDS)
    withdraw(session)
    with refusal(session, "refused.filer_or_manager"):
        reopen(session, by=BOB)


def test_what_is_open_or_unknown_is_not_reopened(session: Session) -> None:
    make.file(session, WORDS)
    with refusal(session, "refused.open_already"):
        reopen(session)
    with refusal(session, "refused.unknown_feedback"):
        reopen(session, 99)


def test_why_may_be_left_out_but_not_be_a_novel(session: Session) -> None:
    answered(session)
    with refusal(session, "refused.too_long", "why"):
        reopen(session, why="x" * (WHY_MAX + 1))
    assert reopen(session, why="  ")
    assert history(session)[0].before["why"] is None


def test_a_reopening_sent_twice_is_taken_once(session: Session) -> None:
    answered(session)
    assert records.reopen(session, ALICE, 1, MONDAY, key="view:once")
    assert not records.reopen(session, ALICE, 1, MONDAY, key="view:once")


def test_what_came_back_can_go_and_come_again(session: Session) -> None:
    make.file(session, WORDS)
    for _ in range(3):
        withdraw(session)
        reopen(session)
    assert [change.what for change in history(session)] == ["withdrawn", "reopened"] * 3
    assert make.newest_round(session).number == 4
