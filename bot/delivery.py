"""The outbox loop: claim, send, settle. Knows no Slack: a sender tells what became of each message.

Each lane (a channel, or a person's DM) has one message under way, at the pace the policy says. Meanwhile the lane is
leased; a row still `sending` when the lease is over belongs to a process that died, and may have been shown.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from bot.domain.outcomes import Dead, Moot, Outcome, Sent, Unknown
from bot.domain.refusals import Busy
from bot.services import lanes
from bot.services.settling import Ended, settle
from storage import claims, workspaces
from storage.claims import Claim, LaneKey
from storage.db import Database
from storage.outbox import OutboxRow

log = structlog.get_logger(__name__)

IDLE_S = 0.25
"""How often an idle loop looks for work that became due; a commit of ours wakes it at once."""

REST_S = 0.05
"""How long a loop that found nothing due rests before it looks again: many commits at once wake it once."""

GATHER_S = 0.02
"""How long it rests after there was something to do: what comes up meanwhile is claimed and settled together."""

_CLAIMS = 32
"""How many lanes are claimed by one transaction at most: gestures on them wait meanwhile."""

PATIENCE_S = (0.1, 0.5, 2.0, 5.0)
"""How long we wait for the database when we stop, to write down what became of what was under way."""

ENDS_WITHIN = 20
"""How many settle times we wait for another process to end a message that it took over from us."""


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
        self._doubtful: list[_Doubt] = []
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
                self._look_for_doubles()
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
            return claims.claim(session, now, partial(lanes.manners, session, now), limit, busy, stopped)

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
        """Write down what became of all that ended; say whether any of it could be.

        What could not waits, and whether the database is away will be seen by claiming.
        """
        ended = [one for lane in list(self._under_way) if (one := self._ended(lane))]
        dead = [[one] for one in ended if isinstance(one.outcome, Dead)]
        others = [one for one in ended if not isinstance(one.outcome, Dead)]
        before = len(self._under_way)
        for together in ([others] if others else []) + dead:
            with suppress(Busy):
                self._settle(together)
        return len(self._under_way) < before

    def _ended(self, lane: LaneKey) -> Ended | None:
        """Return what became of what is under way in a lane, once it ended."""
        sending = self._under_way[lane]
        if not sending.done():
            return None
        try:
            return sending.result()
        except Exception:
            log.exception("delivery.send_failed", team=lane[0], lane=lane[1])
            del self._under_way[lane]  # its lease runs out, and it is looked for
            return None

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
            row = ended[0].row
            log.exception("delivery.settle_failed", team=row.team_id, row=row.id)
            del self._under_way[row.team_id, row.lane]  # likewise
            return
        for one in ended:
            if one.row.id in states:
                self._is_settled(one, states[one.row.id])

    def _is_settled(self, ended: Ended, state: str | None) -> None:
        """Go on after a row was settled; without a state its claim was lost.

        What we posted after our lease was over (we were held up, or Slack was) may have been posted by another, too.
        """
        row, outcome = ended.row, ended.outcome
        del self._under_way[row.team_id, row.lane]
        if state:
            self._settled(row, state, outcome)
        elif isinstance(outcome, Sent) and outcome.posted:
            self._doubtful.append(_Doubt(row, outcome, ended.claim.manner.pace.settle_s))

    def _look_for_doubles(self) -> None:
        """If another posted what we posted, ours goes. It may still be looking for ours: so the row must have ended."""
        for doubt in [doubt for doubt in self._doubtful if doubt.look_at <= time.monotonic()]:
            with self._database.read() as session:
                ended, ts = claims.ending(session, doubt.row)
            if ended and ts not in {None, doubt.ours.ts}:
                log.warning("delivery.taken_back", team=doubt.row.team_id, row=doubt.row.id, ts=doubt.ours.ts)
                self._pool.submit(self._take_back, doubt.ours)
            doubt.wait()
            if ended or doubt.looks > ENDS_WITHIN:
                self._doubtful.remove(doubt)

    def _settle_last(self) -> None:
        """Settle what is under way as it ends. Without the database leases run out, and messages are looked up."""
        while not all(sending.done() for sending in self._under_way.values()):
            time.sleep(REST_S)
            self._settle_ended()
        for pause in (0, *PATIENCE_S):
            if self._under_way:
                time.sleep(pause)
                self._settle_ended()
        if self._under_way:
            log.error("delivery.not_settled", lanes=[f"{team}/{lane}" for team, lane in self._under_way])
        with suppress(Busy):
            self._look_for_doubles()


@dataclass
class _Doubt:
    """A message of ours that may stand twice, and when to look whether it does."""

    row: OutboxRow
    ours: Sent
    settle_s: float
    looks: int = 0
    look_at: float = 0.0

    def wait(self) -> None:
        """Look again after the settle time."""
        self.looks += 1
        self.look_at = time.monotonic() + self.settle_s
