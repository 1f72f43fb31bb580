"""What things cost while the database grows, and filing with a million pieces of feedback stored."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

from sqlalchemy.orm import Session

from bench import fill, servers
from bench.digest import TOP, timed
from bench.measure import Facts, Row, Size, interleaved, middle, ratio
from bench.names import person, team
from bench.requests import Sender
from bot.domain.feedback import Draft
from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.services import feedback, votes
from storage import digest as digest_store
from storage import feedback as feedback_store
from storage import search
from storage.db import Database

Work = Callable[[Session], object]


def sizes(size: Size, folder: Path) -> list[Row]:
    """Filing through the bot with much stored against nothing stored, and the curve in between."""
    return [*_filing(size, folder), *_curve(size, folder)]


def _filing(size: Size, folder: Path) -> list[Row]:
    many = size.rows[-1]
    with ExitStack() as stack:
        slack = stack.enter_context(servers.slack())
        empty = stack.enter_context(fill.database("sqlite", folder))
        fill.found(empty)
        sides: dict[str, Callable[[], Facts]] = {}
        for name, url in (("empty", empty), ("full", stack.enter_context(fill.filled("sqlite", folder, many)))):
            server = stack.enter_context(servers.serving("bot", url, slack))
            sides[name] = Sender(server, "filings", 32, {}, size)
        found = interleaved(size.rounds, sides)
    facts = {f"{name} /s": middle(rounds, "per_s") for name, rounds in found.items()}
    what = f"filing with {many:,} pieces of feedback stored: throughput against an empty database"
    return [Row("million", what, ratio(found["full"], found["empty"], "per_s"), at_least=0.9, facts=facts)]


def _curve(size: Size, folder: Path) -> list[Row]:
    with ExitStack() as stack:
        sides: dict[str, Callable[[], Facts]] = {}
        for rows in size.rows:
            database = Database(stack.enter_context(fill.filled("sqlite", folder, rows)))
            stack.callback(database.close)
            for name, (work, writes, calls) in _works(rows).items():
                sides[f"{name} @ {rows}"] = timed(database, work, calls, writes=writes)
        found = interleaved(size.rounds, sides)
    facts = {name: middle(rounds, "ms") for name, rounds in found.items()}
    growth = facts[f"file @ {size.rows[-1]}"] / facts[f"file @ {size.rows[0]}"]
    what = f"filing at {size.rows[-1]:,} against {size.rows[0]:,}, in process: time"
    return [Row("curve", what, growth, facts=facts)]


def _works(rows: int) -> dict[str, tuple[Work, bool, int]]:
    """Return name -> what is done, whether it writes, how often."""
    actor, voters = Actor(team(0), person(1)), _cycle(rows)

    def file(session: Session) -> object:
        draft = Draft(words="They export by hand every Friday.", customer_id=1)
        return feedback.file(session, actor, draft, datetime.now(UTC), key=uuid4().hex)

    def vote(session: Session) -> object:
        who, requirement = next(voters)
        return votes.cast(session, who, requirement, Choice.APPROVE, time.time(), datetime.now(UTC))

    return {
        "file": (file, True, 15),
        "vote": (vote, True, 15),
        "digest ids": (lambda session: digest_store.undecided(session, team(0), None, TOP), False, 5),
        "mine": (lambda session: feedback_store.filed_by(session, team(0), actor.user_id, 20), False, 15),
        "find": (
            lambda session: search.find(session, team(0), ["paste", "Fridays"], actor.user_id, 10, sees_hidden=True),
            False,
            1,
        ),
    }


def _cycle(rows: int) -> Iterator[tuple[Actor, int]]:
    """Yield a person and an open round of fill.feedback, always another pair."""
    rounds = [number for number in range(max(rows - fill.OPEN, 0) + 1, rows + 1) if number % 3]
    for number in count():
        requirement = rounds[number % len(rounds)]
        yield Actor(team(0), person(requirement + 2 + number // len(rounds) % 40)), requirement
