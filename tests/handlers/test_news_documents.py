"""Many news items in few messages: nothing is lost, nothing is too long, and the newest state is what is told."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from bot.domain.feedback import Kind, State
from bot.domain.requirements import Status
from bot.domain.votes import Result
from bot.i18n import LOCALES, say
from handlers.slack.blocks.news import BRIEF_FROM, Item, fitting, is_milestone, newest, news
from handlers.slack.blocks.notices import LISTED, VOTES_LISTED, Leaving, handover
from handlers.slack.facts import Facts
from practice.blocks import check_message
from practice.text import message_text, notifications
from tests.handlers import worst_case
from tests.handlers.worst_case import PATTERNS

Json = dict[str, Any]

everywhere = pytest.mark.parametrize("locale", LOCALES)
nastily = pytest.mark.parametrize("pattern", PATTERNS)

TITLE = {"en": "Export the monthly report as a spreadsheet", "zh_Hans": "月度报表支持一键导出为表格并定时发送给负责人"}
CUSTOMER = {"en": "Harbour & Sons Logistics", "zh_Hans": "海港物流（上海）有限公司"}
SENTENCE = {
    "en": "We build no exports this year; the reporting interface planned for spring covers most of what they want.",
    "zh_Hans": "今年我们不做导出功能，计划在春季上线的报表接口可以覆盖他们大部分的需要。",
}


def takes(message: Json) -> None:
    assert check_message(message) == []
    assert notifications(message) == []
    assert len(message["text"]) <= 4000


def about(number: int, facts: Facts) -> Facts:
    """Return facts as those of feedback of another number."""
    item = facts.feedback
    columns = {column.key: getattr(item, column.key) for column in type(item).__table__.columns}
    return replace(facts, feedback=type(item)(**{**columns, "number": number}))


def decision(number: int, locale: str, to: Status = Status.DECLINED) -> Item:
    """Return a decision of usual length about F-`number`."""
    facts = worst_case.in_status(worst_case.facts("plain"), "plain", to)
    facts = about(number, replace(facts, names={"U0MARA": "Mara Lindqvist"}))
    facts.feedback.title, facts.customer.name = TITLE[locale], CUSTOMER[locale]
    facts.moves[-1].sentence = SENTENCE[locale]
    return Item(f"i{number}", "move", facts.moves[-1].number, facts)


def sections(message: Json) -> list[str]:
    return [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]


@everywhere
def test_three_items_are_told_in_full_and_four_in_a_line_each(locale: str) -> None:
    items = [decision(number, locale) for number in range(1, 5)]
    full, brief = news(items[:3], locale), news(items, locale)
    assert BRIEF_FROM == 4
    assert sum(block["type"] == "rich_text" for block in full["blocks"]) == 3  # the sentences, as they were written
    assert [block["type"] for block in brief["blocks"]] == ["section"] * 5
    assert all(SENTENCE[locale][:60] in text for text in sections(brief)[1:])


@everywhere
@pytest.mark.parametrize("to", [Status.DECLINED, Status.ACCEPTED, Status.DEFERRED])
def test_twenty_decisions_of_usual_length_are_one_message(locale: str, to: Status) -> None:
    items = [decision(number, locale, to) for number in range(1, 21)]
    assert fitting(items) == 20
    message = news(items, locale)
    takes(message)
    assert len(sections(message)) == 21
    assert say(locale, "news.many", n=20) in message["text"]


@everywhere
def test_twenty_decisions_told_in_full_would_not_fit(locale: str) -> None:
    items = [decision(number, locale) for number in range(1, 21)]
    in_full = [block for item in items for block in news([item], locale)["blocks"]]
    assert check_message({"text": "news", "blocks": in_full}) != []


@everywhere
def test_a_long_sentence_is_cut_in_a_line(locale: str) -> None:
    items = [decision(number, locale) for number in range(1, 5)]
    items[0].facts.moves[-1].sentence = "long " * 60 + "end"
    text = sections(news(items, locale))[1]
    assert "…" in text
    assert "end" not in text


@everywhere
def test_a_question_among_many_decisions_keeps_its_words_and_its_button(locale: str) -> None:
    asked = worst_case.asked(worst_case.facts("plain"), "plain", 1, answered=False)
    items = [*(decision(number, locale) for number in range(1, 6)), Item("q", "question", 1, about(99, asked))]
    message = news(items, locale)
    takes(message)
    (row,) = [block for block in message["blocks"] if block["type"] == "actions"]
    assert [(element["action_id"], element["value"]) for element in row["elements"]] == [("answer_reply", "1")]
    assert asked.questions[0].question in message_text(message)


def kinds(pattern: str) -> Iterator[Item]:
    """Go through all that can be news, as long and nasty as the rules let in."""
    needed = worst_case.facts(pattern)
    for status in (Status.DECLINED, Status.ACCEPTED, Status.SHIPPED):
        moved = worst_case.in_status(needed, pattern, status)
        yield Item("m", "move", moved.moves[-1].number, moved)
    yield Item("r", "round", 3, worst_case.voted(needed, pattern, blind=True, result=Result.UNDECIDED))
    yield Item("n", "requirement", 987654, needed)
    open_question = worst_case.asked(needed, pattern, 1, answered=False)
    for kind in ("question", "chase", "unanswered"):
        yield Item(kind, kind, 1, open_question)
    answer = {"answer": worst_case.text(pattern, 3000), "answered_by": "U0BOB"}
    yield Item("a", "answer", 987654, worst_case.facts(pattern, Kind.QUESTION, state=State.ANSWERED.value, **answer))


@everywhere
@nastily
def test_any_mixture_of_the_longest_items_leaves_in_messages_that_slack_takes(locale: str, pattern: str) -> None:
    chance, pool = Random(11), list(kinds(pattern))  # noqa: S311 - a story, told the same way each time
    for _ in range(25):
        items = [
            replace(chance.choice(pool), id=f"i{number}") for number in range(chance.choice((2, 3, 4, 5, 6, 8, 20)))
        ]
        told, left = [], items
        while left:
            shown, left = left[: fitting(left)], left[fitting(left) :]
            assert shown
            told += shown
            takes(news(shown, locale))
        assert told == items


@everywhere
@nastily
def test_twenty_of_the_longest_decisions_are_split_without_loss(locale: str, pattern: str) -> None:
    moved = worst_case.in_status(worst_case.facts(pattern), pattern, Status.DECLINED)
    left = [Item(f"i{number}", "move", moved.moves[-1].number, about(number, moved)) for number in range(20)]
    count = 0
    while left:
        shown, left = left[: fitting(left)], left[fitting(left) :]
        takes(news(shown, locale))
        count += len(shown)
    assert count == 20


# What a newer item has overtaken


def item(name: str, kind: str, number: int = 1, feedback: int = 1) -> Item:
    return Item(name, kind, number, about(feedback, worst_case.facts("plain")))


def left_of(*items: Item) -> list[str]:
    return [each.id for each in newest(list(items))]


def test_of_several_states_of_one_feedback_the_last_is_told() -> None:
    assert left_of(item("vote", "round"), item("first", "move", 1), item("second", "move", 2)) == ["second"]
    assert left_of(item("made", "requirement"), item("vote", "round")) == ["vote"]
    assert left_of(item("reopened", "move"), item("vote", "round")) == ["vote"]


def test_states_of_other_feedback_and_what_is_no_state_stay() -> None:
    found = left_of(
        item("old", "move", 1),
        item("asked", "question"),
        item("theirs", "move", 1, feedback=2),
        item("again", "question", 2),
        item("new", "move", 2),
        item("answered", "answer"),
    )
    assert found == ["asked", "theirs", "again", "new", "answered"]


def test_nothing_stays_nothing() -> None:
    assert newest([]) == []
    assert fitting([]) == 0


def test_what_wants_an_answer_or_brings_one_stands_at_the_foot_of_the_dm_too() -> None:
    assert [is_milestone(item("i", kind)) for kind in ("question", "chase", "answer")] == [True] * 3
    assert [is_milestone(item("i", kind)) for kind in ("round", "requirement", "unanswered")] == [False] * 3


# What somebody leaves


def leaving(pattern: str, requests: int, votes: int, why: str = "left") -> Leaving:
    facts = worst_case.facts(pattern)
    return Leaving(
        who=worst_case.text(pattern, 80),
        why=why,
        requests=[facts] * min(requests, LISTED),
        more=max(requests - LISTED, 0),
        votes=[987654 + number for number in range(votes)],
    )


@everywhere
@nastily
@pytest.mark.parametrize("why", ["left", "no_reviewer"])
def test_however_much_somebody_leaves_slack_takes_the_message(locale: str, pattern: str, why: str) -> None:
    for requests, votes in ((1, 0), (0, 1), (LISTED, VOTES_LISTED), (5000, 5000)):
        takes(handover(leaving(pattern, requests, votes, why), locale))


@everywhere
def test_each_request_can_be_taken_over_and_what_is_not_listed_is_counted(locale: str) -> None:
    message = handover(leaving("plain", LISTED + 7, VOTES_LISTED + 3), locale)
    buttons = [block["accessory"] for block in message["blocks"] if "accessory" in block]
    assert [button["action_id"] for button in buttons] == ["feedback_take_over"] * LISTED
    text = message_text(message)
    assert say(locale, "handover.more", n=7) in text
    assert text.count("R-9") == LISTED + VOTES_LISTED
    assert str(VOTES_LISTED + 3) in text
