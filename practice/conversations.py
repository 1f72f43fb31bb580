"""conversations.*: finding channels, opening direct messages, reading history."""

import math
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any, Final

from practice.api import Args, SlackError, flag, method, number, require_scope, text_arg, visible
from practice.events import emit
from practice.payloads import conversation_shape, message_shape
from practice.state import Conversation, ConversationKind, MessageRow, State

__all__ = ["join_conversation", "paged"]

_READ: Final[dict[ConversationKind, str]] = {
    "channel": "channels:read",
    "group": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}
_HISTORY: Final = {kind: scope.replace(":read", ":history") for kind, scope in _READ.items()}
_TYPES: Final[dict[str, ConversationKind]] = {
    "public_channel": "channel",
    "private_channel": "group",
    "im": "im",
    "mpim": "mpim",
}
MAX_PAGE: Final = 999
MAX_USERS: Final = 8

Json = dict[str, Any]


@method("conversations.open", tier=3)
def open_conversation(state: State, args: Args) -> Json:
    """Opens the direct message with a person (or a group of them); opening it again gives the same one."""
    if channel := text_arg(args, "channel"):
        row = visible(state, channel)
    else:
        row = _with_users(state, [user for user in text_arg(args, "users").replace(" ", "").split(",") if user])
    shape = conversation_shape(state, row) if flag(args, "return_im") else {"id": row.id}
    return {"no_op": True, "already_open": True, "channel": shape} if channel else {"channel": shape}


@method("conversations.info", tier=3, required={"channel": "channel_not_found"})
def info(state: State, args: Args) -> Json:
    """Tells about one conversation."""
    row = visible(state, text_arg(args, "channel"))
    require_scope(state, _READ[row.kind])
    members = {"num_members": len(row.members)} if flag(args, "include_num_members") else {}
    return {"channel": conversation_shape(state, row) | members}


@method("conversations.list", tier=2)
def list_conversations(state: State, args: Args) -> Json:
    """Lists conversations that the bot can see, of the types asked for (public channels by default)."""
    kinds = _kinds(text_arg(args, "types") or "public_channel")
    for kind in kinds:
        require_scope(state, _READ[kind])
    rows = [row for row in state.conversations.values() if row.kind in kinds and _listed(state, row)]
    if flag(args, "exclude_archived"):
        rows = [row for row in rows if not row.archived]
    page, cursor = paged(rows, args, 100)
    shapes = [conversation_shape(state, row) | {"num_members": len(row.members)} for row in page]
    return {"channels": shapes, "response_metadata": {"next_cursor": cursor}}


@method("conversations.members", tier=4, required={"channel": "channel_not_found"})
def members(state: State, args: Args) -> Json:
    """Lists the ids of a conversation's members."""
    row = visible(state, text_arg(args, "channel"))
    require_scope(state, _READ[row.kind])
    page, cursor = paged(row.members, args, 100)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


@method("conversations.join", tier=3, scope="channels:join", required={"channel": "channel_not_found"})
def join(state: State, args: Args) -> Json:
    """Lets the bot join a public channel."""
    row = visible(state, text_arg(args, "channel"))
    if row.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if row.archived:
        raise SlackError("is_archived")
    if state.bot_user_id in row.members:
        warning = "already_in_channel"
        shape = conversation_shape(state, row)
        return {"channel": shape, "warning": warning, "response_metadata": {"warnings": [warning]}}
    join_conversation(state, row, state.bot_user_id)
    return {"channel": conversation_shape(state, row)}


@method("conversations.history", tier=3, required={"channel": "channel_not_found"})
def history(state: State, args: Args) -> Json:
    """Reads what stands in a conversation, newest first; replies only where they were broadcast."""
    row = _readable(state, args)
    within = _window(args)
    rows = [message for message in reversed([*row.lasting()]) if message.top_level and within(message.ts)]
    page, cursor = paged(rows, args, 100)
    answer: Json = {"messages": _shapes(state, page, args), "has_more": bool(cursor), "pin_count": 0}
    answer |= {"channel_actions_ts": None, "channel_actions_count": 0}
    if latest := text_arg(args, "latest"):
        answer["latest"] = latest
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


