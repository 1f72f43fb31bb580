"""Slack takes every digest and every view of a meeting, however large and nasty the data, and nobody is rung by it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.digest import Why
from bot.domain.requirements import Status
from bot.domain.votes import Result
from bot.i18n import LOCALES
from bot.services.digest import Agenda, Item
from handlers.slack.blocks import decide_through, digest
from handlers.slack.blocks.decide_through import CHOICES, OUTCOMES, Walk
from handlers.slack.blocks.digest import Digest
from handlers.slack.decide_through import MOST, _metadata, _walk_of
from handlers.slack.facts import Facts
from practice.blocks import check_message, check_view
from practice.text import notifications
from storage.votes import Round
from tests.handlers import worst_case
from tests.handlers.worst_case import NOW, PATTERNS

Json = dict[str, Any]

LARGEST = 2**31 - 1

everywhere = pytest.mark.parametrize("locale", LOCALES)
nastily = pytest.mark.parametrize("pattern", PATTERNS)


def takes_message(message: Json) -> None:
    """Check that Slack would take a message and ring for nobody."""
    assert check_message(message) == []
    assert notifications(message) == []
    assert len(message["text"]) <= 4000


def takes_view(view: Json) -> None:
    """Check that Slack would take a view."""
    assert check_view(view) == []
    assert notifications(view) == []


def voted(pattern: str, result: Result | None = Result.UNDECIDED, **changes: Any) -> Facts:
    """Return the facts of a requirement on which many voted, each with a line of why."""
    found = worst_case.facts(pattern, **changes)
    return worst_case.voted(found, pattern, blind=True, result=result)


def agenda(most: int) -> Agenda:
    items = tuple(Item(LARGEST - n, 987654, list(Why)[n % 4], 9999) for n in range(most))
    return Agenda(items, dict.fromkeys(Why, 999_999), 999_999, 999_999)


@everywhere
@nastily
@pytest.mark.parametrize("late", [None, "missed", "undelivered"])
def test_the_largest_digest(locale: str, pattern: str, late: str | None) -> None:
    found = agenda(10)
    items = [(item, voted(pattern)) for item in found.items]
    home = digest.home_address("T" * 20, "A" * 20)
    takes_message(digest.digest(Digest(NOW, found, items, home=home, late=late), locale))
    takes_message(digest.digest(Digest(NOW, found, items), locale))


@everywhere
def test_a_digest_of_what_is_hidden_says_whose_it_is_to_nobody(locale: str) -> None:
    hidden = voted("plain", hide_customer=True)
    hidden.customer.name = "Umbrella"
    message = digest.digest(Digest(NOW, agenda(1), [(agenda(1).items[0], hidden)]), locale)
    takes_message(message)
    assert "Umbrella" not in str(message)


@everywhere
def test_few_votes_stand_with_names_and_many_or_anonymous_ones_as_numbers(locale: str) -> None:
    facts = worst_case.facts("plain")
    few = worst_case.voted(facts, "plain", blind=True, result=Result.REJECTED, voters=["U0BOB"])
    few = replace(few, names={"U0BOB": "Bob"})
    many = voted("plain", Result.REJECTED)
    anonymous = replace(few, vote=_anonymous(few.vote))
    shown = [
        str(digest.digest(Digest(NOW, agenda(1), [(agenda(1).items[0], f)]), locale)) for f in (few, many, anonymous)
    ]
    assert ["Bob" in text for text in shown] == [True, False, False]
    assert not any("U0VOTER" in text for text in shown)


def _anonymous(vote: Round | None) -> Round:
    assert vote
    vote_of = {column.key: getattr(vote, column.key) for column in Round.__table__.columns}
    return Round(**{**vote_of, "anonymous": True})


@everywhere
def test_an_empty_digest(locale: str) -> None:
    for late in (None, "missed"):
        takes_message(digest.digest(Digest(NOW, Agenda((), {}, 3, 1), [], late=late), locale))


def walk(**changes: Any) -> Walk:
    """Return the walk that carries most."""
    numbers = tuple(LARGEST - n for n in range(MOST))
    counts = dict.fromkeys(OUTCOMES, MOST)
    return replace(Walk("f" * 32, MOST, numbers, (), counts, 999_999), **changes)


def view_of(facts: Facts, locale: str, item: Item, note: list[Json]) -> Json:
    metadata = _metadata(walk(), Status.IN_REVIEW)
    return decide_through.decide_form(walk(), item, facts, locale, "U0MARA", metadata, note)


@everywhere
@nastily
def test_every_view_of_the_walk(locale: str, pattern: str) -> None:
    asked = worst_case.asked(voted(pattern, Result.REJECTED), pattern, 3)
    for facts in (voted(pattern, None), voted(pattern), asked, voted(pattern, hide_customer=True)):
        for why in Why:
            note = decide_through.overtaken(facts, locale, worst_case.text(pattern, 1000))
            takes_view(view_of(facts, locale, Item(987654, 987654, why, 9999), note))


@everywhere
@nastily
@pytest.mark.parametrize("listener", LOCALES)
def test_every_choice_in_the_walk(locale: str, pattern: str, listener: str) -> None:
    facts = voted(pattern)
    assert facts.requirement
    opened = view_of(facts, locale, Item(987654, 987654, Why.WAITING, 1), [])
    stored = {**opened, "blocks": [{"block_id": f"b{at}", **block} for at, block in enumerate(opened["blocks"])]}
    for choice in CHOICES:
        takes_view(decide_through.with_choice(stored, locale, listener, facts.requirement, choice))


@everywhere
@nastily
def test_every_word_about_what_others_did(locale: str, pattern: str) -> None:
    for status in Status:
        facts = worst_case.in_status(worst_case.facts(pattern), pattern, status)
        takes_view(
            view_of(voted(pattern), locale, Item(1, 1, Why.WAITING, 0), decide_through.overtaken(facts, locale, None))
        )


@everywhere
def test_the_end_of_the_walk(locale: str) -> None:
    note = decide_through.overtaken(voted("ampersands"), locale, worst_case.text("ampersands", 1000))
    for done in (walk(todo=()), walk(todo=(), counts={}, more=0), walk(todo=(), decided=(1,))):
        takes_view(decide_through.finished(done, locale, note))


def test_what_the_form_carries_fits_and_comes_back_as_it_was() -> None:
    half = walk().todo[: MOST // 2]
    for carried in (walk(), walk(todo=half, decided=walk().todo[MOST // 2 :])):
        metadata = _metadata(carried, Status.IN_REVIEW)
        assert len(metadata) <= 3000
        assert _walk_of({"private_metadata": metadata}) == carried


@pytest.mark.parametrize("metadata", ["", "{", "[]", '{"todo": 7}', '{"todo": [null, "x", -1, 1e99]}', '{"counts": 3}'])
def test_what_is_no_walk_leads_nowhere(metadata: str) -> None:
    assert _walk_of({"private_metadata": metadata}).todo == ()
