"""What people did and what they saw acknowledged: written down as it happens, never changed afterwards but for its end.

Times are the machine's monotonic seconds, which no step of the practice clock moves.
"""

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

ACKNOWLEDGED, REFUSED, GIVEN_UP = "acknowledged", "refused", "given up"


@dataclass(slots=True)
class Press:
    """One press of a vote button: Slack's time of it in microseconds, the choice, and when it began."""

    action_us: int
    choice: str
    began_s: float


@dataclass(slots=True)
class Op:
    """One thing somebody did, however often they had to repeat it.

    `mark` is in its words and found nowhere else; `about` is the mark of the feedback it is about; `facts` are what it
    asked for. `end` is empty while it is under way and for what was cut off.
    """

    kind: str
    who: str
    about: str
    mark: str
    began_s: float
    facts: dict[str, Any] = field(default_factory=dict)
    presses: list[Press] = field(default_factory=list)
    tries: int = 0
    ended_s: float = 0.0
    end: str = ""

    @property
    def acknowledged(self) -> bool:
        """Whether the person saw it taken."""
        return self.end == ACKNOWLEDGED


class Book:
    """All operations, in the order in which they began."""

    def __init__(self) -> None:
        self.filed = 0
        self._ops: list[Op] = []
        self._lock = threading.Lock()
        self._count = itertools.count(1)

    def begin(self, kind: str, who: str, about: str = "", **facts: Any) -> Op:
        """Write down that somebody begins to do something."""
        with self._lock:
            mark = f"{kind}-{next(self._count):06}"
            op = Op(kind, who, about or mark, mark, time.monotonic(), facts)
            self._ops.append(op)
            return op

    def end(self, op: Op, end: str) -> None:
        """Write down how it ended for them."""
        op.ended_s, op.end = time.monotonic(), end
        with self._lock:
            self.filed += op.kind == "file" and end == ACKNOWLEDGED

    def all(self) -> list[Op]:
        """Return what was done so far."""
        with self._lock:
            return list(self._ops)

    def count(self, end: str = ACKNOWLEDGED) -> int:
        """Return how many ended so."""
        return sum(op.end == end for op in self.all())
