"""Deciding one requirement after another in a meeting. Those who asked hear of all of it in one message afterwards."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.services import news, requirements
from storage import feedback, outbox
from storage import policy as policy_store
from storage import requirements as requirement_store
from storage import votes as vote_store

HOLD = timedelta(minutes=15)
"""How long news of a decision waits for the next one. Should the walk end unnoticed, it leaves then."""


def check_manager(session: Session, actor: Actor) -> None:
    """Raise Refused for anyone but managers."""
    if not policy_store.load(session, actor.team_id).is_manager(actor.user_id):
        raise Refused("refused.managers_only")


def decide(
    session: Session,
    actor: Actor,
    number: int,
    wished: Change,
    now: datetime,
    *,
    key: str,
    seen_status: Status | None,
    decided: Collection[int] = (),
) -> bool:
    """Decide a requirement; those who asked hear of it when the walk is over. False when this was taken before.

    Those who asked for what was `decided` before, whose news `go_on` or `finish` is to touch next, are taken with them:
    two managers who walk at once do not wait for each other. Raises Refused as a change of status does, and when it was
    reopened meanwhile and is voted on again.
    """
    check_manager(session, actor)
    requirement_store.lock(session, actor.team_id, number)
    vote = vote_store.latest(session, actor.team_id, number)
    if vote is not None and vote.closed_at is None:
        raise Refused("refused.moved_meanwhile")
    outbox.take_lanes(session, actor.team_id, [news.TRIAGE, *_askers(session, actor.team_id, [*decided, number])])
    return requirements.change(session, actor, number, wished, now, key=key, seen_status=seen_status, hold=HOLD)


def go_on(session: Session, team_id: str, decided: Collection[int], now: datetime) -> None:
    """Let the news of what was decided so far wait on, for the walk does."""
    merge = timedelta(seconds=policy_store.load(session, team_id).delivery.merge_s)
    outbox.prolong(session, team_id, _keys(session, team_id, decided), now + HOLD, held_beyond=now + merge)


def finish(session: Session, team_id: str, decided: Collection[int], now: datetime) -> None:
    """Let the news of what was decided leave: the walk is over."""
    merge = timedelta(seconds=policy_store.load(session, team_id).delivery.merge_s)
    outbox.release(session, team_id, _keys(session, team_id, decided), now + merge)


def _keys(session: Session, team_id: str, decided: Collection[int]) -> list[str]:
    return [news.news_key(person) for person in sorted(_askers(session, team_id, decided))]


def _askers(session: Session, team_id: str, decided: Collection[int]) -> set[str]:
    return set().union(*feedback.filers(session, team_id, decided).values())
