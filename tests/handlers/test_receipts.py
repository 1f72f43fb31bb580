"""The receipt in the filer's DM and the thread under it: undo, file another, and news."""

from datetime import timedelta
from functools import partial

import pytest

from bot.domain.feedback import UNDO_WINDOW
from bot.domain.requirements import Status
from bot.i18n import say
from practice.people import Person
from practice.workspace import Message
from tests import workspace
from tests.workspace import Office


def change(office: Office, card: Message, to: str, by: Person | None = None, **fields: str) -> None:
    """Change a status by hand. `fields`: sentence, target, reason."""
    by = by or office.mara
    by.chooses("Change status", on=card)
    by.picks("status", say("en", f"status.{to}"))
    for name, value in fields.items():
        (by.picks if name == "reason" else by.fills)(name, value)
    answer = by.submits()
    assert answer.closed, answer


def filed(office: Office, words: str, person: Person | None = None) -> tuple[Message, Message]:
    """File feedback; return its card and its receipt."""
    number = workspace.file(office, person or office.alice, words)
    return workspace.card(office, number), workspace.receipt(office, number)


def news(office: Office, receipt: Message, count: int) -> list[Message]:
    """Return the thread under a receipt once it has so many replies."""
    office.ws.eventually(lambda: len(receipt.replies) >= count, what="no news in the thread")
    workspace.quiet(office)
    assert len(receipt.replies) == count
    return receipt.replies


# -- undo


def test_undo_withdraws_card_and_receipt_and_leaves_a_line_of_each(office: Office) -> None:
    card, receipt = filed(office, "They need nothing.")
    heard = workspace.hears(office, office.alice, partial(office.alice.presses, "Undo", on=receipt))
    assert heard == say("en", "undone", number=heard.split()[0])
    workspace.quiet(office)
    assert card.text.startswith("R-")
    assert card.text == say("en", "card.withdrawn", ref=card.text.split()[0], name="Alice")
    assert receipt.text == say("en", "receipt.withdrawn", number=heard.split()[0], title="They need nothing")
    assert receipt.replies == []


def test_undo_after_its_time_is_refused_and_changes_nothing(office: Office) -> None:
    card, receipt = filed(office, "They need it to stay.")
    before = card.text
    workspace.passes(office, UNDO_WINDOW + timedelta(seconds=1))
    heard = workspace.hears(office, office.alice, partial(office.alice.presses, "Undo", on=receipt))
    assert heard == say("en", "refused.undo_late", seconds=60)
    workspace.quiet(office)
    assert card.text == before


def test_undo_just_before_its_time_is_up_still_works(office: Office) -> None:
    card, receipt = filed(office, "They need it to go.")
    workspace.passes(office, UNDO_WINDOW - timedelta(seconds=15))
    office.alice.presses("Undo", on=receipt)
    office.ws.eventually(lambda: "withdrawn" in card.text)


def test_undo_twice_at_once_withdraws_once(office: Office) -> None:
    card, receipt = filed(office, "They need it gone, quickly.")
    answer = office.alice.presses("Undo", on=receipt, times=2)
    assert [answer.status, answer.others[0].status] == [200, 200]
    office.ws.eventually(lambda: "withdrawn" in card.text)


def test_nobody_but_the_filer_can_undo(office: Office) -> None:
    card, receipt = filed(office, "They need it, whoever presses.")
    payload = workspace.press(office, office.mara, "feedback_undo", receipt)
    heard = workspace.hears(office, office.mara, partial(workspace.interact, office, payload))
    assert heard == say("en", "refused.filer_only")
    assert "withdrawn" not in card.text


def test_after_a_decision_there_is_no_undo(office: Office) -> None:
    card, receipt = filed(office, "They need a decision.")
    stale = receipt.frozen()
    change(office, card, "accepted")
    office.ws.eventually(lambda: "Undo" not in receipt.buttons())
    heard = workspace.hears(office, office.alice, partial(office.alice.presses, "Undo", on=stale))
    assert heard == say("en", "refused.undo_decided")


# -- file another, view


