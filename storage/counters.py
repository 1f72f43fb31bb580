"""Numbers per workspace, gapless: taken in the transaction that uses them, so an undone one is given out again."""

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, upsert


class Counter(Base):
    """The last number given out under a name: feedback, requirement, customer."""

    __tablename__ = "counters"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


def take(session: Session, team_id: str, name: str) -> int:
    """Return the next number. Others of the workspace wait here until we commit, which keeps numbers gapless."""
    statement = upsert(session, Counter).values(team_id=team_id, name=name, last=1)
    counted = statement.on_conflict_do_update(index_elements=["team_id", "name"], set_={"last": Counter.last + 1})
    return session.scalars(counted.returning(Counter.last)).one()
