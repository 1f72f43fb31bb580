"""The shapes of what Slack sends and answers: people, channels, messages, views, gestures, events."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from practice.state import Conversation, MessageRow, State, User, ViewRow

__all__ = [
    "bot_profile",
    "conversation_shape",
    "event_envelope",
    "gesture_base",
    "message_event",
    "message_shape",
    "shown_name",
    "user_shape",
    "view_shape",
]

Json = dict[str, Any]


def user_shape(state: State, user: User, *, locale: bool = False) -> Json:
    """A person as users.info gives them; the e-mail only to apps with the scope for it."""
    offset = datetime.now(ZoneInfo(user.tz)).utcoffset()
    profile = {
        "real_name": user.name,
        "real_name_normalized": user.name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": f"g{user.id.lower()}",
        "team": user.team_id or state.team_id,
    }
    if "users:read.email" in state.manifest.scopes and not user.is_bot:
        profile["email"] = user.email
    shape = {
        "id": user.id,
        "team_id": user.team_id or state.team_id,
        "name": user.handle,
        "deleted": user.deleted,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated,
    }
    if not user.deleted:  # Slack leaves these out for people who left
        seconds = int(offset.total_seconds()) if offset else 0
        shape |= {"color": "9f69e7", "real_name": user.name, "tz": user.tz, "tz_label": user.tz, "tz_offset": seconds}
        shape |= {"is_admin": user.is_admin, "is_owner": False, "is_primary_owner": False}
        shape |= {"is_restricted": user.is_guest, "is_ultra_restricted": False}
    return shape | ({"locale": user.locale} if locale else {})


def conversation_shape(state: State, row: Conversation) -> Json:
    """A conversation as conversations.info gives it; direct messages have the shorter form."""
    if row.kind == "im":
        other = next(member for member in row.members if member != state.bot_user_id)
        return {
            "id": row.id,
            "created": row.created,
            "is_im": True,
            "is_org_shared": False,
            "user": other,
            "is_user_deleted": state.users[other].deleted,
            "is_open": True,
            "priority": 0,
        }
    return {
        "id": row.id,
        "name": row.name,
        "name_normalized": row.name,
        "is_channel": row.kind == "channel",
        "is_group": row.kind == "group",
        "is_im": False,
        "is_mpim": row.kind == "mpim",
        "is_private": row.kind != "channel",
        "created": row.created,
        "creator": row.members[0] if row.members else "",
        "is_archived": row.archived,
        "is_general": row.name == "general",
        "unlinked": 0,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "pending_shared": [],
        "is_pending_ext_shared": False,
        "is_member": state.bot_user_id in row.members,
        "context_team_id": state.team_id,
        "updated": row.created * 1000,
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def bot_profile(state: State) -> Json:
    """The `bot_profile` that Slack puts on messages of an app."""
    return {
        "id": state.bot_id,
        "deleted": False,
        "name": state.manifest.bot_name,
        "updated": 0,
        "app_id": state.app_id,
        "icons": {},
        "team_id": state.team_id,
    }


def message_shape(state: State, row: MessageRow, *, metadata: bool = False) -> Json:
    """A message as history and payloads give it; `metadata` only where it was asked for."""
    shape: Json = {"type": "message", "user": row.user, "text": row.text, "ts": row.ts, "team": state.team_id}
    if row.from_bot:
        shape |= {"bot_id": state.bot_id, "app_id": state.app_id, "bot_profile": bot_profile(state)}
    optional = {
        "subtype": row.subtype or ("thread_broadcast" if row.broadcast else None),
        "blocks": row.blocks,
        "attachments": row.attachments,
        "thread_ts": row.thread_ts,
        "metadata": row.metadata if metadata else None,
        "edited": row.edited and {"user": row.user, "ts": row.edited},
        "reactions": [{"name": name, "users": [*who], "count": len(who)} for name, who in row.reactions.items()],
    }
    shape |= {key: value for key, value in optional.items() if value}
    return shape | _thread_facts(state, row)


def _thread_facts(state: State, row: MessageRow) -> Json:
    conversation = state.conversations[row.channel]
    if row.thread_ts and row.thread_ts != row.ts:
        parent = conversation.messages.get(row.thread_ts)
        facts = {"parent_user_id": parent.user} if parent else {}
        return facts | ({"root": _root(state, parent)} if parent and row.broadcast else {})
    if row.thread_ts is None or not (replies := conversation.replies(row.ts)):
        return {}
    people = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": row.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
        "reply_users": people[:5],
        "is_locked": False,
        "subscribed": False,
    }


def _root(state: State, parent: MessageRow) -> Json:
    return {"type": "message", "user": parent.user, "text": parent.text, "ts": parent.ts, "team": state.team_id}


def view_shape(state: State, row: ViewRow, *, values: bool = True) -> Json:
    """A view as the app gets it back; `values` says whether with what was typed or with an empty state."""
    body = row.body
    typed: dict[str, Json] = {}
    for (block_id, action_id), value in row.values.items():
        typed.setdefault(block_id, {})[action_id] = value
    return {
        "id": row.id,
        "team_id": state.team_id,
        "type": body["type"],
        "title": body.get("title"),
        "submit": body.get("submit"),
        "close": body.get("close"),
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "external_id": body.get("external_id", ""),
        "state": {"values": typed if values else {}},
        "hash": row.hash,
        "clear_on_close": body.get("clear_on_close", False),
        "notify_on_close": body.get("notify_on_close", False),
        "root_view_id": row.root_id,
        "previous_view_id": row.previous_id,
        "app_id": state.app_id,
        "app_installed_team_id": state.team_id,
        "bot_id": state.bot_id,
    }


def shown_name(row: Conversation) -> str:
    """The name of a conversation as payloads carry it: private ones keep theirs to themselves."""
    return {"im": "directmessage", "group": "privategroup", "mpim": "mpdm"}.get(row.kind, row.name)


def gesture_base(state: State, kind: str, user: User) -> Json:
    """What every interaction payload begins with."""
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": user.team_id or state.team_id},
        "api_app_id": state.app_id,
        "token": state.verification_token,
        "team": {"id": state.team_id, "domain": state.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_event(state: State, row: MessageRow) -> Json:
    """The inner event for a new message."""
    kind = state.conversations[row.channel].kind
    shape = message_shape(state, row, metadata=True)
    for key in ("reply_count", "reply_users_count", "latest_reply", "reply_users", "is_locked", "subscribed"):
        shape.pop(key, None)
    return {**shape, "channel": row.channel, "event_ts": row.ts, "channel_type": kind}


def event_envelope(state: State, event: Mapping[str, Any]) -> Json:
    """The outer form of an event, with an event_id of its own."""
    now = state.clock.now().astimezone(UTC)
    return {
        "token": state.verification_token,
        "team_id": state.team_id,
        "context_team_id": state.team_id,
        "context_enterprise_id": None,
        "api_app_id": state.app_id,
        "event": {**event, "event_ts": event.get("event_ts") or f"{now.timestamp():.6f}"},
        "type": "event_callback",
        "event_id": state.new_id("Ev"),
        "event_time": int(now.timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": state.team_id,
                "user_id": state.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{state.new_id('ctx')}",
    }
