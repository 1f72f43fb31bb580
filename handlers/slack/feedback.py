"""Filing feedback: opening the form from wherever a person is, its customers, taking it, undoing it, looking at it."""

import re
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.feedback import WORDS_MAX, Draft, Kind, Stake, Urgency, name_key
from bot.domain.refusals import Refused
from bot.i18n import say
from bot.services import feedback as service
from handlers.slack import facts as facts_of
from handlers.slack import forms
from handlers.slack.blocks import details
from handlers.slack.blocks import feedback as blocks
from handlers.slack.blocks.feedback import NEW, FormStart
from handlers.slack.edge import actor_of, edge_of
from handlers.slack.typed import as_typed, mentioned, writable
from storage import customers, feedback, people, policy
from storage.customers import Customer

Payload = dict[str, Any]

RECENT = 10
OFFERED = 20
PRIVATE = ("privategroup", "directmessage", "mpdm")
"""How the names begin that Slack gives to private channels, direct messages and group messages."""


def open_form(client: WebClient, context: BoltContext, trigger_id: str, **start: Any) -> None:
    """Open the filing form. `start`: words, customer, permalink, private_source."""
    actor, edge = actor_of(context), edge_of(context)
    with edge.database.read() as session:
        channel = policy.load(session, actor.team_id).channels.triage
    link, private = start.get("permalink"), bool(start.get("private_source"))
    words = str(start.get("words") or "")
    form = FormStart(
        words=words[:WORDS_MAX],
        cut=len(words) > WORDS_MAX,
        customer=start.get("customer"),
        channel=channel,
        from_message=bool(start.get("from_message")),
        metadata=forms.metadata(permalink=link, private=private),
    )
    client.views_open(trigger_id=trigger_id, view=blocks.filing_form(actor.locale, form))


