"""A team that lives on while the bot is killed under it."""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from practice.handles import Answer, Message
from practice.people import Person
from practice.workspace import Workspace

PATIENCE_S = 45.0


def next_weekday(now: datetime, weekdays: Collection[int]) -> datetime:
    """Return the same time on the next such day after today."""
    return next(day for ahead in range(1, 8) if (day := now + timedelta(days=ahead)).weekday() in weekdays)


class Team:
    """People who repeat what was not acknowledged, as people do, and remember what was."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.csms = [
            workspace.person("Alice", tz="UTC"),
            workspace.person("美玲", locale="zh-CN", tz="UTC", user_id="U0MEILING"),
        ]
        self.reviewers = [workspace.person(name, tz="UTC") for name in ("Bob", "Dora", "Emil")]
        self.mara, self.ada = workspace.person("Mara"), workspace.person("Ada", is_admin=True)
        everyone = [*self.csms, *self.reviewers, self.mara, self.ada]
        self.triage = workspace.channel("triage", members=everyone)
        self.review = workspace.channel("review", members=everyone)
        for channel in (self.triage, self.review):
            workspace.invite_bot(channel)
        self.filed: list[str] = []
        self.votes: Counter[str] = Counter()
        self.shipped: list[str] = []
        self.undecided: list[tuple[str, str]] = []

    def rules(self) -> dict[str, dict[str, object]]:
        return {
            "channels": {"triage": self.triage.id, "review": self.review.id},
            "people": {
                "reviewers": [reviewer.id for reviewer in self.reviewers],
                "managers": [self.mara.id],
                "admins": [self.ada.id],
            },
            "vote": {"quorum": 3, "days": 1},
            "review": {"when": "mon 10:00", "lead": "1 hour"},
            "quiet": {"start": "00:00", "end": "00:00", "weekends": False},
            "delivery": {"pace_per_s": 50.0, "merge_s": 0.2, "settle_s": 0.5, "lease_s": 1.0},
        }

    def live(self, number: int) -> None:
        """File one need, vote on it, ship it."""
        words = f"Need number {number} of the story"
        self._file(self.csms[number % 2], words)
        card = self._card(words)
        for reviewer in self.reviewers:
            self._insist(lambda reviewer=reviewer: reviewer.presses("Approve", on=card))  # type: ignore[misc]
            self.votes[words] += 1
        self._see(lambda: "Accepted" in card.text, f"{words} accepted")
        self._ship(card)
        self.shipped.append(words)

    def live_a_week(self, number: int) -> None:
        """Let two needs run into their deadline with one vote between them, and a meeting accept both."""
        pair = f"Unvoted need {number}, the first", f"Unvoted need {number}, the second"
        for words in pair:
            self._file(self.csms[number % 2], words)
            self._card(words)
        due = next_weekday(self.workspace.clock.now(), range(5))
        self._comes(due.replace(hour=9, minute=31))
        self._vote_through(self.reviewers[0])
        self.votes[pair[0]] += 1
        self._comes(due.replace(hour=18, minute=1))
        self._see(lambda: all("Undecided" in self._card(words).text for words in pair), f"{pair} undecided")
        self._see(
            lambda: self._was_told(self.csms[number % 2], pair), f"news of {pair}"
        )  # else decisions would join it
        self._comes(self._monday())
        self._decide_through(pair)
        self.undecided.append(pair)
        self._comes(self.workspace.clock.now() + timedelta(minutes=20))  # what the meeting held back may leave

    def _was_told(self, csm: Person, pair: tuple[str, str]) -> bool:
        """Whether news of both came: under each receipt, or in one message."""
        messages = csm.dm()
        replies = [reply.text for message in messages for reply in message.replies]
        apart = all(any(words in text for text in replies) for words in pair)
        return apart or any(all(words in message.text for words in pair) for message in messages)

    def _comes(self, moment: datetime) -> None:
        self.workspace.clock.advance(moment - self.workspace.clock.now())

    def _monday(self) -> datetime:
        return next_weekday(self.workspace.clock.now(), range(1)).replace(hour=9, minute=1)

    def _vote_through(self, reviewer: Person) -> None:
        """Vote on the first of what the reminder lists and skip the second."""
        today = self.workspace.clock.now()

        def reminder() -> Message | None:
            new = (message for message in reviewer.dm() if "2 votes close soon" in message.text)
            return next((message for message in new if float(message.ts) > today.timestamp() - 60), None)

        found = self.workspace.eventually(reminder, within=PATIENCE_S, what="a reminder")
        self._open(reviewer, lambda: reviewer.presses("Vote through", on=found))
        for answer in ("Approve", "Skip for now"):
            reviewer.picks("Your vote", answer)
            self._insist(reviewer.submits)
        reviewer.closes(everything=True)

    def _decide_through(self, pair: tuple[str, str]) -> None:
        def digest() -> Message | None:
            standing = self.ada.sees(self.review)
            return next((message for message in standing if all(words in message.text for words in pair)), None)

        found = self.workspace.eventually(digest, within=PATIENCE_S, what=f"a digest with {pair}")
        self._open(self.mara, lambda: self.mara.presses("Decide through", on=found))
        for _ in pair:
            self._see(lambda: self._chosen("Accept", "sentence:accepted"), "the form to accept")
            self._insist(self.mara.submits)
        self.mara.closes(everything=True)

    def _chosen(self, decision: str, block_id: str) -> bool:
        """Choose until the app has redrawn the form for that decision."""
        for choice in ("Skip", decision):
            if not self._shows(block_id):
                self.mara.picks("Decision", choice)
        return self._shows(block_id)

    def _shows(self, block_id: str) -> bool:
        modal = self.mara.modal
        return modal is not None and any(block["block_id"].startswith(block_id) for block in modal.blocks)

    def _file(self, csm: Person, words: str) -> None:
        self._open(csm, lambda: csm.sends(f"/feedback {words}"))
        customer = "客户" if csm is self.csms[1] else "Customer"
        offers = "新增客户「Acme」" if csm is self.csms[1] else "Add “Acme”"
        self._persist(
            lambda: csm.picks(customer, offers if "Acme" not in csm.options_for(customer, "Acme") else "Acme")
        )
        self._insist(csm.submits)
        self.filed.append(words)

    def _ship(self, card: Message) -> None:
        self._open(self.mara, lambda: self.mara.chooses("Change status", on=card))
        self.workspace.eventually(self._choose_shipped, within=PATIENCE_S, what="the form for shipped")
        self._insist(self.mara.submits)

    def _choose_shipped(self) -> bool:
        """Choose until the app has redrawn the form for that status."""
        if not self._shows("sentence:shipped"):
            self.mara.picks("New status", "In progress")
            self.mara.picks("New status", "Shipped")
        return self._shows("sentence:shipped")

    def _see(self, condition: Callable[[], object], what: str) -> None:
        self.workspace.eventually(condition, within=PATIENCE_S, what=what)

    def _card(self, words: str) -> Message:
        def standing() -> Message | None:
            return next((message for message in self.ada.sees(self.triage) if words in message.text), None)

        return self.workspace.eventually(standing, within=PATIENCE_S, what=f"the card of {words}")  # type: ignore[return-value]

    def _open(self, who: Person, gesture: Callable[[], Answer]) -> None:
        """Repeat a gesture until its modal is open."""

        def opened() -> bool:
            gesture()
            return who.modal is not None

        self.workspace.eventually(opened, within=PATIENCE_S, what=f"a modal for {who.name}")

    def _insist(self, gesture: Callable[[], Answer]) -> None:
        """Repeat a gesture until it is acknowledged without a refusal."""
        self.workspace.eventually(lambda: gesture().ok, within=PATIENCE_S, what="an acknowledgement")

    def _persist(self, gesture: Callable[[], object]) -> None:
        """Repeat a gesture until it goes through at all (a select asks the app for its options)."""

        def done() -> bool:
            gesture()
            return True

        self.workspace.eventually(done, within=PATIENCE_S, what="a choice")
