"""What the page lets a person do: gestures named by the ids of blocks, where a story names the words on screen."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from practice import gestures
from practice.backend import Backend
from practice.elements import VALUE_KEY, state_entry
from practice.handles import Answer
from practice.state import MessageRow, State, User, ViewRow
from practice.submission import submit_view

__all__ = ["PAGE_DEEDS"]

Json = dict[str, Any]
Order = Mapping[str, Any]
Surface = MessageRow | ViewRow


def press(backend: Backend, user: User, order: Order) -> Answer:
    """Presses a button or makes a choice that the app hears of at once: a block_actions request.

    The order names `block_id` and `action_id`, the surface (`channel` and `ts`, or `view`), and in `state` what was
    chosen, in the form of view.state.
    """
    surface = _surface(backend.state, user, order)
    block, element = _element(surface, order["block_id"], order["action_id"])
    acted = {**element, "block_id": block["block_id"], **_choice(element, order.get("state") or {})}
    if isinstance(surface, ViewRow) and element["type"] in VALUE_KEY:
        _keep(backend.state, surface, block, element, order.get("state") or {})
    verb = "presses" if element["type"] == "button" else "chooses"
    return gestures.act(backend, user, surface, acted, verb=verb)


def type_in(backend: Backend, user: User, order: Order) -> Answer:
    """Keeps what stands in an input, as Slack's client does until the form is sent. The app hears nothing."""
    row = _view(backend.state, user, order["view"])
    block, element = _element(row, order["block_id"], order["action_id"])
    _keep(backend.state, row, block, element, order["state"])
    return Answer()


def send_form(backend: Backend, user: User, order: Order) -> Answer:
    """Submits the modal on top with these values (block_id, action_id, entry of view.state), if it is the one meant."""
    row = _view(backend.state, user, order["view"])
    for block_id, entries in order.get("values", {}).items():
        for action_id, entry in entries.items():
            block, element = _element(row, block_id, action_id)
            _keep(backend.state, row, block, element, entry)
    if not row.body.get("submit"):
        raise ValueError("this modal has no submit button")
    return submit_view(backend, user)[0]


def leave(backend: Backend, user: User, order: Order) -> Answer:
    """Closes the modal meant, or with `everything` the stack; closing what is closed already does nothing."""
    if not user.views or user.views[-1].id != order["view"]:
        return Answer(closed=True)
    everything = bool(order.get("everything"))
    answer = gestures.close_view(backend, user, cleared=everything)
    while everything and user.views:
        answer = gestures.close_view(backend, user, cleared=True)
    return answer


def suggest(backend: Backend, user: User, order: Order) -> list[Json]:
    """What the app offers in an external select for a `query`."""
    surface = _surface(backend.state, user, order)
    block, element = _element(surface, order["block_id"], order["action_id"])
    return gestures.suggestions(backend, user, surface, block, element, str(order.get("query", "")))


PAGE_DEEDS: Final[dict[str, Callable[[Backend, User, Order], Any]]] = {
    "press_element": press,
    "type_in": type_in,
    "send_form": send_form,
    "leave": leave,
    "suggest": suggest,
}


def _surface(state: State, user: User, order: Order) -> Surface:
    if "view" in order:
        return _view(state, user, order["view"])
    row = state.conversations[order["channel"]].messages.get(order["ts"])
    if row is None or row.to not in (None, user.id) or user.id not in state.conversations[order["channel"]].members:
        raise ValueError("this message is no longer there")
    return row


def _view(state: State, user: User, view_id: str) -> ViewRow:
    """A person's own modal on top, or their Home tab."""
    for row in (*user.views[-1:], user.home):
        if row is not None and row.id == view_id:
            return row
    known = state.views.get(view_id)
    raise ValueError("this form is no longer open" if known else f"there is no view {view_id}")


def _element(surface: Surface, block_id: str, action_id: str) -> tuple[Json, Json]:
    blocks = surface.body["blocks"] if isinstance(surface, ViewRow) else surface.blocks or []
    for block, element in _elements(blocks):
        if (block["block_id"], element.get("action_id")) == (block_id, action_id):
            return block, element
    raise ValueError(f"there is no {action_id} in {block_id} any more")


def _elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        several = block.get("elements") or () if block["type"] == "actions" else ()
        for element in (*several, block.get("accessory"), block.get("element")):
            if isinstance(element, dict):
                yield block, element


def _choice(element: Json, entry: Order) -> Json:
    """What the choice adds to the element in the app's payload; nothing for a button."""
    key = "selected_option" if element["type"] == "overflow" else VALUE_KEY.get(element["type"])
    return {key: entry.get(key)} if key else {}


def _keep(state: State, row: ViewRow, block: Json, element: Json, entry: Order) -> None:
    value = entry.get(VALUE_KEY[element["type"]])
    empty: Any = [] if isinstance(value, list) else None
    with state.lock:
        row.values[block["block_id"], element["action_id"]] = state_entry(element, value or empty)
        row.errors.pop(block["block_id"], None)
