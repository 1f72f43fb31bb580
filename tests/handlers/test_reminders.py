"""What comes by itself: how the reminder and the weekly summary read when they leave, and what one presses in them."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.domain.requirements import Status
from bot.domain.votes import Choice
from bot.i18n import deadline, say
from bot.services import schedules, summaries
from handlers.slack import letters
from practice.clock import next_weekday
from practice.people import Person
from practice.text import message_text
from practice.workspace import Message
from storage import feedback, people
from storage import schedules as schedule_store
from storage.feedback import Feedback
from storage.outbox import OutboxRow
from storage.people import Profile, Wishes
from storage.requirements import Requirement
from tests import make, workspace
from tests.make import ALICE, BOB, DORA, EMIL, MONDAY, TEAM
from tests.workspace import Office

WEDNESDAY = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
NEXT = MONDAY + timedelta(days=7, hours=1)


def plain(key: str, tongue: str = "en", **params: object) -> str:
    """Return a sentence as it reads on screen."""
    return say(tongue, key, **params).replace("*", "").replace("`", "")


def lives(session: Session, who: Actor, zone: str = "UTC", tongue: str = "en", *, deleted: bool = False) -> None:
    """Say where somebody lives and what they read."""
    people.save(session, TEAM, Profile(who.user_id, who.user_id.title(), tongue, zone, deleted=deleted))
    session.expire_all()


def drawn(session: Session, kind: str, who: Actor, about: str, now: datetime) -> str | None:
    """Return what a message reads when it leaves at a moment; None when nothing is left to say."""
    row = OutboxRow(team_id=TEAM, lane=who.user_id, kind=kind, about=about, created_at=now)
    found = letters.draw(session, row, now)
    return message_text(found.message, {}).replace("\u202f", " ") if found else None


def reminder(session: Session, who: Actor = BOB, now: datetime = WEDNESDAY) -> str | None:
    return drawn(session, "reminder", who, "2026-11-25", now)


# -- the reminder


def test_it_lists_what_is_due_with_the_next_deadline_first_in_the_readers_zone(session: Session) -> None:
    make.rules(session)
    lives(session, BOB, "Asia/Shanghai")
    make.file(session, "They need *this* later.")
    make.file(session, "They need that sooner.", customer_name="Beta")
    sooner = make.newest_round(session, 2)
    sooner.due_at = MONDAY + timedelta(days=3)
    session.flush()
    read = reminder(session)
    assert read
    assert read.splitlines() == [
        plain("reminder.text", n=2),
        "• R-2 · They need that sooner (Beta) · closes Thursday, 5:00 PM",
        "• R-1 · They need *this* later (Acme) · closes Friday, 2:00 AM",
        "[Vote through]",
        plain("reminder.how"),
    ]


def test_it_is_in_chinese_for_who_reads_it(session: Session) -> None:
    make.rules(session)
    lives(session, BOB, "Asia/Shanghai", "zh_Hans")
    make.file(session, "需要导出。")
    due = make.newest_round(session).due_at
    assert due
    when = deadline("zh_Hans", due + timedelta(hours=8), WEDNESDAY)
    read = reminder(session)
    assert read
    assert f"• R-1 · 需要导出（Acme） · {when} 截止" in read
    assert "[逐个投票]" in read


def test_it_says_nothing_once_the_local_day_is_over(session: Session) -> None:
    make.rules(session)
    make.file(session)
    lives(session, BOB, "America/New_York")
    assert reminder(session, now=WEDNESDAY + timedelta(hours=14))  # still Wednesday evening in New York
    lives(session, BOB, "UTC")
    assert reminder(session, now=WEDNESDAY + timedelta(hours=14)) is not None
    assert reminder(session, now=WEDNESDAY + timedelta(hours=15)) is None


def test_it_says_nothing_to_who_has_voted_or_left_meanwhile(session: Session) -> None:
    make.rules(session)
    make.file(session)
    make.vote(session, BOB, 1, Choice.APPROVE)
    assert reminder(session) is None
    lives(session, DORA, deleted=True)
    assert reminder(session, DORA) is None
    assert reminder(session, EMIL) is not None


def test_it_says_how_to_be_without_it_and_nothing_to_who_chose_so_meanwhile(session: Session) -> None:
    make.rules(session)
    make.file(session)
    lives(session, BOB)
    assert plain("reminder.how") in (reminder(session) or "")
    people.choose(session, TEAM, BOB.user_id, Wishes("changed", None, None, None, reminders=False))
    session.expire_all()
    assert reminder(session) is None


def test_it_says_nothing_of_how_others_voted(session: Session) -> None:
    make.rules(session, vote={"quorum": 3, "blind": False})
    make.file(session)
    make.vote(session, DORA, 1, Choice.REJECT)
    read = reminder(session)
    assert read
    assert "Reject" not in read
    assert "Dora" not in read


def test_it_hides_a_hidden_customer(session: Session) -> None:
    make.rules(session)
    make.file(session, customer_name="Geheim AG", hide_customer=True)
    assert "(Customer hidden)" in (reminder(session) or "")


def test_of_many_it_lists_fifteen_and_counts_the_rest(session: Session) -> None:
    make.rules(session)
    for number in range(18):
        make.file(session, f"They need number {number}.")
    read = reminder(session)
    assert read
    assert read.count("• R-") == 15
    assert plain("reminder.text", n=18) in read
    assert plain("list.more", n=3) in read


# -- the summary


def summary(session: Session, who: Actor = ALICE) -> str | None:
    return drawn(session, "summary", who, "2026-W49", NEXT)


def noted(session: Session, who: Actor = ALICE) -> None:
    """Note that the summary of that week was due, as the schedule does."""
    schedule_store.first_in_period(
        session, TEAM, f"summary:{who.user_id}", "2026-W49", due_at=NEXT, now=NEXT, late=False
    )


def changed(session: Session, days_ago: int) -> None:
    """Let everything have changed last so long before the summary."""
    session.execute(update(Feedback).values(filed_at=NEXT - timedelta(days=days_ago)))
    session.execute(update(Requirement).values(changed_at=NEXT - timedelta(days=days_ago)))


def test_the_summary_groups_by_status_with_what_changed_first(session: Session) -> None:
    make.rules(session)
    lives(session, ALICE)
    for words in ("They need one.", "They need two.", "They need three."):
        make.file(session, words)
    make.file(session, "How does it work?", kind=Kind.QUESTION)
    make.file(session, "They need what is declined.")
    make.move(session, Status.DECLINED, 4)
    make.move(session, Status.DEFERRED, 2)
    changed(session, days_ago=20)
    requirement = make.requirement(session, 2)
    requirement.changed_at = NEXT - timedelta(days=2)
    session.flush()
    noted(session)
    read = summary(session)
    assert read
    assert read.splitlines()[:8] == [
        plain("summary.text", n=4),
        "Deferred",
        "• R-2 · They need two (Acme) · new this week",
        "Open",
        "• F-4 · How does it work? (Acme)",
        "In review",
        "• R-3 · They need three (Acme)",
        "• R-1 · They need one (Acme)",
    ]


@pytest.mark.parametrize(("wish", "speaks"), [("changed", False), ("always", True), ("never", False)])
def test_without_a_change_it_speaks_only_to_who_wants_every_week(session: Session, wish: str, *, speaks: bool) -> None:
    make.rules(session)
    lives(session, ALICE)
    make.file(session)
    changed(session, days_ago=20)
    summaries.choose(session, ALICE, wish)
    session.expire_all()
    assert (summary(session) is not None) is speaks


def test_it_says_nothing_when_all_was_withdrawn_meanwhile_or_they_left(session: Session) -> None:
    make.rules(session)
    lives(session, ALICE)
    filed = make.file(session)
    changed(session, days_ago=2)
    assert summary(session)
    lives(session, ALICE, deleted=True)
    assert summary(session) is None
    lives(session, ALICE)
    feedback.change(session, TEAM, filed.number, state="withdrawn")
    assert summary(session) is None


def test_a_late_summary_still_tells_of_the_week_it_is_about(session: Session) -> None:
    make.rules(session)
    lives(session, ALICE)
    make.file(session)
    noted(session)
    changed(session, days_ago=6)
    row = OutboxRow(team_id=TEAM, lane="UALICE", kind="summary", about="2026-W49", created_at=NEXT + timedelta(days=3))
    found = letters.draw(session, row, NEXT + timedelta(days=3))
    assert found
    assert "new this week" in message_text(found.message, {})


def test_of_many_the_summary_lists_fifteen_and_counts_the_rest(session: Session) -> None:
    make.rules(session)
    lives(session, ALICE, tongue="zh_Hans")
    for number in range(9):
        make.file(session, f"需要第 {number} 个。")
        make.file(session, f"怎么用第 {number} 个？", kind=Kind.QUESTION)
    changed(session, days_ago=2)
    read = summary(session)
    assert read
    assert read.count("• ") == 15
    assert plain("list.more", "zh_Hans", n=3) in read
    assert "本周有更新" in read
    assert "不用发" not in read  # the menu is closed: it shows the wish that holds
    assert plain("summary.changed", "zh_Hans") in read


def test_one_query_for_each_thing_and_not_for_each_line(session: Session) -> None:
    make.rules(session)
    lives(session, ALICE)
    make.file(session)
    changed(session, days_ago=2)
    few = _queries(session, partial(summary, session))
    for number in range(10):
        make.file(session, f"They need number {number}.")
    changed(session, days_ago=2)
    assert _queries(session, partial(summary, session)) == few


def _queries(session: Session, do: Any) -> int:
    seen: list[str] = []

    def note(*facts: Any) -> None:
        seen.append(str(facts[2]))

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    do()
    event.remove(bind, "before_cursor_execute", note)
    return len(seen)


# -- in the office


def message(office: Office, person: Person, containing: str) -> Message:
    """Wait for a message in somebody's DM."""
    found = office.ws.eventually(lambda: workspace.in_dm(person, containing), what=f"no {containing!r}")
    return found[-1]


