from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.policy import DeliveryTable
from storage import claims, outbox, places
from storage.claims import Manner
from storage.outbox import Lane, Letter, OutboxRow
from tests import make
from tests.make import MONDAY, TEAM, claim, later, settle

OTHER = "T0OTHER"
LEASE = timedelta(seconds=60)


def letter(key: str, lane: str = "triage", priority: int = 1, after: float = 0, about: str = "") -> Letter:
    return Letter(lane, "card", about or key, key, priority, timedelta(seconds=after))


def put(session: Session, *letters: Letter, team_id: str = TEAM, now: datetime = MONDAY) -> dict[str, str]:
    return outbox.put(session, team_id, letters, now)


def keys(rows: list[OutboxRow]) -> list[str]:
    return [row.key for row in rows]


def drain(session: Session, now: datetime = MONDAY) -> list[str]:
    """Claim and settle until nothing is left; return the keys in order."""
    order = []
    while rows := claim(session, now):
        order += keys(rows)
        for row in rows:
            assert settle(session, row, now=now)
    return order


def rows_of(session: Session, key: str, team_id: str = TEAM) -> list[OutboxRow]:
    query = select(OutboxRow).where(OutboxRow.team_id == team_id, OutboxRow.key == key).order_by(OutboxRow.created_at)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def lane(session: Session, name: str = "triage", team_id: str = TEAM) -> Lane:
    found = session.get(Lane, (team_id, name), populate_existing=True)
    assert found is not None
    return found


# Writing


def test_a_letter_becomes_a_waiting_row(session: Session) -> None:
    written = put(session, letter("card:F-1", about="F-1"))
    (row,) = rows_of(session, "card:F-1")
    assert written == {"card:F-1": row.id}
    assert (row.state, row.claim, row.lane, row.kind, row.about) == ("waiting", 0, "triage", "card", "F-1")
    assert (row.created_at, row.due_at, row.settled_at) == (MONDAY, MONDAY, None)
    assert lane(session).wanted_at == MONDAY


def test_a_letter_joins_the_row_that_waits_under_its_key(session: Session) -> None:
    first = put(session, letter("news", after=60, about="F-1"))
    second = put(session, letter("news", after=60, about="F-2"), now=later(seconds=30))
    assert first == second
    (row,) = rows_of(session, "news")
    assert (row.about, row.due_at) == ("F-2", later(seconds=60))


def test_a_more_urgent_letter_hurries_the_row_it_joins_and_a_lesser_one_does_not_hold_it_up(session: Session) -> None:
    put(session, letter("a", after=60, priority=2))
    put(session, letter("a", after=0, priority=3))
    put(session, letter("a", after=90, priority=1))
    (row,) = rows_of(session, "a")
    assert (row.due_at, row.priority) == (MONDAY, 1)


def test_an_earlier_letter_wants_the_lane_earlier_and_a_later_one_does_not_put_it_off(session: Session) -> None:
    put(session, letter("a", after=60))
    assert lane(session).wanted_at == later(seconds=60)
    put(session, letter("b", after=10))
    put(session, letter("c", after=90))
    assert lane(session).wanted_at == later(seconds=10)


def test_a_letter_whose_row_is_on_its_way_gets_a_row_of_its_own(session: Session) -> None:
    first = put(session, letter("a"))
    claim(session)
    assert put(session, letter("a")) != first
    assert [row.state for row in rows_of(session, "a")].count("waiting") == 1


@pytest.mark.parametrize("state", ["sent", "retry", "unknown", "dead", "superseded"])
def test_a_letter_never_joins_a_row_that_was_tried(session: Session, state: str) -> None:
    put(session, letter("a"))
    settle(session, claim(session)[0], state)
    put(session, letter("a"), now=later(seconds=1))
    assert [row.state for row in rows_of(session, "a")] == [state, "waiting"]


def test_putting_nothing_is_nothing(session: Session) -> None:
    assert put(session) == {}
    assert claims.next_due(session) is None


# Claiming


def test_a_claim_takes_one_row_of_each_lane(session: Session) -> None:
    put(session, letter("a1"), letter("a2"), letter("b1", lane="UALICE"), letter("b2", lane="UALICE"))
    claimed = claim(session)
    assert sorted(row.lane for row in claimed) == ["UALICE", "triage"]
    assert claim(session) == []


