"""What can be done in a vote: open it, cast, say why. At quorum it closes and, by policy, decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import WHY_MAX, Choice, Result, has_quorum, outcome
from bot.policy import Policy
from bot.services import news
from storage import feedback, outbox, people, requirements
from storage import policy as policy_store
from storage import votes as vote_store
from storage.requirements import Requirement
from storage.votes import Round

Choices = Mapping[str, Choice]
"""Who voted what."""


@dataclass(frozen=True)
class Cast:
    """What came of a press. `choice` is the vote that stands; `result` is set when this vote closed the round."""

    choice: Choice
    result: Result | None


def open_round(
    session: Session,
    team_id: str,
    requirement: int,
    policy: Policy,
    now: datetime,
    *,
    filers: set[str],
    number: int | None = None,
) -> None:
    """Open a vote by the rules of the policy as it is now; its number is the next one if the caller knows none.

    Who alone asked does not vote and nobody waits for who is away, so quorum and departments are never more than the
    others can reach. Should all be away, the round waits for them.
    """
    rules, voters = policy.vote, policy.reviewers()
    if len(filers) == 1:
        voters -= filers
    voters = voters - people.away(session, team_id, voters, policy.workspace.calendar.local(now)) or voters
    quorum = min(rules.quorum, max(len(voters), 1)) if policy.reviewers() else rules.quorum
    heard = {name for voter in voters for name in policy.departments_of(voter)}
    vote_store.open_round(
        session,
        team_id,
        requirement,
        quorum=quorum,
        blind=rules.blind,
        decides=rules.decides,
        anonymous=rules.anonymous,
        departments=heard.intersection(rules.departments),
        now=now,
        due_at=policy.workspace.calendar.deadline(now, rules.days),
        number=number,
    )


def begin(session: Session, team_id: str, policy: Policy, now: datetime) -> None:
    """Let the rounds that opened while nobody could vote be closed by the first reviewers, however few they are."""
    quorum = min(policy.vote.quorum, len(policy.reviewers()))
    numbers = vote_store.lower_quorum(session, team_id, quorum)
    found = [requirements.get(session, team_id, number) for number in numbers]
    outbox.put(session, team_id, [news.card(one.origin) for one in found if one is not None], now)


def cast(
    session: Session,
    actor: Actor,
    requirement: int,
    choice: Choice,
    action_ts: float,
    now: datetime,
    *,
    number: int | None = None,
) -> Cast:
    """Cast or change a vote in round `number` (the newest when None). An older press arriving late changes nothing.

    Raises Refused: not a reviewer, their own wish only, withdrawn, or closed (naming the result).
    """
    policy = policy_store.load(session, actor.team_id)
    if not policy.is_reviewer(actor.user_id):
        raise Refused("refused.reviewers_only")
    wanted = standing(requirements.lock(session, actor.team_id, requirement), requirement)
    _check_not_only_own(session, actor, requirement)
    vote = _open_vote(vote_store.latest(session, actor.team_id, requirement), number)
    vote_store.cast(session, vote, actor.user_id, choice, action_ts)
    choices = vote_store.choices(session, vote)
    result = _close_at_quorum(session, wanted, vote, choices, policy, now)
    outbox.put(session, actor.team_id, [news.card(wanted.origin)], now)
    return Cast(choices.get(actor.user_id, choice), result)


def standing(requirement: Requirement | None, number: int) -> Requirement:
    """Return the requirement if it exists and was not withdrawn; else raise Refused."""
    if requirement is None:
        raise Refused("refused.unknown_requirement", number=number)
    if requirement.withdrawn_at is not None:
        raise Refused("refused.withdrawn")
    return requirement


def _check_not_only_own(session: Session, actor: Actor, requirement: int) -> None:
    if feedback.filers_of(session, actor.team_id, requirement) == {actor.user_id}:
        raise Refused("refused.own_wish")


def _open_vote(vote: Round | None, number: int | None) -> Round:
    if vote is None:
        raise Refused("refused.no_vote")
    if number not in {None, vote.number}:
        raise Refused("refused.vote_former")
    if vote.closed_at is not None:
        raise Refused("refused.vote_closed", result=vote.result)
    return vote


def _close_at_quorum(
    session: Session, wanted: Requirement, vote: Round, choices: Choices, policy: Policy, now: datetime
) -> Result | None:
    result = _result(vote, choices, policy)
    if result is not None:
        vote_store.close(session, vote, result, now)
        _follow(session, wanted, vote, result, policy, now)
    return result


def _result(vote: Round, choices: Choices, policy: Policy) -> Result | None:
    """Return what a round came to, with people in the departments they are in now; None without a quorum."""
    heard = {name for user_id in choices for name in policy.departments_of(user_id)}
    if not has_quorum(len(choices), vote.quorum, heard, vote.departments.split()):
        return None
    return outcome(choices.values())


def close_expired(session: Session, team_id: str, requirement: int, now: datetime) -> bool:
    """Close a round whose deadline came without a quorum: undecided, for the review meeting, never a "no".

    Should there be one by now, since somebody who voted changed departments, it comes to what they voted. False when
    there is nothing to close: it was closed, paused or prolonged meanwhile.
    """
    wanted = requirements.lock(session, team_id, requirement)
    vote = vote_store.latest(session, team_id, requirement)
    if wanted is None or vote is None or not _is_over(vote, now):
        return False
    policy = policy_store.load(session, team_id)
    result = _result(vote, vote_store.choices(session, vote), policy) or Result.UNDECIDED
    if not vote_store.close(session, vote, result, now):
        return False
    _follow(session, wanted, vote, result, policy, now)
    return True


def _is_over(vote: Round, now: datetime) -> bool:
    return vote.closed_at is None and vote.paused_at is None and vote.due_at is not None and vote.due_at <= now


def wait_for_answer(session: Session, team_id: str, requirement: int, now: datetime) -> bool:
    """Let the deadline of an open round stand still while the filer is asked; say whether it did not before."""
    requirements.lock(session, team_id, requirement)
    vote = vote_store.latest(session, team_id, requirement)
    if vote is None or vote.closed_at is not None or vote.paused_at is not None:
        return False
    vote_store.pause(session, vote, now)
    return True


def go_on(session: Session, team_id: str, requirement: int, policy: Policy, now: datetime) -> None:
    """Let the deadline count again once nothing is asked any more; at least one working day is left then."""
    requirements.lock(session, team_id, requirement)
    vote = vote_store.latest(session, team_id, requirement)
    if vote is None or vote.closed_at or not vote.paused_at or feedback.unanswered(session, team_id, requirement):
        return
    calendar = policy.workspace.calendar
    due = vote.due_at or calendar.deadline(now, policy.vote.days)
    vote_store.resume(session, vote, calendar.resumed(due, vote.paused_at, now))


def waiting_for(
    session: Session, team_id: str, user_id: str, policy: Policy, due_before: datetime | None = None
) -> list[Round]:
    """Return the open rounds that wait for a person's vote, the next deadline first; none for who may not vote."""
    return without_vote_of(session, team_id, user_id, due_before) if policy.is_reviewer(user_id) else []


