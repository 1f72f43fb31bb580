"""Lists of records: a line for each, as rich text, so that nothing in a title is read as markup."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.i18n import deadline, say
from bot.policy import Policy
from handlers.slack.blocks.text import Block
from storage.lines import Line
from storage.votes import Round

Waiting = tuple[Line, Round]
"""A round that waits for a vote, and what it is about."""


def customer_of(line: Line, locale: str, policy: Policy, viewer: str) -> str:
    """Return the customer's name; where it is hidden, only for the filer and managers."""
    if line.hidden and viewer != line.filed_by and not policy.is_manager(viewer):
        return say(locale, "customer.hidden")
    return line.customer


def named(line: Line, locale: str, policy: Policy, viewer: str) -> str:
    """Return what a line is about: number, title, customer."""
    customer = customer_of(line, locale, policy, viewer)
    return say(locale, "line.named", ref=line.ref, title=line.title, customer=customer)


def status_of(line: Line, locale: str) -> str:
    """Return where a line stands: the requirement's status, or the feedback's own state."""
    return say(locale, f"status.{line.status}") if line.status else say(locale, f"state.{line.state}")


def waiting(found: Waiting, locale: str, policy: Policy, viewer: str, zone: ZoneInfo, now: datetime) -> str:
    """Return what waits for a vote, and until when in the viewer's zone."""
    line, vote = found
    name = named(line, locale, policy, viewer)
    if vote.paused_at is not None:
        return say(locale, "line.paused", line=name)
    if vote.due_at is None:
        return name
    return say(locale, "line.due", line=name, when=deadline(locale, vote.due_at.astimezone(zone), now))


def bullets(*groups: tuple[str | None, Sequence[str]]) -> Block:
    """Return lists, each under its bold title if it has one. At least one has lines."""
    elements: list[dict[str, Any]] = []
    for title, lines in groups:
        if title:
            elements.append(_section(title, bold=True))
        items = [_section(line) for line in lines]
        elements.append({"type": "rich_text_list", "style": "bullet", "elements": items})
    return {"type": "rich_text", "elements": elements}


def _section(text: str, *, bold: bool = False) -> Block:
    element: Block = {"type": "text", "text": text}
    return {"type": "rich_text_section", "elements": [{**element, "style": {"bold": True}} if bold else element]}