def test_a_claimed_row_comes_with_the_state_it_had_and_is_sending_in_the_database(session: Session) -> None:
    put(session, letter("a"))
    (row,) = claim(session)
    assert (row.state, row.claim) == ("waiting", 1)
    (stored,) = rows_of(session, "a")
    assert (stored.state, stored.claim) == ("sending", 1)
    assert lane(session).free_at == MONDAY + LEASE


def test_nothing_is_claimed_before_it_is_due(session: Session) -> None:
    put(session, letter("a", after=10))
    assert claims.next_due(session) == later(seconds=10)
    assert claim(session, later(seconds=9)) == []
    assert keys(claim(session, later(seconds=10))) == ["a"]


def test_a_lane_that_wakes_for_nothing_sleeps_until_its_next_letter(session: Session) -> None:
    put(session, letter("a"), letter("b", after=10))
    settle(session, claim(session)[0])
    assert claims.next_due(session) == MONDAY
    assert claim(session) == []
    assert claims.next_due(session) == later(seconds=10)
    assert drain(session, later(seconds=10)) == ["b"]
    assert claim(session, later(seconds=20)) == []
    assert claims.next_due(session) is None


def test_nothing_is_due_before_the_lane_is_free(session: Session) -> None:
    put(session, letter("a"), letter("b"))
    (row,) = claim(session)
    assert claims.next_due(session) == MONDAY + LEASE
    settle(session, row, rest=5)
    assert claims.next_due(session) == later(seconds=5)
    put(session, letter("c", lane="UALICE", after=3))
    assert claims.next_due(session) == later(seconds=3)


def test_nothing_is_claimed_from_a_lane_that_rests(session: Session) -> None:
    put(session, letter("a"), letter("b"))
    settle(session, claim(session)[0], rest=5)
    assert claim(session, later(seconds=4)) == []
    assert keys(claim(session, later(seconds=5))) == ["b"]


def test_priority_comes_before_age_and_age_before_chance(session: Session) -> None:
    put(session, letter("old news", priority=2))
    put(session, letter("old card", priority=1), now=later(seconds=1))
    put(session, letter("new card", priority=1), now=later(seconds=2))
    put(session, letter("answer", priority=0), now=later(seconds=3))
    assert drain(session, later(seconds=9)) == ["answer", "old card", "new card", "old news"]


def test_what_was_tried_before_goes_first_whatever_its_priority(session: Session) -> None:
    put(session, letter("tried", priority=3))
    settle(session, claim(session)[0], "retry")
    put(session, letter("fresh", priority=0))
    assert drain(session) == ["tried", "fresh"]


def test_the_lanes_waiting_longest_come_first_when_there_is_not_room_for_all(session: Session) -> None:
    for n, name in enumerate(["UC", "UA", "UB"]):
        put(session, letter(name, lane=name), now=later(seconds=n))
    now = later(seconds=9)
    assert keys(claim(session, now, limit=2)) == ["UC", "UA"]
    assert keys(claim(session, now, limit=2)) == ["UB"]


def test_a_busy_lane_is_left_alone(session: Session) -> None:
    put(session, letter("a"), letter("b", lane="UALICE"))
    assert keys(claim(session, busy={(TEAM, "triage")})) == ["b"]
    assert keys(claim(session)) == ["a"]


def test_busy_lanes_do_not_hide_the_others(session: Session) -> None:
    put(session, letter("a"))
    put(session, letter("b", lane="UALICE"), now=later(seconds=1))
    assert keys(claim(session, later(seconds=2), limit=1, busy={(TEAM, "triage")})) == ["b"]


def test_each_lane_is_leased_for_as_long_as_its_workspace_says(session: Session) -> None:
    put(session, letter("ours"))
    put(session, letter("theirs"), team_id=OTHER)
    paces = {team: DeliveryTable(lease_s=lease_s, settle_s=1) for team, lease_s in ((TEAM, 5), (OTHER, 50))}
    claim(session, served=lambda lanes: {lane: Manner(paces[lane[0]]) for lane in lanes})
    assert (lane(session).free_at, lane(session, team_id=OTHER).free_at) == (later(seconds=5), later(seconds=50))


# A lease that ran out


