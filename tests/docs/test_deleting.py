"""What the page on deleting says leaves no word of a customer and no name of a person, and harms nothing else."""

import re

import pytest
from sqlalchemy import JSON, String, select, text, update
from sqlalchemy.orm import Session

from bot.domain.requirements import Status
from bot.domain.votes import Choice
from bot.services import feedback, records, votes
from storage import people
from storage.db import Base, Database
from storage.people import Profile
from tests import make
from tests.bot import ROOT
from tests.make import ALICE, BOB, MARA, MEILING, MONDAY, TEAM

PAGE = (ROOT / "docs" / "how-to" / "delete-data.md").read_text(encoding="utf-8")
WORDS = {
    "feedback": ("title", "words", "scenario", "said_by", "answer", "permalink"),
    "questions": ("question", "answer"),
    "requirements": ("title", "description"),
    "moves": ("sentence",),
    "ballots": ("why",),
    "changes": ("before",),
    "customers": ("name", "key"),
}
"""Where words about a customer stand; each is filled before we delete."""

SECRET = "canary"


def statements(about: str) -> list[str]:
    """Return the page's statements for a customer or a person, for our workspace and for Alice."""
    (block,) = re.findall(rf"```sql\n-- a {about}\n(.*?)```", PAGE, re.DOTALL)
    ours = block.replace("T0123456789", TEAM).replace("U0123456789", ALICE.user_id)
    return [statement for statement in ours.split(";\n") if statement.strip()]


def live(session: Session) -> None:
    """One requirement's whole life, of Acme; each of its words is the secret one."""
    make.rules(session)
    make.file(session, "They need an export.", said_by="Ingrid", scenario="At month's end")
    feedback.ask(session, BOB, 1, "How many?", MONDAY, key="ask")
    votes.cast(session, BOB, 1, Choice.REJECT, 1.0, MONDAY)
    records.edit_requirement(session, MARA, 1, "An export", "As a file", MONDAY, key="edit", seen_changes=0)
    make.move(session, Status.DECLINED)
    for name, columns in WORDS.items():
        table = Base.metadata.tables[name]
        secret = {column: {"words": SECRET} if column == "before" else SECRET for column in columns}
        session.execute(update(table).values(secret | ({"name": "Acme"} if name == "customers" else {})))
    make.file(session, "They need an import.", by=MEILING, customer_name="Beta")


def everything(session: Session) -> str:
    """Return all text of the database as one."""
    kept = [
        session.scalars(select(column)).all()
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, String | JSON)
    ]
    return repr(kept)


def run(session: Session, about: str) -> None:
    for statement in statements(about):
        session.execute(text(statement.replace(":", r"\:")))


@pytest.fixture
def lived(session: Session) -> Session:
    live(session)
    for table, columns in WORDS.items():
        for column in set(columns) - {"name"}:
            kept = session.scalars(select(Base.metadata.tables[table].c[column])).all()
            assert SECRET in repr(kept), f"{table}.{column}"
    return session


def test_of_a_deleted_customer_no_word_is_left_and_others_keep_theirs(lived: Session) -> None:
    run(lived, "customer")
    left = everything(lived)
    assert SECRET not in left
    assert "Acme" not in left
    assert "They need an import." in left
    assert "Beta" in left


def test_of_a_deleted_person_no_name_is_left(lived: Session) -> None:
    people.save(lived, TEAM, Profile(ALICE.user_id, "Alice Moreau", "en"))
    people.save(lived, TEAM, Profile(BOB.user_id, "Bob Okafor", "en"))
    run(lived, "person")
    assert "Alice Moreau" not in everything(lived)
    assert "Bob Okafor" in everything(lived)


def test_a_deleted_customer_can_be_named_anew(database: Database) -> None:
    with database.begin() as session:
        live(session)
        run(session, "customer")
        assert make.file(session, "They are back.").customer_id != 1
