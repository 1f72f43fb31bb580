"""Makes everything from the configuration and puts it together: the only module that knows everybody."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import cast

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from starlette.applications import Starlette

from bot import clock, now
from bot.config import Config, StartError, is_loopback
from bot.delivery import Delivery
from bot.jobs import JOBS, Job
from bot.now import Now
from bot.services import policy
from handlers.metrics import Counts
from handlers.slack import (
    answers,
    cards,
    clients,
    command,
    decide_through,
    edge,
    feedback,
    home,
    outbox,
    people,
    preferences,
    records,
    reminders,
    requirements,
    settings,
    setup,
    vote_through,
    votes,
    workspaces,
)
from handlers.slack.edge import SLACK_HOOKS, Edge
from handlers.slack.sender import SlackSender
from handlers.slack.sockets import Sockets
from handlers.web import app as web
from storage import migrations
from storage import workspaces as workspace_store
from storage.db import Database

log = structlog.get_logger(__name__)

FEATURES = (
    command,
    feedback,
    answers,
    votes,
    vote_through,
    requirements,
    decide_through,
    records,
    cards,
    home,
    settings,
    setup,
    preferences,
    reminders,
    outbox,
    people,
    workspaces,
)
SEND_TIMEOUT_S = 10
AT_ONCE = 1
"""How many messages are drawn or written down at once, while up to 64 are on their way to Slack."""

RESUME_EVERY = timedelta(seconds=5)
GESTURE_TIMEOUT_S = 2
"""Slack waits 3 seconds for a gesture's answer, our own call to Slack included."""


@dataclass(frozen=True)
class Install:
    """Whose bot we are, as Slack says."""

    team_id: str
    team: str
    bot_id: str
    bot_user_id: str


class Needline:
    """A running bot: web application, delivery, clock."""

    def __init__(self, config: Config) -> None:
        self.now: Now = now.practice(config.needline_clock_url) if config.needline_clock_url else now.system
        self._config = config
        self.database = ready_database(config.database_url)
        self.install = who_are_we(config)
        with self.database.begin() as session:
            if workspace_store.enter(session, self.install.team_id):
                log.info("workspace.resumed", team=self.install.team_id)
            if config.needline_admin:
                policy.appoint_first_admin(session, self.install.team_id, config.needline_admin, self.now())
        self._background = ThreadPoolExecutor(4, thread_name_prefix="background")
        self.edge = Edge(
            self.database,
            self.now,
            self._background,
            Counts(),
            self.install.team_id,
            self._token_works,
            (config.slack_api_url.removesuffix("api/"),) if is_loopback(config.slack_api_url) else SLACK_HOOKS,
        )
        self.edge.redraws.begin(partial(home.redraw, self.edge), partial(home.openers, self.edge))
        self.bolt = bolt_app(config, self.install, self.edge)
        for_messages = self.database.few(AT_ONCE)
        sender = SlackSender(for_messages, _client(config), self.now)
        settled = self.edge.counts.delivered
        self.delivery = Delivery(for_messages, sender, self.now, settled=settled, take_back=sender.take_back)
        self.scheduler: BackgroundScheduler | None = None
        self.sockets = open_door(config, self.bolt, self.edge.counts)
        self.web: Starlette = web.create(
            self.bolt,
            self.edge,
            self.start,
            self.stop,
            is_connected=lambda: self.sockets is None or self.sockets.open > 0,
            takes_requests=config.slack_signing_secret is not None,
        )

    def start(self) -> None:
        """Begin to deliver and to tick."""
        self.delivery.start()
        resume = Job("resume_delivery", RESUME_EVERY, self._resume)
        self.scheduler = clock.start(self.database, self.now, (*JOBS, resume))
        if self.sockets:
            self.sockets.start()
        log.info("started", team=self.install.team, database=self.database.url.get_backend_name())

    def _resume(self, database: Database, _now: datetime) -> None:
        """After we were uninstalled, ask now and then whether Slack takes our token again."""
        with database.read() as session:
            if self.install.team_id not in workspace_store.stopped(session):
                return
        if self._token_works():
            with database.begin() as session:
                workspace_store.enter(session, self.install.team_id)
            self.edge.counts.stopped.set(0)
            log.info("workspace.resumed", team=self.install.team_id)

    def _token_works(self) -> bool:
        try:
            who_are_we(self._config)
        except StartError:
            return False
        return True

    def stop(self) -> None:
        """Finish what is under way and close."""
        if self.sockets:
            self.sockets.stop()
        if self.scheduler:
            self.scheduler.shutdown()
        self.delivery.stop()
        self.edge.redraws.stop()
        self._background.shutdown(wait=True)
        self.database.close()
        log.info("stopped")


