"""The floors are honest: what they write is what the bot writes."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Column, Table, select, true

from bench import fill
from bench.floors import Floor
from bench.names import person, team
from bot.domain.feedback import Draft, Urgency
from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.services import feedback, votes
from storage.db import Base, Database

WORDS = "They export by hand every Friday"
AT = 1_790_000_000.5


@pytest.fixture
def office(database: Database) -> Database:
    fill.found(address(database))
    return database


def test_the_floor_of_filing_writes_what_the_bot_writes(office: Database) -> None:
    with office.begin() as session:
        actor, draft = Actor(team(0), person(1)), Draft(words=WORDS, customer_id=1, urgency=Urgency.QUARTER)
        feedback.file(session, actor, draft, datetime.now(UTC), key="view:V1:first")
    with closing(Floor(address(office))) as floor:
        floor.file(form("second"))
    assert written(office, 1) == written(office, 2)


def test_the_floor_of_voting_writes_what_the_bot_writes(office: Database) -> None:
    fill.feedback(address(office), 2, voting=True)
    with office.begin() as session:
        votes.cast(session, Actor(team(0), person(1)), 1, Choice.APPROVE, AT, datetime.now(UTC), number=1)
    with closing(Floor(address(office))) as floor:
        floor.vote(press(2))
    assert written(office, 1) == written(office, 2)


def address(database: Database) -> str:
    """Return the database's address as the raw drivers take it."""
    return database.url.set(drivername=database.url.get_backend_name()).render_as_string(hide_password=False)


def form(nonce: str) -> dict[str, Any]:
    values = {
        "words": {"words": {"value": WORDS}},
        "customer": {"feedback_customer": {"selected_option": {"value": "1"}}},
    }
    view = {"id": "V1", "private_metadata": json.dumps({"nonce": nonce}), "state": {"values": values}}
    return {"team": {"id": team(0)}, "user": {"id": person(1)}, "view": view}


def press(requirement: int) -> dict[str, Any]:
    return {
        "team": {"id": team(0)},
        "user": {"id": person(1)},
        "actions": [{"value": f"{requirement}:1", "action_ts": str(AT)}],
    }


NUMBERED = {
    "requirements": "number",
    "moves": "requirement",
    "rounds": "requirement",
    "feedback": "number",
    "ballots": "requirement",
}
VARYING = {"id", "number", "requirement", "origin", "customer_id"}


def written(office: Database, number: int) -> list[Any]:
    """Return all that was written about F- or R-`number`, but for its numbers and the time of day."""
    found: list[Any] = []
    for name, column in NUMBERED.items():
        table = Base.metadata.tables[name]
        mine = table.c.user_id == person(1) if name == "ballots" else true()
        found += [name, *rows(office, table, (table.c[column] == number) & mine)]
    outbox = Base.metadata.tables["outbox"]
    return [*found, *rows(office, outbox, outbox.c.about == f"F-{number}")]


def rows(office: Database, table: Table, where: Any) -> list[dict[str, Any]]:
    with office.read() as session:
        return [plain(row, table.columns) for row in session.execute(select(table).where(where)).mappings()]


def plain(row: Any, columns: Any) -> dict[str, Any]:
    return {column.name: value(row[column.name], column) for column in columns if column.name not in VARYING}


def value(cell: Any, column: Column[Any]) -> Any:
    if isinstance(cell, datetime):
        return "a moment"
    return re.sub(r"\d+", "#", cell) if column.name in {"about", "key", "title", "words"} else cell
