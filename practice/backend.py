"""What a gesture needs: the workspace's memory, the way to the app, and the book of both."""

from dataclasses import dataclass

from practice.dispatch import Dispatcher
from practice.faults import Faults
from practice.ledger import Ledger
from practice.state import State

__all__ = ["Backend"]


@dataclass(frozen=True, slots=True)
class Backend:
    """The parts of one running workspace."""

    state: State
    dispatcher: Dispatcher
    ledger: Ledger
    faults: Faults
