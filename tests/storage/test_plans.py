"""SQLite finds what belongs to one record by an index, not by looking through the workspace in the order asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from storage import feedback, migrations
from storage.db import Database

PLANS: dict[str, Callable[[Session], Any]] = {
    "ix_questions_team_id_feedback_number (team_id=? AND feedback=?": lambda s: feedback.questions(s, "T1", 1),
    "ix_feedback_team_id_requirement_number (team_id=? AND requirement=?": lambda s: feedback.of_requirement(
        s, "T1", 1
    ),
}


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("plans")
    database = Database(f"sqlite:///{folder / 'needline.db'}")
    migrations.upgrade(database)
    yield database
    database.close()


def plan_of(database: Database, ask: Callable[[Session], Any]) -> str:
    """Return how SQLite means to find what a function asks for."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        sent.append((statement, parameters))

    event.listen(database.reader, "before_cursor_execute", note)
    with database.read() as session:
        ask(session)
        event.remove(database.reader, "before_cursor_execute", note)
        statement, parameters = sent[-1]
        return str(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())


@pytest.mark.parametrize("index", PLANS)
def test_what_belongs_to_one_record_is_found_by_its_index(sqlite: Database, index: str) -> None:
    assert index in plan_of(sqlite, PLANS[index])
