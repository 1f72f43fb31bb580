"""Which events the app gets: those its manifest subscribes to, its scopes allow, and its bot can see."""

from typing import Any, Final

from practice.state import Conversation, ConversationKind, State

__all__ = ["emit", "emit_message"]

# An event that is missing here needs no scope.
_SCOPES: Final[dict[str, tuple[str, ...]]] = {
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "app_mention": ("app_mentions:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "channel_archive": ("channels:read",),
    "team_join": ("users:read",),
    "user_change": ("users:read",),
}
_MESSAGE_EVENT: Final[dict[ConversationKind, str]] = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


def subscribed(state: State, name: str) -> bool:
    """Whether the app asked for an event and may have it. `name` is the subscription's, such as message.im."""
    wanted = name in state.manifest.events
    scopes = _SCOPES.get(name, ())
    return wanted and (not scopes or any(scope in state.manifest.scopes for scope in scopes))


def emit(state: State, event: dict[str, Any], conversation: Conversation | None = None) -> None:
    """Queues an event (the inner one) if the app subscribes to it and its bot is in the conversation."""
    if conversation is not None and state.bot_user_id not in conversation.members:
        return
    if subscribed(state, event["type"]):
        state.events.append(event)


def emit_message(state: State, event: dict[str, Any], conversation: Conversation) -> None:
    """Queues a `message` event, and `app_mention` when a person names the bot outside a direct message."""
    if state.bot_user_id not in conversation.members:
        return
    if subscribed(state, _MESSAGE_EVENT[conversation.kind]):
        state.events.append(event)
    mentioned = f"<@{state.bot_user_id}>" in str(event.get("text", ""))
    if mentioned and conversation.kind != "im" and "subtype" not in event and subscribed(state, "app_mention"):
        mention = {key: value for key, value in event.items() if key != "channel_type"}
        state.events.append({**mention, "type": "app_mention"})
