"""Whatever the network does to a message, people see it exactly once in the end."""

import json
from collections import Counter
from functools import partial
from itertools import chain, repeat
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlalchemy import delete, select

from bot.domain.outcomes import Sent
from bot.domain.people import Actor
from bot.services import feedback, lanes
from handlers.slack.sender import SlackSender
from practice.workspace import Message, Workspace
from storage import claims, outbox
from storage.claims import Claim
from storage.db import Database
from storage.outbox import Lane, Letter, OutboxRow
from storage.people import Person as PersonRow
from tests import make, workspace
from tests.bot import ROOT
from tests.make import MONDAY, TEAM, later
from tests.workspace import Office

FAULTS = {
    "drop_before": {},
    "accept_then_drop": {},
    "error_500": {},
    "accept_then_500": {},
    "rate_limited": {"retry_after": 1},
}


def shown(office: Office) -> dict[str, int]:
    """Return how often people saw each message of the outbox appear: every one that was posted, by its id."""
    posts = [call for call in office.ws.ledger.calls("chat.postMessage") if call.displayed]
    return Counter(_outbox_id(call.args) for call in posts)


def _outbox_id(args: Any) -> str:
    metadata = args["metadata"]
    return str((json.loads(metadata) if isinstance(metadata, str) else metadata)["event_payload"]["id"])


def accept(office: Office, card: Message) -> None:
    """Let the manager accept what a card is about."""
    office.mara.chooses("Change status", on=card)
    office.mara.picks("status", "Accepted")
    assert office.mara.submits().closed


