import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.feedback import TITLE_MAX, WORDS_MAX, Draft, name_key, shorten, title_from
from bot.domain.refusals import Refused


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("We need XLSX. And soon!", "We need XLSX"),
        ("发票需要导出为 XLSX。每月三百张。", "发票需要导出为 XLSX"),
        ("one line\nanother", "one line"),
        ("version 2.5 breaks it.", "version 2.5 breaks it"),
        ("Can two people approve? We need it.", "Can two people approve?"),
        ("  \n\n spaced   out ", "spaced out"),
        ("👍👍", "👍👍"),
        ("...", "..."),
    ],
)
def test_a_title_is_the_first_sentence(words: str, title: str) -> None:
    assert title_from(words) == title


@given(st.text(min_size=1).filter(str.strip))
def test_a_title_always_fits_and_is_one_line(words: str) -> None:
    title = title_from(words)
    assert 0 < len(title) <= TITLE_MAX
    assert "\n" not in title


@given(st.text(), st.integers(2, 50))
def test_shortening_never_exceeds_the_limit_and_keeps_what_fits(text: str, longest: int) -> None:
    short = shorten(text, longest)
    assert len(short) <= longest
    assert short == text or short.endswith("…")


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft(words="   ", customer_id=1), "words"),
        (Draft(words="x" * (WORDS_MAX + 1), customer_id=1), "words"),
        (Draft(words="x"), "customer"),
        (Draft(words="x", customer_name="  "), "customer"),
        (Draft(words="x", customer_name="c" * 70), "customer"),
        (Draft(words="x", customer_id=1, title="🎉🎉"), "title"),
        (Draft(words="x", customer_id=1, title="t" * 81), "title"),
        (Draft(words="x", customer_id=1, scenario="s" * 301), "scenario"),
        (Draft(words="x", customer_id=1, said_by="s" * 301), "said_by"),
    ],
)
def test_a_bad_draft_is_refused_at_its_field(draft: Draft, field: str) -> None:
    with pytest.raises(Refused) as refused:
        draft.check()
    assert refused.value.field == field


def test_three_thousand_characters_are_taken() -> None:
    Draft(words="x" * WORDS_MAX, customer_id=1).check()


def test_a_customer_is_known_however_its_name_is_cased_or_spaced() -> None:
    assert name_key(" ACME  Corp ") == name_key("acme corp")
