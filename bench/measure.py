"""How results are told: rows of ratios, medians of interleaved rounds, and the machine they were measured on."""

import os
import platform
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.names import TEAMS

ROOT = Path(__file__).parent.parent

Facts = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One line of the table. `value` is what is judged, in `unit`; `facts` are what it was made of.

    `at_most` or `at_least` is the target; a row without one is told for comparison only.
    """

    name: str
    what: str
    value: float
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None
    facts: Facts = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Size:
    """How much is done: full for results, short for looking around, tiny for the test that all of it runs."""

    rounds: int
    seconds: float
    warm_s: float
    rows: tuple[int, ...]
    sends_s: float
    starts: int
    teams: int = TEAMS
    kinds: tuple[str, ...] = ("sqlite", "postgresql")


FULL = Size(rounds=5, seconds=2.0, warm_s=0.7, rows=(1_000, 10_000, 100_000, 1_000_000), sends_s=12.0, starts=7)
SHORT = Size(rounds=3, seconds=1.0, warm_s=0.4, rows=(1_000, 10_000, 100_000), sends_s=6.0, starts=3)
TINY = Size(rounds=1, seconds=0.3, warm_s=0.1, rows=(30, 300), sends_s=1.0, starts=1, teams=3, kinds=("sqlite",))


def interleaved(rounds: int, sides: Mapping[str, Callable[[], Facts]]) -> dict[str, list[Facts]]:
    """Measure all sides in turn, round after round, so that whatever slows the machine down slows all of them."""
    found: dict[str, list[Facts]] = {name: [] for name in sides}
    for turn in range(rounds):
        names = list(sides)
        for name in names if turn % 2 == 0 else reversed(names):
            found[name].append(sides[name]())
    return found


def middle(found: list[Facts], name: str) -> float:
    """Return the median of a fact over the rounds."""
    return float(median(facts[name] for facts in found))


def ratio(over: list[Facts], under: list[Facts], name: str) -> float:
    """Return the median of the ratios of neighbouring rounds."""
    return float(median(one[name] / max(other[name], 1e-9) for one, other in zip(over, under, strict=True)))


def machine() -> dict[str, str]:
    """Describe the machine by what matters for a comparison."""
    return {
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def commit() -> str:
    """Return the commit measured; a plus says that files were changed since."""
    found = _git("rev-parse", "--short=10", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "bot", "handlers", "storage", "alembic")
    return f"{found or 'unknown'}{'+' if changed else ''}"


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
