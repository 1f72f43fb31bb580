"""An outage that ends at night wakes nobody: what turns out not to have been shown waits like everything else."""

from datetime import timedelta

import pytest

from storage import outbox
from tests import workspace
from tests.workspace import NEVER_QUIET, Office


def night(office: Office) -> None:
    """Let it be night, until two hours from now."""
    now = office.ws.clock.now()
    start, end = now - timedelta(hours=1), now + timedelta(hours=2)
    workspace.set_policy(office, quiet={"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "weekends": False})


def accept(office: Office, number: int) -> None:
    office.mara.chooses("Change status", on=workspace.card(office, number))
    office.mara.picks("status", "Accepted")
    assert office.mara.submits().closed


def heard(office: Office, number: int) -> int:
    """Count the replies under a receipt, by which its filer is told."""
    return len(workspace.receipt(office, number).replies)


def overdue(office: Office) -> int:
    """Return how many messages should have left by now."""
    with office.needline.database.read() as session:
        return outbox.overdue(session, office.needline.now())


@pytest.mark.parametrize(("fault", "shown"), [("drop_before", 0), ("accept_then_drop", 1)])
def test_news_lost_in_an_outage_that_ends_at_night_comes_in_the_morning(office: Office, fault: str, shown: int) -> None:
    number = workspace.file(office, office.alice, f"They need their sleep in spite of {fault}.")
    workspace.quiet(office)
    posts = office.ws.faults.add("chat.postMessage", fault, times=1)
    lookups = [office.ws.faults.add(f"conversations.{name}", "error_500") for name in ("history", "replies")]
    accept(office, number)
    office.ws.eventually(lambda: posts.hits and any(lookup.hits for lookup in lookups))
    night(office)
    office.ws.faults.clear()
    office.ws.eventually(lambda: overdue(office) == 0)
    assert heard(office, number) == shown
    workspace.passes(office, timedelta(hours=3))
    workspace.set_policy(office, quiet=NEVER_QUIET)
    workspace.quiet(office)
    assert heard(office, number) == 1