def without_vote_of(session: Session, team_id: str, user_id: str, due_before: datetime | None = None) -> list[Round]:
    """Return the open rounds in which a person has not voted, but for what they alone ask for. May they vote?"""
    rounds = vote_store.waiting_for(session, team_id, user_id, due_before)
    filers = feedback.filers(session, team_id, [vote.requirement for vote in rounds])
    return [vote for vote in rounds if filers.get(vote.requirement) != {user_id}]


def _follow(session: Session, wanted: Requirement, vote: Round, result: Result, policy: Policy, now: datetime) -> None:
    """Approved and deciding: it is accepted. Else it waits for the review meeting, and requesters hear so."""
    kind, number = "round", vote.number
    if result is Result.APPROVED and vote.decides and wanted.status == Status.IN_REVIEW:
        change = Change(Status.ACCEPTED)
        move = requirements.move(session, wanted.team_id, wanted.number, Status.IN_REVIEW, change, by=None, now=now)
        if move is None:
            raise Refused("refused.moved_meanwhile")
        kind, number = "move", move
    news.tell_requesters(
        session,
        wanted.team_id,
        wanted.number,
        kind,
        number,
        by=None,
        policy=policy,
        now=now,
        also=[news.card(wanted.origin)],
    )


def say_why(session: Session, actor: Actor, requirement: int, why: str, now: datetime) -> None:
    """Write a line of why beside the person's own vote in the newest round, also when it has just closed.

    Raises Refused: empty, too long, not a reviewer, withdrawn, or no vote of theirs.
    """
    text = why.strip()
    if not text:
        raise Refused("refused.why_empty", field="why")
    if len(text) > WHY_MAX:
        raise Refused("refused.too_long", field="why", longest=WHY_MAX, length=len(text))
    if not policy_store.load(session, actor.team_id).is_reviewer(actor.user_id):
        raise Refused("refused.reviewers_only")
    wanted = standing(requirements.lock(session, actor.team_id, requirement), requirement)
    vote = vote_store.latest(session, actor.team_id, requirement)
    if vote is None or not vote_store.say_why(session, vote, actor.user_id, text):
        raise Refused("refused.no_ballot")
    outbox.put(session, actor.team_id, [news.card(wanted.origin)], now)
