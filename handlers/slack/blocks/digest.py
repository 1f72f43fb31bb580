"""The review digest in the review channel: what needs a decision at the meeting, in at most three lines each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.digest import Why
from bot.i18n import listed, say, soon
from bot.services.digest import Agenda, Item
from handlers.slack.blocks.cards import Message, customer_name, result, votes
from handlers.slack.blocks.text import (
    Block,
    Mrkdwn,
    actions,
    button,
    context,
    escape,
    mrkdwn,
    section,
    slack_time,
    titled_quote,
)
from handlers.slack.facts import Facts

RESULT = 150
"""How many characters a vote's result takes with the names of who voted; beyond that they are counted."""


@dataclass(frozen=True)
class Digest:
    """What a digest tells. `meeting` carries the team's zone; `late` says why it comes late: missed or undelivered.

    `home` is the address of our Home tab, if we know it.
    """

    meeting: datetime
    agenda: Agenda
    items: Sequence[tuple[Item, Facts]]
    home: str | None = None
    late: str | None = None


def digest(found: Digest, locale: str) -> Message:
    """Return text and blocks of a digest in the channel's language; one line when nothing needs a decision."""
    when = slack_time(found.meeting, soon(locale, found.meeting))
    late = [context(mrkdwn(locale, f"digest.{found.late}"))] if found.late else []
    if not found.agenda.total:
        text = mrkdwn(locale, "digest.none", when=when)
        return {"text": text, "blocks": [section(text), *late]}
    text = mrkdwn(locale, "digest.head", when=when, n=found.agenda.total)
    items = [block for item, facts in found.items for block in _item(item, facts, locale)]
    return {"text": text, "blocks": [section(text), *late, *items, *_beyond(found, locale), _buttons(locale)]}


def _item(item: Item, facts: Facts, locale: str) -> list[Block]:
    """What it is, over whose it is, why it is here and how the vote went."""
    title = facts.requirement.title if facts.requirement else facts.feedback.title
    details = button(say(locale, "menu.details"), "feedback_view", str(facts.feedback.number))
    lines = Mrkdwn(f"{_waiting(item, facts, locale)}\n{_outcome(item, facts, locale)}")
    return [titled_quote(f"R-{item.requirement} · {title}", None), section(lines, accessory=details)]


def _waiting(item: Item, facts: Facts, locale: str) -> Mrkdwn:
    why, customer = say(locale, f"agenda.{item.why}"), customer_name(facts, locale, None)
    if not item.days:
        return mrkdwn(locale, "digest.item_today", customer=customer, why=why)
    return mrkdwn(locale, "digest.item", customer=customer, why=why, n=item.days)


def _outcome(item: Item, facts: Facts, locale: str) -> Mrkdwn:
    named = outcome(item, facts, locale)
    return named if len(named) <= RESULT else outcome(item, facts, locale, names=False)


def outcome(item: Item, facts: Facts, locale: str, *, names: bool = True) -> Mrkdwn:
    """Return how the vote went: who voted how, and what it came to unless that is why it needs a decision."""
    if item.why in {Why.UNDECIDED, Why.REJECTED}:
        return escape(votes(facts, locale, names=names))
    return result(facts, locale, names=names)


def _beyond(found: Digest, locale: str) -> list[Block]:
    """How many more there are, leading to Home, and how many are not ripe yet."""
    lines = []
    if found.agenda.rest:
        counts = [say(locale, f"rest.{why}", n=count) for why, count in found.agenda.rest.items()]
        rest = mrkdwn(locale, "digest.rest", counts=listed(locale, counts))
        lines.append(Mrkdwn(f"<{found.home}|{rest}>") if found.home else rest)
    for key, count in (("digest.voting", found.agenda.voting), ("digest.asked", found.agenda.asked)):
        if count:
            lines.append(mrkdwn(locale, key, n=count))
    return [context(*lines)] if lines else []


def _buttons(locale: str) -> Block:
    return actions(button(say(locale, "button.decide_through"), "decide_through", "digest", style="primary"))


def home_address(team_id: str, app_id: str | None) -> str | None:
    """Return the address of our Home tab."""
    return f"slack://app?team={escape(team_id)}&id={escape(app_id)}&tab=home" if app_id else None
