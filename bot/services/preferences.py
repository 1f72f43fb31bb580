"""What people choose for themselves: summary, language, quiet hours, being away."""

import re
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Busy, Refused
from bot.policy import LANGUAGES
from bot.services.people import zone_of
from bot.services.summaries import WISHES
from storage import people, policy
from storage.people import Wishes

LONGEST_AWAY = timedelta(days=92)
"""News waits until somebody is back; who is away for longer hands over."""

_TIME = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")


def choose(session: Session, actor: Actor, wishes: Wishes, now: datetime) -> None:
    """Remember what a person wants for themselves.

    Raises Refused for what is no wish, Busy while we do not know them: the next gesture finds them looked up.
    """
    if wishes.summary not in WISHES or wishes.language not in {None, *LANGUAGES}:
        raise Refused("stale.view")
    if wishes.quiet and not all(map(_TIME.match, wishes.quiet[:2])):
        raise Refused("fault.other", field="quiet_start")
    if wishes.back_on is not None:
        _check_back(wishes.back_on, _today(session, actor, now))
    if not people.choose(session, actor.team_id, actor.user_id, wishes):
        raise Busy("we do not know this person yet")


def _check_back(back_on: date, today: date) -> None:
    if back_on <= today:
        raise Refused("refused.back_past", field="back_on")
    if back_on - today > LONGEST_AWAY:
        raise Refused("refused.back_far", field="back_on", most=LONGEST_AWAY.days)


def _today(session: Session, actor: Actor, now: datetime) -> date:
    person = people.get(session, actor.team_id, actor.user_id)
    zone = zone_of(person.timezone if person else None, policy.load(session, actor.team_id))
    return now.astimezone(zone).date()
