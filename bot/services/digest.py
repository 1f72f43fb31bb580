"""The review digest: what needs a decision, before each review meeting."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.calendar import Occurrence
from bot.policy import Policy
from bot.services import news
from storage import outbox
from storage.outbox import Letter


def announce(session: Session, team_id: str, _zone: str, _policy: Policy, due: Occurrence, now: datetime) -> None:
    """Write the digest of a meeting for the review channel; it is drawn when it leaves."""
    letter = Letter(lane="review", kind="digest", about=due.period, key=f"digest:{due.period}", priority=news.SHARED)
    outbox.put(session, team_id, [letter], now)
