"""Changing a workspace's policy, and sending again what died of it."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.services import people, schedules
from storage import outbox
from storage import policy as policy_store


def apply(session: Session, team_id: str, tables: dict[str, Any], by: str, now: datetime) -> None:
    """Replace the tables named. Raises PolicyError. A channel newly set gets what could not be posted."""
    before = policy_store.load(session, team_id).reviewers()
    policy_store.replace(session, team_id, tables, by, now)
    schedules.plan(session, team_id, now)
    for lane in sorted(tables.get("channels", {})):  # before people's lanes, as everybody takes them
        outbox.revive(session, team_id, lane, now)
        outbox.forget(session, team_id, f"notice:{lane}:")
    for reviewer in sorted(before - policy_store.load(session, team_id).reviewers()):
        people.hand_over(session, team_id, reviewer, "no_reviewer", now)


def appoint_first_admin(session: Session, team_id: str, user_id: str, now: datetime) -> None:
    """Make the person named by the environment an admin while there is none."""
    if not policy_store.load(session, team_id).people.admins:
        people = policy_store.tables(session, team_id).get("people", {})
        policy_store.replace(session, team_id, {"people": {**people, "admins": [user_id]}}, "environment", now)


def send_again(session: Session, actor: Actor, lane: str, error: str, now: datetime) -> int:
    """Send what could not be delivered to a lane once more, as an admin; return how many messages that is."""
    if not policy_store.load(session, actor.team_id).is_admin(actor.user_id):
        raise Refused("refused.admins_only")
    count = outbox.revive(session, actor.team_id, lane, now)
    outbox.forget(session, actor.team_id, f"notice:{lane}:{error}")
    return count