def test_a_row_still_sending_after_the_lease_comes_back_as_sending(session: Session) -> None:
    put(session, letter("a"))
    (first,) = claim(session)
    assert claim(session, MONDAY + LEASE - timedelta(seconds=1)) == []
    (again,) = claim(session, MONDAY + LEASE)
    assert (again.id, again.state, again.claim) == (first.id, "sending", 2)


def test_a_clock_set_back_lets_nothing_overtake_what_may_have_been_shown(session: Session) -> None:
    """What was written since is of the same card: sent first, it would stand beside what was shown already."""
    put(session, letter("card"))
    (first,) = claim(session)
    settle(session, first, "unknown", facts={"channel": "C1"})
    put(session, letter("card"), now=later(hours=-1))
    session.execute(update(Lane).values(free_at=later(hours=-1)))
    (again,) = claim(session, later(hours=-1))
    assert (again.id, again.state) == (first.id, "unknown")


def test_only_the_newest_claim_settles(session: Session) -> None:
    put(session, letter("a"))
    (stale,) = claim(session)
    (current,) = claim(session, MONDAY + LEASE)
    assert not settle(session, stale, "dead")
    assert [row.state for row in rows_of(session, "a")] == ["sending"]
    assert lane(session).free_at == MONDAY + 2 * LEASE  # the stale one does not free the lane either
    assert settle(session, current, "sent", MONDAY + LEASE)
    assert [row.state for row in rows_of(session, "a")] == ["sent"]


def test_a_claim_settles_once(session: Session) -> None:
    put(session, letter("a"))
    (row,) = claim(session)
    assert settle(session, row, "sent")
    assert not settle(session, row, "dead")


# Aiming


def aim(session: Session, row: OutboxRow, free: float = 90) -> bool:
    return claims.aim(session, row, "C1", "17.5", later(seconds=free))


def test_before_it_is_posted_a_row_says_where_and_renews_its_lease(session: Session) -> None:
    put(session, letter("a"))
    (row,) = claim(session)
    assert row.channel is None
    assert aim(session, row)
    assert lane(session).free_at == later(seconds=90)
    (again,) = claim(session, later(seconds=90))
    assert (again.state, again.channel, again.thread_ts) == ("sending", "C1", "17.5")


def test_a_row_may_be_aimed_within_its_lease(session: Session) -> None:
    put(session, letter("a"))
    (row,) = claim(session)
    assert claims.aim(session, row, "C1", None)
    assert lane(session).free_at == MONDAY + LEASE


def test_who_lost_the_claim_cannot_aim(session: Session) -> None:
    put(session, letter("a"))
    (stale,) = claim(session)
    claim(session, MONDAY + LEASE)
    assert not aim(session, stale)
    assert [row.channel for row in rows_of(session, "a")] == [None]
    assert lane(session).free_at == MONDAY + 2 * LEASE


def test_what_was_settled_cannot_be_aimed(session: Session) -> None:
    put(session, letter("a"))
    (row,) = claim(session)
    settle(session, row)
    assert not aim(session, row)


# Settling


@pytest.mark.parametrize("state", ["sent", "superseded", "dead"])
def test_an_ended_row_is_not_claimed_again(session: Session, state: str) -> None:
    put(session, letter("a"))
    settle(session, claim(session)[0], state, later(seconds=1))
    assert [(row.state, row.settled_at) for row in rows_of(session, "a")] == [(state, later(seconds=1))]
    assert claim(session, later(days=1)) == []
    assert outbox.depth(session) == 0


@pytest.mark.parametrize("state", ["retry", "unknown"])
def test_an_open_row_comes_back_with_its_state_when_the_lane_has_rested(session: Session, state: str) -> None:
    put(session, letter("a"))
    settle(session, claim(session)[0], state, rest=7)
    assert [(row.state, row.settled_at) for row in rows_of(session, "a")] == [(state, None)]
    assert outbox.depth(session) == 1
    assert claim(session, later(seconds=6)) == []
    (row,) = claim(session, later(seconds=7))
    assert (row.state, row.claim) == (state, 2)


def test_settling_keeps_what_became_of_it(session: Session) -> None:
    put(session, letter("a"))
    settle(session, claim(session)[0], facts={"channel": "C1", "ts": "17.5", "detail": None})
    (row,) = rows_of(session, "a")
    assert (row.channel, row.ts, row.detail) == ("C1", "17.5", None)


