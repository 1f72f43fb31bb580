"""Who waits for the workspace to change, and the number that says whether it did."""

import asyncio
import threading
from collections.abc import Callable

__all__ = ["Changes"]


class Changes:
    """Counts changes and wakes those who wait for the next one, on any thread's event loop."""

    def __init__(self) -> None:
        self.version = 0
        self.closed = False
        self._lock = threading.Lock()
        self._wakers: set[Callable[[], object]] = set()

    def note(self) -> None:
        """Says that something changed that somebody may be looking at. From any thread; quick."""
        with self._lock:
            self.version += 1
            wakers = tuple(self._wakers)
        for wake in wakers:
            wake()

    def close(self) -> None:
        """Says that nothing will change any more, so that nobody goes on waiting."""
        self.closed = True
        self.note()

    async def after(self, version: int, within: float) -> int:
        """Waits until the version is another one, up to `within` seconds, and gives the present one."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(woken.set)

        with self._lock:
            self._wakers.add(wake)
        try:
            if self.version == version and not self.closed:
                await asyncio.wait_for(woken.wait(), within)
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._wakers.discard(wake)
        return self.version
