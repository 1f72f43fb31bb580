"""What a review meeting has to decide: which requirements, why, in which order, and what is not ripe yet."""

from datetime import datetime, timedelta

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from bot.domain.calendar import Occurrence
from bot.domain.digest import Why
from bot.domain.people import Actor
from bot.domain.requirements import Status
from bot.domain.votes import Choice
from bot.policy import Policy
from bot.services import digest, feedback, requirements, votes
from bot.services.digest import Agenda
from storage import digest as store
from storage import policy, schedules
from storage import requirements as requirement_store
from tests import make
from tests.make import ALICE, BOB, DORA, MARA, MONDAY, TEAM, later

APPROVED, REJECTED = (Choice.APPROVE, Choice.APPROVE), (Choice.REJECT, Choice.REJECT)
TIED = (Choice.APPROVE, Choice.REJECT)


def needed(session: Session, words: str, *choices: Choice, by: Actor = ALICE) -> int:
    """File a need and vote on it; return its requirement's number."""
    number = make.file(session, words, by=by).requirement
    assert number
    for who, choice in zip((BOB, DORA), choices, strict=False):
        make.vote(session, Actor(by.team_id, who.user_id), number, choice)
    return number


def agenda(session: Session, now: datetime = MONDAY, limit: int = 20, team_id: str = TEAM) -> Agenda:
    return digest.agenda(session, team_id, now, limit)


def listed(session: Session, **how: int) -> list[tuple[int, Why]]:
    return [(item.requirement, item.why) for item in agenda(session, **how).items]


def test_home_lists_the_first_of_what_the_digest_lists_each_with_its_line(session: Session) -> None:
    make.rules(session)
    for words, choices in (("A tie.", TIED), ("A no.", REJECTED), ("Another tie.", TIED), ("A yes.", APPROVED)):
        needed(session, words, *choices)
    first, number = digest.first(session, TEAM, policy.load(session, TEAM), later(days=3), 2)
    assert tuple(item for _, item in first) == agenda(session, later(days=3), 2).items
    assert [line.title for line, _ in first] == ["A tie", "Another tie"]
    assert number == agenda(session).total == 3
    assert digest.first(session, "T0OTHER", policy.load(session, "T0OTHER"), MONDAY, 2) == ([], 0)


def came(session: Session, number: int, **ago: float) -> None:
    """Let a requirement have come into review so long before MONDAY."""
    requirement = make.requirement(session, number)
    requirement.changed_at = MONDAY - timedelta(**ago)
    session.flush()


def answered(session: Session, number: int, at: datetime, words: str = "Which format?") -> None:
    """Ask about a requirement's feedback, and answer it at a moment."""
    origin = make.requirement(session, number).origin
    feedback.ask(session, BOB, origin, words, at, key=make.form())
    question = session.execute(text("SELECT max(number) FROM questions")).scalar()
    assert question
    feedback.answer_question(session, ALICE, origin and question, "XLSX.", at, key=make.form())


def met(session: Session, *due: datetime) -> None:
    """Note that digests were due at these moments."""
    for at in due:
        facts = {"due_at": at, "now": at, "late": False}
        assert schedules.first_in_period(session, TEAM, "digest", at.date().isoformat(), **facts)


def test_a_tie_a_no_and_a_recommendation_need_a_decision_and_a_decided_or_open_vote_does_not(session: Session) -> None:
    make.rules(session)
    tied, rejected = needed(session, "A tie.", *TIED), needed(session, "A no.", *REJECTED)
    needed(session, "A yes.", *APPROVED)
    needed(session, "Still voted on.", Choice.APPROVE)
    make.rules(session, vote={"quorum": 2, "decides": False})
    recommended = needed(session, "A recommendation.", *APPROVED)
    assert listed(session) == [(tied, Why.UNDECIDED), (rejected, Why.REJECTED), (recommended, Why.WAITING)]


