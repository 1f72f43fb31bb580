"""Settings: what the policy says, table by table, who changed it, and the ways to it from Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.i18n import moment, say
from bot.policy_words import KINDS, Voice, by_whom, changed, table_said
from handlers.slack.blocks.text import Block, Mrkdwn, actions, button, context, escape, modal, mrkdwn, plain, section
from storage.policy_log import PolicyChange

Tables = dict[str, Any]

LOGGED = 20
"""How many changes the history shows."""

LINE_MAX, SECTION_MAX = 600, 2900
"""How long a line about a change is, and the words of a table; Slack takes 3000 characters."""

REOPENS = frozenset({"vote", "workspace"})
"""Tables whose change does not reach the rounds that are open."""


@dataclass(frozen=True)
class Log:
    """Changes to show, in the zone of whoever looks."""

    changes: Sequence[PolicyChange]
    zone: ZoneInfo


def voice(locale: str) -> Voice:
    """Return how Slack's own clients name people and channels."""
    return Voice(locale, lambda user_id: f"<@{user_id}>", lambda channel: f"<#{channel}>", escape)


def doors(locale: str, *, admin: bool) -> Block:
    """Return the ways from Home: to Settings for admins, to their own for everybody."""
    own = button(say(locale, "button.preferences"), "preferences_open", "home")
    if not admin:
        return actions(own)
    return actions(button(say(locale, "button.settings"), "settings_open", "home"), own)


def overview(locale: str, tables: Tables, *, admin: bool, note: Sequence[Block] = ()) -> Block:
    """Return the first view: what each table says, with `Edit` for admins, under a `note` on what was just changed."""
    intro = context(mrkdwn(locale, "settings.intro" if admin else "settings.read_only"))
    history = actions(button(say(locale, "button.history"), "settings_history", "settings"))
    blocks = [*note, intro, *(_table(locale, name, tables[name], admin=admin) for name in KINDS), history]
    close = plain(say(locale, "settings.close"))
    return modal("settings", say(locale, "settings.title"), blocks, close=close)


def _table(locale: str, name: str, content: dict[str, Any], *, admin: bool) -> Block:
    lines = [f"*{say(locale, f'settings.{name}')}*", *table_said(voice(locale), name, content)]
    text = Mrkdwn("\n".join(lines)[:SECTION_MAX])
    if not admin:
        return section(text)
    return section(text, accessory=button(say(locale, "button.edit_setting"), "settings_edit", name))


def saved(locale: str, changes: Sequence[PolicyChange], hints: Sequence[Mrkdwn] = ()) -> list[Block]:
    """Return what was just changed, and what to do or know about it."""
    if not changes:
        return [section(mrkdwn(locale, "settings.same")), *map(context, hints)]
    lines = [line for change in changes for line in _lines(locale, change)]
    notes = [*hints, *([mrkdwn(locale, "settings.new_rounds")] if any(c.name in REOPENS for c in changes) else [])]
    return [section(_joined(say(locale, "settings.saved"), lines)), *map(context, notes), {"type": "divider"}]


def overtaken(locale: str, changes: Sequence[PolicyChange]) -> list[Block]:
    """Say who changed what since the form was opened, and that what was entered stands below."""
    lines = [line for change in changes for line in _lines(locale, change)]
    who = by_whom(voice(locale), changes[-1].by)
    return [section(_joined(say(locale, "settings.overtaken", who=who), lines)), {"type": "divider"}]


def _lines(locale: str, change: PolicyChange) -> list[str]:
    return changed(voice(locale), change.name, change.before, change.after)


def _joined(head: str, lines: Sequence[str]) -> Mrkdwn:
    return Mrkdwn("\n".join([head, *(f"• {line}" for line in lines)])[:SECTION_MAX])


def history(locale: str, log: Log) -> Block:
    """Return who changed what and when, the newest first."""
    blocks = [section(_entry(locale, change, log.zone)) for change in log.changes]
    if not blocks:
        blocks = [section(mrkdwn(locale, "settings.no_history"))]
    close = plain(say(locale, "settings.back"))
    return modal("settings_history", say(locale, "settings.history"), blocks, close=close)


def _entry(locale: str, change: PolicyChange, zone: ZoneInfo) -> Mrkdwn:
    head = say(locale, "settings.entry", who=by_whom(voice(locale), change.by), when=_when(locale, change.at, zone))
    return _joined(head, [line[:LINE_MAX] for line in _lines(locale, change)])


def _when(locale: str, at: datetime, zone: ZoneInfo) -> str:
    return moment(locale, at.astimezone(zone))
