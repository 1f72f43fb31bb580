"""What people do in Slack, as requests to the app, and what the app's answers do on their screens."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from practice.api import SlackError
from practice.backend import Backend
from practice.blocks import check_view
from practice.elements import VALUE_KEY, initial_value, interactive, state_entry
from practice.handles import Answer, message_handle
from practice.ledger import Delivery
from practice.modals import close_top
from practice.payloads import gesture_base, message_shape, shown_name, view_shape
from practice.responses import post_response
from practice.state import Conversation, MessageRow, ResponseUrl, State, User, ViewRow

__all__ = [
    "act",
    "close_view",
    "escaped",
    "finish",
    "global_shortcut",
    "message_shortcut",
    "rich_elements",
    "slash_command",
    "suggestions",
]

# What a client turns into a mention before it sends; everything else that people type is text.
_MENTION: Final = re.compile(r"(<[@#!][A-Za-z0-9^|_-]+>)")
MAX_OPTIONS: Final = 100
_ACTION_KEYS: Final = (
    "action_id",
    "block_id",
    "type",
    "text",
    "value",
    "style",
    "url",
    "placeholder",
    "selected_option",
)

Json = dict[str, Any]


def slash_command(backend: Backend, user: User, text: str, conversation: Conversation) -> Answer:
    """Sends a command typed in a conversation, and shows its answer."""
    state = backend.state
    command, _, rest = text.partition(" ")
    with state.lock:
        state.see([user.id], f"{user.name} types {text}")
        if command not in state.manifest.commands:
            return Answer(ok=False, error="unknown_command", text=f"{command} is not a valid command.")
        mark = state.new_ts()
        form = {
            "token": state.verification_token,
            "api_app_id": state.app_id,
            "team_id": state.team_id,
            "team_domain": state.domain,
            "channel_id": conversation.id,
            "channel_name": shown_name(conversation),
            "user_id": user.id,
            "user_name": user.handle,
            "command": command,
            "text": escaped(rest.strip()),
            "response_url": state.new_response_url(conversation.id, user.id),
            "trigger_id": state.new_trigger(user.id),
            "is_enterprise_install": "false",
        }
    delivery = backend.dispatcher.command(form)
    shown = _show_command_answer(state, user, conversation, delivery) if delivery.ok and delivery.body.strip() else None
    answer = finish(backend, user, delivery, mark)
    if shown is not None:
        answer.text = message_handle(backend, shown).text
    return answer


def global_shortcut(backend: Backend, user: User, callback_id: str) -> Answer:
    """Uses a global shortcut."""
    state = backend.state
    with state.lock:
        _check_shortcut(state, callback_id, "global")
        state.see([user.id], f"{user.name} uses the shortcut {callback_id}")
        mark = state.new_ts()
        payload = gesture_base(state, "shortcut", user)
        payload |= {"callback_id": callback_id, "trigger_id": state.new_trigger(user.id), "action_ts": mark}
        del payload["user"]["name"], payload["api_app_id"]  # which Slack does not send here
    return finish(backend, user, backend.dispatcher.interaction(payload), mark)


def message_shortcut(backend: Backend, user: User, callback_id: str, row: MessageRow) -> Answer:
    """Uses a shortcut on a message."""
    state = backend.state
    with state.lock:
        _check_shortcut(state, callback_id, "message")
        conversation = state.conversations[row.channel]
        state.see([user.id], f"{user.name} uses the shortcut {callback_id} on a message in {conversation.name}")
        mark = state.new_ts()
        payload = gesture_base(state, "message_action", user)
        payload |= {
            "callback_id": callback_id,
            "trigger_id": state.new_trigger(user.id),
            "message_ts": row.ts,
            "message": message_shape(state, row),
            "channel": {"id": conversation.id, "name": shown_name(conversation)},
            "response_url": state.new_response_url(conversation.id, user.id, row.ts),
            "action_ts": mark,
        }
        del payload["user"]["username"], payload["api_app_id"]  # which Slack does not send here
    return finish(backend, user, backend.dispatcher.interaction(payload), mark)


def act(backend: Backend, user: User, surface: MessageRow | ViewRow, element: Json, *, verb: str = "presses") -> Answer:
    """Presses a button or chooses something: a block_actions request.

    `element` is the element with its `block_id`, and with the choice made where there is one to make.
    """
    state = backend.state
    with state.lock:
        mark = state.new_ts()
        payload = gesture_base(state, "block_actions", user)
        if isinstance(surface, ViewRow):
            payload |= _in_view(state, user, surface)
        else:
            payload |= _in_message(state, user, surface, element)
        payload["actions"] = [_action(element) | {"action_ts": mark}]
        what = (element.get("selected_option") or element).get("text") or {}
        state.see([user.id], f"{user.name} {verb} [{what.get('text', element['type'])}]")
    return finish(backend, user, backend.dispatcher.interaction(payload), mark)


def suggestions(
    backend: Backend, user: User, surface: MessageRow | ViewRow, block: Json, element: Json, query: str
) -> list[Json]:
    """What the app offers in an external select for what was typed; empty when it does not answer."""
    state = backend.state
    with state.lock:
        payload = gesture_base(state, "block_suggestion", user)
        payload |= {"action_id": element["action_id"], "block_id": block["block_id"], "value": query}
        if isinstance(surface, ViewRow):
            payload["container"] = {"type": "view", "view_id": surface.id}
            payload["view"] = view_shape(state, surface)
        else:
            payload |= {key: value for key, value in _in_message(state, user, surface, {}).items() if key in _SUGGEST}
    delivery = backend.dispatcher.interaction(payload)
    finish(backend, user, delivery, "")
    document = decoded_body(delivery)
    groups = document.get("option_groups") or [document]
    options = [option for group in groups for option in group.get("options") or ()]
    if delivery.ok and (wrong := _wrong_options(document, options)):
        with state.lock:
            state.problems.append(f"the suggestions for {element['action_id']} are not shown: {wrong}")
        return []
    return options


def close_view(backend: Backend, user: User, *, cleared: bool = False) -> Answer:
    """Closes the top view; the app hears of it if it asked to."""
    state = backend.state
    with state.lock:
        mark = state.new_ts()
        row = close_top(state, user)
        payload = gesture_base(state, "view_closed", user)
        payload |= {"view": view_shape(state, row), "is_cleared": cleared}
        payload["user"].pop("name")
    if not row.body.get("notify_on_close"):
        return Answer(closed=True)
    answer = finish(backend, user, backend.dispatcher.interaction(payload), mark)
    answer.closed = True
    return answer


def finish(backend: Backend, user: User, delivery: Delivery, mark: str) -> Answer:
    """Ends a gesture: events that it caused go out, and the answer gathers what the person saw since `mark` (a ts)."""
    state = backend.state
    with state.lock:
        events = state.take_events()
        row = _new_ephemeral(state, user.id, mark) if mark else None
        if not delivery.ok:
            state.see([user.id], f"{user.name} sees that it failed: {delivery.error}")
    backend.dispatcher.send_events(events, wait=True)
    answer = Answer(ok=delivery.ok, error=delivery.error, status=delivery.status, delivery=delivery)
    if row is not None:
        answer.ephemeral = message_handle(backend, row)
        answer.text = answer.ephemeral.text
    return answer


def decoded_body(delivery: Delivery) -> Json:
    """The app's answer as a JSON object; empty when it is none."""
    try:
        document = json.loads(delivery.body) if delivery.body.strip() else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def escaped(text: str) -> str:
    """What Slack makes of typed text: & < > as entities, mentions kept."""
    parts = _MENTION.split(text)
    return "".join(part if at % 2 else _entities(part) for at, part in enumerate(parts))


