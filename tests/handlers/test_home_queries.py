"""Home is drawn from the same few queries, however much there is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session

from bot.domain.home import Show
from bot.domain.people import Actor
from handlers.metrics import Counts
from handlers.slack import home
from handlers.slack.blocks import home as blocks
from handlers.slack.edge import Edge
from practice.blocks import check_view
from storage import home as store
from storage import people, policy, workspaces
from storage.db import Base, Database
from storage.feedback import Feedback, Question
from storage.people import Profile
from storage.requirements import Move, Requirement
from storage.votes import Round
from tests import make
from tests.make import BOB, MONDAY, TEAM, later

VIEWER = Actor(TEAM, "UVERA")
EVERYTHING = {"reviewers": ["UVERA", "UBOB"], "managers": ["UVERA"], "admins": ["UVERA"]}
MOST = 10


@pytest.fixture
def edge(database: Database) -> Iterator[Edge]:
    """The edge of a bot in which Vera votes, decides, files and has looked at her Home before."""
    with database.begin() as session:
        make.rules(session, people=EVERYTHING)
        workspaces.enter(session, TEAM)
        workspaces.set_up(session, TEAM, MONDAY)
        for user_id in (VIEWER.user_id, BOB.user_id):
            people.save(session, TEAM, Profile(user_id, user_id, "en"))
        for hours in (1, 2):
            store.look(session, TEAM, VIEWER.user_id, later(hours=hours))
    with ThreadPoolExecutor(1) as background:
        yield Edge(database, lambda: later(hours=3), background, Counts(), TEAM, lambda: True)


COPIED = {Requirement: "number", Feedback: "number", Move: "requirement", Round: "requirement"}


def fill(session: Session, times: int) -> None:
    """File something of Vera's that was asked about, and something of Bob's that is voted on; and `times` as much."""
    make.file(session, "Vera's.", by=VIEWER)
    make.file(session, "Bob's.", by=BOB)
    multiply(session, range(1, times + 1))


def multiply(session: Session, numbers: range) -> None:
    """Make odd numbers like Vera's piece, which is asked about, and even ones like Bob's."""
    for model, key in COPIED.items():
        patterns = {1: _row(session, model, key, 1), 2: _row(session, model, key, 2)}
        rows = [patterns[1 if number % 2 else 2] | _renumbered(model, key, number) for number in numbers if number > 2]
        session.execute(insert(model), rows)
    asked = {"question": "How many?", "asked_by": BOB.user_id, "asked_at": later(hours=1, minutes=1), "follow_ups": 0}
    odd = [{"team_id": TEAM, "number": number, "feedback": number, **asked} for number in numbers if number % 2]
    session.execute(insert(Question), odd)


def _row(session: Session, model: type[Base], key: str, number: int) -> dict[str, Any]:
    columns = model.__table__.columns
    found = session.execute(select(columns).where(columns["team_id"] == TEAM, columns[key] == number))
    return dict(found.mappings().one())


def _renumbered(model: type[Base], key: str, number: int) -> dict[str, int]:
    columns = model.__table__.columns
    return {name: number for name in (key, "requirement", "origin") if name in columns}


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements a database is sent."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement != "BEGIN":  # SQLite's, which PostgreSQL's driver sends by itself
            sent.append(statement)

    engines = {database.engine, database.reader}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def test_nothing_a_few_and_five_hundred_pieces_need_the_same_number_of_queries(edge: Edge) -> None:
    counted = [_drawn_with(edge.database, edge)]
    with edge.database.begin() as session:
        fill(session, 4)
    counted.append(_drawn_with(edge.database, edge))
    with edge.database.begin() as session:
        multiply(session, range(5, 501))
    counted.append(_drawn_with(edge.database, edge))
    assert len(set(counted)) == 1, counted
    assert counted[0] <= MOST
    facts = home.drawing(edge, TEAM, VIEWER.user_id).facts
    assert (facts.mine.number(Show.ALL), facts.questions, facts.to_vote) == (250, 250, 250)
    assert facts.mine.number(Show.CHANGED) == 250


def _drawn_with(database: Database, edge: Edge) -> int:
    with statements(database) as sent:
        home.drawing(edge, TEAM, VIEWER.user_id)
    return len(sent)


def test_a_query_for_every_piece_would_be_noticed(edge: Edge) -> None:
    counted = []
    with edge.database.begin() as session:
        fill(session, 8)
    for times in (2, 8):
        with edge.database.read() as session, statements(edge.database) as sent:
            for number in range(1, times + 1):
                session.get(Feedback, (TEAM, number))
        counted.append(len(sent))
    assert counted == [2, 8]


def test_the_fullest_home_keeps_to_slacks_hundred_blocks_in_both_languages(edge: Edge) -> None:
    with edge.database.begin() as session:
        fill(session, 100)
        undecided = {"closed_at": MONDAY, "result": "undecided"}
        session.execute(update(Round).where(Round.requirement < 51).values(**undecided))
        admins = ["UVERA", *(f"U{number}" for number in range(9))]
        policy.replace(session, TEAM, {"people": {**EVERYTHING, "admins": admins}}, "UVERA", MONDAY)
        store.choose(session, TEAM, VIEWER.user_id, show=Show.ALL, page=2)
    facts = home.drawing(edge, TEAM, VIEWER.user_id).facts
    assert len(facts.mine.pieces) == blocks.PAGE
    assert len(facts.deciding or ()) == len(facts.voting or ()) == len(facts.asked) == blocks.FIRST
    for locale in ("en", "zh_Hans"):
        view = blocks.home(facts, locale)
        assert len(view["blocks"]) < 50
        assert check_view(view) == []


@pytest.mark.parametrize(("page", "shown"), [(-3, 1), (1, 1), (2, 2), (5, 5), (6, 5), (10**9, 5)])
def test_a_page_that_is_not_there_is_the_nearest_one_that_is(edge: Edge, page: int, shown: int) -> None:
    with edge.database.begin() as session:
        fill(session, 100)
        store.choose(session, TEAM, VIEWER.user_id, page=page)
    assert home.drawing(edge, TEAM, VIEWER.user_id).facts.mine.page == shown


def test_what_nobody_offered_is_not_believed(edge: Edge) -> None:
    with edge.database.begin() as session:
        fill(session, 4)
        store.choose(session, TEAM, VIEWER.user_id, show="secret", customer_id=999)
    mine = home.drawing(edge, TEAM, VIEWER.user_id).facts.mine
    assert (mine.show, mine.customer, len(mine.pieces)) == (Show.OPEN, None, 2)