def from_shortcut(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form from the lightning menu, or from a message with its words."""
    if body["type"] == "message_action":
        open_form(
            client,
            context,
            body["trigger_id"],
            words=_words_of(body["message"], context),
            permalink=_permalink(body),
            private_source=_is_private(body["channel"]),
            from_message=True,
        )
    else:
        open_form(client, context, body["trigger_id"])
    ack()


def _words_of(message: Payload, context: BoltContext) -> str:
    """Return a message's words as people see them, with those it mentions by name."""
    text = message.get("text") or ""
    with edge_of(context).database.read() as session:
        names = people.names(session, actor_of(context).team_id, mentioned(text))
    return as_typed(text, names)


def _is_private(channel: Payload) -> bool:
    return str(channel.get("name", "")).startswith(PRIVATE) or channel["id"].startswith(("D", "G"))


def _permalink(body: Payload) -> str:
    """Return the link of a message. Made here, for Slack would tell it only to members of the conversation."""
    message, channel = body["message"], body["channel"]["id"]
    link = f"https://{body['team']['domain']}.slack.com/archives/{channel}/p{message['ts'].replace('.', '')}"
    thread = message.get("thread_ts")
    return link if thread in {None, message["ts"]} else f"{link}?thread_ts={thread}&cid={channel}"


def another(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form for the same customer once more."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        customer = customers.get(session, actor.team_id, forms.number(body["actions"][0]["value"]))
    open_form(client, context, body["trigger_id"], customer=customer)
    ack()


def show_more(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Show all fields of the form; what was typed stays."""
    view = body["view"]
    form = blocks.with_more_fields(actor_of(context).locale, view)
    redraw(client, view_id=view["id"], hash=view["hash"], view=form)
    ack()


def redraw(client: WebClient, **facts: Any) -> None:
    """Update an open form. That it was redrawn by another press meanwhile, or closed, is no failure."""
    try:
        client.views_update(**facts)
    except SlackApiError as error:
        if error.response.get("error") not in {"hash_conflict", "not_found"}:
            raise


def offer_customers(ack: Any, body: Payload, context: BoltContext) -> None:
    """Offer the person's recent customers, or those matching what they type, and to add a new one."""
    actor, typed = actor_of(context), writable(body.get("value", "")).strip()
    with edge_of(context).database.read() as session:
        if typed:
            found = customers.matching(session, actor.team_id, typed, OFFERED)
        else:
            found = _recent_first(session, actor.team_id, actor.user_id)
    options = [blocks.known_customer(customer) for customer in found]
    if typed and not any(customer.key == name_key(typed) for customer in found):
        options.append(blocks.new_customer(actor.locale, typed))
    ack(options=options)


def _recent_first(session: Any, team_id: str, user_id: str) -> list[Customer]:
    recent = feedback.recent_customers(session, team_id, user_id, RECENT)
    known = {customer.id for customer in recent}
    others = [other for other in customers.matching(session, team_id, "", OFFERED) if other.id not in known]
    return [*recent, *others][:OFFERED]


def take(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take a filled form: one transaction, then the acknowledgement."""
    edge, view = edge_of(context), body["view"]
    draft = draft_from(forms.values(view), forms.facts(view))
    with edge.database.begin() as session:
        number = service.file(session, actor_of(context), draft, edge.now(), key=forms.seen_key(view))
    if number is not None:
        edge.counts.filings.inc()
    ack()


def draft_from(typed: dict[str, str | None], carried: Payload) -> Draft:
    """Make a draft from what was typed. Raises Refused for values no form of ours offers."""
    chosen = typed.get("customer") or ""
    is_new = chosen.startswith(NEW)
    try:
        return Draft(
            words=typed.get("words") or "",
            customer_id=None if is_new or not chosen else forms.number(chosen),
            customer_name=chosen.removeprefix(NEW) if is_new else None,
            kind=Kind(typed.get("kind") or Kind.NEED),
            urgency=Urgency(typed.get("urgency") or Urgency.UNSAID),
            title=typed.get("title"),
            scenario=typed.get("scenario"),
            stake=Stake(stake) if (stake := typed.get("stake")) else None,
            said_by=typed.get("said_by"),
            hide_customer=typed.get("hide_customer") == "hide",
            permalink=_slack_link(carried.get("permalink")),
            private_source=bool(carried.get("private")),
        )
    except ValueError:
        raise Refused("stale.view") from None


def _slack_link(link: object) -> str | None:
    """Return the link if it looks as Slack makes them; it is drawn as a link, so nothing else may get there."""
    shape = r"https://[\w.:-]+/archives/[A-Z0-9]+/p\d+(\?[\w=&.]*)?"
    return link if isinstance(link, str) and re.fullmatch(shape, link) else None


def undo(ack: Any, body: Payload, context: BoltContext) -> None:
    """Withdraw what was just filed."""
    edge, actor = edge_of(context), actor_of(context)
    number = forms.number(body["actions"][0]["value"])
    with edge.database.begin() as session:
        service.undo(session, actor, number, edge.now())
    ack()
    edge.whisper(body, say(actor.locale, "undone", number=f"F-{number}"))


def view(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Show the details of feedback from its receipt."""
    open_details(client, context, body["trigger_id"], forms.number(body["actions"][0]["value"]))
    ack()


def open_details(client: WebClient, context: BoltContext, trigger_id: str, number: int) -> None:
    """Open the details of F-`number`. Raises Refused when there is no such feedback."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        found = facts_of.load(session, actor.team_id, number, whole=True)
    if found is None:
        raise Refused("refused.unknown_feedback", number=number)
    client.views_open(trigger_id=trigger_id, view=details.details(found, actor.locale, actor.user_id))


def register(app: App) -> None:
    """Register what filing listens to."""
    app.shortcut(re.compile("^file_feedback(_from_message)?$"))(from_shortcut)
    app.action("feedback_more")(show_more)
    app.action("feedback_another")(another)
    app.action("feedback_undo")(undo)
    app.action("feedback_view")(view)
    app.options("feedback_customer")(offer_customers)
    app.view("feedback_file")(take)
