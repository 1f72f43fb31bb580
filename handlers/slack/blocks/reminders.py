"""The messages that come by themselves: votes that are due, a requester's week."""

from collections.abc import Sequence

from bot.i18n import say
from bot.services.summaries import WISHES
from handlers.slack.blocks.cards import Message
from handlers.slack.blocks.lists import bullets
from handlers.slack.blocks.text import Block, actions, button, context, mrkdwn, option, section

LISTED = 15
"""How many lines a message shows; the rest is counted."""

Group = tuple[str, list[str]]
"""A status in words, and a line for each piece of feedback that stands there."""


def reminder(locale: str, lines: Sequence[str]) -> Message:
    """Return the message about votes that are due, a line each, the next deadline first."""
    text = mrkdwn(locale, "reminder.text", n=len(lines))
    vote = actions(button(say(locale, "button.vote_through"), "vote_through", "reminder", style="primary"))
    how = context(mrkdwn(locale, "reminder.how"))
    blocks = [section(text), bullets((None, lines[:LISTED])), *_more(locale, len(lines)), vote, how]
    return {"text": text, "blocks": blocks}


def _more(locale: str, count: int) -> list[Block]:
    return [context(mrkdwn(locale, "list.more", n=count - LISTED))] if count > LISTED else []


def summary(locale: str, groups: Sequence[Group], wish: str) -> Message:
    """Return the weekly summary: what is open by status, and when the person wants the next."""
    count = sum(len(lines) for _, lines in groups)
    text = mrkdwn(locale, "summary.text", n=count)
    shown = bullets(*_fitting(groups))
    return {"text": text, "blocks": [section(text), shown, *_more(locale, count), wish_menu(locale, wish)]}


def _fitting(groups: Sequence[Group]) -> list[Group]:
    """Return the groups with as many lines as a message shows, from the first."""
    fitting, room = [], LISTED
    for title, lines in groups:
        if room > 0:
            fitting.append((title, lines[:room]))
            room -= len(lines)
    return fitting


def wish_menu(locale: str, wish: str) -> Block:
    """Return the menu in which a person says when they want the summary."""
    options = [option(say(locale, f"summary.{name}"), name) for name in WISHES]
    menu: Block = {"type": "static_select", "action_id": "summary_choose", "options": options}
    menu["initial_option"] = options[WISHES.index(wish)]
    return section(mrkdwn(locale, "summary.when"), accessory=menu)
