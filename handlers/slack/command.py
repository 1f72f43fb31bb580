"""The slash command: `/feedback`, with words to file or a sub-word to look something up."""

import re
import unicodedata
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from handlers.slack import facts as facts_of
from handlers.slack.blocks.receipts import what_next
from handlers.slack.blocks.text import mrkdwn
from handlers.slack.decide_through import type_decide
from handlers.slack.edge import actor_of, edge_of
from handlers.slack.feedback import open_details, open_form
from handlers.slack.preferences import open_preferences
from handlers.slack.reminders import type_summary
from handlers.slack.search import find
from handlers.slack.settings import open_settings
from handlers.slack.typed import as_typed
from handlers.slack.vote_through import type_vote
from storage import customers, feedback, requirements
from storage.customers import Customer

Payload = dict[str, Any]

MINE = 20
"""How many of a person's feedback `mine` lists."""

OPENERS = {
    **dict.fromkeys(("vote", "投票"), type_vote),
    **dict.fromkeys(("decide", "评审"), type_decide),
    **dict.fromkeys(("settings", "设置"), open_settings),
    **dict.fromkeys(("me", "我的设置"), open_preferences),
}
"""The words that open a modal."""

_REFERENCE = re.compile(r"^([RF])-?(\d{1,9})$", re.IGNORECASE)
_FIND = re.compile(r"^(?:find|ｆｉｎｄ|查找)(?:\s+(.+))?$", re.IGNORECASE | re.DOTALL)
_FOR_CUSTOMER = re.compile(r"^([^:：\n]{1,69})[:：]\s*(.*)$", re.DOTALL)


def feedback_command(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Do what the words after the command ask for."""
    text = as_typed(body.get("text") or "").strip()
    word = unicodedata.normalize("NFKC", text).casefold()  # full-width letters mean the same
    if word in {"help", "帮助", "?"}:
        ack(usage(actor_of(context).locale))
    elif word in {"mine", "我的"}:
        ack(mine(context))
    elif opens := OPENERS.get(word):
        opens(ack, body, client, context)
    elif word in {"summary", "周报"}:
        type_summary(ack, context)
    elif wanted := _FIND.match(text):
        _find(ack, context, wanted[1] or "")
    elif reference := _REFERENCE.match(word):
        _look_up(ack, body, client, context, reference[1].upper(), int(reference[2]))
    elif text and not any(character.isalnum() for character in text):
        ack(usage(actor_of(context).locale))
    else:
        _file(ack, body, client, context, text)


def usage(locale: str) -> str:
    """Return what the command can do."""
    return mrkdwn(locale, "command.usage")


def _find(ack: Any, context: BoltContext, words: str) -> None:
    """Answer a search; without words, say what the command can do."""
    if words:
        find(ack, context, words)
    else:
        ack(usage(actor_of(context).locale))


def mine(context: BoltContext) -> str:
    """List what the person filed, newest first, with where each stands."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        items = feedback.filed_by(session, actor.team_id, actor.user_id, MINE)
        lines = [_line(session, actor, item.number) for item in items]
    if not lines:
        return mrkdwn(actor.locale, "command.mine_none")
    return "\n".join([mrkdwn(actor.locale, "command.mine"), *lines])


def _line(session: Session, actor: Actor, number: int) -> str:
    facts = facts_of.load(session, actor.team_id, number)
    if facts is None:
        return ""
    customer, status = facts.customer.name, what_next(facts, actor.locale)
    title = facts.feedback.title
    return mrkdwn(
        actor.locale, "command.mine_line", number=f"F-{number}", title=title, customer=customer, status=status
    )


def _look_up(ack: Any, body: Payload, client: WebClient, context: BoltContext, letter: str, number: int) -> None:
    if letter == "R":
        with edge_of(context).database.read() as session:
            requirement = requirements.get(session, actor_of(context).team_id, number)
        if requirement is None:
            raise Refused("refused.unknown_requirement", number=number)
        number = requirement.origin
    open_details(client, context, body["trigger_id"], number)
    ack()


def _file(ack: Any, body: Payload, client: WebClient, context: BoltContext, text: str) -> None:
    """Open the form with the words; `acme: words` presets the customer when exactly one matches."""
    customer, words = _customer_of(context, text)
    open_form(client, context, body["trigger_id"], words=words, customer=customer)
    ack()


def _customer_of(context: BoltContext, text: str) -> tuple[Customer | None, str]:
    named = _FOR_CUSTOMER.match(text)
    if named is None:
        return None, text
    team_id = actor_of(context).team_id
    with edge_of(context).database.read() as session:
        exact = customers.named(session, team_id, named[1])
        found = [exact] if exact else customers.matching(session, team_id, named[1], 2)
    return (found[0], named[2]) if len(found) == 1 else (None, text)


def register(app: App) -> None:
    """Register the command."""
    app.command("/feedback")(feedback_command)
