"""The menu of a card."""

from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient

from bot.domain.refusals import Refused
from handlers.slack import answers, feedback, forms, records, requirements

Payload = dict[str, Any]

MENU = {
    "details": feedback.open_details,
    "status": requirements.open_change,
    "ask": answers.open_ask,
    "edit": records.open_requirement,
}


def choose(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Do what was chosen from a card's menu."""
    name, _, number = body["actions"][0]["selected_option"]["value"].partition(":")
    if name not in MENU:
        raise Refused("stale.view")
    MENU[name](client, context, body["trigger_id"], forms.number(number))
    ack()


def register(app: App) -> None:
    """Register the menu."""
    app.action("card_menu")(choose)
