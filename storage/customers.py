"""Customers: client companies."""

from datetime import datetime

from sqlalchemy import Integer, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.domain.feedback import name_key
from storage import counters
from storage.db import Base, table, upsert


class Customer(Base):
    """A client company. `key` is its name as compared: spaces collapsed, letters folded."""

    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("team_id", "key"),)

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(200))
    created_by: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]


def get(session: Session, team_id: str, customer_id: int) -> Customer | None:
    """Return a customer of this workspace."""
    return session.get(Customer, (team_id, customer_id))


def is_known(session: Session, team_id: str, customer_id: int) -> bool:
    """Say whether there is such a customer in this workspace."""
    return session.scalar(_KNOWN, {"team_id": team_id, "customer_id": customer_id}) is not None


_ROWS = table(Customer).c
_KNOWN = select(_ROWS.id).where(_ROWS.team_id == bindparam("team_id"), _ROWS.id == bindparam("customer_id"))


def named(session: Session, team_id: str, name: str) -> Customer | None:
    """Return the customer of exactly this name, however it is cased."""
    query = select(Customer).where(Customer.team_id == team_id, Customer.key == name_key(name))
    return session.scalars(query).one_or_none()


def matching(session: Session, team_id: str, text: str, limit: int = 20) -> list[Customer]:
    """Return customers whose name holds the text: those beginning with it first, then by name."""
    key = name_key(text)
    begins = Customer.key.startswith(key, autoescape=True)
    query = (
        select(Customer)
        .where(Customer.team_id == team_id, Customer.key.contains(key, autoescape=True))
        .order_by(begins.desc(), Customer.key)
        .limit(limit)
    )
    return list(session.scalars(query))


def find_or_add(session: Session, team_id: str, name: str, by: str, now: datetime) -> Customer:
    """Return the customer of this name, adding it when new. Two people adding it at once get the same one."""
    known = named(session, team_id, name)
    if known:
        return known
    statement = upsert(session, Customer).values(
        team_id=team_id,
        id=counters.take(session, team_id, "customer"),
        name=" ".join(name.split()),
        key=name_key(name),
        created_by=by,
        created_at=now,
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=["team_id", "key"]))
    added = named(session, team_id, name)
    assert added  # noqa: S101 - just written, or written by another before us
    return added


def count(session: Session, team_id: str) -> int:
    """Return how many customers the workspace has."""
    return session.scalar(select(func.count()).select_from(Customer).where(Customer.team_id == team_id)) or 0
