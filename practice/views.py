"""views.*: modals and the Home tab."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from practice.api import Args, SlackError, decoded, method, problems_error, text_arg
from practice.blocks import check_view
from practice.modals import MAX_VIEWS, close_all, new_view, publish_home, push_view, update_view
from practice.payloads import view_shape
from practice.state import State, User, ViewRow

__all__ = ["checked_view"]

MAX_BYTES: Final = 250_000

Json = dict[str, Any]


@method("views.open", tier=4, required={"view": "invalid_arguments"})
def open_view(state: State, args: Args) -> Json:
    """Opens a modal for the person whose gesture the trigger is."""
    view = _view_arg(state, args, "modal")
    user = _exchange(state, text_arg(args, "trigger_id") or text_arg(args, "interactivity_pointer"))
    close_all(state, user)
    row = new_view(state, user, view)
    push_view(state, user, row)
    return {"view": view_shape(state, row, values=False)}


@method("views.push", tier=4, required={"view": "invalid_arguments"})
def push(state: State, args: Args) -> Json:
    """Puts a modal on top of the one in which the person acted."""
    view = _view_arg(state, args, "modal")
    trigger_id = text_arg(args, "trigger_id") or text_arg(args, "interactivity_pointer")
    trigger = state.triggers.get(trigger_id)
    person = state.users[trigger.user] if trigger else None
    if person and len(person.views) >= MAX_VIEWS:
        raise SlackError("push_limit_reached")
    user = _exchange(state, trigger_id)
    if not user.views:
        raise SlackError("not_found")
    row = new_view(state, user, view, previous=user.views[-1])
    push_view(state, user, row)
    return {"view": view_shape(state, row, values=False)}


@method("views.update", tier=4, required={"view": "invalid_arguments"})
def update(state: State, args: Args) -> Json:
    """Changes an open view; with `hash` only if nobody changed it since."""
    row = _find(state, args)
    view = _view_arg(state, args, row.body["type"], known=row)
    _check_hash(row, args)
    update_view(state, row, view)
    return {"view": view_shape(state, row, values=False)}


@method("views.publish", tier=4, required={"view": "invalid_arguments", "user_id": "invalid_arguments"})
def publish(state: State, args: Args) -> Json:
    """Shows a Home tab to a person."""
    if not state.manifest.home_tab:
        raise SlackError("not_enabled")
    user = state.users.get(text_arg(args, "user_id"))
    if user is None:
        raise problems_error("invalid_arguments", ["invalid `user_id`"])
    view = _view_arg(state, args, "home", known=user.home)
    if user.home:
        _check_hash(user.home, args)
    return {"view": view_shape(state, publish_home(state, user, view), values=False)}


def checked_view(state: State, view: Any, kind: str, *, known: ViewRow | None = None) -> Json:
    """A view that Slack would take, as a dict of its own.

    Args:
        state: The workspace, for the external ids in use.
        view: What the app gave, already decoded.
        kind: `modal` or `home`, as the method demands.
        known: The view that it replaces, which may keep its own external_id.

    Raises:
        SlackError: view_too_large, duplicate_external_id, or invalid_arguments with the list of problems.
    """
    if not isinstance(view, Mapping):
        raise problems_error("invalid_arguments", ["view: must be a JSON object"])
    if len(json.dumps(view)) > MAX_BYTES:
        raise SlackError("view_too_large")
    if view.get("type") != kind:
        raise problems_error("invalid_arguments", [f"invalid `view`: its type must be {kind}"])
    if problems := check_view(view):
        raise problems_error("invalid_arguments", problems)
    if view.get("external_id") and _by_external_id(state, str(view["external_id"])) not in (None, known):
        raise SlackError("duplicate_external_id")
    return dict(view)


def _view_arg(state: State, args: Args, kind: str, *, known: ViewRow | None = None) -> Json:
    return checked_view(state, decoded(args, "view", "invalid_arguments"), kind, known=known)


def _exchange(state: State, trigger_id: str) -> User:
    """Uses a trigger up and gives the person who made it."""
    trigger = state.triggers.get(trigger_id)
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if time.monotonic() - trigger.born > state.limits.trigger_s:
        raise SlackError("expired_trigger_id")
    trigger.used = True
    return state.users[trigger.user]


def _find(state: State, args: Args) -> ViewRow:
    view_id, external_id = text_arg(args, "view_id"), text_arg(args, "external_id")
    row = state.views.get(view_id) if view_id else _by_external_id(state, external_id)
    if row is None or not row.open:
        raise SlackError("not_found")
    return row


def _by_external_id(state: State, external_id: str) -> ViewRow | None:
    rows = (row for row in state.views.values() if row.open and row.body.get("external_id") == external_id)
    return next(rows, None) if external_id else None


def _check_hash(row: ViewRow, args: Args) -> None:
    if args.get("hash") and text_arg(args, "hash") != row.hash:
        raise SlackError("hash_conflict")