def test_letters_that_the_end_of_a_row_calls_for_are_written_with_it(session: Session) -> None:
    put(session, letter("a"))
    (row,) = claim(session)
    assert settle(session, row, "dead", also=[letter("notice", lane="UADA")])
    assert keys(claim(session)) == ["notice"]


def test_a_lost_claim_calls_for_nothing(session: Session) -> None:
    put(session, letter("a"))
    (stale,) = claim(session)
    claim(session, MONDAY + LEASE)
    assert not settle(session, stale, "dead", also=[letter("notice", lane="UADA")])
    assert rows_of(session, "notice") == []


def test_a_lane_stays_wanted_while_a_later_letter_waits(session: Session) -> None:
    put(session, letter("a"), letter("b", after=60))
    assert drain(session) == ["a"]
    assert claims.next_due(session) == later(seconds=60)
    assert drain(session, later(seconds=60)) == ["b"]


# Dead, and alive again


def test_the_dead_rows_of_a_lane_are_sent_again_and_looked_for_first(session: Session) -> None:
    put(session, letter("a"), letter("b"), letter("c", lane="UALICE"))
    for _ in range(2):
        for row in claim(session):
            settle(session, row, "dead")
    assert sorted(keys(outbox.dead(session, TEAM, "triage"))) == ["a", "b"]
    assert claim(session) == []
    assert claims.next_due(session) is None  # the lane sleeps
    assert outbox.revive(session, TEAM, "triage", later(hours=1)) == 2
    assert outbox.dead(session, TEAM, "triage") == []
    assert [row.settled_at for row in rows_of(session, "a")] == [None]
    assert claim(session, later(minutes=59)) == []
    (row,) = claim(session, later(hours=1))
    assert row.state == "unknown"
    assert len(outbox.dead(session, TEAM, "UALICE")) == 1


def test_reviving_a_lane_without_dead_rows_wants_nothing(session: Session) -> None:
    put(session, letter("a"))
    drain(session)
    claim(session)
    assert outbox.revive(session, TEAM, "triage", MONDAY) == 0
    assert claims.next_due(session) is None


def test_where_a_message_stands_is_remembered_moved_and_forgotten(session: Session) -> None:
    assert places.of(session, TEAM, "card:F-1") is None
    for ts in ("1.0", "2.0"):
        places.remember(session, [make.place("card:F-1", "C1", ts)])
        place = places.of(session, TEAM, "card:F-1")
        assert place is not None
        assert (place.channel, place.ts) == ("C1", ts)
    places.forget_all(session, TEAM, "card:F-1")
    assert places.of(session, TEAM, "card:F-1") is None


def test_forgetting_takes_every_key_that_begins_so_and_no_other(session: Session) -> None:
    for key in ("notice:triage:a", "notice:triage:b", "notice:review:a", "notice_triage:a"):
        places.remember(session, [make.place(key, "C1", "1.0")])
    places.forget_all(session, TEAM, "notice:triage:")
    left = [key for key in ("notice:triage:a", "notice:triage:b", "notice:review:a") if places.of(session, TEAM, key)]
    assert left == ["notice:review:a"]
    places.forget_all(session, TEAM, "notice_")
    assert places.of(session, TEAM, "notice:review:a") is not None  # an underscore is no wild card


# Workspaces


def test_the_lanes_of_another_workspace_run_by_themselves(session: Session) -> None:
    put(session, letter("card:F-1"))
    put(session, letter("card:F-1"), team_id=OTHER)
    ours = next(row for row in claim(session) if row.team_id == TEAM)
    settle(session, ours, "retry", rest=600)
    theirs = rows_of(session, "card:F-1", OTHER)[0]
    assert theirs.state == "sending"
    settle(session, theirs, "sent")
    put(session, letter("card:F-2"), team_id=OTHER)
    assert [(row.team_id, row.key) for row in claim(session)] == [(OTHER, "card:F-2")]


def test_a_large_workspace_does_not_keep_a_small_one_waiting(session: Session) -> None:
    put(session, *(letter(f"card:F-{n}") for n in range(50)))
    put(session, letter("card:F-1"), team_id=OTHER, now=later(seconds=1))
    assert {row.team_id for row in claim(session, later(seconds=1))} == {TEAM, OTHER}
