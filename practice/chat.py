"""chat.*: posting, updating and deleting messages as Slack's contract has it."""

import json
import re
from typing import Any, Final

from practice.api import Args, SlackError, decoded, flag, method, problems_error, text_arg, visible
from practice.blocks import check_message
from practice.messages import add_message, edit_message, identified, remove_message
from practice.payloads import message_shape
from practice.state import Conversation, MessageRow, State

__all__ = ["content_of"]

MAX_METADATA: Final = 8_000
MAX_ATTACHMENTS: Final = 100
_NAMED_ERROR: Final = re.compile(r"\((\w+)\)$")
_OWN_ERRORS: Final = frozenset({"msg_too_long", "msg_blocks_too_long", "only_one_table_allowed", "no_text"})
_TS: Final = re.compile(r"\d{9,11}\.\d{6}")

Json = dict[str, Any]


@method("chat.postMessage", tier=5, scope="chat:write", required={"channel": "invalid_arguments"})
def post_message(state: State, args: Args) -> Json:
    """Posts a message as the bot."""
    conversation = _destination(state, text_arg(args, "channel"))
    if wait := state.limits.wait_for_channel(conversation.id):
        raise SlackError("ratelimited", retry_after=wait)
    _may_write(state, conversation)
    content = content_of(args)
    parent = _parent(state, conversation, text_arg(args, "thread_ts"))
    row = MessageRow(state.new_ts(), conversation.id, state.bot_user_id, content["text"], from_bot=True)
    row.blocks, row.attachments = content.get("blocks"), content.get("attachments")
    row.metadata, row.mrkdwn = _metadata(args), text_arg(args, "mrkdwn").lower() not in {"false", "0"}
    if parent:
        row.thread_ts, row.broadcast = parent.ts, flag(args, "reply_broadcast")
    add_message(state, conversation, row)
    return {"channel": conversation.id, "ts": row.ts, "message": message_shape(state, row, metadata=True)}


@method("chat.update", tier=3, scope="chat:write", required={"channel": "invalid_arguments", "ts": "invalid_arguments"})
def update(state: State, args: Args) -> Json:
    """Changes a message of the bot. What is not given stays, as Slack says of blocks, attachments and metadata."""
    conversation = visible(state, text_arg(args, "channel"))
    if conversation.archived:
        raise SlackError("is_inactive")
    row = _own(state, conversation, text_arg(args, "ts"), "cant_update_message")
    changes = content_of(args)
    if args.get("metadata") is not None:
        changes["metadata"] = _metadata(args)
    if "text" in changes and "text" not in args and "markdown_text" not in args:
        del changes["text"]
    if _has_rich_text(row.blocks) and "blocks" in changes and not _has_rich_text(changes["blocks"]):
        raise SlackError("block_mismatch")
    if flag(args, "reply_broadcast"):
        changes["broadcast"] = True
    edit_message(state, conversation, row, changes)
    message = message_shape(state, row, metadata=True)
    return {"channel": conversation.id, "ts": row.ts, "text": row.text, "message": message}


def _has_rich_text(blocks: list[Json] | None) -> bool:
    return any(block["type"] == "rich_text" for block in blocks or [])


@method("chat.delete", tier=3, scope="chat:write", required={"channel": "invalid_arguments", "ts": "invalid_arguments"})
def delete(state: State, args: Args) -> Json:
    """Deletes a message of the bot."""
    conversation = visible(state, text_arg(args, "channel"))
    row = _own(state, conversation, text_arg(args, "ts"), "cant_delete_message")
    remove_message(state, conversation, row)
    return {"channel": conversation.id, "ts": row.ts}


@method(
    "chat.postEphemeral",
    tier=4,
    scope="chat:write",
    required={"channel": "invalid_arguments", "user": "invalid_arguments"},
)
def post_ephemeral(state: State, args: Args) -> Json:
    """Shows a message to one member of a conversation. History never has it."""
    conversation = _destination(state, text_arg(args, "channel"))
    _may_write(state, conversation)
    if text_arg(args, "user") not in conversation.members:
        raise SlackError("user_not_in_channel")
    content = content_of(args)
    parent = _parent(state, conversation, text_arg(args, "thread_ts"))
    row = MessageRow(state.new_ts(), conversation.id, state.bot_user_id, content["text"], from_bot=True)
    row.blocks, row.attachments, row.to = content.get("blocks"), content.get("attachments"), text_arg(args, "user")
    row.thread_ts = parent.ts if parent else None
    add_message(state, conversation, row)
    return {"message_ts": row.ts}


