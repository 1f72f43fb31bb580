"""What stands on people's screens, by the marks in the words: cards to vote on, receipts, questions to answer."""

import json
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from practice.handles import Channel, Message, channel_handle, message_handle
from practice.people import Person
from practice.state import Conversation, MessageRow
from practice.workspace import Workspace
from tests.torture.ledger import Book

MARK = re.compile(r"file-\d{6}")


@dataclass(slots=True)
class Card:
    """A card in the triage channel: of which filing, and what people did with it so far."""

    mark: str
    message: Message
    is_need: bool
    voters: set[str] = field(default_factory=set)
    done: int = 0

    @property
    def ref(self) -> str:
        """Its number, like R-7."""
        found = re.search(r"R-\d+", self.message.row.text)
        return found.group() if found else ""


class Fresh:
    """Reads a conversation on from where it stopped."""

    def __init__(self, workspace: Workspace, channel: Channel | str) -> None:
        self._state = workspace.state
        self._channel = channel if isinstance(channel, str) else channel.id
        self._last = ""

    def rows(self) -> list[MessageRow]:
        """Return the messages that came since, oldest first."""
        with self._state.lock:
            row = self._state.conversations.get(self._channel)
            new = list(self._newer(row)) if row else []
        if new:
            self._last = new[0].ts
        return new[::-1]

    def _newer(self, conversation: Conversation) -> Iterator[MessageRow]:
        for row in reversed(conversation.messages.values()):
            if row.ts <= self._last:
                return
            yield row


class Board:
    """The cards that stand in the triage channel; each is handed to whoever asks for something to do."""

    def __init__(self, workspace: Workspace, triage: Channel) -> None:
        self.cards: dict[str, Card] = {}
        self._fresh = Fresh(workspace, triage)
        self._workspace = workspace
        self._lock = threading.Lock()

    def look(self) -> None:
        """Take up what was posted since."""
        with self._lock:
            for row in self._fresh.rows():
                found = MARK.search(row.text)
                if found and row.to is None and row.thread_ts is None:
                    handle = message_handle(self._workspace._backend, row)
                    self.cards.setdefault(found.group(), Card(found.group(), handle, "R-" in row.text))

    def behind(self, book: Book) -> int:
        """Return how many filings were acknowledged whose cards do not stand yet."""
        self.look()
        return book.filed - len(self.cards)

    def to_vote(self, who: str, rng: random.Random, most: int, among: int = 12) -> Card | None:
        """Return one of the oldest cards that lack this person's vote and have fewer than `most`."""
        with self._lock:
            open_cards = (card for card in self.cards.values() if card.is_need and card.done == 0)
            mine = [card for card in open_cards if who not in card.voters and len(card.voters) < most][:among]
        return rng.choice(mine) if mine else None

    def any(self, rng: random.Random, *, need: bool = True, voted: int = 0, most_done: int = 9) -> Card | None:
        """Return any card of a need (or of a question) on which so many voted and little else was done."""
        with self._lock:
            found = [
                card
                for card in self.cards.values()
                if card.is_need == need and len(card.voters) >= voted and card.done <= most_done
            ]
        return rng.choice(found[-40:]) if found else None


class Mail:
    """One person's direct message with the bot: receipts with their Undo, questions with their Reply."""

    def __init__(self, workspace: Workspace, person: Person) -> None:
        self._fresh = Fresh(workspace, f"D{person.id[1:]}")
        self._workspace = workspace
        self.receipts: list[Message] = []
        self.questions: list[Message] = []

    def look(self) -> None:
        """Take up what came since."""
        for row in self._fresh.rows():
            handle = message_handle(self._workspace._backend, row)
            drawn = json.dumps(row.blocks or [])
            if '"feedback_view"' in drawn:
                self.receipts.append(handle)
            if '"answer_reply"' in drawn:
                self.questions.append(handle)


def channel_of(workspace: Workspace, channel_id: str) -> Channel:
    """Return the handle of a conversation by its id."""
    return channel_handle(workspace.state.conversations[channel_id])
