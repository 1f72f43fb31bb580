"""Rounds end by themselves: when their deadline comes, later when the filer was asked, and once whoever closes them."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot import jobs
from bot.domain.requirements import Status
from bot.domain.votes import Choice, Result
from bot.services import feedback, votes
from bot.services import policy as policy_service
from storage import policy
from storage import votes as vote_store
from storage.db import Database
from storage.votes import Round
from tests import make
from tests.make import ALICE, BOB, DORA, EMIL, MEILING, MONDAY, RULES, TEAM, later
from tests.services.rounds import FRIDAY, MINUTE, THURSDAY, close, day, items, opened, told
from tests.zones import DUBAI, SHANGHAI, local

# The deadline


def test_a_round_is_due_at_the_close_of_the_last_of_its_working_days(session: Session) -> None:
    assert opened(session).due_at == THURSDAY
    make.rules(session, vote={"quorum": 2, "days": 4})
    make.file(session, "They need a second one.")
    assert make.newest_round(session, 2).due_at == FRIDAY
    assert make.newest_round(session, 1).due_at == THURSDAY  # as it was opened


def test_the_days_are_those_of_the_teams_zone_weekend_and_holidays(session: Session) -> None:
    team: dict[str, object] = {
        "timezone": "Asia/Dubai",
        "weekend": ["fri", "sat"],
        "holidays": ["2026-11-25..2026-11-26"],
    }
    assert opened(session, workspace=team).due_at == local(DUBAI, 2026, 11, 30, 18, 0)


def test_the_day_it_opens_is_the_teams_day(session: Session) -> None:
    make.rules(session, workspace={"timezone": "Asia/Shanghai"})
    evening = day(23, 17)  # Tuesday there
    votes_open = {"filers": {"UALICE"}}
    make.file(session)
    vote_store.close(session, make.newest_round(session), Result.DECIDED, MONDAY)
    votes.open_round(session, TEAM, 1, policy.load(session, TEAM), evening, **votes_open)
    assert make.newest_round(session).due_at == local(SHANGHAI, 2026, 11, 27, 18, 0)


def test_a_reopened_requirement_gets_a_deadline_of_its_own(session: Session) -> None:
    opened(session)
    make.move(session, Status.DECLINED)
    make.move(session, Status.IN_REVIEW)
    vote = make.newest_round(session)
    assert (vote.number, vote.due_at, vote.paused_at) == (2, THURSDAY, None)


def test_until_its_deadline_a_round_stays_open(session: Session) -> None:
    opened(session)
    assert not close(session, THURSDAY - timedelta(microseconds=1))
    assert make.newest_round(session).closed_at is None
    assert vote_store.expired(session, THURSDAY - timedelta(microseconds=1), 10) == []
    assert vote_store.expired(session, THURSDAY, 10) == [(TEAM, 1)]


@pytest.mark.parametrize("choice", [None, Choice.REJECT, Choice.APPROVE])
def test_a_round_without_a_quorum_ends_undecided_whatever_was_voted(session: Session, choice: Choice | None) -> None:
    opened(session)
    if choice:
        make.vote(session, BOB, 1, choice)
        make.delivered(session)
    assert close(session)
    vote = make.newest_round(session)
    assert (vote.result, vote.closed_at) == (Result.UNDECIDED, THURSDAY)
    assert make.requirement(session).status == Status.IN_REVIEW
    assert told(session, ALICE) == [("round", 1)]
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "news:UALICE"}


def test_everyone_who_asked_hears_of_the_end(session: Session) -> None:
    opened(session)
    make.ask_too(session, by=MEILING)
    make.delivered(session)
    assert close(session)
    assert told(session, ALICE) == told(session, MEILING) == [("round", 1)]


def test_an_ended_round_takes_no_vote_and_ends_only_once(session: Session) -> None:
    opened(session)
    assert close(session)
    make.delivered(session)
    assert not close(session, THURSDAY + MINUTE)
    assert make.waiting(session) == {}
    with make.refusal(session, "refused.vote_closed", result="undecided"):
        make.vote(session, BOB, 1, Choice.APPROVE)


def test_what_was_decided_or_withdrawn_has_no_deadline_any_more(session: Session) -> None:
    opened(session)
    make.file(session, "They need a second one.")
    make.move(session, Status.ACCEPTED)
    feedback.undo(session, ALICE, 2, MONDAY)
    make.delivered(session)
    assert vote_store.expired(session, THURSDAY, 10) == []
    assert not close(session)
    assert not close(session, requirement=2)
    assert make.waiting(session) == {}


def test_a_round_of_a_former_version_has_no_deadline(session: Session) -> None:
    opened(session)
    session.execute(update(Round).values(due_at=None))
    assert vote_store.expired(session, later(days=999), 10) == []
    assert not close(session, later(days=999))


def test_what_does_not_exist_is_not_closed(session: Session) -> None:
    opened(session)
    assert not close(session, requirement=77)
    assert not votes.close_expired(session, "T0OTHER", 1, THURSDAY)


def test_the_longest_expired_come_first_and_not_all_at_once(session: Session) -> None:
    opened(session)
    for number in (2, 3):
        make.file(session, f"They need number {number}.")
    session.execute(update(Round).where(Round.requirement == 3).values(due_at=day(24)))
    assert vote_store.expired(session, THURSDAY, 2)[0] == (TEAM, 3)
    assert len(vote_store.expired(session, THURSDAY, 2)) == 2


def test_what_is_closed_keeps_its_result(session: Session) -> None:
    vote = opened(session)
    assert vote_store.close(session, vote, Result.UNDECIDED, THURSDAY)
    assert not vote_store.close(session, vote, Result.REJECTED, FRIDAY)
    closed = make.newest_round(session)
    assert (closed.result, closed.closed_at) == (Result.UNDECIDED, THURSDAY)


# Many at once


@pytest.fixture
def committed(database: Database) -> Database:
    """R-1 is in review with one vote of the two it needs."""
    with database.begin() as session:
        opened(session)
        make.vote(session, BOB, 1, Choice.APPROVE)
        make.delivered(session)
    return database


def test_replicas_that_find_the_same_close_it_once(committed: Database) -> None:
    def replica(_: int) -> bool:
        with committed.begin() as session:
            return close(session)

    assert sorted(make.at_once(4, replica), key=str) == [False, False, False, True]
    assert items(committed) == [("round", 1)]


def test_a_close_that_only_looks_whether_it_is_open_would_be_noticed(committed: Database) -> None:
    gate = threading.Barrier(2)

    def careless(_: int) -> None:
        with committed.read() as session:
            assert make.newest_round(session).closed_at is None
        gate.wait(10)
        with committed.begin() as session:
            session.execute(update(Round).values(closed_at=THURSDAY, result=Result.UNDECIDED.value))
            rules = policy.load(session, TEAM)
            votes.news.tell_requesters(session, TEAM, 1, "round", 1, by=None, policy=rules, now=THURSDAY)

    make.at_once(2, careless)
    assert items(committed) == [("round", 1), ("round", 1)]


def test_the_last_vote_and_the_deadline_at_once_end_it_one_way(committed: Database) -> None:
    def last_vote() -> object:
        with committed.begin() as session:
            return votes.cast(session, DORA, 1, Choice.APPROVE, 2.0, THURSDAY).result

    def deadline() -> object:
        with committed.begin() as session:
            return close(session)

    acts = (last_vote, deadline)
    voted, closed = make.at_once(2, lambda n: acts[n]())
    with committed.read() as session:
        vote, status = make.newest_round(session), make.requirement(session).status
    if closed is True:
        assert (vote.result, status) == (Result.UNDECIDED, Status.IN_REVIEW)
        assert getattr(voted, "key", None) == "refused.vote_closed"
        assert items(committed) == [("round", 1)]
    else:
        assert (vote.result, status, voted) == (Result.APPROVED, Status.ACCEPTED, Result.APPROVED)
        assert items(committed) == [("move", 2)]


def test_what_expired_while_nobody_ran_is_closed_at_once_and_once(committed: Database) -> None:
    for now in (later(days=60), later(days=60, seconds=1)):
        jobs.close_expired_votes(committed, now)
    with committed.read() as session:
        assert make.newest_round(session).closed_at == later(days=60)
    assert items(committed) == [("round", 1)]


# Departments

DEPARTMENTS: dict[str, object] = {"product": ["UBOB"], "engineering": ["UDORA"], "market": ["UEMIL"]}


def test_a_quorum_waits_until_each_department_named_was_heard(session: Session) -> None:
    vote: dict[str, object] = {"quorum": 2, "departments": ["product", "engineering"]}
    opened(session, departments=DEPARTMENTS, vote=vote)
    assert make.newest_round(session).departments.split() == ["engineering", "product"]
    assert make.vote(session, BOB, 1, Choice.APPROVE).result is None
    assert make.vote(session, EMIL, 1, Choice.APPROVE).result is None  # two votes, but not engineering's
    assert make.vote(session, DORA, 1, Choice.ABSTAIN).result is Result.APPROVED


def test_departments_alone_are_no_quorum(session: Session) -> None:
    opened(session, departments=DEPARTMENTS, vote={"quorum": 3, "departments": ["product"]})
    assert make.vote(session, BOB, 1, Choice.APPROVE).result is None
    assert make.vote(session, DORA, 1, Choice.APPROVE).result is None
    assert make.vote(session, EMIL, 1, Choice.APPROVE).result is Result.APPROVED


def test_who_speaks_for_two_departments_is_heard_for_both(session: Session) -> None:
    both: dict[str, object] = {"product": ["UBOB"], "engineering": ["UBOB", "UDORA"]}
    opened(session, departments=both, vote={"quorum": 1, "departments": ["product", "engineering"]})
    assert make.vote(session, BOB, 1, Choice.REJECT).result is Result.REJECTED


def test_a_tie_with_all_departments_heard_is_undecided(session: Session) -> None:
    opened(session, departments=DEPARTMENTS, vote={"quorum": 2, "departments": ["product", "engineering"]})
    make.vote(session, BOB, 1, Choice.APPROVE)
    assert make.vote(session, DORA, 1, Choice.REJECT).result is Result.UNDECIDED
    assert make.requirement(session).status == Status.IN_REVIEW


def test_a_department_whose_only_voice_asked_for_it_is_not_waited_for(session: Session) -> None:
    make.rules(session, departments=DEPARTMENTS, vote={"quorum": 3, "departments": ["product", "engineering"]})
    make.file(session, by=BOB)
    vote = make.newest_round(session)
    assert (vote.departments, vote.quorum) == ("engineering", 2)
    make.vote(session, EMIL, 1, Choice.APPROVE)
    assert make.vote(session, DORA, 1, Choice.APPROVE).result is Result.APPROVED


def test_without_a_department_it_ends_undecided_at_the_deadline_however_many_voted(session: Session) -> None:
    opened(session, departments=DEPARTMENTS, vote={"quorum": 2, "departments": ["engineering"]})
    make.vote(session, BOB, 1, Choice.APPROVE)
    make.vote(session, EMIL, 1, Choice.APPROVE)
    assert close(session)
    assert make.newest_round(session).result == Result.UNDECIDED
    assert make.requirement(session).status == Status.IN_REVIEW


def test_a_running_round_waits_for_the_departments_it_began_with(session: Session) -> None:
    opened(session, departments=DEPARTMENTS, vote={"quorum": 1, "departments": ["product"]})
    make.rules(session, departments=DEPARTMENTS, vote={"quorum": 1, "departments": ["market"]})
    assert make.vote(session, EMIL, 1, Choice.APPROVE).result is None
    assert make.vote(session, BOB, 1, Choice.APPROVE).result is Result.APPROVED


# People who go


def people_table(*reviewers: str) -> dict[str, object]:
    return {**RULES["people"], "reviewers": list(reviewers)}


def test_a_reviewer_removed_in_mid_round_keeps_their_vote_and_casts_no_other(session: Session) -> None:
    opened(session, vote={"quorum": 3})
    make.vote(session, BOB, 1, Choice.APPROVE)
    policy_service.apply(session, TEAM, {"people": people_table("UDORA", "UEMIL", "UNEW")}, "test", MONDAY)
    with make.refusal(session, "refused.reviewers_only"):
        make.vote(session, BOB, 1, Choice.REJECT, at=9.0)
    assert [ballot.choice for ballot in vote_store.ballots(session, make.newest_round(session))] == ["approve"]
    make.vote(session, DORA, 1, Choice.APPROVE)
    assert make.vote(session, EMIL, 1, Choice.REJECT).result is Result.APPROVED


def test_nothing_waits_for_a_reviewer_who_was_removed(session: Session) -> None:
    opened(session)
    assert [vote.requirement for vote in votes.waiting_for(session, TEAM, "UBOB", policy.load(session, TEAM))] == [1]
    policy_service.apply(session, TEAM, {"people": people_table("UDORA", "UEMIL")}, "test", MONDAY)
    assert votes.waiting_for(session, TEAM, "UBOB", policy.load(session, TEAM)) == []


def test_managers_hear_of_votes_that_had_waited_for_who_was_removed_and_of_no_others(session: Session) -> None:
    opened(session, vote={"quorum": 3})
    make.vote(session, BOB, 1, Choice.APPROVE)
    make.delivered(session)
    policy_service.apply(
        session, TEAM, {"people": people_table("UEMIL"), "vote": {"quorum": 1}}, "test", later(hours=1)
    )
    handed = [row for row in make.waiting(session).values() if row.kind == "handover"]
    assert [(row.lane, row.about) for row in handed] == [("UMARA", "no_reviewer:UDORA")]  # Bob had voted


def test_when_everyone_is_gone_it_ends_undecided_at_the_deadline(session: Session) -> None:
    opened(session)
    make.vote(session, BOB, 1, Choice.REJECT)
    policy_service.apply(session, TEAM, {"people": people_table()}, "test", MONDAY)
    assert close(session)
    assert make.newest_round(session).result == Result.UNDECIDED


def test_with_nobody_to_vote_a_round_still_ends(session: Session) -> None:
    opened(session, people={"managers": ["UMARA"]})
    assert close(session)
    assert told(session, ALICE) == [("round", 1)]


def test_a_round_is_as_anonymous_as_it_began(session: Session) -> None:
    opened(session, vote={"quorum": 2, "anonymous": True})
    make.rules(session, vote={"quorum": 2, "anonymous": False})
    make.file(session, "They need a second one.")
    assert (make.newest_round(session, 1).anonymous, make.newest_round(session, 2).anonymous) == (True, False)
