"""The outbox: what must be said, written in the transaction that made it true. Drawn when it is sent.

A row is `waiting`, then `sending`, and ends `sent`, `superseded` or `dead`. `retry`: Slack refused the last try.
How it is sent stands in claims.py. Rows with one key share one waiting row: whoever sends it draws the newest state.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Executable,
    Index,
    Integer,
    String,
    Text,
    case,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, Upsert, once, table

OPEN = ("waiting", "sending", "unknown", "retry")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
URGENT, LEAST = 0, 9
"""Priorities: what answers a person's own act, and that of a lane with nothing to send."""


class OutboxRow(Base):
    """One message to be. `lane` is where it goes: triage, review, or a person's id. `claim` counts the tries."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_lane", "team_id", "lane", "state", "priority", "due_at"),
        Index(
            "uq_outbox_waiting",
            "team_id",
            "key",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    lane: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(120))
    priority: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(20))
    claim: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    channel: Mapped[str | None] = mapped_column(String(20))
    thread_ts: Mapped[str | None] = mapped_column(String(40))
    ts: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None] = mapped_column(Text)


class Lane(Base):
    """The queue to one channel or person. Nobody else sends here before `free_at`; work is due at `wanted_at`.

    `priority` is that of the most important row that waits: after an outage the lanes drain by it.
    """

    __tablename__ = "lanes"
    __table_args__ = (Index(None, "wanted_at"),)

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    free_at: Mapped[datetime]
    wanted_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(Integer, server_default="9")


@dataclass(frozen=True)
class Letter:
    """A message to write into the outbox. `after` delays it, so that others can join it."""

    lane: str
    kind: str
    about: str
    key: str
    priority: int
    after: timedelta = field(default=timedelta())


def put(session: Session, team_id: str, letters: Iterable[Letter], now: datetime) -> dict[str, str]:
    """Write letters; return key -> id of the row that will carry each.

    A letter whose key is waiting already joins that row and takes it to its own lane. Its lane is held until we commit,
    so that a sender about to claim the row waits and draws what we changed. Everybody takes lanes in one order, and
    rows after their lane, so nobody waits in a circle.
    """
    ordered = sorted(letters, key=lambda letter: (_order(letter.lane), letter.priority))
    want(session, [Want(team_id, letter.lane, now + letter.after, letter.priority) for letter in ordered])
    return {letter.key: _put_row(session, team_id, letter, now) for letter in ordered}


def _order(lane: str) -> tuple[bool, str]:
    """Shared channels first, then people."""
    return (lane.isupper(), lane)


def _put_row(session: Session, team_id: str, letter: Letter, now: datetime) -> str:
    what = {"lane": letter.lane, "kind": letter.kind, "about": letter.about, "key": letter.key}
    new = {"id": uuid4().hex, "state": "waiting", "claim": 0, "created_at": now}
    how = {"priority": letter.priority, "due_at": now + letter.after}
    carries: str = session.execute(_join(session), {"team_id": team_id, **what, **new, **how}).scalar_one()
    return carries


@once
def _join(upsert: Upsert) -> Executable:
    statement, waits = upsert(OutboxRow), table(OutboxRow).c
    joined = {
        "lane": statement.excluded.lane,
        "about": statement.excluded.about,
        "due_at": _smaller(waits.due_at, statement.excluded.due_at),
        "priority": _smaller(waits.priority, statement.excluded.priority),
    }
    return statement.on_conflict_do_update(
        index_elements=["team_id", "key"], index_where=text("state = 'waiting'"), set_=joined
    ).returning(waits.id)


def _smaller(first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[Any]:
    """LEAST, which SQLite calls otherwise."""
    return case((first < second, first), else_=second)


class Want(NamedTuple):
    """Work is due in a lane at a moment. `free_at`: when nobody sends there any more; None leaves that as it is."""

    team_id: str
    name: str
    wanted_at: datetime
    priority: int
    free_at: datetime | None = None


def want(session: Session, wants: Iterable[Want]) -> None:
    """Note what is wanted of lanes; they are taken in the order in which everybody takes them."""
    ordered = sorted(wants, key=lambda each: (each.team_id, _order(each.name)))
    rows = [{**each._asdict(), "free_at": each.free_at or EPOCH} for each in ordered]
    if rows:
        session.execute(_want_each(session), rows)


@once
def _want_each(upsert: Upsert) -> Executable:
    statement, lane = upsert(Lane), table(Lane).c
    new = statement.excluded
    freed = new.free_at > EPOCH
    at_once = freed | lane.wanted_at.is_(None) | (lane.wanted_at > new.wanted_at)
    changed = {
        "wanted_at": case((at_once, new.wanted_at), else_=lane.wanted_at),
        "priority": _smaller(lane.priority, new.priority),
        "free_at": case((freed, new.free_at), else_=lane.free_at),
    }
    return statement.on_conflict_do_update(index_elements=["team_id", "name"], set_=changed)


def take_lanes(session: Session, team_id: str, names: Iterable[str]) -> list[str]:
    """Keep lanes from others until we commit, in the order in which everybody takes them; return those there are.

    Whoever writes to some lanes and then to others in one transaction takes all of them first.
    """
    wanted = sorted(set(names), key=_order)
    query = select(Lane.name).where(Lane.team_id == team_id).with_for_update()
    return [found for name in wanted for found in session.scalars(query.where(Lane.name == name))]


def dead(session: Session, team_id: str, lane: str) -> list[OutboxRow]:
    """Return the dead rows of a lane, oldest first."""
    where = (OutboxRow.team_id == team_id, OutboxRow.lane == lane, OutboxRow.state == "dead")
    return list(session.scalars(select(OutboxRow).where(*where).order_by(OutboxRow.created_at)))


def revive(session: Session, team_id: str, lane: str, now: datetime, ids: Collection[str] | None = None) -> int:
    """Let the dead rows of a lane, or those with these ids, be sent again; return how many there were.

    They become `unknown`: a row that died looking for itself may have been shown before.
    """
    where = [OutboxRow.team_id == team_id, OutboxRow.lane == lane, OutboxRow.state == "dead"]
    if ids is not None:
        where.append(OutboxRow.id.in_(list(ids)))
    values = {"state": "unknown", "settled_at": None, "due_at": now}
    revived = session.execute(update(table(OutboxRow)).where(*where).values(**values).returning(OutboxRow.id)).all()
    if revived:
        want(session, [Want(team_id, lane, now, URGENT)])
    return len(revived)


def depth(session: Session) -> int:
    """Return how many rows are not ended yet, of all workspaces."""
    return session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.state.in_(OPEN))) or 0


def overdue(session: Session, now: datetime) -> int:
    """Return how many rows are due and not ended, of all workspaces: what is neither held nor waiting for company."""
    where = (OutboxRow.state.in_(OPEN), OutboxRow.due_at <= now)
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*where)) or 0


def release(session: Session, team_id: str, keys: Collection[str], due: datetime) -> None:
    """Let waiting rows of these keys leave at a moment, if that is earlier than planned."""
    where = (OutboxRow.team_id == team_id, OutboxRow.key.in_(list(keys)), OutboxRow.state == "waiting")
    waits = select(OutboxRow.lane, OutboxRow.priority).where(*where, OutboxRow.due_at > due)
    want(session, [Want(team_id, lane, due, priority) for lane, priority in session.execute(waits)])
    session.execute(update(table(OutboxRow)).where(*where, OutboxRow.due_at > due).values(due_at=due))


def prolong(session: Session, team_id: str, keys: Collection[str], due: datetime, *, held_beyond: datetime) -> None:
    """Let waiting rows of these keys that are held beyond a moment wait until `due`; what leaves sooner does so."""
    where = (OutboxRow.team_id == team_id, OutboxRow.key.in_(list(keys)), OutboxRow.state == "waiting")
    held = (OutboxRow.due_at > held_beyond, OutboxRow.due_at < due)
    take_lanes(session, team_id, session.scalars(select(OutboxRow.lane).where(*where, *held)))
    session.execute(update(table(OutboxRow)).where(*where, *held).values(due_at=due))
