"""The review digest: posted before each meeting, once, with what needs a decision, and kept when it has no channel."""

import time
from datetime import datetime, timedelta

import pytest

from bot.i18n import say
from practice.workspace import Channel, Message
from storage import outbox, workspaces
from tests import workspace
from tests.handlers import meetings
from tests.handlers.meetings import REJECTED, call, introduced, need, until
from tests.workspace import Office

HEAD = "Review meeting"


@pytest.fixture
def office(own_office: Office) -> Office:
    """An office of the test's own, on each database: its clock is moved."""
    introduced(own_office)
    return own_office


def digests(office: Office, channel: Channel) -> list[Message]:
    return workspace.standing(office, channel, HEAD)


def posted(office: Office, channel: Channel, containing: str = HEAD) -> Message:
    """Return the digest, once it stands in the channel."""
    return office.ws.eventually(lambda: workspace.standing(office, channel, containing), what="no digest")[-1]


def ticks(office: Office) -> None:
    """Let the clock look a few times for what is due, and everything be delivered."""
    time.sleep(2.2)
    workspace.quiet(office)


def test_the_digest_comes_a_day_before_the_meeting_with_what_needs_a_decision(office: Office) -> None:
    channel, due = call(office)
    tied = need(office, office.alice, "They need an export.")
    rejected = need(office, office.alice, "They need a secret.", REJECTED, hide_customer=True, customer_name="Umbrella")
    need(office, office.alice, "They need a vote.", ())
    until(office, due - timedelta(minutes=2))
    ticks(office)
    assert digests(office, channel) == []
    until(office, due + timedelta(seconds=2))
    text = posted(office, channel).text
    assert f"{HEAD} " in text
    assert "10:00" in text
    assert "2 requirements need a decision" in text
    assert text.index(f"R-{tied} · They need an export") < text.index(f"R-{rejected} · They need a secret")
    assert "Acme · No clear result · waiting 2 days" in text
    assert "Bob (Approve), Dora (Reject)" in text
    assert "Undecided" not in text, "that there is no clear result is said once"
    assert "Customer hidden · The vote was against it" in text
    assert "Umbrella" not in text
    assert "1 requirement is still being voted on" in text
    assert say("en", "digest.missed") not in text
    assert posted(office, channel).buttons() == ["Details", "Details", "Decide through"]


def test_details_of_a_digest_open_for_whoever_presses(office: Office) -> None:
    channel, due = call(office)
    need(office, office.alice, "They need an export.")
    until(office, due + timedelta(seconds=2))
    office.bob.presses("Details", on=posted(office, channel))
    assert office.bob.modal
    assert "They need an export." in office.bob.modal.text()


def test_in_a_chinese_workspace_it_reads_chinese(office: Office) -> None:
    channel, due = call(office, language="zh_Hans")
    need(office, office.meiling, "他们需要导出。")
    until(office, due + timedelta(seconds=2))
    text = posted(office, channel, "需求待决定").text
    assert "1 个需求待决定" in text
    assert "Acme · 投票未形成结论 · 已等待" in text
    assert posted(office, channel, "需求待决定").buttons() == ["详情", "逐个评审"]


def test_more_than_ten_are_counted_and_lead_to_home(office: Office) -> None:
    channel, due = call(office)
    office.ws.eventually(lambda: app_id(office) == office.ws.app_id, what="our app's id, which requests name")
    for n in range(12):
        need(office, office.alice, f"They need thing {n}.")
    need(office, office.alice, "They need what nobody wants.", REJECTED)
    until(office, due + timedelta(seconds=2))
    message = posted(office, channel)
    assert message.buttons().count("Details") == 10
    home = f"slack://app?team={office.ws.team_id}&id={office.ws.app_id}&tab=home"
    sent = str(message.row.blocks)
    assert f"<{home}|Also to decide: 2 without a clear result and 1 rejected by vote>" in sent


def app_id(office: Office) -> str | None:
    with office.needline.database.read() as session:
        return workspaces.app_id(session, office.ws.team_id)


