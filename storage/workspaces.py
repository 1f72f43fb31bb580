"""The workspaces we serve, and whether Slack still lets us."""

from datetime import datetime

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, table, upsert


class Workspace(Base):
    """A Slack workspace. After `stopped_at` (why: `reason`) nothing is sent to it, until we are installed again.

    From `set_up_at` on Home leads its admins through the first steps no more.
    """

    __tablename__ = "workspaces"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    app_id: Mapped[str | None] = mapped_column(String(20))
    stopped_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    set_up_at: Mapped[datetime | None]


def enter(session: Session, team_id: str) -> bool:
    """Note that we serve a workspace, whose token works; say whether it had been stopped before."""
    before = session.get(Workspace, team_id, populate_existing=True)
    facts = {"stopped_at": None, "reason": None}
    statement = upsert(session, Workspace).values(team_id=team_id, **facts)
    session.execute(statement.on_conflict_do_update(index_elements=["team_id"], set_=facts))
    return before is not None and before.stopped_at is not None


def stop(session: Session, team_id: str, reason: str, now: datetime) -> None:
    """Note that Slack lets us do nothing more there."""
    facts = {"stopped_at": now, "reason": reason}
    statement = upsert(session, Workspace).values(team_id=team_id, **facts)
    session.execute(statement.on_conflict_do_update(index_elements=["team_id"], set_=facts))


def stopped(session: Session) -> set[str]:
    """Return the workspaces to which nothing may be sent."""
    return set(session.scalars(_STOPPED))


_STOPPED = select(table(Workspace).c.team_id).where(table(Workspace).c.stopped_at.is_not(None))


def served(session: Session) -> list[str]:
    """Return the workspaces we serve."""
    query = select(Workspace.team_id).where(Workspace.stopped_at.is_(None)).order_by(Workspace.team_id)
    return list(session.scalars(query))


def app_id(session: Session, team_id: str) -> str | None:
    """Return our app's id there, once Slack has named it."""
    return session.scalar(select(Workspace.app_id).where(Workspace.team_id == team_id))


def name_app(session: Session, team_id: str, app_id: str) -> None:
    """Remember our app's id; links to our Home need it."""
    session.execute(update(table(Workspace)).where(Workspace.team_id == team_id).values(app_id=app_id))


def get(session: Session, team_id: str) -> Workspace | None:
    """Return what we know of a workspace."""
    return session.get(Workspace, team_id, populate_existing=True)


def known(session: Session) -> list[str]:
    """Return all workspaces we ever served, stopped ones too."""
    return list(session.scalars(select(Workspace.team_id).order_by(Workspace.team_id)))


def is_set_up(session: Session, team_id: str) -> bool:
    """Say whether the first steps are behind the admins."""
    query = select(Workspace.set_up_at).where(Workspace.team_id == team_id)
    return session.scalar(query) is not None


def set_up(session: Session, team_id: str, now: datetime) -> None:
    """Note that the first steps are done, or that the admins want no more of them."""
    where = (Workspace.team_id == team_id, Workspace.set_up_at.is_(None))
    session.execute(update(table(Workspace)).where(*where).values(set_up_at=now))
