"""A card that could not be posted is seen by an operator, and sent again once the reason is mended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import workspace
from tests.commands import needline, url_of
from tests.workspace import Office


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with workspace.new_database(request.param, tmp_path) as url, workspace.opened(url) as office:
        yield office


def test_a_card_that_died_stands_once_the_bot_is_invited_and_it_is_sent_again(office: Office) -> None:
    url, clock = url_of(office.needline.database), office.ws.clock_url
    office.ws.kick_bot(office.triage)
    number = workspace.file(office, office.alice, "They need an export")
    office.ws.eventually(lambda: _lists_the_dead(url), what="nothing died")
    office.ws.invite_bot(office.triage)
    done = needline(url, "outbox", "retry", "--lane", "triage", NEEDLINE_CLOCK_URL=clock)
    assert done.stdout == "1 message is sent again.\n"
    assert "They need an export" in workspace.card(office, number).text
    workspace.quiet(office)
    assert len(workspace.standing(office, office.triage, "They need an export")) == 1


def _lists_the_dead(url: str) -> bool:
    return "not_in_channel" in needline(url, "outbox", "list", "--state", "dead").stdout