def test_a_vote_whose_deadline_came_without_a_quorum_is_undecided(session: Session) -> None:
    make.rules(session)
    number = needed(session, "Nobody cares.", Choice.REJECT)
    assert votes.close_expired(session, TEAM, number, later(days=30))
    assert listed(session) == [(number, Why.UNDECIDED)]


def test_what_was_never_voted_on_waits_too(session: Session) -> None:
    make.rules(session)
    origin = make.file(session).number
    number = requirement_store.next_number(session, TEAM)
    requirement_store.add(session, TEAM, number, title="Imported", origin=origin, now=MONDAY)
    assert listed(session) == [(number, Why.WAITING)]


def test_what_was_answered_after_the_vote_comes_first(session: Session) -> None:
    make.rules(session)
    tied, rejected = needed(session, "A tie.", *TIED), needed(session, "A no.", *REJECTED)
    answered(session, rejected, later(hours=1))
    assert listed(session) == [(rejected, Why.ANSWERED), (tied, Why.UNDECIDED)]


def test_what_was_answered_before_its_vote_ended_is_news_only_until_the_next_meeting(session: Session) -> None:
    make.rules(session)
    number = needed(session, "A tie.")
    answered(session, number, MONDAY - timedelta(hours=2))
    for who, choice in zip((BOB, DORA), TIED, strict=True):
        make.vote(session, who, number, choice)
    assert listed(session) == [(number, Why.UNDECIDED)]
    met(session, MONDAY - timedelta(days=6), later(days=1))
    assert listed(session) == [(number, Why.ANSWERED)]
    met(session, later(days=8))
    assert listed(session) == [(number, Why.UNDECIDED)]


def test_an_unanswered_question_alone_changes_nothing(session: Session) -> None:
    make.rules(session)
    number = needed(session, "A tie.", *TIED)
    feedback.ask(session, BOB, 1, "Which format?", later(hours=1), key=make.form())
    assert listed(session) == [(number, Why.UNDECIDED)]


def test_the_longest_waiting_comes_first_among_its_like(session: Session) -> None:
    make.rules(session)
    numbers = [needed(session, f"Tie {n}.", *TIED) for n in range(3)]
    for number, days in zip(numbers, (2, 9, 4), strict=True):
        came(session, number, days=days)
    no = needed(session, "The oldest of all, but a no.", *REJECTED)
    came(session, no, days=90)
    assert [number for number, _ in listed(session)] == [numbers[1], numbers[2], numbers[0], no]


def test_days_are_counted_by_the_teams_calendar_and_never_below_none(session: Session) -> None:
    make.rules(session, workspace={"timezone": "Asia/Shanghai"})
    number = needed(session, "A tie.", *TIED)
    came(session, number, days=7)
    assert agenda(session, MONDAY).items[0].days == 7
    evening = datetime(2026, 11, 23, 16, 30, tzinfo=MONDAY.tzinfo)  # past midnight in Shanghai
    assert agenda(session, evening).items[0].days == 8
    assert agenda(session, MONDAY - timedelta(days=30)).items[0].days == 0


def test_what_was_reopened_is_voted_on_and_counts_its_days_anew(session: Session) -> None:
    make.rules(session)
    number = needed(session, "A tie.", *TIED)
    came(session, number, days=40)
    make.move(session, Status.DECLINED, number)
    assert listed(session) == []
    make.move(session, Status.IN_REVIEW, number)
    assert listed(session) == []
    votes.close_expired(session, TEAM, number, later(days=30))
    assert [(item.requirement, item.days) for item in agenda(session, later(days=30)).items] == [(number, 30)]


def test_what_was_withdrawn_needs_no_decision(session: Session) -> None:
    make.rules(session)
    number = needed(session, "A tie.", *TIED)
    requirement_store.withdraw(session, TEAM, number, MONDAY)
    found = agenda(session)
    assert (found.total, found.items) == (0, ())


