"""While the filer is asked the deadline stands still; what is not answered is asked once more, then others hear."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from bot import jobs
from bot.domain.requirements import Status
from bot.domain.votes import Choice, Result
from bot.services import feedback
from storage import feedback as feedback_store
from storage import people
from storage import votes as vote_store
from storage.db import Database
from storage.people import Profile
from tests import make
from tests.make import ALICE, BOB, DORA, MARA, MEILING, MONDAY, RULES, TEAM, later
from tests.services.rounds import FRIDAY, MINUTE, NEXT_MONDAY, THURSDAY, answer, ask, close, day, items, opened, told


@pytest.fixture
def committed(database: Database) -> Database:
    """R-1 is in review with one vote of the two it needs."""
    with database.begin() as session:
        opened(session)
        make.vote(session, BOB, 1, Choice.APPROVE)
        make.delivered(session)
    return database


# Questions


def test_while_the_filer_is_asked_the_deadline_stands_still(session: Session) -> None:
    opened(session)
    ask(session, day(25))
    assert make.newest_round(session).paused_at == day(25)
    assert vote_store.expired(session, later(days=30), 10) == []
    assert not close(session, later(days=30))


@pytest.mark.parametrize(
    ("asked", "answered", "due"),
    [
        (day(24), day(24, 17), THURSDAY),  # the same day
        (day(24), day(25), FRIDAY),
        (day(26, 17), day(26, 19), FRIDAY),  # a working day is left
        (day(26), day(28), NEXT_MONDAY),  # a Saturday: of the weekend nothing counts
        (day(26), day(30), NEXT_MONDAY + timedelta(days=1)),
    ],
)
def test_an_answer_lets_it_go_on_by_the_working_days_it_stood_still(
    session: Session, asked: datetime, answered: datetime, due: datetime
) -> None:
    opened(session)
    answer(session, ask(session, asked), answered)
    vote = make.newest_round(session)
    assert vote.paused_at is None
    assert vote.due_at == (max(due, FRIDAY) if answered > day(26) else due)


def test_of_two_questions_the_last_answer_lets_it_go_on(session: Session) -> None:
    opened(session)
    first, second = ask(session, day(24)), ask(session, day(25), by=DORA)
    answer(session, second, day(25, 10))
    assert make.newest_round(session).paused_at == day(24)
    answer(session, first, day(26))
    vote = make.newest_round(session)
    assert (vote.paused_at, vote.due_at) == (None, NEXT_MONDAY)


def test_a_question_to_another_filer_holds_it_up_too_until_they_withdraw(session: Session) -> None:
    opened(session)
    asked = make.ask_too(session, by=MEILING)
    ask(session, MONDAY, asked.number)
    assert make.newest_round(session).paused_at == MONDAY
    feedback.undo(session, MEILING, asked.number, MONDAY)
    assert make.newest_round(session).paused_at is None


def test_a_question_about_a_closed_round_reopens_nothing(session: Session) -> None:
    opened(session)
    close(session)
    question = ask(session, FRIDAY)
    answer(session, question, FRIDAY + MINUTE)
    vote = make.newest_round(session)
    assert (vote.result, vote.due_at, vote.paused_at) == (Result.UNDECIDED, THURSDAY, None)


def test_an_answer_after_the_decision_reopens_nothing(session: Session) -> None:
    opened(session)
    question = ask(session, day(24))
    make.move(session, Status.DECLINED)
    make.delivered(session)
    answer(session, question, day(25))
    vote = make.newest_round(session)
    assert (vote.result, vote.due_at) == (Result.DECIDED, THURSDAY)
    assert "note:F-1:Q-1" in make.waiting(session)


def test_a_question_in_a_former_round_does_not_hold_up_the_next(session: Session) -> None:
    opened(session)
    question = ask(session, MONDAY)
    make.move(session, Status.DECLINED)
    make.move(session, Status.IN_REVIEW)
    answer(session, question, day(25))
    vote = make.newest_round(session)
    assert (vote.number, vote.due_at, vote.paused_at) == (2, THURSDAY, None)


def test_a_vote_may_be_cast_and_decide_while_the_deadline_stands_still(session: Session) -> None:
    opened(session)
    ask(session, MONDAY)
    make.vote(session, BOB, 1, Choice.APPROVE)
    assert make.vote(session, DORA, 1, Choice.APPROVE).result is Result.APPROVED


def test_an_answer_and_another_question_at_once_leave_it_standing_still(committed: Database) -> None:
    with committed.begin() as session:
        first = ask(session, MONDAY)
    acts = (lambda s: answer(s, first, day(24)), lambda s: ask(s, day(24), by=DORA))

    def person(number: int) -> None:
        with committed.begin() as session:
            acts[number](session)

    assert make.at_once(2, person) == [None, None]
    with committed.read() as session:
        assert make.newest_round(session).paused_at in {MONDAY, day(24)}


# What is not answered


def followed_up(session: Session, now: datetime) -> list[int]:
    """Follow up what is due, as every replica does; return the questions of which somebody heard."""
    due = feedback_store.to_follow_up(session, now, 10)
    return [number for team_id, number in due if feedback.follow_up(session, team_id, number, now)]


def heard(session: Session) -> dict[str, list[tuple[str, int]]]:
    """Return what each hears, and let it be sent."""
    found = {person.user_id: told(session, person) for person in (ALICE, MARA, BOB, MEILING) if told(session, person)}
    make.delivered(session)
    return found


def test_a_question_is_asked_once_more_then_the_managers_hear_then_nobody(session: Session) -> None:
    opened(session)
    ask(session, MONDAY)
    make.delivered(session)
    second = datetime(2026, 12, 1, 18, tzinfo=UTC)  # Tuesday, the weekend between
    assert (followed_up(session, THURSDAY - MINUTE), heard(session)) == ([], {})
    assert (followed_up(session, THURSDAY), heard(session)) == ([1], {"UALICE": [("chase", 1)]})
    assert (followed_up(session, second - MINUTE), heard(session)) == ([], {})
    assert (followed_up(session, second), heard(session)) == ([1], {"UMARA": [("unanswered", 1)]})
    assert feedback_store.to_follow_up(session, later(days=999), 10) == []
    question = feedback_store.question(session, TEAM, 1)
    assert question
    assert (question.follow_ups, question.follow_up_at) == (2, None)


def test_after_an_outage_the_filer_still_has_their_days_before_the_managers_hear(session: Session) -> None:
    opened(session)
    ask(session, MONDAY)
    make.delivered(session)
    back = later(days=60)
    assert (followed_up(session, back), heard(session)) == ([1], {"UALICE": [("chase", 1)]})
    assert (followed_up(session, back + MINUTE), heard(session)) == ([], {})


def test_without_managers_the_admins_hear(session: Session) -> None:
    opened(session, people={"reviewers": ["UBOB"], "admins": ["UADA"]}, vote={"quorum": 1})
    ask(session, MONDAY)
    followed_up(session, THURSDAY)
    make.delivered(session)
    followed_up(session, later(days=20))
    assert [key for key in make.waiting(session) if key.startswith("news:")] == ["news:UADA"]


def test_who_answered_hears_nothing_more(session: Session) -> None:
    opened(session)
    answer(session, ask(session, MONDAY), day(24))
    make.delivered(session)
    assert feedback_store.to_follow_up(session, later(days=999), 10) == []
    assert not feedback.follow_up(session, TEAM, 1, later(days=999))
    assert heard(session) == {}


@pytest.mark.parametrize("chased", [False, True])
@pytest.mark.parametrize("ended", ["decided", "withdrawn"])
def test_when_it_was_decided_or_withdrawn_meanwhile_nobody_hears(session: Session, ended: str, *, chased: bool) -> None:
    opened(session)
    ask(session, MONDAY)
    if chased:
        followed_up(session, THURSDAY)
    if ended == "decided":
        make.move(session, Status.ACCEPTED)
    else:
        feedback.undo(session, ALICE, 1, MONDAY)
    make.delivered(session)
    assert followed_up(session, later(days=30)) == []
    assert heard(session) == {}
    assert feedback_store.to_follow_up(session, later(days=999), 10) == []


def test_a_filer_who_left_is_not_asked_again_and_the_managers_hear_in_the_end(session: Session) -> None:
    opened(session)
    ask(session, MONDAY)
    people.save(session, TEAM, Profile("UALICE", "Alice", "en", deleted=True))
    make.delivered(session)
    followed_up(session, THURSDAY)
    assert heard(session) == {}
    followed_up(session, later(days=20))
    assert heard(session) == {"UMARA": [("unanswered", 1)]}


def test_a_manager_who_was_asked_is_not_asked_to_help_with_their_own_answer(session: Session) -> None:
    make.rules(session, people={**RULES["people"], "managers": ["UMARA", "UMEILING"]})
    make.file(session, by=MARA)
    ask(session, MONDAY)
    make.delivered(session)
    followed_up(session, THURSDAY)
    assert heard(session) == {"UMARA": [("chase", 1)]}
    followed_up(session, later(days=20))
    assert heard(session) == {"UMEILING": [("unanswered", 1)]}


def test_replicas_that_follow_up_the_same_ask_once_more_only_once(committed: Database) -> None:
    with committed.begin() as session:
        ask(session, MONDAY)
        make.delivered(session)

    def replica(_: int) -> bool:
        with committed.begin() as session:
            return feedback.follow_up(session, TEAM, 1, THURSDAY)

    assert sorted(make.at_once(4, replica), key=str) == [False, False, False, True]
    assert [item for item in items(committed) if item[0] == "chase"] == [("chase", 1)]


def test_the_jobs_close_and_follow_up_what_is_due(committed: Database) -> None:
    with committed.begin() as session:
        make.file(session, "They need a second one.")
        ask(session, MONDAY, 2)
        make.delivered(session)
    for job in jobs.JOBS:
        job.do(committed, THURSDAY)
    with committed.read() as session:
        assert told(session, ALICE) == [("round", 1), ("chase", 1)]
