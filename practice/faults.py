"""Switches that make the workspace misbehave the way networks and Slack do."""

import random
import threading
from dataclasses import dataclass, field
from typing import Final

__all__ = ["KINDS", "Fault", "Faults"]

BEFORE: Final = frozenset({"drop_before", "error_500", "rate_limited", "error"})
AFTER: Final = frozenset({"accept_then_drop", "accept_then_500", "accept_then_delay"})
DELIVERY: Final = frozenset({"deliver_twice", "answer_lost", "not_delivered"})
BOTH: Final = frozenset({"delay"})
KINDS: Final = BEFORE | AFTER | DELIVERY | BOTH


@dataclass(slots=True)
class Fault:
    """One switch. `times` left (None: for ever) or a chance for each request from its own seeded generator."""

    method: str
    kind: str
    times: int | None = None
    probability: float | None = None
    seconds: float = 0.0
    retry_after: int = 1
    name: str = ""
    hits: int = 0
    dice: random.Random = field(default_factory=random.Random)

    def strikes(self) -> bool:
        """Decides about one request and counts it."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.probability is not None and self.dice.random() >= self.probability:
            return False
        self.hits += 1
        return True


class Faults:
    """The switches of one workspace, asked in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        method: str,
        kind: str,
        *,
        times: int | None = None,
        probability: float | None = None,
        seed: int = 0,
        seconds: float = 0.0,
        retry_after: int = 1,
        name: str = "",
    ) -> Fault:
        """Switches a fault on.

        Args:
            method: A Web API method, `response_url`, a kind of delivery (`event`, `command`, `block_actions`, …), or
                `*` for all.
            kind: For calls `drop_before`, `accept_then_drop`, `delay`, `accept_then_delay`, `error_500`,
                `accept_then_500`, `rate_limited`, `error`; for deliveries `deliver_twice` (the same
                request two times at once), `answer_lost` (the app works, its answer does not arrive), `not_delivered`
                (it never reaches the app) and `delay`.
            times: How many requests it strikes; None for all.
            probability: The chance for each request instead of all, from a generator of its own seeded with `seed`.
            seed: For `probability`.
            seconds: How long `delay` (before the work) and `accept_then_delay` (after it) hold the request.
            retry_after: Seconds that `rate_limited` asks for.
            name: The error that `error` answers, such as `token_revoked`.

        Raises:
            ValueError: The kind is unknown, or `error` has no name.
        """
        kind = kind.replace(" ", "_")
        if kind not in KINDS:
            raise ValueError(f"no fault is called {kind!r}; there are {', '.join(sorted(KINDS))}")
        if kind == "error" and not name:
            raise ValueError("the fault 'error' needs name=, the error to answer")
        dice = random.Random(seed)  # noqa: S311 - repeatable faults, not secrets
        fault = Fault(method, kind, times, probability, seconds, retry_after, name, 0, dice)
        with self._lock:
            self._faults.append(fault)
        return fault

    def strike(self, method: str, *, delivery: bool = False) -> Fault | None:
        """The first switch that strikes this request, or None."""
        with self._lock:
            return next((fault for fault in self._faults if _fits(fault, method, delivery) and fault.strikes()), None)

    def hits(self) -> dict[str, int]:
        """How often each kind of switch that is on has struck."""
        count: dict[str, int] = {}
        with self._lock:
            for fault in self._faults:
                count[fault.kind] = count.get(fault.kind, 0) + fault.hits
        return count

    def clear(self) -> None:
        """Switches everything off."""
        with self._lock:
            self._faults.clear()


def _fits(fault: Fault, method: str, delivery: bool) -> bool:  # noqa: FBT001 - a private predicate of two facts
    """Whether a fault is for this request; `*` with a fault of both kinds means calls."""
    is_for_it = delivery == (fault.kind in DELIVERY) or (fault.kind in BOTH and fault.method == method)
    return fault.method in (method, "*") and is_for_it
