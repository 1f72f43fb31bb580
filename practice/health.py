"""Whether the app answers: judged by the last request to it and, after a failure, by asking again."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from practice.backend import Backend
from practice.ledger import Delivery, Ledger

__all__ = ["Health"]

_SILENT: Final = frozenset({"operation_timeout", "dispatch_failed"})
_PROBE_S: Final = 1.0


@dataclass(slots=True)
class Health:
    """The app's health as people notice it. `settled` is the failure after which the app was found to answer again."""

    backend: Backend
    settled: Delivery | None = None

    def trouble(self) -> str:
        """The sentence to show while the app does not answer; empty when it does."""
        last = next(_finished(self.backend.ledger), None)
        if last is None or last.error not in _SILENT or last is self.settled:
            return ""
        return f"The app did not answer within {self.backend.state.limits.answer_s:g} s."

    def look_again(self) -> str:
        """Asks the app whether it is back, if it was not, and gives the sentence that is then to be shown.

        The question is a plain GET, which no app takes for a gesture: any answer will do.
        """
        last = next(_finished(self.backend.ledger), None)
        if self.trouble() and self._answers():
            self.settled = last
            self.backend.state.changes.note()
        return self.trouble()

    def _answers(self) -> bool:
        dispatcher = self.backend.dispatcher
        return len(dispatcher.sockets) > 0 if dispatcher.over_sockets else _answers(dispatcher.request_url)


def _finished(ledger: Ledger) -> Iterator[Delivery]:
    """The requests to the app that have ended one way or the other, newest first."""
    return (sent for sent in reversed(ledger.deliveries()) if sent.error or sent.status)


def _answers(url: str | None) -> bool:
    if url is None:
        return False
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=_PROBE_S)
    try:
        connection.request("GET", address.path or "/")
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True
