"""What one person has on screen, as JSON for the page."""

from collections.abc import Iterator
from typing import Any, Final

from practice.backend import Backend
from practice.guide import guide_shape
from practice.messages import unread_count
from practice.payloads import message_shape, view_shape
from practice.state import Conversation, MessageRow, State, User, ViewRow

__all__ = ["sight"]

Json = dict[str, Any]

LATEST: Final = 200
"""How many top-level messages of a conversation are shown, the newest."""


def sight(backend: Backend, user: User, channel: str, trouble: str) -> Json:
    """Everything that a person sees: places with unread marks, one conversation's messages, the modal, the Home tab.

    Args:
        backend: The workspace.
        user: Who looks.
        channel: The id of the conversation that is open; any other text gives no messages and is named in `unknown`.
        trouble: The sentence about the app's silence, empty when it answers.
    """
    state = backend.state
    with state.lock:
        row = _place(state, user, channel)
        return {
            "version": state.changes.version,
            "instance": state.instance,
            "workspace": {"id": state.team_id, "name": state.team_name},
            "app": _app(state, trouble),
            "me": _person(user),
            "people": [_person(other) for other in state.users.values()],
            "names": {row.id: row.name for row in state.conversations.values() if row.kind != "im"},
            "conversations": [_conversation(state, row, user) for row in _places(state, user)],
            "channel": row.id if row else None,
            "unknown": None if row else channel,
            "messages": [_message(state, message) for message in _messages(row, user)] if row else [],
            "modal": _view(state, user.views[-1]) | {"depth": len(user.views)} if user.views else None,
            "home": _view(state, user.home) if user.home else None,
            "clock": {"epoch": state.clock.epoch()},
            "problems": list(state.problems),
            "guide": guide_shape(state, backend.ledger),
        }


def _app(state: State, trouble: str) -> Json:
    manifest = state.manifest
    return {
        "name": manifest.bot_name,
        "user": state.bot_user_id,
        "dm_writable": manifest.messages_tab and not manifest.messages_read_only,
        "messages_tab": manifest.messages_tab,
        "home_tab": manifest.home_tab,
        "commands": manifest.command_list,
        "shortcuts": manifest.shortcut_list,
        "trouble": trouble,
    }


def _person(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "title": user.title,
        "locale": user.locale,
        "tz": user.tz,
        "is_bot": user.is_bot,
        "deleted": user.deleted,
    }


def _places(state: State, user: User) -> list[Conversation]:
    """What stands in the person's sidebar: channels by name, then the direct message with the app."""
    mine = [row for row in state.conversations.values() if user.id in row.members and row.kind != "im"]
    return [*sorted(mine, key=lambda row: row.name), *([] if user.is_bot else [state.dm(user.id)])]


def _place(state: State, user: User, channel: str) -> Conversation | None:
    return next((row for row in _places(state, user) if row.id == channel), None)


def _conversation(state: State, row: Conversation, user: User) -> Json:
    return {
        "id": row.id,
        "name": state.manifest.bot_name if row.kind == "im" else row.name,
        "kind": row.kind,
        "archived": row.archived,
        "members": len(row.members),
        "unread": unread_count(row, user.id),
        "last_read": row.last_read.get(user.id, "0"),
    }


def _messages(row: Conversation, user: User) -> Iterator[MessageRow]:
    """The newest messages that this person can see, with the replies to them, oldest first."""
    mine = [message for message in row.messages.values() if message.to in (None, user.id)]
    shown = {message.ts for message in [message for message in mine if message.top_level][-LATEST:]}
    return (message for message in mine if message.ts in shown or message.thread_ts in shown)


def _message(state: State, row: MessageRow) -> Json:
    is_reply = row.thread_ts is not None and row.thread_ts != row.ts
    facts = {"top_level": row.top_level, "reply": is_reply, "ephemeral": row.to is not None, "mrkdwn": row.mrkdwn}
    return message_shape(state, row) | facts


def _view(state: State, row: ViewRow) -> Json:
    shape = view_shape(state, row)
    kept = {key: shape[key] for key in ("id", "type", "title", "submit", "close", "blocks", "hash")}
    return kept | {"values": shape["state"]["values"], "errors": dict(row.errors)}
