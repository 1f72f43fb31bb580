"""The web server: Slack's requests, and the pages that tell how we are."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import anyio.to_thread
import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.domain.refusals import Busy
from handlers.metrics import page
from handlers.slack.edge import Edge
from storage import migrations, outbox

log = structlog.get_logger(__name__)

LARGEST = 1024 * 1024
"""Slack's largest payload, a view of 250 KB sent as a form, stays well under this many bytes."""

THREADS = 64
"""How many requests are worked on at once."""


def create(
    bolt: App,
    edge: Edge,
    start: Callable[[], None],
    stop: Callable[[], None],
    *,
    is_connected: Callable[[], bool] = lambda: True,
    takes_requests: bool = True,
) -> Starlette:
    """Return the web application; it starts and stops the rest of the bot with itself.

    Over Socket Mode it is ready while `is_connected`. Without a signing secret it cannot know who sends a request, and
    `takes_requests` from nobody.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        start()
        yield
        await run_in_threadpool(stop)

    async def slack(request: Request) -> Response:
        return await _answer(bolt, edge, request) if takes_requests else _not_here(edge)

    async def ready(_request: Request) -> Response:
        return await run_in_threadpool(_ready, edge, is_connected)

    async def metrics(_request: Request) -> Response:
        told = await run_in_threadpool(page, edge.counts, edge.database, edge.now)
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/slack/events", slack, methods=["POST"]),
        Route("/healthz", _healthy),
        Route("/readyz", ready),
        Route("/metrics", metrics),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _answer(bolt: App, edge: Edge, request: Request) -> Response:
    """Let Bolt answer Slack, in a thread."""
    body = await _body(request)
    if body is None:
        return PlainTextResponse("The request is too large.", 413)
    try:
        bolt_request = to_bolt_request(request, body)
    except (ValueError, TypeError, AttributeError):  # Bolt reads the body before it looks at the signature
        return PlainTextResponse("The body is not what Slack sends.", 400)
    answer = await run_in_threadpool(bolt.dispatch, bolt_request)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        edge.counts.requests.labels("unsigned", "refused").inc()
        log.warning("slack.bad_signature")
    return to_starlette_response(answer)


def _not_here(edge: Edge) -> Response:
    edge.counts.requests.labels("unsigned", "refused").inc()
    return PlainTextResponse("This bot takes requests through Socket Mode only.", 404)


async def _body(request: Request) -> bytes | None:
    """Return the body, None when it is larger than anything Slack sends."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


async def _healthy(_request: Request) -> Response:
    """The process lives."""
    return JSONResponse({"ok": True})


def _ready(edge: Edge, is_connected: Callable[[], bool]) -> Response:
    """The database answers and is migrated, and Slack can reach us."""
    if not is_connected():
        return JSONResponse({"ok": False, "reason": "sockets"}, 503)
    try:
        migrations.check(edge.database)
        with edge.database.read() as session:
            waiting = outbox.depth(session)
    except (Busy, migrations.NotMigratedError) as error:
        return JSONResponse({"ok": False, "reason": type(error).__name__}, 503)
    except Exception:  # noqa: BLE001 - not ready, whatever it is; the log of requests has the cause
        return JSONResponse({"ok": False, "reason": "database"}, 503)
    return JSONResponse({"ok": True, "outbox": waiting})
