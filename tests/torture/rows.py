"""All rows of a workspace, whatever the table; and what must be true of them whatever was done."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot.domain.requirements import MOVES, Status
from storage.db import Base

Rows = dict[str, list[dict[str, Any]]]

NUMBERED = ("feedback", "requirements", "questions", "customers")
"""Tables whose numbers a workspace counts without gaps, and the column that holds them."""


_ALL = {
    name: select(table)
    .where(table.c.team_id.in_(bindparam("teams", expanding=True)))
    .order_by(*table.primary_key.columns)
    for name, table in Base.metadata.tables.items()
}


def of(session: Session, *team_ids: str) -> tuple[Rows, ...]:
    """Return table -> its rows, in the order of their keys, for each of the workspaces."""
    found: dict[str, Rows] = {team_id: {name: [] for name in _ALL} for team_id in team_ids}
    for name, query in _ALL.items():
        for row in session.execute(query, {"teams": team_ids}).mappings():
            found[row["team_id"]][name].append(dict(row))
    return tuple(found.values())


def changed(before: Rows, after: Rows) -> list[str]:
    """Return the tables that are not what they were."""
    return [name for name in after if before[name] != after[name]]


def wrong(rows: Rows) -> list[str]:
    """Return what cannot be true of any workspace, in sentences."""
    return [*_gaps(rows), *_illegal(rows), *_rounds(rows), *_orphans(rows)]


def _gaps(rows: Rows) -> Iterable[str]:
    counters = {row["name"]: row["last"] for row in rows["counters"]}
    for table in NUMBERED:
        numbers = [row.get("number", row.get("id")) for row in rows[table]]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{table} are numbered {numbers}"
        if len(numbers) != counters.get(table.removesuffix("s"), 0):
            yield f"{table}: the counter says otherwise than {numbers}"


def _illegal(rows: Rows) -> Iterable[str]:
    for wanted in rows["requirements"]:
        moves = [move for move in rows["moves"] if move["requirement"] == wanted["number"]]
        path = [move["before"] for move in moves] + [wanted["status"]]
        if [move["number"] for move in moves] != list(range(1, len(moves) + 1)) or path[0] != "new":
            yield f"R-{wanted['number']} went {path}"
        for move, then in zip(moves, path[1:], strict=True):
            if move["after"] != then or Status(then) not in MOVES[move["before"]]:
                yield f"R-{wanted['number']} went from {move['before']} to {move['after']}, then {then}"


def _rounds(rows: Rows) -> Iterable[str]:
    voted = Counter((row["requirement"], row["round"]) for row in rows["ballots"])
    for vote in rows["rounds"]:
        name, closed = f"round {vote['number']} of R-{vote['requirement']}", vote["closed_at"] is not None
        if closed != (vote["result"] is not None):
            yield f"{name} is closed {vote['closed_at']} with {vote['result']}"
        if not closed and voted[vote["requirement"], vote["number"]] >= vote["quorum"]:
            yield f"{name} has its quorum and is open"
    open_rounds = Counter(vote["requirement"] for vote in rows["rounds"] if vote["closed_at"] is None)
    for wanted in rows["requirements"]:
        is_voted_on = open_rounds[wanted["number"]]
        if is_voted_on > (wanted["withdrawn_at"] is None and wanted["status"] == "in_review"):
            yield f"R-{wanted['number']}, {wanted['status']}, has {is_voted_on} open rounds"


def _orphans(rows: Rows) -> Iterable[str]:
    """Return what was said about nothing, and what was done without a word."""
    filed = {f"F-{row['number']}" for row in rows["feedback"]}
    for kind in ("card", "receipt"):
        about = {row["about"] for row in rows["outbox"] if row["kind"] == kind}
        if about != filed:
            yield f"{kind}s of {sorted(about ^ filed)} without feedback, or the other way round"
    letters = {row["id"] for row in rows["outbox"]}
    for item in rows["news"]:
        if item["outbox_id"] not in letters:
            yield f"news of F-{item['feedback']} in no message"


def told(rows: Rows) -> dict[str, Any]:
    """Return what is stored in the form in which the model says what it remembers."""
    wanted = pick(rows, "requirements", "number", "title", "status", "origin", "withdrawn_at")
    cast = pick(rows, "ballots", "requirement", "round", "user_id", "choice", "action_us")
    return {
        "feedback": pick(rows, "feedback", "number", "words", "title", "filed_by", "state", "requirement", "answer"),
        "requirements": [(*facts, at is not None) for *facts, at in wanted],
        "moves": pick(rows, "moves", "requirement", "number", "before", "after", "by"),
        "rounds": pick(rows, "rounds", "requirement", "number", *_ROUND),
        "ballots": sorted((*facts, at / 1_000_000) for *facts, at in cast),
        "questions": pick(rows, "questions", "number", "feedback", "answer", "follow_up_at", "follow_ups"),
        "changes": sorted(pick(rows, "changes", "about", "number", "what")),
        "policy_log": [name for (name,) in pick(rows, "policy_log", "name")],
        "waiting": _waiting(rows),
    }


_ROUND = ("quorum", "decides", "due_at", "paused_at", "result")


def pick(rows: Rows, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return these columns of a table's rows."""
    return [tuple(row[column] for column in columns) for row in rows[table]]


def _waiting(rows: Rows) -> dict[str, list[tuple[int, str, int]]]:
    """Return key -> the news it carries, of each message that waits."""
    message = {row["id"]: row["key"] for row in rows["outbox"] if row["state"] == "waiting"}
    carried: dict[str, list[tuple[int, str, int]]] = {key: [] for key in message.values()}
    for item in rows["news"]:
        if item["outbox_id"] in message:
            carried[message[item["outbox_id"]]].append((item["feedback"], item["kind"], item["number"]))
    return {key: sorted(items) for key, items in carried.items()}
