"""What may not disturb anybody waits in its lane, what is urgent goes first, and stopped workspaces get nothing."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from storage import claims, outbox
from storage.outbox import EPOCH, Lane, Letter, OutboxRow
from tests import make
from tests.make import MONDAY, TEAM, later

LEASE = timedelta(seconds=60)
MORNING = later(hours=8)


def letter(key: str, priority: int = 2, lane: str = "UALICE", after: float = 0) -> Letter:
    return Letter(lane, "news", key, key, priority, timedelta(seconds=after))


def put(session: Session, *letters: Letter, now: datetime = MONDAY, team_id: str = TEAM) -> None:
    outbox.put(session, team_id, letters, now)


def asleep(_team_id: str, lane: str) -> datetime | None:
    """Let everybody sleep until the morning; channels never do."""
    return MORNING if lane.isupper() else None


def claim(session: Session, now: datetime = MONDAY, stopped: Collection[str] = ()) -> list[OutboxRow]:
    served = make.manners(asleep=asleep) if now < MORNING else None
    return make.claim(session, now, stopped=stopped, served=served)


def drain(session: Session, now: datetime = MONDAY) -> list[str]:
    """Claim and settle until nothing is due; return the keys in order."""
    order = []
    while rows := claim(session, now):
        order += [row.key for row in rows]
        for row in rows:
            assert make.settle(session, row, now=now)
    return order


def row_of(session: Session, key: str) -> OutboxRow:
    query = select(OutboxRow).where(OutboxRow.key == key).execution_options(populate_existing=True)
    return session.scalars(query).one()


def test_at_night_only_what_is_urgent_goes_and_the_rest_in_the_morning(session: Session) -> None:
    put(session, letter("receipt", 1), letter("news", 2), letter("notice", 3), letter("answer", 0))
    assert drain(session) == ["answer"]
    assert claims.next_due(session) == MORNING
    assert {row_of(session, key).due_at for key in ("receipt", "news", "notice")} == {MORNING}
    assert drain(session, MORNING - timedelta(seconds=1)) == []
    assert drain(session, MORNING) == ["receipt", "news", "notice"]


def test_channels_are_never_quiet(session: Session) -> None:
    put(session, letter("card", 1, "triage"), letter("digest", 1, "review"))
    assert sorted(drain(session)) == ["card", "digest"]


def test_what_comes_at_night_into_what_waits_wakes_nobody(session: Session) -> None:
    put(session, letter("news", after=60))
    assert drain(session, later(minutes=1)) == []
    put(session, letter("news", after=60), now=later(hours=2))
    assert drain(session, later(hours=3)) == []
    assert (row_of(session, "news").due_at, claims.next_due(session)) == (MORNING, MORNING)


def test_what_is_due_after_the_morning_stays_as_it_is(session: Session) -> None:
    put(session, letter("news", 2), letter("later", 2, after=10 * 3600))
    drain(session)
    assert row_of(session, "later").due_at == later(hours=10)


def test_a_quiet_lane_sleeps_until_the_morning_instead_of_being_asked_all_night(session: Session) -> None:
    put(session, letter("news"))
    drain(session)
    assert session.scalar(select(Lane.wanted_at).where(Lane.name == "UALICE")) == MORNING


def test_what_becomes_urgent_at_night_goes_at_night(session: Session) -> None:
    put(session, letter("receipt", 1))
    assert drain(session) == []
    put(session, letter("receipt", 0), now=later(hours=1))
    assert drain(session, later(hours=1)) == ["receipt"]


@pytest.mark.parametrize(("priority", "sent"), [(0, ["news"]), (1, []), (2, [])])
def test_what_slack_refused_for_the_moment_is_not_tried_again_at_night_unless_urgent(
    session: Session, priority: int, sent: list[str]
) -> None:
    put(session, letter("news", priority), now=later(days=-1))
    (row,) = make.claim(session, later(days=-1))
    make.settle(session, row, "retry", later(days=-1), rest=86400)
    assert drain(session) == sent
    assert drain(session, MORNING) == ([] if sent else ["news"])


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_what_may_have_been_shown_is_settled_at_night_too(session: Session, state: str) -> None:
    put(session, letter("news"), letter("more"))
    session.execute(update(OutboxRow).where(OutboxRow.key == "news").values(state=state, channel="D1"))
    (row,) = claim(session)
    assert (row.key, row.state) == ("news", state)


def test_each_lane_sleeps_for_itself(session: Session) -> None:
    def hush(_team_id: str, lane: str) -> datetime | None:
        return {"UALICE": MORNING, "UMEILING": later(hours=1)}.get(lane)

    put(session, *(letter(lane, lane=lane) for lane in ("UALICE", "UMEILING", "UBOB")))
    claimed = make.claim(session, served=make.manners(asleep=hush))
    assert [row.key for row in claimed] == ["UBOB"]
    assert (row_of(session, "UALICE").due_at, row_of(session, "UMEILING").due_at) == (MORNING, later(hours=1))


def test_released_letters_leave_earlier_but_not_at_night(session: Session) -> None:
    put(session, letter("news", after=3600))
    outbox.release(session, TEAM, ["news"], MONDAY)
    assert drain(session) == []
    assert drain(session, MORNING) == ["news"]


def test_a_letter_that_moves_to_another_person_is_theirs(session: Session) -> None:
    put(session, letter("receipt", 1))
    put(session, letter("receipt", 0, "UMARA"))
    (row,) = claim(session)
    assert (row.key, row.lane) == ("receipt", "UMARA")
    assert make.settle(session, row)
    assert drain(session, MORNING) == []


# Stopped workspaces


def test_stopped_workspaces_get_nothing_and_are_not_waited_for(session: Session) -> None:
    put(session, letter("theirs", 0, "triage"), team_id="T0GONE")
    assert claims.next_due(session, ["T0GONE"]) is None
    put(session, letter("ours", 0, "triage"))
    assert [row.key for row in claim(session, stopped=["T0GONE"])] == ["ours"]
    assert claim(session, later(hours=1), stopped=["T0GONE"])[0].key == "ours"  # its lease is over
    assert claims.next_due(session, ["T0GONE"]) != MONDAY


def test_once_installed_again_a_workspace_gets_what_waited(session: Session) -> None:
    put(session, letter("theirs", 0, "triage"), team_id="T0GONE")
    assert claim(session, stopped=["T0GONE"]) == []
    assert [row.key for row in claim(session)] == ["theirs"]


# After an outage

LANES, EACH, URGENT_ONES = 250, 12, 40


def pile_up(session: Session) -> None:
    """Leave thousands of rows in hundreds of lanes: a few answer what somebody just did, in the lanes wanted last."""
    rows, lanes = [], []
    for number in range(LANES):
        lane, urgent = f"U{number:03}", number >= LANES - URGENT_ONES
        for each in range(EACH):
            priority = 0 if urgent and each == EACH - 1 else 1 + each % 3
            facts = {"kind": "news", "about": "F-1", "key": f"{lane}:{each}", "priority": priority, "claim": 0}
            times = {"created_at": MONDAY, "due_at": MONDAY + timedelta(seconds=number)}
            row = {"team_id": TEAM, "id": f"{lane}:{each}", "lane": lane, "state": "waiting"}
            rows.append({**row, **facts, **times})
        wanted = MONDAY + timedelta(seconds=number)
        priority = 0 if urgent else 1
        lanes.append({"team_id": TEAM, "name": lane, "free_at": EPOCH, "wanted_at": wanted, "priority": priority})
    session.execute(insert(OutboxRow), rows)
    session.execute(insert(Lane), lanes)


def first_claimed(session: Session, count: int, now: datetime) -> list[int]:
    """Claim and send so many rows; return their priorities in order."""
    found: list[int] = []
    while len(found) < count:
        rows = make.claim(session, now)
        found += [row.priority for row in rows]
        for row in rows:
            assert make.settle(session, row, now=now)
    return found


def test_what_is_urgent_goes_first_however_long_everything_else_has_waited(session: Session) -> None:
    pile_up(session)
    order = first_claimed(session, URGENT_ONES + 2 * 16, later(hours=1))
    assert order[: URGENT_ONES + 16] == [0] * URGENT_ONES + [1] * 16


def test_lanes_drained_by_age_alone_would_be_noticed(session: Session) -> None:
    pile_up(session)
    session.execute(update(Lane).values(priority=1))
    assert 0 not in first_claimed(session, URGENT_ONES, later(hours=1))


def test_lanes_that_drain_go_from_the_important_to_what_can_wait(session: Session) -> None:
    for lane in ("UALICE", "UBOB", "UDORA"):
        put(session, *(letter(f"{lane}:{n}", n % 4, lane) for n in range(8)))
    order = first_claimed(session, 24, MONDAY)
    assert order == sorted(order)


def test_much_said_of_one_thing_while_nothing_left_is_one_message(session: Session) -> None:
    for minute in range(60):
        put(session, letter("receipt", 1), letter(f"other:{minute % 7}", 2), now=later(seconds=minute))
    assert drain(session, MORNING)[0] == "receipt"
    assert len(session.scalars(select(OutboxRow)).all()) == 8
