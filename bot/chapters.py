"""The chapters of the story, and what each of them expects people to see."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.demo import Team
from practice.handles import Channel, Message
from practice.people import Person

WITHIN_S = 10.0
HOME = ZoneInfo("Europe/Berlin")
START = datetime(2027, 3, 15, 9, tzinfo=HOME)
"""A Monday morning; in the second night from Saturday to Sunday Europe's clocks go forward."""


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

    @property
    def review(self) -> Channel:
        """The channel of the review meeting."""
        return self.team.channels["review"]

    def comes(self, days: int, hour: int, minute: int = 0) -> None:
        """Let it become so many days after the start, at a time of the team's own zone."""
        then = START.replace(hour=hour, minute=minute) + timedelta(days=days)
        self.team.workspace.clock.advance(then - self.team.workspace.clock.now())

    def hears_nothing(self, person: Person, *texts: str) -> None:
        """Check that a person's DM does not show all texts, now that everything due was sent."""
        self.team.wait_until_sent()
        if any(all(text in message.text for text in texts) for message in person.dm()):
            raise MissingError(f"{person.name} hears {texts} too early.")


def _succeeds(answer: object) -> None:
    """A gesture must be taken: answered in time, without a refusal."""
    if not getattr(answer, "ok", False) or getattr(answer, "errors", None):
        raise MissingError(f"A gesture was not taken: {getattr(answer, 'error', '')} {getattr(answer, 'errors', '')}")


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


def rejected_in_chinese(story: Story) -> None:
    """美玲 files in Chinese; the vote is against it, and the review meeting will have the last word."""
    meiling = story.who("meiling")
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


def digest_and_meeting(story: Story) -> None:
    """The digest comes a day before the meeting; Mara decides through it, and 美玲 hears the no in her language."""
    mara, meiling = story.who("mara"), story.who("meiling")
    story.comes(days=0, hour=10)
    digest = story.shows(
        story.review, "Review meeting", "1 requirement needs a decision", "R-2", "The vote was against it"
    )
    story.shows(story.who("alice"), "Your requests: 1 open", "R-1")
    story.comes(days=1, hour=10, minute=5)
    mara.presses("Decide through", on=digest)
    mara.picks("Decision", "Decline")
    mara.picks("Reason", "Not where the product is going")
    _succeeds(mara.submits())
    mara.closes(everything=True)
    story.replies(story.shows(meiling, "F-2"), "R-2", "不采纳")


def needs_of_a_week(story: Story) -> None:
    """Five needs are filed on Tuesday. Bob asks about the one of 文珺, who hears of it in her own morning."""
    diego, wenjun, alice = story.who("diego"), story.who("wenjun"), story.who("alice")
    _files(diego, "They want to see who changed an order.", "Beta Retail")
    for words in ("Archive old orders.", "Print labels in bulk.", "Sort by due date.", "Undo a cancelled order."):
        _files(alice, words, "Acme")
    story.comes(days=1, hour=11)
    wenjun.uses_shortcut("file_feedback")
    wenjun.fills("客户原话", "审批流程要能按金额分级。")
    wenjun.picks(
        "客户", "新增客户「青山物流」" if "青山物流" not in wenjun.options_for("客户", "青山物流") else "青山物流"
    )
    _succeeds(wenjun.submits())
    card = story.shows(story.triage, "R-9", "审批流程")
    story.comes(days=1, hour=16)
    bob = story.who("bob")
    bob.chooses("Ask", on=card)
    bob.fills("Your question", "From which amount on do they need two approvals?")
    _succeeds(bob.submits())
    story.shows(story.triage, "R-9", "Needs info")
    story.hears_nothing(wenjun, "Bob Okafor")
    story.comes(days=2, hour=1, minute=1)  # eight in the morning in Shanghai
    story.shows(wenjun, "Bob Okafor", "From which amount on")


