"""What somebody leaves open when they leave, or vote no more, and who takes it over."""

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.domain.requirements import Status
from bot.domain.votes import Choice
from bot.services import feedback, votes
from bot.services import people as service
from bot.services import policy as policy_service
from handlers.slack import letters
from practice.text import message_text
from storage import changes, home, people, places
from storage.db import Database
from storage.outbox import OutboxRow
from storage.people import Profile
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, MARA, MEILING, MONDAY, RULES, TEAM, later

MANAGERS = {**RULES["people"], "managers": ["UMARA", "UMAX"]}
MAX = Actor(TEAM, "UMAX")


@pytest.fixture(autouse=True)
def _ruled(request: pytest.FixtureRequest) -> None:
    if "session" in request.fixturenames:
        make.rules(request.getfixturevalue("session"), people=MANAGERS)


def here(session: Session, who: Actor, *, deleted: bool = False) -> None:
    people.save(session, TEAM, Profile(who.user_id, who.user_id[1:].capitalize(), who.locale, deleted=deleted))
    session.expire_all()


def leaves(session: Session, who: Actor) -> bool:
    """Let somebody leave the workspace; say whether that leaves anything open."""
    here(session, who, deleted=True)
    return service.hand_over(session, TEAM, who.user_id, "left", MONDAY)


def votes_no_more(session: Session, who: Actor) -> None:
    """Take somebody out of the reviewers."""
    reviewers = [name for name in ("UBOB", "UDORA", "UEMIL") if name != who.user_id]
    policy_service.apply(session, TEAM, {"people": {**MANAGERS, "reviewers": reviewers}}, "test", MONDAY)


def handed(session: Session) -> dict[str, str]:
    """Return what each who is told is told of."""
    return {row.lane: row.about for row in handovers(session)}


def handovers(session: Session) -> list[OutboxRow]:
    return [row for row in make.waiting(session).values() if row.kind == "handover"]


def read(session: Session, reader: Actor = MARA) -> str:
    """Return what a manager's messages say, as they would leave now."""
    drawn = [letters.draw(session, row, MONDAY) for row in handovers(session) if row.lane == reader.user_id]
    return "\n".join(message_text(each.message) for each in drawn if each)


def test_managers_hear_what_somebody_who_left_had_open_and_can_take_it_over(session: Session) -> None:
    make.file(session)
    make.file(session, "Why is it so slow?", kind=Kind.QUESTION)
    assert leaves(session, ALICE)
    assert handed(session) == {"UMARA": "left:UALICE", "UMAX": "left:UALICE"}
    text = read(session)
    assert "Alice is no longer in this workspace" in text
    assert "R-1" in text
    assert "F-2" in text
    assert text.count("Take over") == 2


def test_who_never_voted_leaves_no_votes_behind(session: Session) -> None:
    make.file(session, by=MEILING)
    assert not leaves(session, ALICE)
    make.file(session, "They need another.")
    assert leaves(session, ALICE)
    assert "R-1" not in read(session)


def test_a_reviewer_who_left_leaves_the_votes_that_had_waited_for_them(session: Session) -> None:
    for number in range(3):
        make.file(session, f"They need number {number}.")
    make.file(session, "They need what Bob says.", by=BOB)
    make.vote(session, BOB, 1, Choice.APPROVE)
    make.move(session, Status.ACCEPTED, 2)
    assert leaves(session, BOB)
    text = read(session)
    assert "1 vote waited for them: R-3" in text
    assert "R-4" in text.split("1 vote")[0]  # their own wish is a request, on which they could not vote


def test_nothing_open_is_nothing_to_tell(session: Session) -> None:
    make.file(session)
    make.move(session, Status.DECLINED)
    make.delivered(session)
    assert not leaves(session, ALICE)
    assert not leaves(session, BOB)
    assert make.waiting(session) == {}


def test_a_reviewer_who_votes_no_more_leaves_votes_but_keeps_their_requests(session: Session) -> None:
    make.file(session)
    make.file(session, "They need what Bob says.", by=BOB)
    votes_no_more(session, BOB)
    assert handed(session) == {"UMARA": "no_reviewer:UBOB", "UMAX": "no_reviewer:UBOB"}
    text = read(session)
    assert "1 vote waited for them: R-1" in text
    assert "R-2" not in text
    assert "Take over" not in text


def test_leaving_after_being_replaced_is_told_beside_it_and_neither_hides_the_other(session: Session) -> None:
    make.file(session, "They need what Bob says.", by=BOB)
    make.file(session)
    assert leaves(session, BOB)
    votes_no_more(session, BOB)
    text = read(session)
    assert "Bob is no longer in this workspace" in text
    assert text.count("Take over") == 1
    assert text.count("R-2") == 1


def test_who_is_back_before_it_was_told_is_not_told_of(session: Session) -> None:
    make.file(session)
    make.file(session, "They need another.", by=MEILING)
    leaves(session, ALICE)
    here(session, ALICE)
    assert read(session) == ""
    votes_no_more(session, BOB)
    policy_service.apply(session, TEAM, {"people": MANAGERS}, "test", MONDAY)
    assert read(session) == ""


def test_what_was_settled_before_it_was_told_is_not_told(session: Session) -> None:
    make.file(session)
    leaves(session, ALICE)
    make.move(session, Status.DECLINED)
    assert read(session) == ""


def test_a_manager_who_leaves_hears_nothing_of_it_and_who_left_before_neither(session: Session) -> None:
    make.file(session, by=MARA)
    here(session, MARA)
    assert leaves(session, MARA)
    assert handed(session) == {"UMAX": "left:UMARA"}
    make.delivered(session)
    make.file(session, by=ALICE)
    make.delivered(session)
    assert leaves(session, ALICE)
    assert handed(session) == {"UMAX": "left:UALICE"}


