"""What the review digest costs when there is much: the ids of its first twenty, and drawing it."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench import fill
from bench.measure import Facts, Row, Size, interleaved, middle, ratio
from bench.names import team
from bench.requests import KINDS
from handlers.slack import digest as drawn
from storage import digest as store
from storage.db import Database
from storage.outbox import OutboxRow

TOP = 20
CALLS = 15
TIMES = 10
"""How much larger the backlog is whose cost is told beside."""

Work = Callable[[Session], object]


def digest(size: Size, folder: Path) -> list[Row]:
    """The digest of the second and of the largest size, on both databases."""
    return [row for kind in size.kinds for row in _of(kind, size, folder)]


def _of(kind: str, size: Size, folder: Path) -> list[Row]:
    few, more, many = size.rows[min(1, len(size.rows) - 1)], size.rows[min(2, len(size.rows) - 1)], size.rows[-1]
    with ExitStack() as stack:
        sides: dict[str, Callable[[], Facts]] = {}
        for rows in (few, many):
            database = _opened(stack, kind, folder, rows, fill.OPEN)
            sides[f"select 1 at {rows:,}"] = timed(database, lambda session: session.execute(text("SELECT 1")).all())
            sides[f"ids at {rows:,}"] = timed(database, _ids)
            sides[f"drawing at {rows:,}"] = timed(database, _draw, calls=3)
        crowded = _opened(stack, kind, folder, more, TIMES * fill.OPEN)
        sides[f"ids with {TIMES} times as many undecided"] = timed(crowded, _ids)
        found = interleaved(size.rounds, sides)
    ids, one = found[f"ids at {many:,}"], found[f"select 1 at {many:,}"]
    facts = {f"{name} ms": middle(rounds, "ms") for name, rounds in found.items()}
    on, what = KINDS[kind], f"ids of the digest's first {TOP} at {many:,} requirements"
    growth = ratio(ids, found[f"ids at {few:,}"], "ms")
    drawing = ratio(found[f"drawing at {many:,}"], found[f"drawing at {few:,}"], "ms")
    backlog = ratio(found[f"ids with {TIMES} times as many undecided"], found[f"ids at {few:,}"], "ms")
    return [
        Row(f"digest-growth-{kind}", f"{what} against {few:,}, {on}: time", growth, at_most=2, facts=facts),
        Row(f"digest-{kind}", f"the same against a `select 1`, {on}: time", ratio(ids, one, "ms"), at_most=10),
        Row(f"digest-backlog-{kind}", f"these ids with {TIMES} times as many undecided, {on}: time", backlog),
        Row(f"digest-drawing-{kind}", f"drawing the digest at {many:,} against {few:,}, {on}: time", drawing),
    ]


def _opened(stack: ExitStack, kind: str, folder: Path, rows: int, undecided: int) -> Database:
    database = Database(stack.enter_context(fill.filled(kind, folder, rows, undecided)))
    stack.callback(database.close)
    return database


def _ids(session: Session) -> object:
    return store.undecided(session, team(0), None, TOP)


def timed(database: Database, work: Work, calls: int = CALLS, *, writes: bool = False) -> Callable[[], Facts]:
    """Return how many milliseconds a piece of work takes, the median of some calls in a transaction each."""

    def measure() -> Facts:
        took = []
        for _ in range(calls):
            with database.begin(quiet=True) if writes else database.read() as session:
                began = time.perf_counter()
                work(session)
                if not writes:
                    took.append(time.perf_counter() - began)
            if writes:
                took.append(time.perf_counter() - began)  # with its commit
        return {"ms": median(took) * 1000}

    return measure


def _draw(session: Session) -> object:
    row = OutboxRow(team_id=team(0), lane="review", kind="digest", about="2026-11-24", key="digest:2026-11-24")
    return drawn.digest(session, row, datetime.now(UTC))
