"""Whose Home we draw, what each of them chose to see there, and what waits for them in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, and_, func, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from bot.domain.feedback import State
from bot.domain.home import Show
from storage import feedback, lines, votes
from storage.db import Base, table, upsert
from storage.feedback import Feedback, Question
from storage.lines import Line
from storage.people import Person
from storage.requirements import Requirement
from storage.votes import Round


class HomeTab(Base):
    """The Home of somebody who opened it, last at `opened_at`; what changed after `news_since` is marked.

    `show`, `customer_id` and `page` are what they chose to see of their feedback. `hash` is Slack's, of the view that
    we published last.
    """

    __tablename__ = "homes"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    opened_at: Mapped[datetime]
    news_since: Mapped[datetime | None]
    show: Mapped[str] = mapped_column(String(20), server_default=Show.OPEN.value)
    customer_id: Mapped[int | None] = mapped_column(Integer)
    page: Mapped[int] = mapped_column(Integer, server_default="1")
    hash: Mapped[str | None] = mapped_column(String(100))


def look(session: Session, team_id: str, user_id: str, now: datetime) -> None:
    """Note that somebody opened their Home: news are what came since they did so before, none the first time."""
    statement = upsert(session, HomeTab).values(team_id=team_id, user_id=user_id, opened_at=now)
    again = {"opened_at": now, "news_since": HomeTab.opened_at}
    session.execute(statement.on_conflict_do_update(index_elements=["team_id", "user_id"], set_=again))


def choose(session: Session, team_id: str, user_id: str, **choice: object) -> None:
    """Remember what somebody chose to see: `show`, `customer_id`, `page`."""
    session.execute(update(table(HomeTab)).where(*_of(team_id, user_id)).values(**choice))


def drawn(session: Session, team_id: str, user_id: str, before: str | None, now: str) -> bool:
    """Remember the hash of what was published; False when another drawing than `before` stood there meanwhile."""
    stood = session.scalar(select(HomeTab.hash).where(*_of(team_id, user_id)).with_for_update())
    session.execute(update(table(HomeTab)).where(*_of(team_id, user_id)).values(hash=now))
    return stood == before


def _of(team_id: str, user_id: str) -> tuple[ColumnElement[bool], ...]:
    return (HomeTab.team_id == team_id, HomeTab.user_id == user_id)


def openers(session: Session, team_id: str) -> set[str]:
    """Return who ever opened their Home."""
    return set(session.scalars(select(HomeTab.user_id).where(HomeTab.team_id == team_id)))


def whose(session: Session, team_id: str, user_id: str) -> tuple[Person | None, HomeTab | None]:
    """Return a person and their Home, as far as there is either."""
    both = and_(HomeTab.team_id == Person.team_id, HomeTab.user_id == Person.user_id)
    query = select(Person, HomeTab).outerjoin(HomeTab, both)
    found = session.execute(query.where(Person.team_id == team_id, Person.user_id == user_id)).first()
    return (found[0], found[1]) if found else (None, None)


def voting(session: Session, team_id: str, user_id: str, limit: int) -> tuple[list[tuple[Line, Round]], int]:
    """Return the first rounds that wait for a reviewer's vote, as `votes.waiting_for` orders them, and how many do.

    They are picked before they are joined with what they are about: so it takes no longer where a database has not
    counted its rows yet and plans badly.
    """
    first = (
        select(Round, func.count().over().label("of"), _place(*votes.NEXT_DEADLINE_FIRST))
        .where(Round.team_id == team_id, *votes.unvoted(user_id), ~_wanted_by_them_alone(user_id))
        .order_by("place")
        .limit(limit)
        .subquery()
    )
    vote = aliased(Round, first)
    query = lines.for_requirements(team_id).join(first, first.c.requirement == Requirement.number)
    rows = session.execute(query.order_by(first.c.place).add_columns(vote, first.c.of)).all()
    return [(lines.line(row), row[-2]) for row in rows], rows[0][-1] if rows else 0


def _place(*order: Any) -> ColumnElement[int]:
    return func.row_number().over(order_by=order).label("place")


def _wanted_by_them_alone(user_id: str) -> ColumnElement[bool]:
    asked = aliased(Feedback)
    asks = select(asked.number).where(
        asked.team_id == Round.team_id,
        asked.requirement == Round.requirement,
        asked.state != State.WITHDRAWN.value,
    )
    theirs, others = asks.where(asked.filed_by == user_id), asks.where(asked.filed_by != user_id)
    return and_(theirs.correlate(Round).exists(), ~others.correlate(Round).exists())


@dataclass(frozen=True)
class Asked:
    """A question that waits for somebody's answer, about what, and the name of who asked."""

    question: Question
    line: Line
    asker: str


def to_answer(session: Session, team_id: str, user_id: str, limit: int) -> tuple[list[Asked], int]:
    """Return the first questions that wait for a person's answer, the longest waiting first, and how many do."""
    first = (
        select(Question, func.count().over().label("of"))
        .join(Feedback, and_(Feedback.team_id == Question.team_id, Feedback.number == Question.feedback))
        .where(Question.team_id == team_id, *feedback.unanswered_of(user_id))
        .order_by(Question.number)
        .limit(limit)
        .subquery()
    )
    question = aliased(Question, first)
    query = (
        lines.for_feedback(team_id)
        .join(first, first.c.feedback == Feedback.number)
        .outerjoin(Person, and_(Person.team_id == team_id, Person.user_id == first.c.asked_by))
        .order_by(first.c.number)
        .add_columns(question, Person.name, first.c.of)
    )
    rows = session.execute(query).all()
    asked = [Asked(row[-3], lines.line(row), row[-2] or row[-3].asked_by) for row in rows]
    return asked, rows[0][-1] if rows else 0
