"""Feedback, and the questions asked about it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.domain.feedback import State
from storage import counters
from storage.customers import Customer
from storage.db import Base, table
from storage.requirements import Requirement


class Feedback(Base):
    """One thing one customer said, in their own words, filed by one person."""

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(["team_id", "customer_id"], ["customers.team_id", "customers.id"]),
        ForeignKeyConstraint(["team_id", "requirement"], ["requirements.team_id", "requirements.number"]),
        Index(None, "team_id", "requirement", "number"),
        Index(None, "team_id", "filed_by", "filed_at"),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    requirement: Mapped[int | None] = mapped_column(Integer)
    customer_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(100))
    words: Mapped[str] = mapped_column(Text)
    scenario: Mapped[str | None] = mapped_column(Text)
    stake: Mapped[str | None] = mapped_column(String(20))
    said_by: Mapped[str | None] = mapped_column(Text)
    hide_customer: Mapped[bool] = mapped_column(Boolean)
    permalink: Mapped[str | None] = mapped_column(Text)
    private_source: Mapped[bool] = mapped_column(Boolean)
    filed_by: Mapped[str] = mapped_column(String(20))
    filed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(20))
    answered_at: Mapped[datetime | None]


class Question(Base):
    """Something a reviewer or manager asked the filer, and the answer.

    While it is unanswered it is followed up at `follow_up_at`; `follow_ups` counts how often that was done.
    """

    __tablename__ = "questions"
    __table_args__ = (
        ForeignKeyConstraint(["team_id", "feedback"], ["feedback.team_id", "feedback.number"]),
        Index(None, "follow_up_at"),
        Index(None, "team_id", "feedback", "number"),
        Index(
            "ix_questions_unanswered",
            "team_id",
            "number",
            sqlite_where=text("answer IS NULL"),
            postgresql_where=text("answer IS NULL"),
        ),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    feedback: Mapped[int] = mapped_column(Integer)
    question: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(20))
    asked_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(20))
    answered_at: Mapped[datetime | None]
    follow_up_at: Mapped[datetime | None]
    follow_ups: Mapped[int] = mapped_column(Integer)


def get(session: Session, team_id: str, number: int) -> Feedback | None:
    """Return a piece of feedback as it now is."""
    return session.scalars(_GET, {"team_id": team_id, "number": number}).one_or_none()


def with_records(session: Session, team_id: str, number: int) -> tuple[Feedback, Customer, Requirement | None] | None:
    """Return a piece of feedback as it now is, with its customer and the requirement it asks for, if there is one."""
    found = session.execute(_WITH_RECORDS, {"team_id": team_id, "number": number}).one_or_none()
    return None if found is None else (found[0], found[1], found[2])


def lock(session: Session, team_id: str, number: int) -> Feedback | None:
    """Return a piece of feedback, kept from others until the transaction ends."""
    return session.scalars(_LOCK, {"team_id": team_id, "number": number}).one_or_none()


_GET = (
    select(Feedback)
    .where(Feedback.team_id == bindparam("team_id"), Feedback.number == bindparam("number"))
    .execution_options(populate_existing=True)
)
_LOCK = _GET.with_for_update()
_ASKED_FOR = (Requirement.team_id == Feedback.team_id) & (Requirement.number == Feedback.requirement)
_WITH_RECORDS = (
    select(Feedback, Customer, Requirement)
    .join(Customer, (Customer.team_id == Feedback.team_id) & (Customer.id == Feedback.customer_id))
    .outerjoin(Requirement, _ASKED_FOR)
    .where(Feedback.team_id == bindparam("team_id"), Feedback.number == bindparam("number"))
    .execution_options(populate_existing=True)
)


def next_number(session: Session, team_id: str) -> int:
    """Take the next feedback number."""
    return counters.take(session, team_id, "feedback")


def next_numbers(session: Session, team_id: str) -> tuple[int, int]:
    """Return the next numbers of feedback and of a requirement."""
    return counters.take_both(session, team_id, "feedback", "requirement")


def add(session: Session, team_id: str, number: int, **facts: Any) -> None:
    """Write a new piece of feedback. `facts` are the columns."""
    session.execute(_ADD, {"team_id": team_id, "number": number, "state": State.OPEN.value, **facts})


_ADD = insert(table(Feedback))


def change(session: Session, team_id: str, number: int, **facts: Any) -> None:
    """Set columns of a piece of feedback."""
    where = (Feedback.team_id == team_id, Feedback.number == number)
    session.execute(update(table(Feedback)).where(*where).values(**facts))


def of_requirement(session: Session, team_id: str, requirement: int) -> list[Feedback]:
    """Return the feedback that asks for a requirement and was not withdrawn, oldest first."""
    query = (
        select(Feedback)
        .where(
            Feedback.team_id == team_id,
            Feedback.requirement == requirement,
            Feedback.state != State.WITHDRAWN.value,
        )
        .order_by(Feedback.number)
    )
    return list(session.scalars(query))


def filers_of(session: Session, team_id: str, requirement: int) -> set[str]:
    """Return who asks for a requirement, leaving out what was withdrawn."""
    return set(session.scalars(_FILERS_OF, {"team_id": team_id, "requirement": requirement}))


_ROWS = table(Feedback).c
_FILERS_OF = select(_ROWS.filed_by).where(
    _ROWS.team_id == bindparam("team_id"),
    _ROWS.requirement == bindparam("requirement"),
    _ROWS.state != State.WITHDRAWN.value,
)


def asking(session: Session, team_id: str, requirement: int) -> list[tuple[Feedback, Customer]]:
    """Return the feedback that asks for a requirement and was not withdrawn, with its customers, oldest first."""
    query = (
        select(Feedback, Customer)
        .join(Customer, (Customer.team_id == Feedback.team_id) & (Customer.id == Feedback.customer_id))
        .where(
            Feedback.team_id == team_id,
            Feedback.requirement == requirement,
            Feedback.state != State.WITHDRAWN.value,
        )
        .order_by(Feedback.number)
    )
    return [(item, customer) for item, customer in session.execute(query)]


def filers(session: Session, team_id: str, requirements: Collection[int]) -> dict[int, set[str]]:
    """Return requirement -> who asks for it, leaving out what was withdrawn."""
    query = (
        select(Feedback.requirement, Feedback.filed_by)
        .where(
            Feedback.team_id == team_id,
            Feedback.requirement.in_(list(requirements)),
            Feedback.state != State.WITHDRAWN.value,
        )
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for requirement, filer in session.execute(query):
        if requirement is not None:
            found.setdefault(requirement, set()).add(filer)
    return found


def filed_by(session: Session, team_id: str, user_id: str, limit: int) -> list[Feedback]:
    """Return what a person filed and did not withdraw, newest first."""
    query = (
        select(Feedback)
        .where(Feedback.team_id == team_id, Feedback.filed_by == user_id, Feedback.state != State.WITHDRAWN.value)
        .order_by(Feedback.filed_at.desc(), Feedback.number.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


@dataclass(frozen=True)
class Standing:
    """An open piece of feedback, the status of its requirement if it has one, and when either last changed."""

    number: int
    status: str | None
    changed_at: datetime


_OPEN_STATUSES = ("new", "in_review", "accepted", "in_progress", "validating", "shipped", "deferred")
"""Statuses in which the loop with the customer is not closed."""


def _is_open() -> ColumnElement[bool]:
    awaited = or_(Feedback.requirement.is_(None), Requirement.status.in_(_OPEN_STATUSES))
    return and_(Feedback.state == State.OPEN.value, awaited)


def _with_requirement() -> ColumnElement[bool]:
    return and_(Requirement.team_id == Feedback.team_id, Requirement.number == Feedback.requirement)


def with_open_feedback(session: Session, team_id: str) -> set[str]:
    """Return who filed something that is still open."""
    query = (
        select(Feedback.filed_by)
        .outerjoin(Requirement, _with_requirement())
        .where(Feedback.team_id == team_id, _is_open())
        .distinct()
    )
    return set(session.scalars(query))


def open_of(session: Session, team_id: str, user_id: str) -> list[Standing]:
    """Return what a person filed that is still open, what changed last first."""
    changed = func.coalesce(Requirement.changed_at, Feedback.filed_at)
    query = (
        select(Feedback.number, Requirement.status, changed)
        .outerjoin(Requirement, _with_requirement())
        .where(Feedback.team_id == team_id, Feedback.filed_by == user_id, _is_open())
        .order_by(changed.desc(), Feedback.number.desc())
    )
    return [Standing(number, status, at) for number, status, at in session.execute(query)]


def recent_customers(session: Session, team_id: str, user_id: str, limit: int) -> list[Customer]:
    """Return the customers a person filed for last, newest first."""
    last = func.max(Feedback.filed_at)
    query = (
        select(Customer)
        .join(Feedback, (Feedback.team_id == Customer.team_id) & (Feedback.customer_id == Customer.id))
        .where(Feedback.team_id == team_id, Feedback.filed_by == user_id)
        .group_by(*Customer.__table__.columns)
        .order_by(last.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def ask(
    session: Session, team_id: str, feedback: int, question: str, by: str, now: datetime, follow_up_at: datetime
) -> int:
    """Write a question; return its number."""
    number = counters.take(session, team_id, "question")
    facts = {"feedback": feedback, "question": question, "asked_by": by, "asked_at": now}
    facts |= {"follow_up_at": follow_up_at, "follow_ups": 0}
    session.execute(insert(table(Question)).values(team_id=team_id, number=number, **facts))
    return number


def question(session: Session, team_id: str, number: int) -> Question | None:
    """Return a question as it now is."""
    return session.get(Question, (team_id, number), populate_existing=True)


def answer_question(session: Session, team_id: str, number: int, answer: str, by: str, now: datetime) -> bool:
    """Write the answer of a question that has none yet; say whether it was taken."""
    guarded = (
        update(table(Question))
        .where(Question.team_id == team_id, Question.number == number, Question.answer.is_(None))
        .values(answer=answer, answered_by=by, answered_at=now, follow_up_at=None)
        .returning(Question.number)
    )
    return session.execute(guarded).first() is not None


def questions(session: Session, team_id: str, feedback: int) -> list[Question]:
    """Return the questions asked about a piece of feedback, oldest first."""
    return list(session.scalars(_QUESTIONS, {"team_id": team_id, "feedback": feedback}))


_QUESTIONS = (
    select(Question)
    .where(Question.team_id == bindparam("team_id"), Question.feedback == bindparam("feedback"))
    .order_by(Question.number)
)


def unanswered(session: Session, team_id: str, requirement: int) -> list[Question]:
    """Return the questions without an answer about the standing feedback of a requirement, oldest first."""
    query = (
        select(Question)
        .join(Feedback, (Feedback.team_id == Question.team_id) & (Feedback.number == Question.feedback))
        .where(
            Question.team_id == team_id,
            Feedback.requirement == requirement,
            Feedback.state != State.WITHDRAWN.value,
            Question.answer.is_(None),
        )
        .order_by(Question.number)
    )
    return list(session.scalars(query))


def unanswered_of(user_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of questions that wait for a person's answer, joined with the feedback they are about."""
    return (
        Feedback.filed_by == user_id,
        Feedback.state != State.WITHDRAWN.value,
        Question.answer.is_(None),
    )


