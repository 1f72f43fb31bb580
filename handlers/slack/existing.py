"""Asking Slack whether the channels and people that a form names are there. Before any transaction, and briefly.

What Slack does not answer in time is believed: the form came from its own pickers.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, wait
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.refusals import Refused
from handlers.slack import who
from storage.people import Profile

PEOPLE_S = 1.5
"""How long all look-ups of people together may take."""

AT_ONCE = 8
_BOT_OF_SLACK = "USLACKBOT"

Payload = dict[str, Any]


def is_member(client: WebClient, channel: str, field: str | None = None) -> bool | None:
    """Say whether we are in a channel; None when Slack does not tell. Raises Refused when there is none, or archived.

    Of a private channel that we are not in Slack says that there is none.
    """
    try:
        found = who.quick(client).conversations_info(channel=channel)["channel"]
    except SlackApiError as error:
        if error.response.get("error") == "channel_not_found":
            raise Refused("refused.channel_unknown", field=field) from None
        return None
    except (SlackClientError, OSError, HTTPException, KeyError):
        return None
    if found.get("is_archived"):
        raise Refused("refused.channel_archived", field=field)
    return bool(found.get("is_member"))


def profiles(client: WebClient, team_id: str, named: Collection[tuple[str, str]]) -> list[Profile]:
    """Return what Slack says of people we do not know: pairs of id and field. Raises Refused for who cannot take part.

    Who left, an app, somebody of another workspace, nobody at all.
    """
    quick, pool = who.quick(client), ThreadPoolExecutor(AT_ONCE)
    asked = {pool.submit(_ask, quick, user_id): (user_id, field) for user_id, field in sorted(named)}
    wait(asked, timeout=PEOPLE_S)
    pool.shutdown(wait=False, cancel_futures=True)
    answers = {asked[one]: one.result() for one in asked if one.done() and not one.cancelled()}
    return [
        _checked(answer, team_id, user_id, field) for (user_id, field), answer in answers.items() if answer is not None
    ]


def _ask(client: WebClient, user_id: str) -> Payload | None:
    """Return Slack's user object, an empty one for nobody; None when Slack does not tell."""
    try:
        found: Payload = client.users_info(user=user_id, include_locale=True)["user"]
    except SlackApiError as error:
        return {} if error.response.get("error") == "user_not_found" else None
    except (SlackClientError, OSError, HTTPException, KeyError):
        return None
    return found


def _checked(user: Payload, team_id: str, user_id: str, field: str) -> Profile:
    if not user:
        raise Refused("refused.person_unknown", field=field, person=user_id)
    found = who.profile(user)
    if found.deleted:
        raise Refused("refused.person_gone", field=field, name=found.name)
    elsewhere = user.get("team_id") not in {None, team_id} and not user.get("enterprise_user")
    if user.get("is_bot") or user_id == _BOT_OF_SLACK or elsewhere:
        raise Refused("refused.person_unfit", field=field, name=found.name)
    return found