def test_when_nothing_needs_a_decision_it_says_so_in_a_line(office: Office) -> None:
    channel, due = call(office)
    until(office, due + timedelta(seconds=2))
    message = posted(office, channel, "Nothing needs a decision at the review meeting")
    assert message.buttons() == []
    assert digests(office, channel) == []


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_stepped_by_an_hour_posts_it_once(office: Office, step: timedelta) -> None:
    channel, due = call(office)
    need(office, office.alice, "They need an export.")
    until(office, due - timedelta(minutes=30))
    workspace.quiet(office)
    if step > timedelta():
        workspace.passes(office, step)
    else:
        until(office, due + timedelta(seconds=2))
    posted(office, channel)
    workspace.quiet(office)  # what is under way while a clock is set back waits until that time comes again
    workspace.passes(office, -abs(step))
    ticks(office)
    until(office, due + timedelta(minutes=40))
    ticks(office)
    assert len(digests(office, channel)) == 1


def test_after_downtime_it_comes_once_and_says_why_it_is_late(office: Office) -> None:
    channel, due = call(office)
    need(office, office.alice, "They need an export.")
    down(office, due + timedelta(hours=3))
    assert say("en", "digest.missed") in posted(office, channel).text
    ticks(office)
    assert len(digests(office, channel)) == 1


def test_of_several_meetings_missed_only_the_last_is_made_up_for(office: Office) -> None:
    channel, due = call(office)
    need(office, office.alice, "They need an export.")
    down(office, due + timedelta(days=15))
    posted(office, channel)
    ticks(office)
    assert len(digests(office, channel)) == 1


def down(office: Office, until_then: datetime) -> None:
    """Let our clock stand still until a moment, as if we had not been running."""
    assert office.needline.scheduler
    office.needline.scheduler.pause()
    until(office, until_then)
    office.needline.scheduler.resume()


def test_a_channel_that_vanished_is_told_once_and_only_the_newest_digest_waits_for_another(office: Office) -> None:
    channel, due = call(office)
    number = need(office, office.alice, "They need an export.")
    office.ws.archive(channel)
    for week in range(3):
        until(office, due + timedelta(weeks=week, seconds=2))
        office.ws.eventually(lambda week=week: dead(office) == week + 1)
    workspace.quiet(office)
    told = workspace.in_dm(office.ada, "review is archived")
    assert len(told) == 1
    assert "3 messages" in told[0].text
    other = office.ws.channel("review-2", members=[office.bob, office.mara])
    office.ws.invite_bot(other)
    workspace.set_policy(office, channels={"triage": office.triage.id, "review": other.id})
    posted(office, other)
    workspace.quiet(office)
    (only,) = digests(office, other)
    assert f"R-{number}" in only.text
    assert f"{due + timedelta(weeks=2, days=1):%b} {(due + timedelta(weeks=2, days=1)).day}" in only.text
    assert dead(office) == 0


def dead(office: Office) -> int:
    with office.needline.database.read() as session:
        return len(outbox.dead(session, office.ws.team_id, "review"))


def test_what_could_not_be_posted_in_time_says_so(office: Office) -> None:
    channel, due = call(office)
    need(office, office.alice, "They need an export.")
    office.ws.archive(channel)
    until(office, due + timedelta(seconds=2))
    office.ws.eventually(lambda: dead(office) == 1)
    other = office.ws.channel("review-2", members=[office.bob, office.mara])
    office.ws.invite_bot(other)
    workspace.passes(office, timedelta(hours=5))
    workspace.set_policy(office, channels={"triage": office.triage.id, "review": other.id})
    assert say("en", "digest.undelivered") in posted(office, other).text


def test_without_a_review_channel_nothing_is_planned(office: Office) -> None:
    _, due = call(office)
    workspace.set_policy(office, channels={"triage": office.triage.id})
    until(office, due + timedelta(seconds=2))
    ticks(office)
    assert dead(office) == 0
    assert workspace.in_dm(office.ada, "review") == []


def test_what_was_decided_before_the_digest_left_is_not_in_it(office: Office) -> None:
    channel, due = call(office)
    number = need(office, office.alice, "They need an export.")
    other = need(office, office.alice, "They need a decision.")
    office.mara.sends("/feedback decide")
    office.mara.picks("Decision", "Accept")
    office.mara.submits()
    assert meetings.status(office, number) == "accepted"
    office.mara.closes()
    until(office, due + timedelta(seconds=2))
    text = posted(office, channel).text
    assert "1 requirement needs a decision" in text
    assert f"R-{other}" in text
