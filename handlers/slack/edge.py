"""What all listeners share: the way to the database, who is speaking, and what people are told when something fails."""

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

import structlog
from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.listener_matcher import ListenerMatcher
from slack_bolt.listener_matcher.builtins import BuiltinListenerMatcher
from slack_bolt.middleware import Middleware
from slack_sdk import WebClient

from bot.domain.people import Actor
from bot.domain.refusals import Busy, Refused
from bot.i18n import FALLBACK, say
from bot.policy import PolicyUnreadableError
from handlers.metrics import Counts
from handlers.slack import clients, who
from handlers.slack.blocks.text import escape, section
from handlers.slack.redraws import SOON_S, Redraws
from storage import workspaces
from storage.db import Database

log = structlog.get_logger(__name__)

SLACK_HOOKS = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")
Payload = dict[str, Any]


WHISPER_S = 3
"""How long we wait for Slack to take an answer to a gesture."""


@dataclass(frozen=True)
class Edge:
    """What listeners work with. `hooks`: addresses a response_url may have. `background` sends what may be lost.

    `apps` are the ids of our app that were written down since we started.
    """

    database: Database
    now: Callable[[], datetime]
    background: Executor
    counts: Counts
    team_id: str
    token_works: Callable[[], bool]
    hooks: tuple[str, ...] = SLACK_HOOKS
    languages: who.Languages = field(default_factory=who.Languages)
    apps: set[str] = field(default_factory=set)
    redraws: Redraws = field(default_factory=Redraws)

    def whisper(self, body: Payload, text: str, blocks: list[Payload] | None = None) -> None:
        """Answer a gesture so that only its person sees it. Best effort, after the acknowledgement."""
        url = body.get("response_url") or ""
        if url.startswith(self.hooks):
            self.background.submit(_post, url, text, blocks)


def _post(url: str, text: str, blocks: list[Payload] | None) -> None:
    try:
        clients.webhook(url, WHISPER_S).send(
            text=text, blocks=blocks, response_type="ephemeral", replace_original=False
        )
    except OSError as error:
        log.warning("whisper.lost", error=type(error).__name__)


class Listening(App):
    """A Bolt app that notes how long Slack waits for its answers; strangers, who are turned away, do not count.

    When a gesture wrote something, the Home of whoever made it is drawn anew, after the answer and beside it. A
    listener that wrote nothing asks for that with `redraw_home`.
    """

    def __init__(self, edge: Edge, **settings: Any) -> None:
        super().__init__(**settings)
        self._edge = edge
        self._here = threading.local()
        edge.database.committed.append(self._note_commit)

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        """Answer one request."""
        began = time.perf_counter()
        self._here.committed = False
        response = super().dispatch(req)
        if response.status != HTTPStatus.UNAUTHORIZED:
            self._edge.counts.answered(kind_of(req.body), time.perf_counter() - began)
        if self._here.committed or _REDRAW in req.context:
            self._redraw_home(req)
        return response

    def _note_commit(self) -> None:
        self._here.committed = True

    def _redraw_home(self, req: BoltRequest) -> None:
        actor: Actor | None = req.context.get("actor")
        if actor is not None:
            stands_there = (req.body.get("view") or {}).get("type") == "home"
            client, within = req.context.client, 0 if stands_there else SOON_S
            self._edge.redraws.want(client, actor.user_id, within)


_REDRAW = "redraw_home"


def redraw_home(context: BoltContext) -> None:
    """Have the Home of who is speaking drawn anew, though nothing was written."""
    context[_REDRAW] = True


class _Look(ListenerMatcher):
    """Bolt's question whether a listener is meant, asked of the body alone.

    Bolt itself makes all arguments anew for every listener it asks, which cost more than the rest of a request.
    """

    def __init__(self, func: Callable[[Payload], bool]) -> None:
        self.func = func

    def matches(self, req: BoltRequest, resp: BoltResponse) -> bool:  # noqa: ARG002 - Bolt's names
        """Say whether it is meant."""
        return self.func(req.body)


