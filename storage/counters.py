"""Numbers per workspace, gapless: taken in the transaction that uses them, so an undone one is given out again."""

from sqlalchemy import Executable, Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, Upsert, once, table


class Counter(Base):
    """The last number given out under a name: feedback, requirement, customer."""

    __tablename__ = "counters"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


def take(session: Session, team_id: str, name: str) -> int:
    """Return the next number. Others of the workspace wait here until we commit, which keeps numbers gapless."""
    found: int = session.execute(_count(session), {"team_id": team_id, "name": name, "last": 1}).scalar_one()
    return found


@once
def _count(upsert: Upsert) -> Executable:
    counted = {"last": table(Counter).c.last + 1}
    statement = upsert(Counter).on_conflict_do_update(index_elements=["team_id", "name"], set_=counted)
    return statement.returning(table(Counter).c.last)