@pytest.mark.parametrize("kind", FAULTS)
def test_card_receipt_and_news_are_shown_once_in_spite_of(office: Office, kind: str) -> None:
    facts: dict[str, Any] = FAULTS[kind]
    posts = office.ws.faults.add("chat.postMessage", kind, times=2, **facts)
    number = workspace.file(office, office.alice, f"They need it in spite of {kind}.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    workspace.quiet(office)
    office.ws.faults.clear()
    news = office.ws.faults.add("chat.postMessage", kind, times=1, **facts)
    updates = office.ws.faults.add("chat.update", kind, times=2, **facts)
    accept(office, card)
    office.ws.eventually(lambda: len(receipt.replies) == 1)
    workspace.quiet(office)
    assert [posts.hits, news.hits, updates.hits] == [2, 1, 2]
    assert len(workspace.standing(office, office.triage, f"in spite of {kind}")) == 1
    assert len(receipt.replies) == 1
    assert receipt.replies[0].broadcast
    assert "Accepted" in card.text
    assert "accepted" in receipt.text
    assert set(shown(office).values()) == {1}


def test_an_answer_that_comes_after_we_stopped_waiting_does_not_show_the_card_twice(office: Office) -> None:
    office.ws.faults.add("chat.postMessage", "accept_then_delay", times=2, seconds=10.5)
    number = workspace.file(office, office.alice, "They need it in spite of a slow network.")
    office.ws.eventually(lambda: workspace.posted(office, f"card:F-{number}"), within=20)
    office.ws.eventually(lambda: workspace.depth(office) == 0, within=20)
    assert len(workspace.standing(office, office.triage, "a slow network")) == 1
    assert len(workspace.in_dm(office.alice, "a slow network")) == 1
    assert set(shown(office).values()) == {1}


def test_a_lookup_that_fails_is_made_again_before_anything_is_said_twice(office: Office) -> None:
    office.ws.faults.add("chat.postMessage", "accept_then_drop", times=2)
    lookups = office.ws.faults.add("conversations.history", "error_500", times=2)
    number = workspace.file(office, office.alice, "They need it in spite of a failing look-up.")
    workspace.quiet(office)
    assert lookups.hits == 2
    assert workspace.card(office, number).text
    assert len(workspace.standing(office, office.triage, "a failing look-up")) == 1
    assert set(shown(office).values()) == {1}


def test_one_slow_person_does_not_hold_up_the_others(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need it although somebody is slow.")
    workspace.quiet(office)
    slow = office.ws.person("Snail")
    office.ws.faults.add("conversations.open", "delay", times=1, seconds=2)
    workspace.file(office, slow, "Slowly.", kind="praise")
    office.bob.presses("Approve", on=workspace.card(office, number))
    office.ws.eventually(lambda: "1 of 2 votes" in workspace.card(office, number).text, within=1.5)


def test_what_stands_wrong_is_mended_by_the_next_change(office: Office) -> None:
    card = workspace.card(office, workspace.file(office, office.alice, "They need every vote to be shown."))
    office.ws.faults.add("chat.update", "drop_before", times=1)
    office.bob.presses("Approve", on=card)
    office.bob.presses("Abstain", on=card)
    workspace.quiet(office)
    assert "1 of 2 votes" in card.text


@pytest.mark.parametrize("which", ["card", "receipt"])
def test_a_message_somebody_deleted_is_posted_anew_with_the_next_change(office: Office, which: str) -> None:
    number = workspace.file(office, office.alice, f"They need a deleted {which}.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    workspace.quiet(office)
    gone = card if which == "card" else receipt
    WebClient(office.ws.bot_token, office.ws.api_url).chat_delete(channel=gone.channel.id, ts=gone.ts)
    accept(office, card.frozen())
    workspace.quiet(office)
    anew = workspace.card(office, number) if which == "card" else workspace.receipt(office, number)
    assert anew.ts != gone.ts
    assert "ccepted" in anew.text
    assert len(workspace.receipt(office, number).replies) == 1


def test_what_was_withdrawn_before_its_card_was_posted_gets_no_card(office: Office) -> None:
    office.ws.faults.add("chat.postMessage", "rate_limited", times=2, retry_after=1)
    number = workspace.file(office, office.alice, "They need nothing after all.")
    with office.needline.database.begin() as session:
        feedback.undo(session, Actor(office.ws.team_id, office.alice.id), number, office.needline.now())
    workspace.quiet(office)
    assert workspace.posted(office, f"card:F-{number}") is None
    assert workspace.receipt(office, number).buttons() == []


@pytest.mark.parametrize(("drawing_s", "leased_s"), [(10, 60), (20, 80)])
def test_most_of_the_lease_is_ahead_when_a_message_goes(database: Database, drawing_s: int, leased_s: int) -> None:
    moments = chain([MONDAY], repeat(later(seconds=drawing_s)))
    with Workspace(ROOT / "manifest.json") as ws:
        sender = SlackSender(database.few(1), WebClient(ws.bot_token, ws.api_url), lambda: next(moments))
        card = claimed_card(database, ws)
        assert isinstance(sender(card), Sent)
    with database.read() as session:
        lane = session.get(Lane, (TEAM, "triage"))
        assert lane is not None
        assert lane.free_at == later(seconds=leased_s)


def claimed_card(database: Database, ws: Workspace) -> Claim:
    """File something whose card goes to a channel of a workspace, and claim the card."""
    triage = ws.channel("triage")
    ws.invite_bot(triage)
    with database.begin() as session:
        make.rules(session, channels={"triage": triage.id})
        make.file(session)
        taken = claims.claim(session, MONDAY, partial(lanes.manners, session, MONDAY), 16)
    return next(one for one in taken if one.row.kind == "card")


@pytest.mark.parametrize("late", [False, True])
def test_a_channel_changed_after_the_claim_counts_when_the_message_goes_late(database: Database, *, late: bool) -> None:
    """Within a moment it goes where it was aimed; it is taken along with the next change of the card."""
    with Workspace(ROOT / "manifest.json") as ws:
        card, new = claimed_card(database, ws), ws.channel("new")
        ws.invite_bot(new)
        with database.begin() as session:
            make.rules(session, channels={"triage": new.id})
        now = later(seconds=20 if late else 1)
        sender = SlackSender(database.few(1), WebClient(ws.bot_token, ws.api_url), lambda: now)
        sent = sender(card)
        assert isinstance(sent, Sent)
        assert (sent.channel == new.id) == late


def test_somebody_unknown_who_left_gets_nothing_and_nobody_is_alarmed(own_office: Office) -> None:
    office = own_office
    stranger = office.ws.person("Stranger")
    office.ws.deactivate(stranger)
    number = workspace.file(office, office.alice, "They need it.")
    workspace.quiet(office)
    with office.needline.database.begin() as session:
        session.execute(delete(PersonRow).where(PersonRow.user_id == stranger.id))
        letter = Letter(stranger.id, "card", f"F-{number}", "card:strange", 1)
        outbox.put(session, office.ws.team_id, [letter], office.needline.now())
    workspace.quiet(office)
    with office.needline.database.read() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.key == "card:strange")).one()
    assert (row.state, row.detail) == ("superseded", "nothing left to say")
