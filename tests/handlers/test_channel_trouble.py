"""A channel or a token that does not work: an admin hears what to do, and what waited is posted afterwards."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.i18n import say
from handlers.slack.sender import STOPPED_S
from practice.workspace import Message
from storage import workspaces
from storage.outbox import Lane, OutboxRow
from tests import workspace
from tests.workspace import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office of the test's own: what died in one channel would come back in the next story."""
    with workspace.new_database("sqlite", tmp_path) as url, workspace.opened(url) as office:
        workspace.quiet(office)
        yield office


def notice(office: Office, containing: str) -> Message:
    """Return the notice to the admin that reads so, once it is there."""
    return office.ws.eventually(lambda: workspace.in_dm(office.ada, containing), what=f"no notice {containing!r}")[-1]


def test_without_an_invitation_the_admin_is_asked_to_invite_and_try_again_posts_the_card(office: Office) -> None:
    quiet_room = office.ws.channel("quiet-room", members=[office.bob])
    workspace.set_policy(office, channels={"triage": quiet_room.id})
    number = workspace.file(office, office.alice, "They need an invitation.")
    told = notice(office, "quiet-room")
    assert "/invite" in told.text
    assert told.buttons() == ["Try again"]
    assert workspace.standing(office, quiet_room, "invitation") == []
    workspace.quiet(office)  # what the channel is for was refused first, now the card was too
    office.ws.invite_bot(quiet_room)
    heard = workspace.hears(office, office.ada, lambda: office.ada.presses("Try again", on=told))
    assert heard == say("en", "sent_again", n=2)  # and what the channel is for
    office.ws.eventually(lambda: workspace.standing(office, quiet_room, "They need an invitation"))
    workspace.quiet(office)
    assert len(workspace.standing(office, quiet_room, f"R-{workspace.requirement(office, number)} ")) == 1
    assert "Got it" in workspace.receipt(office, number).text


def test_without_an_invitation_another_channel_gets_the_card(office: Office) -> None:
    closed_room = office.ws.channel("closed-room", members=[office.bob])
    workspace.set_policy(office, channels={"triage": closed_room.id})
    number = workspace.file(office, office.alice, "They need another room.")
    assert notice(office, "closed-room")
    workspace.set_policy(office, channels={"triage": office.triage.id})
    workspace.quiet(office)
    assert workspace.posted(office, f"card:F-{number}")


def test_a_card_that_is_refused_while_the_channel_is_changed_is_posted_in_the_new_one(office: Office) -> None:
    closed_room = office.ws.channel("closed-room", members=[office.bob])
    workspace.set_policy(office, channels={"triage": closed_room.id})
    workspace.quiet(office)
    office.ws.faults.add("chat.postMessage", "delay", seconds=1.0)
    number = workspace.file(office, office.alice, "They need it to follow.")
    office.ws.eventually(lambda: aimed_cards(office, closed_room.id))
    workspace.set_policy(office, channels={"triage": office.triage.id})
    office.ws.faults.clear()
    workspace.quiet(office)
    assert workspace.posted(office, f"card:F-{number}")


def aimed_cards(office: Office, channel: str) -> int:
    """Return how many cards are on their way to a channel."""
    with office.needline.database.read() as session:
        where = (OutboxRow.kind == "card", OutboxRow.state == "sending", OutboxRow.channel == channel)
        return session.scalar(select(func.count()).select_from(OutboxRow).where(*where)) or 0


def test_trying_again_too_early_does_no_harm_and_leaves_one_notice(office: Office) -> None:
    locked_room = office.ws.channel("locked-room", members=[office.bob])
    workspace.set_policy(office, channels={"triage": locked_room.id})
    workspace.file(office, office.alice, "They need patience.")
    for _ in range(2):
        office.ada.presses("Try again", on=notice(office, "locked-room"))
        workspace.quiet(office)
    office.ws.invite_bot(locked_room)
    office.ada.presses("Try again", on=notice(office, "locked-room"))
    office.ws.eventually(lambda: workspace.standing(office, locked_room, "patience"))
    workspace.quiet(office)
    assert len(workspace.standing(office, locked_room, "They need patience")) == 1


def test_only_an_admin_can_try_again(office: Office) -> None:
    other_room = office.ws.channel("other-room", members=[office.bob])
    workspace.set_policy(office, channels={"triage": other_room.id})
    workspace.file(office, office.alice, "They need an admin.")
    told = notice(office, "other-room")
    heard = workspace.hears(office, office.bob, lambda: office.bob.presses("Try again", on=told))
    assert heard == say("en", "refused.admins_only")