def test_file_another_opens_the_form_for_the_same_customer(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need one.", "Finch & Marlowe Print")
    office.alice.presses("File another for Finch & Marlowe Print", on=workspace.receipt(office, number))
    assert office.alice.modal
    assert office.alice.modal.value("feedback_customer") == "Finch & Marlowe Print"
    office.alice.fills("words", "They need another.")
    assert office.alice.submits().closed
    another = workspace.newest(office, office.alice)
    assert another != number
    assert "Finch & Marlowe Print" in workspace.receipt(office, another).text


def test_view_shows_the_details(office: Office) -> None:
    _, receipt = filed(office, "They need to be seen.")
    office.alice.presses("View", on=receipt)
    assert office.alice.modal
    assert "They need to be seen." in office.alice.modal.text()


# -- news


def test_the_receipt_tops_a_thread_and_milestones_also_stand_below(office: Office) -> None:
    card, receipt = filed(office, "They need to follow it.")
    assert receipt in office.alice.dm()
    change(office, card, "accepted", sentence="We will build it.")
    accepted = news(office, receipt, 1)[0]
    assert accepted.broadcast
    assert "now Accepted, by Mara" in accepted.text
    assert "> We will build it." in accepted.text
    change(office, card, "in_progress")
    started = news(office, receipt, 2)[1]
    assert not started.broadcast
    assert started not in office.alice.dm()
    change(office, card, "shipped")
    assert news(office, receipt, 3)[2].broadcast
    assert say("en", "next.shipped", ref=card.text.split()[0]) in receipt.text


@pytest.mark.parametrize("to", ["declined", "deferred"])
def test_a_no_is_told_with_its_reason_and_its_sentence(office: Office, to: str) -> None:
    card, receipt = filed(office, f"They need what is {to}.")
    reason = {"declined": "effort", "deferred": "capacity"}[to]
    change(office, card, to, reason=say("en", f"reason.{reason}"), sentence="It cannot be, and here is why.")
    told = news(office, receipt, 1)[0]
    assert told.broadcast
    assert say("en", "news.reason", reason=say("en", f"reason.{reason}")) in told.text
    assert "> It cannot be, and here is why." in told.text


def test_a_redrawn_receipt_or_card_marks_nothing_as_unread(office: Office) -> None:
    card, receipt = filed(office, "They need quiet.")
    workspace.quiet(office)
    office.alice.reads()
    office.bob.reads(office.triage)
    office.dora.presses("Approve", on=card)
    office.ws.eventually(lambda: "1 of 2" in card.text)
    assert office.bob.unread(office.triage) == 0
    assert office.alice.unread() == 0
    assert receipt.replies == []


def test_who_acted_is_not_told_of_it(office: Office) -> None:
    card, receipt = filed(office, "They need it, says the manager herself.", office.mara)
    change(office, card, "accepted")
    office.ws.eventually(lambda: say("en", "next.accepted", ref=card.text.split()[0]) in receipt.text)
    workspace.quiet(office)
    assert receipt.replies == []


def test_of_changes_in_quick_succession_the_newest_is_told(office: Office) -> None:
    card, receipt = filed(office, "They need it step by step.")
    workspace.set_policy(office, delivery=workspace.QUICK | {"merge_s": 1.5})
    change(office, card, "accepted")
    change(office, card, "in_progress")
    told = news(office, receipt, 1)[0]
    assert "now In progress" in told.text
    assert "now Accepted" not in told.text
    assert told.text.count(say("en", "next.in_progress", ref=card.text.split()[0])) == 1


def test_news_about_several_things_is_one_message_of_its_own(office: Office) -> None:
    both = [filed(office, f"They need several, {at}.") for at in ("one", "two")]
    workspace.quiet(office)
    before = len(office.alice.dm())
    workspace.set_policy(office, delivery=workspace.QUICK | {"merge_s": 1.5})
    for card, _ in both:
        change(office, card, "accepted")
    office.ws.eventually(lambda: len(office.alice.dm()) > before)
    workspace.quiet(office)
    told = office.alice.dm()[before:]
    assert len(told) == 1
    assert all(f"They need several, {at}" in told[0].text for at in ("one", "two"))
    assert told[0].fallback == say("en", "news.many", n=2)
    assert [receipt.replies for _, receipt in both] == [[], []]


def test_news_for_two_people_are_two_messages(office: Office) -> None:
    ours, theirs = filed(office, "They need mine."), filed(office, "他们需要我的。", office.meiling)
    change(office, ours[0], "accepted")
    change(office, theirs[0], "accepted")
    news(office, ours[1], 1)
    assert "已采纳" in news(office, theirs[1], 1)[0].text


def test_the_prefilled_sentence_of_every_status_reaches_the_requester(office: Office) -> None:
    card, receipt = filed(office, "They need the whole way.")
    way = [Status.ACCEPTED, Status.IN_PROGRESS, Status.VALIDATING, Status.SHIPPED, Status.SOLVED]
    for count, status in enumerate(way, 1):
        change(office, card, status.value)
        assert say("en", f"sentence.{status.value}") in news(office, receipt, count)[-1].text
