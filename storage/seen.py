"""What was taken already. Slack repeats itself; the key is written with the effect, in the same transaction."""

from datetime import datetime

from sqlalchemy import Executable, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, Upsert, once, table


class Seen(Base):
    """A gesture or event whose effect stands."""

    __tablename__ = "seen"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    at: Mapped[datetime]


def first_time(session: Session, team_id: str, key: str, now: datetime) -> bool:
    """Note the key; say whether it is new. A copy still under way elsewhere is waited for."""
    noted = session.execute(_note(session), {"team_id": team_id, "key": key, "at": now})
    return noted.first() is not None


@once
def _note(upsert: Upsert) -> Executable:
    return upsert(Seen).on_conflict_do_nothing().returning(table(Seen).c.key)


def forget(session: Session, before: datetime) -> int:
    """Delete keys older than a moment, of all workspaces; return how many. Slack's last retry comes within a day."""
    return len(session.scalars(delete(Seen).where(Seen.at < before).returning(Seen.key)).all())
