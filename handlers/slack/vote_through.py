"""Voting through: open rounds one after another in one modal, from the reminder, the command and Home."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any
from uuid import uuid4

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.votes import Choice
from bot.i18n import say
from bot.services import vote_through as service
from bot.services import votes
from bot.services.vote_through import Taken
from handlers.slack import facts as facts_of
from handlers.slack import forms
from handlers.slack.blocks import vote_through as blocks
from handlers.slack.blocks.lists import named
from handlers.slack.blocks.text import Block, mrkdwn
from handlers.slack.blocks.text import context as small
from handlers.slack.edge import actor_of, edge_of, refusal
from storage import lines, policy, requirements
from storage import votes as vote_store
from storage.votes import Round

Payload = dict[str, Any]
Ref = tuple[int, int]
"""A round: its requirement's number and its own."""

MOST = 100
"""How many rounds one modal goes through; as many fit into the 3000 characters a modal may carry."""


@dataclass(frozen=True)
class Walk:
    """How far a person has come: the rounds left with the one shown first, and what became of those before.

    It travels with the modal. Its nonce names the round shown, so that a repeated answer finds itself taken.
    """

    nonce: str
    total: int
    left: tuple[Ref, ...]
    voted: int = 0
    skipped: tuple[Ref, ...] = ()

    @property
    def at(self) -> int:
        """Which one is shown, from 1."""
        return self.total - len(self.left) + 1

    def metadata(self) -> str:
        """Return what the modal carries."""
        nonce = f"{self.nonce}.{self.at}"
        left, skipped = _written(self.left), _written(self.skipped)
        return forms.metadata(nonce=nonce, total=self.total, left=left, voted=self.voted, skipped=skipped)

    def after(self, taken: Taken) -> "Walk":
        """Return the walk when the first round was answered."""
        skipped = taken.choice is None and taken.refused is None
        return replace(
            self,
            left=self.left[1:],
            voted=self.voted + (taken.choice is not None),
            skipped=self.skipped + (self.left[:1] if skipped else ()),
        )


def _written(refs: Iterable[Ref]) -> str:
    return " ".join(f"{requirement}:{number}" for requirement, number in refs)


def _read(written: object) -> tuple[Ref, ...]:
    pairs = (part.partition(":") for part in str(written or "").split()[:MOST])
    return tuple((forms.number(requirement), forms.number(number)) for requirement, _, number in pairs)


def _walk_of(view: Payload) -> Walk:
    """Return the walk a modal carries. Whether its rounds are open and wait for this person is asked anew each time."""
    carried = forms.facts(view)
    left = _read(carried.get("left"))
    if not left:
        raise Refused("stale.view")
    return Walk(
        nonce=str(carried.get("nonce")).partition(".")[0],
        total=max(forms.number(carried.get("total")), len(left)),
        left=left,
        voted=forms.number(carried.get("voted")),
        skipped=_read(carried.get("skipped")),
    )


def begin(session: Session, actor: Actor) -> Block | None:
    """Return the modal with the first round that waits for a person; None when none does. Raises Refused for others."""
    rules = policy.load(session, actor.team_id)
    if not rules.is_reviewer(actor.user_id):
        raise Refused("refused.reviewers_only")
    refs = _refs(votes.waiting_for(session, actor.team_id, actor.user_id, rules))[:MOST]
    return _round(session, actor, Walk(uuid4().hex, len(refs), refs), []) if refs else None


def _refs(rounds: Iterable[Round]) -> tuple[Ref, ...]:
    return tuple((vote.requirement, vote.number) for vote in rounds)


def _round(session: Session, actor: Actor, walk: Walk, notes: list[Block]) -> Block:
    requirement = requirements.get(session, actor.team_id, walk.left[0][0])
    found = facts_of.load(session, actor.team_id, requirement.origin) if requirement else None
    assert found  # noqa: S101 - a round is of a requirement, which comes from feedback
    progress = (walk.at, walk.total)
    return blocks.round_view(found, actor.locale, actor.user_id, progress, notes, walk.metadata())


