"""Test data by plain functions: a workspace's rules, people, feedback, as a story needs them."""

import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.domain.refusals import Busy, Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.policy import DeliveryTable
from bot.services import feedback, requirements, votes
from storage import claims, policy
from storage import feedback as feedback_store
from storage import requirements as requirement_store
from storage import votes as vote_store
from storage.claims import Ending, Manner, Manners
from storage.feedback import Feedback
from storage.outbox import OutboxRow
from storage.places import Place
from storage.requirements import Requirement
from storage.votes import Round

TEAM = "T0TEST"
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

ALICE, MEILING = Actor(TEAM, "UALICE"), Actor(TEAM, "UMEILING", "zh_Hans")
BOB, DORA, EMIL = Actor(TEAM, "UBOB"), Actor(TEAM, "UDORA"), Actor(TEAM, "UEMIL")
MARA, ADA = Actor(TEAM, "UMARA"), Actor(TEAM, "UADA")

RULES = {
    "channels": {"triage": "C0TRIAGE"},
    "people": {"reviewers": ["UBOB", "UDORA", "UEMIL"], "managers": ["UMARA"], "admins": ["UADA"]},
    "vote": {"quorum": 2},
}


def rules(session: Session, team_id: str = TEAM, **tables: dict[str, object]) -> None:
    """Set the policy: RULES, changed table by table."""
    policy.replace(session, team_id, {**RULES, **tables}, "test", MONDAY)


def file(session: Session, words: str = "They need an export.", by: Actor = ALICE, **facts: object) -> Feedback:
    """File feedback and return it as stored."""
    draft = Draft(words=words, **{"customer_name": "Acme", **facts})  # type: ignore[arg-type]
    number = feedback.file(session, by, draft, MONDAY, key=f"view:{words}:{by.user_id}:{facts}")
    assert number is not None
    found = feedback_store.get(session, by.team_id, number)
    assert found is not None
    return found


def vote(session: Session, who: Actor, requirement: int, choice: Choice, at: float = 1.0) -> votes.Cast:
    """Cast a vote."""
    return votes.cast(session, who, requirement, choice, at, MONDAY)


def later(**by: float) -> datetime:
    """Return a moment after MONDAY."""
    return MONDAY + timedelta(**by)


_forms = count(1)


def form() -> str:
    """Return the key of a form nobody sent before."""
    return f"view:{next(_forms)}"


def move(session: Session, to: Status, requirement: int = 1, by: Actor = MARA, **facts: str) -> bool:
    """Move a requirement; what a move needs and the story does not care about is filled in."""
    needed = {
        Status.DECLINED: {"reason": "direction", "sentence": "It is not where we go."},
        Status.DEFERRED: {"reason": "capacity", "sentence": "Not this year."},
        Status.IN_REVIEW: {"sentence": "We look at it again."},
    }
    change = Change(to, **{**needed.get(to, {}), **facts})
    return requirements.change(session, by, requirement, change, MONDAY, key=form())


def requirement(session: Session, number: int = 1, team_id: str = TEAM) -> Requirement:
    """Return a requirement that is there."""
    found = requirement_store.get(session, team_id, number)
    assert found is not None
    return found


def newest_round(session: Session, requirement: int = 1, team_id: str = TEAM) -> Round:
    """Return the newest vote round of a requirement."""
    found = vote_store.latest(session, team_id, requirement)
    assert found is not None
    return found


def ask_too(session: Session, requirement: int = 1, by: Actor = MEILING) -> Feedback:
    """Let one more person ask for a requirement: their feedback is filed and bound to it."""
    asked = file(session, f"{by.user_id} needs it too.", by, kind=Kind.QUESTION)
    feedback_store.change(session, by.team_id, asked.number, requirement=requirement)
    session.refresh(asked)
    return asked


def delivered(session: Session) -> None:
    """Pretend that everything written to the outbox so far was sent."""
    session.execute(update(OutboxRow).values(state="sent"))


def manners(
    pace: DeliveryTable | None = None, asleep: Callable[[str, str], datetime | None] = lambda *_: None
) -> Manners:
    """Serve all lanes at one pace, leased for a minute; `asleep` tells until when a lane is not to be disturbed."""
    served = pace or DeliveryTable(lease_s=60)
    return lambda lanes: {lane: Manner(served, asleep(*lane)) for lane in lanes}


def claim(
    session: Session,
    now: datetime = MONDAY,
    limit: int = 16,
    busy: Collection[tuple[str, str]] = (),
    stopped: Collection[str] = (),
    served: Manners | None = None,
) -> list[OutboxRow]:
    """Claim what may leave; return the rows."""
    return [one.row for one in claims.claim(session, now, served or manners(), limit, busy, stopped)]


def settle(
    session: Session, row: OutboxRow, state: str = "sent", now: datetime = MONDAY, rest: float = 0, **more: Any
) -> bool:
    """End a claim, its lane resting for so many seconds; say whether it was still ours. Busy: another has the lane."""
    if not claims.take(session, [(row.team_id, row.lane)]):
        raise Busy("kept by another")
    return claims.settle(session, [Ending(row, state, now + timedelta(seconds=rest), **more)], now) == {row.id}


def place(key: str, channel: str, ts: str, team_id: str = TEAM) -> Place:
    """Say where the message of a key stands."""
    return Place(team_id=team_id, key=key, channel=channel, ts=ts)


def waiting(session: Session) -> dict[str, OutboxRow]:
    """Return the outbox rows that wait, by key."""
    query = select(OutboxRow).where(OutboxRow.state == "waiting").order_by(OutboxRow.key)
    return {row.key: row for row in session.scalars(query.execution_options(populate_existing=True))}


@contextmanager
def refusal(session: Session, key: str, field: str | None = None, **params: object) -> Iterator[None]:
    """Expect a refusal; what was written on the way is undone, as the edge does by rolling back."""
    with pytest.raises(Refused) as said, session.begin_nested():
        yield
    assert (said.value.key, said.value.field) == (key, field)
    assert params.items() <= said.value.params.items()


Answer = TypeVar("Answer")


def at_once(people: int, do: Callable[[int], Answer]) -> list[Answer | Refused | Busy]:
    """Call `do(0)`, `do(1)`, … in as many threads that start together; return the answers, refusals among them."""
    gate = threading.Barrier(people)

    def person(number: int) -> Answer | Refused | Busy:
        gate.wait(10)
        try:
            return do(number)
        except (Refused, Busy) as no:
            return no

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(person, range(people)))
