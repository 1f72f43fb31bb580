"""What was changed in a record after it was made: by whom, when, and what it said before."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, table


class RecordChange(Base):
    """One change of F-12 or R-7 (`about`). `what`: edited, withdrawn, reopened, taken_over.

    `before` are old values by column, and what was said when reopening (`why`).
    """

    __tablename__ = "changes"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    about: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    before: Mapped[dict[str, Any]] = mapped_column(JSON)


def add(
    session: Session, team_id: str, about: str, what: str, *, by: str, before: dict[str, Any], now: datetime
) -> int:
    """Write a change; return its number. Whoever writes holds the lock of the record, so counting is safe."""
    where = (RecordChange.team_id == team_id, RecordChange.about == about)
    number = (session.scalar(select(func.max(RecordChange.number)).where(*where)) or 0) + 1
    facts = {"about": about, "number": number, "what": what, "by": by, "at": now, "before": before}
    session.execute(insert(table(RecordChange)).values(team_id=team_id, **facts))
    return number


def of(session: Session, team_id: str, about: str) -> list[RecordChange]:
    """Return a record's changes, oldest first."""
    where = (RecordChange.team_id == team_id, RecordChange.about == about)
    return list(session.scalars(select(RecordChange).where(*where).order_by(RecordChange.number)))
