"""Sentences are filled the way each language is written."""

import pytest

from bot.i18n import listed, say


def test_a_count_is_written_as_people_write_it_and_a_records_number_as_it_is() -> None:
    assert say("en", "news.many", n=1234) == "1,234 updates on what you filed"
    assert say("zh_Hans", "news.many", n=1234) == "你提交的反馈有 1,234 条新进展"
    assert say("en", "refused.unknown_requirement", number=1234) == "There is no requirement R-1234."
    assert say("en", "fault.greater_than_equal", ge=0.5) == "At least 0.5 is needed here."
    assert say("en", "fault.less_than_equal", le=3600.0) == "At most 3,600 is possible here."


@pytest.mark.parametrize(
    ("customer", "label"),
    [
        ("岚汐食品", "继续为岚汐食品提交"),
        ("Acme", "继续为 Acme 提交"),
        ("Acme 中国", "继续为 Acme 中国提交"),
        ("7", "继续为 7 提交"),
    ],
)
def test_chinese_words_are_set_without_spaces_and_latin_ones_with(customer: str, label: str) -> None:
    assert say("zh_Hans", "button.another", customer=customer) == label


def test_two_chinese_words_that_follow_each_other_touch_and_others_do_not() -> None:
    assert say("zh_Hans", "word.moment", day="星期二", time="10:00") == "星期二 10:00"
    assert say("zh_Hans", "word.moment", day="星期二", time="上午") == "星期二上午"


def test_what_people_wrote_is_left_as_they_wrote_it() -> None:
    assert say("zh_Hans", "card.withdrawn", name="王 芳", ref="R-7") == "王 芳撤回了 R-7。"
    assert say("zh_Hans", "details.why_anonymous", why="很好 吗 {n}") == "「很好 吗 {n}」"


def test_slacks_bold_keeps_its_spaces() -> None:
    assert say("zh_Hans", "card.status", status="已采纳") == "当前状态 *已采纳*"


@pytest.mark.parametrize(
    ("locale", "words", "more", "said"),
    [
        ("en", ["Bob"], 0, "Bob"),
        ("en", ["Bob", "Dora"], 0, "Bob and Dora"),
        ("en", ["Bob", "Dora", "Emil"], 0, "Bob, Dora, and Emil"),
        ("en", ["Bob", "Dora"], 1200, "Bob, Dora, and 1,200 more"),
        ("zh_Hans", ["产品", "市场"], 0, "产品和市场"),
        ("zh_Hans", ["产品", "研发", "市场"], 0, "产品、研发和市场"),
        ("zh_Hans", ["Bob", "林美玲"], 0, "Bob 和林美玲"),
        ("zh_Hans", ["Bob", "Dora"], 5, "Bob、Dora 等，另有 5 个"),
    ],
)
def test_what_is_enumerated_reads_as_a_sentence(locale: str, words: list[str], more: int, said: str) -> None:
    assert listed(locale, words, more) == said