def rich_elements(text: str) -> list[Json]:
    """What Slack's client makes of typed text for a rich_text section: text, and mentions of people and channels."""
    parts = [part for part in _MENTION.split(text) if part]
    return [_rich_element(part) for part in parts]


def _rich_element(part: str) -> Json:
    named = part[2:-1].partition("|")[0]
    if _MENTION.fullmatch(part) and part[1] == "@":
        return {"type": "user", "user_id": named}
    if _MENTION.fullmatch(part) and part[1] == "#":
        return {"type": "channel", "channel_id": named}
    return {"type": "text", "text": part}


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wrong_options(document: Json, options: list[Json]) -> str:
    """Why Slack would show nothing of these suggestions; empty if it shows them."""
    if not isinstance(document.get("options", document.get("option_groups")), list):
        return "the answer has neither options nor option_groups"
    if len(options) > MAX_OPTIONS:
        return f"{len(options)} options, at most {MAX_OPTIONS} are allowed"
    select = {"type": "static_select", "action_id": "a", "options": options}
    problems = check_view({**_PROBE, "blocks": [{**_PROBE_INPUT, "element": select}]}) if options else []
    return "; ".join(problems)


# A view for checking options by the rules that hold for those which an app gives at once.
_PROBE_LABEL: Final = {"type": "plain_text", "text": "x"}
_PROBE: Final = {"type": "modal", "title": _PROBE_LABEL, "submit": _PROBE_LABEL}
_PROBE_INPUT: Final = {"type": "input", "label": _PROBE_LABEL}
_SUGGEST: Final = frozenset({"container", "channel", "message"})