def at(office: Office, weekday: int, hour: int, minute: int = 0) -> None:
    """Go on to the next such weekday and hour, UTC."""
    then = next_weekday(office.ws.clock.now(), weekday, hour, "UTC") + timedelta(minutes=minute)
    workspace.passes(office, then - office.ws.clock.now())


def test_a_reviewer_is_reminded_in_the_morning_and_votes_through(own_office: Office) -> None:
    office = own_office
    office.bob.sends("/feedback help")  # who never spoke lives where the team does
    _plan(office)
    at(office, 0, 9)
    number = workspace.file(office, office.alice, "They need a reminder.")
    ref = f"R-{workspace.requirement(office, number)}"
    at(office, 2, 9, 20)  # closes on Thursday
    workspace.quiet(office)
    assert workspace.in_dm(office.bob, "closes") == []
    workspace.passes(office, timedelta(minutes=11))
    told = message(office, office.bob, plain("reminder.text", n=1))
    assert f"{ref} · They need a reminder (Acme) · closes Thursday" in told.text
    assert told.fallback == plain("reminder.text", n=1)
    office.bob.presses("Vote through", on=told)
    office.bob.picks("Your vote", "Approve")
    assert office.bob.submits().ok
    assert office.bob.modal
    assert plain("through.voted", n=1) in office.bob.modal.text()
    at(office, 3, 9, 40)
    office.ws.eventually(lambda: len(workspace.in_dm(office.dora, "closes")) == 2)  # on Wednesday and on Thursday
    workspace.quiet(office)
    assert len(workspace.in_dm(office.bob, "closes")) == 1


