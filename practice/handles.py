"""What a story holds in its hands: channels, messages, views, answers to gestures. All read the present state."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from practice.backend import Backend
from practice.elements import interactive, label_of, shown_value
from practice.ledger import Delivery
from practice.messages import content_of_row
from practice.payloads import message_shape, view_shape
from practice.state import Conversation, MessageRow, ViewRow
from practice.text import button_labels, message_text, mrkdwn_text, overflow_labels, view_text

__all__ = ["Answer", "Channel", "Message", "View"]


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, private channel or direct message."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message by its ts; every property reads what it says now. After deletion it keeps saying what it said at first.

    `seen` freezes the content: a person may press what an old screen still shows.
    """

    channel: Channel
    ts: str
    _backend: Backend = field(repr=False, compare=False)
    _first: MessageRow = field(repr=False, compare=False)
    seen: MessageRow | None = field(default=None, repr=False, compare=False)

    @property
    def row(self) -> MessageRow:
        """The message's row as it is now (or was, when frozen or deleted)."""
        if self.seen is not None:
            return self.seen
        return self._backend.state.conversations[self.channel.id].messages.get(self.ts, self._first)

    @property
    def raw(self) -> dict[str, Any]:
        """The message as the API gives it, metadata included."""
        with self._backend.state.lock:
            return message_shape(self._backend.state, self.row, metadata=True)

    @property
    def text(self) -> str:
        """What a person reads: the blocks if there are any, else the text."""
        return message_text(content_of_row(self.row), self._backend.state.names())

    @property
    def fallback(self) -> str:
        """What notifications and screen readers say: the message's `text`."""
        return mrkdwn_text(self.row.text, self._backend.state.names())

    @property
    def author(self) -> str:
        """The name of who wrote it."""
        return self._backend.state.names().get(self.row.user, self.row.user)

    @property
    def replies(self) -> "list[Message]":
        """The thread under it, oldest first."""
        with self._backend.state.lock:
            rows = self._backend.state.conversations[self.channel.id].replies(self.ts)
            return [Message(self.channel, row.ts, self._backend, row) for row in rows]

    @property
    def edited(self) -> bool:
        """Whether it was changed after posting."""
        return self.row.edited is not None

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return self.row.to is not None

    @property
    def broadcast(self) -> bool:
        """Whether it is a reply that also stands in the channel."""
        return self.row.broadcast

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Its metadata: event_type and event_payload."""
        return self.row.metadata

    @property
    def deleted(self) -> bool:
        """Whether it is gone."""
        row = self._backend.state.conversations[self.channel.id].messages.get(self.ts)
        return row is None or row.subtype == "tombstone"

    def buttons(self) -> list[str]:
        """The texts of its buttons, in order."""
        return [label for label, _ in button_labels(content_of_row(self.row))]

    def choices(self) -> list[str]:
        """What its overflow menus offer, in order."""
        return [label for label, _ in overflow_labels(content_of_row(self.row))]

    def frozen(self) -> "Message":
        """The message as it stands at this moment, for pressing a stale button later."""
        return Message(self.channel, self.ts, self._backend, self._first, deepcopy(self.row))


@dataclass(frozen=True, slots=True)
class View:
    """A modal or Home tab. It reads the present state, also after it was closed."""

    row: ViewRow = field(repr=False, compare=False)
    id: str
    _backend: Backend = field(repr=False, compare=False)

    @property
    def raw(self) -> dict[str, Any]:
        """The view as payloads give it, with what the person typed."""
        with self._backend.state.lock:
            return view_shape(self._backend.state, self.row)

    @property
    def hash(self) -> str:
        """Changes with every update."""
        return self.row.hash

    @property
    def title(self) -> str:
        """The title's text."""
        return _words(self.row.body.get("title"))

    @property
    def submit_label(self) -> str:
        """The submit button's text, empty when there is none."""
        return _words(self.row.body.get("submit"))

    @property
    def callback_id(self) -> str:
        """The app's name for the view."""
        return str(self.row.body.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        """What the app keeps in the view."""
        return str(self.row.body.get("private_metadata", ""))

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The view's blocks, ids filled in."""
        return list(self.row.body["blocks"])

    @property
    def errors(self) -> dict[str, str]:
        """The sentences shown at inputs, by label."""
        labels = {block["block_id"]: label_of(block, element) for block, element in interactive(self.blocks)}
        return {labels.get(block_id, block_id): sentence for block_id, sentence in self.row.errors.items()}

    @property
    def open(self) -> bool:
        """Whether the person still has it."""
        return self.row.open

    def labels(self) -> list[str]:
        """The labels of its inputs, in order."""
        return [label_of(block, element) for block, element in interactive(self.blocks) if block["type"] == "input"]

    def value(self, label: str) -> Any:
        """What stands in an input: text, a list of texts, or None when it is empty."""
        block, element = found_input(self.blocks, label)
        return shown_value(self.row.values[block["block_id"], element["action_id"]])

    def buttons(self) -> list[str]:
        """The texts of its buttons, in order; not the submit button."""
        return [label for label, _ in button_labels(self.row.body)]

    def text(self) -> str:
        """What a person reads, with what was typed and the errors."""
        shown = view_text(self.raw, self._backend.state.names())
        return "\n".join([shown, *(f"! {label}: {sentence}" for label, sentence in self.errors.items())])


@dataclass(slots=True)
class Answer:
    """What a person got for a gesture.

    Attributes:
        ok: Nothing went wrong and nothing was refused.
        text: What they read: the command's answer, an ephemeral that came meanwhile, or the errors at the fields.
        error: Slack's word for what went wrong, such as operation_timeout; None otherwise.
        status: The app's HTTP status; None when no request was made or no answer came.
        ephemeral: The ephemeral message that came, if any.
        closed: Whether the modal that was submitted closed.
        errors: The sentences at the fields, by label.
        delivery: The request to the app, if one was made.
        others: Further answers of the same gesture done several times at once.
    """

    ok: bool = True
    text: str = ""
    error: str | None = None
    status: int | None = None
    ephemeral: Message | None = None
    closed: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    delivery: Delivery | None = None
    others: "list[Answer]" = field(default_factory=list)


def message_handle(backend: Backend, row: MessageRow) -> Message:
    """The handle of a row."""
    return Message(channel_handle(backend.state.conversations[row.channel]), row.ts, backend, row)


def channel_handle(row: Conversation) -> Channel:
    """The handle of a conversation."""
    return Channel(row.id, row.name)


def found_input(blocks: list[dict[str, Any]], label: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The input that a person means: by label, else placeholder, action_id, block_id, or the label's beginning.

    Raises:
        AssertionError: There is none, or several begin like that.
    """
    inputs = list(interactive(blocks))
    for names in (label_of, _placeholder, _action_id, _block_id):
        for block, element in inputs:
            if names(block, element) == label:
                return block, element
    begins = [pair for pair in inputs if label_of(*pair).startswith(label)]
    if len(begins) == 1:
        return begins[0]
    raise AssertionError(f"no input called {label!r}; there are {[label_of(*pair) for pair in inputs]}")


def _placeholder(_: Mapping[str, Any], element: Mapping[str, Any]) -> str:
    return _words(element.get("placeholder"))


def _action_id(_: Mapping[str, Any], element: Mapping[str, Any]) -> str:
    return str(element["action_id"])


def _block_id(block: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    return str(block["block_id"])


def _words(text: Mapping[str, Any] | None) -> str:
    return str(text["text"]) if text else ""
