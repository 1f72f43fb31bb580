"""What follows from where people live, and from their leaving."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.domain.calendar import Quiet, at, zone_named
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.policy import Policy
from bot.services import news, votes
from bot.services.feedback import standing
from storage import changes, feedback, outbox, people, places
from storage import policy as policy_store
from storage.feedback import Standing
from storage.outbox import Letter
from storage.people import Person
from storage.votes import Round


def zone_of(name: str | None, policy: Policy) -> ZoneInfo:
    """Return a person's time zone; the team's while we do not know it, or do not know such a zone."""
    return zone_named(name or "") or policy.workspace.zone


def quiet_until(person: Person | None, policy: Policy, now: datetime) -> datetime | None:
    """Return until when a person is not to be disturbed: by the hours they chose, else the team's, and while away.

    None when they may be. Who comes back is not woken at midnight. Whom we do not know sleeps when the team does.
    """
    zone = zone_of(person.timezone if person else None, policy)
    back = back_at(person, zone, now)
    return _hours(person, policy).until(back or now, zone) or back


def _hours(person: Person | None, policy: Policy) -> Quiet:
    weekend = policy.workspace.calendar.weekend
    if person is None or person.quiet_start is None or person.quiet_end is None:
        return policy.quiet.hours(weekend)
    start, end = time.fromisoformat(person.quiet_start), time.fromisoformat(person.quiet_end)
    return Quiet(start, end, weekend if person.quiet_weekends else frozenset())


def back_at(person: Person | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return when the day begins on which somebody is back; None when they are not away."""
    if person is None or person.back_on is None:
        return None
    back = at(person.back_on, time(), zone)
    return back if now < back else None


def hand_over(session: Session, team_id: str, user_id: str, why: str, now: datetime) -> bool:
    """Tell the managers what is left open by somebody who left, or votes no more (`why`: left, no_reviewer).

    One message each, drawn from what is open when it leaves. False when there is nothing to hand over.
    """
    if not any(left_open(session, team_id, user_id, why)):
        return False
    about = f"{why}:{user_id}"
    letters = [
        Letter(lane=manager, kind="handover", about=about, key=f"handover:{about}:{manager}", priority=news.NEWS)
        for manager in news.in_charge(session, team_id, policy_store.load(session, team_id), but=user_id)
    ]
    outbox.put(session, team_id, letters, now)
    return bool(letters)


def left_open(session: Session, team_id: str, user_id: str, why: str) -> tuple[list[Standing], list[Round]]:
    """Return the requests and the votes somebody leaves open. Nothing once they are back, or review again."""
    reviews = policy_store.load(session, team_id).is_reviewer(user_id)
    if why == "no_reviewer":
        return [], [] if reviews else votes.without_vote_of(session, team_id, user_id)
    if not people.gone(session, team_id, {user_id}):
        return [], []
    waiting = votes.without_vote_of(session, team_id, user_id) if reviews else []
    return feedback.open_of(session, team_id, user_id), waiting


def take_over(session: Session, actor: Actor, number: int, now: datetime) -> None:
    """Make a manager the requester of feedback whose filer left: its receipt and news come to them from now on.

    Raises Refused: not a manager, no such feedback, withdrawn, or its filer is still here.
    """
    if not policy_store.load(session, actor.team_id).is_manager(actor.user_id):
        raise Refused("refused.managers_only")
    item = standing(feedback.lock(session, actor.team_id, number), number)
    if not people.gone(session, actor.team_id, {item.filed_by}):
        known = people.names(session, actor.team_id, {item.filed_by})
        raise Refused("refused.filer_is_here", person=known.get(item.filed_by, item.filed_by))
    before: dict[str, str | None] = {"filed_by": item.filed_by}
    if item.private_source:  # a link into a conversation that the manager was not in
        before |= {"permalink": item.permalink}
    changes.add(session, actor.team_id, f"F-{number}", "taken_over", by=actor.user_id, before=before, now=now)
    link = None if item.private_source else item.permalink
    feedback.change(session, actor.team_id, number, filed_by=actor.user_id, permalink=link)
    item = feedback.get(session, actor.team_id, number) or item
    places.forget(session, actor.team_id, f"receipt:F-{number}")
    outbox.put(session, actor.team_id, [news.receipt(item, priority=news.TO_THE_ACTOR), news.card(number)], now)
