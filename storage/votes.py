"""Vote rounds and ballots."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Executable,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    bindparam,
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
from storage.db import Base, Upsert, once, table


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
    number: int | None = None,
) -> int:
    """Open the next round of a requirement; return its number, which is looked for when it is not given."""
    of_it = {"team_id": team_id, "requirement": requirement}
    number = number or (session.scalar(_NEWEST_NUMBER, of_it) or 0) + 1
    rules = {"quorum": quorum, "blind": blind, "decides": decides, "anonymous": anonymous}
    facts = {"departments": " ".join(sorted(departments)), "opened_at": now, "due_at": due_at}
    session.execute(_OPEN, {**of_it, "number": number, **rules, **facts})
    return number


_OF_IT = (Round.team_id == bindparam("team_id"), Round.requirement == bindparam("requirement"))
_NEWEST_NUMBER = select(func.max(Round.number)).where(*_OF_IT)
_OPEN = insert(table(Round))


def latest(session: Session, team_id: str, requirement: int) -> Round | None:
    """Return a requirement's newest round. Whoever means to change it locks the requirement first."""
    return session.scalars(_LATEST, {"team_id": team_id, "requirement": requirement}).one_or_none()


_LATEST = select(Round).where(*_OF_IT).order_by(Round.number.desc()).limit(1).execution_options(populate_existing=True)


def latest_with_ballots(session: Session, team_id: str, requirement: int) -> tuple[Round | None, list[Ballot]]:
    """Return a requirement's newest round and its votes, in the order they were cast."""
    found = session.execute(_WITH_BALLOTS, {"team_id": team_id, "requirement": requirement}).all()
    return found[0][0] if found else None, [ballot for _, ballot in found if ballot]


_NEWEST = select(func.max(Round.number)).where(*_OF_IT).scalar_subquery()
_WITH_BALLOTS = (
    select(Round, Ballot)
    .outerjoin(
        Ballot,
        (Ballot.team_id == Round.team_id) & (Ballot.requirement == Round.requirement) & (Ballot.round == Round.number),
    )
    .where(*_OF_IT, Round.number == _NEWEST)
    .order_by(Ballot.action_us, Ballot.user_id)
    .execution_options(populate_existing=True)
)


def cast(session: Session, vote: Round, user_id: str, choice: Choice, action_ts: float) -> bool:
    """Write a vote, or change it if this press is newer; another choice needs another why. Say whether it counts."""
    facts = {"choice": choice.value, "action_us": round(action_ts * 1_000_000)}
    cast = session.execute(_cast(session), {**_key(vote), "user_id": user_id, **facts})
    return cast.first() is not None


@once
def _cast(upsert: Upsert) -> Executable:
    statement, stood = upsert(Ballot), table(Ballot).c
    new = {"choice": statement.excluded.choice, "action_us": statement.excluded.action_us}
    return statement.on_conflict_do_update(
        index_elements=["team_id", "requirement", "round", "user_id"],
        set_={**new, "why": case((stood.choice == statement.excluded.choice, stood.why), else_=None)},
        where=statement.excluded.action_us > stood.action_us,
    ).returning(stood.user_id)


def _key(vote: Round) -> dict[str, object]:
    return {"team_id": vote.team_id, "requirement": vote.requirement, "round": vote.number}


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
    return session.scalars(_BALLOTS, _key(vote)).all()


_BALLOTS = (
    select(Ballot)
    .where(
        Ballot.team_id == bindparam("team_id"),
        Ballot.requirement == bindparam("requirement"),
        Ballot.round == bindparam("round"),
    )
    .order_by(Ballot.action_us, Ballot.user_id)
    .execution_options(populate_existing=True)
)


def choices(session: Session, vote: Round) -> dict[str, Choice]:
    """Return who voted what in a round, in the order in which they did."""
    return {user_id: Choice(choice) for user_id, choice in session.execute(_CHOICES, _key(vote))}


_CAST = table(Ballot).c
_CHOICES = (
    select(_CAST.user_id, _CAST.choice)
    .where(
        _CAST.team_id == bindparam("team_id"),
        _CAST.requirement == bindparam("requirement"),
        _CAST.round == bindparam("round"),
    )
    .order_by(_CAST.action_us, _CAST.user_id)
)


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
    """Let no open round need more votes than this; return the requirements whose rounds needed more.

    A round that has votes needs one more at least: nothing would close one whose quorum came down to the votes it has.
    """
    mine = (Ballot.team_id == Round.team_id, Ballot.requirement == Round.requirement, Ballot.round == Round.number)
    next_vote = select(func.count() + 1).where(*mine).correlate(table(Round)).scalar_subquery()
    least = case((next_vote > quorum, next_vote), else_=quorum)
    where = (Round.team_id == team_id, Round.closed_at.is_(None), Round.quorum > least)
    lowered = update(table(Round)).where(*where).values(quorum=least).returning(table(Round).c.requirement)
    return sorted(session.scalars(lowered))
