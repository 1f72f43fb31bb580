"""Deciding through all that needs a decision, one modal view each; from the digest, from Home and by command."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.i18n import say
from bot.services import decide_through as service
from bot.services import digest
from handlers.slack import facts as facts_of
from handlers.slack import forms
from handlers.slack.blocks import decide_through as blocks
from handlers.slack.blocks.decide_through import CHOICES, ELSEWHERE, OUTCOMES, SKIPPED, Walk
from handlers.slack.blocks.text import Block
from handlers.slack.edge import actor_of, edge_of
from handlers.slack.feedback import redraw
from storage import feedback, people, requirements
from storage.requirements import Requirement

Payload = dict[str, Any]

MOST = 100
"""How many requirements a walk leads through: their numbers travel with the form, which has room for so many."""

OVERTAKEN = frozenset({"refused.moved_meanwhile", "refused.withdrawn", "refused.unknown_requirement"})
"""Refusals by which somebody else was quicker: the walk goes on."""


def press(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the walk from a button."""
    open_walk(client, context, body["trigger_id"])
    ack()


def type_decide(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the walk from the command."""
    open_walk(client, context, body["trigger_id"])
    ack()


def open_walk(client: WebClient, context: BoltContext, trigger_id: str) -> None:
    """Open the walk at what needs a decision most. Raises Refused for anyone but managers."""
    edge, actor = edge_of(context), actor_of(context)
    with edge.database.read() as session:
        service.check_manager(session, actor)
        found = digest.agenda(session, actor.team_id, edge.now(), MOST)
        todo = tuple(item.requirement for item in found.items)
        walk = Walk(uuid4().hex, len(todo), todo, more=sum(found.rest.values()))
        _, view = _next(session, actor, walk, edge.now(), [])
    client.views_open(trigger_id=trigger_id, view=view)


def _next(session: Session, actor: Actor, walk: Walk, now: datetime, note: list[Block]) -> tuple[Walk, Block]:
    """Return the view of the next requirement that still needs a decision, or of the end, and how far that is."""
    waiting = digest.still_open(session, actor.team_id, walk.todo, now)
    while walk.todo and walk.todo[0] not in waiting:
        walk = walk.past(ELSEWHERE)
    if not walk.todo:
        return walk, blocks.finished(walk, actor.locale, note)
    item = waiting[walk.todo[0]]
    facts = facts_of.load(session, actor.team_id, item.origin)
    if facts is None or facts.requirement is None:
        raise Refused("refused.unknown_requirement", number=item.requirement)
    metadata = _metadata(walk, facts.requirement.status)
    return walk, blocks.decide_form(walk, item, facts, actor.locale, actor.user_id, metadata, note)


def _metadata(walk: Walk, status: str) -> str:
    """Return what the form carries. Its nonce is made of the step, so a repeated submission is answered likewise."""
    return forms.metadata(
        nonce=f"{walk.nonce}:{walk.place}",
        walk=walk.nonce,
        total=walk.total,
        todo=walk.todo,
        decided=walk.decided,
        counts=walk.counts,
        more=walk.more,
        status=status,
    )


def _walk_of(view: Payload) -> Walk:
    """Read how far a walk has come; whatever is no number there is left out."""
    carried = forms.facts(view)
    counts = carried.get("counts")
    counted = {name: forms.number(counts.get(name)) for name in OUTCOMES} if isinstance(counts, dict) else {}
    return Walk(
        str(carried.get("walk", "")),
        forms.number(carried.get("total")),
        _numbers(carried.get("todo")),
        _numbers(carried.get("decided")),
        {name: count for name, count in counted.items() if count},
        forms.number(carried.get("more")),
    )


def _numbers(carried: object) -> tuple[int, ...]:
    found = map(forms.number, carried[:MOST]) if isinstance(carried, list) else ()
    return tuple(number for number in found if number)


def choose(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Redraw the form for another choice: its reasons, its sentence in the language of who asked."""
    actor, view = actor_of(context), body["view"]
    chosen, walk = (body["actions"][0].get("selected_option") or {}).get("value"), _walk_of(view)
    if chosen not in CHOICES or not walk.todo:
        raise Refused("stale.view")
    with edge_of(context).database.read() as session:
        service.check_manager(session, actor)
        requirement = _requirement(session, actor.team_id, walk.todo[0])
        listener = _listener(session, requirement)
    form = blocks.with_choice(view, actor.locale, listener, requirement, chosen)
    redraw(client, view_id=view["id"], hash=view["hash"], view=form)  # the next one may have come meanwhile
    ack()


def _requirement(session: Session, team_id: str, number: int) -> Requirement:
    found = requirements.get(session, team_id, number)
    if found is None:
        raise Refused("refused.unknown_requirement", number=number)
    return found


def _listener(session: Session, requirement: Requirement) -> str:
    """Return the language of who asked for a requirement first."""
    item = feedback.get(session, requirement.team_id, requirement.origin)
    return people.language(session, requirement.team_id, item.filed_by if item else "")


def take(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take what was decided, or skipped, and answer with the next view. Whoever was overtaken hears so there."""
    edge, view = edge_of(context), body["view"]
    walk, chosen = _walk_of(view), forms.values(view).get("decision")
    if chosen not in CHOICES or not walk.todo:
        raise Refused("stale.view", field="decision")
    try:
        with edge.database.begin() as session:
            if chosen != SKIPPED:
                _decide(session, context, walk.todo[0], view)
            answer = _go_on(session, context, walk.past(chosen, decided=chosen != SKIPPED), [])
    except Refused as refused:
        if refused.key not in OVERTAKEN:
            raise
        with edge.database.begin() as session:
            note = _overtaken(session, actor_of(context), walk.todo[0], view)
            answer = _go_on(session, context, walk.past(ELSEWHERE), note)
    ack(response_action="update", view=answer)


def _decide(session: Session, context: BoltContext, number: int, view: Payload) -> None:
    typed, saw = forms.values(view), forms.facts(view).get("status")
    change = Change(Status(typed["decision"] or ""), typed.get("reason"), typed.get("sentence"), typed.get("target"))
    seen_status = Status(saw) if saw in set(Status) else None
    key, now, before = forms.seen_key(view), edge_of(context).now(), _walk_of(view).decided
    service.decide(session, actor_of(context), number, change, now, key=key, seen_status=seen_status, decided=before)


def _go_on(session: Session, context: BoltContext, walk: Walk, note: list[Block]) -> Block:
    """Return the next view; the news of what was decided waits as long as the walk goes on, and leaves at its end."""
    actor, now = actor_of(context), edge_of(context).now()
    service.check_manager(session, actor)
    walk, view = _next(session, actor, walk, now, note)
    settle = service.go_on if walk.todo else service.finish
    settle(session, actor.team_id, walk.decided, now)
    return view


def _overtaken(session: Session, actor: Actor, number: int, view: Payload) -> list[Block]:
    """Say what became of a requirement meanwhile, and give back a sentence that was written for it."""
    requirement = requirements.get(session, actor.team_id, number)
    facts = facts_of.load(session, actor.team_id, requirement.origin) if requirement else None
    if requirement is None or facts is None or facts.requirement is None:
        return []
    typed = forms.values(view)
    prefilled = say(_listener(session, requirement), f"sentence.{typed['decision']}")
    written = typed.get("sentence")
    return blocks.overtaken(facts, actor.locale, None if written == prefilled else written)


def close(ack: Any, body: Payload, context: BoltContext) -> None:
    """Let the news of what was decided leave when somebody ends the walk early."""
    edge, walk = edge_of(context), _walk_of(body["view"])
    if walk.decided:
        with edge.database.begin() as session:
            service.finish(session, actor_of(context).team_id, walk.decided, edge.now())
    ack()


def register(app: App) -> None:
    """Register what the walk listens to."""
    app.action("decide_through")(press)
    app.action("decide_choice")(choose)
    app.view("decide_through")(take)
    app.view_closed("decide_through")(close)
