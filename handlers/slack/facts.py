"""Everything there is to draw about one piece of feedback, read at once from the rows as they now are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.policy import Policy
from storage import customers, feedback, people, policy, requirements, votes
from storage.customers import Customer
from storage.feedback import Feedback, Question
from storage.requirements import Move, Requirement
from storage.votes import Ballot, Round


@dataclass(frozen=True)
class Facts:
    """A piece of feedback with its customer, requirement, vote, history, and the names of everyone in it."""

    feedback: Feedback
    customer: Customer
    requirement: Requirement | None
    vote: Round | None
    ballots: Sequence[Ballot]
    moves: Sequence[Move]
    questions: Sequence[Question]
    names: dict[str, str]
    policy: Policy

    def name(self, user_id: str) -> str:
        """Return a person's name; their id while we do not know it."""
        return self.names.get(user_id, user_id)

    def may_see_customer(self, viewer: str | None) -> bool:
        """A hidden customer's name is for managers and the filer; a channel (no viewer) never shows it."""
        if not self.feedback.hide_customer:
            return True
        return viewer is not None and (viewer == self.feedback.filed_by or self.policy.is_manager(viewer))


def load(session: Session, team_id: str, number: int) -> Facts | None:
    """Read what there is about F-`number`; None when there is no such feedback."""
    item = feedback.get(session, team_id, number)
    if item is None:
        return None
    customer = customers.get(session, team_id, item.customer_id)
    assert customer  # noqa: S101 - a foreign key holds it
    requirement = vote = None
    ballots: Sequence[Ballot] = ()
    moves: Sequence[Move] = ()
    if item.requirement is not None:
        requirement = requirements.get(session, team_id, item.requirement)
        vote = votes.latest(session, team_id, item.requirement)
        moves = requirements.moves(session, team_id, item.requirement)
        ballots = votes.ballots(session, vote) if vote else ()
    questions = feedback.questions(session, team_id, number)
    known = people.names(session, team_id, _people(item, ballots, moves, questions))
    rules = policy.load(session, team_id)
    return Facts(item, customer, requirement, vote, ballots, moves, questions, known, rules)


def _people(
    item: Feedback, ballots: Sequence[Ballot], moves: Sequence[Move], questions: Sequence[Question]
) -> set[str]:
    found = {item.filed_by, item.answered_by}
    found |= {ballot.user_id for ballot in ballots}
    found |= {move.by for move in moves}
    found |= {question.asked_by for question in questions} | {question.answered_by for question in questions}
    return {user_id for user_id in found if user_id}
