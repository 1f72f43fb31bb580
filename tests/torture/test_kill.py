"""kill -9 at random points of a story: nothing acknowledged is lost, nothing is said twice."""

import os
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from practice.handles import Answer, Message
from practice.people import Person
from practice.workspace import Workspace
from storage import outbox
from storage import policy as policy_store
from storage.db import Database
from storage.feedback import Feedback
from storage.news import NewsItem
from storage.outbox import OutboxRow
from storage.requirements import Move, Requirement
from storage.votes import Ballot, Round
from tests.bot import ROOT, Process

KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("SEED", "20261123"))
PATIENCE_S = 30.0


class Team:
    """People who repeat what was not acknowledged, as people do, and remember what was."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.csms = [workspace.person("Alice"), workspace.person("美玲", locale="zh-CN", user_id="U0MEILING")]
        self.reviewers = [workspace.person(name) for name in ("Bob", "Dora", "Emil")]
        self.mara, self.ada = workspace.person("Mara"), workspace.person("Ada", is_admin=True)
        everyone = [*self.csms, *self.reviewers, self.mara, self.ada]
        self.triage = workspace.channel("triage", members=everyone)
        workspace.invite_bot(self.triage)
        self.filed: list[str] = []
        self.votes: Counter[str] = Counter()
        self.shipped: list[str] = []

    def rules(self) -> dict[str, dict[str, object]]:
        return {
            "channels": {"triage": self.triage.id},
            "people": {
                "reviewers": [reviewer.id for reviewer in self.reviewers],
                "managers": [self.mara.id],
                "admins": [self.ada.id],
            },
            "vote": {"quorum": 3},
            "delivery": {"pace_per_s": 50.0, "merge_s": 0.2, "settle_s": 0.5, "lease_s": 1.0},
        }

    def live(self, number: int) -> None:
        """File one need, vote on it, ship it."""
        words = f"Need number {number} of the story"
        self._file(self.csms[number % 2], words)
        card = self._card(words)
        for reviewer in self.reviewers:
            self._insist(lambda reviewer=reviewer: reviewer.presses("Approve", on=card))  # type: ignore[misc]
            self.votes[words] += 1
        self._see(lambda: "Accepted" in card.text, f"{words} accepted")
        self._ship(card)
        self.shipped.append(words)

    def _file(self, csm: Person, words: str) -> None:
        self._open(csm, lambda: csm.sends(f"/feedback {words}"))
        customer = "客户" if csm is self.csms[1] else "Customer"
        offers = "新增客户「Acme」" if csm is self.csms[1] else "Add “Acme”"
        self._persist(
            lambda: csm.picks(customer, offers if "Acme" not in csm.options_for(customer, "Acme") else "Acme")
        )
        self._insist(csm.submits)
        self.filed.append(words)

    def _ship(self, card: Message) -> None:
        self._open(self.mara, lambda: self.mara.chooses("Change status", on=card))
        self.workspace.eventually(self._choose_shipped, within=PATIENCE_S, what="the form for shipped")
        self._insist(self.mara.submits)

    def _choose_shipped(self) -> bool:
        """Choose until the app has redrawn the form for that status."""
        if not self._redrawn():
            self.mara.picks("New status", "In progress")
            self.mara.picks("New status", "Shipped")
        return self._redrawn()

    def _redrawn(self) -> bool:
        modal = self.mara.modal
        return modal is not None and any(block["block_id"] == "sentence:shipped" for block in modal.blocks)

    def _see(self, condition: Callable[[], object], what: str) -> None:
        self.workspace.eventually(condition, within=PATIENCE_S, what=what)

    def _card(self, words: str) -> Message:
        def standing() -> Message | None:
            return next((message for message in self.ada.sees(self.triage) if words in message.text), None)

        return self.workspace.eventually(standing, within=PATIENCE_S, what=f"the card of {words}")  # type: ignore[return-value]

    def _open(self, who: Person, gesture: Callable[[], Answer]) -> None:
        """Repeat a gesture until its modal is open."""

        def opened() -> bool:
            gesture()
            return who.modal is not None

        self.workspace.eventually(opened, within=PATIENCE_S, what=f"a modal for {who.name}")

    def _insist(self, gesture: Callable[[], Answer]) -> None:
        """Repeat a gesture until it is acknowledged without a refusal."""
        self.workspace.eventually(lambda: gesture().ok, within=PATIENCE_S, what="an acknowledgement")

    def _persist(self, gesture: Callable[[], object]) -> None:
        """Repeat a gesture until it goes through at all (a select asks the app for its options)."""

        def done() -> bool:
            gesture()
            return True

        self.workspace.eventually(done, within=PATIENCE_S, what="a choice")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace(ROOT / "manifest.json") as workspace:
        workspace.limits.enabled = False
        yield workspace


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def killer(bot: Process, stop: threading.Event, kills: list[float], rng: random.Random) -> None:
    """Kill and restart until told to stop."""
    while not stop.wait(pause := rng.uniform(0.05, 1.2)):
        bot.kill()
        kills.append(pause)
        bot.start()


@pytest.mark.timeout(600)
def test_kill_9_at_random_points_loses_nothing_and_says_nothing_twice(
    database: Database, workspace: Workspace, tmp_path: Path
) -> None:
    team = Team(workspace)
    with database.begin() as session:
        policy_store.replace(session, workspace.team_id, team.rules(), "test", workspace.clock.now())
    bot = Process(workspace, database.url.render_as_string(hide_password=False), free_port(), tmp_path / "bot.log")
    bot.start()
    try:
        kills = live_under_fire(team, bot)
        workspace.eventually(lambda: depth(database) == 0, within=PATIENCE_S, what="the outbox is empty")
        assert kills >= KILLS
        assert findings(database, workspace, team) == []
    finally:
        bot.stop()


def live_under_fire(team: Team, bot: Process) -> int:
    """Live until KILLS kills; return how many there were."""
    stop, kills = threading.Event(), list[float]()
    thread = threading.Thread(target=killer, args=(bot, stop, kills, random.Random(SEED)))  # noqa: S311 - chance, not a secret
    thread.start()
    try:
        number = 0
        while len(kills) < KILLS:
            team.live(number)
            number += 1
    finally:
        stop.set()
        thread.join()
    return len(kills)


def depth(database: Database) -> int:
    with database.read() as session:
        return outbox.depth(session)


def findings(database: Database, workspace: Workspace, team: Team) -> list[str]:
    """Hold what people saw acknowledged against the database, and the database against what was displayed."""
    with database.read() as session:
        feedback = session.scalars(select(Feedback)).all()
        rows = session.scalars(select(OutboxRow)).all()
        found = lost(team, [item.words for item in feedback])
        found += wrong_rounds(session.scalars(select(Round)).all(), session.scalars(select(Ballot)).all(), team)
        found += illegal_paths(session.scalars(select(Requirement)).all(), session.scalars(select(Move)).all())
        news = session.scalars(select(NewsItem)).all()
    displayed = shown(workspace)
    found += said_twice(displayed) + not_said(rows, displayed)
    found += [f"news {item.id} was never sent" for item in news if not _was_sent(item.outbox_id, rows)]
    return found


def lost(team: Team, stored: list[str]) -> list[str]:
    """Every acknowledged filing is there exactly once, and nothing else is."""
    counts = Counter(stored)
    missing = [f"lost: {words}" for words in team.filed if counts[words] == 0]
    return missing + [f"filed {count} times: {words}" for words, count in counts.items() if count > 1]


def wrong_rounds(rounds: object, ballots: object, team: Team) -> list[str]:
    """Every round closed once with three approvals."""
    voted = Counter(ballot.requirement for ballot in ballots)  # type: ignore[attr-defined]
    wrong = [f"round of R-{vote.requirement}: {vote.result}" for vote in rounds if vote.result != "approved"]  # type: ignore[attr-defined]
    return wrong + [
        f"R-{number} has {count} ballots" for number, count in voted.items() if count != len(team.reviewers)
    ]


def illegal_paths(requirements: object, moves: object) -> list[str]:
    """Every requirement went new, in review, accepted, shipped."""
    path = ["in_review", "accepted", "shipped"]
    found = []
    for requirement in requirements:  # type: ignore[attr-defined]
        went = [move.after for move in moves if move.requirement == requirement.number]  # type: ignore[attr-defined]
        if went != path:
            found.append(f"R-{requirement.number} went {went}")
    return found


def shown(workspace: Workspace) -> Counter[str]:
    """Count the messages displayed by the outbox id they carry."""
    with workspace.state.lock:
        messages = [row for place in workspace.state.conversations.values() for row in place.messages.values()]
    return Counter(row.metadata["event_payload"]["id"] for row in messages if row.metadata)


def said_twice(displayed: Counter[str]) -> list[str]:
    return [f"said {count} times: {row_id}" for row_id, count in displayed.items() if count > 1]


def not_said(rows: object, displayed: Counter[str]) -> list[str]:
    """Every row ended well, and each card and receipt stands once."""
    bad = [f"{row.kind} {row.about} ended {row.state}" for row in rows if row.state not in {"sent", "superseded"}]  # type: ignore[attr-defined]
    keys: dict[str, set[str]] = {}
    for row in rows:  # type: ignore[attr-defined]
        if row.kind in {"card", "receipt"}:
            keys.setdefault(row.key, set()).add(row.id)
    for key, ids in keys.items():
        count = sum(displayed[row_id] for row_id in ids)
        if count != 1:
            bad.append(f"{key} stands {count} times")
    return bad + [f"{row.kind} {row.id} never shown" for row in rows if row.kind == "news" and displayed[row.id] != 1]  # type: ignore[attr-defined]


def _was_sent(row_id: str, rows: object) -> bool:
    return any(row.id == row_id and row.state == "sent" for row in rows)  # type: ignore[attr-defined]


def test_the_checker_sees_what_is_lost_or_said_twice() -> None:
    class Told:
        filed = ("a", "b")

    assert lost(Told(), ["a", "a"]) == ["lost: b", "filed 2 times: a"]  # type: ignore[arg-type]
    assert said_twice(Counter({"x": 2, "y": 1})) == ["said 2 times: x"]
