"""What is said is said once, and says what comes next: cards, details, digests, merged news, forms."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.digest import Why
from bot.domain.requirements import REASONS, Status
from bot.domain.votes import Result
from bot.i18n import LOCALES, say
from bot.services.digest import Item as Decision
from handlers.slack.blocks.cards import card
from handlers.slack.blocks.decide_through import Walk, decide_form
from handlers.slack.blocks.details import details
from handlers.slack.blocks.digest import outcome
from handlers.slack.blocks.news import Item, news
from handlers.slack.blocks.notices import Leaving, handover
from handlers.slack.blocks.vote_through import round_view
from handlers.slack.facts import Facts
from practice.text import message_text, view_text
from tests.handlers import worst_case

everywhere = pytest.mark.parametrize("locale", LOCALES)


def plain(locale: str, key: str, **params: object) -> str:
    """Return a sentence as it reads on screen."""
    return say(locale, key, **params).replace("*", "")


def closed(result: Result, *voters: str) -> Facts:
    """Return the facts of a requirement whose vote is over."""
    return worst_case.voted(worst_case.facts("plain"), "plain", blind=True, result=result, voters=voters)


@everywhere
@pytest.mark.parametrize("result", [Result.UNDECIDED, Result.REJECTED, Result.APPROVED])
def test_a_card_whose_vote_did_not_decide_says_that_the_meeting_does(locale: str, result: Result) -> None:
    text = message_text(card(closed(result, "U0BOB"), locale))
    assert plain(locale, "card.meeting", status=say(locale, "status.in_review")) in text
    moved = worst_case.in_status(closed(result, "U0BOB"), "plain", Status.DECLINED)
    assert plain(locale, "card.meeting", status="").split("·")[-1].strip() not in message_text(card(moved, locale))


@everywhere
def test_details_of_an_open_vote_say_once_until_when_it_is(locale: str) -> None:
    facts = worst_case.voted(worst_case.facts("plain"), "plain", blind=True, result=None)
    assert facts.vote
    facts.vote.due_at = worst_case.NOW + timedelta(days=3)
    until = f"<!date^{int(facts.vote.due_at.timestamp())}^"
    assert json.dumps(details(facts, locale, "U0BOB")).count(until) == 1


@everywhere
def test_the_vote_that_is_why_something_needs_a_decision_is_not_told_twice(locale: str) -> None:
    facts = replace(closed(Result.UNDECIDED, "U0BOB"), names={"U0BOB": "Bob"})
    undecided = say(locale, "result.undecided")
    told = outcome(Decision(7, 7, Why.UNDECIDED, 3), facts, locale)
    assert "Bob" in told
    assert undecided not in told
    assert undecided in outcome(Decision(7, 7, Why.ANSWERED, 3), facts, locale)


@everywhere
def test_that_nobody_voted_is_said(locale: str) -> None:
    nobody = closed(Result.UNDECIDED)
    assert outcome(Decision(7, 7, Why.UNDECIDED, 3), nobody, locale) == say(locale, "votes.none")


@everywhere
def test_in_the_meeting_where_one_is_stands_first(locale: str) -> None:
    walk, item = Walk("n", 3, (1, 2, 3)), Decision(1, 1, Why.UNDECIDED, 2)
    blocks = decide_form(walk, item, closed(Result.UNDECIDED, "U0BOB"), locale, "U0MARA", "{}", [])["blocks"]
    assert say(locale, "walk.place", place=1, total=3) in str(blocks[0])


# -- many news in one message


def decided(number: int, to: Status, sentence: str | None) -> Item:
    """Return the news that a requirement was decided."""
    facts = worst_case.in_status(worst_case.facts("plain"), "plain", to)
    facts = replace(facts, names={"U0MARA": "Mara"})
    facts.feedback.title, facts.customer.name = f"Title {number}", "Acme"
    facts.moves[-1].sentence = sentence
    return Item(f"i{number}", "move", facts.moves[-1].number, facts)


@everywhere
@pytest.mark.parametrize("to", [Status.ACCEPTED, Status.DECLINED, Status.DEFERRED])
def test_of_many_decisions_a_sentence_of_ours_gives_way_to_the_reason(locale: str, to: Status) -> None:
    ours, own = say("zh_Hans", f"sentence.{to}"), "Ask us again in spring."
    items = [*(decided(number, to, ours) for number in range(4)), decided(4, to, own)]
    text = message_text(news(items, locale))
    assert ours not in text
    assert own in text
    if to in REASONS:
        assert text.count(say(locale, f"reason.{REASONS[to][0]}")) == 4


@everywhere
@pytest.mark.parametrize("sentence", [None, "Soon.", "马上就好。"])
def test_lines_of_many_decisions_show_their_bold_words_as_bold(locale: str, sentence: str | None) -> None:
    items = [decided(number, Status.DECLINED, sentence) for number in range(5)]
    assert "*" not in message_text(news(items, locale))


# -- what to do next


@everywhere
def test_who_votes_anonymously_reads_that_their_name_stays_out(locale: str) -> None:
    facts = worst_case.voted(worst_case.facts("plain"), "plain", blind=True, result=None)
    assert facts.vote
    told = []
    for anonymous in (False, True):
        facts.vote.anonymous = anonymous
        told.append(view_text(round_view(facts, locale, "U0BOB", (1, 1), [], "{}")))
    without_name = say(locale, "form.why.hint_anonymous")
    assert [without_name in text for text in told] == [False, True]


@everywhere
def test_what_taking_over_means_is_said_where_there_is_something_to_take_over(locale: str) -> None:
    leaving = Leaving("Alice", "left", [worst_case.facts("plain")], 0, [3])
    assert say(locale, "handover.how") in message_text(handover(leaving, locale))
    assert say(locale, "handover.how") not in message_text(handover(replace(leaving, requests=[]), locale))
