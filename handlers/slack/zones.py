"""Time zones by what people type: a city in their own language, or a part of the name that computers use."""

import unicodedata
from functools import cache
from zoneinfo import available_timezones

from babel.dates import get_timezone_location

from bot.domain.calendar import zone_named
from bot.policy_words import zone

OFFERED = 50
_OLD = ("Etc/", "SystemV/", "posix/", "right/", "US/")
"""How names begin that nobody looks for by a city."""

_CALLED = {"Asia/Shanghai": "北京 Beijing"}
"""Cities by which people call a zone that is named after another."""


def matching(locale: str, typed: str) -> list[str]:
    """Return the names of the zones that have what was typed, those beginning with it first."""
    wanted = _plain(typed)
    found = [(_rank(words, wanted), name) for name, words in _zones(locale).items() if wanted in words]
    return [name for _, name in sorted(found)][:OFFERED]


def _rank(words: str, wanted: str) -> int:
    return 0 if words.startswith(wanted) or f" {wanted}" in words else 1


@cache
def _zones(locale: str) -> dict[str, str]:
    """Return name -> all words by which a zone is found. Of several names for one city the one that says it is kept."""
    names = [name for name in sorted(available_timezones()) if "/" in name and not name.startswith(_OLD)]
    cities: dict[str, list[str]] = {}
    for name in filter(zone_named, names):
        cities.setdefault(str(get_timezone_location(name, locale="en", return_city=True)), []).append(name)
    kept = {_best(city, same): " ".join(same) for city, same in cities.items()}
    found = {name: f"{same} {_CALLED.get(name, '')} {zone(locale, name)}" for name, same in kept.items()}
    return {name: _plain(words) for name, words in {"UTC": "UTC GMT", **found}.items()}


def _best(city: str, same: list[str]) -> str:
    return next((name for name in same if _plain(name).endswith(_plain(city))), same[0])


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("/", " ").strip()
