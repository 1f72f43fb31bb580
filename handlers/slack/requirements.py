"""Changing a requirement's status."""

from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient

from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.services import requirements as service
from handlers.slack import facts as facts_of
from handlers.slack import forms
from handlers.slack.blocks.requirements import change_form
from handlers.slack.blocks.text import Block
from handlers.slack.edge import actor_of, edge_of
from handlers.slack.feedback import redraw
from storage import people

Payload = dict[str, Any]


def open_change(client: WebClient, context: BoltContext, trigger_id: str, number: int) -> None:
    """Open the form for the requirement of F-`number`. Raises Refused for anyone but managers."""
    client.views_open(trigger_id=trigger_id, view=_form(context, number, None))


def choose_status(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Redraw the form for another status: its reasons, its sentence."""
    view = body["view"]
    chosen = (body["actions"][0].get("selected_option") or {}).get("value")
    to = Status(chosen) if chosen in set(Status) else None
    form = _form(context, forms.number(forms.facts(view).get("feedback")), to)
    redraw(client, view_id=view["id"], view=form)  # without hash: of two quick choices the newest wins
    ack()


def _form(context: BoltContext, number: int, to: Status | None) -> Block:
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        facts = facts_of.load(session, actor.team_id, number)
        if facts is None or facts.requirement is None:
            raise Refused("refused.unknown_feedback", number=number)
        if not facts.policy.is_manager(actor.user_id):
            raise Refused("refused.managers_only")
        if facts.requirement.withdrawn_at is not None:
            raise Refused("refused.withdrawn")
        listener = people.language(session, actor.team_id, facts.feedback.filed_by)
    metadata = forms.metadata(feedback=number, requirement=facts.requirement.number, status=facts.requirement.status)
    return change_form(facts, actor.locale, listener, to, metadata)


def take_change(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take a status change."""
    edge, view = edge_of(context), body["view"]
    typed = forms.values(view)
    wished = typed.get("status")
    if wished not in set(Status):
        raise Refused("stale.view", field="status")
    change = Change(Status(wished), typed.get("reason"), typed.get("sentence"), typed.get("target"))
    carried = forms.facts(view)
    number, saw = forms.number(carried.get("requirement")), carried.get("status")
    seen_status = Status(saw) if saw in set(Status) else None
    with edge.database.begin() as session:
        key = forms.seen_key(view)
        service.change(session, actor_of(context), number, change, edge.now(), key=key, seen_status=seen_status)
    ack()


def register(app: App) -> None:
    """Register what status changes listen to."""
    app.action("requirement_to")(choose_status)
    app.view("requirement_change")(take_change)
