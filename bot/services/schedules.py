"""What is done regularly, once a period: planned from the policy, claimed when due, made up for once when missed.

Schedules of people exist once for each time zone they live in: `reminder:Europe/Berlin`. What a period is, is theirs to
say: the local date, or the ISO week.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.domain.calendar import Occurrence, Timetable
from bot.policy import Policy
from bot.services import digest, reminders, summaries
from bot.services.people import zone_of
from storage import people, schedules
from storage import policy as policy_store
from storage.schedules import Schedule

LATE = timedelta(minutes=15)
"""How long after it was due something counts as made up for."""

Task = Callable[[Session, str, str, Policy, Occurrence, datetime], None]
"""Takes session, team, zone, policy, the occurrence that is due, and the time it is now."""

TASKS: dict[str, Task] = {"digest": digest.announce, "reminder": reminders.remind, "summary": summaries.send}
"""What each schedule does; its name up to the colon."""


def timetables(session: Session, team_id: str, policy: Policy) -> dict[str, Timetable]:
    """Return name -> when, of everything a workspace wants done regularly."""
    zones = {zone_of(name, policy) for name in people.zones(session, team_id)} | {policy.workspace.zone}
    wanted = {f"reminder:{zone.key}": policy.reminders.vote_times(zone) for zone in zones}
    wanted |= {f"summary:{zone.key}": policy.reminders.summary_times(zone) for zone in zones}
    if policy.channels.review is not None:
        wanted["digest"] = policy.review.timetable(policy.workspace.zone)
    return wanted


def plan(session: Session, team_id: str, now: datetime) -> None:
    """Set when each schedule is due next. What is planned as the policy wants it stays as it is, overdue or not.

    Only what is planned for later than its next time was reckoned by a clock that was wrong then; it is reckoned anew.
    """
    times = timetables(session, team_id, policy_store.load(session, team_id))
    wanted = {name: (one.spec, one.next(now).due) for name, one in times.items()}
    planned = schedules.planned(session, team_id)
    schedules.plan(session, team_id, {name: one for name, one in wanted.items() if not _stands(planned.get(name), one)})
    if unwanted := planned.keys() - wanted.keys():
        schedules.drop(session, team_id, unwanted)


def _stands(planned: tuple[str, datetime] | None, wanted: tuple[str, datetime]) -> bool:
    return planned is not None and planned[0] == wanted[0] and planned[1] <= wanted[1]


def run(session: Session, found: Schedule, now: datetime) -> bool:
    """Do what is due, once for its period; say whether it was done here and now.

    Of several periods missed only the last is made up for. Another replica that found the same does nothing, and a
    clock set back repeats nothing.
    """
    policy = policy_store.load(session, found.team_id)
    times = timetables(session, found.team_id, policy).get(found.name)
    if times is None or times.spec != found.spec:
        plan(session, found.team_id, now)
        return False
    newest, _ = times.last(found.next_at - timedelta(microseconds=1), now)
    if newest is None or not schedules.claim(session, found, times.next(now).due):
        return False
    late = now - newest.due > LATE
    if not schedules.first_in_period(
        session, found.team_id, found.name, newest.period, due_at=newest.due, now=now, late=late
    ):
        return False
    name, _, zone = found.name.partition(":")
    TASKS[name](session, found.team_id, zone, policy, newest, now)
    return True
