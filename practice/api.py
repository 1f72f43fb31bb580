"""The Web API's front door: token, scopes, required arguments, limits; then the method's own function."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from practice.state import Conversation, State

__all__ = [
    "METHODS",
    "Args",
    "Method",
    "SlackError",
    "call_method",
    "decoded",
    "flag",
    "method",
    "number",
    "problems_error",
    "require_scope",
    "text_arg",
    "visible",
]

Args = Mapping[str, Any]
Json = dict[str, Any]
Handler = Callable[[State, Args], Json]


class SlackError(Exception):
    """An answer with ok false. `details` are further keys of the answer; `retry_after` (seconds) makes it a 429."""

    def __init__(self, error: str, *, retry_after: int | None = None, **details: Any) -> None:
        super().__init__(error)
        self.error = error
        self.retry_after = retry_after
        self.details = details


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method: its function, rate tier, required scopes, and the error for each missing required argument.

    `app_level` methods take the app's token instead of the bot's.
    """

    run: Handler
    tier: int
    scope: str | None = None
    required: Mapping[str, str] = field(default_factory=dict)
    needs_token: bool = True
    app_level: bool = False


METHODS: Final[dict[str, Method]] = {}


def method(
    name: str,
    *,
    tier: int,
    scope: str | None = None,
    required: Mapping[str, str] | None = None,
    needs_token: bool = True,
    app_level: bool = False,
) -> Callable[[Handler], Handler]:
    """Registers a function as a Web API method. `required` maps arguments to the error that answers their absence."""

    def register(run: Handler) -> Handler:
        METHODS[name] = Method(run, tier, scope, required or {}, needs_token, app_level)
        return run

    return register


def call_method(state: State, name: str, args: Args, token: str | None) -> Json:
    """Answers one call; the caller holds the lock.

    Raises:
        SlackError: Slack would answer ok false.
    """
    known = METHODS.get(name)
    if known is None:
        state.problems.append(f"the app called {name}, which this workspace does not know")
        raise SlackError("unknown_method", req_method=name)
    if known.needs_token:
        _check_token(state, token, app_level=known.app_level)
    if wait := state.limits.wait_for_method(name, known.tier):
        raise SlackError("ratelimited", retry_after=wait)
    if known.scope:
        require_scope(state, known.scope)
    for argument, error in known.required.items():
        if args.get(argument) in (None, ""):
            _missing(argument, error)
    return known.run(state, args)


def require_scope(state: State, scope: str) -> None:
    """Refuses with missing_scope unless the installed app has the scope."""
    if scope not in state.manifest.scopes:
        raise SlackError("missing_scope", needed=scope, provided=",".join(state.manifest.scopes))


def problems_error(error: str, problems: list[str]) -> SlackError:
    """The error with Slack's list of what is wrong with blocks or arguments."""
    details: Json = {"response_metadata": {"messages": [f"[ERROR] {problem}" for problem in problems]}}
    if error == "invalid_blocks":
        details["errors"] = problems
    return SlackError(error, **details)


def decoded(args: Args, name: str, error: str) -> Any:
    """A JSON argument, whether it came as a string (form) or as itself (JSON body); None when it is absent or empty."""
    value = args.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value) if value else None
        except ValueError:
            raise SlackError(error) from None
    return value


def text_arg(args: Args, name: str) -> str:
    """A string argument; empty when absent."""
    value = args.get(name)
    return "" if value is None else str(value)


def flag(args: Args, name: str) -> bool:
    """A boolean argument in any of the spellings that Slack takes."""
    return str(args.get(name, "")).lower() in {"true", "1", "yes"}


def number(args: Args, name: str, default: int, error: str = "invalid_arguments") -> int:
    """A whole number argument."""
    value = args.get(name)
    try:
        return default if value in (None, "") else int(str(value))
    except ValueError:
        raise SlackError(error) from None


def visible(state: State, channel: str) -> Conversation:
    """A conversation that the bot can see: public ones, and those it is in.

    Raises:
        SlackError: channel_not_found for any other.
    """
    row = state.conversations.get(channel)
    if row is None or (row.kind != "channel" and state.bot_user_id not in row.members):
        raise SlackError("channel_not_found")
    return row


def _check_token(state: State, token: str | None, *, app_level: bool) -> None:
    if not token:
        raise SlackError("missing_args" if app_level else "not_authed")
    if token.startswith("xox" if app_level else "xapp-"):
        raise SlackError("not_allowed_token_type")
    if token != (state.app_token if app_level else state.bot_token):
        raise SlackError("invalid_auth")
    if state.install_state != "live" and not app_level:
        raise SlackError(state.install_state)


def _missing(argument: str, error: str) -> NoReturn:
    if error == "invalid_arguments":
        raise problems_error(error, [f"missing required field: {argument}"])
    raise SlackError(error)
