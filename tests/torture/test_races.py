"""Many people at one round at once: every tally is right, and every round closes once, however presses arrive."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Busy, Refused
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice, has_quorum, outcome
from bot.services import requirements, votes
from storage import requirements as requirement_store
from storage import votes as vote_store
from storage.db import Database, table
from storage.news import NewsItem
from storage.votes import Ballot, Round
from tests import make
from tests.make import MARA, MONDAY, TEAM
from tests.services.rounds import THURSDAY
from tests.torture.length import LONG, PATIENCE_S, SEED, timed

RACES = 2000 if LONG else 16
THREADS = 6
VOTERS = tuple(Actor(TEAM, f"UREVIEWER{n}") for n in range(5))
QUORUM = 3
DUE = THURSDAY + timedelta(days=1)

Cast = Callable[..., votes.Cast]


@dataclass(frozen=True)
class Press:
    """A vote as Slack brings it: in any order, sometimes twice. `at` is when it was pressed."""

    who: Actor
    choice: Choice
    at: float


@dataclass
class Race:
    """One round, what was done to it at once, and what everybody heard."""

    requirement: int
    acts: list[list[Any]]
    heard: list[tuple[Any, Any]] = field(default_factory=list)

    def casts(self) -> list[tuple[Press, votes.Cast]]:
        """Return the presses that were taken."""
        return [(act, said) for act, said in self.heard if isinstance(act, Press) and isinstance(said, votes.Cast)]


@pytest.fixture(autouse=True)
def _rules(database: Database) -> None:
    with database.begin() as session:
        reviewers = [who.user_id for who in VOTERS]
        people: dict[str, object] = {"reviewers": reviewers, "managers": ["UMARA"], "admins": ["UADA"]}
        make.rules(session, people=people, vote={"quorum": QUORUM})


def drawn(session: Session, number: int, chance: random.Random) -> Race:
    """Open a round, and draw who does what to it, in which of the threads, in which order."""
    requirement = make.file(session, f"Race {number}.").requirement
    assert requirement
    presses = [
        Press(who, chance.choice(list(Choice)), float(at))
        for who in VOTERS[: chance.randint(2, 5)]
        for at in chance.sample(range(1, 9), chance.randint(1, 3))
    ]
    acts: list[Any] = [*presses, *chance.sample(presses, len(presses) // 3)]
    acts += chance.choice([[], [], ["decide"], ["deadline"], ["decide", "deadline"], ["deadline", "deadline"]])
    chance.shuffle(acts)
    return Race(requirement, [acts[thread::THREADS] for thread in range(THREADS)])


def run(database: Database, race: Race, pool: ThreadPoolExecutor, cast: Cast) -> None:
    """Do all of it at once."""

    def thread(acts: Sequence[Any]) -> list[tuple[Any, Any]]:
        return [(act, patiently(database, race.requirement, act, cast)) for act in acts]

    for heard in pool.map(thread, race.acts):
        race.heard += heard


def patiently(database: Database, requirement: int, act: Any, cast: Cast) -> Any:
    """Do as people do who are told that the database is busy: try again."""
    for _ in range(50):
        try:
            return once(database, requirement, act, cast)
        except Busy:
            continue
        except Refused as no:
            return no.key
    raise AssertionError(f"{act} was never taken")


def once(database: Database, requirement: int, act: Any, cast: Cast) -> Any:
    if isinstance(act, Press):
        return cast(database, act.who, requirement, act.choice, act.at)
    with database.begin() as session:
        if act == "deadline":
            return votes.close_expired(session, TEAM, requirement, DUE)
        wished = Change(Status.ACCEPTED)
        return requirements.change(session, MARA, requirement, wished, MONDAY, key=make.form())


def properly(database: Database, who: Actor, requirement: int, choice: Choice, at: float) -> votes.Cast:
    with database.begin() as session:
        return votes.cast(session, who, requirement, choice, at, MONDAY)


def findings(session: Session, race: Race) -> list[str]:
    """Hold what everybody heard against what is stored."""
    vote = make.newest_round(session, race.requirement)
    stored = {ballot.user_id: ballot.choice for ballot in vote_store.ballots(session, vote)}
    return [
        f"R-{race.requirement}: {what}"
        for what in (*wrong_tally(race, stored), *wrong_end(session, race, vote, stored))
    ]


def wrong_tally(race: Race, stored: dict[str, str]) -> list[str]:
    """Each voter's choice is that of their latest press that was taken."""
    taken: dict[str, Press] = {}
    for press, _ in race.casts():
        if press.who.user_id not in taken or press.at > taken[press.who.user_id].at:
            taken[press.who.user_id] = press
    expected = {user_id: press.choice.value for user_id, press in taken.items()}
    return [] if stored == expected else [f"{stored} is stored where {expected} was taken"]


