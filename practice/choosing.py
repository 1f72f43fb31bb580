"""Choosing in selects, radio buttons and checkboxes: from the words a person says to the values Slack sends."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from practice.backend import Backend
from practice.elements import VALUE_KEY
from practice.gestures import suggestions
from practice.state import MessageRow, State, User, ViewRow

__all__ = ["chosen", "is_multiple", "offered"]

# Slack asks the app only after this many characters, unless the element says otherwise.
MIN_QUERY: Final = 3

Json = dict[str, Any]
Offer = tuple[str, Any]


_QUOTED: Final = re.compile("[“「](.+)[”」]")
"""An offer that quotes what was typed, like: Add “Acme”."""


def offered(
    backend: Backend, user: User, surface: MessageRow | ViewRow, block: Json, element: Json, query: str
) -> list[Offer]:
    """What an element offers: pairs of the words on screen and the value behind them.

    An external select asks the app, once the query is long enough; others show what contains the query.
    """
    if element["type"].endswith("external_select"):
        if len(query) < element.get("min_query_length", MIN_QUERY):
            return []
        return [_option(option) for option in suggestions(backend, user, surface, block, element, query)]
    offers = _KNOWN.get(VALUE_KEY[element["type"]], _listed_options)(backend.state, element)
    return [offer for offer in offers if query.lower() in offer[0].lower()]


def chosen(
    backend: Backend, user: User, surface: MessageRow | ViewRow, block: Json, element: Json, wanted: Sequence[str]
) -> list[Any]:
    """The values behind the words that a person picks, in their order.

    Raises:
        AssertionError: Something is not offered, or there are too many for the element.
    """
    most = element.get("max_selected_items")
    if most is not None and len(wanted) > most:
        raise AssertionError(f"{element['action_id']} takes at most {most}, not {len(wanted)}")
    return [_pick(backend, user, surface, block, element, words) for words in wanted]


def is_multiple(element: Json) -> bool:
    """Whether several can be chosen."""
    kind = str(element["type"])
    return kind.startswith("multi_") or kind == "checkboxes"


def _pick(backend: Backend, user: User, surface: MessageRow | ViewRow, block: Json, element: Json, words: str) -> Any:
    seen: list[str] = []
    for query in _queries(words) if element["type"].endswith("external_select") else [""]:
        offers = offered(backend, user, surface, block, element, query)
        seen += [text for text, _ in offers]
        exact = [value for text, value in offers if text == words]
        begins = [value for text, value in offers if text.startswith(words)]
        if exact or len(begins) == 1:
            return (exact or begins)[0]
    raise AssertionError(
        f"{words!r} is not offered (or not alone) in {element['action_id']}: {list(dict.fromkeys(seen))}"
    )


def _queries(words: str) -> list[str]:
    """What a person types to find these words: all of it, what it quotes, and less when nothing comes."""
    quoted = _QUOTED.findall(words)
    return list(dict.fromkeys([*quoted, words, words.partition(" ")[0], words[:MIN_QUERY], ""]))


def _option(option: Json) -> Offer:
    return str(option["text"]["text"]), option


def _listed_options(_: State, element: Json) -> list[Offer]:
    groups = element.get("option_groups") or [element]
    return [_option(option) for group in groups for option in group.get("options") or ()]


def _people(state: State, _: Json) -> list[Offer]:
    return [(user.name, user.id) for user in state.users.values() if not user.deleted]


def _channels(state: State, _: Json) -> list[Offer]:
    rows = state.conversations.values()
    return [(row.name, row.id) for row in rows if row.kind == "channel" and not row.archived]


def _conversations(state: State, element: Json) -> list[Offer]:
    kinds = {"im": "im", "mpim": "mpim", "private": "group", "public": "channel"}
    include = (element.get("filter") or {}).get("include") or list(kinds)
    wanted = {kinds[name] for name in include}
    return [(row.name, row.id) for row in state.conversations.values() if row.kind in wanted and not row.archived]


_KNOWN: Final[dict[str, Callable[[State, Json], list[Offer]]]] = {
    "selected_user": _people,
    "selected_users": _people,
    "selected_channel": _channels,
    "selected_channels": _channels,
    "selected_conversation": _conversations,
    "selected_conversations": _conversations,
}
