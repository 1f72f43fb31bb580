"""A whole story in Chinese: who reads Chinese is shown no sentence of the English catalogue, wherever they look."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.i18n import catalogue, say
from practice import gestures
from practice.people import Person
from practice.workspace import Workspace
from storage import outbox, votes
from storage.outbox import Letter
from tests import workspace
from tests.workspace import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office in which everybody reads Chinese, and the channel too; Alice alone reads English."""
    with workspace.new_database("sqlite", tmp_path) as url, workspace.opened(url) as office:
        for person in office.ws.people():
            if person is not office.alice and person.id != office.alice.id:
                office.ws.update_person(person, locale="zh-CN")
        workspace.set_policy(office, workspace={"timezone": "Asia/Shanghai", "language": "zh_Hans"})
        workspace.quiet(office)  # the channel has read in English by now what it is for
        yield office


def zh(key: str, **params: object) -> str:
    """Return a Chinese sentence."""
    return say("zh_Hans", key, **params)


def english() -> list[str]:
    """Return every stretch of at least two English words that the catalogue holds between blanks and marks."""
    words = [part for value in catalogue("en").values() for part in ([value] if isinstance(value, str) else value)]
    chinese = " ".join(
        part for value in catalogue("zh_Hans").values() for part in ([value] if isinstance(value, str) else value)
    )
    stretches = {part.strip(" .,:;") for text in words for part in re.split(r"\{\w+\}|[*`“”\n()]|\[\d\]", text)}
    return sorted(part for part in stretches if len(part.split()) > 1 and part not in chinese)


def found_in(ws: Workspace, person: Person, since: datetime) -> list[str]:
    """Return the English sentences that somebody was shown."""
    seen = ws.transcript(person, since)
    return [sentence for sentence in english() if sentence in seen]


def test_nothing_of_the_english_catalogue_is_shown_to_who_reads_chinese(office: Office) -> None:
    begin = office.ws.clock.now()
    _filing_in_every_way(office)
    number = workspace.file(office, office.meiling, "需要导出表格。", "岚汐食品", hide_customer="x", scenario="月底")
    _a_vote_and_what_is_refused(office, number)
    _every_status(office, number)
    _questions(office)
    _votes_home_and_what_comes_by_itself(office)
    _settings(office)
    _what_cannot_be_delivered(office)
    for person in (office.meiling, office.bob, office.dora, office.mara, office.ada):
        assert found_in(office.ws, person, begin) == [], person.name
    office.alice.sends("/feedback help")
    office.alice.sends("/feedback")
    assert len(found_in(office.ws, office.alice, begin)) > 10  # the search finds English where it is


def _filing_in_every_way(office: Office) -> None:
    meiling = office.meiling
    for words in ("help", "mine", "R-999", "F-999", "!!!"):
        meiling.sends(f"/feedback {words}")
    meiling.uses_shortcut("file_feedback")
    meiling.closes()
    message = meiling.says("他们要导出" + "好" * 3000, channel=office.triage)
    meiling.uses_message_shortcut("file_feedback_from_message", message)
    meiling.options_for("feedback_customer", "青山物流")
    meiling.presses(zh("button.more"))
    meiling.fills("headline", "🎉")
    workspace.choose_customer(meiling, "青山物流")
    meiling.submits()
    meiling.fills("headline", "")
    meiling.submits()
    number = workspace.newest(office, meiling)
    receipt = workspace.receipt(office, number)
    meiling.presses(zh("button.view"), on=receipt)
    meiling.closes()
    meiling.presses(zh("button.another", customer="青山物流"), on=receipt)
    meiling.closes()
    workspace.hears(office, meiling, lambda: meiling.presses(zh("button.undo"), on=receipt))
    meiling.sends("/feedback mine")


def _a_vote_and_what_is_refused(office: Office, number: int) -> None:
    card = workspace.card(office, number)
    stale = card.frozen()
    for person in (office.meiling, office.mara):
        workspace.hears(office, person, partial(person.presses, zh("choice.approve"), on=card))
    workspace.hears(office, office.bob, lambda: office.bob.chooses(zh("menu.status"), on=card))
    workspace.hears(office, office.bob, lambda: office.bob.presses(zh("choice.reject"), on=card))
    office.bob.presses(zh("button.say_why"), on=office.bob.ephemerals()[-1])
    office.bob.fills("why", "还不清楚。")
    office.bob.submits()
    office.dora.chooses(zh("menu.details"), on=card)
    office.dora.closes()
    workspace.hears(office, office.dora, lambda: office.dora.presses(zh("choice.approve"), on=card))
    workspace.hears(office, office.emil, lambda: office.emil.presses(zh("choice.abstain"), on=stale))


def _every_status(office: Office, number: int) -> None:
    card, mara = workspace.card(office, number), office.mara
    moves = ["deferred", "in_review", "declined", "in_review", "accepted", "in_progress", "validating", "shipped"]
    for to in (*moves, "in_progress", "shipped", "solved"):
        mara.chooses(zh("menu.status"), on=card)
        mara.picks("status", zh(f"status.{to}"))
        if to in {"deferred", "declined"}:
            mara.submits()
            mara.picks("reason", zh(f"reason.{'capacity' if to == 'deferred' else 'direction'}"))
        if to == "accepted":
            mara.fills("target", "2020-01-01")
            mara.submits()
            mara.fills("target", "2099-12")
        assert mara.submits().closed
        workspace.quiet(office)
    mara.chooses(zh("menu.status"), on=card)
    mara.closes()
    office.meiling.presses(zh("button.view"), on=workspace.receipt(office, number))
    office.meiling.closes()


