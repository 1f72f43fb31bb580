"""What an operator can do for messages that were not delivered: send them again, or take them out."""

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from bot.services import news
from storage import outbox_care, places
from storage.outbox import OutboxRow

log = structlog.get_logger(__name__)


def retry(session: Session, team_id: str, ids: Collection[str], now: datetime) -> list[OutboxRow]:
    """Send those of these messages again that are dead; return them as they were.

    Their notices are forgotten, so that an admin hears should they fail once more.
    """
    revived = outbox_care.revive(session, team_id, ids, now)
    for notice in sorted({news.notice("", row.lane, row.detail or "").key for row in revived}):
        places.forget(session, team_id, notice)
    for row in revived:
        log.info("outbox.retried", team=team_id, row=row.id, kind=row.kind, lane=row.lane, detail=row.detail)
    return revived


def drop(session: Session, team_id: str, ids: Collection[str], now: datetime) -> list[OutboxRow]:
    """Take those of these messages out that were not sent and are not under way; return them as they then are."""
    dropped = outbox_care.drop(session, team_id, ids, now)
    for row in dropped:
        log.warning("outbox.dropped", team=team_id, row=row.id, kind=row.kind, lane=row.lane, about=row.about)
    return dropped
