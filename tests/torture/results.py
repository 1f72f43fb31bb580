"""What each run of the rig came to: a line of JSON each in docs/reliability.jsonl, from which the report is made.

`make torture-report` renders the newest run of each part into docs/reliability.md, between its two markers.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
HISTORY = ROOT / "docs" / "reliability.jsonl"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- results: made by `make torture-report` -->", "<!-- end of results -->"

ABOUT = ("group", "part", "date", "commit", "seed", "seconds")
"""What every line says; all else are the part's own facts."""

GROUPS = {
    "processes": "Real processes, killed and cut off",
    "controls": "Negative controls: broken on purpose, under the same rig",
    "in process": "Inside one process",
}
"""Headings of the tables, in their order. A part is in one of them; unknown groups come last under their own name."""

Line = Mapping[str, Any]


def record(
    part: str, *, group: str = "in process", seed: int = 0, seconds: float = 0.0, to: Path = HISTORY, **facts: Any
) -> dict[str, Any]:
    """Append what a run of a part came to, and return the line.

    Args:
        part: Its name; a later run of the same name takes its place in the report.
        group: In which table of the report it stands, see GROUPS.
        seed: From which its chances were drawn.
        seconds: How long it took.
        to: The file.
        facts: What it counted, by short names: numbers, words, or mappings of names to numbers. `losses` and
            `duplicates` are to be zero; `findings` lists what was wrong, in sentences.
    """
    line = {
        "group": group,
        "part": part,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "seed": seed,
        "seconds": round(seconds, 1),
        **facts,
    }
    with to.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return line


def commit() -> str:
    """Return the short name of the commit that is run; with a plus sign if files were changed since."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        return name + ("+" if _git("status", "--porcelain", "--untracked-files=no", "--", "*.py") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def read(path: Path = HISTORY) -> list[dict[str, Any]]:
    """Return all lines, oldest first."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.strip()]


def newest(lines: Iterable[Line]) -> list[Line]:
    """Return the newest line of each part, in the order in which parts were first run."""
    return list({(line.get("group"), line["part"]): line for line in lines}.values())


def render(lines: Iterable[Line]) -> str:
    """Return the tables of the report, one for each group."""
    current = newest(lines)
    groups = [*GROUPS, *sorted({str(line["group"]) for line in current} - GROUPS.keys())]
    tables = [_section(group, [line for line in current if line["group"] == group]) for group in groups]
    return "\n\n".join(table for table in tables if table)


def _section(group: str, lines: list[Line]) -> str:
    if not lines:
        return ""
    columns = list(dict.fromkeys(name for line in lines for name in line if name not in ABOUT))
    head = ["part", *columns, "seed", "seconds", "run"]
    rows = [_row(line, columns) for line in lines]
    table = [_cells(head), _cells(["---"] * len(head)), *map(_cells, rows)]
    return "\n".join([f"### {GROUPS.get(group, group)}", "", *table])


def _row(line: Line, columns: Iterable[str]) -> list[str]:
    facts = [_told(line.get(name)) for name in columns]
    return [f"`{line['part']}`", *facts, str(line["seed"]), _told(line["seconds"]), f"{line['date']} {line['commit']}"]


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "none" if not value else "; ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def write_report(page: Path = PAGE, history: Path = HISTORY) -> None:
    """Put the tables into the page, between its markers."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{render(read(history))}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_report()
    sys.exit(0)
