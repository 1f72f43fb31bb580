"""What needs a decision: requirements that nobody has decided and nobody votes on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, exists, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.domain.digest import Why
from bot.domain.feedback import State
from bot.domain.votes import Result
from storage import lines
from storage.feedback import Feedback, Question
from storage.lines import Line
from storage.requirements import UNDECIDED, Requirement
from storage.schedules import Period
from storage.votes import Round


@dataclass(frozen=True)
class Undecided:
    """A requirement that needs a decision: `origin` is the feedback whose card it lives on, `since` when it came."""

    number: int
    origin: int
    why: Why
    since: datetime


def undecided(
    session: Session,
    team_id: str,
    last_digest: datetime | None,
    limit: int,
    among: Collection[int] | None = None,
) -> list[Undecided]:
    """Return what needs a decision, in the order of Why and then the longest waiting first; at most `limit`.

    `last_digest`: what was answered since then counts as answered, whatever its vote came to. `among`: only these.
    """
    query = _undecided(since_digest=last_digest is not None, some=among is not None)
    wanted = {"team_id": team_id, "last_digest": last_digest, "most": limit, "among": list(among or ())}
    rows = session.execute(query, wanted)
    return [Undecided(number, origin, Why(found), since) for number, origin, found, since in rows]


@cache
def _undecided(*, since_digest: bool, some: bool) -> Select[int, int, str, datetime]:
    """These are long statements; building one took longer than executing it."""
    why = _why(since_digest=since_digest)
    query = _needing_decision(why).order_by(*_urgency(why)).limit(bindparam("most", type_=Integer))
    return query.where(Requirement.number.in_(bindparam("among", expanding=True))) if some else query


def count(session: Session, team_id: str, last_digest: datetime | None) -> dict[Why, int]:
    """Return how many requirements need a decision, by why."""
    wanted = {"team_id": team_id, "last_digest": last_digest}
    query = _count(since_digest=last_digest is not None)
    return {Why(why): number for why, number in session.execute(query, wanted)}


@cache
def _count(*, since_digest: bool) -> Select[str, int]:
    found = _needing_decision(_why(since_digest=since_digest)).subquery()
    return select(found.c.why, func.count()).group_by(found.c.why)


def first(
    session: Session, team_id: str, last_digest: datetime | None, limit: int
) -> tuple[list[tuple[Line, Undecided]], int]:
    """Return the first of what needs a decision, as `undecided` orders it, each with its line, and how much does."""
    why = _why(since_digest=last_digest is not None)
    place = func.row_number().over(order_by=_urgency(why)).label("place")
    ripe = _needing_decision(why).add_columns(func.count().over().label("of"), place)
    found = ripe.order_by("place").limit(limit).subquery()
    facts = found.c
    columns = (facts.number, facts.origin, facts.why, facts.changed_at, facts.of)
    query = lines.for_requirements(team_id).join(found, facts.number == Requirement.number).order_by(facts.place)
    rows = session.execute(query.add_columns(*columns), {"team_id": team_id, "last_digest": last_digest}).all()
    items = [
        (lines.line(row), Undecided(number, origin, Why(why), since))
        for row in rows
        for number, origin, why, since in [row[-5:-1]]
    ]
    return items, rows[0][-1] if rows else 0


def _urgency(why: ColumnElement[str]) -> tuple[Any, ...]:
    rank = case({reason.value: place for place, reason in enumerate(Why)}, value=why)
    return (rank, Requirement.changed_at, Requirement.number)


def _needing_decision(why: ColumnElement[str]) -> Select[int, int, str, datetime]:
    """All about its vote is looked up for each requirement by itself: most rounds are of others, decided long ago."""
    return select(Requirement.number, Requirement.origin, why.label("why"), Requirement.changed_at).where(
        Requirement.team_id == bindparam("team_id"),
        text(f"requirements.{UNDECIDED}"),
        Requirement.withdrawn_at.is_(None),
        ~exists().where(*_of_it(), Round.closed_at.is_(None)),
    )


def _of_it() -> tuple[ColumnElement[bool], ...]:
    return (Round.team_id == Requirement.team_id, Round.requirement == Requirement.number)


def _newest(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return a column of a requirement's newest round; NULL when it was never voted on."""
    query = select(column).where(*_of_it()).order_by(Round.number.desc()).limit(1)
    return query.correlate(Requirement).scalar_subquery()


def _why(*, since_digest: bool) -> ColumnElement[str]:
    since_vote = Question.answered_at > func.coalesce(_newest(Round.closed_at), Requirement.created_at)
    news = or_(since_vote, Question.answered_at > bindparam("last_digest")) if since_digest else since_vote
    about_it = exists().where(Question.team_id == Feedback.team_id, Question.feedback == Feedback.number, news)
    answered = exists().where(  # one in the other, lest SQLite looks through all questions for every requirement
        Feedback.team_id == Requirement.team_id,
        Feedback.requirement == Requirement.number,
        Feedback.state != State.WITHDRAWN.value,
        about_it.correlate(Feedback, Requirement),
    )
    result = _newest(Round.result)
    return case(
        (answered, Why.ANSWERED.value),
        (result == Result.UNDECIDED.value, Why.UNDECIDED.value),
        (result == Result.REJECTED.value, Why.REJECTED.value),
        else_=Why.WAITING.value,
    )


def in_vote(session: Session, team_id: str) -> tuple[int, int]:
    """Return how many requirements are being voted on, and of how many the vote waits for an answer."""
    query = select(func.count(), func.count(Round.paused_at)).where(Round.team_id == team_id, Round.closed_at.is_(None))
    rounds, paused = session.execute(query).one()
    return rounds - paused, paused


def former_digest(session: Session, team_id: str) -> datetime | None:
    """Return when the digest of the meeting before the newest one was due: what came since is news to the meeting."""
    query = (
        select(Period.due_at)
        .where(Period.team_id == team_id, Period.schedule == "digest")
        .order_by(Period.due_at.desc())
        .offset(1)
        .limit(1)
    )
    return session.scalar(query)
