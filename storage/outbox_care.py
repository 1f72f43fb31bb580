"""Looking after the outbox: what operators, jobs and monitors ask of it. How it works: storage/outbox.py."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from storage import outbox
from storage.db import table
from storage.news import NewsItem
from storage.outbox import OPEN, OutboxRow

DONE = ("sent", "superseded")
"""How a row ends well; what is neither open nor done is dead."""

STATES = (*OPEN, "dead", *DONE)

DROPPED = "dropped by operator"
"""The detail of a row that an operator took out."""


@dataclass(frozen=True)
class Pile:
    """How many rows are in a state, and since when the oldest of them is due."""

    count: int
    due_at: datetime


def piles(session: Session) -> dict[str, Pile]:
    """Return state -> pile of all that is open or dead, of all workspaces."""
    counted = select(OutboxRow.state, func.count(), func.min(OutboxRow.due_at))
    query = counted.where(OutboxRow.state.not_in(DONE)).group_by(OutboxRow.state)
    return {state: Pile(count, due_at) for state, count, due_at in session.execute(query)}


def dead_by_lane(session: Session, team_id: str) -> list[tuple[str, str, int]]:
    """Return (lane, error, how many rows are dead of it), the most first."""
    where = (OutboxRow.team_id == team_id, OutboxRow.state == "dead")
    why = (OutboxRow.lane, OutboxRow.detail)
    query = select(*why, func.count()).where(*where).group_by(*why)
    found = [(lane, detail or "", count) for lane, detail, count in session.execute(query)]
    return sorted(found, key=lambda pile: (-pile[2], pile))


def depth(session: Session, team_id: str) -> int:
    """Return how many rows of a workspace are not ended yet."""
    where = (OutboxRow.team_id == team_id, OutboxRow.state.in_(OPEN))
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*where)) or 0


def oldest_due(session: Session, team_id: str) -> datetime | None:
    """Return when what is open and waits longest was due."""
    where = (OutboxRow.team_id == team_id, OutboxRow.state.in_(OPEN))
    return session.scalar(select(func.min(OutboxRow.due_at)).where(*where))


def rows(
    session: Session,
    team_id: str,
    states: Collection[str],
    *,
    lane: str | None = None,
    ids: Collection[str] | None = None,
    limit: int | None = None,
) -> list[OutboxRow]:
    """Return the rows in these states, of one lane or all, with these ids or any, the oldest first."""
    where = [OutboxRow.team_id == team_id, OutboxRow.state.in_(list(states))]
    if lane is not None:
        where.append(OutboxRow.lane == lane)
    if ids is not None:
        where.append(OutboxRow.id.in_(list(ids)))
    query = select(OutboxRow).where(*where).order_by(OutboxRow.created_at, OutboxRow.id).limit(limit)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def beginning(session: Session, team_id: str, prefix: str, limit: int = 2) -> list[OutboxRow]:
    """Return rows whose id begins so, at most `limit`."""
    where = (OutboxRow.team_id == team_id, OutboxRow.id.startswith(prefix, autoescape=True))
    return list(session.scalars(select(OutboxRow).where(*where).order_by(OutboxRow.id).limit(limit)))


def revive(session: Session, team_id: str, ids: Collection[str], now: datetime) -> list[OutboxRow]:
    """Let those rows be sent again that are dead; return them as they were. Lanes are taken in everybody's order."""
    found = rows(session, team_id, ["dead"], ids=ids)
    for row in found:
        session.expunge(row)  # what we return stays as it was
    for lane in outbox.take_lanes(session, team_id, {row.lane for row in found}):
        outbox.revive(session, team_id, lane, now, [row.id for row in found])
    return found


def drop(session: Session, team_id: str, ids: Collection[str], now: datetime) -> list[OutboxRow]:
    """End rows that were not sent, without sending them; return them. What is under way just now goes on."""
    where = (
        OutboxRow.team_id == team_id,
        OutboxRow.id.in_(list(ids)),
        OutboxRow.state.not_in((*DONE, "sending")),
    )
    values = {"state": "superseded", "settled_at": now, "detail": DROPPED}
    done = session.scalars(update(table(OutboxRow)).where(*where).values(**values).returning(OutboxRow.id)).all()
    return rows(session, team_id, ["superseded"], ids=done)


def forget(session: Session, before: datetime, limit: int) -> int:
    """Delete rows that ended well before a moment, with the news they carried, of all workspaces; return how many.

    At most `limit`, and none that another replica is just deleting. Where messages stand is kept apart, in `posted`.
    """
    old = (
        select(OutboxRow.team_id, OutboxRow.id)
        .where(OutboxRow.state.in_(DONE), OutboxRow.settled_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    keys = [(team_id, row_id) for team_id, row_id in session.execute(old)]
    if keys:
        session.execute(delete(table(NewsItem)).where(tuple_(NewsItem.team_id, NewsItem.outbox_id).in_(keys)))
        session.execute(delete(table(OutboxRow)).where(tuple_(OutboxRow.team_id, OutboxRow.id).in_(keys)))
    return len(keys)
