"""Slack's rate limits, and the other limits in real time (3 s to answer, 3 s to use a trigger)."""

import math
import threading
import time
from dataclasses import dataclass, field
from typing import Final

__all__ = ["PER_MINUTE", "Limits"]

# Tier 5 is "special": Slack gives no figure but says hundreds a minute.
PER_MINUTE: Final = {1: 1, 2: 20, 3: 50, 4: 100, 5: 600}


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class Limits:
    """How patient this workspace is. Seconds are real seconds, never the practice clock's.

    Attributes:
        enabled: Whether calls are counted at all.
        burst: How many messages one channel takes at once before 1 a second holds.
        scale: How many times faster than real Slack the allowances grow again.
        answer_s: How long the app may take to answer a request.
        trigger_s: How long a trigger_id can be used.
        retry_scale: Stretches (or shrinks) the pauses before an event is sent again.
        socket_s: How long a connection of Socket Mode lives before the app is asked to replace it.
        notice_s: How long after that it is closed.
    """

    enabled: bool = True
    burst: int = 5
    scale: float = 1.0
    answer_s: float = 3.0
    trigger_s: float = 3.0
    retry_scale: float = 1.0
    socket_s: float = 18_000.0
    notice_s: float = 10.0
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_for_method(self, method: str, tier: int) -> int:
        """Counts a call of a method; the whole seconds to wait instead (Retry-After), or 0 when it may pass."""
        allowance = PER_MINUTE[tier]
        return self._take(method, capacity=allowance, per_second=allowance / 60)

    def wait_for_channel(self, channel: str) -> int:
        """Counts a message to a channel; the whole seconds to wait instead, or 0 when it may pass."""
        return self._take(f"chat.postMessage {channel}", capacity=self.burst, per_second=1)

    def reset(self) -> None:
        """Forgets what was counted."""
        with self._lock:
            self._buckets.clear()

    def _take(self, key: str, *, capacity: float, per_second: float) -> int:
        if not self.enabled:
            return 0
        rate = per_second * self.scale
        with self._lock:
            now = time.monotonic()
            bucket = self._buckets.setdefault(key, _Bucket(capacity, now))
            bucket.tokens = min(capacity, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
            if bucket.tokens < 1:
                return math.ceil((1 - bucket.tokens) / rate)
            bucket.tokens -= 1
            return 0
