"""What passed between the app and the workspace, in order, for those who check it afterwards."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Call", "Delivery", "Ledger"]


@dataclass(slots=True)
class Call:
    """One request of the app: a Web API method, or `response_url`.

    `answer` is what the app was sent (None when the connection was dropped); `error` is Slack's error name or the
    fault's; `displayed` says whether people see something new or changed because of it, whatever the app was told.
    `came_s` is the machine's monotonic time, which no story moves.
    """

    method: str
    args: Mapping[str, Any]
    at: datetime
    answer: Mapping[str, Any] | None = None
    error: str | None = None
    displayed: bool = False
    status: int | None = None
    fault: str | None = None
    kind: str = "call"
    came_s: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Delivery:
    """One request to the app. A retry is a delivery of its own, kept in `retries` of the first as well.

    `kind` is `command`, `event`, or the payload's type (`block_actions`, `view_submission`, …); `status` and `body` are
    the app's answer, `error` is why there was none in time; `sent` and `headers` are the request as it went out.
    """

    kind: str
    payload: Mapping[str, Any]
    sent: bytes
    headers: Mapping[str, str]
    at: datetime
    status: int | None = None
    body: str = ""
    content_type: str = ""
    error: str | None = None
    retry_num: int = 0
    retry_reason: str | None = None
    took_s: float = 0.0
    no_retry: bool = False
    retries: list["Delivery"] = field(default_factory=list)
    method: str = ""  # so that one comprehension can search calls and deliveries alike

    @property
    def ok(self) -> bool:
        """Whether the app took it: a 2xx in time."""
        return self.error is None and self.status is not None and self.status < 300  # noqa: PLR2004 - HTTP's own number


class Ledger:
    """An append-only list of calls and deliveries; safe to read while the workspace runs."""

    def __init__(self) -> None:
        self._entries: list[Call | Delivery] = []
        self._lock = threading.Lock()

    def append(self, entry: Call | Delivery) -> None:
        """Adds an entry at the end."""
        with self._lock:
            self._entries.append(entry)

    def calls(self, method: str | None = None) -> list[Call]:
        """The app's calls so far, of one method or of all."""
        return [entry for entry in self if isinstance(entry, Call) and method in (None, entry.method)]

    def deliveries(self, kind: str | None = None) -> list[Delivery]:
        """What was sent to the app so far, of one kind or of all."""
        return [entry for entry in self if isinstance(entry, Delivery) and kind in (None, entry.kind)]

    def clear(self) -> None:
        """Forgets everything so far."""
        with self._lock:
            self._entries.clear()

    def __iter__(self) -> Iterator[Call | Delivery]:
        with self._lock:
            return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Call | Delivery:
        with self._lock:
            return self._entries[index]
