"""Words people read: gettext catalogues, read through Babel from the .po files at start."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.pofile import read_po

LOCALES = ("en", "zh_Hans")
FALLBACK = "en"
FOLDER = Path(__file__).parent / "locales"

_FROM_SLACK = {"zh": "zh_Hans", "zh-cn": "zh_Hans", "zh-sg": "zh_Hans", "zh-tw": "zh_Hans", "zh-hk": "zh_Hans"}


def locale_of(slack_locale: str | None) -> str:
    """Map Slack's locale (zh-CN, en-GB, …) to one of ours; English when unknown."""
    return _FROM_SLACK.get((slack_locale or "").lower(), FALLBACK)


@cache
def catalogue(locale: str) -> dict[str, str | tuple[str, ...]]:
    """Return key -> sentence, or key -> plural forms, of one language."""
    with (FOLDER / locale / "needline.po").open("rb") as file:
        return {
            message.id if isinstance(message.id, str) else message.id[0]: _string(message.string)
            for message in read_po(file, locale=locale)
            if message.id
        }


def _string(string: Any) -> str | tuple[str, ...]:
    return string if isinstance(string, str) else tuple(string)


@cache
def _plural(locale: str) -> Callable[[int], int]:
    if locale == "en":
        return lambda number: 0 if number == 1 else 1
    return lambda _number: 0


def say(locale: str, key: str, /, **params: object) -> str:
    """Return the sentence `key` in a language, filled in. A plural key chooses its form by the parameter `n`.

    Raises KeyError for a key that is in no catalogue: that is our fault, and a test finds it.
    """
    sentence = catalogue(locale)[key]
    if isinstance(sentence, tuple):
        number = params["n"]
        assert isinstance(number, int)  # noqa: S101 - a count is a whole number
        sentence = sentence[_plural(locale)(number)]
    return sentence.format(**params)


def day(locale: str, when: date) -> str:
    """Return a date as people write it."""
    return format_date(when, format="medium", locale=Locale.parse(locale))


def month(locale: str, when: date) -> str:
    """Return month and year as people write them."""
    return format_skeleton("yMMMM", datetime(when.year, when.month, 1), locale=Locale.parse(locale))  # noqa: DTZ001 - a month has no zone


def moment(locale: str, when: datetime) -> str:
    """Return date and time as people write them, in the zone `when` carries."""
    return format_datetime(when, format="medium", locale=Locale.parse(locale))
