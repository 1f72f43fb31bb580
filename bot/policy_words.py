"""The policy in words: what each table says, what a change changed, what is wrong. For Slack and the command line."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from babel import Locale
from babel.dates import format_time, get_day_names, get_timezone_location
from babel.numbers import format_decimal

from bot.domain.calendar import DAYS
from bot.i18n import day, listed, say
from bot.policy import DEPARTMENTS, Fault

KINDS: dict[str, dict[str, str]] = {
    "channels": {"triage": "channel", "review": "channel"},
    "people": {"reviewers": "people", "managers": "people", "admins": "people"},
    "departments": dict.fromkeys(DEPARTMENTS, "people"),
    "vote": {
        "quorum": "number",
        "days": "number",
        "blind": "flag",
        "decides": "flag",
        "departments": "departments",
        "anonymous": "flag",
    },
    "review": {"when": "moment", "every": "weeks", "first": "date", "lead": "lead"},
    "workspace": {"timezone": "zone", "language": "language", "weekend": "days", "holidays": "holidays"},
    "quiet": {"start": "time", "end": "time", "weekends": "flag"},
    "reminders": {"votes": "time", "summary": "moment"},
    "delivery": {"pace_per_s": "number", "lease_s": "number", "settle_s": "number", "merge_s": "number"},
}
"""Table -> key -> what sort of value it has. The order is that in which people see them."""

LISTS = frozenset({"people", "departments", "days", "holidays"})
NAMED = 30
"""How many of a list are named; the rest is counted."""


@dataclass(frozen=True)
class Voice:
    """Who reads, and how people and channels are named to them. `text` makes anything else harmless."""

    locale: str
    person: Callable[[str], str]
    channel: Callable[[str], str]
    text: Callable[[str], str] = str


def table_said(voice: Voice, table: str, content: dict[str, Any]) -> list[str]:
    """Return what a table says, a sentence for each key. `content` is plain data; what it lacks is not set."""
    said = [_said(voice, f"{table}.{key}", kind, content.get(key)) for key, kind in KINDS[table].items()]
    if table == "quiet" and content.get("start") == content.get("end"):
        return [say(voice.locale, "said.quiet.none"), *said[2:]]
    return said


def _said(voice: Voice, path: str, kind: str, raw: Any) -> str:
    if kind == "flag":
        return say(voice.locale, f"said.{path}_yes" if raw else f"said.{path}_no")
    if kind in {"channel", "date"} and not raw:
        return say(voice.locale, f"said.{path}_none")
    return say(voice.locale, f"said.{path}", value=value(voice, kind, raw))


def changed(voice: Voice, table: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what a change changed, a line for each key. Keys this version does not know are named as they are."""
    known = KINDS.get(table, {})
    keys = [*known, *sorted({*before, *after} - known.keys())]
    different = [key for key in keys if before.get(key) != after.get(key)]
    return [
        line
        for key in different
        for line in _lines(voice, f"{table}.{key}", known.get(key, "text"), before.get(key), after.get(key))
    ]


def _lines(voice: Voice, path: str, kind: str, before: Any, after: Any) -> list[str]:
    label = voice.text(path) if kind == "text" else say(voice.locale, f"setting.{path}")
    if kind not in LISTS:
        was, now = value(voice, kind, before), value(voice, kind, after)
        return [say(voice.locale, "change.value", label=label, before=was, after=now)]
    added = [one for one in after or () if one not in (before or ())]
    removed = [one for one in before or () if one not in (after or ())]
    lines = [("change.added", added), ("change.removed", removed)]
    return [say(voice.locale, key, label=label, value=value(voice, kind, ones)) for key, ones in lines if ones]


def value(voice: Voice, kind: str, raw: Any) -> str:
    """Return a value in words. One that is not of its kind, as a newer version may have written it, as it is."""
    if raw is None or raw in ([], ()):
        return say(voice.locale, "word.nobody" if kind == "people" else "word.none")
    try:
        return _WORDS[kind](voice, raw)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return voice.text(str(raw))


def _number(voice: Voice, raw: Any) -> str:
    return str(format_decimal(raw, locale=Locale.parse(voice.locale)))


