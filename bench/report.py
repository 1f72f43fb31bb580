"""Keeping results, comparing them with the last time, and writing the table and the plot of docs/performance.md."""

import json
import re
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import fill
from bench.measure import Row, machine
from bench.plot import plot

Json = dict[str, Any]

WORSE = 1.15
"""By how much a ratio must differ from the last time's to be called better or worse: rounds differ by less."""

PLACE = re.compile(r"(<!-- bench:begin -->\n).*(<!-- bench:end -->)", re.DOTALL)


def line(row: Row) -> str:
    """Return a row for the terminal."""
    facts = ", ".join(f"{name} {_number(value)}" for name, value in row.facts.items())
    return f"   {row.name:28} {_number(row.value):>8} {row.unit:3} {_target(row):8} {_verdict(row):7} {facts}"


def keep(state: Path, part: str, size: str, rows: Iterable[Row], commit: str, took: float) -> None:
    """Keep what a part measured."""
    kept = _kept(state, size)
    kept[part] = {
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
        "took": round(took),
        "rows": [row.plain() for row in rows],
    }
    (state / f"{size}.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")


def is_done(state: Path, part: str, size: str, commit: str) -> bool:
    """Say whether a part was measured at this commit."""
    return bool(_kept(state, size).get(part, {}).get("commit") == commit)


def _kept(state: Path, size: str) -> Json:
    file = state / f"{size}.json"
    found: Json = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def publish(state: Path, size: str, *, page: Path, history: Path, whole: bool) -> None:
    """Compare with the last time, rewrite the page and, after a run of all parts, add a line to the history."""
    kept = _kept(state, size)
    rows = [Row(**row) for part in kept.values() for row in part["rows"]]
    described = {**machine(), "postgresql": _postgresql()}
    ratios = {row.name: round(row.value, 3) for row in rows}
    for told in compared(history, described, rows):
        print(told)
    if whole:
        commits = sorted({part["commit"] for part in kept.values()})
        entry = {"commit": " ".join(commits), "date": _today(), "machine": described, "ratios": ratios}
        with history.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    write(page, kept, rows, described)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _postgresql() -> str:
    with fill.database("postgresql", Path()) as url, closing(fill.raw(url)) as connection:
        return str(connection.execute("SHOW server_version").fetchone()[0])


def compared(history: Path, described: Json, rows: Iterable[Row]) -> Iterable[str]:
    """Yield a line for every ratio that is better or worse than the last time on the same machine."""
    lines = history.read_text(encoding="utf-8").splitlines() if history.exists() else []
    former = [entry for entry in map(json.loads, lines) if entry["machine"] == described]
    if not former:
        yield "-- nothing was measured on this machine before"
        return
    last = former[-1]
    yield f"-- against {last['commit']} ({last['date']}), by more than {WORSE - 1:.0%}:"
    for row in rows:
        before = last["ratios"].get(row.name)
        if before and row.value and max(row.value / before, before / row.value) > WORSE:
            grew = row.value > before
            word = "better" if grew == (row.at_least is not None) else "WORSE"
            yield f"   {row.name:28} {_number(before)} -> {_number(row.value)} {row.unit} {word}"


def write(page: Path, kept: Json, rows: list[Row], described: Json) -> None:
    """Rewrite what is between the page's marks, and the plot beside it."""
    text = page.read_text(encoding="utf-8")
    curve = next((row.facts for row in rows if row.name == "curve"), {})
    if curve:
        plot(curve, page.with_name("performance.svg"))
    page.write_text(PLACE.sub(lambda found: found[1] + _told(kept, described) + found[2], text), encoding="utf-8")


def _told(kept: Json, described: Json) -> str:
    on = ", ".join(f"{value} {name}" if name == "cores" else f"{name} {value}" for name, value in described.items())
    lines = [f"Machine: {on}.", "", "| what | measured | target | | made of |", "|--|--|--|--|--|"]
    lines += [_cells(Row(**row)) for part in kept.values() for row in part["rows"]]
    parts = ", ".join(f"{name} {part['commit']} ({part['date']}, {part['took']} s)" for name, part in kept.items())
    return "\n".join([*lines, "", f"Parts and the commits they were measured at: {parts}.", ""])


def _cells(row: Row) -> str:
    facts = ", ".join(f"{name} {_number(value)}" for name, value in row.facts.items()) if row.name != "curve" else ""
    cells = (row.what, f"**{_number(row.value)} {row.unit}**", _target(row), _verdict(row), facts)
    return f"| {' | '.join(cells)} |"


def _target(row: Row) -> str:
    if row.at_most is not None:
        return f"≤ {row.at_most:g}"
    return "" if row.at_least is None else f"≥ {row.at_least:g}"


def _verdict(row: Row) -> str:
    return {True: "met", False: "missed", None: ""}[row.met]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits tell enough
