"""What is true in the end: all rows of the database, and all messages on people's screens, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from practice.workspace import Workspace
from storage.db import Base, Database

Row = SimpleNamespace
Tables = dict[str, list[Row]]
Shot = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Shown:
    """A message on somebody's screen. `outbox_id` is in its metadata; `text` everything that it says."""

    outbox_id: str
    channel: str
    ts: str
    text: str


@dataclass(frozen=True)
class Jump:
    """A step of the practice clock, when it was made (monotonic seconds), and which schedules were planned then."""

    at_s: float
    before: datetime
    after: datetime
    planned: Mapping[str, datetime] = field(default_factory=dict, hash=False)
    outage: bool = False

    @property
    def by(self) -> timedelta:
        """How far it went; back is negative."""
        return self.after - self.before


def tables(database: Database, team_id: str) -> Tables:
    """Return table -> rows of one workspace."""
    with database.read() as session:
        return {
            name: [Row(**row) for row in session.execute(select(table).where(table.c.team_id == team_id)).mappings()]
            for name, table in Base.metadata.tables.items()
            if "team_id" in table.c
        }


def shown(workspace: Workspace) -> list[Shown]:
    """Return every message of the app that stands in a conversation and carries its outbox row's id."""
    with workspace.state.lock:
        rows = [row for place in workspace.state.conversations.values() for row in place.messages.values()]
        return [
            Shown(row.metadata["event_payload"]["id"], row.channel, row.ts, f"{row.text} {row.blocks}")
            for row in rows
            if row.metadata
        ]


def said(workspace: Workspace) -> str:
    """Return everything that anybody ever saw, as one text."""
    with workspace.state.lock:
        return "\n".join(f"{sight.line} {sight.message} {sight.view}" for sight in workspace.state.sights)


REDRAWN = ("outbox", "lanes", "posted", "seen", "people", "schedules", "periods", "workspaces")
"""What repeating deliveries may touch without changing anything people decided."""


def state(found: Tables) -> dict[str, Shot]:
    """Return what people decided, in a form that can be compared: all rows but those that only say how it was told."""
    return {name: shot(rows) for name, rows in found.items() if name not in REDRAWN}


def shot(rows: list[Row]) -> Shot:
    """Return rows in a form that can be compared; in which message a piece of news leaves is not theirs to say."""
    return tuple(sorted(tuple(sorted(_facts(row))) for row in rows))


def _facts(row: Row) -> list[tuple[str, str]]:
    return [(name, repr(value)) for name, value in vars(row).items() if name != "outbox_id"]