@method("chat.getPermalink", tier=5, required={"channel": "channel_not_found", "message_ts": "message_not_found"})
def get_permalink(state: State, args: Args) -> Json:
    """The address of a message; a reply's names its thread."""
    conversation = visible(state, text_arg(args, "channel"))
    row = _message(conversation, text_arg(args, "message_ts"))
    link = f"https://{state.domain}.slack.com/archives/{conversation.id}/p{row.ts.replace('.', '')}"
    if row.thread_ts and row.thread_ts != row.ts:
        link += f"?thread_ts={row.thread_ts}&cid={conversation.id}"
    return {"channel": conversation.id, "permalink": link}


def content_of(args: Args) -> Json:
    """What a message says: `text` always, `blocks` (with ids) and `attachments` when they were given.

    Raises:
        SlackError: Slack would refuse the content: no_text, msg_too_long, msg_blocks_too_long, invalid_blocks, …
    """
    blocks = _list(args, "blocks", "invalid_blocks_format")
    attachments = _list(args, "attachments", "invalid_attachments")
    text = text_arg(args, "markdown_text") or text_arg(args, "text")
    if args.get("markdown_text") and (args.get("text") or blocks):
        raise SlackError("markdown_text_conflict")
    if not (text.strip() or blocks or attachments):
        raise SlackError("no_text")
    given = {key: value for key, value in {"blocks": blocks, "attachments": attachments}.items() if value is not None}
    _check({"text": text, **given})
    if blocks is not None:
        given["blocks"] = identified(blocks)
    return {"text": text, **given}


def _list(args: Args, name: str, error: str) -> list[Json] | None:
    value = decoded(args, name, error)
    if value is not None and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        raise SlackError(error)
    return value


def _check(content: Json) -> None:
    """Refuses what Slack refuses, with the error of its own that a problem may name in parentheses at its end."""
    if len(content.get("attachments") or ()) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    problems = check_message(content)
    for problem in problems:
        if (named := _NAMED_ERROR.search(problem)) and named[1] in _OWN_ERRORS:
            raise SlackError(named[1])
    if problems:
        raise problems_error("invalid_blocks", problems)


def _metadata(args: Args) -> Json | None:
    metadata = decoded(args, "metadata", "invalid_metadata_format")
    if not metadata:
        return None
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    has_type = isinstance(metadata.get("event_type"), str) and metadata["event_type"]
    if not has_type or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > MAX_METADATA:
        raise SlackError("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def _destination(state: State, target: str) -> Conversation:
    """The conversation that `channel` means: an id, a public channel's name, or a person, whose DM is opened."""
    user = state.users.get(target)
    if user is not None:
        if user.is_bot:
            raise SlackError("cannot_dm_bot")
        return state.dm(user.id)
    name = target.removeprefix("#")
    by_name = (row for row in state.conversations.values() if row.name == name and row.kind == "channel")
    return next(by_name, None) or visible(state, target)


def _may_write(state: State, conversation: Conversation) -> None:
    if conversation.archived:
        raise SlackError("is_archived")
    if conversation.kind == "im" and not state.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    if state.bot_user_id not in conversation.members and "chat:write.public" not in state.manifest.scopes:
        raise SlackError("not_in_channel")


def _parent(state: State, conversation: Conversation, thread_ts: str) -> MessageRow | None:
    if not thread_ts:
        return None
    if not _TS.fullmatch(thread_ts):
        raise SlackError("invalid_thread_ts")
    row = conversation.messages.get(thread_ts)
    if row is None or row.to is not None:
        raise SlackError("thread_not_found")
    if row.thread_ts and row.thread_ts != row.ts:
        state.problems.append(f"thread_ts {thread_ts} is a reply; Slack asks for the ts of the thread's first message")
        return conversation.messages[row.thread_ts]
    return row


def _message(conversation: Conversation, ts: str) -> MessageRow:
    row = conversation.messages.get(ts)
    if row is None or row.to is not None:
        raise SlackError("message_not_found")
    return row


def _own(state: State, conversation: Conversation, ts: str, error: str) -> MessageRow:
    row = _message(conversation, ts)
    if row.user != state.bot_user_id:
        raise SlackError(error)
    return row