def test_without_a_manager_who_is_here_the_admins_hear(session: Session) -> None:
    make.rules(session)
    make.file(session, by=MARA)
    assert leaves(session, MARA)
    assert handed(session) == {"UADA": "left:UMARA"}


def test_with_nobody_to_tell_nothing_is_written(session: Session) -> None:
    make.rules(session, people={"reviewers": ["UBOB", "UDORA"]})
    make.file(session)
    make.delivered(session)
    assert not leaves(session, ALICE)
    assert make.waiting(session) == {}


# Taking over


def test_taking_over_moves_the_receipt_and_all_news_to_the_manager(session: Session) -> None:
    make.file(session)
    places.remember(session, [make.place("receipt:F-1", "DALICE", "1.0")])
    make.delivered(session)
    leaves(session, ALICE)
    service.take_over(session, MARA, 1, MONDAY)
    rows = make.waiting(session)
    assert rows["receipt:F-1"].lane == "UMARA"
    assert places.of(session, TEAM, "receipt:F-1") is None  # Mara's is a new message
    assert "card:F-1" in rows
    make.delivered(session)
    make.move(session, Status.ACCEPTED, by=MAX)
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "news:UMARA"}
    (change,) = changes.of(session, TEAM, "F-1")
    assert (change.what, change.by, change.before) == ("taken_over", "UMARA", {"filed_by": "UALICE"})


def test_a_receipt_that_still_waits_for_who_left_goes_to_who_took_it_over(session: Session) -> None:
    make.file(session)
    assert make.waiting(session)["receipt:F-1"].lane == "UALICE"
    leaves(session, ALICE)
    service.take_over(session, MARA, 1, MONDAY)
    row = make.waiting(session)["receipt:F-1"]
    assert row.lane == "UMARA"
    assert letters.draw(session, row, MONDAY)


def test_a_receipt_tried_before_it_was_taken_over_is_not_sent_to_who_left(session: Session) -> None:
    make.file(session)
    leaves(session, ALICE)
    service.take_over(session, MARA, 1, MONDAY)
    here(session, ALICE)  # and is back
    row = OutboxRow(team_id=TEAM, lane="UALICE", kind="receipt", about="F-1", key="receipt:F-1")
    assert letters.draw(session, row, MONDAY) is None


def test_who_took_it_over_answers_its_questions_and_is_reminded_of_them(session: Session) -> None:
    make.file(session)
    feedback.ask(session, BOB, 1, "Which format?", MONDAY, key=make.form())
    make.delivered(session)
    leaves(session, ALICE)
    service.take_over(session, MARA, 1, MONDAY)
    assert [asked.question.number for asked in home.to_answer(session, TEAM, "UMARA", 5)[0]] == [1]
    make.delivered(session)
    assert feedback.follow_up(session, TEAM, 1, later(days=5))
    assert [key for key in make.waiting(session) if key.startswith("news:")] == ["news:UMARA"]
    assert feedback.answer_question(session, MARA, 1, "XLSX.", later(days=5), key=make.form())
    assert make.newest_round(session).paused_at is None


@pytest.mark.parametrize("somebody", [BOB, MEILING, ALICE])
def test_only_managers_take_over(session: Session, somebody: Actor) -> None:
    make.file(session)
    leaves(session, ALICE)
    with make.refusal(session, "refused.managers_only"):
        service.take_over(session, somebody, 1, MONDAY)


def test_of_somebody_who_is_here_nothing_is_taken(session: Session) -> None:
    make.file(session)
    here(session, ALICE)
    with make.refusal(session, "refused.filer_is_here", person="Alice"):
        service.take_over(session, MARA, 1, MONDAY)
    with make.refusal(session, "refused.unknown_feedback", number=77):
        service.take_over(session, MARA, 77, MONDAY)


def test_what_was_withdrawn_is_not_taken_over(session: Session) -> None:
    make.file(session)
    leaves(session, ALICE)
    feedback.undo(session, ALICE, 1, MONDAY)
    with make.refusal(session, "refused.withdrawn"):
        service.take_over(session, MARA, 1, MONDAY)


def test_a_second_manager_is_told_who_has_it(session: Session) -> None:
    make.file(session)
    here(session, MARA)
    leaves(session, ALICE)
    service.take_over(session, MARA, 1, MONDAY)
    with make.refusal(session, "refused.filer_is_here", person="Mara"):
        service.take_over(session, MAX, 1, MONDAY)


def test_of_two_managers_at_once_one_takes_it_over(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, people=MANAGERS)
        make.file(session)
        leaves(session, ALICE)

    def take(number: int) -> None:
        with database.begin() as session:
            service.take_over(session, (MARA, MAX, ADA, MARA)[number], 1, MONDAY)

    answers = make.at_once(4, take)
    assert [answer.key for answer in answers if isinstance(answer, Refused)] == ["refused.filer_is_here"] * 3
    with database.read() as session:
        (change,) = changes.of(session, TEAM, "F-1")
        assert make.waiting(session)["receipt:F-1"].lane == change.by


def test_what_a_manager_alone_asks_for_now_others_vote_on(session: Session) -> None:
    make.rules(session, people={**MANAGERS, "reviewers": ["UBOB", "UDORA", "UMARA"]})
    make.file(session)
    leaves(session, ALICE)
    service.take_over(session, MARA, 1, MONDAY)
    with make.refusal(session, "refused.own_wish"):
        make.vote(session, MARA, 1, Choice.APPROVE)
    assert make.vote(session, DORA, 1, Choice.APPROVE).result is None
    assert [vote.requirement for vote in votes.without_vote_of(session, TEAM, "UMARA")] == []