def _plan(office: Office) -> None:
    with office.needline.database.begin() as session:
        schedules.plan(session, office.ws.team_id, office.needline.now())


def test_the_button_of_an_old_reminder_says_kindly_that_nothing_waits(own_office: Office) -> None:
    office = own_office
    at(office, 0, 9)
    number = workspace.file(office, office.alice, "They need it at once.")
    at(office, 2, 9, 40)
    told = message(office, office.bob, "closes")
    card = workspace.card(office, number)
    for person in (office.dora, office.emil):
        person.presses("Approve", on=card)
    office.bob.presses("Vote through", on=told)
    assert office.bob.modal
    assert plain("through.nothing") in office.bob.modal.text()


def test_a_requester_gets_the_summary_and_turns_it_off_and_on_again(own_office: Office) -> None:
    office = own_office
    office.meiling.sends("/feedback help")
    at(office, 4, 9)
    _plan(office)
    workspace.file(office, office.meiling, "需要周报。")
    at(office, 0, 2, 1)
    told = message(office, office.meiling, plain("summary.text", "zh_Hans", n=1))
    assert "需要周报（Acme） · 本周有更新" in told.text
    label = plain("summary.when", "zh_Hans")
    heard = workspace.hears(
        office, office.meiling, partial(office.meiling.picks, label, plain("summary.never", "zh_Hans"), on=told)
    )
    assert heard == plain("summary.chosen_never", "zh_Hans")
    at(office, 0, 3)
    workspace.quiet(office)
    assert len(workspace.in_dm(office.meiling, "我的需求周报")) == 1
    offered = office.meiling.sends("/feedback 周报").ephemeral
    assert offered
    heard = workspace.hears(
        office, office.meiling, partial(office.meiling.picks, label, plain("summary.always", "zh_Hans"), on=offered)
    )
    assert heard == plain("summary.chosen_always", "zh_Hans")
    at(office, 0, 3)
    office.ws.eventually(lambda: len(workspace.in_dm(office.meiling, "我的需求周报")) == 2)


def test_a_wish_that_is_none_is_refused(office: Office) -> None:
    payload = workspace.gesture(office, office.alice, "block_actions") | {
        "actions": [
            {
                "type": "static_select",
                "action_id": "summary_choose",
                "block_id": "b",
                "action_ts": "1.1",
                "selected_option": {"value": "daily", "text": {"type": "plain_text", "text": "x"}},
            }
        ],
        "response_url": office.ws.state.new_response_url(office.triage.id, office.alice.id),
        "trigger_id": office.ws.state.new_trigger(office.alice.id),
        "container": {"type": "message"},
    }
    assert workspace.hears(office, office.alice, lambda: workspace.interact(office, payload)) == say("en", "stale.view")
    with office.needline.database.read() as session:
        person = people.get(session, office.ws.team_id, office.alice.id)
    assert person
    assert person.summary == "changed"