def reminded(story: Story) -> None:
    """A day before the deadline Emil is reminded, once, and votes through what waits for him."""
    emil, farah = story.who("emil"), story.who("farah")
    story.comes(days=2, hour=11)
    _succeeds(farah.presses("Approve", on=story.shows(story.triage, "R-4")))
    story.comes(days=3, hour=9, minute=31)
    reminder = story.shows(emil, "5 votes close soon")
    emil.presses("Vote through", on=reminder)
    emil.picks("Your vote", "Approve")
    emil.fills("Why?", "Our own support team asks for it too.")
    _succeeds(emil.submits())
    emil.picks("Your vote", "Skip for now")
    _succeeds(emil.submits())
    emil.closes(everything=True)
    story.shows(story.triage, "R-4", "2 of 3 votes in")


def expired(story: Story) -> None:
    """On Friday evening the votes close without a quorum: undecided, for the meeting; never a no."""
    diego, alice = story.who("diego"), story.who("alice")
    story.comes(days=4, hour=18)
    story.shows(story.triage, "R-4", "Undecided")
    story.replies(story.shows(diego, "F-5"), "no clear result", "review meeting")
    story.shows(alice, "4 updates on what you filed", "R-5", "R-8")
    story.comes(days=7, hour=1, minute=1)
    wenjun = story.who("wenjun")
    asked = story.shows(wenjun, "还在等你回复", "From which amount on")
    wenjun.presses("回复", on=asked)
    wenjun.fills("你的回复", "十万元以上。")
    _succeeds(wenjun.submits())
    story.replies(story.shows(story.triage, "R-9"), "十万元以上")
    story.shows(story.triage, "R-9", "Open until")


def caught_up(story: Story) -> None:
    """On Monday the bot is down when the digest is due; it comes late, once, and says so. A meeting decides five."""
    mara = story.who("mara")
    story.comes(days=7, hour=9)
    story.team.stop_bot()
    story.comes(days=7, hour=12)
    story.team.start_bot()
    digest = story.shows(story.review, "Review meeting", "5 requirements need a decision", "This comes late")
    story.comes(days=8, hour=10, minute=5)
    mara.presses("Decide through", on=digest)
    for decision in ("Accept", "Accept", "Accept", "Defer", "Decline"):
        _decides(mara, decision)
    mara.closes(everything=True)
    story.replies(story.shows(story.who("diego"), "F-5"), "Accepted")
    story.shows(story.who("alice"), "4 updates on what you filed", "Accepted", "Deferred", "Declined")


def held_for_the_night(story: Story) -> None:
    """What ships late in the evening reaches Diego in the morning. On the last Monday nothing waits for a decision."""
    mara, diego = story.who("mara"), story.who("diego")
    receipt = story.shows(diego, "F-5")
    card = story.shows(story.triage, "R-4", "Accepted")
    story.comes(days=8, hour=21)
    mara.chooses("Change status", on=card)
    mara.picks("New status", "Shipped")
    _succeeds(mara.submits())
    story.team.wait_until_sent()
    if any("has shipped" in reply.text for reply in receipt.replies):
        raise MissingError("Diego is disturbed at night.")
    story.comes(days=9, hour=8, minute=1)
    story.replies(receipt, "Shipped", "tell the customer")
    for reviewer in ("bob", "farah", "dora"):
        _succeeds(story.who(reviewer).presses("Approve", on=story.shows(story.triage, "R-9")))
    story.shows(story.triage, "R-9", "Accepted")
    story.comes(days=14, hour=10, minute=1)  # the first Monday of summer time
    story.shows(story.review, "Nothing needs a decision")


def _files(person: Person, words: str, customer: str) -> None:
    """File a need by the command, for a customer known or new."""
    _succeeds(person.sends(f"/feedback {words}"))
    offers = person.options_for("Customer", customer)
    person.picks("Customer", customer if customer in offers else f"Add “{customer}”")
    _succeeds(person.submits())


def _decides(mara: Person, decision: str) -> None:
    mara.picks("Decision", decision)
    if decision == "Decline":
        mara.picks("Reason", "Not where the product is going")
    if decision == "Defer":
        mara.picks("Reason", "Not the right time")
    _succeeds(mara.submits())


CHAPTERS = (
    approved_and_shipped,
    rejected_in_chinese,
    answered,
    withdrawn,
    digest_and_meeting,
    needs_of_a_week,
    reminded,
    expired,
    caught_up,
    held_for_the_night,
)
"""The chapters, in the order in which they build on each other: two weeks of a team's life."""
