"""What a person filed, by where it stands, and what others did about it since a moment: for Home, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from bot.domain.feedback import State
from bot.domain.home import GROUP_OF, Group, Show, is_shown
from bot.domain.requirements import Status
from bot.domain.votes import Result
from storage import lines
from storage.changes import RecordChange
from storage.feedback import Feedback, Question
from storage.lines import Line
from storage.requirements import Move, Requirement
from storage.votes import Round

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Nothing is newer."""


class News(StrEnum):
    """What others did about a piece of feedback, what matters most to its filer first."""

    ASKED = "asked"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"
    ANSWERED = "answered"
    VOTED = "voted"


@dataclass(frozen=True)
class Piece:
    """A piece of feedback. `before` is the status it had, if others moved it; `result` what a vote on it came to."""

    line: Line
    group: Group
    news: News | None
    before: str | None
    result: str | None


Counts = Mapping[tuple[Group, bool], int]
"""How many pieces are in a group, with and without news."""


def count(session: Session, team_id: str, user_id: str, since: datetime | None, customer: int | None) -> Counts:
    """Return how much a person filed, of one customer if one is named, counted by group and whether it has news."""
    standing = _standing(team_id, user_id, since, customer)
    has_news = standing.c.news.is_not(None)
    query = select(standing.c.group, has_news, func.count()).group_by(standing.c.group, has_news)
    return {(Group(group), bool(changed)): number for group, changed, number in session.execute(query)}


def page(
    session: Session,
    team_id: str,
    user_id: str,
    since: datetime | None,
    customer: int | None,
    show: Show,
    limit: int,
    offset: int,
) -> list[Piece]:
    """Return a page of what a person filed and chose to see: by group, in each news first, then what changed last."""
    standing = _standing(team_id, user_id, since, customer)
    facts = standing.c
    rank = case({group.value: place for place, group in enumerate(Group)}, value=facts.group)
    order = (rank, facts.news.is_(None), facts.changed_at.desc(), facts.number.desc())
    place = func.row_number().over(order_by=order).label("place")
    chosen = select(*facts, place).where(_chosen(show, standing)).order_by("place").limit(limit).offset(offset)
    on_page = chosen.subquery()
    query = (
        lines.for_feedback(team_id)
        .join(on_page, on_page.c.number == Feedback.number)
        .order_by(on_page.c.place)
        .add_columns(on_page.c.group, on_page.c.news, on_page.c.before, on_page.c.result)
    )
    return [
        Piece(lines.line(row), Group(group), News(news) if news else None, before, result)
        for row in session.execute(query)
        for group, news, before, result in [row[-4:]]
    ]


def _chosen(show: Show, standing: Subquery) -> ColumnElement[bool]:
    """Write `is_shown` as a condition."""
    shown = [
        and_(standing.c.group == group.value, standing.c.news.is_not(None) if changed else standing.c.news.is_(None))
        for group in Group
        for changed in (False, True)
        if is_shown(show, group, changed=changed)
    ]
    return or_(*shown)


def _standing(team_id: str, user_id: str, since: datetime | None, customer: int | None) -> Subquery:
    """Return where each piece stands. What somebody else withdrew is still among it, as long as that is news."""
    facts = _facts(team_id, user_id, since or NEVER).subquery()
    news = case(
        (facts.c.state == State.WITHDRAWN.value, News.WITHDRAWN.value),
        (facts.c.asked, News.ASKED.value),
        (facts.c.before.is_not(None), News.MOVED.value),
        (facts.c.answered, News.ANSWERED.value),
        (facts.c.result.is_not(None), News.VOTED.value),
    )
    columns = (facts.c.number, facts.c.group, facts.c.changed_at, facts.c.before, facts.c.result, news.label("news"))
    query = select(*columns).where(or_(facts.c.state != State.WITHDRAWN.value, facts.c.taken_away))
    if customer is not None:
        query = query.where(facts.c.customer_id == customer)
    return query.subquery()


def _facts(team_id: str, user_id: str, since: datetime) -> Select[*tuple[Any, ...]]:
    asks = and_(Requirement.team_id == Feedback.team_id, Requirement.number == Feedback.requirement)
    answered_later = and_(Feedback.answered_at > since, Feedback.answered_by != user_id)
    return (
        select(
            Feedback.number,
            Feedback.customer_id,
            Feedback.state,
            _group().label("group"),
            func.coalesce(Requirement.changed_at, Feedback.answered_at, Feedback.filed_at).label("changed_at"),
            _question(Question.asked_at > since, Question.asked_by != user_id).label("asked"),
            and_(Feedback.state == State.ANSWERED.value, answered_later).label("answered"),
            _moved_from(user_id, since).label("before"),
            _came_to(since).label("result"),
            _taken_away(user_id, since).label("taken_away"),
        )
        .outerjoin(Requirement, asks)
        .where(Feedback.team_id == team_id, Feedback.filed_by == user_id)
    )


def _group() -> ColumnElement[str]:
    by_status = [
        (Requirement.status.in_([status.value for status in Status if GROUP_OF[status] is group]), group.value)
        for group in Group
        if group in GROUP_OF.values()
    ]
    return case(
        (Feedback.state == State.WITHDRAWN.value, Group.CLOSED.value),
        (_question(), Group.ANSWER.value),
        *by_status,
        (Feedback.state == State.ANSWERED.value, Group.CLOSED.value),
        else_=Group.WAITING.value,
    )


def _question(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say whether a question about it waits for an answer."""
    about = (Question.team_id == Feedback.team_id, Question.feedback == Feedback.number, Question.answer.is_(None))
    return select(Question.number).where(*about, *which).correlate(Feedback).exists()


def _moved_from(user_id: str, since: datetime) -> ScalarSelect[str]:
    """Return the status it had before others first moved it since; making the requirement is no move."""
    query = select(Move.before).where(
        Move.team_id == Feedback.team_id,
        Move.requirement == Feedback.requirement,
        Move.at > since,
        Move.before != Status.NEW.value,
        or_(Move.by.is_(None), Move.by != user_id),
    )
    return query.order_by(Move.number).limit(1).correlate(Feedback).scalar_subquery()


def _came_to(since: datetime) -> ScalarSelect[str | None]:
    """Return what a vote came to that closed since. Ended by a decision it came to nothing."""
    told = (Result.APPROVED.value, Result.REJECTED.value, Result.UNDECIDED.value)
    query = select(Round.result).where(
        Round.team_id == Feedback.team_id,
        Round.requirement == Feedback.requirement,
        Round.closed_at > since,
        Round.result.in_(told),
    )
    return query.order_by(Round.number.desc()).limit(1).correlate(Feedback).scalar_subquery()


def _taken_away(user_id: str, since: datetime) -> ColumnElement[bool]:
    """Say whether somebody else withdrew it since."""
    query = select(RecordChange.number).where(
        RecordChange.team_id == Feedback.team_id,
        RecordChange.about == literal("F-").concat(sql_cast(Feedback.number, String)),
        RecordChange.what == "withdrawn",
        RecordChange.by != user_id,
        RecordChange.at > since,
    )
    return query.correlate(Feedback).exists()
