"""Drawing Home anew after what its owner did: beside the gestures, and once for a burst of them."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

log = structlog.get_logger(__name__)

SOON_S = 0.3
"""How long a gesture's redraw waits for more gestures."""

AGAIN_S = 1.0
"""How long a Home stands before further gestures draw it anew."""

MOST, WINDOW_S = 60, 60.0
"""How many Homes are drawn in how many seconds. Slack takes about a hundred; the rest is for those who open theirs."""

REFRESH_S = 30.0
"""How long we believe to know who ever opened their Home: another replica may have met somebody new."""

Draw = Callable[[WebClient, str], None]


@dataclass(frozen=True)
class _Wanted:
    due: float
    client: WebClient


class Redraws:
    """The Homes to draw anew, drawn one after another by a thread that starts with the first. Best effort."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: dict[str, _Wanted] = {}
        self._drawn: dict[str, float] = {}
        self._recent: deque[float] = deque()
        self._not_before = 0.0
        self._openers: set[str] = set()
        self._fresh_until = 0.0
        self._thread: threading.Thread | None = None
        self._stopped = True

    def begin(self, draw: Draw, openers: Callable[[], set[str]]) -> None:
        """Draw from now on. `openers` answers who ever opened their Home: nobody else's is drawn."""
        self._draw, self._find_openers = draw, openers
        self._stopped = False

    def stop(self) -> None:
        """Draw nothing more; what is being drawn is finished."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread:
            self._thread.join()

    def opened(self, user_id: str) -> None:
        """Note that somebody opened their Home, which has been drawn for them."""
        with self._changed:
            self._openers.add(user_id)
            self._recent.append(time.monotonic())

    def want(self, client: WebClient, user_id: str, within: float = SOON_S) -> None:
        """Have somebody's Home drawn, with what else they do until then. Returns at once."""
        now = time.monotonic()
        if self._stopped or (user_id not in self._openers and now < self._fresh_until):
            return
        with self._changed:
            due = now if within == 0 else max(now + within, self._drawn.get(user_id, 0.0) + AGAIN_S)
            before = self._wanted.get(user_id)
            self._wanted[user_id] = _Wanted(min(due, before.due) if before else due, client)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="redraws", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while (found := self._next()) is not None:
            user_id, client = found
            try:
                if self._has_opened(user_id):
                    self._note_drawing(user_id)
                    self._draw(client, user_id)
            except SlackApiError as error:
                self._put_off(error, client, user_id)
            except Exception as error:  # noqa: BLE001 - best effort: what was done is committed, and opening Home draws it
                log.info("home.not_redrawn", error=type(error).__name__)

    def _next(self) -> tuple[str, WebClient] | None:
        """Wait for the next Home that is due and take it; None once we stop."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                user_id = min(self._wanted, key=lambda wanted: self._wanted[wanted].due, default=None)
                due = max(self._wanted[user_id].due, self._free_at(now)) if user_id else None
                if user_id and due is not None and due <= now:
                    return user_id, self._wanted.pop(user_id).client
                self._changed.wait(None if due is None else due - now)
        return None

    def _free_at(self, now: float) -> float:
        """Return from when on Slack takes one more."""
        while self._recent and self._recent[0] <= now - WINDOW_S:
            self._recent.popleft()
        full = len(self._recent) >= MOST
        return max(self._not_before, self._recent[-MOST] + WINDOW_S if full else 0.0)

    def _note_drawing(self, user_id: str) -> None:
        with self._changed:
            self._drawn[user_id] = time.monotonic()
            self._recent.append(self._drawn[user_id])

    def _has_opened(self, user_id: str) -> bool:
        if user_id not in self._openers and time.monotonic() >= self._fresh_until:
            found = self._find_openers()
            with self._changed:
                self._openers |= found
                self._fresh_until = time.monotonic() + REFRESH_S
        return user_id in self._openers

    def _put_off(self, error: SlackApiError, client: WebClient, user_id: str) -> None:
        """Wait as long as Slack says when it was too much for it; a Home that it does not take is let be."""
        if error.response.get("error") != "ratelimited":
            log.info("home.not_redrawn", error=error.response.get("error"))
            return
        with self._changed:
            self._not_before = time.monotonic() + float(error.response.headers.get("Retry-After", 1))
        self.want(client, user_id)
