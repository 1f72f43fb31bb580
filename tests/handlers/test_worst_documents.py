"""Slack takes everything we draw, however large and nasty the data, and nobody is rung by it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.feedback import Kind, State
from bot.domain.people import Actor
from bot.domain.requirements import MOVES, Status
from bot.domain.votes import Choice, Result
from bot.i18n import LOCALES, catalogue
from bot.services.votes import Cast
from handlers.slack.blocks import feedback as forms
from handlers.slack.blocks.cards import card
from handlers.slack.blocks.details import details
from handlers.slack.blocks.feedback import FormStart
from handlers.slack.blocks.news import Item, fitting, news
from handlers.slack.blocks.notices import answered_note, notice
from handlers.slack.blocks.receipts import receipt
from handlers.slack.blocks.requirements import change_form
from handlers.slack.blocks.text import quote, titled_quote
from handlers.slack.facts import Facts
from handlers.slack.forms import metadata
from handlers.slack.votes import _confirmation
from practice.blocks import check_message, check_view
from practice.text import notifications
from tests.handlers import worst_case
from tests.handlers.worst_case import NOW, PATTERNS

Json = dict[str, Any]

everywhere = pytest.mark.parametrize("locale", LOCALES)
nastily = pytest.mark.parametrize("pattern", PATTERNS)


def takes_message(message: Json) -> None:
    """Check that Slack would take a message and ring for nobody."""
    assert check_message(message) == []
    assert notifications(message) == []
    assert len(message["text"]) <= 4000  # Slack cuts the words of notifications there


def takes_view(view: Json) -> None:
    """Check that Slack would take a view."""
    assert check_view(view) == []
    assert notifications(view) == []
    assert len(json.dumps(view)) <= 250_000


def situations(pattern: str) -> Iterator[Facts]:
    """Go through all that can become of feedback."""
    needed = worst_case.facts(pattern)
    yield needed
    yield worst_case.facts(pattern, hide_customer=True, private_source=True)
    yield worst_case.facts(pattern, state=State.WITHDRAWN.value)
    for status in Status:
        yield worst_case.in_status(needed, pattern, status)
    for target in ("2026-12-15", "2026-12", "&" * 40):
        yield worst_case.in_status(needed, pattern, Status.ACCEPTED, target)
    for result in (None, *Result):
        for blind in (True, False):
            yield worst_case.voted(needed, pattern, blind=blind, result=result)
    yield worst_case.many_moves(worst_case.in_status(needed, pattern, Status.IN_PROGRESS), pattern, 40)
    yield worst_case.asked(needed, pattern, 30, answered=False)
    yield worst_case.asked(needed, pattern, 30)
    for kind in (Kind.COMPLAINT, Kind.QUESTION, Kind.PRAISE):
        yield worst_case.facts(pattern, kind)
        answer = {"answer": worst_case.text(pattern, 3000), "answered_by": "U0BOB"}
        yield worst_case.facts(pattern, kind, state=State.ANSWERED.value, **answer)
        yield worst_case.facts(pattern, kind, state=State.WITHDRAWN.value)


@everywhere
@nastily
def test_every_card(locale: str, pattern: str) -> None:
    for facts in situations(pattern):
        takes_message(card(facts, locale))


@everywhere
def test_a_card_with_fifty_voters(locale: str) -> None:
    voters = [f"U0MANY{n}" for n in range(50)]
    facts = worst_case.voted(worst_case.facts("plain"), "plain", blind=False, result=None, voters=voters)
    takes_message(card(replace(facts, names=dict.fromkeys(voters, "N" * 80)), locale))


@everywhere
@nastily
def test_every_receipt(locale: str, pattern: str) -> None:
    for facts in situations(pattern):
        takes_message(receipt(facts, locale, NOW))


@everywhere
@nastily
def test_every_details_view(locale: str, pattern: str) -> None:
    for facts in situations(pattern):
        for viewer in ("U0ALICE", "U0BOB", "U0MARA"):
            takes_view(details(facts, locale, viewer))


@everywhere
@nastily
def test_details_with_a_long_answer_to_a_question(locale: str, pattern: str) -> None:
    takes_view(details(worst_case.asked(worst_case.facts(pattern), pattern, 1), locale, "U0ALICE"))


@everywhere
def test_details_with_a_hundred_questions(locale: str) -> None:
    takes_view(details(worst_case.asked(worst_case.facts("plain"), "plain", 100, answered=False), locale, "U0ALICE"))


@everywhere
@nastily
def test_the_details_of_a_long_life(locale: str, pattern: str) -> None:
    lived = worst_case.in_status(worst_case.facts(pattern), pattern, Status.IN_PROGRESS)
    lived = worst_case.voted(lived, pattern, blind=True, result=Result.APPROVED)
    lived = worst_case.asked(worst_case.many_moves(lived, pattern, 60), pattern, 60)
    takes_view(details(lived, locale, "U0ALICE"))


def items(pattern: str) -> Iterator[Item]:
    """Go through all that can be news."""
    needed = worst_case.facts(pattern)
    for status in Status:
        moved = worst_case.in_status(needed, pattern, status)
        for move in moved.moves:
            yield Item("i", "move", move.number, moved)
    for result in Result:
        yield Item("i", "round", 3, worst_case.voted(needed, pattern, blind=True, result=result))
    yield Item("i", "question", 1, worst_case.asked(needed, pattern, 1, answered=False))
    yield Item("i", "question", 1, worst_case.asked(needed, pattern, 1))
    yield Item("i", "requirement", 987654, needed)
    answer = {"answer": worst_case.text(pattern, 3000), "answered_by": "U0BOB"}
    yield Item("i", "answer", 987654, worst_case.facts(pattern, Kind.QUESTION, state=State.ANSWERED.value, **answer))


@everywhere
@nastily
def test_every_piece_of_news_by_itself(locale: str, pattern: str) -> None:
    for item in items(pattern):
        takes_message(news([item], locale))


@everywhere
@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if pattern != "ampersands"])
def test_much_news_in_as_many_messages_as_it_takes(locale: str, pattern: str) -> None:
    all_fit(pattern, locale)


def test_much_news_about_titles_of_ampersands() -> None:
    all_fit("ampersands", "en")


def all_fit(pattern: str, locale: str) -> None:
    """Check the messages in which forty of each piece of news leave."""
    for item in items(pattern):
        left = [item] * 40
        while left:
            shown, left = left[: fitting(left)], left[fitting(left) :]
            assert shown
            takes_message(news(shown, locale))


@everywhere
@nastily
def test_the_filing_form(locale: str, pattern: str) -> None:
    customer = worst_case.facts(pattern).customer
    link = "https://practice.slack.com/archives/C0GENERAL/p1795327558783477"
    start = FormStart(
        words=worst_case.text(pattern, 3000),
        customer=customer,
        from_message=True,
        cut=True,
        metadata=metadata(permalink=link, private=True),
    )
    form = forms.filing_form(locale, start)
    takes_view(form)
    takes_view(forms.with_more_fields(locale, stored(form)))
    takes_view(forms.filing_form(locale, FormStart()))
    option = forms.new_customer(locale, worst_case.text(pattern, 70))
    assert len(option["text"]["text"]) <= 75
    assert len(option["value"]) <= 150


def stored(form: Json) -> Json:
    """Return a view as Slack gives it back: every block has an id."""
    return {**form, "blocks": [{"block_id": f"b{at}", **block} for at, block in enumerate(form["blocks"])]}


@everywhere
@nastily
@pytest.mark.parametrize("callback_id", forms.TEXT_FORMS)
def test_the_small_forms(locale: str, pattern: str, callback_id: str) -> None:
    intros = [
        titled_quote(f"F-987654 · {worst_case.text(pattern, 80)}", worst_case.text(pattern, 1000)),
        quote(worst_case.text(pattern, 3000)),
    ]
    for intro in intros:
        takes_view(forms.text_form(locale, callback_id, metadata(number=987654), intro))


@everywhere
@nastily
@pytest.mark.parametrize("listener", LOCALES)
def test_every_status_form(locale: str, pattern: str, listener: str) -> None:
    needed = worst_case.facts(pattern)
    for status in Status:
        for to in (None, *MOVES[status]):
            facts = worst_case.in_status(needed, pattern, status)
            takes_view(change_form(facts, locale, listener, to, metadata(feedback=987654, requirement=987654)))


@everywhere
def test_every_notice(locale: str) -> None:
    errors = [key.removeprefix("notice.") for key in catalogue(locale) if key.startswith("notice.")]
    errors = [error for error in errors if error not in {"text", "other"}]
    for lane, place in (("triage", "C0TRIAGE"), ("triage", None), ("review", None), ("U0ALICE", "U0ALICE")):
        for error in (*errors, "msg_blocks_too_long", "e" * 60):
            message = notice(locale, lane, error, 12, place)
            assert check_message(message) == []
            assert set(notifications(message)) <= {"<@U0ALICE>"}


@everywhere
@nastily
def test_the_note_of_an_answered_question(locale: str, pattern: str) -> None:
    asked = worst_case.asked(worst_case.facts(pattern), pattern, 1)
    message = answered_note(asked, asked.questions[0], locale)
    assert check_message(message) == []
    assert notifications(message) == ["<@U0BOB>"]  # who asked is told, nobody else


@everywhere
def test_the_confirmation_of_a_vote(locale: str) -> None:
    actor = Actor("T1", "U0BOB", locale)
    for choice in Choice:
        for result in (None, *Result):
            text, blocks = _confirmation(actor, 987654, Cast(choice, result))
            takes_message({"text": text, "blocks": blocks})
