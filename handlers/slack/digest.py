"""The review digest, read from the rows as they are when it leaves."""

from datetime import date, datetime, time

from sqlalchemy.orm import Session

from bot.domain.calendar import at
from bot.policy import Policy
from bot.services.digest import Agenda, Item, agenda
from bot.services.schedules import LATE
from handlers.slack import facts as facts_of
from handlers.slack.blocks import digest as blocks
from handlers.slack.blocks.cards import Message
from handlers.slack.blocks.digest import Digest
from handlers.slack.facts import Facts
from storage import policy as policy_store
from storage import schedules, workspaces
from storage.outbox import OutboxRow
from storage.schedules import Period

MOST = 10
"""How many requirements a digest shows; the rest are counted."""


def digest(session: Session, row: OutboxRow, now: datetime) -> Message | None:
    """Draw the digest of the meeting a row is about; None when a newer meeting's has taken its place."""
    newest = schedules.newest_period(session, row.team_id, "digest")
    if newest is not None and newest.period != row.about:
        return None
    policy = policy_store.load(session, row.team_id)
    found = agenda(session, row.team_id, now, MOST)
    home = blocks.home_address(row.team_id, workspaces.app_id(session, row.team_id))
    items, late = _items(session, row.team_id, found), _late(newest, now)
    told = Digest(_meeting(policy, row.about), found, items, home=home, late=late)
    return blocks.digest(told, policy.workspace.language)


def _meeting(policy: Policy, day: str) -> datetime:
    """Return the moment of a day's meeting, in the team's zone."""
    zone = policy.workspace.zone
    return at(date.fromisoformat(day), time.fromisoformat(policy.review.when.split()[1]), zone).astimezone(zone)


def _items(session: Session, team_id: str, found: Agenda) -> list[tuple[Item, Facts]]:
    read = ((item, facts_of.load(session, team_id, item.origin)) for item in found.items)
    return [(item, facts) for item, facts in read if facts is not None]


def _late(period: Period | None, now: datetime) -> str | None:
    """Say why it comes late, if it does: we were not running when it was due, or could not post it."""
    if period is None or now - period.due_at <= LATE:
        return None
    return "missed" if period.late else "undelivered"
