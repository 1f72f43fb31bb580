import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.services import feedback
from storage import feedback as feedback_store
from storage import news
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, EMIL, MARA, MEILING, MONDAY, TEAM, refusal


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


def answer(session: Session, number: int, words: str = "It is in the settings.", by: Actor = MARA) -> bool:
    return feedback.answer(session, by, number, words, MONDAY, key=make.form())


def ask(session: Session, number: int, words: str = "Which format?", by: Actor = BOB) -> bool:
    return feedback.ask(session, by, number, words, MONDAY, key=make.form())


def reply(session: Session, question: int = 1, words: str = "XLSX.", by: Actor = ALICE) -> bool:
    return feedback.answer_question(session, by, question, words, MONDAY, key=make.form())


def test_the_answer_stands_and_the_filer_hears_it(session: Session) -> None:
    make.file(session, kind=Kind.QUESTION)
    make.delivered(session)
    assert answer(session, 1, "  It is in the settings. ")
    answered = feedback_store.get(session, TEAM, 1)
    assert answered is not None
    assert (answered.state, answered.answer, answered.answered_by) == ("answered", "It is in the settings.", "UMARA")
    rows = make.waiting(session)
    assert set(rows) == {"card:F-1", "receipt:F-1", "news:UALICE"}
    items = news.of_message(session, TEAM, rows["news:UALICE"].id)
    assert [(item.kind, item.number, item.feedback) for item in items] == [("answer", 1, 1)]


def test_a_second_answer_is_refused(session: Session) -> None:
    make.file(session, kind=Kind.COMPLAINT)
    answer(session, 1)
    with refusal(session, "refused.answered"):
        answer(session, 1, "Something else.", by=BOB)


def test_the_same_answer_sent_twice_is_taken_once(session: Session) -> None:
    make.file(session, kind=Kind.COMPLAINT)
    assert feedback.answer(session, MARA, 1, "Sorry!", MONDAY, key="view:9")
    assert not feedback.answer(session, MARA, 1, "Sorry!", MONDAY, key="view:9")


def test_a_requirement_is_voted_on_not_answered(session: Session) -> None:
    make.file(session, kind=Kind.NEED)
    with refusal(session, "refused.answer_requirement"):
        answer(session, 1)


@pytest.mark.parametrize("words", ["", "  \n "])
def test_an_empty_answer_is_refused_at_its_field(session: Session, words: str) -> None:
    make.file(session, kind=Kind.QUESTION)
    with refusal(session, "refused.text_empty", field="answer"):
        answer(session, 1, words)


def test_an_answer_too_long_is_refused_at_its_field(session: Session) -> None:
    make.file(session, kind=Kind.QUESTION)
    with refusal(session, "refused.too_long", field="answer"):
        answer(session, 1, "x" * 3001)


def test_what_does_not_exist_cannot_be_answered(session: Session) -> None:
    with refusal(session, "refused.unknown_feedback"):
        answer(session, 99)


def test_who_answers_their_own_question_gets_no_news_of_it(session: Session) -> None:
    make.file(session, by=BOB, kind=Kind.QUESTION)
    make.delivered(session)
    answer(session, 1, by=BOB)
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1"}


@pytest.mark.parametrize("somebody", [ALICE, BOB, MARA, ADA])
def test_the_filer_and_the_team_can_make_a_requirement(session: Session, somebody: Actor) -> None:
    filed = make.file(session, kind=Kind.COMPLAINT)
    assert feedback.make_requirement(session, somebody, 1, MONDAY) == 1
    made = make.requirement(session)
    assert (made.status, made.title, made.origin) == ("in_review", filed.title, 1)
    assert [item.number for item in feedback_store.of_requirement(session, TEAM, 1)] == [1]
    assert make.newest_round(session).closed_at is None


def test_a_stranger_cannot_make_a_requirement(session: Session) -> None:
    make.file(session, kind=Kind.COMPLAINT)
    with refusal(session, "refused.team_only"):
        feedback.make_requirement(session, MEILING, 1, MONDAY)


def test_a_second_requirement_of_the_same_feedback_is_refused(session: Session) -> None:
    make.file(session, kind=Kind.COMPLAINT)
    feedback.make_requirement(session, BOB, 1, MONDAY)
    with refusal(session, "refused.already_requirement"):
        feedback.make_requirement(session, DORA, 1, MONDAY)


def test_a_need_has_its_requirement_already(session: Session) -> None:
    make.file(session, kind=Kind.NEED)
    with refusal(session, "refused.already_requirement"):
        feedback.make_requirement(session, BOB, 1, MONDAY)


