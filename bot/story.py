"""The story: a small team takes needs from a customer's words to a shipped feature, in the practice workspace.

It acts as people do, by typing, pressing and filling in, and checks what each of them gets to see.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo import Team, team
from practice.handles import Channel, Message
from practice.people import Person

WITHIN_S = 10.0


class MissingError(Exception):
    """Something the story expects did not happen; the message says what."""


@dataclass(frozen=True)
class Story:
    """The people of the story and where they meet."""

    team: Team

    def who(self, key: str) -> Person:
        """Return a person by their key in the seed."""
        return self.team.people[key]

    @property
    def triage(self) -> Channel:
        """The channel where reviewers vote."""
        return self.team.channels["triage"]

    def shows(self, where: Channel | Person, *texts: str) -> Message:
        """Wait until a message that everybody there sees shows all texts; return the newest one."""

        def found() -> Message | None:
            standing = where.dm() if isinstance(where, Person) else self.who("ada").sees(where)
            return next(
                (message for message in reversed(standing) if all(text in message.text for text in texts)), None
            )

        return self._eventually(found, f"{where.name} shows {texts}")

    def replies(self, receipt: Message, *texts: str) -> Message:
        """Wait for a reply in a receipt's thread that holds all texts; return it."""

        def found() -> Message | None:
            return next((reply for reply in receipt.replies if all(text in reply.text for text in texts)), None)

        return self._eventually(found, f"a reply with {texts}")

    def _eventually(self, found: Callable[[], Message | None], what: str) -> Message:
        try:
            return self.team.workspace.eventually(found, within=WITHIN_S, what=what)  # type: ignore[return-value] # never None
        except AssertionError as error:
            raise MissingError(f"Missing: {what}.\n{error}") from None


def play(say: Callable[[str], None]) -> float:
    """Play the story, print its transcript, return how long it took in seconds. Raises MissingError."""
    started = time.monotonic()
    with team(port=0, merge_s=0.3) as found:
        story = Story(found)
        try:
            for chapter in CHAPTERS:
                chapter(story)
        finally:
            say(found.workspace.transcript())
        _check_nothing_left(found)
    return time.monotonic() - started


def _check_nothing_left(found: Team) -> None:
    found.wait_until_drained()
    if found.workspace.problems:
        raise MissingError(f"Slack would have complained: {found.workspace.problems}")


def approved_and_shipped(story: Story) -> None:
    """Alice files a need, three reviewers vote, it is accepted and later shipped; she hears of every step."""
    alice, mara = story.who("alice"), story.who("mara")
    _succeeds(alice.sends("/feedback Our accountant needs the invoices as XLSX. Every month we retype 300 of them."))
    alice.picks("Customer", "Add “Acme”")
    alice.picks("When do they need it?", "This quarter")
    _succeeds(alice.submits())
    receipt = story.shows(alice, "F-1", "reviewers are voting")
    card = story.shows(story.triage, "R-1", "Acme", "No votes yet")
    for reviewer in ("bob", "farah"):
        _succeeds(story.who(reviewer).presses("Approve", on=card))
    story.shows(story.triage, "R-1", "2 of 3 votes in")
    _succeeds(story.who("dora").presses("Approve", on=card))
    story.shows(story.triage, "R-1", "Approved", "Accepted")
    story.replies(receipt, "Accepted", "No date promised yet")
    mara.chooses("Change status", on=card)
    mara.picks("New status", "Shipped")
    mara.fills("A sentence for the requester", "You find it under Export. Thank Acme for the sample file.")
    _succeeds(mara.submits())
    story.replies(receipt, "Shipped", "Thank Acme for the sample file.", "tell the customer")
    story.shows(alice, "F-1", "has shipped")


def declined_in_chinese(story: Story) -> None:
    """美玲 files in Chinese; the vote is against it, and the manager's no reaches her in her language."""
    meiling, mara = story.who("meiling"), story.who("mara")
    meiling.uses_shortcut("file_feedback")
    meiling.fills("客户原话", "希望可以在自己的机房里部署，数据不能出公司。")
    meiling.picks("客户", "新增客户「青山物流」")
    _succeeds(meiling.submits())
    receipt = story.shows(meiling, "F-2", "青山物流")
    card = story.shows(story.triage, "R-2", "青山物流")
    for reviewer in ("bob", "farah", "emil"):
        _succeeds(story.who(reviewer).presses("Reject", on=card))
    story.shows(story.triage, "R-2", "Rejected", "In review")
    story.replies(receipt, "R-2", "评审会")
    mara.chooses("Change status", on=card)
    mara.picks("New status", "Declined")
    mara.picks("Reason", "Not where the product is going")
    _succeeds(mara.submits())
    story.replies(receipt, "R-2", "不采纳")


def answered(story: Story) -> None:
    """Priya files a question; Bob answers it from the card, and the answer stands in her thread."""
    priya, bob = story.who("priya"), story.who("bob")
    _succeeds(priya.sends("/feedback Acme: Can two people approve one order?"))
    priya.picks("Kind", "Question")
    _succeeds(priya.submits())
    receipt = story.shows(priya, "F-3")
    card = story.shows(story.triage, "F-3", "Can two people approve")
    bob.presses("Answer", on=card)
    bob.fills("Your answer", "Yes, under Settings, Approvals, choose “two of”.")
    _succeeds(bob.submits())
    story.replies(receipt, "Settings, Approvals")
    story.shows(story.triage, "F-3", "Answered by")


def withdrawn(story: Story) -> None:
    """Alice files the same thing for another customer by mistake and takes it back."""
    alice = story.who("alice")
    receipt = story.shows(alice, "F-1")
    alice.presses("File another for Acme", on=receipt)
    alice.fills("What did the customer say?", "They also want it as CSV.")
    _succeeds(alice.submits())
    receipt = story.shows(alice, "F-4", "Undo")
    story.shows(story.triage, "R-3", "CSV")
    _succeeds(alice.presses("Undo", on=receipt))
    story.shows(alice, "F-4", "withdrawn")
    story.shows(story.triage, "R-3 was withdrawn")


def _succeeds(answer: object) -> None:
    """A gesture must be taken: answered in time, without a refusal."""
    if not getattr(answer, "ok", False) or getattr(answer, "errors", None):
        raise MissingError(f"A gesture was not taken: {getattr(answer, 'error', '')} {getattr(answer, 'errors', '')}")


CHAPTERS = (approved_and_shipped, declined_in_chinese, answered, withdrawn)
"""The chapters, in the order in which they build on each other."""
