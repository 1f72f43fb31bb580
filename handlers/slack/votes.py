"""Voting on a card."""

import re
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient

from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.i18n import say
from bot.services import votes as service
from bot.services.votes import Cast
from handlers.slack import forms
from handlers.slack.blocks.feedback import text_form
from handlers.slack.blocks.text import Block, actions, button, mrkdwn, section
from handlers.slack.edge import actor_of, edge_of

Payload = dict[str, Any]


def cast(ack: Any, body: Payload, context: BoltContext) -> None:
    """Cast or change a vote; the card is redrawn, the voter alone gets a word."""
    edge, actor = edge_of(context), actor_of(context)
    press = body["actions"][0]
    requirement, _, vote = press["value"].partition(":")
    number, choice = forms.number(requirement), Choice(press["action_id"].removeprefix("vote_"))
    with edge.database.begin() as session:
        outcome = service.cast(
            session, actor, number, choice, float(press["action_ts"]), edge.now(), number=forms.number(vote)
        )
    edge.counts.votes.inc()
    ack()
    edge.whisper(body, *_confirmation(actor, number, outcome))


def _confirmation(actor: Actor, number: int, outcome: Cast) -> tuple[str, list[Block]]:
    """Say how the vote stands; after a Reject, offer to say why."""
    ref, choice = f"R-{number}", say(actor.locale, f"choice.{outcome.choice}")
    if outcome.result is not None:
        result = say(actor.locale, f"result.{outcome.result}")
        text = mrkdwn(actor.locale, "voted.closed", ref=ref, choice=choice, result=result)
    else:
        text = mrkdwn(actor.locale, "voted", ref=ref, choice=choice)
    blocks = [section(text)]
    if outcome.choice is Choice.REJECT:
        blocks.append(actions(button(say(actor.locale, "button.say_why"), "why_open", str(number))))
    return text, blocks


def open_why(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form for a line of why."""
    number = forms.number(body["actions"][0]["value"])
    form = text_form(actor_of(context).locale, "vote_why", forms.metadata(number=number))
    client.views_open(trigger_id=body["trigger_id"], view=form)
    ack()


def take_why(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take a line of why."""
    edge, view = edge_of(context), body["view"]
    number, why = forms.number(forms.facts(view).get("number")), forms.values(view).get("why") or ""
    with edge.database.begin() as session:
        service.say_why(session, actor_of(context), number, why, edge.now())
    ack()


def register(app: App) -> None:
    """Register what votes listen to."""
    app.action(re.compile("^vote_(approve|reject|abstain)$"))(cast)
    app.action("why_open")(open_why)
    app.view("vote_why")(take_why)