def _flag(voice: Voice, raw: Any) -> str:
    return say(voice.locale, "word.yes" if raw else "word.no")


def _time(voice: Voice, raw: str) -> str:
    return format_time(time.fromisoformat(raw), format="short", locale=Locale.parse(voice.locale))


def weekday(locale: str, name: str) -> str:
    """Return a day of the week (mon, tue, …) as people call it."""
    return str(get_day_names("wide", locale=Locale.parse(locale))[DAYS.index(name)])


def _moment(voice: Voice, raw: str) -> str:
    name, wall = raw.split()
    return say(voice.locale, "word.moment", day=weekday(voice.locale, name), time=_time(voice, wall))


def _weeks(voice: Voice, raw: str) -> str:
    count = int(raw.split(maxsplit=1)[0])
    return say(voice.locale, "word.weekly") if count == 1 else say(voice.locale, "word.weeks", n=count)


def _lead(voice: Voice, raw: str) -> str:
    count, unit = raw.split()
    return say(voice.locale, "word.days" if unit.startswith("day") else "word.hours", n=int(count))


def _date(voice: Voice, raw: str) -> str:
    return day(voice.locale, date.fromisoformat(raw))


def zone(locale: str, name: str) -> str:
    """Return a time zone as people call it: its city, and the name that computers use."""
    city = get_timezone_location(name, locale=Locale.parse(locale), return_city=True)
    return name if city == name else say(locale, "word.zone", city=city, zone=name)


def _language(voice: Voice, raw: str) -> str:
    return say(voice.locale, f"language.{raw}")


def _stretch(voice: Voice, raw: str) -> str:
    first, _, last = raw.partition("..")
    if not last:
        return _date(voice, first)
    return say(voice.locale, "word.stretch", first=_date(voice, first), last=_date(voice, last))


def _listed(one: Callable[[Voice, str], str]) -> Callable[[Voice, Any], str]:
    def words(voice: Voice, raw: Iterable[str]) -> str:
        names = [one(voice, item) for item in raw]
        return listed(voice.locale, names[:NAMED], more=max(len(names) - NAMED, 0))

    return words


_WORDS: dict[str, Callable[[Voice, Any], str]] = {
    "channel": lambda voice, raw: voice.channel(raw),
    "people": _listed(lambda voice, raw: voice.person(raw)),
    "departments": _listed(lambda voice, raw: say(voice.locale, f"department.{raw}")),
    "days": _listed(lambda voice, raw: weekday(voice.locale, raw)),
    "holidays": _listed(_stretch),
    "number": _number,
    "flag": _flag,
    "time": _time,
    "moment": _moment,
    "weeks": _weeks,
    "lead": _lead,
    "date": _date,
    "zone": lambda voice, raw: zone(voice.locale, raw),
    "language": _language,
    "text": lambda voice, raw: voice.text(str(raw)),
}

BY = {"environment": "by.environment", "policy apply": "by.command_line"}


def by_whom(voice: Voice, by: str) -> str:
    """Return who made a change: a person, or what changes a policy besides people."""
    if by in BY:
        return say(voice.locale, BY[by])
    return voice.person(by) if by.isalnum() and by.isupper() else voice.text(by)


def fault(locale: str, found: Fault) -> str:
    """Return what is wrong with a policy and what to do, without anything that only programs understand."""
    facts = dict(found.params)
    if found.why == "first_other_day":
        is_day = weekday(locale, DAYS[facts["first"].weekday()])
        return say(locale, "fault.first_other_day", day=weekday(locale, facts["day"]), other=is_day)
    if found.why == "department_empty":
        return say(locale, "fault.department_empty", name=say(locale, f"department.{facts['name']}"))
    if found.why in PLAIN_FAULTS:
        return say(locale, f"fault.{found.why}", **facts)
    return say(locale, "fault.other")


PLAIN_FAULTS = (
    "quorum_out_of_reach",
    "last_admin",
    "no_zone",
    "no_stretch",
    "no_working_day",
    "no_first",
    "lease_short",
    "too_long",
    "less_than_equal",
    "greater_than_equal",
    "greater_than",
)
"""Faults whose sentence takes their facts as they are."""
