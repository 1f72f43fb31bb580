"""The outbox loop: claim, send, settle. Knows no Slack: a sender tells what became of each message.

Each lane (a channel, or a person's DM) has one message under way, at the pace the policy says. Meanwhile the lane is
leased; a row still `sending` when the lease is over belongs to a process that died, and may have been shown.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.orm import Session

from bot.domain.refusals import Busy
from bot.policy import CHANNELS, DeliveryTable, Policy, PolicyError, build
from bot.services import news, people
from storage import claims, outbox, places, policy, workspaces
from storage import people as people_store
from storage.claims import Claim, Ending, LaneKey, Manner
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from storage.people import Person
from storage.places import Place

log = structlog.get_logger(__name__)

IDLE_S = 0.25
"""How often an idle loop looks for work that became due; a commit of ours wakes it at once."""

REST_S = 0.05
"""How long a loop that found nothing due rests before it looks again: many commits at once wake it once."""

GATHER_S = 0.02
"""How long it rests after it handed something out: what becomes due meanwhile is claimed together."""

_CLAIMS = 32

PATIENCE_S = (0.1, 0.5, 2.0, 5.0)
"""How long we wait for the database when we stop, to write down what became of what was under way."""

ENDS_WITHIN = 20
"""How many settle times we wait for another process to end a message that it took over from us."""


@dataclass(frozen=True)
class Sent:
    """Shown, there. `redrawn` messages keep their place for the next time. `found`: by a look-up, of a former try.

    `posted`: just now, and anew.
    """

    channel: str
    ts: str
    redrawn: bool = True
    found: bool = False
    posted: bool = False


@dataclass(frozen=True)
class RetryAfter:
    """Certainly not shown; Slack asks us to wait."""

    seconds: float
    detail: str = "rate limited"


@dataclass(frozen=True)
class Unknown:
    """No answer came: it may have been shown. Look again after `seconds`, or the settle time if that is longer."""

    detail: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Dead:
    """Slack will never take it as things are; a person must do something.

    `closed`: the channel that refused it, where another might take it; empty when there was none to post it in.
    """

    error: str
    closed: str | None = None


@dataclass(frozen=True)
class Moot:
    """There is nothing left to say."""

    why: str


Outcome = Sent | RetryAfter | Unknown | Dead | Moot


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


Sender = Callable[[Claim], Outcome]
"""Draws a row and sends it, and tells what became of it. Whatever it raises counts as Unknown."""

Settled = Callable[[OutboxRow, str, Outcome], object]
"""Hears of each outcome that was written down, and of the state it led to."""

TakeBack = Callable[[Sent], object]
"""Takes a message away that stands twice. What goes wrong with that is its own business."""


class Delivery:
    """The loop and its workers. The loop claims and settles, many at once; each worker draws and sends one message."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        now: Callable[[], datetime],
        workers: int = 64,
        settled: Settled = lambda *_: None,
        take_back: TakeBack = lambda _: None,
    ) -> None:
        self._database = database
        self._sender = sender
        self._now = now
        self._workers = workers
        self._settled = settled
        self._take_back = take_back
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sender")
        self._under_way: dict[LaneKey, Future[Ended]] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._loop = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin to deliver, with what a former process left."""
        self._database.committed.append(self._wake.set)
        self._loop.start()

    def stop(self) -> None:
        """Claim nothing new and wait for what is under way."""
        self._stopping.set()
        self._wake.set()
        self._loop.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(IDLE_S)
            self._wake.clear()
            try:
                while not self._stopping.is_set() and (self._settle_ended() | self._claim_and_hand_out()):
                    self._stopping.wait(GATHER_S)
                self._stopping.wait(REST_S)
            except Busy:
                log.warning("delivery.database_busy")
                self._stopping.wait(1)
            except Exception:
                log.exception("delivery.failed")
                self._stopping.wait(1)
        self._settle_last()

    def _claim_and_hand_out(self) -> bool:
        room = self._workers - len(self._under_way)
        if room <= 0:
            return False
        claimed = self._claim(min(room, _CLAIMS), set(self._under_way))
        for claim in claimed:
            sending = self._pool.submit(self._deliver, claim)
            sending.add_done_callback(lambda _: self._wake.set())
            self._under_way[claim.row.team_id, claim.row.lane] = sending
        return bool(claimed)

    def _claim(self, limit: int, busy: set[LaneKey]) -> list[Claim]:
        now = self._now()
        with self._database.read() as session:
            stopped = workspaces.stopped(session)
            due = claims.next_due(session, stopped)
        if due is None or due > now:
            return []
        with self._database.begin(quiet=True) as session:
            return claims.claim(session, now, partial(manners, session, now), limit, busy, stopped)

    def _deliver(self, claim: Claim) -> Ended:
        began = self._now()
        return Ended(claim, self._send(claim), began)

    def _send(self, claim: Claim) -> Outcome:
        reader = claim.manner.reader
        if reader is not None and reader.deleted:
            return Moot("its reader left")
        try:
            return self._sender(claim)
        except Exception as error:
            row = claim.row
            log.exception("delivery.send_failed", team=row.team_id, row=row.id, kind=row.kind)
            return Unknown(type(error).__name__)

    def _settle_ended(self) -> bool:
        """Write down what became of all that ended. What dies may call for more, so each dead one is done by itself."""
        ended = [sending.result() for sending in self._under_way.values() if sending.done()]
        dead = [[one] for one in ended if isinstance(one.outcome, Dead)]
        others = [one for one in ended if not isinstance(one.outcome, Dead)]
        for together in ([others] if others else []) + dead:
            self._settle(together)
        return bool(ended)

    def _settle(self, ended: Sequence[Ended]) -> None:
        try:
            with self._database.begin() as session:
                states = settle(session, ended, self._now())
        except Busy:
            raise
        except Exception:
            if len(ended) > 1:  # one of them must not hold up the others
                for one in ended:
                    self._settle([one])
                return
            log.exception("delivery.settle_failed", team=ended[0].row.team_id, row=ended[0].row.id)
            states = {}
        for one in ended:
            self._is_settled(one, states.get(one.row.id))

    def _is_settled(self, ended: Ended, state: str | None) -> None:
        """Go on after a row was settled; without a state its claim was lost."""
        row, outcome = ended.row, ended.outcome
        del self._under_way[row.team_id, row.lane]
        if state:
            self._settled(row, state, outcome)
        elif isinstance(outcome, Sent) and outcome.posted:
            self._pool.submit(self._say_once, row, outcome, ended.claim.manner.pace)

    def _settle_last(self) -> None:
        """Settle what was under way. If the database stays away, leases run out and the messages are looked up."""
        wait(self._under_way.values())
        for pause in PATIENCE_S:
            with suppress(Busy):
                self._settle_ended()
            if not self._under_way:
                return
            time.sleep(pause)
        log.error("delivery.not_settled", lanes=[f"{team}/{lane}" for team, lane in self._under_way])

    def _say_once(self, row: OutboxRow, ours: Sent, pace: DeliveryTable) -> None:
        """We posted after our lease was over: we were held up, or Slack was. If another posted it too, ours goes.

        It may still be looking for ours, so that is asked when the row has ended.
        """
        ended, ts = False, None
        for _ in range(ENDS_WITHIN):
            with suppress(Busy), self._database.read() as session:
                ended, ts = claims.ending(session, row)
            if ended:
                break
            self._stopping.wait(pace.settle_s)
        if ended and ts not in {None, ours.ts}:
            log.warning("delivery.taken_back", team=row.team_id, row=row.id, ts=ours.ts)
            self._take_back(ours)


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


def settle(session: Session, ended: Collection[Ended], now: datetime) -> dict[str, str]:
    """Write down what became of claimed rows, and what follows from it.

    Return row id -> state, without those whose claim was lost.
    """
    endings = [_ending(session, one, now) for one in ended]
    still = claims.settle(session, endings, now)
    places.remember(session, [place for one in ended if one.row.id in still and (place := _place(one))])
    for one in endings:
        _write_log(one, lost=one.row.id not in still)
    return {one.row.id: one.state for one in endings if one.row.id in still}


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


def _moved(session: Session, row: OutboxRow, closed: str | None) -> bool:
    """Say whether the channel that did not take a message was given up for another while it was under way.

    Whoever changes the channel takes the lane before reviving what died: so either they see our dead row, or we this.
    """
    if closed is None or row.lane not in CHANNELS:
        return False
    outbox.take_lanes(session, row.team_id, [row.lane])
    return policy.channel(session, row.team_id, row.lane) not in {None, closed}


def _ending(session: Session, ended: Ended, now: datetime) -> Ending:
    """Return the end of a claim, with an admin's notice of what died.

    The pace is that of the beginnings, so that it does not matter how long Slack takes to answer.
    """
    row, outcome = ended.row, ended.outcome
    if isinstance(outcome, Dead) and _moved(session, row, outcome.closed):
        outcome = RetryAfter(0.0, "the channel was changed")
    state, pause_s, facts = _state(outcome, ended.claim.manner.pace)
    free_at = (ended.began if isinstance(outcome, Sent) else now) + timedelta(seconds=pause_s)
    also = _notices(session, row, outcome.error) if isinstance(outcome, Dead) else []
    return Ending(row, state, free_at, also, facts)


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


def _notices(session: Session, row: OutboxRow, error: str) -> list[Letter]:
    """One notice for each lane and error: while it stands, further failures only raise the count it shows."""
    admins = policy.load(session, row.team_id).people.admins
    here = [admin for admin in admins if not people_store.gone(session, row.team_id, {admin})]
    log.error("delivery.dead", team=row.team_id, row=row.id, kind=row.kind, lane=row.lane, error=error)
    if row.kind == "notice" or not here:
        return []
    return [news.notice(here[0], row.lane, error)]