def wrong_end(session: Session, race: Race, vote: Round, stored: dict[str, str]) -> list[str]:
    """A round closes once, and comes to what whoever closed it was told. Its requester hears of it once."""
    decided, closed = race.heard.count(("decide", True)), race.heard.count(("deadline", True))
    ends = [said.result.value for _, said in race.casts() if said.result] + ["undecided"] * closed
    ends += ["decided"] * decided if vote.result == "decided" else []  # else the meeting decided on what had ended
    came_to = outcome(map(Choice, stored.values())).value
    found = []
    if ends != ([vote.result] if vote.result else []):
        found.append(f"closed {ends}, and {vote.result} is stored")
    if vote.result in {"approved", "rejected"} and vote.result != came_to:
        found.append(f"{stored} came to {vote.result}")
    if vote.result is None and len(stored) >= vote.quorum:
        found.append(f"open with {len(stored)} votes")
    path = ["in_review", *["accepted"] * ((vote.result == "approved") + decided)]
    moves = [move.after for move in requirement_store.moves(session, TEAM, race.requirement)]
    if moves != path:
        found.append(f"went {moves}")
    told = session.scalars(select(NewsItem.kind).where(NewsItem.feedback == race.requirement)).all()
    if sorted(told) != ["move"] * (len(path) - 1) + ["round"] * (vote.result in {"rejected", "undecided"}):
        found.append(f"told {told} of {vote.result}")
    return found


def raced(database: Database, races: int, cast: Cast = properly, seed: int = SEED) -> tuple[Counter[str], list[str]]:
    """Run so many races; return what was done, and what was wrong."""
    chance, counts, found = random.Random(seed), Counter[str](), list[str]()  # noqa: S311 - chance, not a secret
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(races):
            with database.begin() as session:
                race = drawn(session, number, chance)
            run(database, race, pool, cast)
            with database.read() as session:
                found += findings(session, race)
                end = make.newest_round(session, race.requirement).result or "open"
            counts.update(acts=len(race.heard), taken=len(race.casts()))
            counts[end] += 1
    return counts, found


@pytest.mark.timeout(PATIENCE_S)
def test_in_every_race_the_tally_is_right_and_the_round_closes_once(database: Database) -> None:
    with timed("vote races", database.engine.dialect.name) as counts:
        done, counts["findings"] = raced(database, RACES)
        counts |= {"races": RACES, **done}
    ends = {"approved", "rejected", "undecided", "decided", "open"}
    assert len(ends & done.keys()) > (4 if LONG else 2)


# -- what would be noticed


def by_arrival(database: Database, who: Actor, requirement: int, choice: Choice, at: float) -> votes.Cast:
    """Let the press that arrives last stand."""
    with database.begin() as session:
        said = votes.cast(session, who, requirement, choice, at, MONDAY)
        mine = (Ballot.requirement == requirement, Ballot.user_id == who.user_id)
        session.execute(update(table(Ballot)).where(*mine).values(choice=choice.value))
        return said


def looking_first(database: Database, who: Actor, requirement: int, choice: Choice, at: float) -> votes.Cast:
    """Look whether it is open, vote, count, and close, each by itself and without a lock."""
    with database.begin() as session:
        vote = make.newest_round(session, requirement)
        if vote.closed_at:
            raise Refused("refused.vote_closed")
        vote_store.cast(session, vote, who.user_id, choice, at)
    time.sleep(0.005)
    with database.begin() as session:
        ballots = vote_store.ballots(session, vote)
        result = outcome(Choice(ballot.choice) for ballot in ballots) if has_quorum(len(ballots), vote.quorum) else None
    time.sleep(0.005)
    if result:
        with database.begin() as session:
            session.execute(
                update(table(Round))
                .where(Round.requirement == requirement)
                .values(closed_at=MONDAY, result=result.value)
            )
    return votes.Cast(choice, result)


@pytest.mark.parametrize(("careless", "said"), [(by_arrival, "is stored where"), (looking_first, "closed [")])
def test_a_careless_vote_is_noticed(database: Database, careless: Cast, said: str) -> None:
    _, found = raced(database, 6, careless)
    assert any(said in what for what in found)
