"""News: what a person is to hear. Items wait together and leave as one message."""

from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Index, Integer, String, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, table


class NewsItem(Base):
    """One thing to tell one person. `kind` is move, question or answer; `number` is the move's or the question's."""

    __tablename__ = "news"
    __table_args__ = (Index(None, "team_id", "outbox_id"),)

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    outbox_id: Mapped[str] = mapped_column(String(32))
    feedback: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]


def add(
    session: Session, team_id: str, outbox_id: str, *, feedback: int, kind: str, number: int, now: datetime
) -> None:
    """Write an item into the message that is to carry it."""
    facts = {"feedback": feedback, "kind": kind, "number": number, "at": now}
    session.execute(insert(table(NewsItem)).values(team_id=team_id, id=uuid4().hex, outbox_id=outbox_id, **facts))


def hand_over(session: Session, team_id: str, ids: Iterable[str], outbox_id: str) -> None:
    """Let another message carry items."""
    where = (NewsItem.team_id == team_id, NewsItem.id.in_(list(ids)))
    session.execute(update(table(NewsItem)).where(*where).values(outbox_id=outbox_id))


def of_message(session: Session, team_id: str, outbox_id: str) -> list[NewsItem]:
    """Return the items a message carries, oldest first."""
    query = (
        select(NewsItem)
        .where(NewsItem.team_id == team_id, NewsItem.outbox_id == outbox_id)
        .order_by(NewsItem.at, NewsItem.feedback, NewsItem.number)
    )
    return list(session.scalars(query))
