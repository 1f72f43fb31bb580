"""What Slack tells of our health, for `needline doctor`: token, scopes, clock, channels, people."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.config import Config
from bot.domain.findings import Finding, broken, warning, well
from bot.policy import CHANNELS, Policy
from bot.services.checkup import compare_clocks
from handlers.slack import clients

TIMEOUT_S = 10
ASKED = 60
"""Of how many people we ask at most: Slack answers about a hundred such questions a minute."""

_APPLY = "in Settings, in Needline's Home"
_BECOME = (
    "Open Needline's Home as an admin of the Slack workspace, or put a member id into NEEDLINE_ADMIN and start the bot "
    "again: both make an admin while there is none (`people.admins`)."
)


@dataclass(frozen=True)
class Told:
    """What auth.test told: the workspace when our token is good, and what there is to say."""

    team_id: str | None
    findings: list[Finding]


def token(config: Config, scopes: Collection[str] | None, machine: Callable[[], datetime]) -> Told:
    """Look at the token, its scopes (`scopes` are those of our manifest, None when it is not there), and the clock."""
    try:
        answer = _client(config).auth_test()
    except SlackApiError as error:
        return Told(None, [_bad_token(str(error.response.get("error"))), _clock(error.response, machine())])
    except (SlackClientError, OSError, HTTPException) as error:
        return Told(None, [_no_answer(config, error)])
    good = well("token", f"The token is that of {answer['user']} in {answer['team']} ({answer['team_id']}).")
    return Told(str(answer["team_id"]), [good, _scopes(answer, scopes), _clock(answer, machine())])


def _bad_token(error: str) -> Finding:
    return broken(
        "token",
        f"Slack does not take SLACK_BOT_TOKEN ({error}).",
        "Copy the Bot User OAuth Token (xoxb-…) from your app's page, “OAuth & Permissions”, into the environment.",
    )


def _no_answer(config: Config, error: Exception) -> Finding:
    return broken(
        "slack",
        f"Slack does not answer at {config.slack_api_url} ({type(error).__name__}).",
        "Look at this machine's network and proxy, and at SLACK_API_URL.",
    )


def _header(answer: Any, name: str) -> str | None:
    headers = {key.lower(): value for key, value in (answer.headers or {}).items()}
    value = headers.get(name)
    return value[0] if isinstance(value, list) else value


def _scopes(answer: Any, wanted: Collection[str] | None) -> Finding:
    told = _header(answer, "x-oauth-scopes")
    if wanted is None or told is None:
        return warning(
            "scopes",
            "The scopes could not be compared: manifest.json is not beside the program, or Slack named none.",
            "Compare them by hand on your app's page, “OAuth & Permissions”.",
        )
    missing = sorted(set(wanted) - {scope.strip() for scope in told.split(",")})
    if not missing:
        return well("scopes", f"All {len(wanted)} scopes of the manifest are granted.")
    return broken(
        "scopes",
        f"Scopes are missing: {', '.join(missing)}.",
        "Put the newest manifest.json into your app's page, “App Manifest”, and install the app again.",
    )


def _clock(answer: Any, machine: datetime) -> Finding:
    told = _header(answer, "date")
    return compare_clocks("Slack's", parsedate_to_datetime(told).astimezone(UTC) if told else None, machine)


def app_token(config: Config) -> list[Finding]:
    """Ask for an address of Socket Mode, if that is how we are connected; it is not used."""
    if config.slack_app_token is None:
        return []
    client = clients.client(None, config.slack_api_url, TIMEOUT_S)
    try:
        client.apps_connections_open(app_token=config.slack_app_token.get_secret_value())
    except SlackApiError as error:
        return [
            broken(
                "app token",
                f"Slack does not take SLACK_APP_TOKEN ({error.response.get('error')}).",
                "Turn on “Socket Mode” on your app's page, and make an app-level token with connections:write.",
            )
        ]
    except (SlackClientError, OSError, HTTPException) as error:
        return [_no_answer(config, error)]
    return [well("app token", "Slack takes the app token, and Socket Mode is on.")]


def places(config: Config, policy: Policy) -> list[Finding]:
    """Look at the channels of the policy."""
    client = _client(config)
    return [_place(client, name, policy.channels.of(name)) for name in CHANNELS]


def _place(client: WebClient, name: str, channel: str | None) -> Finding:
    if channel is None:
        return _no_place(name)
    try:
        told = client.conversations_info(channel=channel)["channel"]
    except SlackApiError as error:
        return _lost_place(name, channel, str(error.response.get("error")))
    except (SlackClientError, OSError, HTTPException) as error:
        return _unasked("channels", type(error).__name__)
    here = f"The {name} channel #{told.get('name', channel)} ({channel})"
    if told.get("is_archived"):
        return broken("channels", f"{here} is archived.", f"Unarchive it, or set another one {_APPLY}.")
    if not told.get("is_member"):
        return broken("channels", f"Needline is not in {here[0].lower()}{here[1:]}.", "Type /invite @Needline there.")
    return well("channels", f"{here} is there, with Needline in it.")


def _no_place(name: str) -> Finding:
    if name == "triage":
        return warning(
            "channels",
            "No triage channel is set, so cards wait.",
            f"Choose one {_APPLY} (`channels.triage`); the cards follow by themselves.",
        )
    return well("channels", f"No {name} channel is set, so no digest is posted.")


def _lost_place(name: str, channel: str, error: str) -> Finding:
    if error != "channel_not_found":
        return _unasked("channels", error)
    return broken(
        "channels",
        f"The {name} channel {channel} does not exist, or is private without Needline in it.",
        f"Type /invite @Needline there, or set another one {_APPLY}.",
    )


def _unasked(check: str, error: str) -> Finding:
    return warning(check, f"Slack did not say how it is ({error}).", "Mend what else is found here, then ask again.")


def people(config: Config, policy: Policy) -> list[Finding]:
    """Look at who is named by the policy: whether they are still here, and whether enough of them are."""
    roles = _roles(policy)
    client = _client(config)
    gone: dict[str, str] = {}
    for user_id in sorted(roles)[:ASKED]:
        try:
            how = _how(client, user_id)
        except SlackApiError as error:
            return [_unasked("people", str(error.response.get("error")))]
        except (SlackClientError, OSError, HTTPException) as error:
            return [_unasked("people", type(error).__name__)]
        if how:
            gone[user_id] = how
    return [*_gone(roles, gone), *_needed(policy, set(gone)), _quorum(policy, set(gone))]


def _roles(policy: Policy) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for table in ("people", "departments"):
        for role, members in getattr(policy, table):
            for member in members:
                roles.setdefault(member, []).append(f"{table}.{role}")
    return roles


def _how(client: WebClient, user_id: str) -> str:
    """Return what keeps somebody from taking part; nothing for most."""
    try:
        user = client.users_info(user=user_id)["user"]
    except SlackApiError as error:
        if error.response.get("error") in {"user_not_found", "user_not_visible"}:
            return "is nobody Slack knows here"
        raise
    if user.get("deleted"):
        return "was deactivated"
    return "is a bot" if user.get("is_bot") else ""


def _gone(roles: dict[str, list[str]], gone: dict[str, str]) -> Iterator[Finding]:
    if not roles:
        yield well("people", "The settings name nobody yet.")
    elif not gone:
        asked = min(len(roles), ASKED)
        yield well("people", f"{asked} of {len(roles)} people named in the settings were looked up; all are there.")
    for user_id, how in gone.items():
        named = ", ".join(roles[user_id])
        yield warning("people", f"{user_id} ({named}) {how}.", f"Take them out of {named} {_APPLY}.")


def _needed(policy: Policy, gone: set[str]) -> Iterator[Finding]:
    """Somebody must hear what cannot be delivered, and somebody decide."""
    admins, managers = set(policy.people.admins), {*policy.people.managers, *policy.people.admins}
    if not admins - gone:
        told = broken if admins else warning
        yield told("people", "There are no admins, so nobody hears what cannot be delivered.", _BECOME)
    if not managers - gone:
        told = broken if managers else warning
        yield told("people", "There are no managers, so nobody decides.", f"Name some {_APPLY} (`people.managers`).")


def _quorum(policy: Policy, gone: set[str]) -> Finding:
    here = policy.reviewers() - gone
    silent = [name for name in policy.vote.departments if not set(getattr(policy.departments, name)) - gone]
    if not policy.reviewers():
        do = f"Name some {_APPLY} (`people.reviewers`, `departments`)."
        return warning("quorum", "There are no reviewers, so nobody votes.", do)
    if len(here) < policy.vote.quorum:
        return broken(
            "quorum",
            f"A vote needs {policy.vote.quorum} voices, but only {len(here)} of the reviewers are there.",
            f"Lower `vote.quorum` or name more reviewers {_APPLY}.",
        )
    if silent:
        return broken(
            "quorum",
            f"A vote needs a voice of {', '.join(silent)}, but nobody is there.",
            f"Name somebody there, or take it out of `vote.departments` {_APPLY}.",
        )
    return well("quorum", f"A vote needs {policy.vote.quorum} voices; of the reviewers {len(here)} are there.")


def _client(config: Config) -> WebClient:
    return clients.client(config.slack_bot_token.get_secret_value(), config.slack_api_url, TIMEOUT_S)
