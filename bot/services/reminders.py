"""Reminding reviewers of votes that are due: at most once a working day, in their own morning."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from bot.domain.calendar import Occurrence
from bot.policy import Policy
from bot.services import news, votes
from bot.services.people import zone_of
from storage import outbox, people, schedules
from storage.outbox import Letter
from storage.people import Person
from storage.votes import Round

AHEAD_DAYS = 1
"""How many working days before its deadline a vote is reminded of."""


def remind(session: Session, team_id: str, zone: str, policy: Policy, due: Occurrence, now: datetime) -> None:
    """Remind the reviewers who live in a zone of their votes due within a working day.

    Not on days off, and not after the day is over: a morning missed is made up for the same day or never.
    """
    today = now.astimezone(zone_of(zone, policy)).date()
    if not policy.workspace.calendar.is_working(today) or today.isoformat() != due.period:
        return
    letters = [
        _letter(reviewer, due.period)
        for reviewer in _living_in(session, team_id, zone, policy, today)
        if due_votes(session, team_id, reviewer, policy, now) and _first_today(session, team_id, reviewer, due, now)
    ]
    outbox.put(session, team_id, letters, now)


def due_votes(session: Session, team_id: str, reviewer: str, policy: Policy, now: datetime) -> list[Round]:
    """Return the open rounds due within a working day that wait for a reviewer, the next deadline first."""
    until = policy.workspace.calendar.deadline(now, AHEAD_DAYS)
    return votes.waiting_for(session, team_id, reviewer, policy, until)


def _letter(reviewer: str, day: str) -> Letter:
    return Letter(lane=reviewer, kind="reminder", about=day, key=f"reminder:{reviewer}", priority=news.NEWS)


def _living_in(session: Session, team_id: str, zone: str, policy: Policy, today: date) -> list[str]:
    """Return the reviewers of a zone who are here and want it; whom we do not know yet lives where the team does."""
    reviewers = sorted(policy.reviewers())
    known = people.among(session, team_id, reviewers)
    zones = {user_id: zone_of(person.timezone, policy).key for user_id, person in known.items()}
    here = [reviewer for reviewer in reviewers if zones.get(reviewer, policy.workspace.timezone) == zone]
    absent = people.away(session, team_id, here, today)
    return [one for one in here if one not in absent and (one not in known or wants(known[one]))]


def wants(person: Person) -> bool:
    """Say whether somebody is there to be reminded."""
    return person.reminders and not person.deleted


def _first_today(session: Session, team_id: str, reviewer: str, due: Occurrence, now: datetime) -> bool:
    """Once a day for each reviewer, also for one who travels to another zone in the course of it."""
    schedule = f"reminder:{reviewer}"
    return schedules.first_in_period(session, team_id, schedule, due.period, due_at=due.due, now=now, late=False)