def _ask_quickly(app: App) -> None:
    for listener in app._listeners:  # noqa: SLF001 - Bolt has no public way to them
        listener.matchers = [
            _Look(cast("Callable[[Payload], bool]", matcher.func))
            if isinstance(matcher, BuiltinListenerMatcher) and list(matcher.arg_names) == ["body"]
            else matcher
            for matcher in listener.matchers
        ]


def edge_of(context: BoltContext) -> Edge:
    """Return what the middleware put there."""
    edge: Edge = context["edge"]
    return edge


def actor_of(context: BoltContext) -> Actor:
    """Return who is speaking."""
    actor: Actor = context["actor"]
    return actor


def install(app: App, edge: Edge) -> None:
    """Register the middleware and the error handler. Listeners come after it, `register_last` at the very end."""
    app.use(_KnowWho(edge))

    @app.error
    def answer_failure(error: Exception, context: BoltContext, body: Payload, client: Any) -> BoltResponse:
        return _answer(error, context, body, client)


class _KnowWho(Middleware):
    """Puts who is speaking into the context. A class, for Bolt makes all arguments anew for each function it calls."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,  # noqa: ARG002 - Bolt's name
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt's name
    ) -> BoltResponse | None:
        """Look at a request before its listener does."""
        edge, context, body = self._edge, req.context, req.body
        context["edge"] = edge
        if body.get("type") == "app_rate_limited":
            edge.counts.requests.labels("app_rate_limited", "counted").inc()
            log.warning("slack.app_rate_limited", minute=body.get("minute_rate_limited"))
            return BoltResponse(status=200)
        kind = kind_of(body)
        edge.counts.requests.labels(kind, "received").inc()
        _learn_app(edge, body)
        if kind != "event":
            client = context.client
            context["actor"] = who.actor(edge.database, client, body, edge.languages, edge.background, edge.team_id)
            if who.is_from_elsewhere(body, edge.team_id):
                raise Refused("refused.elsewhere")
        return next()


def _learn_app(edge: Edge, body: Payload) -> None:
    """Write our app's id down once a request names it: links to our Home need it. The request does not wait for it."""
    app_id = body.get("api_app_id")
    if isinstance(app_id, str) and app_id not in edge.apps:
        edge.apps.add(app_id)
        with suppress(RuntimeError):  # while we stop, the background takes nothing new
            edge.background.submit(_name_app, edge, app_id)


def _name_app(edge: Edge, app_id: str) -> None:
    try:
        with edge.database.read() as session:
            known = workspaces.app_id(session, edge.team_id)
        if known != app_id:
            with edge.database.begin(quiet=True) as session:
                workspaces.name_app(session, edge.team_id, app_id)
    except Busy:
        edge.apps.discard(app_id)  # the next request brings it again


def register_last(app: App) -> None:
    """Catch what no listener knows: buttons and forms of former versions, events we did not ask for."""
    anything = re.compile(".*", re.DOTALL)

    @app.event(anything)
    def unknown_event(body: Payload, context: BoltContext) -> None:
        _count_unknown("event", str(body.get("event", {}).get("type")), context)

    @app.command(anything)
    def unknown_command(body: Payload, context: BoltContext) -> None:
        _count_unknown("command", str(body["command"]), context)
        raise Refused("stale.gesture")

    @app.action(anything)
    @app.shortcut(anything)
    def stale_gesture(body: Payload, context: BoltContext) -> None:
        _count_unknown(kind_of(body), str(body.get("callback_id", "")), context)
        raise Refused("stale.gesture")

    @app.view(anything)
    def stale_view(body: Payload, context: BoltContext) -> None:
        _count_unknown("view", body["view"]["callback_id"], context)
        raise Refused("stale.view")

    @app.options(anything)
    def stale_options(ack: Any, context: BoltContext) -> None:
        _count_unknown("options", "", context)
        ack(options=[])

    _ask_quickly(app)


def _count_unknown(kind: str, name: str, context: BoltContext) -> None:
    edge_of(context).counts.requests.labels(kind, "unknown").inc()
    log.info("slack.unknown", kind=kind, name=name)


def kind_of(body: Payload) -> str:
    """Return what sort of request it is: event, command, or the interaction's type."""
    if "command" in body:
        return "command"
    return "event" if "event" in body else str(body.get("type", "unknown"))


