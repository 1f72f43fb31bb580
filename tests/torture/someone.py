"""Somebody who does small things quickly, and repeats what was not acknowledged, as people do."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.i18n import say
from practice.handles import Answer
from practice.people import Person
from practice.workspace import Workspace
from tests.torture.board import Board, Mail
from tests.torture.ledger import ACKNOWLEDGED, GIVEN_UP, REFUSED, Book, Op

PATIENCE_S = 60.0
"""How long somebody repeats what is not acknowledged; all replicas may be down or paused meanwhile."""

WHISPER_S = 1.2
"""How long somebody waits for the word that only they see before they press again."""


class GivenUpError(Exception):
    """Somebody gave up, or was told no."""


@dataclass
class Scene:
    """What everybody shares."""

    workspace: Workspace
    board: Board
    book: Book
    quorum: int
    stop: threading.Event
    hurry: float = 1.0
    """How long people rest between two things, in parts of the usual."""
    collide: bool = False
    """Whether everybody goes for the same cards and presses twice, so that what races does so."""


@dataclass
class Someone:
    """One person, doing one thing after the other on a thread of their own."""

    scene: Scene
    person: Person
    rng: random.Random
    mail: Mail = field(init=False)

    def __post_init__(self) -> None:
        self.mail = Mail(self.scene.workspace, self.person)

    def deeds(self) -> list[tuple[int, Callable[[], None]]]:
        """Return what they do, each with its weight."""
        raise NotImplementedError

    def live(self) -> None:
        """Do things until told to stop."""
        weights, deeds = zip(*self.deeds(), strict=True)
        while not self.scene.stop.is_set():
            try:
                self.rng.choices(deeds, weights)[0]()
            except GivenUpError:
                pass
            finally:
                self._leave()
            time.sleep(self.rng.uniform(0.0, 0.15) * self.scene.hurry)

    def _leave(self) -> None:
        """Close what is left open."""
        while self.person.modal is not None:
            self.person.closes()

    # -- what all gestures have in common

    def begin(self, kind: str, about: str = "", **facts: object) -> Op:
        return self.scene.book.begin(kind, self.person.id, about, **facts)

    def end(self, op: Op, end: str) -> None:
        self.scene.book.end(op, end)

    def until(self, gesture: Callable[[], bool], op: Op | None = None) -> None:
        """Repeat a gesture until it says that it was taken. What the screen does not offer now counts as not yet."""
        patient_until = time.monotonic() + PATIENCE_S
        while time.monotonic() < patient_until:
            if op is not None:
                op.tries += 1
            try:
                if gesture():
                    return
            except AssertionError:
                pass
            time.sleep(self.rng.uniform(0.05, 0.3))
        if op is not None:
            self.end(op, GIVEN_UP)
        raise GivenUpError

    def opens(self, callback_id: str, gesture: Callable[[], Answer]) -> None:
        """Repeat a gesture until its form is open. What opens instead says no."""

        def opened() -> bool:
            gesture()
            modal = self.person.modal
            if modal is not None and modal.callback_id != callback_id:
                raise GivenUpError
            return modal is not None

        self.until(opened)

    def submits(self, op: Op) -> None:
        """Repeat the submission until the form closes. A refusal in the form's own words ends it."""

        def taken() -> bool:
            if self.person.modal is None:
                return True
            answer = self.person.submits()
            if answer.ok and answer.closed:
                return True
            if answer.errors and not self._may_pass(answer.text):
                self.end(op, REFUSED)
                op.facts["refusal"] = answer.text
                raise GivenUpError
            return False

        self.until(taken, op)
        self.end(op, ACKNOWLEDGED)

    def _may_pass(self, text: str) -> bool:
        return any(word in text for word in (*BUSY, *FAILED))

    def heard(self, channel: str, since_ts: str, *words: str) -> str:
        """Return what only they were told in a channel since, with all these words in it; empty when nothing came."""
        until = time.monotonic() + WHISPER_S
        state = self.scene.workspace.state
        while True:
            with state.lock:
                for row in reversed(state.conversations[channel].messages.values()):
                    if row.ts <= since_ts:
                        break
                    if row.to == self.person.id and all(word in row.text for word in words):
                        return row.text
            if time.monotonic() > until:
                return ""
            time.sleep(0.02)


BUSY = (say("en", "failed.busy", reference="").partition(",")[0],)
FAILED = (say("en", "failed.ours", reference="").partition("(")[0].strip(),)