def _settings(office: Office) -> None:
    """Look at Settings, each form of it, its history, and one's own; the first steps have their own test."""
    for person in (office.ada, office.mara, office.bob):
        person.sends("/feedback 设置")
        person.sends("/feedback 我的设置")
        person.closes(everything=True)
    office.ada.sends("/feedback settings")
    office.ada.presses(zh("button.history"))
    office.ada.closes()
    assert office.ada.modal
    for block in [block for block in office.ada.modal.blocks if "accessory" in block]:
        button = block["accessory"] | {"block_id": block["block_id"]}
        gestures.act(office.ada._backend, office.ada.user, office.ada.modal.row, button)
        office.ada.submits()
    office.ada.closes(everything=True)


def _questions(office: Office) -> None:
    number = workspace.file(office, office.meiling, "能导出吗？", kind="question")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    office.bob.chooses(zh("menu.ask"), on=card)
    office.bob.fills("question", "多少行？")
    office.bob.submits()
    asked = office.ws.eventually(lambda: receipt.replies)[0]
    office.meiling.presses(zh("button.reply"), on=asked)
    office.meiling.fills("answer", "一万行。")
    office.meiling.submits()
    office.bob.presses(zh("button.answer"), on=card)
    office.bob.fills("answer", "可以。")
    office.bob.submits()
    workspace.quiet(office)
    office.dora.chooses(zh("menu.details"), on=card)
    office.dora.closes()
    other = workspace.file(office, office.meiling, "太慢了！", kind="complaint")
    workspace.hears(
        office,
        office.bob,
        lambda: office.bob.presses(zh("button.make_requirement"), on=workspace.card(office, other)),
    )
    workspace.quiet(office)


def _votes_home_and_what_comes_by_itself(office: Office) -> None:
    """Everybody looks at Home; Bob votes through; Meiling and the reviewers hear what the week brings."""
    for number in range(3):
        workspace.file(office, office.meiling, f"需要第 {number} 个。", "青山物流")
    bob, team_id = office.bob, office.ws.team_id
    letters = [
        Letter(lane=bob.id, kind="reminder", about="", key="reminder", priority=2),
        Letter(lane=office.meiling.id, kind="summary", about="", key="summary", priority=2),
    ]
    now = office.needline.now()
    today = now.astimezone(ZoneInfo(bob.user.tz)).date().isoformat()
    with office.needline.database.begin() as session:
        for vote in votes.waiting_for(session, team_id, bob.id):
            votes.resume(session, vote, now + timedelta(hours=1))
        outbox.put(session, team_id, [replace(letter, about=today) for letter in letters], now)
    told = office.ws.eventually(lambda: workspace.in_dm(office.meiling, "周报"))[-1]
    wish = zh("summary.never")
    workspace.hears(office, office.meiling, lambda: office.meiling.picks(zh("summary.when"), wish, on=told))
    office.ws.eventually(lambda: workspace.in_dm(bob, zh("button.vote_through")))
    bob.sends("/feedback vote")
    for answer in (zh("choice.approve"), zh("through.skip"), zh("choice.abstain")):
        bob.picks(zh("form.choice"), answer)
        assert bob.submits().ok
    bob.closes(everything=True)
    for person in (office.meiling, bob, office.mara):
        assert person.opens_home()
        person.sends("/feedback vote")
        person.sends("/feedback summary")


def test_an_admin_who_never_used_the_bot_is_told_of_trouble_in_their_language(office: Office) -> None:
    workspace.set_policy(office, channels={})
    workspace.file(office, office.meiling, "需要频道。")
    assert "初筛频道尚未设置" in office.ws.eventually(office.ada.dm)[-1].text


def _what_cannot_be_delivered(office: Office) -> None:
    office.ada.sends("/feedback mine")
    elsewhere = office.ws.channel("elsewhere", members=[office.bob])
    workspace.set_policy(office, channels={"triage": elsewhere.id})
    workspace.file(office, office.meiling, "需要邀请。")
    told = office.ws.eventually(lambda: workspace.in_dm(office.ada, "elsewhere"))[-1]
    office.ws.invite_bot(elsewhere)
    workspace.hears(office, office.ada, lambda: office.ada.presses(zh("button.send_again"), on=told))
    workspace.set_policy(office, channels={})
    workspace.file(office, office.meiling, "需要频道。")
    workspace.quiet(office)


def test_a_change_of_language_counts_from_the_next_message_on(office: Office) -> None:
    number = workspace.file(office, office.meiling, "需要换语言。")
    receipt = workspace.receipt(office, number)
    workspace.quiet(office)
    office.ws.update_person(office.meiling, locale="en-GB")
    assert office.meiling.sends("/feedback help").text.startswith("How to use /feedback")
    office.mara.chooses(zh("menu.status"), on=workspace.card(office, number))
    assert office.mara.modal
    assert office.mara.modal.value("sentence") == say("en", "sentence.accepted")
    assert office.mara.submits().closed
    office.ws.eventually(lambda: receipt.replies)
    assert "now Accepted" in receipt.replies[0].text


@pytest.mark.parametrize(
    ("slack", "ours"), [("zh-CN", "zh_Hans"), ("zh-TW", "zh_Hans"), ("zh-HK", "zh_Hans"), ("fr-FR", "en"), ("", "en")]
)
def test_slacks_languages_are_ours(office: Office, slack: str, ours: str) -> None:
    person = office.ws.person(f"Reads {slack}", locale=slack)
    assert person.sends("/feedback mine").text == say(ours, "command.mine_none").replace("`", "")
