"""What can be done with a record after it was made: edit it, withdraw it, reopen it."""

import re
from typing import Any

import structlog
from slack_bolt import App, BoltContext
from slack_sdk import WebClient

from bot.domain.feedback import State
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.services import records as service
from handlers.slack import facts as facts_of
from handlers.slack import forms
from handlers.slack.blocks import feedback as feedback_blocks
from handlers.slack.blocks import requirements as requirement_blocks
from handlers.slack.blocks.details import details
from handlers.slack.blocks.text import Block, titled_quote
from handlers.slack.edge import Edge, actor_of, edge_of
from handlers.slack.facts import Facts
from handlers.slack.feedback import draft_from

log = structlog.get_logger(__name__)

Payload = dict[str, Any]


def open_requirement(client: WebClient, context: BoltContext, trigger_id: str, number: int) -> None:
    """Open the form that edits the requirement of F-`number`. Raises Refused for anyone but managers."""
    client.views_open(trigger_id=trigger_id, view=_requirement_form(context, number))


def _facts(context: BoltContext, number: int) -> Facts:
    with edge_of(context).database.read() as session:
        facts = facts_of.load(session, actor_of(context).team_id, number, whole=True)
    if facts is None:
        raise Refused("refused.unknown_feedback", number=number)
    return facts


def _requirement_form(context: BoltContext, number: int) -> Block:
    actor, facts = actor_of(context), _facts(context, number)
    requirement = facts.requirement
    if requirement is None:
        raise Refused("refused.unknown_feedback", number=number)
    if not facts.policy.is_manager(actor.user_id):
        raise Refused("refused.edit_managers_only")
    if requirement.withdrawn_at is not None:
        raise Refused("refused.withdrawn")
    carried = {"requirement": requirement.number, "changes": len(facts.changes_of(f"R-{requirement.number}"))}
    metadata = forms.metadata(feedback=number, **carried)
    return requirement_blocks.edit_form(actor.locale, requirement, metadata)


def open_edit(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form that edits feedback."""
    actor, number = actor_of(context), _pressed(body)
    facts = _facts(context, number)
    if facts.feedback.filed_by != actor.user_id:
        raise Refused("refused.filer_only")
    if facts.feedback.state != State.OPEN:
        raise Refused(f"refused.edit_{facts.feedback.state}")
    metadata = forms.metadata(feedback=number, changes=len(facts.changes_of(f"F-{number}")))
    _push(client, body, feedback_blocks.edit_form(actor.locale, facts.feedback, facts.customer, metadata))
    ack()


def open_requirement_edit(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form that edits a requirement from its details."""
    _push(client, body, _requirement_form(context, _pressed(body)))
    ack()


def withdraw(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Withdraw feedback; the details then say so."""
    edge, actor, number = edge_of(context), actor_of(context), _pressed(body)
    with edge.database.begin() as session:
        service.withdraw(session, actor, number, edge.now(), key=_press_key(body))
    ack()
    _redraw(edge, client, actor, number, body["view"]["id"])


def reopen(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Reopen what was withdrawn at once; for what was answered, open the form that asks why."""
    edge, actor, number = edge_of(context), actor_of(context), _pressed(body)
    facts = _facts(context, number)
    if facts.feedback.state == State.ANSWERED:
        intro = titled_quote(f"F-{number} · {facts.feedback.title}", facts.feedback.answer)
        metadata = forms.metadata(feedback=number)
        _push(client, body, feedback_blocks.text_form(actor.locale, "feedback_reopen", metadata, intro))
        ack()
        return
    with edge.database.begin() as session:
        service.reopen(session, actor, number, edge.now(), key=_press_key(body))
    ack()
    _redraw(edge, client, actor, number, body["view"]["id"])


def _pressed(body: Payload) -> int:
    """Return the number of the feedback whose button was pressed. These buttons stand in details only."""
    if not body.get("view"):
        raise Refused("stale.gesture")
    return forms.number(body["actions"][0]["value"])


def _press_key(body: Payload) -> str:
    """One press of a button is taken once, as long as the view stays as it is."""
    return f"{body['actions'][0]['action_id']}:{forms.seen_key(body['view'])}"[:300]


def _push(client: WebClient, body: Payload, form: Block) -> None:
    client.views_push(trigger_id=body["trigger_id"], view=form)


def _redraw(edge: Edge, client: WebClient, actor: Actor, number: int, view_id: str | None) -> None:
    """Let open details say what became of it. Best effort, after the acknowledgement."""
    if view_id:
        edge.background.submit(_redraw_details, edge, client, actor, number, view_id)


def _redraw_details(edge: Edge, client: WebClient, actor: Actor, number: int, view_id: str) -> None:
    try:
        with edge.database.read() as session:
            facts = facts_of.load(session, actor.team_id, number, whole=True)
        if facts is not None:
            client.views_update(view_id=view_id, view=details(facts, actor.locale, actor.user_id))
    except Exception as error:  # noqa: BLE001 - best effort; what was done is committed, and the view may be closed
        log.info("details.not_redrawn", error=type(error).__name__)


def take_edit(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Take edited feedback."""
    edge, actor, view = edge_of(context), actor_of(context), body["view"]
    typed, carried = forms.values(view), forms.facts(view)
    if typed.get("stake") == feedback_blocks.NO_STAKE:
        typed["stake"] = None
    draft, number, count = draft_from(typed, {}), forms.number(carried.get("feedback")), _count(carried)
    with edge.database.begin() as session:
        key = forms.seen_key(view)
        service.edit_feedback(session, actor, number, draft, edge.now(), key=key, seen_changes=count)
    ack()
    _redraw(edge, client, actor, number, view.get("previous_view_id"))


def take_requirement(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Take an edited requirement."""
    edge, actor, view = edge_of(context), actor_of(context), body["view"]
    typed, carried = forms.values(view), forms.facts(view)
    number, title, count = forms.number(carried.get("requirement")), typed.get("title") or "", _count(carried)
    with edge.database.begin() as session:
        key, description = forms.seen_key(view), typed.get("description")
        service.edit_requirement(session, actor, number, title, description, edge.now(), key=key, seen_changes=count)
    ack()
    _redraw(edge, client, actor, forms.number(carried.get("feedback")), view.get("previous_view_id"))


def _count(carried: Payload) -> int:
    """Return after how many changes the form was opened."""
    return forms.number(carried.get("changes"))


def take_reopening(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Take why an answer did not settle it."""
    edge, actor, view = edge_of(context), actor_of(context), body["view"]
    number, why = forms.number(forms.facts(view).get("feedback")), forms.values(view).get("why")
    with edge.database.begin() as session:
        service.reopen(session, actor, number, edge.now(), key=forms.seen_key(view), why=why)
    ack()
    _redraw(edge, client, actor, number, view.get("previous_view_id"))


PRESSES = {
    "record_edit": open_edit,
    "record_requirement": open_requirement_edit,
    "record_withdraw": withdraw,
    "record_reopen": reopen,
}
SUBMISSIONS = {"feedback_edit": take_edit, "requirement_edit": take_requirement, "feedback_reopen": take_reopening}


def press(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Do what a button of the details is for."""
    PRESSES[body["actions"][0]["action_id"]](ack, body, client, context)


def submit(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Take one of the forms."""
    SUBMISSIONS[body["view"]["callback_id"]](ack, body, client, context)


def register(app: App) -> None:
    """Register what the life of a record listens to."""
    app.action(re.compile(f"^({'|'.join(PRESSES)})$"))(press)
    app.view(re.compile(f"^({'|'.join(SUBMISSIONS)})$"))(submit)
