"""The workspace by HTTP, for scripts and for the page: the same functions behind JSON."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from practice.api import SlackError
from practice.backend import Backend
from practice.clock import next_weekday
from practice.handles import Answer, Message, View, message_handle
from practice.page import guarded
from practice.page_deeds import PAGE_DEEDS
from practice.payloads import conversation_shape, message_shape, user_shape, view_shape
from practice.people import Person, conversation_of
from practice.state import Conversation

__all__ = ["control_routes"]

Json = dict[str, Any]
Deed = Callable[[Person, Mapping[str, Any], Message | None], Any]


def control_routes(backend: Backend) -> list[Route]:
    """The paths under /practice."""

    async def state(_: Request) -> Response:
        return JSONResponse(await run_in_threadpool(_state, backend))

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            return await _tried(_move_clock, backend, await request.json())
        return JSONResponse(_time(backend))

    async def act(request: Request) -> Response:
        return await _tried(_act, backend, await request.json())

    async def faults(request: Request) -> Response:
        return await _tried(_switch, backend, await request.json())

    return [
        Route("/practice/state", guarded(backend.state, state), methods=["GET"]),
        Route("/practice/clock", guarded(backend.state, clock), methods=["GET", "POST"]),
        Route("/practice/act", guarded(backend.state, act), methods=["POST"]),
        Route("/practice/faults", guarded(backend.state, faults), methods=["POST"]),
    ]


async def _tried(work: Callable[[Backend, Json], Json], backend: Backend, order: Json) -> Response:
    """Does what was ordered, or says why it cannot be done (400). On another thread: gestures wait for the app."""
    try:
        return JSONResponse({"ok": True} | await run_in_threadpool(work, backend, order))
    except (AssertionError, KeyError, SlackError, TypeError, ValueError) as error:
        return JSONResponse({"ok": False, "error": str(error)}, 400)


def _time(backend: Backend) -> Json:
    now = backend.state.clock.now()
    return {"now": now.isoformat(), "epoch": now.timestamp()}


def _move_clock(backend: Backend, order: Json) -> Json:
    """Moves the clock by `advance_s`, or forward to the next `weekday` (0 is Monday) at `hour` in the zone `tz`."""
    clock = backend.state.clock
    if "weekday" in order:
        clock.advance(next_weekday(clock.now(), int(order["weekday"]), int(order["hour"]), order["tz"]) - clock.now())
    else:
        clock.advance(timedelta(seconds=float(order["advance_s"])))
    return _time(backend)


def _state(backend: Backend) -> Json:
    state = backend.state
    with state.lock:
        return {
            "people": [user_shape(state, user, locale=True) for user in state.users.values()],
            "channels": [_channel(backend, row) for row in state.conversations.values()],
            "modals": {user.id: [view_shape(state, row) for row in user.views] for user in state.users.values()},
            "homes": {user.id: view_shape(state, user.home) for user in state.users.values() if user.home},
            "problems": list(state.problems),
        }


def _channel(backend: Backend, row: Conversation) -> Json:
    messages = [
        message_shape(backend.state, message, metadata=True)
        | {"visible_to": message.to, "rendered": message_handle(backend, message).text}
        for message in row.messages.values()
    ]
    return conversation_shape(backend.state, row) | {"members": row.members, "messages": messages}


def _switch(backend: Backend, order: Json) -> Json:
    if order.get("clear"):
        backend.faults.clear()
        return {}
    facts = {key: value for key, value in order.items() if key not in {"method", "kind"}}
    fault = backend.faults.add(order["method"], order["kind"], **facts)
    return {"method": fault.method, "kind": fault.kind}


def _act(backend: Backend, order: Json) -> Json:
    user = backend.state.users.get(order["who"])
    if user is None:
        raise ValueError(f"nobody here has the id {order['who']!r}")
    person = Person(user.id, user.name, backend)
    if order["do"] in PAGE_DEEDS:
        done = PAGE_DEEDS[order["do"]](backend, person.active(), order)
    else:
        done = _DEEDS[order["do"]](person, order, _message(backend, order))
    if order["do"] != "type_in":  # which nobody sees but the one who types
        backend.state.changes.note()
    return _told(done) | {"modal": person.modal.raw if person.modal else None}


def _message(backend: Backend, order: Json) -> Message | None:
    if "ts" not in order:
        return None
    row = conversation_of(backend, order["who"], order.get("channel")).messages[order["ts"]]
    return message_handle(backend, row)


def _told(done: Any) -> Json:
    if isinstance(done, Answer):
        return {"answer": {key: getattr(done, key) for key in ("ok", "text", "error", "status", "closed", "errors")}}
    if isinstance(done, Message):
        return {"message": done.raw}
    if isinstance(done, View):
        return {"view": done.raw}
    return {"result": done}


def _options(order: Mapping[str, Any]) -> list[str]:
    return list(order["options"]) if "options" in order else [order["option"]]


_DEEDS: Final[dict[str, Deed]] = {
    "send": lambda who, order, _: who.sends(order["text"], order.get("channel")),
    "say": lambda who, order, on: who.says(order["text"], order.get("channel"), on),
    "press": lambda who, order, on: who.presses(order["label"], on),
    "choose": lambda who, order, on: who.chooses(order["label"], on),
    "shortcut": lambda who, order, _: who.uses_shortcut(order["callback_id"]),
    "message_shortcut": lambda who, order, on: who.uses_message_shortcut(order["callback_id"], _needed(on)),
    "fill": lambda who, order, _: who.fills(order["label"], order["text"]),
    "pick": lambda who, order, on: who.picks(order["label"], *_options(order), on=on),
    "pick_date": lambda who, order, _: who.picks_date(order["label"], order["date"]),
    "unpick": lambda who, order, _: who.unpicks(order["label"], *order.get("options", ())),
    "options": lambda who, order, on: who.options_for(order["label"], order.get("query", ""), on),
    "submit": lambda who, _, __: who.submits(),
    "close": lambda who, order, _: who.closes(everything=bool(order.get("everything"))),
    "react": lambda who, order, on: who.reacts(order["name"], _needed(on)),
    "unreact": lambda who, order, on: who.unreacts(order["name"], _needed(on)),
    "open_home": lambda who, order, _: who.opens_home(order.get("tab", "home")),
    "read": lambda who, order, _: len(who.reads(order.get("channel"))),
}


def _needed(message: Message | None) -> Message:
    if message is None:
        raise ValueError("this needs a message: give channel and ts")
    return message
