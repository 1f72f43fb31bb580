"""reactions.*: emoji on messages, the bot's and everybody's."""

from typing import Any

from practice.api import Args, SlackError, method, text_arg, visible
from practice.events import emit
from practice.payloads import message_shape
from practice.state import Conversation, MessageRow, State

__all__ = ["react", "unreact"]

Json = dict[str, Any]


@method("reactions.add", tier=3, scope="reactions:write", required={"name": "invalid_name"})
def add(state: State, args: Args) -> Json:
    """Adds the bot's reaction."""
    conversation, row = _item(state, args)
    react(state, conversation, row, text_arg(args, "name").strip(":"), state.bot_user_id)
    return {}


@method("reactions.remove", tier=2, scope="reactions:write", required={"name": "invalid_name"})
def remove(state: State, args: Args) -> Json:
    """Takes the bot's reaction away."""
    conversation, row = _item(state, args)
    unreact(state, conversation, row, text_arg(args, "name").strip(":"), state.bot_user_id)
    return {}


@method("reactions.get", tier=3, scope="reactions:read")
def get(state: State, args: Args) -> Json:
    """Tells who reacted to a message with what."""
    conversation, row = _item(state, args)
    link = f"https://{state.domain}.slack.com/archives/{conversation.id}/p{row.ts.replace('.', '')}"
    message = message_shape(state, row) | {"permalink": link}
    return {"type": "message", "channel": conversation.id, "message": message}


def react(state: State, conversation: Conversation, row: MessageRow, name: str, user: str) -> None:
    """Adds somebody's reaction.

    Raises:
        SlackError: is_archived, or already_reacted.
    """
    if conversation.archived:
        raise SlackError("is_archived")
    people = row.reactions.setdefault(name, [])
    if user in people:
        raise SlackError("already_reacted")
    people.append(user)
    state.see(conversation.members, f"{state.names()[user]} reacts :{name}: in {conversation.name}")
    emit(state, _event("reaction_added", row, name, user), conversation)


def unreact(state: State, conversation: Conversation, row: MessageRow, name: str, user: str) -> None:
    """Takes somebody's reaction away.

    Raises:
        SlackError: no_reaction.
    """
    if user not in row.reactions.get(name, ()):
        raise SlackError("no_reaction")
    row.reactions[name].remove(user)
    if not row.reactions[name]:
        del row.reactions[name]
    emit(state, _event("reaction_removed", row, name, user), conversation)


def _item(state: State, args: Args) -> tuple[Conversation, MessageRow]:
    channel, timestamp = text_arg(args, "channel"), text_arg(args, "timestamp")
    if not (channel and timestamp):
        raise SlackError("no_item_specified")
    conversation = visible(state, channel)
    row = conversation.messages.get(timestamp)
    if row is None or row.to is not None:
        raise SlackError("message_not_found")
    return conversation, row


def _event(kind: str, row: MessageRow, name: str, user: str) -> Json:
    item = {"type": "message", "channel": row.channel, "ts": row.ts}
    return {"type": kind, "user": user, "reaction": name, "item": item, "item_user": row.user}
