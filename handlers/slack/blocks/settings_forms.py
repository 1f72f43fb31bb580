"""The forms in which admins edit the policy: a table each, every key with the picker that suits it."""

from collections.abc import Callable
from typing import Any

from bot.domain.calendar import DAYS
from bot.i18n import say
from bot.policy import DEPARTMENTS, LANGUAGES
from bot.policy_words import KINDS, Voice, value, weekday, zone
from handlers.slack.blocks.text import Block, context, hinted, modal, mrkdwn, option, plain

Content = dict[str, Any]

NUMBERS: dict[str, tuple[str, str]] = {
    "vote.quorum": ("1", "50"),
    "vote.days": ("1", "60"),
    "delivery.pace_per_s": ("0.01", "1000"),
    "delivery.lease_s": ("0.5", "3600"),
    "delivery.settle_s": ("0.1", "3600"),
    "delivery.merge_s": ("0", "3600"),
}
"""The smallest and the largest that can be typed."""

WEEKS = ["1 week", *(f"{count} weeks" for count in range(2, 20))]
LEADS = [
    *("1 hour", "2 hours", "3 hours", "4 hours", "6 hours", "8 hours", "12 hours"),
    *("1 day", "2 days", "3 days", "4 days", "5 days", "7 days", "10 days", "14 days"),
]
OPTIONAL = frozenset({"channel", "people", "flag", "departments", "days", "holidays", "date"})
"""What may be left empty: unset, nobody, no."""

CLEARED = "cleared"
"""The value of the box that empties a picker: a channel that was picked cannot be taken out in Slack."""


def table_form(locale: str, table: str, content: Content, metadata: str, note: list[Block] | None = None) -> Block:
    """Return the form of a table, filled with `content` (plain data), under a `note` on what came in between."""
    return modal(
        "settings_save",
        say(locale, f"settings.{table}"),
        [*(note or []), context(mrkdwn(locale, f"settings_intro.{table}")), *fields(locale, table, content)],
        submit=plain(say(locale, "settings.save")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )


def fields(locale: str, table: str, content: Content) -> list[Block]:
    """Return the inputs of a table; the block ids are `table.key`, with more after it where a key needs two."""
    return [block for key in KINDS[table] for block in field(locale, table, key, content.get(key))]


def field(locale: str, table: str, key: str, raw: Any) -> list[Block]:
    """Return the inputs of one key."""
    path, kind = f"{table}.{key}", KINDS[table][key]
    label, time = say(locale, f"setting.{path}"), say(locale, "setting.time")
    blocks = [
        _input(path + suffix, time if suffix == TIME else label, element, optional=kind in OPTIONAL)
        for suffix, element in _ELEMENTS[kind](locale, path, raw)
    ]
    hint = "hint.departments" if table == "departments" else f"hint.{path}"
    blocks[-1] = hinted(blocks[-1], say(locale, hint))
    return [*blocks, *_clearing(locale, path, kind, raw)]


def _input(block_id: str, label: str, element: Block, *, optional: bool) -> Block:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, "optional": optional}


def _clearing(locale: str, path: str, kind: str, raw: Any) -> list[Block]:
    """Offer to empty what is picked."""
    if kind not in {"channel", "date"} or not raw:
        return []
    offer = option(say(locale, f"setting_none.{path}"), CLEARED)
    box = {"type": "checkboxes", "action_id": "cleared", "options": [offer]}
    return [_input(f"{path}:cleared", say(locale, "settings.or"), box, optional=True)]


TIME = ":time"
"""Ends the block id of the second input of a moment: the time, after the day."""

Elements = list[tuple[str, Block]]
"""What comes after the key in the block id, and the element."""


def _with(element: Block, name: str, initial: Any) -> Block:
    return {**element, name: initial} if initial else element


