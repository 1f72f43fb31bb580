"""A person at a keyboard: every method is a gesture in Slack's client, or a look at its screen."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, overload

from practice import gestures
from practice.backend import Backend
from practice.choosing import chosen, is_multiple, offered
from practice.elements import VALUE_KEY, shown_value, state_entry
from practice.handles import Answer, Channel, Message, View, found_input, message_handle
from practice.messages import add_message, mark_read, unread_count
from practice.reactions import react, unreact
from practice.state import Conversation, MessageRow, User, ViewRow
from practice.submission import submit_view
from practice.text import button_labels, overflow_labels

__all__ = ["Person", "conversation_of"]

Json = dict[str, Any]
Place = Channel | str | None

_TYPED: Final = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"})


@dataclass(frozen=True, slots=True)
class Person:
    """One member of the workspace. Gestures wait for the app's answer and return what the person got for them.

    A gesture that the screen does not offer (no such button, no such input) raises AssertionError and says what is
    there.
    """

    id: str
    name: str
    _backend: Backend = field(repr=False, compare=False)

    @property
    def user(self) -> User:
        """The person's row."""
        return self._backend.state.users[self.id]

    # -- commands, messages, shortcuts

    def sends(self, text: str, channel: Place = None) -> Answer:
        """Types a slash command, in the DM with the bot if no channel is named."""
        return gestures.slash_command(self._backend, self.active(), text, self._conversation(channel))

    def says(self, text: str, channel: Place = None, thread: Message | None = None) -> Message:
        """Posts an ordinary message; to the bot if no channel is named."""
        state = self._backend.state
        with state.lock:
            conversation = self._writable(channel if channel or not thread else thread.channel)
            row = MessageRow(state.new_ts(), conversation.id, self.active().id, gestures.escaped(text))
            words = {"type": "rich_text_section", "elements": gestures.rich_elements(text)}
            row.blocks = [{"type": "rich_text", "block_id": state.new_id("b"), "elements": [words]}]
            row.thread_ts = (thread.row.thread_ts or thread.ts) if thread else None
            add_message(state, conversation, row)
            events = state.take_events()
        self._backend.dispatcher.send_events(events, wait=True)
        return message_handle(self._backend, row)

    def uses_shortcut(self, callback_id: str) -> Answer:
        """Uses a global shortcut of the manifest."""
        return gestures.global_shortcut(self._backend, self.active(), callback_id)

    def uses_message_shortcut(self, callback_id: str, message: Message) -> Answer:
        """Uses a message shortcut of the manifest on a message."""
        return gestures.message_shortcut(self._backend, self.active(), callback_id, message.row)

    def reacts(self, name: str, on: Message) -> None:
        """Adds an emoji to a message."""
        self._reaction(react, name, on)

    def unreacts(self, name: str, on: Message) -> None:
        """Takes an own emoji away."""
        self._reaction(unreact, name, on)

    def opens_home(self, tab: Literal["home", "messages"] = "home") -> View | None:
        """Opens the app's Home (or Messages) tab; the app hears of it and may publish."""
        state = self._backend.state
        with state.lock:
            event: Json = {
                "type": "app_home_opened",
                "user": self.active().id,
                "channel": state.dm(self.id).id,
                "tab": tab,
            }
            if self.user.home and tab == "home":
                event["view"] = View(self.user.home, self.user.home.id, self._backend).raw
            subscribed = "app_home_opened" in state.manifest.events
        self._backend.dispatcher.send_events([event] if subscribed else [], wait=True)
        return self.home

    # -- buttons and menus

    def presses(self, label: str, on: Message | View | None = None, times: int = 1) -> Answer:
        """Presses a button of a message, or of the open modal (its submit button too). Confirm dialogs are accepted.

        Args:
            label: The button's text.
            on: The message or view; by default the open modal.
            times: How often, all at once; the further answers are in `Answer.others`.
        """
        modal = self.modal
        if on is None and modal is not None and label == modal.submit_label:
            return self.submits()
        surface, content = self._surface(on)
        element = _called(label, button_labels(content), "button")
        self.active()
        with ThreadPoolExecutor(times) as at_once:
            work = [at_once.submit(gestures.act, self._backend, self.user, surface, element) for _ in range(times)]
        first, *others = (done.result() for done in work)
        first.others = others
        return first

    def chooses(self, label: str, on: Message | View | None = None) -> Answer:
        """Chooses an option of an overflow menu."""
        surface, content = self._surface(on)
        element = _called(label, overflow_labels(content), "choice")
        return gestures.act(self._backend, self.active(), surface, element, verb="chooses")

    # -- modals

    @property
    def modal(self) -> View | None:
        """The view on top, or None when no modal is open."""
        row = self.user.views[-1] if self.user.views else None
        return View(row, row.id, self._backend) if row else None

    @property
    def home(self) -> View | None:
        """The Home tab as it was last published."""
        row = self.user.home
        return View(row, row.id, self._backend) if row else None

    def fills(self, label: str, text: str) -> Answer:
        """Types into an input, in place of what stood there. Inputs that report each entry send it to the app."""
        row, block, element = self._input(label)
        if element["type"] not in _TYPED:
            raise AssertionError(f"{label!r} is a {element['type']}; use picks or picks_date")
        value: Any = text or None
        if element["type"] == "rich_text_input" and text:
            section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
            value = {"type": "rich_text", "elements": [section]}
        return self._set(row, block, element, value)

    def picks(self, label: str, *options: "str | Person | Channel", on: Message | View | None = None) -> Answer:
        """Picks in a select, radio buttons or checkboxes, by the option's text or its unique beginning.

        Several are added to what was picked in inputs that take several. External selects ask the app, as if the text
        were typed.
        """
        row, block, element = self._choice(label, on)
        words = [option if isinstance(option, str) else option.name for option in options]
        picked = chosen(self._backend, self.active(), row, block, element, words)
        if not is_multiple(element):
            return self._set(row, block, element, picked[-1])
        before = self._value(row, block, element) or []
        return self._set(row, block, element, [*before, *(value for value in picked if value not in before)])

    def unpicks(self, label: str, *options: str) -> Answer:
        """Takes back what was picked: the named options, or all."""
        row, block, element = self._input(label)
        if not is_multiple(element):
            return self._set(row, block, element, None)
        entries = zip(shown_value(row.values[_key(block, element)]), self._value(row, block, element), strict=True)
        left = [value for words, value in entries if options and words not in options]
        return self._set(row, block, element, left)

    def picks_date(self, label: str, day: date | str) -> Answer:
        """Picks a day (ISO text or a date), a time ("HH:MM") or a moment (an aware datetime), as the input takes it."""
        row, block, element = self._input(label)
        value: Any = day if isinstance(day, str) else day.isoformat()
        if element["type"] == "datetimepicker":
            value = int((day if isinstance(day, datetime) else datetime.fromisoformat(str(day))).timestamp())
        return self._set(row, block, element, value)

    def options_for(self, label: str, query: str = "", on: Message | View | None = None) -> list[str]:
        """What a select offers; an external one once `query` is as long as it asks for."""
        row, block, element = self._choice(label, on)
        return [words for words, _ in offered(self._backend, self.active(), row, block, element, query)]

    @overload
    def submits(self, *, twice: Literal[False] = False) -> Answer: ...
    @overload
    def submits(self, *, twice: Literal[True]) -> list[Answer]: ...
    def submits(self, *, twice: bool = False) -> Answer | list[Answer]:
        """Submits the modal; with `twice` two identical requests go out at once and both answers are returned."""
        if not self._open_modal().body.get("submit"):
            raise AssertionError("this modal has no submit button")
        answers = submit_view(self._backend, self.active(), twice=twice)
        return answers if twice else answers[0]

    def closes(self, *, everything: bool = False) -> Answer:
        """Closes the top view, or the whole stack as the cross in the corner does."""
        self._open_modal()
        answers = [gestures.close_view(self._backend, self.active(), cleared=everything)]
        while everything and self.user.views:
            answers.append(gestures.close_view(self._backend, self.user, cleared=True))
        return answers[-1]

    # -- looking

    def sees(self, channel: Place = None) -> list[Message]:
        """What stands in a conversation for this person, oldest first, with own ephemerals. Marks nothing as read."""
        state = self._backend.state
        with state.lock:
            conversation = self._conversation(channel)
            if self.id not in conversation.members:
                return []
            rows = [row for row in conversation.messages.values() if row.top_level and row.to in (None, self.id)]
            return [message_handle(self._backend, row) for row in rows]

    def dm(self) -> list[Message]:
        """What stands in the direct message with the bot, broadcast replies included."""
        return [message for message in self.sees() if not message.ephemeral]

    def ephemerals(self, channel: Place = None) -> list[Message]:
        """The messages that only this person sees: in one conversation, or everywhere; replies in threads too."""
        state = self._backend.state
        with state.lock:
            everywhere = state.conversations.values()
            rooms = [self._conversation(channel)] if channel is not None else list(everywhere)
            rows = [row for room in rooms for row in room.messages.values() if row.to == self.id]
            return [message_handle(self._backend, row) for row in sorted(rows, key=lambda row: row.ts)]

    def sees_ephemerals(self, channel: Place = None) -> list[Message]:
        """The same as `ephemerals`."""
        return self.ephemerals(channel)

    def unread(self, channel: Place = None) -> int:
        """How many messages of others came since the person last read the conversation (`reads`)."""
        with self._backend.state.lock:
            return unread_count(self._conversation(channel), self.id)

    def reads(self, channel: Place = None) -> list[Message]:
        """Looks at a conversation and marks it as read."""
        with self._backend.state.lock:
            mark_read(self._conversation(channel), self.id)
        return self.sees(channel)

    # -- what the gestures have in common

    def active(self) -> User:
        """The person's row, for whoever is about to act; AssertionError if they were deactivated."""
        if self.user.deleted:
            raise AssertionError(f"{self.name} was deactivated and can do nothing in Slack")
        return self.user

    def _conversation(self, channel: Place) -> Conversation:
        return conversation_of(self._backend, self.id, channel)

    def _writable(self, channel: Place) -> Conversation:
        conversation = self._conversation(channel)
        manifest = self._backend.state.manifest
        if conversation.archived or self.id not in conversation.members:
            raise AssertionError(f"{self.name} cannot write in {conversation.name}")
        if conversation.kind == "im" and (manifest.messages_read_only or not manifest.messages_tab):
            raise AssertionError("the manifest lets nobody write to the bot: its messages tab is off or read-only")
        return conversation

    def _reaction(self, change: Callable[..., None], name: str, on: Message) -> None:
        state = self._backend.state
        with state.lock:
            change(state, state.conversations[on.channel.id], on.row, name.strip(":"), self.active().id)
            events = state.take_events()
        self._backend.dispatcher.send_events(events, wait=True)

    def _open_modal(self) -> ViewRow:
        if not self.user.views:
            raise AssertionError(f"{self.name} has no modal open; problems so far: {self._backend.state.problems}")
        return self.user.views[-1]

    def _surface(self, on: Message | View | None) -> tuple[MessageRow | ViewRow, Json]:
        if isinstance(on, Message):
            return on.row, {"blocks": on.row.blocks or [], "attachments": on.row.attachments or []}
        row = on.row if isinstance(on, View) else self._open_modal()
        return row, row.body

    def _input(self, label: str) -> tuple[ViewRow, Json, Json]:
        row = self._open_modal()
        return row, *found_input(row.body["blocks"], label)

    def _choice(self, label: str, on: Message | View | None) -> tuple[ViewRow | MessageRow, Json, Json]:
        surface, content = self._surface(on)
        return surface, *found_input(content["blocks"], label)

    def _value(self, row: ViewRow | MessageRow, block: Json, element: Json) -> Any:
        if isinstance(row, MessageRow):
            return None
        return row.values[_key(block, element)][VALUE_KEY[element["type"]]]

    def _set(self, row: ViewRow | MessageRow, block: Json, element: Json, value: Any) -> Answer:
        """Puts a value in; elements outside inputs, and inputs that dispatch, tell the app at once."""
        user = self.active()
        if isinstance(row, ViewRow):
            with self._backend.state.lock:
                row.values[_key(block, element)] = state_entry(element, value)
                row.errors.pop(block["block_id"], None)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Answer()
        acted = element | {"block_id": block["block_id"], VALUE_KEY[element["type"]]: value}
        return gestures.act(self._backend, user, row, acted, verb="changes")


def conversation_of(backend: Backend, user: str, channel: Place) -> Conversation:
    """The conversation that a handle, an id or a name means; the person's DM with the bot for None.

    Raises:
        AssertionError: There is none.
    """
    state = backend.state
    if channel is None:
        return state.dm(user)
    wanted = channel.id if isinstance(channel, Channel) else channel.removeprefix("#")
    for row in state.conversations.values():
        if wanted == row.id or (wanted == row.name and row.kind != "im"):
            return row
    raise AssertionError(f"no channel {wanted!r}; there are {[row.name for row in state.conversations.values()]}")


def _called(label: str, offers: Sequence[tuple[str, Json]], what: str) -> Json:
    for words, element in offers:
        if words == label:
            return element
    raise AssertionError(f"no {what} {label!r} here; there are {[words for words, _ in offers]}")


def _key(block: Json, element: Json) -> tuple[str, str]:
    return block["block_id"], element["action_id"]
