"""The few kinds of check out of which the rules of Block Kit are put together.

A check takes a value and the JSON path at which it stands, and yields a sentence for everything Slack would refuse
about it. Checks are made by the functions here and combined in the tables of `practice.block_rules`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any

Check = Callable[[Any, str], Iterator[str]]
"""(value, JSON path) -> sentences, each beginning with a path."""

Condition = Callable[[Mapping[str, Any], str], Iterator[str]]
"""What several keys of one object must fulfil together; gets objects of any content, so it looks before it compares."""


def at(path: str, key: str) -> str:
    """Gives the path of a key inside the object at `path`; the document itself has the empty path."""
    return f"{path}.{key}" if path else key


def anything(value: Any, path: str) -> Iterator[str]:
    """Accepts every value; for keys whose content is checked elsewhere."""
    del value, path
    return iter(())


def flag(value: Any, path: str) -> Iterator[str]:
    """Accepts true and false."""
    if not isinstance(value, bool):
        yield f"{path}: must be true or false"


def string(longest: int, *, shortest: int = 1, pattern: str = "", like: str = "") -> Check:
    """Makes the check of a string.

    Args:
        longest: Most characters allowed.
        shortest: Fewest characters allowed; Slack refuses empty strings nearly everywhere.
        pattern: What the whole string must match.
        like: How to call that pattern in a complaint, as in "a URL".
    """

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{path}: must be a string"
            return
        yield from _length(value, path, shortest, longest, "characters")
        if value and pattern and not re.fullmatch(pattern, value):
            yield f"{path}: must be {like}, not {value[:40]!r}"

    return check


def whole(lowest: int, highest: int) -> Check:
    """Makes the check of a whole number within bounds."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{path}: must be a whole number"
        elif not lowest <= value <= highest:
            yield f"{path}: must be between {lowest} and {highest} ({value})"

    return check


def number(value: Any, path: str) -> Iterator[str]:
    """Accepts numbers, whole or not."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield f"{path}: must be a number"


def one_of(*allowed: str) -> Check:
    """Makes the check of a string out of a short list."""

    def check(value: Any, path: str) -> Iterator[str]:
        if value not in allowed:
            yield f"{path}: must be one of {', '.join(allowed)}, not {value!r}"

    return check


def listed(check_item: Check, fewest: int, most: int) -> Check:
    """Makes the check of a list, of its length and of every item."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list | tuple):
            yield f"{path}: must be a list"
            return
        yield from _length(value, path, fewest, most, "items")
        for index, item in enumerate(value):
            yield from check_item(item, f"{path}[{index}]")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check], *conditions: Condition) -> Check:
    """Makes the check of an object.

    Args:
        required: The keys that must be there, each with the check of its value.
        optional: The keys that may be there; any other is refused.
        conditions: What the keys owe each other.
    """
    known = {**required, **optional}

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{path or 'document'}: must be an object"
            return
        yield from (f"{at(path, key)}: missing" for key in required if key not in value)
        for key, part in value.items():
            yield from known[key](part, at(path, key)) if key in known else (f"{at(path, key)}: unknown key",)
        for condition in conditions:
            yield from condition(value, path)

    return check


def typed(table: Mapping[str, Check], kinds: Iterable[str], noun: str) -> Check:
    """Makes the check of an object which says its `type`, out of those a table knows.

    Args:
        table: The check of each type, without the key `type` itself; looked up when used, so a table may hold itself.
        kinds: The types allowed in this place.
        noun: How to call such an object, as in "element".
    """
    allowed = frozenset(kinds)

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{path}: must be an object"
            return
        kind = value.get("type")
        if isinstance(kind, str) and kind in allowed:
            yield from table[kind]({key: part for key, part in value.items() if key != "type"}, path)
        elif kind is None:
            yield f"{at(path, 'type')}: missing"
        else:
            yield f"{at(path, 'type')}: {_refusal(kind, table, allowed, noun)}"

    return check


def _refusal(kind: Any, table: Mapping[str, Check], allowed: frozenset[str], noun: str) -> str:
    if not isinstance(kind, str) or kind not in table:
        return f"unknown {noun} {kind!r}"
    return f"{noun} {kind!r} is not allowed here, only {', '.join(sorted(allowed))}"


def _length(value: Sized, path: str, fewest: int, most: int, unit: str) -> Iterator[str]:
    size = len(value)
    if size == 0 and fewest > 0:
        yield f"{path}: must not be empty"
    elif size < fewest:
        yield f"{path}: {'shorter' if unit == 'characters' else 'fewer'} than {fewest} {unit} ({size})"
    elif size > most:
        yield f"{path}: {'longer' if unit == 'characters' else 'more'} than {most} {unit} ({size})"
