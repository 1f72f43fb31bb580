"""Everything there is to draw about one piece of feedback, read at once from the rows as they now are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.policy import Policy
from storage import changes, feedback, people, policy, requirements, votes
from storage.changes import RecordChange
from storage.customers import Customer
from storage.feedback import Feedback, Question
from storage.requirements import Move, Requirement
from storage.votes import Ballot, Round


@dataclass(frozen=True)
class Facts:
    """A piece of feedback with its customer, requirement, vote, history, and the names of everyone in it.

    What few need is read on demand only: `changes` of the feedback and its requirement, the oldest first, and `others`
    who ask for the same requirement.
    """

    feedback: Feedback
    customer: Customer
    requirement: Requirement | None
    vote: Round | None
    ballots: Sequence[Ballot]
    moves: Sequence[Move]
    questions: Sequence[Question]
    names: dict[str, str]
    policy: Policy
    changes: Sequence[RecordChange] = ()
    others: Sequence[tuple[Feedback, Customer]] = ()

    def name(self, user_id: str) -> str:
        """Return a person's name; their id while we do not know it."""
        return self.names.get(user_id, user_id)

    def may_see_customer(self, viewer: str | None) -> bool:
        """A hidden customer's name is for managers and the filer; a channel (no viewer) never shows it."""
        if not self.feedback.hide_customer:
            return True
        return viewer is not None and (viewer == self.feedback.filed_by or self.policy.is_manager(viewer))

    def changes_of(self, about: str) -> list[RecordChange]:
        """Return the changes of F-12 or R-7, the oldest first."""
        return [change for change in self.changes if change.about == about]


def load(session: Session, team_id: str, number: int, *, whole: bool = False) -> Facts | None:
    """Read what there is about F-`number`; None when there is no such feedback. `whole`: its changes and others too."""
    found = feedback.with_records(session, team_id, number)
    if found is None:
        return None
    item, customer, requirement = found
    vote: Round | None = None
    ballots: Sequence[Ballot] = ()
    moves: Sequence[Move] = ()
    if requirement is not None:
        vote, ballots = votes.latest_with_ballots(session, team_id, requirement.number)
        moves = requirements.moves(session, team_id, requirement.number)
    questions = feedback.questions(session, team_id, number)
    changed = _changes(session, item) if whole else []
    others = _others(session, item) if whole else []
    known = people.names(session, team_id, _people(item, ballots, moves, questions, changed))
    rules = policy.load(session, team_id)
    return Facts(item, customer, requirement, vote, ballots, moves, questions, known, rules, changed, others)


def _changes(session: Session, item: Feedback) -> list[RecordChange]:
    found = changes.of(session, item.team_id, f"F-{item.number}")
    if item.requirement is None:
        return found
    return sorted([*found, *changes.of(session, item.team_id, f"R-{item.requirement}")], key=lambda change: change.at)


def _others(session: Session, item: Feedback) -> list[tuple[Feedback, Customer]]:
    if item.requirement is None:
        return []
    asking = feedback.asking(session, item.team_id, item.requirement)
    return [(other, customer) for other, customer in asking if other.number != item.number]


def _people(
    item: Feedback,
    ballots: Sequence[Ballot],
    moves: Sequence[Move],
    questions: Sequence[Question],
    changed: Sequence[RecordChange],
) -> set[str]:
    found = {item.filed_by, item.answered_by}
    found |= {ballot.user_id for ballot in ballots}
    found |= {move.by for move in moves}
    found |= {question.asked_by for question in questions} | {question.answered_by for question in questions}
    for change in changed:
        found |= {change.by, change.before.get("answered_by"), change.before.get("filed_by")}
    return {user_id for user_id in found if user_id}
