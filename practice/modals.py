"""The stack of modals of a person, and Home tabs: opening, updating without losing what was typed, closing."""

import time
from secrets import token_hex
from typing import Any, Final

from practice.elements import initial_value, interactive, state_entry
from practice.messages import identified
from practice.payloads import view_shape
from practice.state import State, User, ViewRow

__all__ = ["MAX_VIEWS", "close_all", "close_top", "new_view", "publish_home", "push_view", "update_view"]

MAX_VIEWS: Final = 3

Json = dict[str, Any]


def new_view(state: State, user: User, view: Json, *, previous: ViewRow | None = None) -> ViewRow:
    """Makes a view from what the app sent, with ids and hash, not yet shown to anybody."""
    view_id = state.new_id("V0")
    body = {**view, "blocks": identified(view.get("blocks") or [])}
    root = previous.root_id if previous else view_id
    row = ViewRow(view_id, user.id, body, _new_hash(), root, previous.id if previous else None)
    row.values = _values(body["blocks"], {}, set())
    state.views[row.id] = row
    return row


def push_view(state: State, user: User, row: ViewRow) -> None:
    """Puts a view on top of what the person sees."""
    user.views.append(row)
    state.see([user.id], f"{user.name} gets a modal:", view=view_shape(state, row))


def update_view(state: State, row: ViewRow, view: Json) -> None:
    """Replaces a view's content. What was typed stays in inputs whose block_id and action_id stay, as in Slack."""
    blocks = identified(view.get("blocks") or [])
    kept = {(block["block_id"], element["action_id"]) for block, element in interactive(row.body["blocks"])}
    row.values = _values(blocks, row.values, kept)
    row.body = {**view, "blocks": blocks}
    row.hash = _new_hash()
    row.errors = {}
    state.see([row.user], f"{state.users[row.user].name} sees the view change:", view=view_shape(state, row))


def publish_home(state: State, user: User, view: Json) -> ViewRow:
    """Shows a Home tab to a person; the same view is updated the next time."""
    if user.home is None:
        user.home = new_view(state, user, view)
        state.see([user.id], f"{user.name} gets a Home tab:", view=view_shape(state, user.home))
    else:
        update_view(state, user.home, view)
    return user.home


def close_top(state: State, user: User) -> ViewRow:
    """Closes the top view; the one under it shows again."""
    row = user.views.pop()
    row.open = False
    state.see([user.id], f"{user.name}'s modal closes")
    return row


def close_all(state: State, user: User) -> list[ViewRow]:
    """Closes every modal of a person, top first."""
    return [close_top(state, user) for _ in tuple(user.views)]


def _new_hash() -> str:
    return f"{int(time.time())}.{token_hex(4)}"


def _values(
    blocks: list[Json], typed: dict[tuple[str, str], Json], kept: set[tuple[str, str]]
) -> dict[tuple[str, str], Json]:
    values = {}
    for block, element in interactive(blocks):
        key = (block["block_id"], element["action_id"])
        same = key in kept and key in typed and typed[key]["type"] == element["type"]
        values[key] = typed[key] if same else state_entry(element, initial_value(element))
    return values
