"""How fast the outbox drains: against the limit of Slack's pace, and for a small workspace beside a large one."""

import time
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench import fill, servers
from bench.measure import Row, Size
from bench.names import person, team
from bench.requests import KINDS
from storage.db import Database, table
from storage.outbox import EPOCH, Lane, OutboxRow

LATENCY_S = 0.1
"""How long the bench's Slack thinks about a message; the real one takes about as long."""

LANES = 4
"""Of each workspace: two channels and two people."""

PACE = 1.0
WAITS = 5
"""How many messages wait in each lane of the fairness part."""

SMALL, LARGE = 0, 1
DMS_OF_SMALL = {f"D{person(number)[1:]}" for number in (0, 1)}
"""Where the small workspace's people hear; the large one's are others. Channels have the same ids everywhere."""


def outbox(size: Size, folder: Path) -> list[Row]:
    """Sends a second, and the wait of a small workspace."""
    return [*(_rate(kind, size, folder) for kind in size.kinds), _fairness(size, folder)]


def _rate(kind: str, size: Size, folder: Path) -> Row:
    each = int(size.sends_s) + 4
    with fill.database(kind, folder) as url:
        fill.found(url, size.teams, sends=True)
        for number in range(size.teams):
            _write(url, number, (0, 1), each)
        _, posted = _sent(url, size.sends_s + 2)
    began = min((moment for _, moment in posted), default=0.0) + 1
    count = sum(began <= moment < began + size.sends_s for _, moment in posted)
    lanes = size.teams * LANES
    facts = {"sent /s": count / size.sends_s, "limit /s": lanes * PACE}
    what = (
        f"messages sent a second, {lanes} channels in {size.teams} workspaces, {KINDS[kind]}: against the pace's limit"
    )
    return Row(f"outbox-{kind}", what, count / size.sends_s / (lanes * PACE), at_least=0.9, facts=facts)


def _fairness(size: Size, folder: Path) -> Row:
    """The large workspace's messages are due first, in ten times as many lanes."""
    waits = {}
    for name, neighbours in (("alone", ()), ("beside", range(2, LANES * 10))):
        with fill.database("sqlite", folder) as url:
            fill.found(url, 2, sends=True)
            if neighbours:
                _write(url, LARGE, neighbours, WAITS)
            _write(url, SMALL, (0, 1), WAITS)
            began, posted = _sent(url, size.sends_s)
        took = sorted(at - began for where, at in posted if where in DMS_OF_SMALL)
        waits[name] = took[min(int(len(took) * 0.95), len(took) - 1)] if took else float("inf")
    facts = {f"{name} p95 s": wait for name, wait in waits.items()}
    what = "a small workspace's p95 wait beside one with ten times its load: against its wait alone"
    return Row("outbox-fair", what, waits["beside"] / waits["alone"], at_most=2, facts=facts)


def _sent(url: str, seconds: float) -> tuple[float, list[tuple[str, float]]]:
    """Let the bot deliver for a while; return when it began, and where and when messages arrived."""
    with servers.slack(LATENCY_S) as slack, servers.serving("bot", url, slack) as server:
        began = time.time()
        with server.awake():
            time.sleep(seconds)
        found: list[tuple[str, float]] = servers.ask(slack, "/posted")
    return began, found


def _write(url: str, number: int, people: Collection[int], each: int) -> None:
    """Write feedback with cards due for both channels, and receipts for people, `each` a lane."""
    name = team(number)
    lanes = ["triage", "review", *map(person, people)]
    fill.feedback(url, each * len(lanes), team_id=name, voting=True)
    with closing(fill.raw(url)) as connection:
        connection.execute(f"DELETE FROM posted WHERE team_id = '{name}'")  # noqa: S608 - our own name
        for place, lane in enumerate(lanes):
            mine = f"team_id = '{name}' AND number % {len(lanes)} = {place}"
            connection.execute(f"UPDATE feedback SET filed_by = '{lane}' WHERE {mine}")  # noqa: S608 - likewise
    opened, now = Database(url), datetime.now(UTC)
    numbers = range(1, each * len(lanes) + 1)
    with opened.begin(quiet=True) as session:
        letters = [_letter(name, lanes[one % len(lanes)], one, now) for one in numbers]
        session.execute(table(OutboxRow).insert(), letters)
        session.execute(table(Lane).insert(), [_lane(name, lane, now) for lane in lanes])
    opened.close()


def _letter(name: str, lane: str, number: int, now: datetime) -> dict[str, Any]:
    kind = "card" if lane in {"triage", "review"} else "receipt"
    facts = {"lane": lane, "kind": kind, "about": f"F-{number}", "key": f"{kind}:F-{number}", "priority": 1}
    return {
        "team_id": name,
        "id": uuid4().hex,
        **facts,
        "state": "waiting",
        "claim": 0,
        "created_at": now,
        "due_at": now,
    }


def _lane(name: str, lane: str, now: datetime) -> dict[str, Any]:
    return {"team_id": name, "name": lane, "free_at": EPOCH, "wanted_at": now, "priority": 1}
