"""Keeping what we know of people as Slack knows it."""

from typing import Any

from slack_bolt import App, BoltContext

from handlers.slack import who
from handlers.slack.edge import edge_of
from storage import people, seen

Payload = dict[str, Any]


def user_changed(body: Payload, context: BoltContext) -> None:
    """Note a person's new name, language, time zone, or that they left. People we never met are left alone."""
    edge, team_id = edge_of(context), body["team_id"]
    profile = who.profile(body["event"]["user"])
    with edge.database.begin() as session:
        if people.get(session, team_id, profile.user_id) is None:
            return
        if seen.first_time(session, team_id, f"event:{body['event_id']}", edge.now()):
            people.save(session, team_id, profile)


def register(app: App) -> None:
    """Register the event."""
    app.event("user_change")(user_changed)
