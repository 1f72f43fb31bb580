"""What /metrics tells: what came in and went out since the start, and how things stand in the database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.outcomes import Outcome, Sent
from bot.domain.refusals import Busy
from storage import outbox_care, schedules, workspaces
from storage.db import Database
from storage.outbox import OPEN, OutboxRow

log = structlog.get_logger(__name__)

ACK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
"""Seconds; Slack gives up after the last."""

GESTURES = ("command", "shortcut", "message_action", "block_actions", "view_submission", "view_closed")
KINDS = frozenset((*GESTURES, "block_suggestion", "event"))
"""The kinds of requests that are told apart; what anybody can send us must not make up new ones."""


class Counts:
    """What happened since the start of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter(
            "needline_requests", "Requests from Slack, by kind and outcome.", "kind", "outcome"
        )
        self.acks = Histogram(
            "needline_ack_seconds",
            "How long Slack's requests waited for our answer, by kind.",
            ["kind"],
            buckets=ACK_BUCKETS,
            registry=self.registry,
        )
        self.deliveries = self._counter(
            "needline_deliveries", "What became of tries to deliver, by the message's kind and state.", "kind", "state"
        )
        self.duplicates = self._counter(
            "needline_duplicates_settled",
            "Messages whose answer was lost, found in Slack by a look-up instead of being sent twice.",
        )
        self.votes = self._counter("needline_votes_cast", "Votes taken, changed ones too.")
        self.filings = self._counter("needline_feedback_filed", "Pieces of feedback filed.")
        self.sockets = Gauge("needline_sockets", "Open connections of Socket Mode.", registry=self.registry)
        self.stopped = Gauge(
            "needline_stopped",
            "1 after Slack uninstalled us or revoked our token: nothing is delivered until we are installed again.",
            registry=self.registry,
        )

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, registry=self.registry)

    def answered(self, kind: str, seconds: float) -> None:
        """Count a request of Slack's, and how long it waited."""
        self.acks.labels(kind if kind in KINDS else "other").observe(seconds)

    def delivered(self, row: OutboxRow, state: str, outcome: Outcome) -> None:
        """Count what became of a try to deliver."""
        self.deliveries.labels(row.kind, state).inc()
        if isinstance(outcome, Sent) and outcome.found:
            self.duplicates.inc()


@dataclass(frozen=True)
class Standing(Collector):
    """How things stand, read when somebody asks. Without the database only that it is away is told."""

    database: Database
    now: Callable[[], datetime]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the gauges."""
        try:
            found = list(self._read())
        except (Busy, SQLAlchemyError) as error:
            log.warning("metrics.no_database", reason=type(error).__name__)
            found = []
        yield _gauge("needline_database_up", "1 while the database answers.", float(bool(found)))
        yield from found

    def _read(self) -> Iterator[GaugeMetricFamily]:
        now = self.now()
        with self.database.read() as session:
            piles = outbox_care.piles(session)
            next_at = schedules.next_due(session, workspaces.stopped(session))
        messages = GaugeMetricFamily(
            "needline_outbox_messages", "Messages not delivered, by state; the dead need somebody.", labels=["state"]
        )
        for state in (*OPEN, "dead"):
            messages.add_metric([state], piles[state].count if state in piles else 0)
        yield messages
        due = [pile.due_at for state, pile in piles.items() if state in OPEN]
        yield _gauge(
            "needline_outbox_overdue_seconds",
            "For how long the message that waits longest beyond its time does so.",
            _late(min(due, default=None), now),
        )
        yield _gauge(
            "needline_schedule_lag_seconds",
            "How late the schedule is that is most overdue.",
            _late(next_at, now),
        )


def _late(due: datetime | None, now: datetime) -> float:
    return max(0.0, (now - due).total_seconds()) if due else 0.0


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def page(counts: Counts, database: Database, now: Callable[[], datetime]) -> bytes:
    """Return the page as Prometheus reads it."""
    return generate_latest(counts.registry) + generate_latest(Standing(database, now))