def _channel(_locale: str, _path: str, raw: Any) -> Elements:
    shown = {"include": ["public", "private"], "exclude_bot_users": True}
    element = {"type": "conversations_select", "action_id": "channel", "filter": shown}
    return [("", _with(element, "initial_conversation", raw))]


def _people(_locale: str, _path: str, raw: Any) -> Elements:
    return [("", _with({"type": "multi_users_select", "action_id": "people"}, "initial_users", list(raw or ())))]


def _number(_locale: str, path: str, raw: Any) -> Elements:
    least, most = NUMBERS[path]
    is_whole = path.startswith("vote.")
    element: Block = {"type": "number_input", "action_id": "number", "is_decimal_allowed": not is_whole}
    return [("", {**element, "min_value": least, "max_value": most, "initial_value": f"{raw:g}"})]


def _flag(locale: str, path: str, raw: Any) -> Elements:
    yes = option(say(locale, f"said.{path}_yes"), "yes")
    return [
        ("", _with({"type": "checkboxes", "action_id": "flag", "options": [yes]}, "initial_options", raw and [yes]))
    ]


def _boxes(options: list[Block], raw: Any) -> Elements:
    chosen = [one for one in options if one["value"] in (raw or ())]
    return [("", _with({"type": "checkboxes", "action_id": "boxes", "options": options}, "initial_options", chosen))]


def _days(locale: str, _path: str, raw: Any) -> Elements:
    return _boxes([option(weekday(locale, name), name) for name in DAYS], raw)


def _departments(locale: str, _path: str, raw: Any) -> Elements:
    return _boxes([option(say(locale, f"setting.departments.{name}"), name) for name in DEPARTMENTS], raw)


def _select(options: list[Block], raw: Any) -> Block:
    initial = next((one for one in options if one["value"] == raw), None)
    return _with({"type": "static_select", "action_id": "select", "options": options}, "initial_option", initial)


def _time(_locale: str, _path: str, raw: Any) -> Elements:
    return [("", {"type": "timepicker", "action_id": "time", "initial_time": raw})]


def _moment(locale: str, path: str, raw: Any) -> Elements:
    name, wall = raw.split()
    days = _select([option(weekday(locale, one), one) for one in DAYS], name)
    return [("", days), (TIME, _time(locale, path, wall)[0][1])]


def _named(locale: str, kind: str, values: list[str], raw: Any) -> Elements:
    """Offer values by their words; the one in force too, should it be no usual one."""
    voice = Voice(locale, str, str)
    offered = values if raw in values else [raw, *values]
    return [("", _select([option(value(voice, kind, one), one) for one in offered], raw))]


def _date(_locale: str, _path: str, raw: Any) -> Elements:
    return [("", _with({"type": "datepicker", "action_id": "date"}, "initial_date", raw))]


def zone_option(locale: str, name: str) -> Block:
    """Return the option of a time zone."""
    return option(zone(locale, name), name)


def _zone(locale: str, _path: str, raw: Any) -> Elements:
    element: Block = {"type": "external_select", "action_id": "settings_zone", "min_query_length": 2}
    return [("", {**element, "initial_option": zone_option(locale, raw)})]


def _holidays(_locale: str, _path: str, raw: Any) -> Elements:
    element: Block = {"type": "plain_text_input", "action_id": "text", "multiline": True}
    return [("", _with(element, "initial_value", "\n".join(raw or ())))]


_ELEMENTS: dict[str, Callable[[str, str, Any], Elements]] = {
    "channel": _channel,
    "people": _people,
    "number": _number,
    "flag": _flag,
    "days": _days,
    "departments": _departments,
    "time": _time,
    "moment": _moment,
    "weeks": lambda locale, _path, raw: _named(locale, "weeks", WEEKS, raw),
    "lead": lambda locale, _path, raw: _named(locale, "lead", LEADS, raw),
    "language": lambda locale, _path, raw: _named(locale, "language", list(LANGUAGES), raw),
    "date": _date,
    "zone": _zone,
    "holidays": _holidays,
}