def test_beyond_the_limit_they_are_counted_by_why_and_what_is_not_ripe_is_counted_too(session: Session) -> None:
    make.rules(session)
    for n in range(3):
        needed(session, f"Tie {n}.", *TIED)
        needed(session, f"No {n}.", *REJECTED)
        needed(session, f"Open {n}.")
    feedback.ask(session, BOB, 3, "Which format?", MONDAY, key=make.form())
    found = agenda(session, limit=2)
    assert [item.why for item in found.items] == [Why.UNDECIDED, Why.UNDECIDED]
    assert found.rest == {Why.UNDECIDED: 1, Why.REJECTED: 3}
    assert (found.total, found.voting, found.asked) == (6, 2, 1)


def test_another_workspaces_requirements_are_never_listed(session: Session) -> None:
    for team_id in (TEAM, "T0OTHER"):
        make.rules(session, team_id)
    needed(session, "Theirs.", *TIED, by=Actor("T0OTHER", "UALICE"))
    needed(session, "Theirs, open.", by=Actor("T0OTHER", "UALICE"))
    found = agenda(session)
    assert (found.total, found.voting) == (0, 0)
    assert agenda(session, team_id="T0OTHER").total == 1


def test_of_given_ones_only_those_still_needing_a_decision_are_found(session: Session) -> None:
    make.rules(session)
    first, second, third = (needed(session, f"Tie {n}.", *TIED) for n in range(3))
    make.move(session, Status.DECLINED, second)
    found = digest.still_open(session, TEAM, [first, second], MONDAY)
    assert list(found) == [first]
    assert third not in found
    assert digest.still_open(session, TEAM, [], MONDAY) == {}


def test_the_agenda_takes_few_statements_however_much_there_is(session: Session) -> None:
    make.rules(session)

    def statements() -> int:
        session.flush()
        asked: list[str] = []
        connection = session.connection()

        def count(*arguments: object) -> None:
            asked.append(str(arguments[2]))

        event.listen(connection, "before_cursor_execute", count)
        agenda(session)
        event.remove(connection, "before_cursor_execute", count)
        return len(asked)

    needed(session, "Tie.", *TIED)
    few = statements()
    for n in range(15):
        needed(session, f"Tie {n}.", *TIED)
    assert statements() == few <= 8


def test_what_is_undecided_is_found_by_its_own_index(session: Session) -> None:
    """Of a million requirements most are decided; looking through all of them would take seconds."""
    make.rules(session)
    needed(session, "A tie.", *TIED)
    plan = "EXPLAIN QUERY PLAN" if session.get_bind().dialect.name == "sqlite" else "EXPLAIN"
    if plan == "EXPLAIN":
        session.execute(text("SET LOCAL enable_seqscan = off"))
    query = store._undecided(since_digest=False, some=False).params(team_id=TEAM, most=20)
    compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    lines = "\n".join(str(row) for row in session.execute(text(f"{plan} {compiled}")))
    assert "ix_requirements_undecided" in lines or "ix_requirements_team_id_status" in lines
    if plan != "EXPLAIN":
        assert "ix_questions_team_id_feedback_number (team_id=? AND feedback=?)" in lines
        assert "ix_questions_team_id_feedback_number (team_id=?)" not in lines  # all questions, for every requirement


def test_a_digest_is_one_letter_for_each_meeting(session: Session) -> None:
    make.rules(session)
    for _ in range(2):
        digest.announce(session, TEAM, "", Policy(), Occurrence(MONDAY, later(days=1), "2026-11-24"), MONDAY)
    letters = [row for row in make.waiting(session).values() if row.kind == "digest"]
    assert [(row.lane, row.about) for row in letters] == [("review", "2026-11-24")]


def test_a_decision_held_back_is_told_with_the_next_ones(session: Session) -> None:
    make.rules(session)
    number = needed(session, "A tie.", *TIED)
    make.delivered(session)
    hold = timedelta(minutes=15)
    change = requirements.Change(Status.ACCEPTED)
    requirements.change(session, MARA, number, change, MONDAY, key=make.form(), hold=hold)
    rows = make.waiting(session)
    assert rows["news:UALICE"].due_at == MONDAY + hold
    assert rows["card:F-1"].due_at == rows["receipt:F-1"].due_at == MONDAY
