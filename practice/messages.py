"""Posting, editing and deleting, whoever does it: the rows, the events that follow, and what people see."""

from copy import deepcopy
from secrets import token_hex
from typing import Any

from practice.elements import ACTIONABLE
from practice.events import emit_message
from practice.payloads import message_event, message_shape
from practice.state import Conversation, MessageRow, State

__all__ = [
    "add_message",
    "content_of_row",
    "edit_message",
    "identified",
    "mark_read",
    "people_in",
    "remove_message",
    "unread_count",
]

Json = dict[str, Any]


def add_message(state: State, conversation: Conversation, row: MessageRow) -> MessageRow:
    """Puts a new message into a conversation; a reply makes its parent a thread."""
    conversation.messages[row.ts] = row
    if row.thread_ts and row.thread_ts != row.ts and row.to is None:
        _join_thread(conversation, row)
    where = _place(state, conversation, row)
    who = state.names().get(row.user, row.user)
    viewers = [row.to] if row.to else people_in(state, conversation)
    state.see(viewers, f"{where} {who}:", message=content_of_row(row))
    if row.to is None:
        emit_message(state, message_event(state, row), conversation)
    return row


def edit_message(state: State, conversation: Conversation, row: MessageRow, changes: Json) -> None:
    """Changes fields of a message in place: the ts stays, nobody is notified, the app hears of it if it listens."""
    before = message_shape(state, row, metadata=True)
    for name, value in changes.items():
        setattr(row, name, value)
    row.edited = state.new_ts()
    viewers = [row.to] if row.to else people_in(state, conversation)
    state.see(viewers, f"{_place(state, conversation, row)} (edited)", message=content_of_row(row))
    if row.to is None:
        _emit_change(state, conversation, "message_changed", before, message_shape(state, row, metadata=True))


def remove_message(state: State, conversation: Conversation, row: MessageRow) -> None:
    """Takes a message away. A thread's first message leaves a tombstone, as its replies stay."""
    before = message_shape(state, row, metadata=True)
    if conversation.replies(row.ts):
        row.text, row.blocks, row.attachments, row.metadata = "This message was deleted.", None, None, None
        row.subtype, row.user, row.from_bot = "tombstone", "USLACKBOT", False
    else:
        del conversation.messages[row.ts]
    viewers = [row.to] if row.to else people_in(state, conversation)
    state.see(viewers, f"{_place(state, conversation, row)} (a message was deleted)")
    if row.to is None:
        _emit_change(state, conversation, "message_deleted", before, None)


def identified(blocks: list[Json]) -> list[Json]:
    """A copy of blocks as Slack stores them: all blocks and elements that act have ids, defaults are spelt out."""
    stored = deepcopy(blocks)
    for block in stored:
        block.setdefault("block_id", token_hex(3))
    _spell_out_defaults(stored)
    return stored


def people_in(state: State, conversation: Conversation) -> list[str]:
    """The members who read: everybody but the bot."""
    return [member for member in conversation.members if member != state.bot_user_id]


def mark_read(conversation: Conversation, user: str) -> None:
    """Marks everything in a conversation as read by a person."""
    conversation.last_read[user] = max(conversation.messages, key=_order, default="0")


def unread_count(conversation: Conversation, user: str) -> int:
    """How many messages of others stand in the conversation since the person read it. Edits do not count anew."""
    read = _order(conversation.last_read.get(user, "0"))
    fresh = (row for row in conversation.lasting() if row.top_level and row.user != user)
    return sum(1 for row in fresh if _order(row.ts) > read)


def _order(ts: str) -> tuple[int, str]:
    seconds, _, micros = ts.partition(".")
    return int(seconds), micros


def _join_thread(conversation: Conversation, row: MessageRow) -> None:
    parent = conversation.messages[str(row.thread_ts)]
    parent.thread_ts = parent.ts
    conversation.threads.setdefault(parent.ts, []).append(row.ts)


def _emit_change(state: State, conversation: Conversation, subtype: str, before: Json, after: Json | None) -> None:
    now = state.new_ts()
    event: Json = {"type": "message", "subtype": subtype, "hidden": True, "channel": conversation.id}
    event |= {"previous_message": before, "ts": now, "event_ts": now, "channel_type": conversation.kind}
    event |= {"message": after} if after else {"deleted_ts": before["ts"]}
    emit_message(state, event, conversation)


def _place(state: State, conversation: Conversation, row: MessageRow) -> str:
    if conversation.kind == "im":
        where = f"DM of {state.names().get(conversation.members[0], conversation.name)}"
    else:
        where = f"#{conversation.name}"
    thread = " in a thread" if row.thread_ts and row.thread_ts != row.ts else ""
    broadcast = " and in the channel" if row.broadcast else ""
    return f"{where}{thread}{broadcast}{' (only you)' if row.to else ''}"


def content_of_row(row: MessageRow) -> Json:
    """What there is to read of a message, at this moment."""
    return {"text": row.text, "blocks": row.blocks, "attachments": row.attachments, "mrkdwn": row.mrkdwn}


def _spell_out_defaults(part: Any) -> None:
    if isinstance(part, list):
        for item in part:
            _spell_out_defaults(item)
    elif isinstance(part, dict):
        if part.get("type") in ACTIONABLE:
            part.setdefault("action_id", token_hex(3))
        if part.get("type") == "plain_text":
            part.setdefault("emoji", True)
        if part.get("type") == "mrkdwn":
            part.setdefault("verbatim", False)
        for item in part.values():
            _spell_out_defaults(item)
