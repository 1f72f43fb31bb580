"""What can be done with a requirement: make it, move it."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.domain import requirements as rules
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import Result
from bot.policy import Policy
from bot.services import news, votes
from storage import feedback, requirements, seen
from storage import policy as policy_store
from storage import votes as vote_store
from storage.requirements import Requirement


def create(
    session: Session, team_id: str, number: int, *, title: str, origin: int, filer: str, policy: Policy, now: datetime
) -> None:
    """Make a requirement from feedback and open its vote. Nobody is told: the receipt says it."""
    requirements.add(session, team_id, number, title=title, origin=origin, now=now)
    votes.open_round(session, team_id, number, policy, now, filers={filer}, number=1)


def change(
    session: Session,
    actor: Actor,
    number: int,
    wished: Change,
    now: datetime,
    *,
    key: str,
    seen_status: Status | None = None,
    hold: timedelta = timedelta(),
) -> bool:
    """Move a requirement, as a manager who saw it in `seen_status`. Return False when this form was taken before.

    Who asked for it hears of it after `hold` at the latest, together with what else there is to tell them by then.
    Raises Refused: not a manager, no such requirement, withdrawn, moved meanwhile, not allowed, a field missing.
    """
    policy = policy_store.load(session, actor.team_id)
    if not policy.is_manager(actor.user_id):
        raise Refused("refused.managers_only")
    if not seen.first_time(session, actor.team_id, key, now):
        return False
    requirement = votes.standing(requirements.lock(session, actor.team_id, number), number)
    before = Status(requirement.status)
    if seen_status not in {None, before}:
        raise Refused("refused.moved_meanwhile")
    checked = rules.check(before, wished, now.astimezone(policy.workspace.zone).date())
    _settle_round(session, actor.team_id, number, checked.to, policy, now)
    apply(session, requirement, checked, by=actor.user_id, policy=policy, now=now, hold=hold)
    return True


def _settle_round(session: Session, team_id: str, number: int, to: Status, policy: Policy, now: datetime) -> None:
    """A decision ends the vote; a reopening begins a new one."""
    vote = vote_store.latest(session, team_id, number)
    if to is Status.IN_REVIEW:
        filers = {item.filed_by for item in feedback.of_requirement(session, team_id, number)}
        votes.open_round(session, team_id, number, policy, now, filers=filers)
    elif vote is not None:
        vote_store.close(session, vote, Result.DECIDED, now)


def apply(
    session: Session,
    requirement: Requirement,
    checked: Change,
    *,
    by: str | None,
    policy: Policy,
    now: datetime,
    hold: timedelta = timedelta(),
) -> None:
    """Write a move that the rules allow, redraw the card and tell the requesters."""
    team_id, number = requirement.team_id, requirement.number
    before = Status(requirement.status)
    move = requirements.move(session, team_id, number, before, checked, by=by, now=now)
    if move is None:
        raise Refused("refused.moved_meanwhile")
    news.tell_requesters(
        session,
        team_id,
        number,
        "move",
        move,
        by=by,
        policy=policy,
        now=now,
        also=[news.card(requirement.origin)],
        hold=hold,
    )
