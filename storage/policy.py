"""The policy as stored: one row a table, so that changing one leaves the others alone."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.policy import Policy, PolicyError, PolicyUnreadableError, build
from storage import counters, policy_log
from storage.db import Base, table, upsert


class PolicyTable(Base):
    """One table of a workspace's policy, as plain data."""

    __tablename__ = "policy"

    team_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    changed_by: Mapped[str] = mapped_column(String(40))
    changed_at: Mapped[datetime]


def tables(session: Session, team_id: str) -> dict[str, Any]:
    """Return the tables that were set, as plain data."""
    return dict(session.execute(_TABLES, {"team_id": team_id}).all())


def tables_of(session: Session, team_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the tables that were set of each of these workspaces."""
    found: dict[str, dict[str, Any]] = {team_id: {} for team_id in team_ids}
    for team_id, name, content in session.execute(_TABLES_OF, {"team_ids": list(team_ids)}):
        found[team_id][name] = content
    return found


_STORED = table(PolicyTable).c
_TABLES_OF = select(_STORED.team_id, _STORED.name, _STORED.content).where(
    _STORED.team_id.in_(bindparam("team_ids", expanding=True))
)
_TABLES = select(_STORED.name, _STORED.content).where(_STORED.team_id == bindparam("team_id"))


def load(session: Session, team_id: str) -> Policy:
    """Return the whole policy; what was never set has its default. Raises PolicyUnreadableError."""
    try:
        return build(tables(session, team_id))
    except PolicyError as error:
        raise PolicyUnreadableError(str(error), *error.faults) from None


def channel(session: Session, team_id: str, lane: str) -> str | None:
    """Return the channel of a lane as it is set; None when it is not."""
    content = session.scalar(_CHANNELS, {"team_id": team_id}) or {}
    found: str | None = content.get(lane)
    return found


_CHANNELS = select(_STORED.content).where(_STORED.team_id == bindparam("team_id"), _STORED.name == "channels")


def lock(session: Session, team_id: str) -> None:
    """Let others who change this workspace's policy wait until we commit; what we read from now on stays so."""
    counters.take(session, team_id, "policy")


def replace(session: Session, team_id: str, changed: dict[str, Any], by: str, now: datetime) -> None:
    """Replace the tables named in `changed`, and log those that say something else now.

    Raises PolicyError when the whole would not hold together. Two changes at once come one after the other.
    """
    lock(session, team_id)
    before = tables(session, team_id)
    policy = build({**before, **changed})
    policy.check()
    defaults, after = _plain(Policy()), _plain(policy)
    for name in changed:
        _write(session, team_id, name, after[name], by, now)
        if after[name] != before.get(name, defaults[name]):
            was = before.get(name, defaults[name])
            policy_log.add(session, team_id, name, before=was, after=after[name], by=by, now=now)


def _plain(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude_none=True)


def _write(session: Session, team_id: str, name: str, content: dict[str, Any], by: str, now: datetime) -> None:
    facts = {"content": content, "changed_by": by, "changed_at": now}
    statement = upsert(session, PolicyTable).values(team_id=team_id, name=name, **facts)
    session.execute(statement.on_conflict_do_update(index_elements=["team_id", "name"], set_=facts))
