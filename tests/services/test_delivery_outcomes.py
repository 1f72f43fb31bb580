"""What becomes of a claimed row, outcome by outcome."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.domain.outcomes import Dead, Moot, Outcome, RetryAfter, Sent, Unknown
from bot.policy import DeliveryTable
from bot.services import news, settling
from bot.services.settling import Ended
from storage import claims, outbox, places
from storage.claims import Claim
from storage.outbox import Letter, OutboxRow
from tests import make
from tests.make import MONDAY, TEAM, later

PACE = DeliveryTable(pace_per_s=0.5, lease_s=60, settle_s=15, merge_s=0)


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


def letter(key: str, lane: str = "triage", kind: str = "card") -> Letter:
    return Letter(lane, kind, key, key, news.SHARED)


def claimed(session: Session, *letters: Letter) -> Claim:
    """Write letters and claim the first, leaving the admin's notices alone."""
    outbox.put(session, TEAM, letters, MONDAY)
    return claim(session, MONDAY, busy={(TEAM, "UADA")} - {(TEAM, letters[0].lane)})


def claim(session: Session, now: datetime, busy: Collection[tuple[str, str]] = ()) -> Claim:
    (taken,) = claims.claim(session, now, make.manners(PACE), 16, busy)
    return taken


def settle(session: Session, claim: Claim, outcome: Outcome, now: datetime = MONDAY) -> None:
    """Settle a claim that we began to send at MONDAY."""
    settling.settle(session, [Ended(claim, outcome, MONDAY)], now)


def stored(session: Session, key: str) -> OutboxRow:
    query = select(OutboxRow).where(OutboxRow.key == key).execution_options(populate_existing=True)
    return session.scalars(query).one()


def free_at(session: Session, lane: str = "triage") -> timedelta:
    """Return how long the lane rests from MONDAY on."""
    found = session.get(outbox.Lane, (TEAM, lane), populate_existing=True)
    assert found is not None
    return found.free_at - MONDAY


@pytest.mark.parametrize(
    ("outcome", "state", "rest", "detail"),
    [
        (Sent("C1", "17.5"), "sent", 2.0, None),  # half a message a second
        (RetryAfter(30), "retry", 30.0, "rate limited"),
        (RetryAfter(300, "token_revoked"), "retry", 300.0, "token_revoked"),
        (Unknown("TimeoutError"), "unknown", 15.0, "TimeoutError"),
        (Unknown("rate limited", 40.0), "unknown", 40.0, "rate limited"),
        (Unknown("rate limited", 1.0), "unknown", 15.0, "rate limited"),
        (Dead("channel_not_found"), "dead", 0.0, "channel_not_found"),
        (Moot("nothing left to say"), "superseded", 0.0, "nothing left to say"),
    ],
)
def test_each_outcome_sets_the_state_and_how_long_the_lane_rests(
    session: Session, outcome: Outcome, state: str, rest: float, detail: str | None
) -> None:
    settle(session, claimed(session, letter("card:F-1")), outcome)
    row = stored(session, "card:F-1")
    assert (row.state, row.detail) == (state, detail)
    assert free_at(session) == timedelta(seconds=rest)
    assert (row.settled_at is None) == (state in outbox.OPEN)


def test_the_pace_is_that_of_the_beginnings_however_long_slack_takes(session: Session) -> None:
    row = claimed(session, letter("card:F-1"))
    settle(session, row, Sent("C1", "17.5"), later(seconds=1.5))
    assert free_at(session) == timedelta(seconds=2)
    row = claimed(session, letter("card:F-2", "review"))
    settle(session, row, RetryAfter(30), later(seconds=1.5))
    assert free_at(session, "review") == timedelta(seconds=31.5)  # what Slack asks for counts from its answer


