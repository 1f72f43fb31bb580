"""kill -9 at random points of a story: nothing acknowledged is lost, nothing is said twice."""

import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.demo import Transport
from practice.workspace import Workspace
from storage import outbox
from storage import policy as policy_store
from storage.db import Database
from storage.feedback import Feedback
from storage.news import NewsItem
from storage.outbox import OutboxRow
from storage.requirements import Move, Requirement
from storage.schedules import Period
from storage.votes import Ballot, Round
from tests.bot import ROOT, Process
from tests.torture.team import PATIENCE_S, Team

KILLS = int(os.environ.get("KILLS", "10"))
RUNS: list[tuple[str, Transport]] = [("sqlite", "http")]
"""On which database over which transport; under more kills each over each. The rig's short run has the others."""
if KILLS > 10:
    RUNS += [("postgresql", "socket"), ("sqlite", "socket"), ("postgresql", "http")]
WEEKS = 2
"""How many weeks with a meeting are lived through: messages sent a month ago are forgotten, and we look at them all."""

ACCEPTED = 2
"""The number of the move that accepts a requirement; the first puts it into review."""

SEED = int(os.environ.get("SEED", "20261123"))


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
    """Kill and restart until told to stop; on a slow machine a bot lives longer, for it takes longer to come back."""
    took_s = 1.0
    while not stop.wait(pause := rng.uniform(0.05, 1.2) * max(took_s, 1.0)):
        bot.kill()
        kills.append(pause)
        began = time.monotonic()
        bot.start()
        took_s = time.monotonic() - began


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("database", "transport"), RUNS, indirect=["database"])
def test_kill_9_at_random_points_loses_nothing_and_says_nothing_twice(
    database: Database, transport: Transport, workspace: Workspace, tmp_path: Path
) -> None:
    team = Team(workspace)
    with database.begin() as session:
        policy_store.replace(session, workspace.team_id, team.rules(), "test", workspace.clock.now())
    url = database.url.render_as_string(hide_password=False)
    bot = Process(workspace, url, free_port(), tmp_path / "bot.log", transport)
    bot.start()
    try:
        kills = live_under_fire(team, bot)
        workspace.eventually(lambda: depth(database) == 0, within=PATIENCE_S, what="the outbox is empty")
        assert kills >= KILLS
        found = findings(database, workspace, team)
        assert not found, "\n".join(found)
    finally:
        bot.stop()


def live_under_fire(team: Team, bot: Process) -> int:
    """Live until KILLS kills; return how many there were."""
    stop, kills = threading.Event(), list[float]()
    thread = threading.Thread(target=killer, args=(bot, stop, kills, random.Random(SEED)))  # noqa: S311 - chance, not a secret
    thread.start()
    try:
        number = 0
        while len(kills) < KILLS or not number:
            team.live(number)
            if number < WEEKS:
                team.live_a_week(number)
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
        titles = {requirement.number: requirement.title for requirement in session.scalars(select(Requirement))}
        by_feedback = {item.number: item.requirement for item in feedback if item.requirement}
        ballots = Counter(ballot.requirement for ballot in session.scalars(select(Ballot)))
        news = session.scalars(select(NewsItem)).all()
        found = lost(team, [item.words for item in feedback])
        found += wrong_rounds(session.scalars(select(Round)).all(), titles, ballots, team)
        found += illegal_paths(session.scalars(select(Move)).all(), titles, team)
        periods = session.scalars(select(Period)).all()
    displayed = shown(workspace)
    found += said_twice(displayed) + not_said(rows, displayed) + wrong_periods(periods, rows, displayed)
    found += not_merged(news, titles, team, by_feedback)
    return found + [f"news {item.id} was never sent" for item in news if not _was_sent(item.outbox_id, rows)]


def lost(team: Team, stored: list[str]) -> list[str]:
    """Every acknowledged filing is there exactly once, and nothing else is."""
    counts = Counter(stored)
    missing = [f"lost: {words}" for words in team.filed if counts[words] == 0]
    return missing + [f"filed {count} times: {words}" for words, count in counts.items() if count > 1]


def wrong_rounds(rounds: Sequence[Round], titles: dict[int, str], ballots: Counter[int], team: Team) -> list[str]:
    """Every round closed once: approved by all, or undecided with as many votes as were acknowledged."""
    undecided = {words for pair in team.undecided for words in pair}
    found = []
    for vote in rounds:
        words = titles[vote.requirement]
        expected = ("undecided" if words in undecided else "approved", team.votes[words])
        if (vote.result, ballots[vote.requirement]) != expected:
            found.append(f"round of {words}: {vote.result} with {ballots[vote.requirement]} votes, not {expected}")
    return found


def illegal_paths(moves: Sequence[Move], titles: dict[int, str], team: Team) -> list[str]:
    """Every requirement went new, in review, accepted, and those the team shipped went on to shipped."""
    found = []
    for number, words in titles.items():
        went = [move.after for move in moves if move.requirement == number]
        path = ["in_review", "accepted", *(["shipped"] if words in team.shipped else [])]
        if went != path:
            found.append(f"{words} went {went}")
    return found


def wrong_periods(periods: Sequence[Period], rows: Sequence[OutboxRow], displayed: Counter[str]) -> list[str]:
    """Each digest was posted once, and nobody was reminded twice a day."""
    digests = Counter(row.about for row in rows if row.kind == "digest" and displayed[row.id])
    noted = {period.period for period in periods if period.schedule == "digest"}
    reminders = Counter((row.lane, row.about) for row in rows if row.kind == "reminder" and displayed[row.id])
    found = [f"digest of {day} stands {digests[day]} times" for day in noted | digests.keys() if digests[day] != 1]
    return found + [
        f"{who} was reminded {count} times on {day}" for (who, day), count in reminders.items() if count > 1
    ]


def not_merged(items: Sequence[NewsItem], titles: dict[int, str], team: Team, by_feedback: dict[int, int]) -> list[str]:
    """Both decisions of a meeting came in one message."""
    accepted = [item for item in items if item.kind == "move" and item.number == ACCEPTED]
    message = {titles[by_feedback[item.feedback]]: item.outbox_id for item in accepted}
    return [f"told apart: {pair}" for pair in team.undecided if message[pair[0]] != message[pair[1]]]


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


def test_the_checker_sees_a_digest_twice_and_a_second_reminder() -> None:
    def row(row_id: str, kind: str, about: str) -> OutboxRow:
        return OutboxRow(id=row_id, kind=kind, about=about, lane="U0BOB")

    rows = [row("1", "digest", "2026-11-23"), row("2", "digest", "2026-11-23")]
    rows += [row("3", "reminder", "2026-11-24"), row("4", "reminder", "2026-11-24")]
    found = wrong_periods([Period(schedule="digest", period="2026-11-30")], rows, Counter("1234"))
    assert sorted(found) == [
        "U0BOB was reminded 2 times on 2026-11-24",
        "digest of 2026-11-23 stands 2 times",
        "digest of 2026-11-30 stands 0 times",
    ]
