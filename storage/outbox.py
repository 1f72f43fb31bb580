"""The outbox: what must be said, written in the transaction that made it true. Drawn when it is sent.

A row is `waiting`, then `sending`, and ends `sent`, `superseded` or `dead`. `retry`: Slack refused the last try.
Before a message goes out for the first time its place is written on the row (`aim`); a row that has a place and comes
back as `sending` or `unknown` may have been shown, and the sender looks there before it repeats.
Rows with one key share one waiting row: whoever sends it draws the newest state.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Executable,
    Index,
    Integer,
    String,
    Text,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    tuple_,
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
    _want(session, team_id, [(letter.lane, now + letter.after, letter.priority) for letter in ordered])
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


def _want(session: Session, team_id: str, wants: Iterable[tuple[str, datetime, int]]) -> None:
    """Note that work is due in lanes: name, when, and how important it is; they are taken in the order given."""
    rows = [
        {"team_id": team_id, "name": lane, "free_at": EPOCH, "wanted_at": due, "priority": priority}
        for lane, due, priority in wants
    ]
    if rows:
        session.execute(_want_each(session), rows)


@once
def _want_each(upsert: Upsert) -> Executable:
    statement, lane = upsert(Lane), table(Lane).c
    earlier = lane.wanted_at.is_(None) | (lane.wanted_at > statement.excluded.wanted_at)
    wanted = case((earlier, statement.excluded.wanted_at), else_=lane.wanted_at)
    most = _smaller(lane.priority, statement.excluded.priority)
    changed = {"wanted_at": wanted, "priority": most}
    return statement.on_conflict_do_update(index_elements=["team_id", "name"], set_=changed)


def take_lanes(session: Session, team_id: str, names: Iterable[str]) -> list[str]:
    """Keep lanes from others until we commit, in the order in which everybody takes them; return those there are.

    Whoever writes to some lanes and then to others in one transaction takes all of them first.
    """
    wanted = sorted(set(names), key=_order)
    query = select(Lane.name).where(Lane.team_id == team_id).with_for_update()
    return [found for name in wanted for found in session.scalars(query.where(Lane.name == name))]


SLEEPING = 20
"""How many times a claim looks on when all lanes it found sleep: in the evening there are many."""

Hush = Callable[[str, str], datetime | None]
"""Until when a lane of a workspace is not to be disturbed; None when it may be."""


def never_quiet(_team_id: str, _lane: str) -> datetime | None:
    """Let every lane be disturbed at any time."""
    return None


def claim(
    session: Session,
    now: datetime,
    lease: Callable[[str], timedelta],
    limit: int,
    busy: Collection[tuple[str, str]] = (),
    *,
    hush: Hush = never_quiet,
    stopped: Collection[str] = (),
) -> list[OutboxRow]:
    """Take the first row of each free lane with work due, at most `limit`; the lanes are ours for `lease(team_id)`.

    The most important lanes come first. A row comes back with the state it had: `sending` and `unknown` may have been
    shown before. `busy` are lanes this process is sending on: a clock moved forward must not make it overtake itself.
    What is not urgent waits until the quiet of its lane is over; to `stopped` workspaces nothing goes.
    """
    wanted = {"now": now, "stopped": list(stopped), "busy": [_NO_LANE, *busy], "most": limit}
    for _ in range(SLEEPING):
        lanes = session.scalars(_DUE_LANES, wanted).all()
        rows = [row for lane in lanes if (row := _first(session, lane, now, hush(lane.team_id, lane.name)))]
        if len(lanes) < limit or rows:
            break
    _lease(session, rows, now, lease)
    return rows


_NO_LANE = ("", "")
_DUE_LANES = (
    select(Lane)
    .where(
        Lane.wanted_at <= bindparam("now"),
        Lane.free_at <= bindparam("now"),
        Lane.team_id.not_in(bindparam("stopped", expanding=True)),
        tuple_(Lane.team_id, Lane.name).not_in(bindparam("busy", expanding=True)),
    )
    .order_by(Lane.priority, Lane.wanted_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)


def _first(session: Session, lane: Lane, now: datetime, quiet_until: datetime | None) -> OutboxRow | None:
    """Return the row that leaves a lane next; without one the lane is told when it is wanted again."""
    if quiet_until is not None:
        _hold(session, lane, quiet_until)
    of_lane = {"team_id": lane.team_id, "lane": lane.name}
    row = session.scalars(_FIRST, of_lane | {"now": now}).one_or_none()
    if row is None:
        next_due, priority = session.execute(_REST, of_lane).one()
        _set_lane(session, lane.team_id, lane.name, wanted_at=next_due, priority=priority)
    return row


def _lease(session: Session, rows: Sequence[OutboxRow], now: datetime, lease: Callable[[str], timedelta]) -> None:
    """Take rows, and their lanes for as long as `lease` says."""
    for row in rows:
        session.expunge(row)
        row.claim += 1
    if rows:
        lanes = [{**_of(row), "of_lane": row.lane, "due": now, "until": now + lease(row.team_id)} for row in rows]
        session.execute(_LEASE, lanes)
        session.execute(_ROW, [{**_of(row), "state": "sending", "claim": row.claim} for row in rows])


def _of(row: OutboxRow) -> dict[str, str]:
    return {"of_team": row.team_id, "this": row.id}


_OPEN_THERE = (
    OutboxRow.team_id == bindparam("team_id"),
    OutboxRow.lane == bindparam("lane"),
    OutboxRow.state.in_(OPEN),
)
_FIRST = (
    select(OutboxRow)
    .where(*_OPEN_THERE, OutboxRow.due_at <= bindparam("now"))
    .order_by((OutboxRow.state == "waiting"), OutboxRow.priority, OutboxRow.due_at, OutboxRow.created_at)
    .limit(1)
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)
_URGENCY = func.coalesce(func.min(OutboxRow.priority), LEAST)
_REST = select(func.min(OutboxRow.due_at), _URGENCY).where(*_OPEN_THERE)
_MOST_URGENT = select(_URGENCY).where(
    OutboxRow.team_id == bindparam("of_team"),
    OutboxRow.lane == bindparam("of_lane"),
    or_(*(OutboxRow.state == state for state in OPEN)),  # an IN cannot be executed for many rows at once
    OutboxRow.due_at <= bindparam("due"),
    OutboxRow.id != bindparam("this"),
)
_LEASE = (
    update(table(Lane))
    .where(Lane.team_id == bindparam("of_team"), Lane.name == bindparam("of_lane"))
    .values(free_at=bindparam("until"), priority=_MOST_URGENT.scalar_subquery())
)


def _hold(session: Session, lane: Lane, until: datetime) -> None:
    """Put off what is not urgent. What may have been shown already, for it has a place, is settled all the same."""
    where = (
        OutboxRow.team_id == lane.team_id,
        OutboxRow.lane == lane.name,
        OutboxRow.state.in_(("waiting", "retry")) | (OutboxRow.state.in_(OPEN) & OutboxRow.channel.is_(None)),
        OutboxRow.priority > URGENT,
        OutboxRow.due_at < until,
    )
    session.execute(update(table(OutboxRow)).where(*where).values(due_at=until))


def _set_lane(session: Session, team_id: str, name: str, **values: datetime | int | None) -> None:
    session.execute(_LANE, {"of_team": team_id, "this": name, **values})


def _set_ours(session: Session, row: OutboxRow, **values: object) -> bool:
    """Change a claimed row; False when the claim is not ours any more."""
    claimed = {**_of(row), "by_claim": row.claim}
    return session.execute(_OURS, claimed | values).first() is not None


_LANE = update(table(Lane)).where(Lane.team_id == bindparam("of_team"), Lane.name == bindparam("this"))
_ROW = update(table(OutboxRow)).where(OutboxRow.team_id == bindparam("of_team"), OutboxRow.id == bindparam("this"))
_STILL = (OutboxRow.claim == bindparam("by_claim"), OutboxRow.state == "sending")
_OURS = _ROW.where(*_STILL).returning(table(OutboxRow).c.id)


def settle(
    session: Session,
    row: OutboxRow,
    state: str,
    free_at: datetime,
    now: datetime,
    *,
    also: Sequence[Letter] = (),
    **facts: str | None,
) -> bool:
    """End a claim: note what became of the row, free its lane at `free_at`, write letters `also` called for.

    False when the claim is not ours any more. Lanes are taken in the order in which `put` takes them.
    """
    if not _set_ours(session, row, state=state, settled_at=None if state in OPEN else now, **facts):
        return False
    _free_lanes(session, row, state, free_at, now, also)
    for letter in also:
        _put_row(session, row.team_id, letter, now)
    return True


def _free_lanes(
    session: Session, row: OutboxRow, state: str, free_at: datetime, now: datetime, also: Sequence[Letter]
) -> None:
    """Free the row's own lane, and want those of the letters, all in their order. An open row is still to be sent."""
    urgency = {letter.lane: letter.priority for letter in also}
    for lane in sorted({row.lane, *urgency}, key=_order):
        if lane == row.lane:
            _set_lane(session, row.team_id, lane, free_at=free_at, wanted_at=now)
        if lane in urgency or (lane == row.lane and state in OPEN):
            _want(session, row.team_id, [(lane, now, urgency.get(lane, row.priority))])


