"""Vote rounds and ballots."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    case,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.domain.votes import Choice, Result
from storage.db import Base, table, upsert


class Round(Base):
    """One vote on one requirement, by the rules that held when it opened. `result` is None while it is open.

    `departments` must each have voted for a quorum (names with spaces between). The deadline `due_at` stands still
    while `paused_at` is set; rounds of former versions have none.
    """

    __tablename__ = "rounds"
    __table_args__ = (
        ForeignKeyConstraint(["team_id", "requirement"], ["requirements.team_id", "requirements.number"]),
        Index(
            "uq_rounds_open",
            "team_id",
            "requirement",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_rounds_due",
            "due_at",
            sqlite_where=text("closed_at IS NULL AND paused_at IS NULL"),
            postgresql_where=text("closed_at IS NULL AND paused_at IS NULL"),
        ),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    requirement: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    quorum: Mapped[int] = mapped_column(Integer)
    blind: Mapped[bool] = mapped_column(Boolean)
    decides: Mapped[bool] = mapped_column(Boolean)
    anonymous: Mapped[bool] = mapped_column(Boolean)
    departments: Mapped[str] = mapped_column(String(80))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(String(20))


class Ballot(Base):
    """One reviewer's vote in a round; `action_us` is Slack's time of the press in microseconds; the newest wins."""

    __tablename__ = "ballots"
    __table_args__ = (
        ForeignKeyConstraint(
            ["team_id", "requirement", "round"], ["rounds.team_id", "rounds.requirement", "rounds.number"]
        ),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    requirement: Mapped[int] = mapped_column(Integer, primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    choice: Mapped[str] = mapped_column(String(20))
    why: Mapped[str | None] = mapped_column(Text)
    action_us: Mapped[int] = mapped_column(BigInteger)


def open_round(
    session: Session,
    team_id: str,
    requirement: int,
    *,
    quorum: int,
    blind: bool,
    decides: bool,
    now: datetime,
    due_at: datetime,
    departments: Collection[str] = (),
    anonymous: bool = False,
) -> int:
    """Open the next round of a requirement; return its number."""
    where = (Round.team_id == team_id, Round.requirement == requirement)
    number = (session.scalar(select(func.max(Round.number)).where(*where)) or 0) + 1
    session.execute(
        insert(table(Round)).values(
            team_id=team_id,
            requirement=requirement,
            number=number,
            quorum=quorum,
            blind=blind,
            decides=decides,
            anonymous=anonymous,
            departments=" ".join(sorted(departments)),
            opened_at=now,
            due_at=due_at,
        )
    )
    return number


def latest(session: Session, team_id: str, requirement: int) -> Round | None:
    """Return a requirement's newest round. Whoever means to change it locks the requirement first."""
    query = (
        select(Round)
        .where(Round.team_id == team_id, Round.requirement == requirement)
        .order_by(Round.number.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).one_or_none()


def cast(session: Session, vote: Round, user_id: str, choice: Choice, action_ts: float) -> bool:
    """Write a vote, or change it if this press is newer; another choice needs another why. Say whether it counts."""
    facts = {"choice": choice.value, "action_us": round(action_ts * 1_000_000)}
    statement = upsert(session, Ballot).values(
        team_id=vote.team_id, requirement=vote.requirement, round=vote.number, user_id=user_id, **facts
    )
    statement = statement.on_conflict_do_update(
        index_elements=["team_id", "requirement", "round", "user_id"],
        set_={**facts, "why": case((Ballot.choice == choice.value, Ballot.why), else_=None)},
        where=statement.excluded.action_us > Ballot.action_us,
    )
    return session.execute(statement.returning(Ballot.user_id)).first() is not None


def ballot(session: Session, vote: Round, user_id: str) -> Ballot | None:
    """Return a person's vote in a round."""
    key = (vote.team_id, vote.requirement, vote.number, user_id)
    return session.get(Ballot, key, populate_existing=True)


def say_why(session: Session, vote: Round, user_id: str, why: str) -> bool:
    """Write a line of why beside a person's vote; say whether they have one."""
    statement = update(table(Ballot)).where(*_in_round(vote), Ballot.user_id == user_id).values(why=why)
    return session.execute(statement.returning(Ballot.user_id)).first() is not None


def ballots(session: Session, vote: Round) -> Sequence[Ballot]:
    """Return the votes of a round, in the order they were cast."""
    query = select(Ballot).where(*_in_round(vote)).order_by(Ballot.action_us, Ballot.user_id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _in_round(vote: Round) -> tuple[ColumnElement[bool], ...]:
    return (
        Ballot.team_id == vote.team_id,
        Ballot.requirement == vote.requirement,
        Ballot.round == vote.number,
    )


def close(session: Session, vote: Round, result: Result, now: datetime) -> bool:
    """Close a round that is still open; say whether it was us."""
    guarded = (
        update(table(Round))
        .where(
            Round.team_id == vote.team_id,
            Round.requirement == vote.requirement,
            Round.number == vote.number,
            Round.closed_at.is_(None),
        )
        .values(closed_at=now, result=result.value)
        .returning(Round.number)
    )
    return session.execute(guarded).first() is not None


def pause(session: Session, vote: Round, now: datetime) -> None:
    """Let a round's deadline stand still; nothing changes when it does already."""
    _set(session, vote, paused_at=func.coalesce(Round.paused_at, now))


def resume(session: Session, vote: Round, due_at: datetime) -> None:
    """Let a round's deadline count again."""
    _set(session, vote, paused_at=None, due_at=due_at)


def _set(session: Session, vote: Round, **values: object) -> None:
    where = (Round.team_id == vote.team_id, Round.requirement == vote.requirement, Round.number == vote.number)
    session.execute(update(table(Round)).where(*where).values(**values))


def expired(session: Session, now: datetime, limit: int) -> list[tuple[str, int]]:
    """Return team and requirement of open rounds whose deadline has come, of all workspaces, the oldest first."""
    query = (
        select(Round.team_id, Round.requirement)
        .where(Round.closed_at.is_(None), Round.paused_at.is_(None), Round.due_at <= now)
        .order_by(Round.due_at)
        .limit(limit)
    )
    return [(team_id, requirement) for team_id, requirement in session.execute(query)]


def waiting_for(session: Session, team_id: str, user_id: str, due_before: datetime | None = None) -> list[Round]:
    """Return the open rounds in which a person has not voted, the next deadline first; paused ones at the end.

    With `due_before` only those whose deadline comes until then. Whether the person may vote is not asked here.
    """
    query = select(Round).where(Round.team_id == team_id, *unvoted(user_id))
    if due_before is not None:
        query = query.where(Round.paused_at.is_(None), Round.due_at <= due_before)
    ordered = query.order_by(*NEXT_DEADLINE_FIRST)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


NEXT_DEADLINE_FIRST = (Round.paused_at.is_not(None), Round.due_at.is_(None), Round.due_at, Round.requirement)
"""The order in which rounds wait for a vote; paused ones are at the end."""


def unvoted(user_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of open rounds in which a person has not voted."""
    voted = exists().where(
        Ballot.team_id == Round.team_id,
        Ballot.requirement == Round.requirement,
        Ballot.round == Round.number,
        Ballot.user_id == user_id,
    )
    return (Round.closed_at.is_(None), ~voted)


def lower_quorum(session: Session, team_id: str, quorum: int) -> list[int]:
    """Let no open round need more votes than this; return the requirements whose rounds needed more."""
    where = (Round.team_id == team_id, Round.closed_at.is_(None), Round.quorum > quorum)
    lowered = update(table(Round)).where(*where).values(quorum=quorum).returning(table(Round).c.requirement)
    return sorted(session.scalars(lowered))
