"""Writing down what became of messages, and what follows from it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from bot.domain.outcomes import Dead, Moot, Outcome, RetryAfter, Sent, Unknown
from bot.policy import CHANNELS, DeliveryTable
from bot.services import news
from storage import claims, outbox, places, policy
from storage import people as people_store
from storage.claims import Claim, Ending, LaneKey
from storage.outbox import LEAST, Letter, OutboxRow, Want
from storage.places import Place

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ended:
    """What became of a claim that we began to send at a moment."""

    claim: Claim
    outcome: Outcome
    began: datetime

    @property
    def row(self) -> OutboxRow:
        """Return the row that was claimed."""
        return self.claim.row


def settle(session: Session, ended: Collection[Ended], now: datetime) -> dict[str, str | None]:
    """Write down what became of claimed rows, and what follows from it. What died is settled by itself.

    Return row id -> state, None for those whose claim was lost. Those whose lane somebody else keeps at this moment are
    left out, and may be tried again.
    """
    got = _take_lanes(session, ended, now)
    endings = [_ending(session, one, now) for one in ended if _lane(one) in got]
    still = claims.settle(session, endings, now)
    places.remember(session, [place for one in ended if one.row.id in still and (place := _place(one))])
    for one in endings:
        _write_log(one, lost=one.row.id not in still)
    return {one.row.id: one.state if one.row.id in still else None for one in endings}


def _take_lanes(session: Session, ended: Collection[Ended], now: datetime) -> set[LaneKey]:
    """Take the lanes of rows, waiting for nobody.

    What died writes to another lane, too, so it takes all of them in the order in which everybody does.
    """
    found = {_lane(one) for one in ended}
    letters = [letter for one in ended if isinstance(one.outcome, Dead) for letter in _notices(session, one)]
    if not letters:
        return claims.take(session, found)
    (dead,) = ended
    found |= {(dead.row.team_id, letter.lane) for letter in letters}
    outbox.want(session, [Want(*lane, now, LEAST) for lane in found])
    return found


def _lane(ended: Ended) -> LaneKey:
    return ended.row.team_id, ended.row.lane


def _place(one: Ended) -> Place | None:
    """Return where a message stands that is redrawn in place; None for others."""
    if not isinstance(one.outcome, Sent) or not one.outcome.redrawn:
        return None
    return Place(team_id=one.row.team_id, key=one.row.key, channel=one.outcome.channel, ts=one.outcome.ts)


def _write_log(one: Ending, *, lost: bool) -> None:
    row = one.row
    if lost:
        log.warning("delivery.claim_lost", team=row.team_id, row=row.id)
        return
    facts = {"kind": row.kind, "about": row.about, **one.facts}
    log.info("delivery.settled", state=one.state, team=row.team_id, row=row.id, **facts)
    if one.state == "dead":
        error = one.facts["detail"]
        log.error("delivery.dead", team=row.team_id, row=row.id, kind=row.kind, lane=row.lane, error=error)


def _moved(session: Session, row: OutboxRow, closed: str | None) -> bool:
    """Say whether the channel that did not take a message was given up for another while it was under way.

    Whoever changes the channel takes the lane, which is ours now, before reviving what died: so either they see our
    dead row, or we see their channel.
    """
    if closed is None or row.lane not in CHANNELS:
        return False
    return policy.channel(session, row.team_id, row.lane) not in {None, closed}


def _ending(session: Session, ended: Ended, now: datetime) -> Ending:
    """Return the end of a claim, with an admin's notice of what died.

    The pace is that of the beginnings, so that it does not matter how long Slack takes to answer.
    """
    row, outcome, claim = ended.row, ended.outcome, ended.claim
    if isinstance(outcome, Dead) and _moved(session, row, outcome.closed):
        outcome = RetryAfter(0.0, "the channel was changed")
    state, pause_s, facts = _state(outcome, claim.manner.pace)
    free_at = (ended.began if isinstance(outcome, Sent) else now) + timedelta(seconds=pause_s)
    also = _notices(session, ended) if isinstance(outcome, Dead) else []
    return Ending(row, state, free_at, also, facts, late=now >= claim.at + claim.lease)


def _state(outcome: Outcome, pace: DeliveryTable) -> tuple[str, float, dict[str, str | None]]:
    """Return the row's next state, how long its lane rests, and the facts to keep."""
    match outcome:
        case Sent(channel, ts):
            return "sent", 1 / pace.pace_per_s, {"channel": channel, "ts": ts, "detail": None}
        case RetryAfter(seconds, detail):
            return "retry", seconds, {"detail": detail}
        case Unknown(detail, seconds):
            return "unknown", max(pace.settle_s, seconds), {"detail": detail}
        case Dead(error):
            return "dead", 0.0, {"detail": error}
        case Moot(why):
            return "superseded", 0.0, {"detail": why}


def _notices(session: Session, dead: Ended) -> list[Letter]:
    """One notice for each lane and error: while it stands, further failures only raise the count it shows."""
    row, outcome = dead.row, dead.outcome
    admins = policy.load(session, row.team_id).people.admins
    here = [admin for admin in admins if not people_store.gone(session, row.team_id, {admin})]
    if not isinstance(outcome, Dead) or row.kind == "notice" or not here:
        return []
    return [news.notice(here[0], row.lane, outcome.error)]
