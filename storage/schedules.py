"""What is done regularly: when each schedule is due next, and the periods in which it was done."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Boolean, Index, String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.db import Base, table, upsert


class Schedule(Base):
    """When something is due next in a workspace. `spec` are the settings that `next_at` was reckoned from."""

    __tablename__ = "schedules"
    __table_args__ = (Index(None, "next_at"),)

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    spec: Mapped[str] = mapped_column(String(300))
    next_at: Mapped[datetime]


class Period(Base):
    """A local date or ISO week in which a schedule was done; the key lets it be done once. `late`: made up for."""

    __tablename__ = "periods"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    schedule: Mapped[str] = mapped_column(String(100), primary_key=True)
    period: Mapped[str] = mapped_column(String(20), primary_key=True)
    due_at: Mapped[datetime]
    done_at: Mapped[datetime]
    late: Mapped[bool] = mapped_column(Boolean)


def planned(session: Session, team_id: str) -> dict[str, tuple[str, datetime]]:
    """Return name -> (spec, when it is due next) of a workspace's schedules."""
    query = select(Schedule.name, Schedule.spec, Schedule.next_at).where(Schedule.team_id == team_id)
    return {name: (spec, next_at) for name, spec, next_at in session.execute(query)}


def plan(session: Session, team_id: str, wanted: Mapping[str, tuple[str, datetime]]) -> None:
    """Set schedules: name -> (spec, when it is due next). What is planned by this spec is only moved nearer.

    Everybody takes them in one order, so that two who plan at once do not wait for each other.
    """
    for name, (spec, next_at) in sorted(wanted.items()):
        facts = {"spec": spec, "next_at": next_at}
        statement = upsert(session, Schedule).values(team_id=team_id, name=name, **facts)
        different = statement.on_conflict_do_update(
            index_elements=["team_id", "name"],
            set_=facts,
            where=or_(Schedule.spec != spec, Schedule.next_at > next_at),
        )
        session.execute(different)


def drop(session: Session, team_id: str, names: Collection[str]) -> None:
    """Forget schedules that nobody wants any more."""
    session.execute(delete(table(Schedule)).where(Schedule.team_id == team_id, Schedule.name.in_(list(names))))


def due(session: Session, now: datetime, limit: int, stopped: Collection[str] = ()) -> list[Schedule]:
    """Return the schedules that are due, of all workspaces but `stopped` ones, the longest overdue first."""
    where = (Schedule.next_at <= now, Schedule.team_id.not_in(list(stopped)))
    return list(session.scalars(select(Schedule).where(*where).order_by(Schedule.next_at).limit(limit)))


def next_due(session: Session, stopped: Collection[str] = ()) -> datetime | None:
    """Return when the next schedule is due, of all workspaces but `stopped` ones."""
    return session.scalar(select(func.min(Schedule.next_at)).where(Schedule.team_id.not_in(list(stopped))))


def claim(session: Session, found: Schedule, next_at: datetime) -> bool:
    """Set when a schedule is due again, if it still is as we found it; say whether it was us."""
    guarded = (
        update(table(Schedule))
        .where(
            Schedule.team_id == found.team_id,
            Schedule.name == found.name,
            Schedule.next_at == found.next_at,
            Schedule.spec == found.spec,
        )
        .values(next_at=next_at)
        .returning(Schedule.name)
    )
    return session.execute(guarded).first() is not None


def first_in_period(
    session: Session, team_id: str, schedule: str, period: str, *, due_at: datetime, now: datetime, late: bool
) -> bool:
    """Note that a schedule is done in a period; False when it was done in it before."""
    facts = {"schedule": schedule, "period": period, "due_at": due_at, "done_at": now, "late": late}
    statement = upsert(session, Period).values(team_id=team_id, **facts)
    return session.execute(statement.on_conflict_do_nothing().returning(Period.period)).first() is not None


def period(session: Session, team_id: str, schedule: str, name: str) -> Period | None:
    """Return what is noted of a period."""
    return session.get(Period, (team_id, schedule, name), populate_existing=True)


def newest_period(session: Session, team_id: str, schedule: str) -> Period | None:
    """Return the period in which a schedule was done last."""
    query = (
        select(Period)
        .where(Period.team_id == team_id, Period.schedule == schedule)
        .order_by(Period.due_at.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def forget(session: Session, before: datetime) -> int:
    """Delete periods done before a moment, of all workspaces; return how many."""
    return len(session.scalars(delete(Period).where(Period.done_at < before).returning(Period.period)).all())
