"""Who changed what in the policy, and when. Written with every change, wherever it came from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, table


class PolicyChange(Base):
    """One table of the policy that said something else from then on. `by`: a user id, or what changed it."""

    __tablename__ = "policy_log"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(40))
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]


def add(
    session: Session,
    team_id: str,
    name: str,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
    by: str,
    now: datetime,
) -> int:
    """Write a change; return its number. Whoever writes holds the lock of the policy, so counting is safe."""
    number = newest(session, team_id) + 1
    facts = {"number": number, "name": name, "before": before, "after": after, "by": by, "at": now}
    session.execute(insert(table(PolicyChange)).values(team_id=team_id, **facts))
    return number


def newest(session: Session, team_id: str) -> int:
    """Return the number of the last change; 0 before the first."""
    return session.scalar(select(func.max(PolicyChange.number)).where(PolicyChange.team_id == team_id)) or 0


def since(session: Session, team_id: str, name: str, number: int) -> list[PolicyChange]:
    """Return how a table changed after the change of this number, oldest first."""
    where = (PolicyChange.team_id == team_id, PolicyChange.name == name, PolicyChange.number > number)
    return list(session.scalars(select(PolicyChange).where(*where).order_by(PolicyChange.number)))


def last(session: Session, team_id: str, limit: int | None = None) -> list[PolicyChange]:
    """Return the newest changes, or all of them, newest first."""
    query = select(PolicyChange).where(PolicyChange.team_id == team_id).order_by(PolicyChange.number.desc())
    return list(session.scalars(query.limit(limit)))


def of(session: Session, team_id: str, name: str) -> list[PolicyChange]:
    """Return all changes of a table, newest first."""
    where = (PolicyChange.team_id == team_id, PolicyChange.name == name)
    return list(session.scalars(select(PolicyChange).where(*where).order_by(PolicyChange.number.desc())))


FACTS = ("number", "name", "before", "after", "by", "at")
"""What programs read of a change."""


def people_in(changes: Sequence[PolicyChange]) -> set[str]:
    """Return the ids of everybody who is named in changes or made them."""
    said = [(change.by, change.before, change.after) for change in changes if change.name in {"people", "departments"}]
    named = {user_id for _, *contents in said for content in contents for ids in content.values() for user_id in ids}
    return named | {change.by for change in changes}
