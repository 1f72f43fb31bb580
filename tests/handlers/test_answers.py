"""Talking about feedback: answer it, ask its filer, reply, make a requirement of it."""

from functools import partial

import pytest

from bot.i18n import say
from practice.people import Person
from practice.workspace import Message
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")


def question(office: Office, words: str, by: Person | None = None) -> tuple[int, Message, Message]:
    """File a question; return its number, its card and its receipt."""
    number = workspace.file(office, by or office.alice, words, kind="question")
    return number, workspace.card(office, number), workspace.receipt(office, number)


def replies(office: Office, message: Message, count: int) -> list[Message]:
    """Return the thread under a message once it has so many replies."""
    office.ws.eventually(lambda: len(message.replies) >= count, what="no reply in the thread")
    workspace.quiet(office)
    assert len(message.replies) == count
    return message.replies


def ask(office: Office, card: Message, words: str, by: Person | None = None) -> None:
    """Ask the filer something."""
    by = by or office.bob
    by.chooses("Ask", on=card)
    by.fills("Your question", words)
    assert by.submits().closed


# -- answering


@pytest.mark.parametrize("kind", ["question", "complaint", "praise"])
def test_an_answer_comes_to_the_filers_thread_and_the_card_says_so(office: Office, kind: str) -> None:
    number = workspace.file(office, office.alice, f"Can they have a {kind} answered?", kind=kind)
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    assert card.buttons() == ["Answer", "Make it a requirement"]
    office.bob.presses("Answer", on=card)
    assert office.bob.modal
    assert f"Can they have a {kind} answered?" in office.bob.modal.text()
    office.bob.fills("Your answer", "Yes, <b>they</b> can & may.")
    assert office.bob.submits().closed
    told = replies(office, receipt, 1)[0]
    assert told.broadcast
    assert "Bob answered" in told.text
    assert "> Yes, <b>they</b> can & may." in told.text
    assert say("en", "card.answered", name="Bob") in card.text
    assert card.buttons() == []
    assert say("en", "next.answered", name="Bob") in receipt.text


def test_a_second_answer_is_refused_and_its_words_are_kept(office: Office) -> None:
    _, card, receipt = question(office, "Who answers first?")
    for person in (office.bob, office.dora):
        person.presses("Answer", on=card)
        person.fills("Your answer", f"I do, says {person.name}.")
    assert office.bob.submits().closed
    assert office.dora.submits().errors == {"Your answer": say("en", "refused.answered")}
    assert office.dora.modal
    assert office.dora.modal.value("Your answer") == "I do, says Dora."
    replies(office, receipt, 1)


def test_one_answer_sent_twice_at_once_is_told_once(office: Office) -> None:
    _, card, receipt = question(office, "Is it told once?")
    office.bob.presses("Answer", on=card)
    office.bob.fills("Your answer", "Once.")
    assert [answer.status for answer in office.bob.submits(twice=True)] == [200, 200]
    replies(office, receipt, 1)


def test_only_reviewers_and_managers_answer(office: Office) -> None:
    _, card, receipt = question(office, "May a colleague answer?")
    office.meiling.presses("Answer", on=card)
    if office.meiling.modal:
        office.meiling.fills(say("zh_Hans", "form.answer"), "可以。")
        heard = office.meiling.submits().text
    else:
        heard = office.ws.eventually(office.meiling.ephemerals)[-1].text
    assert heard.endswith(say("zh_Hans", "refused.team_only"))
    assert receipt.replies == []


# -- making a requirement


def test_a_question_made_a_requirement_opens_its_vote_on_the_same_card(office: Office) -> None:
    number, card, receipt = question(office, "Could they have an export?")
    heard = workspace.hears(office, office.bob, partial(office.bob.presses, "Make it a requirement", on=card))
    ref = f"R-{workspace.requirement(office, number)}"
    assert heard == say("en", "made_requirement", ref=ref)
    office.ws.eventually(lambda: card.buttons() == ["Approve", "Reject", "Abstain"])
    assert card.text.startswith(f"{ref} · Could they have an export")
    told = replies(office, receipt, 1)[0]
    assert "is a requirement now" in told.text
    assert ref in receipt.text