def aim(session: Session, row: OutboxRow, channel: str, thread_ts: str | None, free_at: datetime | None = None) -> bool:
    """Write down where a row is about to be posted, and lease its lane until `free_at`; None leaves the lease as it is.

    Return False when the claim is not ours.
    """
    if not _set_ours(session, row, channel=channel, thread_ts=thread_ts):
        return False
    if free_at is not None:
        _set_lane(session, row.team_id, row.lane, free_at=free_at)
    return True


def ending(session: Session, row: OutboxRow) -> tuple[bool, str | None]:
    """Return whether a row has ended by now, and the ts of where it stands."""
    where = (OutboxRow.team_id == row.team_id, OutboxRow.id == row.id)
    found = session.execute(select(OutboxRow.state, OutboxRow.ts).where(*where)).one_or_none()
    return (True, None) if found is None else (found.state not in OPEN, found.ts)


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
        _want(session, team_id, [(lane, now, URGENT)])
    return len(revived)


def depth(session: Session) -> int:
    """Return how many rows are not ended yet, of all workspaces."""
    return session.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.state.in_(OPEN))) or 0


def overdue(session: Session, now: datetime) -> int:
    """Return how many rows are due and not ended, of all workspaces: what is neither held nor waiting for company."""
    where = (OutboxRow.state.in_(OPEN), OutboxRow.due_at <= now)
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*where)) or 0


