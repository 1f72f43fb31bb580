"""What people choose for themselves: from Home, or with `/feedback me`."""

from datetime import date
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient

from bot.domain.refusals import Refused
from bot.services import preferences as service
from bot.services.people import zone_of
from handlers.slack import forms, pickers, who
from handlers.slack.blocks.preferences import OWN, SLACKS, preferences_form
from handlers.slack.edge import actor_of, edge_of
from storage import people, policy
from storage.people import Person, Wishes

Payload = dict[str, Any]


def open_preferences(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form with what holds for the person now."""
    edge, actor = edge_of(context), actor_of(context)
    with edge.database.read() as session:
        rules, person = policy.load(session, actor.team_id), people.get(session, actor.team_id, actor.user_id)
    if person is None:
        person = _newcomer(client, context)
    today = edge.now().astimezone(zone_of(person.timezone, rules)).date()
    form = preferences_form(actor.locale, person, rules, today, forms.metadata())
    client.views_open(trigger_id=body["trigger_id"], view=form)
    ack()


def _newcomer(client: WebClient, context: BoltContext) -> Person:
    """Look up somebody who is new to us, so that what they choose can be kept."""
    edge, actor = edge_of(context), actor_of(context)
    who.introduce(edge.database, client, actor.team_id, actor.user_id)
    with edge.database.read() as session:
        found = people.get(session, actor.team_id, actor.user_id)
    if found is None:
        raise Refused("refused.not_known_yet")
    return found


def take(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take what a person chose; their next view is drawn by it."""
    edge, actor, view = edge_of(context), actor_of(context), body["view"]
    wishes = _wishes(view)
    with edge.database.begin() as session:
        service.choose(session, actor, wishes, edge.now())
    edge.languages.forget(actor.team_id, actor.user_id)
    ack()


def _wishes(view: Payload) -> Wishes:
    """Read the form. Raises Refused for a date that is none."""
    language, start, end = (pickers.picked(view, name) for name in ("own_language", "quiet_start", "quiet_end"))
    weekends = bool(pickers.picked(view, "quiet_weekends"))
    asked = any(block["block_id"] == "own_reminders" for block in view["blocks"])
    return Wishes(
        summary=str(pickers.picked(view, "own_summary")),
        language=None if language in {SLACKS, None} else str(language),
        quiet=(str(start), str(end), weekends) if pickers.picked(view, "own_quiet") == OWN else None,
        back_on=None if pickers.picked(view, "here_again") else _day(pickers.picked(view, "back_on")),
        reminders=bool(pickers.picked(view, "own_reminders")) if asked else None,
    )


def _day(raw: object) -> date | None:
    if not raw:
        return None
    try:
        return date.fromisoformat(str(raw))
    except ValueError:
        raise Refused("fault.other", field="back_on") from None


def register(app: App) -> None:
    """Register what personal settings listen to."""
    app.action("preferences_open")(open_preferences)
    app.view("preferences_save")(take)
