"""Talking about feedback: answer a question or complaint, ask the filer something, reply, make a requirement of it."""

from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient

from bot.domain.refusals import Refused
from bot.i18n import say
from bot.services import feedback as service
from handlers.slack import facts as facts_of
from handlers.slack import forms
from handlers.slack.blocks.feedback import text_form
from handlers.slack.blocks.text import Block, quote, titled_quote
from handlers.slack.edge import actor_of, edge_of
from storage import feedback

Payload = dict[str, Any]


def open_answer(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form that answers a question, complaint or praise."""
    number = forms.number(body["actions"][0]["value"])
    _open(client, context, body["trigger_id"], "answer_give", number)
    ack()


def open_ask(client: WebClient, context: BoltContext, trigger_id: str, number: int) -> None:
    """Open the form that asks the filer of F-`number` something."""
    _open(client, context, trigger_id, "answer_ask", number)


def _open(client: WebClient, context: BoltContext, trigger_id: str, callback_id: str, number: int) -> None:
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        facts = facts_of.load(session, actor.team_id, number)
    if facts is None:
        raise Refused("refused.unknown_feedback", number=number)
    service.check_team(actor, facts.policy)
    intro = titled_quote(f"F-{number} · {facts.feedback.title}", facts.feedback.words[:1000])
    _open_form(client, context, trigger_id, callback_id, number, intro)


def _open_form(
    client: WebClient,
    context: BoltContext,
    trigger_id: str,
    callback_id: str,
    number: int,
    intro: Block,
) -> None:
    form = text_form(actor_of(context).locale, callback_id, forms.metadata(number=number), intro)
    client.views_open(trigger_id=trigger_id, view=form)


def open_reply(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the form in which the filer answers a question."""
    number = forms.number(body["actions"][0]["value"])
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        question = feedback.question(session, actor.team_id, number)
    if question is None:
        raise Refused("refused.unknown_question")
    if question.answer is not None:
        raise Refused("refused.answered")
    _open_form(client, context, body["trigger_id"], "answer_reply", number, quote(question.question))
    ack()


def make_requirement(ack: Any, body: Payload, context: BoltContext) -> None:
    """Make a requirement of a question, complaint or praise; its card becomes a vote."""
    edge, actor = edge_of(context), actor_of(context)
    with edge.database.begin() as session:
        number = service.make_requirement(session, actor, forms.number(body["actions"][0]["value"]), edge.now())
    ack()
    edge.whisper(body, say(actor.locale, "made_requirement", ref=f"R-{number}"))


def take_answer(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take the answer to a piece of feedback."""
    _take(service.answer, "answer", body, context)
    ack()


def take_question(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take a question to the filer."""
    _take(service.ask, "question", body, context)
    ack()


def take_reply(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take the filer's answer to a question."""
    _take(service.answer_question, "answer", body, context)
    ack()


def _take(do: Any, field: str, body: Payload, context: BoltContext) -> None:
    edge, view = edge_of(context), body["view"]
    number, text = forms.number(forms.facts(view).get("number")), forms.values(view).get(field) or ""
    with edge.database.begin() as session:
        do(session, actor_of(context), number, text, edge.now(), key=forms.seen_key(view))


def register(app: App) -> None:
    """Register what answers listen to."""
    app.action("answer_open")(open_answer)
    app.action("answer_reply")(open_reply)
    app.action("answer_requirement")(make_requirement)
    app.view("answer_give")(take_answer)
    app.view("answer_ask")(take_question)
    app.view("answer_reply")(take_reply)
