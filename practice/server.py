"""The workspace on the network: the Web API, response_urls, sockets and the control paths, on a thread of its own."""

import asyncio
import socket
import threading
import time
from asyncio import Transport
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from practice.api import SlackError, call_method
from practice.backend import Backend
from practice.decoding import decode_request
from practice.faults import Fault
from practice.ledger import Call
from practice.responses import use_response_url
from practice.sockets import PATH, Link
from practice.state import State

__all__ = ["PracticeServer", "make_routes"]

Json = dict[str, Any]
Work = Callable[[], Json | None]

_HOST: Final = "127.0.0.1"


# Where a connection ends at either side; two workspaces in one process may be called from the same port.
_Ends = tuple[tuple[str, int | None] | None, tuple[str, int] | None]


class _Connections(H11Protocol):
    """Uvicorn's protocol, with each connection's transport within reach, so that a fault can cut it."""

    open: Final[dict[_Ends, Transport]] = {}

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn's own protocol
        super().connection_made(transport)
        self.open[self.server, self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.open.pop((self.server, self.client), None)


class _Sockets(WebSocketsSansIOProtocol):
    """What takes such a connection over when it becomes a WebSocket; it cleans up after both."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        _Connections.open.pop((self.server, self.client), None)


class _Server(uvicorn.Server):
    """Uvicorn's server, which leaves when it is told and not at its next look at the clock."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leave: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), 1)

    def leave(self) -> None:
        """Ends the main loop, from any thread."""
        self.should_exit = True
        if self._loop is not None and self._leave is not None:
            self._loop.call_soon_threadsafe(self._leave.set)


class PracticeServer:
    """Uvicorn in a thread, bound to this machine only. `url` is known from the start, before anything runs."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((_HOST, port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{_HOST}:{self.port}"
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp) -> None:
        """Serves from now on; returns when requests are answered."""
        config = uvicorn.Config(
            app,
            http=_Connections,
            ws=_Sockets,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            backlog=2048,
        )
        server = self._server = _Server(config)
        run = lambda: asyncio.run(server.serve(sockets=[self._socket]))  # noqa: E731 - a thread's whole work in a line
        self._thread = threading.Thread(target=run, name="practice-server", daemon=True)
        self._thread.start()
        while not server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the practice workspace's server did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stops serving and closes the port."""
        if self._server is not None and self._thread is not None:
            self._server.leave()
            self._thread.join()
            self._server = self._thread = None
        self._socket.close()


def make_routes(backend: Backend) -> list[BaseRoute]:
    """The paths of Slack itself: /api/METHOD, /response_url/TEAM/KEY, and /link/ for Socket Mode."""
    state = backend.state

    async def api(request: Request) -> Response:
        name = request.path_params["method"]
        try:
            args, token = await decode_request(request)
        except ClientDisconnect:  # the app ended in the middle of it: it was never said
            return Response(status_code=400)
        work = partial(call_method, state, name, args, token)
        return await _answered(backend, request, Call(name, args, state.clock.now()), work)

    async def response_url(request: Request) -> Response:
        args, _ = await decode_request(request)
        work = partial(use_response_url, state, request.path_params["key"], args)
        return await _answered(backend, request, Call("response_url", args, state.clock.now()), work)

    async def link(websocket: WebSocket) -> None:
        await _linked(backend, websocket)

    return [
        WebSocketRoute(PATH, link),
        Route("/api/{method}", api, methods=["GET", "POST"]),
        Route("/response_url/{team}/{key}", response_url, methods=["POST"]),
    ]


async def _answered(backend: Backend, request: Request, call: Call, work: Work) -> Response:
    """Answers one request with its ledger entry, its fault if one strikes, and the events that follow from it."""
    backend.ledger.append(call)
    fault = backend.faults.strike(call.method)
    call.fault = fault.kind if fault else None
    if fault and (instead := await _before(fault, request, call)):
        return instead
    response = _carry_out(backend.state, call, work)
    backend.state.changes.note()
    backend.dispatcher.send_events(_events(backend.state), wait=False)
    return await _after(fault, request, call, response) if fault else response


def _events(state: State) -> list[Json]:
    with state.lock:
        return state.take_events()


def _carry_out(state: State, call: Call, work: Work) -> Response:
    """Does what was asked, and notes in the ledger what the app is told and whether people see anything of it."""
    with state.lock:
        seen = len(state.sights)
        try:
            answer, retry_after = {"ok": True, **(work() or {})}, None
        except SlackError as refused:
            answer, retry_after = {"ok": False, "error": refused.error, **refused.details}, refused.retry_after
        except Exception as bug:
            state.problems.append(f"the workspace itself failed at {call.method}: {bug!r}")
            raise
        call.displayed = len(state.sights) > seen
    call.answer, call.error = answer, answer.get("error")
    headers = {"x-oauth-scopes": ",".join(state.manifest.scopes)}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    call.status = 429 if retry_after is not None else _status(call)
    if call.method == "response_url" and answer["ok"]:
        return PlainTextResponse("ok")
    return JSONResponse(answer, call.status, headers)


def _status(call: Call) -> int:
    """The Web API refuses with 200; response_url with a status of its own."""
    if call.method != "response_url" or call.error is None:
        return 200
    return 404 if call.error in {"used_url", "expired_url"} else 500


async def _before(fault: Fault, request: Request, call: Call) -> Response | None:
    """What a fault does to a request before it is looked at: an answer instead, or None to go on."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return None
    if fault.kind == "drop_before":
        call.error = "dropped"
        return _Cut(request)
    if fault.kind == "error_500":
        call.status, call.error = 500, "http_500"
        return PlainTextResponse("upstream connect error", 500)
    answer = {"rate_limited": {"ok": False, "error": "ratelimited"}, "error": {"ok": False, "error": fault.name}}
    if fault.kind not in answer:
        return None
    limited = fault.kind == "rate_limited"
    call.answer, call.status = answer[fault.kind], 429 if limited else 200
    call.error = str(call.answer["error"])
    return JSONResponse(call.answer, call.status, {"Retry-After": str(fault.retry_after)} if limited else None)


async def _after(fault: Fault, request: Request, call: Call, response: Response) -> Response:
    """What a fault does to the answer of a request that was carried out."""
    if fault.kind == "accept_then_drop":
        call.answer, call.error, call.status = None, "dropped", None
        return _Cut(request)
    if fault.kind == "accept_then_500":
        call.answer, call.error, call.status = None, "http_500", 500
        return PlainTextResponse("upstream connect error", 500)
    if fault.kind == "accept_then_delay":
        await asyncio.sleep(fault.seconds)
    return response


async def _linked(backend: Backend, websocket: WebSocket) -> None:
    """Lives one connection of Socket Mode, from its ticket to its end."""
    sockets, limits = backend.dispatcher.sockets, backend.state.limits
    if not sockets.redeem(websocket.query_params.get("ticket", "")):
        await websocket.close()
        return
    await websocket.accept()
    texts: asyncio.Queue[str | None] = asyncio.Queue()
    link = _link(websocket, texts)
    pump = asyncio.create_task(_pump(websocket, texts))
    old_age = asyncio.get_running_loop().call_later(limits.socket_s, sockets.refresh, "refresh_requested", [link])
    try:
        sockets.opened(link)
        async for text in websocket.iter_text():
            sockets.heard(link, text)
    finally:
        old_age.cancel()
        sockets.gone(link)
        pump.cancel()


def _link(websocket: WebSocket, texts: asyncio.Queue[str | None]) -> Link:
    """The connection as other threads may use it; once the server has stopped, they do so in vain."""
    loop = asyncio.get_running_loop()
    transport = _Connections.open.get((websocket.scope["server"], websocket.scope["client"]))

    def soon(work: Callable[..., object], *args: object) -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(work, *args)

    return Link(
        send=partial(soon, texts.put_nowait),
        later=lambda seconds: soon(loop.call_later, seconds, texts.put_nowait, None),
        cut=lambda: soon(transport.abort) if transport else None,
    )


async def _pump(websocket: WebSocket, texts: asyncio.Queue[str | None]) -> None:
    """Sends what is queued, in order; None closes."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (text := await texts.get()) is not None:
            await websocket.send_text(text)
        await websocket.close()


class _Cut(Response):
    """No answer at all: the connection is closed under the app's hands."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._transport = _Connections.open.get((request.scope["server"], request.scope["client"]))

    async def __call__(self, _scope: Any, receive: Callable[[], Awaitable[Mapping[str, Any]]], _send: Any) -> None:
        if self._transport is not None:
            self._transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def practice_app(routes: Sequence[BaseRoute]) -> ASGIApp:
    """The ASGI application of these paths."""
    return Starlette(routes=routes)