def next_due(session: Session, stopped: Collection[str] = ()) -> datetime | None:
    """Return when the next message may leave: work is due and its lane is free."""
    found: datetime | None = session.scalar(_NEXT_DUE, {"stopped": list(stopped)})
    return found


_NEXT_DUE = select(func.min(case((Lane.wanted_at < Lane.free_at, Lane.free_at), else_=Lane.wanted_at))).where(
    Lane.wanted_at.is_not(None), Lane.team_id.not_in(bindparam("stopped", expanding=True))
)


def release(session: Session, team_id: str, keys: Collection[str], due: datetime) -> None:
    """Let waiting rows of these keys leave at a moment, if that is earlier than planned."""
    where = (OutboxRow.team_id == team_id, OutboxRow.key.in_(list(keys)), OutboxRow.state == "waiting")
    waits = select(OutboxRow.lane, OutboxRow.priority).where(*where, OutboxRow.due_at > due)
    found = sorted(session.execute(waits).all(), key=lambda row: _order(row[0]))
    _want(session, team_id, [(lane, due, priority) for lane, priority in found])
    session.execute(update(table(OutboxRow)).where(*where, OutboxRow.due_at > due).values(due_at=due))


def prolong(session: Session, team_id: str, keys: Collection[str], due: datetime, *, held_beyond: datetime) -> None:
    """Let waiting rows of these keys that are held beyond a moment wait until `due`; what leaves sooner does so."""
    where = (OutboxRow.team_id == team_id, OutboxRow.key.in_(list(keys)), OutboxRow.state == "waiting")
    held = (OutboxRow.due_at > held_beyond, OutboxRow.due_at < due)
    take_lanes(session, team_id, session.scalars(select(OutboxRow.lane).where(*where, *held)))
    session.execute(update(table(OutboxRow)).where(*where, *held).values(due_at=due))