@method("conversations.replies", tier=3, required={"channel": "channel_not_found", "ts": "thread_not_found"})
def replies(state: State, args: Args) -> Json:
    """Reads a thread, oldest first, its first message always included."""
    row = _readable(state, args)
    first = row.messages.get(text_arg(args, "ts"))
    if first is None or first.to is not None:
        raise SlackError("thread_not_found")
    within = _window(args)
    rows = [first, *(reply for reply in row.replies(first.ts) if within(reply.ts))]
    page, cursor = paged(rows, args, 1000)
    answer: Json = {"messages": _shapes(state, page, args), "has_more": bool(cursor)}
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def join_conversation(state: State, row: Conversation, user: str, inviter: str | None = None) -> None:
    """Adds a member and tells the app, if it is in the conversation or has just come in."""
    if user in row.members:
        return
    row.members.append(user)
    kind = "C" if row.kind == "channel" else "G"
    event = {"type": "member_joined_channel", "user": user, "channel": row.id, "channel_type": kind}
    emit(state, event | {"team": state.team_id} | ({"inviter": inviter} if inviter else {}), row)


def paged(rows: list[Any], args: Args, default: int) -> tuple[list[Any], str]:
    """One page of a list by Slack's `limit` and `cursor`, and the cursor of the next page (empty at the end)."""
    limit = number(args, "limit", default, "invalid_limit") or default
    start = _position(text_arg(args, "cursor"))
    end = start + max(1, min(limit, MAX_PAGE))
    cursor = b64encode(f"next:{end}".encode()).decode() if end < len(rows) else ""
    return rows[start:end], cursor


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(b64decode(cursor).decode().removeprefix("next:"))
    except (Base64Error, ValueError):
        raise SlackError("invalid_cursor") from None


def _with_users(state: State, users: list[str]) -> Conversation:
    require_scope(state, "im:write" if len(users) <= 1 else "mpim:write")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > MAX_USERS:
        raise SlackError("too_many_users")
    for user in users:
        if user not in state.users or user == state.bot_user_id:
            raise SlackError("user_not_found")
        if state.users[user].deleted:
            raise SlackError("user_disabled")
    return state.dm(users[0]) if len(users) == 1 else _group_message(state, users)


def _group_message(state: State, users: list[str]) -> Conversation:
    wanted = {*users, state.bot_user_id}
    groups = (row for row in state.conversations.values() if row.kind == "mpim" and set(row.members) == wanted)
    if found := next(groups, None):
        return found
    name = "mpdm-" + "--".join(state.users[user].handle for user in users) + "-1"
    row = Conversation(state.new_id("G0"), name, "mpim", int(state.clock.epoch()), [*users, state.bot_user_id])
    state.conversations[row.id] = row
    return row


def _kinds(types: str) -> list[ConversationKind]:
    try:
        return [_TYPES[name.strip()] for name in types.split(",")]
    except KeyError:
        raise SlackError("invalid_types") from None


def _listed(state: State, row: Conversation) -> bool:
    return row.kind == "channel" or state.bot_user_id in row.members


def _readable(state: State, args: Args) -> Conversation:
    row = visible(state, text_arg(args, "channel"))
    require_scope(state, _HISTORY[row.kind])
    if state.bot_user_id not in row.members:
        raise SlackError("not_in_channel")
    return row


def _window(args: Args) -> Callable[[str], bool]:
    """A test whether a ts lies between `oldest` and `latest`; the two count as inside only with `inclusive`."""
    oldest, latest = _bound(args, "oldest"), _bound(args, "latest")
    slack = 1 if flag(args, "inclusive") else 0
    lowest = -1 if oldest is None else oldest + 1 - slack
    highest = math.inf if latest is None else latest - 1 + slack
    return lambda ts: lowest <= _micros(ts) <= highest


def _bound(args: Args, name: str) -> int | None:
    value = text_arg(args, name)
    if value in ("", "now"):
        return None
    try:
        return _micros(value)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def _micros(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def _shapes(state: State, rows: list[MessageRow], args: Args) -> list[Json]:
    metadata = flag(args, "include_all_metadata")
    return [message_shape(state, row, metadata=metadata) for row in rows]