def ready_database(url: str) -> Database:
    """Open the database: SQLite is migrated at once, PostgreSQL must be (replicas start side by side)."""
    database = Database(url)
    if database.is_sqlite:
        migrations.upgrade(database)
    else:
        migrations.check(database)
    return database


def who_are_we(config: Config) -> Install:
    """Ask Slack once whose token this is. Raises StartError saying what to do when it is none."""
    try:
        answer = _client(config).auth_test()
    except SlackApiError as error:
        name = error.response.get("error")
        raise StartError(
            f"Slack does not take SLACK_BOT_TOKEN ({name}). Copy the Bot User OAuth Token (xoxb-…) "
            "from your app's page, “OAuth & Permissions”, and start again."
        ) from None
    except (SlackClientError, OSError) as error:
        raise StartError(f"Slack does not answer at {config.slack_api_url} ({type(error).__name__}).") from None
    return Install(answer["team_id"], answer["team"], answer["bot_id"], answer["user_id"])


def open_door(config: Config, bolt: App, counts: Counts) -> Sockets | None:
    """Prepare Socket Mode if there is a token for it. Raises StartError saying what to do if Slack does not take it."""
    if config.slack_app_token is None:
        return None
    token = config.slack_app_token.get_secret_value()
    sockets = Sockets(bolt, token, config.slack_api_url, counts, SEND_TIMEOUT_S)
    try:
        sockets.knock()
    except SlackApiError as error:
        raise StartError(
            f"Slack does not take SLACK_APP_TOKEN ({error.response.get('error')}). On your app's page turn on “Socket "
            "Mode”, make an app-level token (xapp-…) with the scope connections:write under “Basic Information”, and "
            "start again."
        ) from None
    return sockets


def _client(config: Config, timeout: int = SEND_TIMEOUT_S) -> WebClient:
    token = config.slack_bot_token.get_secret_value()
    return clients.client(token, config.slack_api_url, timeout)


def bolt_app(config: Config, install: Install, the_edge: Edge) -> App:
    """Return the Bolt app with all listeners. It answers Slack after the work is done and committed."""

    def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult | None:
        if team_id != install.team_id:
            return None  # Bolt then says that this workspace is not set up
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=config.slack_bot_token.get_secret_value(),
            bot_id=install.bot_id,
            bot_user_id=install.bot_user_id,
        )

    quiet = logging.getLogger("needline.bolt")
    quiet.setLevel(logging.ERROR)  # below that, Bolt quotes whole requests, signed or not
    app = edge.Listening(
        the_edge,
        logger=quiet,
        signing_secret=config.slack_signing_secret.get_secret_value() if config.slack_signing_secret else "",
        authorize=cast("Callable[..., AuthorizeResult]", authorize),  # Bolt takes None; its annotation does not say so
        client=clients.client(None, config.slack_api_url, GESTURE_TIMEOUT_S),
        process_before_response=True,
        user_facing_authorize_error_message="Needline is not set up for this workspace.",
    )
    edge.install(app, the_edge)
    for feature in FEATURES:
        feature.register(app)
    edge.register_last(app)
    return app