def test_an_archived_channel_is_told_once_however_many_cards_wait_and_another_channel_gets_them(
    office: Office,
) -> None:
    old, new = (office.ws.channel(name, members=[office.bob]) for name in ("old-triage", "new-triage"))
    office.ws.invite_bot(old)
    office.ws.invite_bot(new)
    workspace.set_policy(office, channels={"triage": old.id})
    workspace.quiet(office)
    office.ws.archive(old)
    for at in range(4):
        workspace.file(office, office.alice, f"They need archive {at}.")
    workspace.quiet(office)
    told = [message for message in office.ada.dm() if "old-triage is archived" in message.text]
    assert len(told) == 1
    assert "4 messages" in told[0].text
    workspace.set_policy(office, channels={"triage": new.id})
    office.ws.eventually(lambda: len(workspace.standing(office, new, "They need archive")) == 4)


def test_a_card_in_a_channel_archived_since_is_told_too(office: Office) -> None:
    closing = office.ws.channel("closing", members=[office.bob])
    office.ws.invite_bot(closing)
    workspace.set_policy(office, channels={"triage": closing.id})
    workspace.file(office, office.alice, "They need it before the end.")
    standing = office.ws.eventually(lambda: workspace.standing(office, closing, "before the end"))[0].frozen()
    office.ws.archive(closing)
    office.bob.presses("Approve", on=standing)
    assert "closing is archived" in notice(office, "closing").text
    workspace.set_policy(office, channels={"triage": office.triage.id})
    workspace.quiet(office)
    assert "1 of 2" in workspace.standing(office, office.triage, "before the end")[0].text


@pytest.mark.parametrize("name", ["alice", "meiling"])
def test_without_a_triage_channel_the_form_says_so_and_the_card_follows_when_it_is_set(
    office: Office, name: str
) -> None:
    person = getattr(office, name)
    workspace.set_policy(office, channels={})
    workspace.fill(person, f"They need a channel, says {name}.")
    assert person.modal
    assert say(workspace.locale(person), "form.triage_unset") in person.modal.text()
    assert person.submits().closed
    number = workspace.newest(office, person)
    ref = f"R-{workspace.requirement(office, number)}"
    assert say(workspace.locale(person), "next.no_channel", ref=ref) in workspace.receipt(office, number).text
    assert "under Settings" in notice(office, "No triage channel").text
    workspace.set_policy(office, channels={"triage": office.triage.id})
    assert ref in workspace.card(office, number).text


def test_with_a_revoked_token_nothing_is_lost_and_all_is_said_once_after_the_reinstall(office: Office) -> None:
    alice, ws = office.alice, office.ws
    card = workspace.card(office, workspace.file(office, alice, "They need what stands already."))
    workspace.fill(alice, "They need it in spite of a token.")
    ws.revoke_token()
    office.ws.eventually(lambda: stopped(office), what="delivery does not stop")
    calls = len(ws.ledger.calls("chat.postMessage"))
    assert alice.submits().closed
    assert office.bob.presses("Approve", on=card).status == 200
    time.sleep(1)
    assert len(ws.ledger.calls("chat.postMessage")) == calls
    assert office.needline.edge.counts.registry.get_sample_value("needline_stopped") == 1
    ws.reinstall()
    ws.eventually(lambda: workspace.depth(office) == 0, within=20, what="delivery does not go on")
    assert office.needline.edge.counts.registry.get_sample_value("needline_stopped") == 0
    assert len(workspace.standing(office, office.triage, "in spite of a token")) == 1
    assert len(workspace.in_dm(alice, "in spite of a token")) == 1
    assert "1 of 2 votes" in card.text


def stopped(office: Office) -> bool:
    with office.needline.database.read() as session:
        return office.ws.team_id in workspaces.stopped(session)


def test_news_of_a_former_installation_come_late_stops_nothing(office: Office) -> None:
    office.ws.event({"type": "app_uninstalled"})
    assert not stopped(office)


def test_that_a_persons_token_was_revoked_stops_nothing(office: Office) -> None:
    office.ws.faults.add("auth.test", "error", name="invalid_auth", times=1)
    office.ws.event({"type": "tokens_revoked", "tokens": {"oauth": [office.bob.id], "bot": []}})
    assert not stopped(office)


def test_a_token_refused_for_a_while_lets_the_lanes_rest(office: Office) -> None:
    office.ws.faults.add("chat.postMessage", "error", name="invalid_auth", times=2)
    workspace.file(office, office.alice, "They need it in spite of a pause.")
    office.ws.eventually(lambda: _resting(office) == 2, what="the lanes do not rest")
    workspace.passes(office, timedelta(seconds=STOPPED_S + 1))
    workspace.quiet(office)
    assert len(workspace.standing(office, office.triage, "in spite of a pause")) == 1
    assert len(workspace.in_dm(office.alice, "in spite of a pause")) == 1


def _resting(office: Office) -> int:
    """Count the messages whose lane rests until Slack may take our token again."""
    with office.needline.database.read() as session:
        where = (OutboxRow.state == "retry", OutboxRow.detail == "invalid_auth", Lane.name == OutboxRow.lane)
        soon = office.needline.now() + timedelta(seconds=STOPPED_S / 2)
        return session.scalar(select(func.count()).select_from(OutboxRow, Lane).where(*where, Lane.free_at > soon)) or 0
