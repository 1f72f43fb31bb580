"""How long things took, for the report."""

import json
from collections.abc import Iterable, Mapping, Sequence
from statistics import quantiles
from typing import Any

from practice.ledger import Call
from practice.workspace import Workspace
from tests.torture.ledger import Op


def from_filing(workspace: Workspace, ops: Iterable[Op], found: Mapping[str, Sequence[Any]]) -> list[float]:
    """Return the seconds from each acknowledged filing until its card and its receipt were seen."""
    seen = first_seen(workspace)
    numbers = {row.words.split()[0]: row.number for row in found["feedback"]}
    ids: dict[str, list[str]] = {}
    for row in found["outbox"]:
        if row.kind in {"card", "receipt"} and row.id in seen:
            ids.setdefault(row.about, []).append(row.id)
    return [
        max(seen[one] - op.ended_s, 0.0)
        for op in ops
        if op.kind == "file" and op.acknowledged and op.mark in numbers
        for one in ids.get(f"F-{numbers[op.mark]}", ())
    ]


def first_seen(workspace: Workspace) -> dict[str, float]:
    """Return outbox id -> when (monotonic seconds) a message with it was first displayed."""
    seen: dict[str, float] = {}
    for call in workspace.ledger.calls("chat.postMessage"):
        row_id = _outbox_id(call)
        if call.displayed and row_id:
            seen.setdefault(row_id, call.came_s)
    return seen


def _outbox_id(call: Call) -> str:
    metadata = call.args.get("metadata") or {}
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    return str(metadata.get("event_payload", {}).get("id", ""))


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the percentile of some seconds; None when there are none."""
    if len(values) < 2:
        return round(values[0], 3) if values else None
    return round(quantiles(values, n=100)[percent - 1], 3)
