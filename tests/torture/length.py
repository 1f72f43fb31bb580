"""How long the parts that run inside one process are, and where they tell what they came to.

`make test` runs each for some seconds. `LONG=1` runs them at full length and writes a line of the report for each.
"""

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from tests.torture.results import record

LONG = os.environ.get("LONG", "") not in {"", "0"}
SEED = int(os.environ.get("SEED", "20261123"))
PATIENCE_S = 2400 if LONG else 300
"""How long a part may take."""


@contextmanager
def timed(part: str, database: str) -> Iterator[dict[str, Any]]:
    """Take the time of a part; what it counted goes into the dict, and at full length into the report."""
    counts: dict[str, Any] = {}
    began = time.perf_counter()
    yield counts
    findings = counts.pop("findings", [])
    if LONG:
        tell(part, database, counts, findings, time.perf_counter() - began)
    assert not findings, "\n".join(findings)


def tell(part: str, database: str, counts: dict[str, Any], findings: Collection[str], seconds: float) -> None:
    """Write a line of the report."""
    name = f"{part}, {database}"
    record(name, seed=SEED, seconds=seconds, counts=counts, findings=list(findings))
