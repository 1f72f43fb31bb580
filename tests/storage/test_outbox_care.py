"""Looking after the outbox: counting piles, finding rows, reviving and dropping them, forgetting what is long done."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from bot import jobs
from bot.jobs import KEPT
from storage import news, outbox, outbox_care, places
from storage.db import Database, table
from storage.news import NewsItem
from storage.outbox import Letter, OutboxRow
from tests import make
from tests.make import MONDAY, TEAM, at_once, later


def put(session: Session, key: str, state: str = "waiting", settled_at: datetime | None = None, **facts: object) -> str:
    """Write a row as it is after its life; return its id."""
    letter = Letter(str(facts.pop("lane", "triage")), "card", key, f"card:{key}", 1)
    (row_id,) = outbox.put(session, TEAM, [letter], MONDAY).values()
    row = session.get_one(OutboxRow, (TEAM, row_id))
    row.state, row.settled_at = state, settled_at
    for name, value in facts.items():
        setattr(row, name, value)
    session.flush()
    return row_id


def left(session: Session) -> set[str]:
    return set(session.scalars(select(OutboxRow.about)))


def test_piles_count_what_is_not_done_and_since_when_the_oldest_is_due(session: Session) -> None:
    put(session, "F-1")
    put(session, "F-2", due_at=later(hours=-2))
    put(session, "F-3", "dead")
    put(session, "F-4", "sent", MONDAY)
    put(session, "F-5", "superseded", MONDAY)
    piles = outbox_care.piles(session)
    assert {state: (pile.count, pile.due_at) for state, pile in piles.items()} == {
        "waiting": (2, later(hours=-2)),
        "dead": (1, MONDAY),
    }
    assert outbox_care.oldest_due(session, TEAM) == later(hours=-2)
    assert outbox_care.depth(session, TEAM) == 2


def test_the_dead_are_counted_by_lane_and_error_the_most_first(session: Session) -> None:
    for number, (lane, detail) in enumerate(
        [("triage", "is_archived"), ("UALICE", "user_disabled"), ("triage", "is_archived"), ("triage", None)]
    ):
        put(session, f"F-{number}", "dead", lane=lane, detail=detail)
    assert outbox_care.dead_by_lane(session, TEAM) == [
        ("triage", "is_archived", 2),
        ("UALICE", "user_disabled", 1),
        ("triage", "", 1),
    ]


def test_only_the_dead_are_revived_and_their_lanes_wanted_again(session: Session) -> None:
    dead, sent = put(session, "F-1", "dead", MONDAY, detail="is_archived"), put(session, "F-2", "sent", MONDAY)
    revived = outbox_care.revive(session, TEAM, [dead, sent], later(days=1))
    assert [(row.id, row.state, row.detail) for row in revived] == [(dead, "dead", "is_archived")]
    rows = {row.id: (row.state, row.settled_at) for row in outbox_care.rows(session, TEAM, outbox_care.STATES)}
    assert rows == {dead: ("unknown", None), sent: ("sent", MONDAY)}
    (claimed,) = make.claim(session, later(days=1))
    assert claimed.id == dead


def test_what_is_dropped_says_by_whom_and_a_new_message_can_take_its_place(session: Session) -> None:
    waiting, sending = put(session, "F-1"), put(session, "F-2", "sending")
    dropped = outbox_care.drop(session, TEAM, [waiting, sending], later(hours=1))
    assert [(row.id, row.state, row.detail, row.settled_at) for row in dropped] == [
        (waiting, "superseded", "dropped by operator", later(hours=1))
    ]
    assert put(session, "F-1") != waiting


@pytest.mark.parametrize("state", ["sent", "superseded"])
def test_what_is_long_done_is_forgotten_with_its_news_and_its_place_kept(session: Session, state: str) -> None:
    old = put(session, "F-1", state, MONDAY)
    young = put(session, "F-2", state, later(days=2))
    for row_id in (old, young):
        news.add(session, TEAM, row_id, feedback=1, kind="move", number=1, now=MONDAY)
    places.remember(session, [make.place("card:F-1", "C0TRIAGE", "1.1")])
    assert outbox_care.forget(session, later(days=1), 10) == 1
    assert left(session) == {"F-2"}
    assert set(session.scalars(select(NewsItem.outbox_id))) == {young}
    assert places.of(session, TEAM, "card:F-1") is not None


def test_what_is_not_done_is_never_forgotten(session: Session) -> None:
    for state in outbox_care.STATES:
        put(session, state, state, MONDAY if state in {*outbox_care.DONE, "dead"} else None)
    outbox_care.forget(session, later(days=999), 100)
    assert left(session) == {*outbox.OPEN, "dead"}


def test_the_job_forgets_in_pieces_and_all_of_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PURGED", 7)
    _many_sent(database, 40)
    jobs.forget_sent(database, MONDAY + KEPT)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 40
    jobs.forget_sent(database, MONDAY + KEPT + timedelta(seconds=1))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 0


def test_replicas_that_forget_at_once_do_not_wait_for_each_other_in_a_circle(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PURGED", 50)
    _many_sent(database, 1000)
    at_once(4, lambda _: jobs.forget_sent(database, MONDAY + KEPT + timedelta(seconds=1)))
    jobs.forget_sent(database, MONDAY + KEPT + timedelta(seconds=1))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 0


def _many_sent(database: Database, count: int) -> None:
    facts = {"team_id": TEAM, "lane": "triage", "kind": "card", "priority": 1, "state": "sent", "claim": 1}
    moments = {"created_at": MONDAY, "due_at": MONDAY, "settled_at": MONDAY}
    with database.begin() as session:
        numbered = [
            {"id": f"{number:032}", "about": f"F-{number}", "key": f"card:F-{number}"} for number in range(count)
        ]
        session.execute(insert(table(OutboxRow)), [{**facts, **moments, **each} for each in numbered])