def test_the_filer_can_make_it_a_requirement_and_is_not_told_so(office: Office) -> None:
    number, card, receipt = question(office, "Should it rather be built?")
    office.alice.presses("Make it a requirement", on=card)
    office.ws.eventually(lambda: f"R-{workspace.requirement(office, number)}" in card.text)
    workspace.quiet(office)
    assert receipt.replies == []


def test_others_cannot_make_it_a_requirement(office: Office) -> None:
    _, card, _ = question(office, "Should a stranger decide?")
    heard = workspace.hears(office, office.meiling, partial(office.meiling.presses, "Make it a requirement", on=card))
    assert heard == say("zh_Hans", "refused.team_only")
    assert "Answer" in card.buttons()


def test_two_who_make_it_a_requirement_at_once_make_one(office: Office) -> None:
    number, card, receipt = question(office, "Should it be made once?")
    answer = office.bob.presses("Make it a requirement", on=card, times=2)
    assert [answer.status, answer.others[0].status] == [200, 200]
    ref = f"R-{workspace.requirement(office, number)}"
    office.ws.eventually(lambda: card.text.startswith(ref))
    replies(office, receipt, 1)


# -- asking


def test_a_question_to_the_filer_and_the_reply_in_the_cards_thread(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need something vague.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    ask(office, card, "What <exactly> & when?")
    asked = replies(office, receipt, 1)[0]
    assert asked.broadcast
    assert "Bob asks about" in asked.text
    assert "> What <exactly> & when?" in asked.text
    assert asked.buttons() == ["Reply"]
    office.alice.presses("Reply", on=asked)
    assert office.alice.modal
    assert "> What <exactly> & when?" in office.alice.modal.text()
    office.alice.fills("Your answer", "Invoices, in March.")
    assert office.alice.submits().closed
    note = replies(office, card, 1)[0]
    assert not note.broadcast
    assert "> What <exactly> & when?\n> Invoices, in March." in note.text
    assert "@Bob" in note.text
    office.dora.chooses("Details", on=card)
    assert office.dora.modal
    assert "> Invoices, in March." in office.dora.modal.text()
    replies(office, receipt, 1)


def test_a_second_reply_is_refused(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need something vaguer.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    ask(office, card, "What?")
    asked = replies(office, receipt, 1)[0]
    office.alice.presses("Reply", on=asked)
    office.alice.fills("Your answer", "This.")
    assert office.alice.submits().closed
    heard = workspace.hears(office, office.alice, partial(office.alice.presses, "Reply", on=asked))
    assert heard == say("en", "refused.answered")
    replies(office, card, 1)


def test_nobody_but_the_filer_replies(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need an answer of Alice's.")
    card, receipt = workspace.card(office, number), workspace.receipt(office, number)
    ask(office, card, "Alice?")
    payload = workspace.press(office, office.dora, "answer_reply", replies(office, receipt, 1)[0])
    assert workspace.interact(office, payload).status == 200
    if office.dora.modal:
        office.dora.fills("Your answer", "I say!")
        assert office.dora.submits().errors == {"Your answer": say("en", "refused.filer_only")}
    assert card.replies == []


def test_asking_oneself_is_refused(office: Office) -> None:
    number = workspace.file(office, office.bob, "They need what I filed.")
    office.bob.chooses("Ask", on=workspace.card(office, number))
    if office.bob.modal:
        office.bob.fills("Your question", "Me?")
        heard = office.bob.submits().text
    else:
        heard = office.ws.eventually(office.bob.ephemerals)[-1].text
    assert heard.endswith(say("en", "refused.ask_yourself"))


def test_a_question_in_english_reaches_a_chinese_reader_in_a_chinese_frame(office: Office) -> None:
    number = workspace.file(office, office.meiling, "需要导出。")
    ask(office, workspace.card(office, number), "How many rows?")
    asked = replies(office, workspace.receipt(office, number), 1)[0]
    assert asked.buttons() == [say("zh_Hans", "button.reply")]

    assert "> How many rows?" in asked.text
