"""Submitting a modal: the client's own rules first, then the request, then what its answer does to the views."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from practice.api import SlackError
from practice.backend import Backend
from practice.elements import VALUE_KEY, interactive, label_of, plain_rich_text
from practice.gestures import decoded_body, finish
from practice.handles import Answer, View
from practice.ledger import Delivery
from practice.modals import MAX_VIEWS, close_all, close_top, new_view, push_view, update_view
from practice.payloads import gesture_base, view_shape
from practice.state import State, User, ViewRow
from practice.views import checked_view

__all__ = ["client_errors", "submit_view"]

Json = dict[str, Any]

_REQUIRED: Final = "Please complete this required field."
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def submit_view(backend: Backend, user: User, *, twice: bool = False) -> list[Answer]:
    """Submits the top view, once or two times at once.

    Returns:
        One answer for each request; a single one without a request when the client refuses.
    """
    with backend.state.lock:
        row = user.views[-1]
        row.errors = client_errors(row)
        backend.state.see([user.id], f"{user.name} submits the modal")
        if row.errors:
            return [_refused(backend, row)]
        payloads = [_payload(backend.state, user, row) for _ in range(2 if twice else 1)]
    with ThreadPoolExecutor(len(payloads)) as at_once:
        return list(at_once.map(lambda payload: _submit(backend, user, row, payload), payloads))


def client_errors(row: ViewRow) -> dict[str, str]:
    """What Slack's client refuses by itself, by block_id: empty required inputs, lengths, numbers, addresses."""
    errors = {}
    for block, element in interactive(row.body["blocks"]):
        if block["type"] != "input":
            continue
        entry = row.values[block["block_id"], element["action_id"]]
        value = entry[VALUE_KEY[element["type"]]]
        missing = "" if block.get("optional") else _REQUIRED
        if sentence := missing if value in (None, "", []) else _wrong(element, value):
            errors[block["block_id"]] = sentence
    return errors


def _wrong(element: Json, value: Any) -> str:
    kind = element["type"]
    if kind == "plain_text_input":
        return _wrong_length(element, value)
    if kind == "rich_text_input":
        return "" if plain_rich_text(value).strip() else _REQUIRED
    if kind == "email_text_input":
        return "" if _EMAIL.fullmatch(value) else "Please enter a valid email address."
    if kind == "url_text_input":
        return "" if _URL.fullmatch(value) else "Please enter a valid URL."
    return _wrong_number(element, value) if kind == "number_input" else ""


def _wrong_length(element: Json, value: str) -> str:
    if len(value) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(value) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return ""


def _wrong_number(element: Json, value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and number != number.to_integral_value():
        return "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < Decimal(str(low)):
        return f"Please enter a number of at least {low}."
    if high is not None and number > Decimal(str(high)):
        return f"Please enter a number of at most {high}."
    return ""


def _refused(backend: Backend, row: ViewRow) -> Answer:
    errors = View(row, row.id, backend).errors
    return Answer(ok=False, errors=errors, text=_lines(errors))


def _payload(state: State, user: User, row: ViewRow) -> Json:
    payload = gesture_base(state, "view_submission", user)
    payload |= {"trigger_id": state.new_trigger(user.id, row.id), "view": view_shape(state, row)}
    return payload | {"response_urls": _response_urls(state, user, row)}


def _response_urls(state: State, user: User, row: ViewRow) -> list[Json]:
    urls = []
    for block, element in interactive(row.body["blocks"]):
        entry = row.values[block["block_id"], element["action_id"]]
        channel = entry.get("selected_channel") or entry.get("selected_conversation")
        if element.get("response_url_enabled") and channel in state.conversations:
            url = state.new_response_url(str(channel), user.id)
            ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
            urls.append(ids | {"channel_id": channel, "response_url": url})
    return urls


def _submit(backend: Backend, user: User, row: ViewRow, payload: Json) -> Answer:
    state = backend.state
    with state.lock:
        mark = state.new_ts()
    delivery = backend.dispatcher.interaction(payload)
    if delivery.ok:
        _apply(backend, user, row, delivery)
    answer = finish(backend, user, delivery, mark)
    answer.closed = not row.open
    answer.errors = View(row, row.id, backend).errors if row.open else {}
    if answer.errors:
        answer.ok, answer.text = False, _lines(answer.errors)
    return answer


def _apply(backend: Backend, user: User, row: ViewRow, delivery: Delivery) -> None:
    """Does to the person's views what the app's answer says."""
    state = backend.state
    document = decoded_body(delivery)
    with state.lock:
        if not row.open:
            return  # a second answer to the same modal finds it gone
        action = document.get("response_action")
        try:
            _respond(state, user, row, str(action) if action else "close", document)
        except SlackError as refused:
            delivery.error = "invalid_response_action"
            state.problems.append(f"the answer to a submission was refused: {refused.error} {refused.details}")


def _respond(state: State, user: User, row: ViewRow, action: str, document: Mapping[str, Any]) -> None:
    if action == "close":
        _close(state, user, row)
    elif action == "clear":
        close_all(state, user)
    elif action == "errors":
        _show_errors(state, row, document.get("errors"))
    elif action == "update":
        update_view(state, row, checked_view(state, document.get("view"), "modal", known=row))
    elif action == "push":
        if len(user.views) >= MAX_VIEWS:
            raise SlackError("push_limit_reached")
        view = checked_view(state, document.get("view"), "modal")
        push_view(state, user, new_view(state, user, view, previous=row))
    else:
        raise SlackError("invalid_arguments", response_action=action)


def _close(state: State, user: User, row: ViewRow) -> None:
    """Closes the submitted view, and what was put on top of it meanwhile."""
    while row.open:
        close_top(state, user)


def _show_errors(state: State, row: ViewRow, errors: Any) -> None:
    if not isinstance(errors, dict) or not errors:
        raise SlackError("invalid_arguments", errors=errors)
    inputs = {block["block_id"] for block in row.body["blocks"] if block["type"] == "input"}
    if strangers := sorted(set(errors) - inputs):
        raise SlackError("invalid_arguments", no_such_input=strangers)
    row.errors = {block_id: str(sentence) for block_id, sentence in errors.items()}
    words = _lines({label_of(*pair): row.errors[pair[0]["block_id"]] for pair in _refused_inputs(row)})
    state.see([row.user], f"{state.users[row.user].name} sees errors: {words}")


def _refused_inputs(row: ViewRow) -> list[tuple[Json, Json]]:
    return [(block, element) for block, element in interactive(row.body["blocks"]) if block["block_id"] in row.errors]


def _lines(errors: Mapping[str, str]) -> str:
    return "\n".join(f"{label}: {sentence}" for label, sentence in errors.items())
