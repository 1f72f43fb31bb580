"""The notice to an admin about what could not be delivered, and its button."""

from typing import Any

from slack_bolt import App, BoltContext

from bot.i18n import say
from bot.services import policy as service
from handlers.slack.edge import actor_of, edge_of

Payload = dict[str, Any]


def send_again(ack: Any, body: Payload, context: BoltContext) -> None:
    """Send everything that could not be delivered to a lane once more."""
    edge, actor = edge_of(context), actor_of(context)
    lane, _, error = body["actions"][0]["value"].partition(":")
    with edge.database.begin() as session:
        count = service.send_again(session, actor, lane, error, edge.now())
    ack()
    edge.whisper(body, say(actor.locale, "sent_again", n=count))


def register(app: App) -> None:
    """Register the button."""
    app.action("outbox_again")(send_again)
