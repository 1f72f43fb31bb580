"""The same acts in any order, repeated as Slack repeats them, come to the same, apart from numbers."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.domain.refusals import Busy
from bot.services import feedback
from storage.db import Database, table
from storage.votes import Ballot
from tests import make
from tests.make import MONDAY, later
from tests.torture import rows
from tests.torture.acts import SERVICES, Service, done, file, vote
from tests.torture.length import LONG, PATIENCE_S, SEED, timed
from tests.torture.memory import Act
from tests.torture.rows import pick

ORDERS = 200 if LONG else 3
THREADS = 4
REVIEWERS = ("UBOB", "UDORA", "UEMIL", "UFAY")
FILERS = ("UALICE", "UMEILING", "UGUS")
BALLOTED, DECIDED, EDITED, WITHDRAWN, ASKED = range(1, 6)
"""Requirements there are before, and what happens to each; so what happens to one commutes with the rest."""

QUESTIONS = (6, 7)
"""Feedback that is a question."""

Said = dict[str, list[Any]]
_teams = count(1)


def settle_in(session: Session, team_id: str) -> None:
    """Let there be something of each kind. The quorum is beyond those who vote here, so no vote ends a round."""
    people: dict[str, object] = {"reviewers": [*REVIEWERS, "UNEVER"], "managers": ["UMARA"], "admins": ["UADA"]}
    make.rules(session, team_id, people=people, vote={"quorum": 5})
    for number in (BALLOTED, DECIDED, EDITED, WITHDRAWN, ASKED):
        make.file(session, f"They need {number}.", Actor(team_id, "UALICE"))
    for number in QUESTIONS:
        make.file(session, f"They ask {number}.", Actor(team_id, "UMEILING"), kind=Kind.QUESTION)
    for word in ("Which?", "When?"):
        feedback.ask(session, Actor(team_id, "UDORA"), ASKED, word, MONDAY, key=word)


def gestures(chance: random.Random) -> list[Act]:
    """Draw acts of which none needs another."""
    found = [
        Act(
            "vote",
            who,
            {"requirement": BALLOTED, "choice": chance.choice(["approve", "reject", "abstain"]), "at": at},
            "",
        )
        for who in REVIEWERS
        for at in chance.sample(range(1, 20), chance.randint(1, 4))
    ]
    found += [
        Act("file", who, {"kind": chance.choice(["need", "question"]), "words": f"{who} files {n}."}, f"file:{who}:{n}")
        for who in FILERS
        for n in range(2)
    ]
    found += [Act("answer", chance.choice(REVIEWERS), {"number": n}, f"answer:{n}") for n in QUESTIONS]
    found += [Act("answer_question", "UALICE", {"question": n}, f"answer_question:{n}") for n in (1, 2)]
    return [
        *found,
        Act("change", "UMARA", {"requirement": DECIDED, "to": "accepted"}, "change"),
        Act("edit_requirement", "UMARA", {"requirement": EDITED, "title": "An export", "seen": 0}, "edit"),
        Act("ask", "UBOB", {"number": EDITED}, "ask"),
        Act("withdraw", "UALICE", {"number": WITHDRAWN}, "withdraw"),
    ]


def deliver(database: Database, team_id: str, acts: Iterable[Act], services: dict[str, Service]) -> None:
    for act in acts:
        while True:
            try:
                done(database, team_id, act, later(hours=1), services)
            except Busy:
                continue
            break


def came_to(database: Database, order: int, threads: int = 1, **broken: Service) -> Said:
    """Deliver everything in its own order, each up to three times, to a new workspace; return what it comes to."""
    team_id = f"T{next(_teams)}ORDER"
    with database.begin() as session:
        settle_in(session, team_id)
    acts = gestures(random.Random(SEED))  # noqa: S311 - chance, not a secret
    chance = random.Random(SEED + order)  # noqa: S311 - likewise
    deliveries = [act for act in acts for _ in range(chance.randint(1, 3))]
    chance.shuffle(deliveries)
    with ThreadPoolExecutor(threads) as pool:
        parts = [deliveries[thread::threads] for thread in range(threads)]
        list(pool.map(lambda part: deliver(database, team_id, part, {**SERVICES, **broken}), parts))
    with database.read() as session:
        (found,) = rows.of(session, team_id)
    assert rows.wrong(found) == []
    return without_numbers(found)


def without_numbers(found: rows.Rows) -> Said:
    """Return what rows say, everything called by the words of its feedback."""
    words = {row["number"]: row["words"] for row in found["feedback"]}
    wanted = {row["number"]: words[row["origin"]] for row in found["requirements"]}
    customers = {row["id"]: row["name"] for row in found["customers"]}
    lanes = {row["id"]: row["lane"] for row in found["outbox"]}
    said = {
        "feedback": [(*facts, customers[who]) for *facts, who in pick(found, "feedback", *FEEDBACK)],
        "requirements": [(wanted[n], *facts) for n, *facts in pick(found, "requirements", *REQUIREMENTS)],
        "moves": [(wanted[n], *facts) for n, *facts in pick(found, "moves", "requirement", "number", "after", "by")],
        "rounds": [(wanted[n], *facts) for n, *facts in pick(found, "rounds", *ROUNDS)],
        "ballots": [(wanted[n], *facts) for n, *facts in pick(found, "ballots", *BALLOTS)],
        "questions": [(words[n], *facts) for n, *facts in pick(found, "questions", "feedback", "question", "answer")],
        "outbox": [(row["kind"], row["lane"], about(row, words), row["state"]) for row in found["outbox"]],
        "news": [(lanes[row], words[n], kind) for row, n, kind in pick(found, "news", "outbox_id", "feedback", "kind")],
        "seen": pick(found, "seen", "key"),
    }
    return {name: sorted(each, key=repr) for name, each in said.items()}


FEEDBACK = ("words", "filed_by", "state", "answer", "kind", "customer_id")
REQUIREMENTS = ("number", "title", "status", "withdrawn_at")
ROUNDS = ("requirement", "result", "due_at", "paused_at")
BALLOTS = ("requirement", "user_id", "choice", "action_us")


def about(row: dict[str, Any], words: dict[int, str]) -> str:
    """Return what a message is about; the news of a person are about whatever came last."""
    if row["kind"] in {"news", "note"}:
        return str(row["kind"])
    return words[int(row["about"].removeprefix("F-"))]


def differing(one: Said, other: Said) -> list[str]:
    return [name for name in one if one[name] != other[name]]


@pytest.mark.timeout(PATIENCE_S)
def test_in_any_order_and_however_often_repeated_it_comes_to_the_same(migrated: Database) -> None:
    with timed("any order", migrated.engine.dialect.name) as counts:
        first = came_to(migrated, 0)
        orders = [came_to(migrated, order, THREADS if order % 2 else 1) for order in range(1, ORDERS + 1)]
        counts["findings"] = [
            f"order {n}: {name}" for n, said in enumerate(orders, 1) for name in differing(first, said)
        ]
        counts |= {"orders": ORDERS + 1, "acts": len(gestures(random.Random(SEED)))}  # noqa: S311 - likewise
    assert all(first.values())


# -- what would be noticed


def by_arrival(session: Session, actor: Actor, act: Act, now: datetime) -> Any:
    """Let the vote that arrives last stand."""
    said = vote(session, actor, act, now)
    mine = (Ballot.team_id == actor.team_id, Ballot.user_id == actor.user_id)
    session.execute(update(table(Ballot)).where(*mine).values(choice=act.facts["choice"]))
    return said


def without_a_key(session: Session, actor: Actor, act: Act, now: datetime) -> Any:
    """Take every delivery for a new one."""
    return file(session, actor, Act(act.name, act.by, act.facts, make.form()), now)


@pytest.mark.parametrize(
    ("name", "service", "table"), [("vote", by_arrival, "ballots"), ("file", without_a_key, "feedback")]
)
def test_what_depends_on_the_order_or_the_repeats_is_noticed(
    migrated: Database, name: str, service: Service, table: str
) -> None:
    first = came_to(migrated, 0, **{name: service})
    assert any(table in differing(first, came_to(migrated, order, **{name: service})) for order in range(1, 6))
