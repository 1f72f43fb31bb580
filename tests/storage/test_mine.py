"""What a person filed, by where it stands, and what others did about it since they last looked."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.home import GROUP_OF, Group, Show, is_shown
from bot.domain.people import Actor
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.services import feedback as service
from bot.services import records, requirements, votes
from storage import feedback, mine
from storage.mine import News, Piece
from tests import make
from tests.make import ALICE, BOB, DORA, MARA, MONDAY, TEAM, later

LOOKED, AFTER = later(hours=1), later(hours=2)


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


def pieces(session: Session, show: Show = Show.ALL, since: datetime | None = LOOKED, **more: int) -> list[Piece]:
    facts = {"customer": None, "limit": 50, "offset": 0, **more}
    return mine.page(session, TEAM, ALICE.user_id, since, show=show, **facts)  # type: ignore[arg-type]


def one(session: Session, since: datetime | None = LOOKED) -> Piece:
    (found,) = pieces(session, since=since)
    return found


def change(session: Session, to: Status, by: Actor = MARA, number: int = 1, at: datetime = AFTER) -> None:
    needed = {"reason": "direction", "sentence": "Not where we go."} if to is Status.DECLINED else {}
    needed = {"reason": "capacity", "sentence": "Not this year."} if to is Status.DEFERRED else needed
    requirements.change(session, by, number, Change(to, **needed), at, key=make.form())


def ask(session: Session, number: int = 1, by: Actor = BOB, at: datetime = AFTER) -> None:
    service.ask(session, by, number, "How many?", at, key=make.form())


def test_every_status_has_its_group() -> None:
    assert set(GROUP_OF) == set(Status)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.NEW])
def test_what_a_requirement_is_decides_where_its_feedback_stands(session: Session, status: Status) -> None:
    make.file(session)
    change_straight(session, status)
    assert one(session).group is GROUP_OF[status]


def change_straight(session: Session, status: Status) -> None:
    ways = {Status.SOLVED: (Status.ACCEPTED, Status.SHIPPED, Status.SOLVED), Status.IN_REVIEW: ()}
    ways |= {to: (Status.ACCEPTED, to) for to in (Status.IN_PROGRESS, Status.VALIDATING, Status.SHIPPED)}
    for step in ways.get(status, (status,)):
        change(session, step)


def test_what_has_no_requirement_waits_until_it_is_answered(session: Session) -> None:
    filed = make.file(session, kind=Kind.QUESTION)
    assert one(session).group is Group.WAITING
    service.answer(session, BOB, filed.number, "Like this.", AFTER, key="answer")
    assert (one(session).group, one(session).news) == (Group.CLOSED, News.ANSWERED)
    records.reopen(session, ALICE, filed.number, AFTER, key="reopen")
    assert (one(session).group, one(session).news) == (Group.WAITING, None)


def test_a_question_comes_before_whatever_else_there_is(session: Session) -> None:
    make.file(session)
    change(session, Status.ACCEPTED)
    ask(session)
    assert (one(session).group, one(session).news) == (Group.ANSWER, News.ASKED)
    service.answer_question(session, ALICE, 1, "Twelve.", AFTER, key="answer")
    assert (one(session).group, one(session).news) == (Group.BUILDING, News.MOVED)


def test_of_several_moves_the_status_before_the_first_is_told(session: Session) -> None:
    make.file(session)
    change(session, Status.ACCEPTED, at=MONDAY)
    change(session, Status.IN_PROGRESS)
    change(session, Status.SHIPPED)
    assert (one(session).news, one(session).before) == (News.MOVED, "accepted")


def test_a_vote_that_closed_without_deciding_is_news(session: Session) -> None:
    make.file(session)
    for who in (BOB, DORA):
        votes.cast(session, who, 1, Choice.REJECT, 1.0, AFTER)
    assert (one(session).news, one(session).result) == (News.VOTED, "rejected")


def test_what_somebody_else_withdrew_is_shown_until_one_has_looked(session: Session) -> None:
    make.file(session)
    records.withdraw(session, MARA, 1, AFTER, key="withdraw")
    assert (one(session).group, one(session).news) == (Group.CLOSED, News.WITHDRAWN)
    assert pieces(session, since=later(hours=3)) == []
    assert pieces(session, since=None) == []


def test_nothing_that_one_did_oneself_is_news(session: Session) -> None:
    alice_manages = {"people": {"reviewers": ["UALICE", "UBOB"], "managers": ["UALICE"]}}
    make.rules(session, **alice_manages)  # type: ignore[arg-type]
    with_requirement = make.file(session)
    question = make.file(session, "They ask.", kind=Kind.QUESTION)
    gone = make.file(session, "They thank us.", kind=Kind.PRAISE)
    change(session, Status.DECLINED, by=ALICE, number=with_requirement.requirement or 0)
    service.answer(session, ALICE, question.number, "Like this.", AFTER, key="answer")
    records.withdraw(session, ALICE, gone.number, AFTER, key="withdraw")
    assert [piece.news for piece in pieces(session)] == [None, None]


def test_what_one_filed_since_is_not_news_by_itself(session: Session) -> None:
    draft = make.file(session)
    feedback.change(session, TEAM, draft.number, filed_at=AFTER)
    assert one(session, since=later(hours=-1)).news is None


def test_who_never_looked_before_is_told_of_no_news(session: Session) -> None:
    make.file(session)
    change(session, Status.ACCEPTED)
    ask(session)
    assert one(session, since=None).news is None


def test_what_happened_before_one_looked_is_no_news(session: Session) -> None:
    make.file(session)
    ask(session, at=MONDAY)
    change(session, Status.ACCEPTED, at=MONDAY)
    assert one(session).news is None


def fill(session: Session) -> None:
    """File one piece for each group, and a second one that closed since."""
    for number, words in enumerate(("asked", "shipped", "accepted", "waiting", "deferred", "solved", "declined"), 1):
        customer = "Acme" if number % 2 else "Beta"
        make.file(session, f"They need {words}.", customer_name=customer)
    ask(session, 1, at=MONDAY)
    for number, way in {
        2: (Status.ACCEPTED, Status.SHIPPED),
        3: (Status.ACCEPTED,),
        5: (Status.DEFERRED,),
        6: (Status.ACCEPTED, Status.SHIPPED, Status.SOLVED),
    }.items():
        for to in way:
            change(session, to, number=number, at=MONDAY)
    change(session, Status.DECLINED, number=7)


@pytest.mark.parametrize(
    ("show", "numbers"),
    [
        (Show.ALL, [1, 2, 3, 4, 5, 7, 6]),
        (Show.OPEN, [1, 2, 3, 4, 5, 7]),
        (Show.CLOSED, [7, 6]),
        (Show.CHANGED, [7]),
    ],
)
def test_pieces_come_by_group_the_most_urgent_first_and_in_each_what_changed(
    session: Session, show: Show, numbers: list[int]
) -> None:
    fill(session)
    found = pieces(session, show)
    assert [piece.line.feedback for piece in found] == numbers
    counted = mine.count(session, TEAM, ALICE.user_id, LOOKED, None)
    shown = sum(number for (group, changed), number in counted.items() if is_shown(show, group, changed=changed))
    assert shown == len(numbers)


def test_pages_follow_one_another_without_gap_or_repetition(session: Session) -> None:
    fill(session)
    turned = [pieces(session, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in turned] == [3, 3, 1, 0]
    assert [piece for page in turned for piece in page] == pieces(session)


def test_of_one_customer_only_theirs_is_shown_and_counted(session: Session) -> None:
    fill(session)
    beta = next(one for one in feedback.recent_customers(session, TEAM, ALICE.user_id, 9) if one.name == "Beta")
    assert [piece.line.feedback for piece in pieces(session, customer=beta.id)] == [2, 4, 6]
    assert sum(mine.count(session, TEAM, ALICE.user_id, LOOKED, beta.id).values()) == 3


def test_nothing_of_others_is_among_it(session: Session) -> None:
    make.file(session, "Bob's.", by=BOB)
    assert pieces(session) == []
    assert mine.count(session, TEAM, ALICE.user_id, LOOKED, None) == {}
