"""What `needline doctor` finds: each thing it looked at, how it is, and what to do."""

from dataclasses import dataclass
from typing import Literal

Condition = Literal["ok", "warning", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `check` is its short name, `what` and `do` a sentence each; no `do` when all is well."""

    check: str
    condition: Condition
    what: str
    do: str = ""


def well(check: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(check, "ok", what)


def warning(check: str, what: str, do: str) -> Finding:
    """Return that something deserves a look, while everything works."""
    return Finding(check, "warning", what, do)


def broken(check: str, what: str, do: str) -> Finding:
    """Return that something does not work for somebody."""
    return Finding(check, "broken", what, do)
