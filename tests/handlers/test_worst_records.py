"""Slack takes what we draw of a record's life, however long and nasty it was, and nobody is rung by it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.feedback import Kind, State
from bot.domain.requirements import Status
from bot.domain.votes import Result
from bot.i18n import LOCALES
from handlers.slack.blocks import feedback as feedback_forms
from handlers.slack.blocks import requirements as requirement_forms
from handlers.slack.blocks.details import ENTRIES, MOST_BYTES, _details, details
from handlers.slack.blocks.news import CHANGES, Item, fitting, news
from handlers.slack.blocks.notices import reopened_note
from handlers.slack.blocks.search import results
from handlers.slack.facts import Facts
from handlers.slack.forms import metadata
from practice.blocks import check_message, check_view
from practice.text import notifications
from tests.handlers import worst_case
from tests.handlers.worst_case import PATTERNS

Json = dict[str, Any]
VIEWERS = ("U0ALICE", "U0BOB", "U0MARA")

everywhere = pytest.mark.parametrize("locale", LOCALES)
nastily = pytest.mark.parametrize("pattern", PATTERNS)


def takes_message(message: Json) -> None:
    assert check_message(message) == []
    assert notifications(message) == []
    assert len(message["text"]) <= 4000


def takes_view(view: Json) -> None:
    assert check_view(view) == []
    assert notifications(view) == []
    assert len(json.dumps(view)) <= MOST_BYTES


def lives(pattern: str) -> Iterator[Facts]:
    """Go through the longest lives."""
    lived = worst_case.in_status(worst_case.facts(pattern), pattern, Status.IN_PROGRESS, "&" * 40)
    voters = [f"U0MANY{n}" for n in range(50)]
    for votes in (None, Result.APPROVED):
        for blind in (True, False):
            many = worst_case.voted(lived, pattern, blind=blind, result=votes, voters=voters)
            many = replace(many, names={**many.names, **dict.fromkeys(voters, worst_case.text(pattern, 80))})
            yield worst_case.asked(worst_case.whole(many, pattern, 30, others=200), pattern, 30)
            yield worst_case.whole(many, pattern, 30, others=200)
    answer = {"answer": worst_case.text(pattern, 3000), "answered_by": "U0BOB"}
    for state in State:
        item = worst_case.facts(pattern, Kind.QUESTION, state=state.value, **answer)
        yield worst_case.asked(worst_case.whole(item, pattern, 30), pattern, 30)
    withdrawn = worst_case.whole(worst_case.facts(pattern, state=State.WITHDRAWN.value), pattern, 1)
    assert withdrawn.requirement
    withdrawn.requirement.withdrawn_at = worst_case.NOW
    yield withdrawn


@everywhere
@nastily
def test_the_details_of_every_long_life(locale: str, pattern: str) -> None:
    for facts in lives(pattern):
        for viewer in VIEWERS:
            takes_view(details(facts, locale, viewer))


def test_anonymous_comments_stand_in_no_telling_order() -> None:
    facts = worst_case.voted(worst_case.facts("plain"), "plain", blind=True, result=Result.APPROVED)
    facts = replace(facts, names=dict.fromkeys(worst_case.VOTERS, "Somebody"))
    assert "Somebody" in json.dumps(details(facts, "en", "U0ALICE"))
    assert facts.vote
    facts.vote.anonymous = True
    for at, ballot in enumerate(facts.ballots):
        ballot.why = f"{'zyx'[at % 3]} because {at}"
    drawn = json.dumps(details(facts, "en", "U0ALICE"))
    assert "x because" in drawn
    assert drawn.index("x because") < drawn.index("y because") < drawn.index("z because")
    assert "Somebody" not in drawn


def test_a_view_too_large_for_slack_would_be_noticed() -> None:
    facts = worst_case.asked(worst_case.facts("chinese"), "chinese", 30)
    assert len(json.dumps(_details(facts, "en", "U0ALICE", ENTRIES[0]))) > MOST_BYTES
    takes_view(details(facts, "en", "U0ALICE"))


@everywhere
@nastily
def test_the_form_that_edits_feedback(locale: str, pattern: str) -> None:
    facts = worst_case.facts(pattern, hide_customer=True)
    form = feedback_forms.edit_form(locale, facts.feedback, facts.customer, metadata(feedback=987654, changes=120))
    takes_view(form)
    bare = worst_case.facts(pattern, stake=None, scenario=None, said_by=None, title="x", words="x")
    takes_view(feedback_forms.edit_form(locale, bare.feedback, bare.customer, metadata(feedback=1, changes=0)))


@everywhere
@nastily
def test_the_form_that_edits_a_requirement(locale: str, pattern: str) -> None:
    for facts in (worst_case.facts(pattern), worst_case.whole(worst_case.facts(pattern), pattern, 1)):
        assert facts.requirement
        takes_view(requirement_forms.edit_form(locale, facts.requirement, metadata(feedback=987654, changes=120)))


def items(pattern: str) -> Iterator[Item]:
    for kind in CHANGES:
        state = State.WITHDRAWN if kind == "withdrawn" else State.OPEN
        facts = worst_case.whole(worst_case.facts(pattern, state=state.value), pattern, 1)
        number = next(change.number for change in facts.changes if change.what == kind)
        yield Item("i", kind, number, facts)


@everywhere
@nastily
def test_every_news_of_a_change(locale: str, pattern: str) -> None:
    for item in items(pattern):
        takes_message(news([item], locale))


@nastily
def test_forty_changes_leave_in_as_many_messages_as_it_takes(pattern: str) -> None:
    for item in items(pattern):
        left = [item] * 40
        while left:
            shown, left = left[: fitting(left)], left[fitting(left) :]
            assert shown
            takes_message(news(shown, "en"))


@everywhere
@nastily
def test_the_note_of_a_reopening(locale: str, pattern: str) -> None:
    facts = worst_case.whole(worst_case.facts(pattern, Kind.QUESTION), pattern, 1)
    change = facts.changes[-1]
    for why in (change.before["why"], None):
        change.before["why"] = why
        message = reopened_note(facts, change, locale)
        assert check_message(message) == []
        assert notifications(message) == ["<@U0BOB>"]  # who answered is told, nobody else


@everywhere
@nastily
def test_what_a_search_finds(locale: str, pattern: str) -> None:
    found = []
    for facts in (worst_case.facts(pattern), worst_case.facts(pattern, Kind.QUESTION)):
        found += [(facts.feedback, facts.customer, facts.requirement)] * 5
    for sees in (True, False):
        message = results(locale, found, 123456, worst_case.text(pattern, 4000), lambda _, sees=sees: sees)  # type: ignore[misc]
        takes_message(message)
    nothing = results(locale, [], 0, worst_case.text(pattern, 4000), lambda _: True)
    assert check_message(nothing) == []
    assert notifications(nothing) == []