def _check_shortcut(state: State, callback_id: str, kind: str) -> None:
    if state.manifest.shortcuts.get(callback_id) != kind:
        raise AssertionError(f"the manifest has no {kind} shortcut {callback_id!r}: {dict(state.manifest.shortcuts)}")


def _show_command_answer(state: State, user: User, conversation: Conversation, delivery: Delivery) -> MessageRow | None:
    """Shows the body of a command's answer: JSON is a message, anything else its text."""
    is_json = delivery.content_type.startswith("application/json")
    message: Mapping[str, Any] = decoded_body(delivery) if is_json else {"text": delivery.body}
    if not message:
        return None
    with state.lock:
        origin = ResponseUrl(conversation.id, user.id, state.clock.now())
        try:
            return post_response(state, conversation, origin, message)
        except SlackError as refused:
            delivery.error = refused.error
            state.problems.append(f"the answer to a command was refused: {refused.error} {refused.details}")
    return None


def _in_view(state: State, user: User, row: ViewRow) -> Json:
    return {
        "container": {"type": "view", "view_id": row.id},
        "trigger_id": state.new_trigger(user.id, row.id),
        "view": view_shape(state, row),
    }


def _in_message(state: State, user: User, row: MessageRow, element: Json) -> Json:
    conversation = state.conversations[row.channel]
    thread = {"thread_ts": row.thread_ts} if row.thread_ts and row.thread_ts != row.ts else {}
    container = {"type": "message", "message_ts": row.ts, "channel_id": row.channel, "is_ephemeral": row.to is not None}
    part: Json = {
        "container": container | thread,
        "trigger_id": state.new_trigger(user.id),
        "channel": {"id": row.channel, "name": shown_name(conversation)},
        "state": {"values": _message_values(row, element)},
        "response_url": state.new_response_url(row.channel, user.id, row.ts),
    }
    # Slack keeps the content of an ephemeral message to itself.
    return part if row.to else part | {"message": message_shape(state, row)}


def _message_values(row: MessageRow, acted: Json) -> Json:
    """The values of a message's elements: their initial ones, except where the person has just chosen."""
    values: dict[str, Json] = {}
    for block, element in interactive(row.blocks or []):
        key = VALUE_KEY[element["type"]]
        is_acted = (block["block_id"], element["action_id"]) == (acted.get("block_id"), acted.get("action_id"))
        value = acted.get(key) if is_acted else initial_value(element)
        values.setdefault(block["block_id"], {})[element["action_id"]] = state_entry(element, value)
    return values


def _action(element: Json) -> Json:
    keys = {*_ACTION_KEYS, VALUE_KEY.get(element["type"], "value")}
    return {key: value for key, value in element.items() if key in keys}


def _new_ephemeral(state: State, user: str, mark: str) -> MessageRow | None:
    """The newest ephemeral that this person got since a ts."""
    found: list[MessageRow] = []
    for conversation in state.conversations.values():
        for row in reversed(conversation.messages.values()):
            if row.ts <= mark:
                break
            if row.to == user:
                found.append(row)
    return max(found, key=lambda row: row.ts, default=None)