def press(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the modal from a button."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        view = begin(session, actor)
    client.views_open(trigger_id=body["trigger_id"], view=view or blocks.nothing_view(actor.locale))
    ack()


def type_vote(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the modal from the command; with nothing to vote on, say so."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        view = begin(session, actor)
    if view is None:
        ack(mrkdwn(actor.locale, "through.nothing"))
        return
    client.views_open(trigger_id=body["trigger_id"], view=view)
    ack()


def take(ack: Any, body: Payload, context: BoltContext) -> None:
    """Take the answer to one round and show the next, in one transaction."""
    edge, actor, view = edge_of(context), actor_of(context), body["view"]
    walk, typed = _walk_of(view), forms.values(view)
    (requirement, number), why = walk.left[0], typed.get("why") or ""
    choice = _choice(typed.get("choice"))
    with edge.database.begin() as session:
        key = forms.seen_key(view)
        taken = service.take(session, actor, requirement, number, choice, why, edge.now(), key=key)
        shown = _next(session, actor, walk.after(taken), _said(actor.locale, requirement, taken, why))
    if choice and not taken.refused:
        edge.counts.votes.inc()
    ack(response_action="update", view=shown)


def _choice(answer: str | None) -> Choice | None:
    if answer == blocks.SKIP:
        return None
    if answer not in set(Choice):
        raise Refused("stale.view", field="choice")
    return Choice(answer)


def _said(locale: str, requirement: int, taken: Taken, why: str) -> list[Block]:
    """Say what came of the round before."""
    ref = f"R-{requirement}"
    if taken.refused is not None:
        former = taken.refused.key == "refused.vote_former"
        sentence = say(locale, "through.former") if former else refusal(taken.refused, locale)
        return blocks.refused_note(locale, ref, sentence, why.strip())
    if taken.choice is None:
        return []
    choice = say(locale, f"choice.{taken.choice}")
    if taken.result is None:
        return [small(mrkdwn(locale, "voted", ref=ref, choice=choice))]
    result = say(locale, f"result.{taken.result}")
    return [small(mrkdwn(locale, "voted.closed", ref=ref, choice=choice, result=result))]


def _next(session: Session, actor: Actor, walk: Walk, notes: list[Block]) -> Block:
    """Show the next round that still waits for the person, or the end."""
    rules = policy.load(session, actor.team_id)
    waiting = _refs(votes.waiting_for(session, actor.team_id, actor.user_id, rules))
    gone = tuple(takewhile(lambda ref: ref not in waiting, walk.left))
    walk = replace(walk, left=walk.left[len(gone) :])
    notes = [*notes, *_closed(session, actor, gone)]
    if walk.left:
        return _round(session, actor, walk, notes)
    known = lines.of_requirements(session, actor.team_id, {requirement for requirement, _ in walk.skipped})
    found = [known[requirement] for requirement, _ in walk.skipped if requirement in known]
    skipped = [named(line, actor.locale, rules, actor.user_id) for line in found]
    return blocks.end_view(actor.locale, walk.voted, skipped, len(waiting), notes)


def _closed(session: Session, actor: Actor, gone: Iterable[Ref]) -> list[Block]:
    """Say which of the rounds passed over were closed meanwhile; those voted on elsewhere need no word."""
    found = [(vote_store.latest(session, actor.team_id, requirement), number) for requirement, number in gone]
    closed = [(f"R-{vote.requirement}", vote.result) for vote, number in found if vote and vote.number == number]
    named_results = [(ref, result) for ref, result in closed if result]
    return [blocks.closed_note(actor.locale, named_results)] if named_results else []


def register(app: App) -> None:
    """Register what voting through listens to."""
    app.action("vote_through")(press)
    app.view("vote_through")(take)
