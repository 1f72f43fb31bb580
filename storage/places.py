"""Where messages that are redrawn in place stand, by the outbox's keys."""

from collections.abc import Iterable

from sqlalchemy import Executable, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, Upsert, once, table


class Place(Base):
    """Where the message of a key stands."""

    __tablename__ = "posted"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    ts: Mapped[str] = mapped_column(String(40))


def of(session: Session, team_id: str, key: str) -> Place | None:
    """Return where the message of a key stands, if it was sent."""
    return session.scalars(_OF, {"team_id": team_id, "key": key}).one_or_none()


_OF = (
    select(Place)
    .where(Place.team_id == bindparam("team_id"), Place.key == bindparam("key"))
    .execution_options(populate_existing=True)
)


def remember(session: Session, found: Iterable[Place]) -> None:
    """Note where messages stand."""
    rows = [{"team_id": one.team_id, "key": one.key, "channel": one.channel, "ts": one.ts} for one in found]
    if rows:
        session.execute(_remember(session), sorted(rows, key=lambda row: (row["team_id"], row["key"])))


@once
def _remember(upsert: Upsert) -> Executable:
    statement = upsert(Place)
    place = {"channel": statement.excluded.channel, "ts": statement.excluded.ts}
    return statement.on_conflict_do_update(index_elements=["team_id", "key"], set_=place)


def forget(session: Session, team_id: str, key: str) -> None:
    """Forget where the message of a key stands; the next one is new."""
    session.execute(delete(table(Place)).where(Place.team_id == team_id, Place.key == key))


def forget_all(session: Session, team_id: str, prefix: str) -> None:
    """Forget where the messages stand whose key begins so; the next ones are new."""
    where = (Place.team_id == team_id, Place.key.startswith(prefix, autoescape=True))
    session.execute(delete(table(Place)).where(*where))
