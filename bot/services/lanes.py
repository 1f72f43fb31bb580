"""How lanes are served: at which pace, at which hours, and where they lead."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from bot.policy import CHANNELS, Policy, PolicyError, build
from bot.services import people
from storage import people as people_store
from storage import policy
from storage.claims import LaneKey, Manner
from storage.people import Person

log = structlog.get_logger(__name__)


def manners(session: Session, now: datetime, lanes: Collection[LaneKey]) -> dict[LaneKey, Manner]:
    """Return how lanes are served at a moment, by their workspaces' policies and by who reads them."""
    rules = {
        team_id: _rules(team_id, set_) for team_id, set_ in policy.tables_of(session, {t for t, _ in lanes}).items()
    }
    readers = people_store.get_all(session, [lane for lane in lanes if lane[1] not in CHANNELS])
    return {lane: _manner(rules[lane[0]], lane[1], readers.get(lane), now) for lane in lanes}


def _rules(team_id: str, tables: dict[str, Any]) -> Policy:
    try:
        return build(tables)
    except PolicyError as error:  # written by a newer version; others' messages must not wait for it
        log.error("delivery.policy_unreadable", team=team_id, reason=str(error))  # noqa: TRY400 - no fault of ours
        return Policy()


def _manner(rules: Policy, lane: str, reader: Person | None, now: datetime) -> Manner:
    if lane in CHANNELS:
        return Manner(rules.delivery, leads_to=rules.channels.of(lane))
    leads_to = reader.im_channel if reader else None
    return Manner(rules.delivery, people.quiet_until(reader, rules, now), leads_to, reader)
