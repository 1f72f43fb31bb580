"""What follows from where people live, and from their leaving."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.domain.calendar import zone_named
from bot.policy import Policy
from bot.services import news
from storage import feedback, outbox, people
from storage import policy as policy_store
from storage import votes as vote_store
from storage.outbox import Letter


def zone_of(name: str | None, policy: Policy) -> ZoneInfo:
    """Return a person's time zone; the team's while we do not know it, or do not know such a zone."""
    return zone_named(name or "") or policy.workspace.zone


def quiet_until(session: Session, policy: Policy, team_id: str, user_id: str, now: datetime) -> datetime | None:
    """Return until when a person is not to be disturbed; None when they may be."""
    person = people.get(session, team_id, user_id)
    zone = zone_of(person.timezone if person else None, policy)
    return policy.quiet.hours(policy.workspace.calendar.weekend).until(now, zone)


def hand_over(session: Session, team_id: str, user_id: str, why: str, now: datetime) -> bool:
    """Tell the managers what is left open by somebody who left, or votes no more (`why`: left, no_reviewer).

    One message each, drawn from what is open when it leaves. False when there is nothing to hand over.
    """
    policy = policy_store.load(session, team_id)
    requests = why == "left" and feedback.open_of(session, team_id, user_id)
    if not requests and not vote_store.waiting_for(session, team_id, user_id):
        return False
    managers = set(policy.people.managers or policy.people.admins) - {user_id}
    letters = [
        Letter(
            lane=manager,
            kind="handover",
            about=f"{why}:{user_id}",
            key=f"handover:{user_id}:{manager}",
            priority=news.NEWS,
        )
        for manager in managers
    ]
    outbox.put(session, team_id, letters, now)
    return bool(letters)
