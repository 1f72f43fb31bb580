"""Claims of the outbox: who sends takes the first row of each free lane, says where it goes, and ends the claim.

A claimed row is `sending`. It says where it is about to be posted before it is; so a row that has a place and comes
back as `sending` or `unknown` may have been shown there, and the sender looks before it repeats.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import bindparam, case, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from bot.policy import DeliveryTable
from storage import outbox
from storage.db import table
from storage.outbox import LEAST, OPEN, URGENT, Lane, Letter, OutboxRow, Want
from storage.people import Person

SLEEPING = 20
"""How many times a claim looks on when all lanes it found sleep: in the evening there are many."""

LaneKey = tuple[str, str]
"""A lane by its workspace and name."""


@dataclass(frozen=True)
class Manner:
    """How a lane is served: its pace, until when it is not to be disturbed, where it leads and who reads there.

    The last two as far as we know; a channel has no one reader.
    """

    pace: DeliveryTable = field(default_factory=DeliveryTable)
    quiet_until: datetime | None = None
    leads_to: str | None = None
    reader: Person | None = None


Manners = Callable[[Collection[LaneKey]], Mapping[LaneKey, Manner]]


@dataclass(frozen=True)
class Claim:
    """A row that is ours to send from a moment on, for as long as the lease.

    It has the state it had before, and says where it is to go. `maybe_shown`: a former try may have been shown there.
    """

    row: OutboxRow
    maybe_shown: bool
    at: datetime
    manner: Manner

    @property
    def lease(self) -> timedelta:
        """Return for how long nobody else takes the lane."""
        return timedelta(seconds=self.manner.pace.lease_s)


def claim(
    session: Session,
    now: datetime,
    manners: Manners,
    limit: int,
    busy: Collection[LaneKey] = (),
    stopped: Collection[str] = (),
) -> list[Claim]:
    """Take the first row of each free lane with work due, at most `limit`, and the lane for as long as its lease.

    The most important lanes come first. `busy` are lanes this process is sending on: a clock moved forward must not
    make it overtake itself. What is not urgent waits until the quiet of its lane is over; to `stopped` workspaces
    nothing goes. What was certainly not shown is aimed at where its lane leads now.
    """
    wanted = {"now": now, "stopped": list(stopped), "busy": [_NO_LANE, *busy], "most": limit}
    for _ in range(SLEEPING):
        lanes = session.scalars(_DUE_LANES, wanted).all()
        how = manners([(lane.team_id, lane.name) for lane in lanes])
        taken = [one for lane in lanes if (one := _take(session, lane, now, how[lane.team_id, lane.name]))]
        if len(lanes) < limit or taken:
            break
    _lease(session, taken)
    return taken


def _take(session: Session, lane: Lane, now: datetime, manner: Manner) -> Claim | None:
    """Take the first row of a lane, if it has one; aim it where the lane leads, if it was not shown elsewhere."""
    row = _first(session, lane, now, manner.quiet_until)
    if row is None:
        return None
    session.expunge(row)
    maybe_shown = row.channel is not None and row.state in {"sending", "unknown"}
    row.claim += 1
    if not maybe_shown:
        row.channel, row.thread_ts = manner.leads_to, None
    return Claim(row, maybe_shown, now, manner)


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


def _lease(session: Session, claims: Sequence[Claim]) -> None:
    """Write down that rows and their lanes are ours."""
    if claims:
        session.execute(_LEASE, [_lease_of(one) for one in claims])
        session.execute(_ROW, [_sending(one.row) for one in claims])


def _lease_of(one: Claim) -> dict[str, object]:
    return {**_of(one.row), "of_lane": one.row.lane, "due": one.at, "until": one.at + one.lease}


def _sending(row: OutboxRow) -> dict[str, object]:
    there = {"channel": row.channel, "thread_ts": row.thread_ts}
    return {**_of(row), "state": "sending", "claim": row.claim, **there}


def _of(row: OutboxRow) -> dict[str, str]:
    return {"of_team": row.team_id, "this": row.id}


_OPEN_THERE = (
    OutboxRow.team_id == bindparam("team_id"),
    OutboxRow.lane == bindparam("lane"),
    OutboxRow.state.in_(OPEN),
)
_MAYBE_SHOWN = OutboxRow.state.in_(("sending", "unknown")) & OutboxRow.channel.is_not(None)
"""Was due once, and comes before all others: also when the clock was set back meanwhile."""

_FIRST = (
    select(OutboxRow)
    .where(*_OPEN_THERE, _MAYBE_SHOWN | (OutboxRow.due_at <= bindparam("now")))
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
_SENDING = (
    select(OutboxRow.id, OutboxRow.claim)
    .where(tuple_(OutboxRow.team_id, OutboxRow.id).in_(bindparam("rows", expanding=True)), OutboxRow.state == "sending")
    .order_by(OutboxRow.team_id, OutboxRow.id)
    .with_for_update()
)
_ROW = update(table(OutboxRow)).where(OutboxRow.team_id == bindparam("of_team"), OutboxRow.id == bindparam("this"))
_STILL = (OutboxRow.claim == bindparam("by_claim"), OutboxRow.state == "sending")
_OURS = _ROW.where(*_STILL).returning(table(OutboxRow).c.id)


@dataclass(frozen=True)
class Ending:
    """The end of a claim: what became of the row, when its lane is free, letters that it calls for, facts to keep.

    `late`: the lease was over, so the lane may be another's by now, and is never freed sooner than that one has it.
    """

    row: OutboxRow
    state: str
    free_at: datetime
    also: Sequence[Letter] = ()
    facts: dict[str, str | None] = field(default_factory=dict)
    late: bool = False


def take(session: Session, lanes: Collection[LaneKey]) -> set[LaneKey]:
    """Keep lanes from others until we commit, as far as nobody else keeps them now; return which are ours."""
    found = session.execute(_FREE_LANES, {"lanes": list(lanes)}) if lanes else ()
    return {(team_id, name) for team_id, name in found}


_FREE_LANES = (
    select(Lane.team_id, Lane.name)
    .where(tuple_(Lane.team_id, Lane.name).in_(bindparam("lanes", expanding=True)))
    .with_for_update(skip_locked=True)
)


def settle(session: Session, endings: Collection[Ending], now: datetime) -> set[str]:
    """End claims whose lanes were taken, free these lanes, write what is called for; return which rows were still ours.

    Who calls for letters took their lanes, too, in the order in which everybody takes them.
    """
    rows = [(one.row.team_id, one.row.id) for one in endings]
    claimed = dict(session.execute(_SENDING, {"rows": rows}).all()) if rows else {}
    ours = sorted((one for one in endings if claimed.get(one.row.id) == one.row.claim), key=_columns)
    for _, same in groupby(ours, _columns):  # many rows are written at once when they set the same
        session.execute(_ROW, [_ended(one, now) for one in same])
    outbox.want(session, [_freed(one, now) for one in ours])
    for one in ours:
        if one.late:
            session.execute(_REST_LONGER, {"of_team": one.row.team_id, "this": one.row.lane, "until": one.free_at})
    for one in ours:
        outbox.put(session, one.row.team_id, one.also, now)
    return {one.row.id for one in ours}


def _columns(one: Ending) -> list[str]:
    return sorted(one.facts)


def _ended(one: Ending, now: datetime) -> dict[str, object]:
    return {**_of(one.row), "state": one.state, "settled_at": None if one.state in OPEN else now, **one.facts}


def _freed(one: Ending, now: datetime) -> Want:
    """Free the row's lane. There may be more in it; an open row is still to be sent."""
    priority = one.row.priority if one.state in OPEN else LEAST
    return Want(one.row.team_id, one.row.lane, now, priority, None if one.late else one.free_at)


_REST_LONGER = _LANE.where(Lane.free_at < bindparam("until")).values(free_at=bindparam("until"))


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


def next_due(session: Session, stopped: Collection[str] = ()) -> datetime | None:
    """Return when the next message may leave: work is due and its lane is free."""
    found: datetime | None = session.scalar(_NEXT_DUE, {"stopped": list(stopped)})
    return found


_NEXT_DUE = select(func.min(case((Lane.wanted_at < Lane.free_at, Lane.free_at), else_=Lane.wanted_at))).where(
    Lane.wanted_at.is_not(None), Lane.team_id.not_in(bindparam("stopped", expanding=True))
)
