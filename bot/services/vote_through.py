"""Voting through: one open round after another, each answer taken once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.votes import Choice, Result
from bot.services import votes
from storage import seen
from storage import votes as vote_store


@dataclass(frozen=True)
class Taken:
    """What came of an answer. `choice` is the vote that stands, None when skipped or refused (`refused` says why).

    `result` is set once the round is closed.
    """

    choice: Choice | None = None
    result: Result | None = None
    refused: Refused | None = None


def take(
    session: Session,
    actor: Actor,
    requirement: int,
    number: int,
    choice: Choice | None,
    why: str,
    now: datetime,
    *,
    key: str,
) -> Taken:
    """Cast a vote in round `number`, with a line of why if there is one; `choice` None skips the round.

    A repeated delivery casts nothing and is answered by what stands. That the round takes no vote any more is told,
    not raised, so that the person can go on to the next. Raises Refused only for the line: too long, or beside a skip.
    """
    if choice is None:
        if why.strip():
            raise Refused("refused.skip_why", field="why")
        return Taken()
    first = seen.first_time(session, actor.team_id, key, now)
    if not first and (standing := _standing(session, actor, requirement, number)):
        return standing
    try:
        with session.begin_nested():  # a refusal must leave nothing of the vote behind, but the key stays
            _cast(session, actor, requirement, number, choice, why, now)
    except Refused as refused:
        if refused.field:
            raise
        return Taken(refused=refused)
    return _standing(session, actor, requirement, number) or Taken(choice)


def _cast(
    session: Session, actor: Actor, requirement: int, number: int, choice: Choice, why: str, now: datetime
) -> None:
    votes.cast(session, actor, requirement, choice, now.timestamp(), now, number=number)
    if why.strip():
        votes.say_why(session, actor, requirement, why, now)


def _standing(session: Session, actor: Actor, requirement: int, number: int) -> Taken | None:
    """Return the person's vote in a round and what the round came to; None when they have none there."""
    vote = vote_store.latest(session, actor.team_id, requirement)
    ballot = vote_store.ballot(session, vote, actor.user_id) if vote is not None and vote.number == number else None
    if vote is None or ballot is None:
        return None
    return Taken(Choice(ballot.choice), Result(vote.result) if vote.result else None)
