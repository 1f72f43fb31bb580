"""Test data by plain functions: a workspace's rules, people, feedback, as a story needs them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bot.domain.feedback import Draft
from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.services import feedback, votes
from storage import feedback as feedback_store
from storage import policy
from storage.feedback import Feedback

TEAM = "T0TEST"
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

ALICE, MEILING = Actor(TEAM, "UALICE"), Actor(TEAM, "UMEILING", "zh_Hans")
BOB, DORA, EMIL = Actor(TEAM, "UBOB"), Actor(TEAM, "UDORA"), Actor(TEAM, "UEMIL")
MARA, ADA = Actor(TEAM, "UMARA"), Actor(TEAM, "UADA")

RULES = {
    "channels": {"triage": "C0TRIAGE"},
    "people": {"reviewers": ["UBOB", "UDORA", "UEMIL"], "managers": ["UMARA"], "admins": ["UADA"]},
    "vote": {"quorum": 2},
}


def rules(session: Session, team_id: str = TEAM, **tables: dict[str, object]) -> None:
    """Set the policy: RULES, changed table by table."""
    policy.replace(session, team_id, {**RULES, **tables}, "test", MONDAY)


def file(session: Session, words: str = "They need an export.", by: Actor = ALICE, **facts: object) -> Feedback:
    """File feedback and return it as stored."""
    draft = Draft(words=words, **{"customer_name": "Acme", **facts})  # type: ignore[arg-type]
    number = feedback.file(session, by, draft, MONDAY, key=f"view:{words}:{by.user_id}:{facts}")
    assert number is not None
    found = feedback_store.get(session, by.team_id, number)
    assert found is not None
    return found


def vote(session: Session, who: Actor, requirement: int, choice: Choice, at: float = 1.0) -> votes.Cast:
    """Cast a vote."""
    return votes.cast(session, who, requirement, choice, at, MONDAY)


def later(**by: float) -> datetime:
    """Return a moment after MONDAY."""
    return MONDAY + timedelta(**by)
