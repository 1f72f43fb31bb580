"""A bot that was held up longer than its lease, in the middle of a message: the message stands once in the end."""

from collections import Counter

import pytest

from practice.workspace import Workspace
from storage import policy as policy_store
from storage.db import Database
from tests.bot import ROOT, in_thread
from tests.torture.facts import shown

HELD_S = 2.0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_slack_takes_after_another_bot_has_sent_it_is_taken_back(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with Workspace(ROOT / "manifest.json") as workspace:
        workspace.limits.enabled = False
        alice = workspace.person("Alice")
        triage = workspace.channel("triage", members=[alice])
        workspace.invite_bot(triage)
        quick = {"pace_per_s": 100, "lease_s": 0.6, "settle_s": 0.2, "merge_s": 0}
        with database.begin() as session:
            rules = {"channels": {"triage": triage.id}, "delivery": quick}
            policy_store.replace(session, workspace.team_id, rules, "test", workspace.clock.now())
        with in_thread(workspace, url), in_thread(workspace, url):
            fault = workspace.faults.add("chat.postMessage", "delay", times=2, seconds=HELD_S)
            alice.sends("/feedback They need an export.")
            alice.picks("Customer", "Add “Acme”")
            assert alice.submits().closed
            workspace.eventually(lambda: fault.hits == 2, what="both bots to post, or one both messages")
            workspace.eventually(lambda: len(workspace.ledger.calls("chat.delete")) == fault.hits, what="taking back")
            workspace.eventually(lambda: set(Counter(one.outbox_id for one in shown(workspace)).values()) == {1})
            assert len(shown(workspace)) == 2
