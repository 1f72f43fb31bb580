"""The weekly summary: a requester's open requests, for those who want it."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from bot.domain.calendar import Occurrence
from bot.domain.people import Actor
from bot.domain.refusals import Busy, Refused
from bot.policy import Policy
from bot.services import news
from bot.services.people import zone_of
from storage import feedback, outbox, people, schedules
from storage.outbox import Letter
from storage.people import Person

WEEK = timedelta(days=7)
WISHES = ("changed", "always", "never")
"""When a person wants the summary: when something of theirs changed, every week, never."""


def send(session: Session, team_id: str, zone: str, policy: Policy, due: Occurrence, now: datetime) -> None:
    """Write the summary of each requester who lives in a zone, wants it and has something open.

    Not after its week is over, when the next one is near: a week missed is made up for within that week or never.
    """
    today = now.astimezone(zone_of(zone, policy)).date()
    year, week, _ = today.isocalendar()
    if f"{year}-W{week:02}" != due.period:
        return
    letters = [
        Letter(
            lane=person.user_id,
            kind="summary",
            about=due.period,
            key=f"summary:{person.user_id}",
            priority=news.NOTICE,
        )
        for person in _living_in(session, team_id, zone, policy, today)
        if _has_news(session, person, due) and _first_this_week(session, person, due, now)
    ]
    outbox.put(session, team_id, letters, now)


def _living_in(session: Session, team_id: str, zone: str, policy: Policy, today: date) -> list[Person]:
    """Return the requesters of a zone who neither left nor are away."""
    filers = feedback.with_open_feedback(session, team_id)
    filers -= people.away(session, team_id, filers, today)
    known = people.among(session, team_id, filers).values()
    return [person for person in known if not person.deleted and zone_of(person.timezone, policy).key == zone]


def _has_news(session: Session, person: Person, due: Occurrence) -> bool:
    if person.summary != "changed":
        return person.summary == "always"
    since = due.due - WEEK
    return any(item.changed_at > since for item in feedback.open_of(session, person.team_id, person.user_id))


def _first_this_week(session: Session, person: Person, due: Occurrence, now: datetime) -> bool:
    schedule = f"summary:{person.user_id}"
    return schedules.first_in_period(session, person.team_id, schedule, due.period, due_at=due.due, now=now, late=False)


def choose(session: Session, actor: Actor, wish: str) -> None:
    """Remember when a person wants the summary. Raises Refused for what is no wish, Busy while we do not know them.

    Whoever is new is looked up at Slack at each of their gestures; the next one finds them.
    """
    if wish not in WISHES:
        raise Refused("stale.view")
    if not people.choose_summary(session, actor.team_id, actor.user_id, wish):
        raise Busy("we do not know this person yet")
