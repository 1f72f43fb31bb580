"""Keeping what we know of people as Slack knows it; taking over what somebody who left had open."""

from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.i18n import say
from bot.services import people as service
from handlers.slack import forms, who
from handlers.slack.edge import actor_of, edge_of
from storage import people, policy, seen

Payload = dict[str, Any]


def user_changed(body: Payload, client: WebClient, context: BoltContext) -> None:
    """Note a person's new name, language, time zone, or that they left.

    People we never met are left alone, unless the policy names them: a reviewer may leave before their first vote.
    An event that Slack had to bring again may come after a newer one, so Slack is asked how the person is now.
    """
    edge, team_id = edge_of(context), body["team_id"]
    told = who.profile(body["event"]["user"])
    with edge.database.read() as session:
        if not _concerns_us(session, team_id, told.user_id):
            return
    profile = who.look_up(client, told.user_id) or told
    with edge.database.begin() as session:
        known = people.get(session, team_id, profile.user_id)
        if not seen.first_time(session, team_id, f"event:{body['event_id']}", edge.now()):
            return
        leaves = profile.deleted and not (known and known.deleted)
        people.save(session, team_id, profile)
        if leaves:
            service.hand_over(session, team_id, profile.user_id, "left", edge.now())
    edge.languages.forget(team_id, profile.user_id)


def _concerns_us(session: Session, team_id: str, user_id: str) -> bool:
    return people.get(session, team_id, user_id) is not None or policy.load(session, team_id).names(user_id)


def take_over(ack: Any, body: Payload, context: BoltContext) -> None:
    """Let a manager hear from now on what somebody who left had asked for."""
    edge, actor = edge_of(context), actor_of(context)
    number = forms.number(body["actions"][0]["value"])
    with edge.database.begin() as session:
        service.take_over(session, actor, number, edge.now())
    ack()
    edge.whisper(body, say(actor.locale, "taken_over", number=f"F-{number}"))


def register(app: App) -> None:
    """Register the event and the button."""
    app.event("user_change")(user_changed)
    app.action("feedback_take_over")(take_over)
