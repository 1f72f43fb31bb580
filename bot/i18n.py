"""Words people read: gettext catalogues, read through Babel from the .po files at start."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALES = ("en", "zh_Hans")
FALLBACK = "en"
FOLDER = Path(__file__).parent / "locales"

_FROM_SLACK = {"zh": "zh_Hans", "zh-cn": "zh_Hans", "zh-sg": "zh_Hans", "zh-tw": "zh_Hans", "zh-hk": "zh_Hans"}

RECORDS = frozenset({"number", "requirement"})
"""Parameters that are a record's number. All other numbers are amounts, written as people write them: 1,200."""

_CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


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
    return _filled(locale, sentence, {name: _written(locale, name, value) for name, value in params.items()})


def _written(locale: str, name: str, value: object) -> object:
    is_amount = isinstance(value, int | float) and not isinstance(value, bool) and name not in RECORDS
    return _amount(locale, value) if is_amount else value


@lru_cache(maxsize=2000)
def _amount(locale: str, value: float) -> str:
    return format_decimal(value, locale=Locale.parse(locale))


def _filled(locale: str, sentence: str, words: dict[str, object]) -> str:
    if locale != "zh_Hans":
        return sentence.format(**words)
    text = ""
    for literal, name in _parts(sentence):
        text = _joined(text, literal)
        text = text if name is None else _joined(text, str(words[name]))
    return text


@cache
def _parts(sentence: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((literal, name) for literal, name, _, _ in Formatter().parse(sentence))


def _joined(left: str, right: str) -> str:
    """Set Chinese as it is set: the space beside a blank is for Latin words and digits only."""
    if left[-1:] == " " and _CHINESE.match(left[-2:-1]) and _CHINESE.match(right):
        return left[:-1] + right
    if right[:1] == " " and _CHINESE.match(left[-1:]) and _CHINESE.match(right[1:2]):
        return left + right[1:]
    return left + right


def listed(locale: str, words: Sequence[str], more: int = 0) -> str:
    """Return what a sentence enumerates, at least one word: A, B, and C; with `more` not named, A, B, and 5 more."""
    comma = say(locale, "list.comma")
    if more:
        return say(locale, "word.and_more", names=comma.join(words), n=more)
    if len(words) == 1:
        return words[0]
    *first, last = words
    return say(locale, "list.pair" if len(first) == 1 else "list.end", words=comma.join(first), last=last)


def day(locale: str, when: date) -> str:
    """Return a date as people write it."""
    return format_date(when, format="medium", locale=Locale.parse(locale))


def month(locale: str, when: date) -> str:
    """Return month and year as people write them."""
    return format_skeleton("yMMMM", datetime(when.year, when.month, 1), locale=Locale.parse(locale))  # noqa: DTZ001 - a month has no zone


def moment(locale: str, when: datetime) -> str:
    """Return date and time as people write them, in the zone `when` carries: Thu, Nov 26, 2026, 6:00 PM."""
    return _moment(locale, when, "yMMMd")


def soon(locale: str, when: datetime) -> str:
    """Return date and time of something near, which needs no year: Thu, Nov 26, 6:00 PM."""
    return _moment(locale, when, "MMMd")


def deadline(locale: str, when: datetime, now: datetime) -> str:
    """Return when something ends, in the zone `when` carries: a day of this week by its name, else with its date."""
    if not timedelta(0) <= when.date() - now.astimezone(when.tzinfo).date() < timedelta(days=6):
        return soon(locale, when)
    language = Locale.parse(locale)
    weekday = format_date(when, "EEEE", locale=language)
    return say(locale, "time.weekday", weekday=weekday, time=format_time(when, format="short", locale=language))


def _moment(locale: str, when: datetime, skeleton: str) -> str:
    language = Locale.parse(locale)
    return say(
        locale,
        "time.moment",
        weekday=format_date(when, "EEE", locale=language),
        day=format_skeleton(skeleton, when, locale=language),
        time=format_time(when, format="short", locale=language),
    )
