"""The servers of the bench, each a process of its own: the bot as it is, and floors that do the same with least code.

`python -m bench.serve KIND DATABASE_URL SLACK_API_URL` prints the port it listens on. `GET /bench/cpu` tells the
seconds of processor time used so far.
"""

import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.signing import PATH, SECRET, signature

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Callable[[], Awaitable[Scope]], Callable[[Scope], Awaitable[None]]], Awaitable[None]]
TOKEN = "xoxb-bench"  # noqa: S105 - nobody's


def bot(url: str, slack: str) -> Asgi:
    """Return the whole bot: `needline run`, but for one thing: it serves every workspace of the bench."""
    from slack_bolt.authorization import AuthorizeResult
    from slack_bolt.authorization.authorize import CallableAuthorize
    from slack_bolt.middleware.authorization import MultiTeamsAuthorization

    from bot import logs
    from bot.app import Needline
    from bot.config import Config

    logs.set_up("json")
    facts = {"slack_bot_token": TOKEN, "slack_signing_secret": SECRET}
    needline = Needline(Config.model_validate({**facts, "slack_api_url": slack, "database_url": url}))

    def anybody(team_id: str) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=team_id, bot_token=TOKEN, bot_id="B0", bot_user_id="U0")

    for middleware in needline.bolt._middleware_list:  # noqa: SLF001 - the bot itself serves one workspace only
        if isinstance(middleware, MultiTeamsAuthorization):
            middleware.authorize = CallableAuthorize(logger=logging.getLogger("needline.bolt"), func=anybody)
    return needline.web


def starlette(_url: str, _slack: str) -> Asgi:
    """Return Starlette and the check of the signature: the floor of a request."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        moment = request.headers["x-slack-request-timestamp"].encode()
        good = signature(SECRET, moment, body).decode() == request.headers["x-slack-signature"]
        fresh = abs(time.time() - int(moment)) < 300  # noqa: PLR2004 - Slack's five minutes
        return Response(b"", HTTPStatus.OK if good and fresh else HTTPStatus.UNAUTHORIZED)

    return Starlette(routes=[Route(PATH.decode(), answer, methods=["POST"])])


def bolt(_url: str, _slack: str, listen: Callable[[Any], None] | None = None) -> Asgi:
    """Return an empty Bolt app behind the same web server as the bot's; `listen` may do some work before the ack."""
    import anyio.to_thread
    from slack_bolt import App
    from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
    from slack_bolt.authorization import AuthorizeResult
    from starlette.concurrency import run_in_threadpool

    def anybody(team_id: str) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=team_id, bot_token=TOKEN, bot_id="B0", bot_user_id="U0")

    quiet = logging.getLogger("bench.bolt")
    quiet.setLevel(logging.ERROR)
    app = App(logger=quiet, signing_secret=SECRET, authorize=anybody, process_before_response=True)

    def take(ack: Any, body: dict[str, Any]) -> None:
        if listen:
            listen(body)
        ack()

    app.command("/feedback")(take)
    app.view("feedback_file")(take)
    app.action("vote_approve")(take)

    async def answer(request: Request) -> Response:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 64
        bolt_request = to_bolt_request(request, await request.body())
        return to_starlette_response(await run_in_threadpool(app.dispatch, bolt_request))

    return Starlette(routes=[Route(PATH.decode(), answer, methods=["POST"])])


def filing(url: str, slack: str) -> Asgi:
    """Return the empty Bolt app that files through the raw driver, one transaction a form."""
    from bench.floors import Floor

    return bolt(url, slack, Floor(url).file)


def voting(url: str, slack: str) -> Asgi:
    """Return the empty Bolt app that votes through the raw driver, one transaction a press."""
    from bench.floors import Floor

    return bolt(url, slack, Floor(url).vote)


KINDS = {"bot": bot, "starlette": starlette, "bolt": bolt, "filing": filing, "voting": voting}


def metered(app: Asgi) -> Asgi:
    """Return an application that also tells how much processor time this process has used."""

    async def answer(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/bench/cpu":
            await Response(json.dumps(time.process_time()))(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer


def main() -> None:
    """Serve until told to stop."""
    kind, url, slack = sys.argv[1:]
    config = uvicorn.Config(metered(KINDS[kind](url, slack)), port=0, ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    startup = server.startup

    async def tell(sockets: Any = None) -> None:
        await startup(sockets)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)

    server.startup = tell  # type: ignore[method-assign]
    server.run()


if __name__ == "__main__":
    main()
