"""response_url: five answers in thirty minutes to one gesture, without a token."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from practice.api import SlackError, flag, text_arg
from practice.chat import content_of
from practice.messages import add_message, edit_message, remove_message
from practice.state import Conversation, MessageRow, ResponseUrl, State

__all__ = ["post_response", "use_response_url"]

MAX_USES: Final = 5
LIFETIME: Final = timedelta(minutes=30)


def use_response_url(state: State, key: str, args: Mapping[str, Any]) -> None:
    """Takes one answer to a gesture; the caller holds the lock.

    Raises:
        SlackError: used_url, expired_url, or what is wrong with the message.
    """
    known = state.response_urls.get(key)
    if known is None or state.clock.now() - known.born > LIFETIME:
        raise SlackError("expired_url")
    if known.uses >= MAX_USES:
        raise SlackError("used_url")
    known.uses += 1
    conversation = state.conversations[known.channel]
    original = conversation.messages.get(known.ts) if known.ts else None
    if original and flag(args, "delete_original"):
        remove_message(state, conversation, original)
    elif original and flag(args, "replace_original"):
        edit_message(state, conversation, original, content_of(args))
    elif not flag(args, "delete_original"):
        post_response(state, conversation, known, args)


def post_response(state: State, conversation: Conversation, origin: ResponseUrl, args: Mapping[str, Any]) -> MessageRow:
    """Posts an answer: for the person alone unless response_type is in_channel.

    Raises:
        SlackError: What is wrong with the message.
    """
    content = content_of(args)
    row = MessageRow(state.new_ts(), conversation.id, state.bot_user_id, content["text"], from_bot=True)
    row.blocks, row.attachments = content.get("blocks"), content.get("attachments")
    row.to = None if text_arg(args, "response_type") == "in_channel" else origin.user
    thread_ts = text_arg(args, "thread_ts")
    row.thread_ts = thread_ts if thread_ts in conversation.messages else None
    return add_message(state, conversation, row)
