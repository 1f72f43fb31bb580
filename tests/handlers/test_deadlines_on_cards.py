"""Until when a vote runs, as its card says it: the deadline that counts, or whose answer it waits for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.requirements import Status
from bot.domain.votes import Result
from bot.i18n import LOCALES, say
from handlers.slack.blocks.cards import card, deadline
from handlers.slack.blocks.receipts import status_line
from handlers.slack.facts import Facts
from practice.text import message_text
from tests.handlers import worst_case
from tests.handlers.worst_case import NOW

DUE = NOW + timedelta(days=3)


def voted_on(*, asked: bool = False, paused: bool = False, **changes: object) -> Facts:
    """Return facts of an open round with a deadline."""
    facts = worst_case.facts("plain")
    if asked:
        facts = worst_case.asked(facts, "plain", 1, answered=False)
    vote = worst_case.a_round(blind=True, result=None)
    vote.due_at, vote.departments, vote.paused_at = DUE, "", NOW if paused else None
    for name, value in changes.items():
        setattr(vote, name, value)
    return replace(facts, vote=vote, names={"U0ALICE": "Alice", "U0BOB": "Bob"})


def shown(facts: Facts, locale: str = "en") -> list[str]:
    return [str(text) for text in deadline(facts, locale)]


NEEDS_INFO = say("en", "card.needs_info", name="Alice")


def test_a_running_vote_says_until_when() -> None:
    (until,) = shown(voted_on())
    assert f"<!date^{int(DUE.timestamp())}^" in until


def test_a_vote_that_waits_for_an_answer_says_for_whose_and_no_deadline() -> None:
    assert shown(voted_on(asked=True, paused=True)) == [NEEDS_INFO]


def test_a_new_round_runs_though_a_former_question_waits_and_says_both() -> None:
    needs, until = shown(voted_on(asked=True))
    assert needs == NEEDS_INFO
    assert "<!date^" in until


def test_a_vote_that_waits_for_another_filers_answer_names_no_deadline_that_will_not_hold() -> None:
    assert shown(voted_on(paused=True)) == []


def test_a_closed_vote_and_one_of_a_former_version_have_no_deadline() -> None:
    closed = replace(voted_on(), vote=worst_case.a_round(blind=True, result=Result.UNDECIDED))
    assert shown(closed) == []
    assert shown(voted_on(due_at=None)) == []
    assert shown(replace(voted_on(), vote=None)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_departments_still_to_be_heard_are_named_unless_the_round_is_anonymous(locale: str) -> None:
    facts = voted_on(departments="engineering product")
    names = [say(locale, f"department.{name}") for name in ("engineering", "product")]
    assert all(name in message_text(card(facts, locale)) for name in names)
    anonymous = voted_on(departments="engineering product", anonymous=True)
    assert not any(name in message_text(card(anonymous, locale)) for name in names)


def test_the_receipt_says_the_same() -> None:
    assert "<!date^" in status_line(voted_on(), "en")
    assert status_line(voted_on(paused=True), "en") == say("en", "next.paused", ref="R-987654")
    waits = worst_case.in_status(worst_case.facts("plain"), "plain", Status.IN_REVIEW)
    closed = replace(waits, vote=worst_case.a_round(blind=True, result=Result.UNDECIDED))
    assert status_line(closed, "en") == say("en", "next.meeting", ref="R-987654")
