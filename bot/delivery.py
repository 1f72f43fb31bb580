"""The outbox loop: claim, send, settle. Knows no Slack: a sender tells what became of each message.

Each lane (a channel, or a person's DM) has one message under way, at the pace the policy says. Meanwhile the lane is
leased; a row still `sending` when the lease is over belongs to a process that died, and may have been shown.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from bot.domain.refusals import Busy
from bot.policy import CHANNELS, DeliveryTable, Policy, PolicyError
from bot.services import news, people
from storage import outbox, places, policy, workspaces
from storage import people as people_store
from storage.db import Database
from storage.outbox import Letter, OutboxRow

log = structlog.get_logger(__name__)

IDLE_S = 0.25
"""How often an idle loop looks for work that became due; a commit of ours wakes it at once."""

REST_S = 0.05
"""How long a loop that found nothing due rests before it looks again: many commits at once wake it once."""

GATHER_S = 0.02
"""How long it rests after it handed something out: what becomes due meanwhile is claimed together."""

_CLAIMS = 16

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


class Sender(Protocol):
    """Draws a row and sends it. `maybe_shown`: look for it first, a former try may have been shown.

    `lease`: how long the row was ours when we got it.
    """

    def __call__(self, row: OutboxRow, *, maybe_shown: bool, lease: timedelta) -> Outcome:
        """Send, and tell what became of it. Whatever it raises counts as Unknown."""


Settled = Callable[[OutboxRow, str, Outcome], object]
"""Hears of each outcome that was written down, and of the state it led to."""

TakeBack = Callable[[Sent], object]
"""Takes a message away that stands twice. What goes wrong with that is its own business."""


class Delivery:
    """The loop and its workers."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        now: Callable[[], datetime],
        workers: int = 32,
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
        self._under_way: set[tuple[str, str]] = set()
        self._guard = threading.Lock()
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
                while not self._stopping.is_set() and self._claim_and_hand_out():
                    self._stopping.wait(GATHER_S)
                self._stopping.wait(REST_S)
            except Busy:
                log.warning("delivery.database_busy")
                self._stopping.wait(1)
            except Exception:
                log.exception("delivery.failed")
                self._stopping.wait(1)

    def _claim_and_hand_out(self) -> bool:
        with self._guard:
            room = self._workers - len(self._under_way)
            busy = set(self._under_way)
        if room <= 0:
            return False
        claims = self._claim(min(room, _CLAIMS), busy)
        for row, before, pace in claims:
            with self._guard:
                self._under_way.add((row.team_id, row.lane))
            self._pool.submit(self._deliver, row, before, pace)
        return bool(claims)

    def _claim(self, limit: int, busy: set[tuple[str, str]]) -> list[tuple[OutboxRow, str, DeliveryTable]]:
        now = self._now()
        with self._database.read() as session:
            stopped = workspaces.stopped(session)
            due = outbox.next_due(session, stopped)
        if due is None or due > now:
            return []
        with self._database.begin(quiet=True) as session:
            rules = _Rules(session, now)
            rows = outbox.claim(session, now, rules.lease, limit, busy, hush=rules.quiet_until, stopped=stopped)
            return [(row, row.state, rules[row.team_id].delivery) for row in rows]

    def _deliver(self, row: OutboxRow, before: str, pace: DeliveryTable) -> None:
        try:
            began = self._now()
            self._settle(row, self._send(row, before, pace), pace, began)
        except Exception:
            log.exception("delivery.settle_failed", team=row.team_id, row=row.id)
        finally:
            with self._guard:
                self._under_way.discard((row.team_id, row.lane))
            self._wake.set()

    def _send(self, row: OutboxRow, before: str, pace: DeliveryTable) -> Outcome:
        maybe_shown = row.channel is not None and before in {"sending", "unknown"}
        try:
            return self._sender(row, maybe_shown=maybe_shown, lease=timedelta(seconds=pace.lease_s))
        except Exception as error:
            log.exception("delivery.send_failed", team=row.team_id, row=row.id, kind=row.kind)
            return Unknown(type(error).__name__)

    def _settle(self, row: OutboxRow, outcome: Outcome, pace: DeliveryTable, began: datetime) -> None:
        """Write down what became of a row we `began` to send.

        If the database stays away, the lease runs out and the message is looked up.
        """
        for pause in (0.1, 0.5, 2.0, 5.0):
            try:
                with self._database.begin() as session:
                    state = settle(session, row, outcome, pace, self._now(), began)
            except Busy:
                self._stopping.wait(pause)
            else:
                if state:
                    self._settled(row, state, outcome)
                elif isinstance(outcome, Sent) and outcome.posted:
                    self._say_once(row, outcome, pace)
                return
        log.error("delivery.not_settled", team=row.team_id, row=row.id)

    def _say_once(self, row: OutboxRow, ours: Sent, pace: DeliveryTable) -> None:
        """We posted after our lease was over: we were held up, or Slack was. If another posted it too, ours goes.

        It may still be looking for ours, so that is asked when the row has ended.
        """
        for _ in range(ENDS_WITHIN):
            with self._database.read() as session:
                ended, ts = outbox.ending(session, row)
            if ended:
                break
            self._stopping.wait(pace.settle_s)
        if ended and ts not in {None, ours.ts}:
            log.warning("delivery.taken_back", team=row.team_id, row=row.id, ts=ours.ts)
            self._take_back(ours)


