"""Requirements and their moves."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.domain.requirements import Change, Status
from storage import counters
from storage.db import Base, table

UNDECIDED = "status IN ('new', 'in_review')"
"""Written out in queries as in the index: a database that sees a parameter there does not use it."""


class Requirement(Base):
    """What the team evaluates and tracks. `origin` is the feedback it came from, whose card it lives on."""

    __tablename__ = "requirements"
    __table_args__ = (
        Index(None, "team_id", "status"),
        Index(
            "ix_requirements_undecided",
            "team_id",
            "status",
            "changed_at",
            sqlite_where=text(f"{UNDECIDED} AND withdrawn_at IS NULL"),
            postgresql_where=text(f"{UNDECIDED} AND withdrawn_at IS NULL"),
        ),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    target: Mapped[str | None] = mapped_column(String(40))
    origin: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Move(Base):
    """One status change: from, to, who, when, why. `by` is None when a vote decided."""

    __tablename__ = "moves"
    __table_args__ = (
        ForeignKeyConstraint(["team_id", "requirement"], ["requirements.team_id", "requirements.number"]),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    requirement: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    before: Mapped[str] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    by: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(20))
    sentence: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str | None] = mapped_column(String(40))
    at: Mapped[datetime]


def get(session: Session, team_id: str, number: int) -> Requirement | None:
    """Return a requirement as it now is."""
    return session.scalars(_GET, {"team_id": team_id, "number": number}).one_or_none()


def lock(session: Session, team_id: str, number: int) -> Requirement | None:
    """Return a requirement, kept from others until the transaction ends."""
    return session.scalars(_LOCK, {"team_id": team_id, "number": number}).one_or_none()


_GET = (
    select(Requirement)
    .where(Requirement.team_id == bindparam("team_id"), Requirement.number == bindparam("number"))
    .execution_options(populate_existing=True)
)
_LOCK = _GET.with_for_update()


def next_number(session: Session, team_id: str) -> int:
    """Return the next number of a requirement."""
    return counters.take(session, team_id, "requirement")


def add(session: Session, team_id: str, number: int, *, title: str, origin: int, now: datetime) -> None:
    """Write a new requirement, which goes into review at once."""
    facts = {"title": title, "status": Status.IN_REVIEW.value, "origin": origin, "created_at": now, "changed_at": now}
    session.execute(_ADD, {"team_id": team_id, "number": number, **facts})
    _write_move(session, team_id, number, 1, Status.NEW, Change(Status.IN_REVIEW), None, now)


_ADD = insert(table(Requirement))


def move(
    session: Session,
    team_id: str,
    number: int,
    before: Status,
    change: Change,
    *,
    by: str | None,
    now: datetime,
) -> int | None:
    """Set the status if it is still `before`, and write the move. Return the move's number, None when it was not."""
    values: dict[str, object] = {"status": change.to.value, "changed_at": now}
    if change.to is Status.ACCEPTED or change.target:
        values["target"] = change.target
    where = {"of_team": team_id, "this": number, "before": before.value}
    if session.execute(_MOVE, where | values).first() is None:
        return None
    of_it = {"team_id": team_id, "requirement": number}
    next_number: int = session.scalar(_NEXT_MOVE, of_it) or 1  # its row is ours since the update: nobody else counts
    _write_move(session, team_id, number, next_number, before, change, by, now)
    return next_number


_MOVE = (
    update(table(Requirement))
    .where(
        Requirement.team_id == bindparam("of_team"),
        Requirement.number == bindparam("this"),
        Requirement.status == bindparam("before"),
        Requirement.withdrawn_at.is_(None),
    )
    .returning(table(Requirement).c.number)
)


def _write_move(
    session: Session,
    team_id: str,
    number: int,
    count: int,
    before: Status,
    change: Change,
    by: str | None,
    now: datetime,
) -> None:
    facts = {"before": before.value, "after": change.to.value, "by": by, "at": now}
    why = {"reason": change.reason, "sentence": change.sentence, "target": change.target}
    session.execute(_ADD_MOVE, {"team_id": team_id, "requirement": number, "number": count, **facts, **why})


_MOVES = table(Move).c
_NEXT_MOVE = select(func.count() + 1).where(
    _MOVES.team_id == bindparam("team_id"), _MOVES.requirement == bindparam("requirement")
)
_ADD_MOVE = insert(table(Move))


def moves(session: Session, team_id: str, number: int) -> list[Move]:
    """Return a requirement's moves, oldest first."""
    return list(session.scalars(_HISTORY, {"team_id": team_id, "requirement": number}))


_HISTORY = (
    select(Move)
    .where(Move.team_id == bindparam("team_id"), Move.requirement == bindparam("requirement"))
    .order_by(Move.number)
)


def withdraw(session: Session, team_id: str, number: int, now: datetime) -> None:
    """Mark a requirement withdrawn; row and number stay."""
    where = (Requirement.team_id == team_id, Requirement.number == number)
    session.execute(update(table(Requirement)).where(*where).values(withdrawn_at=now))


def change(session: Session, team_id: str, number: int, **facts: Any) -> None:
    """Set columns of a requirement whose lock we hold; its status only moves."""
    where = (Requirement.team_id == team_id, Requirement.number == number)
    session.execute(update(table(Requirement)).where(*where).values(**facts))
