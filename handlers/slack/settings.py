"""Settings: looking at the policy, editing it table by table, and who changed what."""

from collections.abc import Sequence
from typing import Any

import structlog
from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.policy import Policy, PolicyError, PolicyUnreadableError
from bot.policy_words import KINDS, fault
from bot.services import policy as service
from bot.services.people import zone_of
from bot.services.policy import Overtaken
from handlers.slack import existing, forms, pickers
from handlers.slack.blocks import settings as blocks
from handlers.slack.blocks.settings_forms import table_form, zone_option
from handlers.slack.blocks.text import Mrkdwn, mrkdwn
from handlers.slack.edge import Edge, actor_of, edge_of
from handlers.slack.zones import matching
from storage import people, policy, policy_log
from storage.policy_log import PolicyChange

log = structlog.get_logger(__name__)

Payload = dict[str, Any]
Tables = dict[str, dict[str, Any]]


def open_settings(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Show what the policy says. Raises Refused for anyone but managers and admins."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        rules = policy.load(session, actor.team_id)
    if not rules.is_manager(actor.user_id):
        raise Refused("refused.settings_team_only")
    view = blocks.overview(actor.locale, plain(rules), admin=rules.is_admin(actor.user_id))
    client.views_open(trigger_id=body["trigger_id"], view=view)
    ack()


def plain(rules: Policy) -> Tables:
    """Return a policy as plain data."""
    return rules.model_dump(mode="json", exclude_none=True)


def edit(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form of a table over the overview."""
    actor, name = actor_of(context), str(body["actions"][0].get("value"))
    if name not in KINDS:
        raise Refused("stale.gesture")
    with edge_of(context).database.read() as session:
        rules, newest = policy.load(session, actor.team_id), policy_log.newest(session, actor.team_id)
    service.check_admin(rules, actor)
    form = table_form(actor.locale, name, plain(rules)[name], forms.metadata(table=name, opened=newest))
    client.views_push(trigger_id=body["trigger_id"], view=form)
    ack()


def take(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Take the form of a table. Of two admins at once the second is shown what the first changed, and loses nothing."""
    actor, view = actor_of(context), body["view"]
    name = str(forms.facts(view).get("table"))
    if name not in KINDS:
        raise Refused("stale.view")
    content = pickers.table(view, name)
    hints = check(client, context, {name: content})
    try:
        changes = save(context, view, {name: content})
    except Overtaken as quicker:
        note, newest = blocks.overtaken(actor.locale, quicker.changes), quicker.changes[-1].number
        metadata = forms.metadata(table=name, opened=newest)
        ack(response_action="update", view=table_form(actor.locale, name, content, metadata, note))
        return
    ack()
    if changes is not None:
        _redraw(edge_of(context), client, actor, view.get("previous_view_id"), changes, hints)


def save(context: BoltContext, view: Payload, tables: Tables) -> list[PolicyChange] | None:
    """Save what a form says. Raises Refused at the field that is wrong, and Overtaken."""
    edge, actor = edge_of(context), actor_of(context)
    opened, key = forms.number(forms.facts(view).get("opened")), forms.seen_key(view)
    try:
        with edge.database.begin() as session:
            return service.save(session, actor, tables, edge.now(), opened=opened, key=key)
    except PolicyUnreadableError:
        raise
    except PolicyError as error:
        raise _at_its_field(error, actor.locale, tables) from None


def _at_its_field(error: PolicyError, locale: str, tables: Tables) -> Refused:
    """Return the refusal for the first thing that is wrong, at the first field of the form that can put it right."""
    found = error.faults[0]
    places = [place for place in found.places if place.partition(".")[0] in tables]
    return Refused("refused.as_said", field=next(iter(places), None), sentence=fault(locale, found))


def check(client: WebClient, context: BoltContext, tables: Tables) -> list[Mrkdwn]:
    """Ask Slack about the channels and people newly named; return what the admin should do. Raises Refused."""
    edge, actor = edge_of(context), actor_of(context)
    with edge.database.read() as session:
        rules = policy.load(session, actor.team_id)
        strangers = _strangers(session, actor, rules, tables)
    service.check_admin(rules, actor)
    _remember(edge, actor.team_id, existing.profiles(client, actor.team_id, strangers))
    channels = tables.get("channels", {})
    new = {key: found for key, found in channels.items() if found != getattr(rules.channels, key, None)}
    outside = [found for key, found in new.items() if existing.is_member(client, found, f"channels.{key}") is False]
    return [invite_me(actor.locale, channel) for channel in outside]


def invite_me(locale: str, channel: str) -> Mrkdwn:
    """Return what to type in a channel that we are not in."""
    return mrkdwn(locale, "settings.invite", channel=Mrkdwn(f"<#{channel}>"))


def _strangers(session: Session, actor: Actor, rules: Policy, tables: Tables) -> list[tuple[str, str]]:
    """Return whom the form names that neither the policy nor we know, each with the field."""
    named = {
        user_id: f"{table}.{key}"
        for table in ("people", "departments")
        for key, listed in tables.get(table, {}).items()
        for user_id in listed
    }
    known = people.among(session, actor.team_id, named)
    return [(user_id, field) for user_id, field in named.items() if user_id not in known and not rules.names(user_id)]


def _remember(edge: Edge, team_id: str, profiles: Sequence[people.Profile]) -> None:
    if profiles:
        with edge.database.begin(quiet=True) as session:
            for found in profiles:
                people.save(session, team_id, found)


def _redraw(
    edge: Edge,
    client: WebClient,
    actor: Actor,
    view_id: str | None,
    changes: Sequence[PolicyChange],
    hints: Sequence[Mrkdwn],
) -> None:
    """Let the overview under the form say what was changed. Best effort, after the acknowledgement."""
    if view_id:
        edge.background.submit(_redraw_overview, edge, client, actor, view_id, changes, hints)


def _redraw_overview(
    edge: Edge,
    client: WebClient,
    actor: Actor,
    view_id: str,
    changes: Sequence[PolicyChange],
    hints: Sequence[Mrkdwn],
) -> None:
    try:
        with edge.database.read() as session:
            rules = policy.load(session, actor.team_id)
        note = blocks.saved(actor.locale, changes, hints)
        view = blocks.overview(actor.locale, plain(rules), admin=rules.is_admin(actor.user_id), note=note)
        client.views_update(view_id=view_id, view=view)
    except Exception as error:  # noqa: BLE001 - best effort; what was changed is committed, and the view may be closed
        log.info("settings.not_redrawn", error=type(error).__name__)


def show_history(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Show who changed what, over the overview."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        rules, person = policy.load(session, actor.team_id), people.get(session, actor.team_id, actor.user_id)
        changes = policy_log.last(session, actor.team_id, blocks.LOGGED)
    if not rules.is_manager(actor.user_id):
        raise Refused("refused.settings_team_only")
    shown = blocks.Log(changes, zone_of(person.timezone if person else None, rules))
    client.views_push(trigger_id=body["trigger_id"], view=blocks.history(actor.locale, shown))
    ack()


def offer_zones(ack: Any, body: Payload, context: BoltContext) -> None:
    """Offer the time zones whose city or name has what is typed."""
    locale = actor_of(context).locale
    ack(options=[zone_option(locale, name) for name in matching(locale, str(body.get("value") or ""))])


def register(app: App) -> None:
    """Register what Settings listens to."""
    app.action("settings_open")(open_settings)
    app.action("settings_edit")(edit)
    app.action("settings_history")(show_history)
    app.options("settings_zone")(offer_zones)
    app.view("settings_save")(take)
