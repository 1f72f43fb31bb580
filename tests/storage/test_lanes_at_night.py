"""At night only what may have been shown is settled; what never got as far as Slack waits like everything else."""

from datetime import datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage import claims, outbox
from storage.outbox import Letter, OutboxRow
from tests import make
from tests.make import MONDAY, TEAM, later

MORNING = later(hours=8)


def asleep(_team_id: str, _lane: str) -> datetime | None:
    return MORNING


def left(session: Session, state: str, channel: str | None, priority: int) -> None:
    """Leave a message to Alice as a process left it that died, or got no answer."""
    outbox.put(session, TEAM, [Letter("UALICE", "news", "F-1", "news:UALICE", priority)], MONDAY)
    session.execute(update(OutboxRow).values(state=state, channel=channel))


@pytest.mark.parametrize("state", ["sending", "unknown"])
@pytest.mark.parametrize(
    ("channel", "priority", "claimed"), [(None, 2, False), (None, 0, True), ("D1", 2, True), ("D1", 0, True)]
)
def test_what_never_had_a_place_was_not_shown_and_waits_for_the_morning(
    session: Session, state: str, channel: str | None, priority: int, *, claimed: bool
) -> None:
    left(session, state, channel, priority)
    assert bool(make.claim(session, served=make.manners(asleep=asleep))) == claimed
    if not claimed:
        assert claims.next_due(session) == MORNING
        (row,) = make.claim(session, MORNING)
        assert (row.key, row.state) == ("news:UALICE", state)


def test_what_an_admin_sends_again_at_night_wakes_nobody(session: Session) -> None:
    left(session, "dead", None, 2)
    assert outbox.revive(session, TEAM, "UALICE", MONDAY) == 1
    assert make.claim(session, served=make.manners(asleep=asleep)) == []
    assert session.scalar(select(OutboxRow.due_at)) == MORNING


def test_lanes_are_taken_channels_first_and_only_those_there_are(session: Session) -> None:
    letters = [Letter(lane, "card", "F-1", lane, 1) for lane in ("UBOB", "triage", "UALICE")]
    outbox.put(session, TEAM, letters, MONDAY)
    wanted = ["UBOB", "UALICE", "UNOBODY", "triage", "UBOB"]
    assert outbox.take_lanes(session, TEAM, wanted) == ["triage", "UALICE", "UBOB"]
