"""Slack takes every list that comes by itself, Home and the walk through votes, however large and nasty the data."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.domain.digest import Why
from bot.domain.home import Group, Show
from bot.domain.refusals import Refused
from bot.domain.requirements import Status
from bot.domain.votes import Choice, Result
from bot.i18n import say
from bot.services.digest import Item
from bot.services.summaries import WISHES
from bot.services.vote_through import Taken
from handlers.slack.blocks import home as home_blocks
from handlers.slack.blocks.home import Home, Mine, home
from handlers.slack.blocks.lists import Waiting, named, waiting
from handlers.slack.blocks.reminders import reminder, summary, wish_menu
from handlers.slack.blocks.vote_through import closed_note, end_view, nothing_view, round_view
from handlers.slack.vote_through import MOST, Walk, _said
from storage.home import Asked
from storage.lines import Line
from storage.mine import News, Piece
from storage.votes import Round
from tests.handlers import worst_case
from tests.handlers.test_worst_documents import everywhere, nastily, takes_message, takes_view
from tests.handlers.worst_case import NOW

SHANGHAI = ZoneInfo("Asia/Shanghai")
WALK = Walk("f" * 32, MOST, tuple((987_654_321, 12) for _ in range(MOST)))


def a_line(pattern: str, *, hidden: bool = False, status: str | None = "in_progress") -> Line:
    """Return a line as long as the rules let it be."""
    title, customer = worst_case.text(pattern, 80), worst_case.text(pattern, 69)
    return Line(987654, 987654, title, customer, hidden, "U0ALICE", "open", status)


def rounds(pattern: str) -> Iterator[Waiting]:
    """Go through rounds with a deadline, without one, waiting for an answer, of a hidden customer."""
    vote = worst_case.a_round(blind=True, result=None)
    for due_at, paused_at in ((NOW, None), (NOW + timedelta(days=90), None), (None, None), (NOW, NOW)):
        more = {"opened_at": NOW, "due_at": due_at, "paused_at": paused_at, "decides": True, "blind": True}
        yield a_line(pattern), Round(team_id="T1", requirement=987654, number=3, quorum=50, **more)
    yield a_line(pattern, hidden=True), vote


@everywhere
@nastily
def test_every_reminder(locale: str, pattern: str) -> None:
    found = [waiting(one, locale, worst_case.policy(), "U0BOB", SHANGHAI, NOW) for one in rounds(pattern)]
    for lines in (found[:1], found, found * 20):
        takes_message(reminder(locale, lines))


@everywhere
@nastily
def test_every_summary(locale: str, pattern: str) -> None:
    name = named(a_line(pattern), locale, worst_case.policy(), "U0ALICE")
    line = say(locale, "line.new", line=name)
    groups = [(say(locale, f"status.{status}"), [line] * 40) for status in Status]
    ones = [(title, [line]) for title, _ in groups]
    for wish in WISHES:
        for shown in (groups, ones, groups[:1]):
            takes_message(summary(locale, shown, wish))
        takes_message({"text": "x", "blocks": [wish_menu(locale, wish)]})


def pieces(pattern: str) -> list[Piece]:
    """Return a page with a piece of every group, and every kind of news among them."""
    news = [None, *News]
    return [
        Piece(a_line(pattern), group, news[place % len(news)], "in_progress", "undecided")
        for place, group in enumerate([*Group, *Group][: home_blocks.PAGE])
    ]


def filed(pattern: str, show: Show, found: list[Piece]) -> Mine:
    """Return a person's feedback, a thousand pieces of every sort, of as many customers as a menu takes."""
    counts = {(group, changed): 1000 for group in Group for changed in (False, True)} if found else {}
    names = {number: worst_case.text(pattern, 69) for number in range(50)}
    return Mine(counts, show, names, 7, NOW, wanted_page=2, pieces=found)


@everywhere
@nastily
def test_every_home(locale: str, pattern: str) -> None:
    votes = list(rounds(pattern))
    asked = [Asked(worst_case.question(pattern, n, answered=False), a_line(pattern), "N" * 80) for n in range(5)]
    undecided = [(a_line(pattern), Item(1, 1, why, 1000)) for why in Why][: home_blocks.FIRST]
    for show in Show:
        mine = filed(pattern, show, pieces(pattern))
        full = Home("U0BOB", worst_case.policy(), SHANGHAI, NOW, votes, 1000, undecided, 1000, asked, 1000, mine)
        nothing = replace(full, voting=[], deciding=[], asked=[], mine=filed(pattern, show, []))
        for facts in (full, nothing, replace(full, voting=None, deciding=None, asked=[])):
            view = home(facts, locale)
            takes_view(view)
            assert len(view["blocks"]) <= 60


@everywhere
@nastily
def test_every_round_of_the_walk(locale: str, pattern: str) -> None:
    needed = worst_case.facts(pattern, hide_customer=True)
    why = worst_case.text(pattern, 500)
    outcomes = [
        Taken(),
        Taken(Choice.REJECT),
        *(Taken(Choice.REJECT, result) for result in Result),
        Taken(refused=Refused("refused.vote_closed", result="approved")),
        Taken(refused=Refused("refused.vote_former")),
    ]
    closed = closed_note(locale, [("R-987654", result) for result in Result] * 20)
    for facts in (needed, worst_case.voted(needed, pattern, blind=False, result=None)):
        for taken in outcomes:
            notes = [*_said(locale, 987_654_321, taken, why), closed]
            takes_view(round_view(facts, locale, "U0BOB", (100, 100), notes, WALK.metadata()))


@everywhere
@nastily
def test_every_end_of_the_walk(locale: str, pattern: str) -> None:
    name = named(a_line(pattern), locale, worst_case.policy(), "U0BOB")
    refused = Taken(refused=Refused("refused.reviewers_only"))
    for voted, skipped, waits in ((0, [], 0), (1, [name], 1), (100, [name] * 100, 1000)):
        takes_view(end_view(locale, voted, skipped, waits, _said(locale, 1, refused, worst_case.text(pattern, 500))))
    takes_view(nothing_view(locale))
