"""Whose Home we draw, what they chose to see there, and what waits for them."""

from sqlalchemy.orm import Session

from bot.domain.home import Show
from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.services import feedback as service
from bot.services import records, votes
from storage import home
from storage.home import HomeTab
from tests import make
from tests.make import ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM, later


def tab(session: Session, user_id: str = ALICE.user_id) -> HomeTab:
    found = session.get(HomeTab, (TEAM, user_id), populate_existing=True)
    assert found
    return found


def test_news_are_what_came_since_one_looked_before_and_what_one_chose_stays(session: Session) -> None:
    home.look(session, TEAM, ALICE.user_id, MONDAY)
    assert (tab(session).opened_at, tab(session).news_since) == (MONDAY, None)
    home.choose(session, TEAM, ALICE.user_id, show=Show.CLOSED, page=3)
    home.look(session, TEAM, ALICE.user_id, later(hours=1))
    assert (tab(session).opened_at, tab(session).news_since) == (later(hours=1), MONDAY)
    assert (tab(session).show, tab(session).page) == ("closed", 3)


def test_who_never_opened_their_home_has_none(session: Session) -> None:
    home.choose(session, TEAM, ALICE.user_id, show=Show.CLOSED)
    assert home.drawn(session, TEAM, ALICE.user_id, None, "1.a")
    assert home.openers(session, TEAM) == set()
    home.look(session, TEAM, ALICE.user_id, MONDAY)
    assert home.openers(session, TEAM) == {ALICE.user_id}


def test_a_drawing_that_another_came_before_is_noticed_and_noted(session: Session) -> None:
    home.look(session, TEAM, ALICE.user_id, MONDAY)
    assert home.drawn(session, TEAM, ALICE.user_id, None, "1.a")
    assert home.drawn(session, TEAM, ALICE.user_id, "1.a", "2.b")
    assert not home.drawn(session, TEAM, ALICE.user_id, "1.a", "3.c")
    assert tab(session).hash == "3.c"


def waiting(session: Session, who: Actor) -> list[int]:
    """Return what waits for a vote, after holding it against what voting through goes by."""
    found, number = home.voting(session, TEAM, who.user_id, 50)
    rounds = [vote.requirement for _, vote in found]
    assert number == len(rounds)
    assert rounds == [vote.requirement for vote in votes.without_vote_of(session, TEAM, who.user_id)]
    assert rounds == [line.requirement for line, _ in found]
    return rounds


def test_what_waits_for_a_vote_is_what_voting_through_brings(session: Session) -> None:
    make.rules(session)
    make.file(session, "Bob alone.", by=BOB)
    make.file(session, "Bob and Meiling.", by=BOB)
    make.file(session, "Alice, paused.")
    make.file(session, "Alice.")
    make.file(session, "Withdrawn.")
    make.ask_too(session, 2, MEILING)
    service.ask(session, DORA, 3, "How many?", MONDAY, key="ask")
    records.withdraw(session, MARA, 5, MONDAY, key="withdraw")
    make.vote(session, DORA, 4, Choice.APPROVE)
    assert waiting(session, BOB) == [2, 4, 3]
    assert waiting(session, DORA) == [1, 2, 3]
    first, number = home.voting(session, TEAM, DORA.user_id, 2)
    assert ([vote.requirement for _, vote in first], number) == ([1, 2], 3)


def test_questions_wait_in_the_order_they_were_asked_with_who_asked(session: Session) -> None:
    make.rules(session)
    for words in ("One.", "Two.", "Three."):
        make.file(session, words)
    for number in (2, 1, 3):
        service.ask(session, BOB, number, "How many?", MONDAY, key=f"ask:{number}")
    records.withdraw(session, ALICE, 3, MONDAY, key="withdraw")
    asked, number = home.to_answer(session, TEAM, ALICE.user_id, 1)
    assert ([one.line.feedback for one in asked], number) == ([2], 2)
    assert asked[0].asker == BOB.user_id  # until we know their name