class _Rules(dict[str, Policy]):
    """Each workspace's policy, read once a claim."""

    def __init__(self, session: Session, now: datetime) -> None:
        super().__init__()
        self._session = session
        self._now = now

    def __missing__(self, team_id: str) -> Policy:
        try:
            self[team_id] = policy.load(self._session, team_id)
        except PolicyError as error:  # written by a newer version; others' messages must not wait for it
            log.error("delivery.policy_unreadable", team=team_id, reason=str(error))  # noqa: TRY400 - no fault of ours
            self[team_id] = Policy()
        return self[team_id]

    def lease(self, team_id: str) -> timedelta:
        """Return how long a claimed lane is ours."""
        return timedelta(seconds=self[team_id].delivery.lease_s)

    def quiet_until(self, team_id: str, lane: str) -> datetime | None:
        """Return until when the person of a lane is not to be disturbed; None by day, and for channels."""
        if lane in CHANNELS:
            return None
        return people.quiet_until(self._session, self[team_id], team_id, lane, self._now)


def settle(
    session: Session, row: OutboxRow, outcome: Outcome, pace: DeliveryTable, now: datetime, began: datetime
) -> str | None:
    """Write down what became of a claimed row, and what follows from it. Return its state; None for a lost claim.

    The pace is that of the beginnings, so that it does not matter how long Slack takes to answer.
    """
    if isinstance(outcome, Dead) and _moved(session, row, outcome.closed):
        outcome = RetryAfter(0.0, "the channel was changed")
    state, pause_s, facts = _ending(outcome, pace)
    free_at = (began if isinstance(outcome, Sent) else now) + timedelta(seconds=pause_s)
    also = _notices(session, row, outcome.error) if isinstance(outcome, Dead) else []
    if not outbox.settle(session, row, state, free_at, now, also=also, **facts):
        log.warning("delivery.claim_lost", team=row.team_id, row=row.id)
        return None
    log.info("delivery.settled", state=state, team=row.team_id, row=row.id, kind=row.kind, about=row.about, **facts)
    if isinstance(outcome, Sent) and outcome.redrawn:
        places.remember(session, row.team_id, row.key, outcome.channel, outcome.ts)
    return state


def _moved(session: Session, row: OutboxRow, closed: str | None) -> bool:
    """Say whether the channel that did not take a message was given up for another while it was under way.

    Whoever changes the channel takes the lane before reviving what died: so either they see our dead row, or we this.
    """
    if closed is None or row.lane not in CHANNELS:
        return False
    outbox.take_lanes(session, row.team_id, [row.lane])
    return policy.channel(session, row.team_id, row.lane) not in {None, closed}


def _ending(outcome: Outcome, pace: DeliveryTable) -> tuple[str, float, dict[str, str | None]]:
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