def to_follow_up(session: Session, now: datetime, limit: int) -> list[tuple[str, int]]:
    """Return team and number of questions whose next follow-up has come, of all workspaces."""
    query = (
        select(Question.team_id, Question.number)
        .where(Question.follow_up_at <= now)
        .order_by(Question.follow_up_at)
        .limit(limit)
    )
    return [(team_id, number) for team_id, number in session.execute(query)]


def follow_up_again(session: Session, team_id: str, requirement: int, at: datetime) -> None:
    """Follow up anew, as if they had just been asked, what is unanswered about a requirement and nobody follows up.

    What is being answered just now is left out: whoever answers it holds the question and waits for the requirement.
    """
    asked = [question.number for question in unanswered(session, team_id, requirement)]
    where = (Question.team_id == team_id, Question.number.in_(asked), Question.follow_up_at.is_(None))
    free = session.scalars(select(Question.number).where(*where).with_for_update(skip_locked=True)).all()
    again = update(table(Question)).where(Question.team_id == team_id, Question.number.in_(free))
    session.execute(again.values(follow_up_at=at, follow_ups=0))


def followed_up(session: Session, found: Question, next_at: datetime | None) -> bool:
    """Count a follow-up and plan the next; False when somebody else did it, or the answer came."""
    guarded = (
        update(table(Question))
        .where(
            Question.team_id == found.team_id,
            Question.number == found.number,
            Question.follow_ups == found.follow_ups,
            Question.follow_up_at == found.follow_up_at,
        )
        .values(follow_ups=found.follow_ups + 1, follow_up_at=next_at)
        .returning(Question.number)
    )
    return session.execute(guarded).first() is not None
