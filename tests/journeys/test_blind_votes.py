"""A blind vote stays blind: how people vote changes nothing that anybody but they themselves gets to see.

The same afternoon is lived twice with opposite votes. Everything Needline sends, answers, logs and publishes until the
close must be the same both times, but for what it says to a voter about their own vote.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from bot.domain.people import Actor
from bot.services import votes
from practice.handles import Message
from practice.people import Person
from tests import workspace
from tests.workspace import Office

NUMBERS = re.compile(
    r"\d+\.\d+\.[0-9a-f]{10,}|[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|[0-9a-f]{32}|\d+[.:]\d[\d.:]*|\b\d{5,}(\.\d+)?"
)
"""Ids, moments and ports, which are never the same twice."""


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def lived(kind: str, folder: Path, choices: tuple[str, str], log: Callable[[], str], *, blind: bool = True) -> set[str]:
    """Live the afternoon with these votes; return all that was to be seen of it."""
    folder.mkdir()
    with workspace.new_database(kind, folder) as url, workspace.opened(url) as office:
        workspace.set_policy(office, vote={"quorum": 3, "blind": blind})
        log()
        card = workspace.card(office, workspace.file(office, office.alice, "They need a secret ballot."))
        workspace.quiet(office)
        vote(office, office.bob, choices[0], card, why="For reasons of my own.")
        vote(office, office.dora, choices[1], card)
        looked_at(office, card)
        workspace.quiet(office)
        return {plain(text) for text in (*sent(office), *answered(office), *published(office), *log().splitlines())}


def vote(office: Office, voter: Person, choice: str, card: Message, why: str = "") -> None:
    assert voter.presses(choice, on=card).ok
    workspace.quiet(office)
    with office.needline.database.begin() as session:
        if why:
            votes.say_why(session, Actor(office.ws.team_id, voter.id), 1, why, office.needline.now())
    workspace.quiet(office)


def looked_at(office: Office, card: Message) -> None:
    """Everybody who did not vote looks wherever there is something to see."""
    for person in (office.alice, office.emil, office.mara):
        person.chooses("Details", on=card)
        person.closes(everything=True)
        person.opens_home()
        for words in ("mine", "R-1", "vote", "find secret"):
            person.sends(f"/feedback {words}")
            if person.modal:
                person.closes(everything=True)


def sent(office: Office) -> Iterator[str]:
    """Everything Needline called Slack with, but for whispers to the two who voted."""
    for call in office.ws.ledger.calls():
        if call.method != "response_url":
            said = {name: value for name, value in workspace.decoded(call).items() if name != "hash"}
            yield f"{call.method} {json.dumps(said, sort_keys=True, ensure_ascii=False)}"


def answered(office: Office) -> Iterator[str]:
    """Everything Needline answered Slack with."""
    for delivery in office.ws.ledger.deliveries():
        yield f"{delivery.kind} {delivery.status} {delivery.body}"


def published(office: Office) -> list[str]:
    """What /metrics tells anybody who asks."""
    return generate_latest(office.needline.edge.counts.registry).decode().splitlines()


def plain(text: str) -> str:
    return NUMBERS.sub("#", re.sub(r"\x1b\[[0-9;]*m", "", text))


@contextmanager
def _told(difference: set[str]) -> Iterator[None]:
    try:
        yield
    except AssertionError:
        raise AssertionError("\n".join(text[:3000] for text in sorted(difference)[:20])) from None


def test_nothing_anybody_sees_depends_on_how_a_blind_vote_goes(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def log() -> str:
        said = capsys.readouterr()
        return said.out + said.err

    one = lived(kind, tmp_path / "one", ("Approve", "Reject"), log)
    other = lived(kind, tmp_path / "other", ("Reject", "Abstain"), log)
    with _told(one ^ other):
        assert one == other
    assert any("2 of 3 votes in" in text for text in one), "nothing was drawn, so nothing could have leaked"


def test_an_open_vote_would_be_noticed(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def log() -> str:
        return capsys.readouterr().out

    one = lived(kind, tmp_path / "one", ("Approve", "Reject"), log, blind=False)
    other = lived(kind, tmp_path / "other", ("Reject", "Abstain"), log, blind=False)
    assert one != other
