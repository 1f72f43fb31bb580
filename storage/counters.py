"""Numbers per workspace, gapless: taken in the transaction that uses them, so an undone one is given out again."""

from sqlalchemy import Executable, Integer, String, bindparam
from sqlalchemy.dialects import postgresql
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


def take_both(session: Session, team_id: str, first: str, second: str) -> tuple[int, int]:
    """Return the next numbers of two names by one statement. Whoever takes both names them in the same order."""
    names = {"team_id": team_id, "first": first, "second": second}
    found: dict[str, int] = dict(session.execute(_count_both(session), names).all())
    return found[first], found[second]


@once
def _count(upsert: Upsert) -> Executable:
    return _counting(upsert(Counter)).returning(_LAST)


@once
def _count_both(upsert: Upsert) -> Executable:
    rows = [{"team_id": bindparam("team_id"), "name": bindparam(name), "last": 1} for name in ("first", "second")]
    return _counting(upsert(Counter).values(rows)).returning(table(Counter).c.name, _LAST)


def _counting(statement: postgresql.Insert) -> postgresql.Insert:
    return statement.on_conflict_do_update(index_elements=["team_id", "name"], set_={"last": _LAST + 1})


_LAST = table(Counter).c.last
