"""The first run: the first admin, and the three steps through which Home leads them."""

from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.policy import Policy
from bot.services import policy as service
from bot.services.policy import Overtaken
from handlers.slack import forms, pickers, settings
from handlers.slack.blocks import settings as settings_blocks
from handlers.slack.blocks import setup as blocks
from handlers.slack.blocks.setup import STEPS
from handlers.slack.edge import actor_of, edge_of, redraw_home
from storage import people, policy, policy_log

Payload = dict[str, Any]
Tables = dict[str, dict[str, Any]]


def open_step(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form of a step, for an admin."""
    actor, step = actor_of(context), str(body["actions"][0].get("value"))
    if step not in STEPS:
        raise Refused("stale.gesture")
    with edge_of(context).database.read() as session:
        rules, newest = policy.load(session, actor.team_id), policy_log.newest(session, actor.team_id)
        contents = _suggested(session, actor, rules)
    service.check_admin(rules, actor)
    form = blocks.step_form(actor.locale, step, contents, forms.metadata(step=step, opened=newest))
    client.views_open(trigger_id=body["trigger_id"], view=form)
    ack()


def _suggested(session: Session, actor: Actor, rules: Policy) -> Tables:
    """Return the policy as plain data, with the admin's own time zone while nobody set the team's."""
    contents, person = settings.plain(rules), people.get(session, actor.team_id, actor.user_id)
    if person is not None and "workspace" not in policy.tables(session, actor.team_id):
        contents["workspace"]["timezone"] = person.timezone
    if rules.channels.triage is not None:
        contents["channels"].setdefault("review", rules.channels.triage)
    return contents


def take_step(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Take the form of a step; Home, drawn anew, shows it as done."""
    edge, actor, view = edge_of(context), actor_of(context), body["view"]
    step = str(forms.facts(view).get("step"))
    if step not in STEPS:
        raise Refused("stale.view")
    with edge.database.read() as session:
        rules = policy.load(session, actor.team_id)
    tables = _tables(view, step, rules)
    settings.check(client, context, tables)
    try:
        settings.save(context, view, tables)
    except Overtaken as quicker:
        note, newest = settings_blocks.overtaken(actor.locale, quicker.changes), quicker.changes[-1].number
        metadata, contents = forms.metadata(step=step, opened=newest), {**settings.plain(rules), **tables}
        ack(response_action="update", view=blocks.step_form(actor.locale, step, contents, metadata, note))
        return
    ack()


def _tables(view: Payload, step: str, rules: Policy) -> Tables:
    """Return the tables that a step changes: what the form says, and the rest of each as it is."""
    contents = settings.plain(rules)
    tables: Tables = {}
    for path in STEPS[step]:
        table, _, key = path.partition(".")
        tables.setdefault(table, dict(contents[table]))[key] = pickers.read(view, path)
    tables = {name: pickers.without_empty(content) for name, content in tables.items()}
    return service.with_quorum_in_reach(rules, tables) if step == "people" else tables


def check_again(ack: Any, context: BoltContext) -> None:
    """Look once more whether we were invited: Home, drawn anew, says so."""
    redraw_home(context)
    ack()


def hide(ack: Any, context: BoltContext) -> None:
    """Show the steps no more."""
    edge, actor = edge_of(context), actor_of(context)
    with edge.database.begin() as session:
        service.finish_setup(session, actor, edge.now())
    ack()


def register(app: App) -> None:
    """Register what the first steps listen to."""
    app.action("setup_open")(open_step)
    app.action("setup_check")(check_again)
    app.action("setup_hide")(hide)
    app.view("setup_save")(take_step)