def test_what_does_not_exist_makes_no_requirement(session: Session) -> None:
    with refusal(session, "refused.unknown_feedback"):
        feedback.make_requirement(session, BOB, 99, MONDAY)


def test_the_filer_hears_that_another_made_a_requirement(session: Session) -> None:
    make.file(session, kind=Kind.COMPLAINT)
    make.delivered(session)
    feedback.make_requirement(session, BOB, 1, MONDAY)
    rows = make.waiting(session)
    assert set(rows) == {"card:F-1", "receipt:F-1", "news:UALICE"}
    items = news.of_message(session, TEAM, rows["news:UALICE"].id)
    assert [(item.kind, item.number) for item in items] == [("requirement", 1)]


def test_the_filer_who_made_the_requirement_is_not_told(session: Session) -> None:
    make.file(session, kind=Kind.COMPLAINT)
    make.delivered(session)
    feedback.make_requirement(session, ALICE, 1, MONDAY)
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1"}


def test_the_question_goes_to_the_filer(session: Session) -> None:
    make.file(session)
    make.delivered(session)
    assert ask(session, 1, " Which format? ")
    asked = feedback_store.question(session, TEAM, 1)
    assert asked is not None
    assert (asked.feedback, asked.question, asked.asked_by, asked.answer) == (1, "Which format?", "UBOB", None)
    rows = make.waiting(session)
    items = news.of_message(session, TEAM, rows["news:UALICE"].id)
    assert [(item.kind, item.number) for item in items] == [("question", 1)]


def test_the_same_question_sent_twice_is_asked_once(session: Session) -> None:
    make.file(session)
    assert feedback.ask(session, BOB, 1, "Which format?", MONDAY, key="view:9")
    assert not feedback.ask(session, BOB, 1, "Which format?", MONDAY, key="view:9")
    assert len(feedback_store.questions(session, TEAM, 1)) == 1


def test_several_people_can_ask(session: Session) -> None:
    make.file(session)
    for somebody in (BOB, MARA, ADA):
        ask(session, 1, by=somebody)
    assert [question.number for question in feedback_store.questions(session, TEAM, 1)] == [1, 2, 3]


def test_one_cannot_ask_oneself(session: Session) -> None:
    make.file(session, by=BOB)
    with refusal(session, "refused.ask_yourself"):
        ask(session, 1, by=BOB)


def test_an_empty_question_is_refused_at_its_field(session: Session) -> None:
    make.file(session)
    with refusal(session, "refused.text_empty", field="question"):
        ask(session, 1, " ")


def test_what_does_not_exist_cannot_be_asked_about(session: Session) -> None:
    with refusal(session, "refused.unknown_feedback"):
        ask(session, 99)


def test_the_reply_goes_to_the_thread_of_the_card(session: Session) -> None:
    make.file(session)
    ask(session, 1)
    make.delivered(session)
    assert reply(session, words=" XLSX. ")
    answered = feedback_store.question(session, TEAM, 1)
    assert answered is not None
    assert (answered.answer, answered.answered_by, answered.answered_at) == ("XLSX.", "UALICE", MONDAY)
    rows = make.waiting(session)
    assert {key: row.lane for key, row in rows.items()} == {
        "card:F-1": "triage",
        "note:F-1:Q-1": "triage",
        "receipt:F-1": "UALICE",
    }
    assert rows["note:F-1:Q-1"].about == "Q-1"


def test_a_second_reply_is_refused(session: Session) -> None:
    make.file(session)
    ask(session, 1)
    reply(session)
    with refusal(session, "refused.answered"):
        reply(session, words="No, CSV.")


def test_the_same_reply_sent_twice_is_taken_once(session: Session) -> None:
    make.file(session)
    ask(session, 1)
    assert feedback.answer_question(session, ALICE, 1, "XLSX.", MONDAY, key="view:9")
    assert not feedback.answer_question(session, ALICE, 1, "XLSX.", MONDAY, key="view:9")


@pytest.mark.parametrize("somebody", [BOB, EMIL, MARA, ADA])
def test_only_who_was_asked_replies(session: Session, somebody: Actor) -> None:
    make.file(session)
    ask(session, 1)
    with refusal(session, "refused.filer_only"):
        reply(session, by=somebody)


def test_a_question_nobody_asked_has_no_reply(session: Session) -> None:
    with refusal(session, "refused.unknown_question"):
        reply(session, 99)


def test_a_question_about_withdrawn_feedback_needs_no_reply(session: Session) -> None:
    make.file(session)
    ask(session, 1)
    feedback.undo(session, ALICE, 1, MONDAY)
    with refusal(session, "refused.withdrawn"):
        reply(session)
