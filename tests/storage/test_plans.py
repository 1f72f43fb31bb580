"""SQLite finds what belongs to one record by an index, not by looking through the workspace in the order asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from storage import feedback, home, migrations, people
from storage.db import Database
from tests.make import MONDAY

OF_FEEDBACK = "ix_questions_team_id_feedback_number (team_id=? AND feedback=?"
OF_REQUIREMENT = "ix_feedback_team_id_requirement_number (team_id=? AND requirement=?"
UNANSWERED = "ix_questions_unanswered (team_id=?"

PLANS: dict[str, tuple[Callable[[Session], Any], list[str]]] = {
    "questions": (lambda s: feedback.questions(s, "T1", 1), [OF_FEEDBACK]),
    "of_requirement": (lambda s: feedback.of_requirement(s, "T1", 1), [OF_REQUIREMENT]),
    "unanswered": (lambda s: feedback.unanswered(s, "T1", 1), [UNANSWERED]),
    "away": (lambda s: people.away(s, "T1", ["UALICE"], MONDAY.date()), ["ix_people_away (team_id=? AND back_on>?"]),
    "to_answer": (lambda s: home.to_answer(s, "T1", "UALICE", 10), [UNANSWERED]),
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


@pytest.mark.parametrize("name", PLANS)
def test_what_belongs_to_one_record_is_found_by_its_index(sqlite: Database, name: str) -> None:
    ask, indexes = PLANS[name]
    plan = plan_of(sqlite, ask)
    assert [index for index in indexes if index not in plan] == [], plan
