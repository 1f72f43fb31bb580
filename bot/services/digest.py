"""The review digest: what needs a decision, before each review meeting."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.calendar import Occurrence
from bot.domain.digest import Why
from bot.policy import Policy
from bot.services import news
from storage import digest as store
from storage import outbox
from storage import policy as policy_store
from storage.digest import Undecided
from storage.lines import Line
from storage.outbox import Letter


@dataclass(frozen=True)
class Item:
    """A requirement that needs a decision, for `days` calendar days of the team's; its card is that of F-`origin`."""

    requirement: int
    origin: int
    why: Why
    days: int


Listed = tuple[Line, Item]
"""An item with what lists show of it."""


@dataclass(frozen=True)
class Agenda:
    """What needs a decision: the first items in order, how many there are beyond them, and what is not ripe yet.

    `voting` are voted on; of `asked` the vote waits for an answer.
    """

    items: tuple[Item, ...]
    rest: Mapping[Why, int]
    voting: int
    asked: int

    @property
    def total(self) -> int:
        """How many requirements need a decision."""
        return len(self.items) + sum(self.rest.values())


def agenda(session: Session, team_id: str, now: datetime, limit: int) -> Agenda:
    """Return what needs a decision, `limit` items of it: undecided, not withdrawn, and with no vote under way.

    Answered questions come first, then what the vote left open, what it rejected, and the rest; in each the longest
    waiting first. Days are counted since it came into review, at the latest by being reopened.
    """
    items = _items(session, team_id, now, limit)
    counts = store.count(session, team_id, store.former_digest(session, team_id))
    shown = [item.why for item in items]
    rest = {why: counts[why] - shown.count(why) for why in Why if counts.get(why, 0) > shown.count(why)}
    voting, asked = store.in_vote(session, team_id)
    return Agenda(tuple(items), rest, voting, asked)


def first(session: Session, team_id: str, policy: Policy, now: datetime, limit: int) -> tuple[list[Listed], int]:
    """Return the first of what needs a decision, each with its line, and how much does. In two queries."""
    found, number = store.first(session, team_id, store.former_digest(session, team_id), limit)
    return [(line, _item(one, policy, now)) for line, one in found], number


def still_open(session: Session, team_id: str, numbers: Collection[int], now: datetime) -> dict[int, Item]:
    """Return number -> item of those requirements that need a decision still."""
    items = _items(session, team_id, now, len(numbers), numbers) if numbers else []
    return {item.requirement: item for item in items}


def _items(
    session: Session, team_id: str, now: datetime, limit: int, among: Collection[int] | None = None
) -> list[Item]:
    found = store.undecided(session, team_id, store.former_digest(session, team_id), limit, among)
    policy = policy_store.load(session, team_id)
    return [_item(one, policy, now) for one in found]


def _item(one: Undecided, policy: Policy, now: datetime) -> Item:
    calendar = policy.workspace.calendar
    days = max((calendar.local(now) - calendar.local(one.since)).days, 0)
    return Item(one.number, one.origin, one.why, days)


def announce(session: Session, team_id: str, _zone: str, _policy: Policy, due: Occurrence, now: datetime) -> None:
    """Write the digest of a meeting for the review channel; it is drawn when it leaves."""
    letter = Letter(lane="review", kind="digest", about=due.period, key=f"digest:{due.period}", priority=news.SHARED)
    outbox.put(session, team_id, [letter], now)