def test_a_message_that_is_redrawn_keeps_its_place(session: Session) -> None:
    settle(session, claimed(session, letter("card:F-1")), Sent("C1", "17.5"))
    place = places.of(session, TEAM, "card:F-1")
    assert place is not None
    assert (place.channel, place.ts) == ("C1", "17.5")
    assert (stored(session, "card:F-1").channel, stored(session, "card:F-1").ts) == ("C1", "17.5")


def test_a_message_said_once_has_no_place(session: Session) -> None:
    settle(session, claimed(session, letter("news:UALICE")), Sent("C1", "17.5", redrawn=False))
    assert places.of(session, TEAM, "news:UALICE") is None
    assert stored(session, "news:UALICE").ts == "17.5"


def test_a_claim_that_was_lost_writes_nothing(session: Session) -> None:
    stale = claimed(session, letter("card:F-1"))
    claim(session, later(seconds=60))
    settle(session, stale, Sent("C1", "17.5"), later(seconds=61))
    assert stored(session, "card:F-1").state == "sending"
    assert places.of(session, TEAM, "card:F-1") is None


def test_a_lost_claim_raises_no_notice(session: Session) -> None:
    stale = claimed(session, letter("card:F-1"))
    claim(session, later(seconds=60))
    settle(session, stale, Dead("channel_not_found"), later(seconds=61))
    assert make.waiting(session) == {}


def die(session: Session, key: str, error: str, lane: str = "triage", kind: str = "card") -> None:
    settle(session, claimed(session, letter(key, lane, kind)), Dead(error))


def test_a_dead_message_sends_one_notice_to_the_first_admin(session: Session) -> None:
    make.rules(session, people={"reviewers": ["UBOB", "UDORA"], "admins": ["UADA", "UEVE"]})
    die(session, "card:F-1", "not_in_channel")
    rows = make.waiting(session)
    assert set(rows) == {"notice:triage:not_in_channel"}
    notice = rows["notice:triage:not_in_channel"]
    assert (notice.lane, notice.kind, notice.about) == ("UADA", "notice", "triage:not_in_channel")


def test_however_many_die_for_one_reason_the_notice_is_one(session: Session) -> None:
    for n in range(20):
        die(session, f"card:F-{n}", "not_in_channel")
    assert list(make.waiting(session)) == ["notice:triage:not_in_channel"]
    assert len(outbox.dead(session, TEAM, "triage")) == 20


def test_another_reason_or_another_lane_is_another_notice(session: Session) -> None:
    die(session, "card:F-1", "not_in_channel")
    die(session, "card:F-2", "is_archived")
    die(session, "receipt:F-3", "not_in_channel", lane="UALICE", kind="receipt")
    assert set(make.waiting(session)) == {
        "notice:triage:not_in_channel",
        "notice:triage:is_archived",
        "notice:UALICE:not_in_channel",
    }


def test_a_notice_that_dies_raises_no_notice(session: Session) -> None:
    die(session, "notice:triage:not_in_channel", "user_not_found", lane="UADA", kind="notice")
    assert make.waiting(session) == {}


def test_without_an_admin_there_is_no_notice(session: Session) -> None:
    make.rules(session, people={"reviewers": ["UBOB", "UDORA"], "managers": ["UMARA"]})
    die(session, "card:F-1", "not_in_channel")
    assert make.waiting(session) == {}
    assert stored(session, "card:F-1").state == "dead"


def test_a_further_death_redraws_the_notice_that_was_sent(session: Session) -> None:
    die(session, "card:F-1", "not_in_channel")
    settle(session, claim(session, MONDAY), Sent("D0ADA", "17.5"))
    die(session, "card:F-2", "not_in_channel")
    assert list(make.waiting(session)) == ["notice:triage:not_in_channel"]
    assert places.of(session, TEAM, "notice:triage:not_in_channel") is not None  # so it is an update


@pytest.mark.parametrize("length", [40, 200])
def test_an_error_of_any_length_can_be_written_down(session: Session, length: int) -> None:
    die(session, "card:F-1", "x" * length)
    assert stored(session, "card:F-1").state == "dead"
