"""users.*, team.info, auth.test and api.test: who is who."""

from typing import Any

from practice.api import METHODS, Args, SlackError, flag, method, text_arg
from practice.conversations import paged
from practice.payloads import user_shape
from practice.state import State

__all__: list[str] = []

Json = dict[str, Any]


@method("api.test", tier=4, needs_token=False)
def api_test(_: State, args: Args) -> Json:
    """Echoes its arguments, and the error it is asked for."""
    echo: Json = {"args": {key: value for key, value in args.items() if key != "token"}} if args else {}
    if error := text_arg(args, "error"):
        raise SlackError(error, **echo)
    return echo


@method("auth.test", tier=5)
def auth_test(state: State, _: Args) -> Json:
    """Tells whose token this is."""
    return {
        "url": f"https://{state.domain}.slack.com/",
        "team": state.team_name,
        "user": state.manifest.bot_name,
        "team_id": state.team_id,
        "user_id": state.bot_user_id,
        "bot_id": state.bot_id,
        "is_enterprise_install": False,
    }


@method("team.info", tier=3, scope="team:read")
def team_info(state: State, _: Args) -> Json:
    """Tells about the workspace."""
    icon = {"image_default": True}
    team = {"id": state.team_id, "name": state.team_name, "domain": state.domain, "email_domain": "", "icon": icon}
    return {"team": team}


@method("users.info", tier=4, scope="users:read", required={"user": "user_not_found"})
def info(state: State, args: Args) -> Json:
    """Tells about one person; those who left are given with deleted true."""
    user = state.users.get(text_arg(args, "user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user_shape(state, user, locale=flag(args, "include_locale"))}


@method("users.list", tier=2, scope="users:read")
def list_users(state: State, args: Args) -> Json:
    """Lists everybody, the bot among them."""
    page, cursor = paged([*state.users.values()], args, 200)
    members = [user_shape(state, user, locale=flag(args, "include_locale")) for user in page]
    return {"members": members, "cache_ts": int(state.clock.epoch()), "response_metadata": {"next_cursor": cursor}}


@method("users.lookupByEmail", tier=3, scope="users:read.email", required={"email": "invalid_arguments"})
def lookup_by_email(state: State, args: Args) -> Json:
    """Finds an active person by their e-mail address."""
    email = text_arg(args, "email").lower()
    found = (user for user in state.users.values() if user.email == email and not user.deleted and not user.is_bot)
    user = next(found, None)
    if user is None:
        raise SlackError("users_not_found")
    return {"user": user_shape(state, user)}


def known_methods() -> list[str]:
    """The names of all methods that this workspace plays."""
    return sorted(METHODS)
