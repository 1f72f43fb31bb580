"""The workspace's page: its files, what a person sees, and a stream that says when to look again."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from practice.backend import Backend
from practice.health import Health
from practice.page_sight import sight
from practice.state import State, User

__all__ = ["guarded", "page_routes"]

Endpoint = Callable[[Request], Awaitable[Response]]

FILES: Final = Path(__file__).parent / "page"
KINDS: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

# Scripts and styles come from here alone. Pictures may come from where a message says, as they do in Slack.
POLICY: Final = (
    "default-src 'self'; img-src 'self' data: https: http://127.0.0.1:* http://localhost:*; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

ALIVE_S: Final = 15.0
"""How often a silent stream shows that it lives, in seconds."""

_log: Final = logging.getLogger(__name__)


def page_routes(backend: Backend) -> list[Route]:
    """The page at /, its files under /page, and under /practice: me, stream and app."""
    state, health = backend.state, Health(backend)

    async def index(_: Request) -> Response:
        return _file("index.html")

    async def asset(request: Request) -> Response:
        return _file(request.path_params["name"])

    async def me(request: Request) -> Response:
        user = _who(state, request.query_params.get("as", ""))
        if user is None:
            return _unknown(f"Nobody here has the id {request.query_params.get('as', '')!r}.")
        channel = request.query_params.get("in", "") or state.dm(user.id).id
        shown = await run_in_threadpool(sight, backend, user, channel, health.trouble())
        if shown["unknown"]:
            _log.warning("%s looked for the conversation %r, which is not theirs", user.id, channel)
        return JSONResponse(shown, headers=HEADERS)

    async def stream(_: Request) -> Response:
        return StreamingResponse(_versions(state), media_type="text/event-stream", headers=HEADERS)

    async def app(_: Request) -> Response:
        return JSONResponse({"trouble": await run_in_threadpool(health.look_again)}, headers=HEADERS)

    return [
        Route("/", guarded(state, index)),
        Route("/page/{name}", guarded(state, asset)),
        Route("/practice/me", guarded(state, me)),
        Route("/practice/stream", guarded(state, stream)),
        Route("/practice/app", guarded(state, app)),
    ]


def guarded(state: State, endpoint: Endpoint) -> Endpoint:
    """Lets a request through only under this machine's own name, and not from another site's page.

    The first keeps out a foreign name that was pointed at this machine; the second, what a foreign page sends here.
    """

    async def guard(request: Request) -> Response:
        allowed = _own_hosts(state)
        origin = request.headers.get("origin")
        is_foreign = origin is not None and origin not in {f"http://{host}" for host in allowed}
        if request.headers.get("host") not in allowed or is_foreign:
            _log.warning("refused %s for %r from %r", request.url.path, request.headers.get("host"), origin)
            return JSONResponse({"ok": False, "error": "This is for the practice workspace's own page."}, 403)
        return await endpoint(request)

    return guard


def _own_hosts(state: State) -> set[str]:
    port = urlsplit(state.url).port
    return {f"127.0.0.1:{port}", f"localhost:{port}"}


def _who(state: State, user_id: str) -> User | None:
    """The person meant, or the first one when nobody is named."""
    people = (user for user in state.users.values() if not user.is_bot and not user.deleted)
    user = state.users.get(user_id) if user_id else next(people, None)
    return user if user and not user.is_bot else None


def _file(name: str) -> Response:
    """A file of the page; its name has no folders in it, so that nothing else can be reached."""
    kind = KINDS.get(Path(name).suffix)
    path = FILES / name
    if kind is None or path.parent != FILES or not path.is_file():
        return _unknown(f"The page has no file {name!r}.")
    return FileResponse(path, media_type=kind, headers=HEADERS)


def _unknown(sentence: str) -> Response:
    _log.warning("%s", sentence)
    return JSONResponse({"ok": False, "error": sentence}, 404, HEADERS)


async def _versions(state: State) -> AsyncIterator[str]:
    """Server-sent events: the version at once, then each later one that is still true when it can be sent."""
    version = state.changes.version
    yield f"retry: 1000\ndata: {version}\n\n"
    while not state.changes.closed:
        now = await state.changes.after(version, ALIVE_S)
        yield ": still here\n\n" if now == version else f"data: {now}\n\n"
        version = now
