import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.services import feedback, requirements
from storage import news
from storage.outbox import OutboxRow
from tests import make
from tests.make import ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM


@pytest.fixture(autouse=True)
def _in_review(session: Session) -> None:
    """R-1 of Alice is in review, and everything about its filing was sent."""
    make.rules(session)
    make.file(session)
    make.delivered(session)


def moved(session: Session, to: Status, by: Actor = MARA, **after: float) -> None:
    change = Change(to, target=None, sentence="A word.", reason="effort" if to is Status.DECLINED else None)
    assert requirements.change(session, by, 1, change, make.later(**after), key=make.form())


def told(session: Session, person: Actor) -> list[tuple[str, int]]:
    """Return what the waiting message for a person carries."""
    row = make.waiting(session).get(f"news:{person.user_id}")
    return [(item.kind, item.number) for item in news.of_message(session, TEAM, row.id)] if row else []


def claimed(session: Session, key: str) -> str:
    row = make.waiting(session)[key]
    session.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(state="sending"))
    return row.id


def test_everyone_who_asked_hears_of_a_move(session: Session) -> None:
    make.ask_too(session, by=MEILING)
    make.delivered(session)
    moved(session, Status.ACCEPTED)
    assert told(session, ALICE) == told(session, MEILING) == [("move", 2)]


def test_who_acted_is_not_notified_but_their_receipt_is_redrawn(session: Session) -> None:
    make.ask_too(session, by=MARA)
    make.delivered(session)
    moved(session, Status.ACCEPTED, by=MARA)
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "receipt:F-2", "news:UALICE"}


def test_a_move_by_a_vote_is_news_for_its_voters_too(session: Session) -> None:
    make.ask_too(session, by=BOB)
    make.delivered(session)
    make.vote(session, DORA, 1, Choice.APPROVE)
    make.vote(session, BOB, 1, Choice.APPROVE)
    assert told(session, BOB) == told(session, ALICE) == [("move", 2)]


def test_who_withdrew_hears_nothing_more(session: Session) -> None:
    asked = make.ask_too(session, by=MEILING)
    feedback.undo(session, MEILING, asked.number, MONDAY)
    make.delivered(session)
    moved(session, Status.ACCEPTED)
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "news:UALICE"}


def test_who_asked_twice_gets_one_message_with_an_item_for_each(session: Session) -> None:
    make.ask_too(session, by=ALICE)
    make.delivered(session)
    moved(session, Status.ACCEPTED)
    row = make.waiting(session)["news:UALICE"]
    items = news.of_message(session, TEAM, row.id)
    assert [(item.feedback, item.kind, item.number) for item in items] == [(1, "move", 2), (2, "move", 2)]


def test_the_card_drawn_anew_is_the_one_of_the_feedback_it_came_from(session: Session) -> None:
    make.ask_too(session, by=MEILING)
    make.delivered(session)
    moved(session, Status.ACCEPTED)
    assert [key for key in make.waiting(session) if key.startswith("card:")] == ["card:F-1"]


def test_news_waits_for_company_and_everything_else_goes_at_once(session: Session) -> None:
    make.rules(session, delivery={"merge_s": 45})
    moved(session, Status.ACCEPTED)
    due = {key: row.due_at for key, row in make.waiting(session).items()}
    assert due == {"card:F-1": MONDAY, "receipt:F-1": MONDAY, "news:UALICE": make.later(seconds=45)}


def test_two_moves_within_the_time_leave_as_one_message_when_the_first_is_due(session: Session) -> None:
    moved(session, Status.ACCEPTED)
    moved(session, Status.IN_PROGRESS, seconds=59)
    assert told(session, ALICE) == [("move", 2), ("move", 3)]
    assert make.waiting(session)["news:UALICE"].due_at == make.later(seconds=60)


def test_news_of_different_requirements_shares_the_message_too(session: Session) -> None:
    make.file(session, "Another wish.")
    make.delivered(session)
    moved(session, Status.ACCEPTED)
    make.move(session, Status.ACCEPTED, requirement=2)
    row = make.waiting(session)["news:UALICE"]
    assert [item.feedback for item in news.of_message(session, TEAM, row.id)] == [1, 2]


def test_different_people_get_messages_of_their_own(session: Session) -> None:
    make.ask_too(session, by=MEILING)
    make.delivered(session)
    moved(session, Status.ACCEPTED)
    rows = make.waiting(session)
    assert rows["news:UALICE"].id != rows["news:UMEILING"].id
    assert (rows["news:UALICE"].lane, rows["news:UMEILING"].lane) == ("UALICE", "UMEILING")


def test_what_happens_once_the_message_is_on_its_way_makes_a_new_one(session: Session) -> None:
    moved(session, Status.ACCEPTED)
    first = claimed(session, "news:UALICE")
    moved(session, Status.IN_PROGRESS)
    assert told(session, ALICE) == [("move", 3)]
    assert [item.number for item in news.of_message(session, TEAM, first)] == [2]


def test_all_kinds_of_news_share_one_message_in_the_order_they_happened(session: Session) -> None:
    make.file(session, "Why is it so slow?", kind=Kind.COMPLAINT)
    make.delivered(session)
    feedback.ask(session, BOB, 1, "Which format?", make.later(seconds=1), key=make.form())
    feedback.answer(session, BOB, 2, "Sorry.", make.later(seconds=2), key=make.form())
    moved(session, Status.ACCEPTED, seconds=3)
    assert told(session, ALICE) == [("question", 1), ("answer", 2), ("move", 2)]


def test_news_goes_after_everything_else_in_a_persons_lane(session: Session) -> None:
    moved(session, Status.ACCEPTED)
    rows = make.waiting(session)
    assert rows["receipt:F-1"].priority < rows["news:UALICE"].priority


def test_a_reopened_vote_is_told_as_the_move_it_is(session: Session) -> None:
    moved(session, Status.DECLINED)
    moved(session, Status.IN_REVIEW)
    assert told(session, ALICE) == [("move", 2), ("move", 3)]


def test_nothing_is_written_for_another_workspace(session: Session) -> None:
    make.rules(session, "T0OTHER")
    make.file(session, by=Actor("T0OTHER", "UALICE"))
    make.delivered(session)
    moved(session, Status.ACCEPTED)
    rows = session.scalars(select(OutboxRow).where(OutboxRow.state == "waiting")).all()
    assert {row.team_id for row in rows} == {TEAM}