def _locale(context: BoltContext) -> str:
    actor: Actor | None = context.get("actor")
    return actor.locale if actor else FALLBACK


def _answer(error: Exception, context: BoltContext, body: Payload, client: Any) -> BoltResponse:
    kind = kind_of(body)
    edge = edge_of(context) if "edge" in context else None
    refused = isinstance(error, Refused)
    if edge:
        edge.counts.requests.labels(kind, "refused" if refused else "failed").inc()
    if kind == "event":
        log.error("event.failed", reason=type(error).__name__, exc_info=None if refused else error)
        return BoltResponse(status=500, body="")  # Slack will bring it again
    return _tell(kind, _sentence(error, kind, _locale(context)), error, body, client, edge)


def _sentence(error: Exception, kind: str, locale: str) -> str:
    """Return the refusal's sentence; for what we did not foresee, one with a reference that stands in the log."""
    if isinstance(error, Refused):
        return refusal(error, locale)
    if isinstance(error, PolicyUnreadableError):
        log.error("settings.unreadable", kind=kind, reason=str(error))
        return say(locale, "failed.settings")
    reference = uuid4().hex[:8]
    log.error("gesture.failed", reference=reference, kind=kind, reason=type(error).__name__, exc_info=error)
    key = "failed.busy" if isinstance(error, Busy) else "failed.ours"
    return say(locale, key, reference=reference)


def refusal(error: Refused, locale: str) -> str:
    """Return a refusal in a language; parameters that are names of ours are put into that language too."""
    params = dict(error.params)
    for name, catalogue in (("before", "status"), ("to", "status"), ("result", "result")):
        if name in params:
            params[name] = say(locale, f"{catalogue}.{params[name]}")
    return say(locale, error.key, **params)


def _tell(kind: str, sentence: str, error: Exception, body: Payload, client: Any, edge: Edge | None) -> BoltResponse:
    if kind == "view_submission":
        return _json(_view_answer(body["view"], error.field if isinstance(error, Refused) else None, sentence))
    if kind == "command":
        typed = str(body.get("text") or "")  # arrives escaped; given back, so that nothing typed is lost
        quoted = f"\n> {typed}" if typed and not isinstance(error, Refused) else ""
        return _json({"response_type": "ephemeral", "text": escape(sentence) + quoted})
    if kind == "block_suggestion":
        return _json({"options": []})
    if edge and body.get("response_url"):
        edge.whisper(body, escape(sentence))
    elif edge and body.get("trigger_id"):
        edge.background.submit(_show, client, body, sentence)
    return BoltResponse(status=200, body="")


def _view_answer(view: Payload, field: str | None, sentence: str) -> Payload:
    """Keep the form open with the sentence at the field; a view without fields shows the sentence instead."""
    block = _block(view, field)
    if block is None:
        return {"response_action": "update", "view": _small_view(sentence)}
    return {"response_action": "errors", "errors": {block: sentence}}


def _block(view: Payload, field: str | None) -> str | None:
    """Return the block an error belongs to: the field's (its id may carry more after a colon), else the first input."""
    inputs = [str(block["block_id"]) for block in view["blocks"] if block["type"] == "input"]
    named = [block_id for block_id in inputs if field and block_id.split(":")[0] == field]
    return next(iter(named or inputs), None)


def _json(body: Payload) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(body), headers={"Content-Type": ["application/json"]})


def _show(client: WebClient, body: Payload, sentence: str) -> None:
    """Say it in a small modal: the gesture left us no other place. Over an open form, so that its words stay.

    Where Slack opens none any more, it is said in our direct message with the person.
    """
    over_a_form = (body.get("view") or {}).get("type") == "modal"
    show = client.views_push if over_a_form else client.views_open
    try:
        show(trigger_id=body["trigger_id"], view=_small_view(sentence))
    except Exception as error:  # noqa: BLE001 - best effort; the refusal itself is logged
        log.warning("refusal.not_shown", error=type(error).__name__)
        with suppress(Exception):
            client.chat_postMessage(channel=body["user"]["id"], text=escape(sentence))


def _small_view(sentence: str) -> Payload:
    return {"type": "modal", "title": {"type": "plain_text", "text": "Needline"}, "blocks": [section(escape(sentence))]}
