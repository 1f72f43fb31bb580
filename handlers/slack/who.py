"""Who is speaking, and in which language. People new to us are looked up at Slack, before any transaction."""

import time
from concurrent.futures import Executor
from http.client import HTTPException
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.domain.people import Actor
from bot.domain.refusals import Busy
from bot.i18n import FALLBACK, locale_of
from handlers.slack import clients
from storage import people
from storage.db import Database
from storage.people import Profile

log = structlog.get_logger(__name__)

LOOKUP_S = 0.8
"""How long a look-up may take of the 3 seconds Slack gives us."""

Payload = dict[str, Any]


FRESH_S = 60.0
"""How long we go by the language we know of somebody: what they chose in another replica counts after that."""


class Languages:
    """Each person's language as we last knew it: for a minute, and for when the database cannot tell."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, float]] = {}

    def fresh(self, team_id: str, user_id: str) -> str | None:
        """Return a language the database told within the last minute."""
        locale, until = self._known.get((team_id, user_id), (None, 0.0))
        return locale if time.monotonic() < until else None

    def last(self, team_id: str, user_id: str) -> str:
        """Return the language we last knew of, English without one."""
        return self._known.get((team_id, user_id), (FALLBACK, 0.0))[0]

    def learn(self, team_id: str, user_id: str, locale: str, *, fresh: bool) -> None:
        """Note a language; `fresh` when the database told it."""
        self._known[team_id, user_id] = (locale, time.monotonic() + FRESH_S if fresh else 0.0)

    def forget(self, team_id: str, user_id: str) -> None:
        """Ask the database next time: somebody's language may be another one now."""
        self.learn(team_id, user_id, self.last(team_id, user_id), fresh=False)


def actor(
    database: Database, client: WebClient, body: Payload, languages: Languages, later: Executor, home: str
) -> Actor:
    """Return the person behind a command or interaction. When nobody can tell us their language, English.

    Who is new is remembered `later`, beside the gesture: its own transaction needs the time there is. Who is not of our
    workspace, `home`, is not remembered.
    """
    team_id, user_id = ids(body)
    fresh = languages.fresh(team_id, user_id)
    if fresh:
        return Actor(team_id, user_id, fresh)
    try:
        with database.read() as session:
            known = people.known_language(session, team_id, user_id)
    except Busy:
        return Actor(team_id, user_id, languages.last(team_id, user_id))
    later_here = None if is_from_elsewhere(body, home) else later
    locale = known or _looked_up(database, client, team_id, user_id, later_here)
    languages.learn(team_id, user_id, locale, fresh=known is not None)
    return Actor(team_id, user_id, locale)


def _looked_up(database: Database, client: WebClient, team_id: str, user_id: str, later: Executor | None) -> str:
    found = look_up(client, user_id)
    if found and later:
        later.submit(remember, database, team_id, found)
    return found.locale if found else FALLBACK


def introduce(database: Database, client: WebClient, team_id: str, user_id: str) -> Profile | None:
    """Look up a person who is new to us and remember them; None when Slack does not tell."""
    found = look_up(client, user_id)
    if found:
        remember(database, team_id, found)
    return found


def ids(body: Payload) -> tuple[str, str]:
    """Return team id and user id of a command or an interaction."""
    if "user_id" in body:
        return body["team_id"], body["user_id"]
    user = body["user"]
    return (body.get("team") or {}).get("id") or user["team_id"], user["id"]


def is_from_elsewhere(body: Payload, team_id: str) -> bool:
    """Say whether a person comes from another workspace through a shared channel. Inside one enterprise all belong."""
    home = (body.get("user") or {}).get("team_id") if isinstance(body.get("user"), dict) else None
    return home not in {None, team_id} and not body.get("enterprise")


def quick(client: WebClient) -> WebClient:
    """Return a client that waits at most LOOKUP_S, for what a gesture asks of Slack on its way."""
    return clients.client(client.token, client.base_url, LOOKUP_S)


def look_up(client: WebClient, user_id: str) -> Profile | None:
    """Ask Slack about a person, for at most LOOKUP_S; None when it does not answer."""
    user = ask(client, user_id)
    return profile(user) if user else None


def ask(client: WebClient, user_id: str) -> Payload | None:
    """Return Slack's user object, likewise."""
    try:
        user: Payload = quick(client).users_info(user=user_id, include_locale=True)["user"]
    except (SlackClientError, OSError, HTTPException, KeyError) as error:
        log.info("who.unknown", user=user_id, reason=type(error).__name__)
        return None
    return user


def is_outsider(user: Payload, team_id: str) -> bool:
    """Say whether Slack's user object is of a guest, an app, or somebody of another workspace.

    Inside one enterprise all belong who are in our workspace too.
    """
    teams = {user.get("team_id", team_id), *(user.get("enterprise_user") or {}).get("teams", ())}
    is_guest = bool(user.get("is_restricted") or user.get("is_ultra_restricted"))
    return is_guest or bool(user.get("is_bot")) or team_id not in teams


def profile(user: Payload) -> Profile:
    """Read Slack's user object."""
    shown = user.get("profile", {})
    name = shown.get("display_name") or shown.get("real_name") or user.get("real_name") or user.get("name")
    return Profile(
        user_id=user["id"],
        name=name or user["id"],
        locale=locale_of(user.get("locale")),
        timezone=user.get("tz") or "UTC",
        deleted=bool(user.get("deleted")),
    )


def remember(database: Database, team_id: str, found: Profile) -> None:
    """Write down what Slack says of a person, unless the database is busy: their next gesture does it then."""
    try:
        with database.begin() as session:
            people.save(session, team_id, found)
    except Busy:
        log.info("who.not_remembered", user=found.user_id)
