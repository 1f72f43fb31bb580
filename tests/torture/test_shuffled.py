"""The same deliveries, shuffled, each twice and several at once, to a bot that knows nothing yet: the same end."""

import json
import random
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from practice.ledger import Delivery
from practice.people import Person
from practice.workspace import Workspace
from storage import migrations
from storage import policy as policy_store
from storage.customers import Customer
from storage.db import Database
from storage.feedback import Feedback
from storage.requirements import Requirement
from storage.votes import Ballot
from tests.bot import ROOT, in_thread
from tests.workspace import new_database

SEED, NEEDS, AT_ONCE = 20261123, 6, 3
State = dict[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def team() -> Any:
    """Two who file, three who vote; no vote closes, for what comes after would rightly be refused."""
    with Workspace(ROOT / "manifest.json") as workspace:
        workspace.limits.enabled, workspace.limits.answer_s = False, 10.0
        yield workspace, [workspace.person(name) for name in ("Alice", "Nora", "Bob", "Dora", "Emil")]


def prepared(workspace: Workspace, people: list[Person], url: str) -> Database:
    """Return a new database with rules in it."""
    database = Database(url)
    migrations.upgrade(database)
    channel = next((one for one in workspace.state.conversations if one == "C0TRIAGE"), None)
    if channel is None:
        workspace.invite_bot(workspace.channel("triage", members=people))
    rules: dict[str, dict[str, object]] = {
        "channels": {"triage": "C0TRIAGE"},
        "people": {"reviewers": [one.id for one in people]},
        "vote": {"quorum": 5},
        "delivery": {"pace_per_s": 100.0, "merge_s": 0.0, "settle_s": 0.5, "lease_s": 5.0},
    }
    with database.begin() as session:
        policy_store.replace(session, workspace.team_id, rules, "test", workspace.clock.now())
    return database


def live(workspace: Workspace, people: list[Person], kind: str, rng: random.Random) -> None:
    """File, vote, and think again."""
    for number in range(NEEDS):
        filer = people[number % 2]
        filer.sends(f"/feedback {kind}-{number} is what they said")
        filer.picks("Customer", f"Add “Customer {number}”")
        assert filer.submits().closed
        card = workspace.eventually(lambda number=number: workspace.find("C0TRIAGE", f"{kind}-{number} "))  # type: ignore[misc]
        for voter in people[2:]:
            for _ in range(rng.randint(1, 2)):
                assert voter.presses(rng.choice(("Approve", "Reject", "Abstain")), on=card).ok


def ended(database: Database, team_id: str) -> State:
    """Return what people decided, by the words that were filed and without any number."""
    with database.read() as session:
        customers = {row.id: row.name for row in session.scalars(select(Customer))}
        statuses = {row.number: row.status for row in session.scalars(select(Requirement))}
        ballots = session.scalars(select(Ballot)).all()
        items = session.scalars(select(Feedback).where(Feedback.team_id == team_id)).all()
    ends = [
        (
            item.words,
            item.filed_by,
            customers[item.customer_id],
            statuses[item.requirement or 0],
            *sorted((one.user_id, one.choice, one.action_us) for one in ballots if one.requirement == item.requirement),
        )
        for item in items
    ]
    assert len({end[0] for end in ends}) == len(ends)
    return {end[0].split()[0]: end for end in ends}


def numbers(database: Database) -> dict[str, int]:
    """Return which requirement came of which words."""
    with database.read() as session:
        return {row.words.split()[0]: row.requirement or 0 for row in session.scalars(select(Feedback))}


def redelivered(workspace: Workspace, tape: Iterable[Mapping[str, Any]], rng: random.Random) -> None:
    """Deliver payloads in any order, each twice, several at once."""
    shuffled = [payload for payload in tape for _ in range(2)]
    rng.shuffle(shuffled)

    def deliver(payload: Mapping[str, Any]) -> Delivery:
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **workspace.sign(body)}
        return workspace.deliver_raw(body, headers)

    def taken(payload: Mapping[str, Any]) -> bool:
        """Deliver until it is taken: a machine that is busy may let it wait too long."""
        for _ in range(20):
            delivery = deliver(payload)
            if delivery.ok and "errors" not in delivery.body:
                return True
        return False

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(taken, shuffled))


def renumbered(press: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """Return a press on the card of the same words, which has another number there."""
    action = press["actions"][0]
    return {**press, "actions": [{**action, "value": f"{number}:{action['value'].split(':')[1]}"}]}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_shuffled_and_repeated_deliveries_come_to_the_same_end(team: Any, kind: str, tmp_path: Path) -> None:
    workspace, people = team
    rng = random.Random(SEED)  # noqa: S311 - chance that can be repeated
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    begun = len(workspace.ledger)
    with new_database(kind, tmp_path / "a") as url:
        first = prepared(workspace, people, url)
        with in_thread(workspace, url):
            live(workspace, people, kind, rng)
        expected, words = ended(first, workspace.team_id), {number: mark for mark, number in numbers(first).items()}
        first.close()
    tape = [one for one in list(workspace.ledger)[begun:] if isinstance(one, Delivery)]
    filed = [one.payload for one in tape if one.kind == "view_submission"]
    pressed = [one.payload for one in tape if one.kind == "block_actions"]
    with new_database(kind, tmp_path / "b") as url:
        second = prepared(workspace, people, url)
        with in_thread(workspace, url):
            redelivered(workspace, filed, rng)
            there = numbers(second)
            presses = [renumbered(one, there[words[int(one["actions"][0]["value"].split(":")[0])]]) for one in pressed]
            redelivered(workspace, presses, rng)
        assert there != {mark: number for number, mark in words.items()}
        assert ended(second, workspace.team_id) == expected
        second.close()
    assert len(expected) == NEEDS
