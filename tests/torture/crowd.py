"""The crowd: who files, who votes, who manages, and who moves house."""

import re
import time
from collections.abc import Callable
from contextlib import suppress

from bot.i18n import say
from practice.handles import Answer, Message
from practice.people import Person
from tests.torture.board import MARK, Card
from tests.torture.ledger import ACKNOWLEDGED, REFUSED, Op, Press
from tests.torture.someone import BUSY, FAILED, GivenUpError, Someone

ZONES = ("UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York")
"""Where people live, and move to."""

BACKLOG = 60
"""How many cards may be outstanding before people stop filing."""

CHOICES = ("Approve", "Approve", "Approve", "Reject", "Abstain")


class Csm(Someone):
    """Files needs and questions, takes some back, answers what is asked."""

    def deeds(self) -> list[tuple[int, Callable[[], None]]]:
        return [(8, self.files), (2, self.files_a_question), (1, self.undoes), (3, self.replies), (1, self.edits)]

    def files(self) -> None:
        self._file("Need")

    def files_a_question(self) -> None:
        self._file("Question")

    def _file(self, kind: str) -> None:
        """File, unless the channel is so far behind that nobody would: what waits is then seen first."""
        if self.scene.board.behind(self.scene.book) > BACKLOG:
            time.sleep(0.3)
            return
        op = self.begin("file", what=kind.lower())
        op.facts["words"] = words = f"{op.mark} is what they said. They need it soon."
        self.opens("feedback_file", lambda: self.person.sends(f"/feedback {words}"))
        name = f"Customer {self.rng.randint(1, 60)}"
        self.until(lambda: self._picks_customer(name))
        if kind != "Need":
            self.person.picks("Kind", kind)
        self.submits(op)

    def _picks_customer(self, name: str) -> bool:
        offered = self.person.options_for("Customer", name)
        self.person.picks("Customer", name if name in offered else f"Add “{name}”")
        return True

    def undoes(self) -> None:
        """Take back the newest receipt, if it still offers that."""
        self.mail.look()
        receipt = next((one for one in self.mail.receipts[-1:] if "Undo" in one.buttons()), None)
        if receipt is None:
            return self.files()
        op = self.begin("undo", _mark_of(receipt))
        number = _number_of(receipt)

        def taken() -> bool:
            if "Undo" not in receipt.buttons():
                self.end(op, REFUSED)
                raise GivenUpError
            answer = self.person.presses("Undo", on=receipt)
            text = self._whisper(answer, receipt, number)
            if text and not any(word in text for word in (*BUSY, *FAILED)):
                self.end(op, ACKNOWLEDGED if "is withdrawn." in text else REFUSED)
            return bool(op.end)

        self.until(taken, op)
        return None

    def replies(self) -> None:
        self.mail.look()
        if not self.mail.questions:
            return self.files()
        question = self.mail.questions.pop(0)
        op = self.begin("reply", _mark_of(question))
        op.facts["text"] = f"{op.mark} is the answer."
        self.opens("answer_reply", lambda: self.person.presses("Reply", on=question))
        self.person.fills("Your answer", op.facts["text"])
        self.submits(op)
        return None

    def edits(self) -> None:
        self.mail.look()
        if not self.mail.receipts:
            return self.files()
        receipt = self.rng.choice(self.mail.receipts[-10:])
        op = self.begin("edit", _mark_of(receipt))
        op.facts["text"] = f"{op.mark} is where it comes up."
        self.opens("details", lambda: self.person.presses("View", on=receipt))
        if "Edit" not in self.person.modal.buttons():  # type: ignore[union-attr]
            return None
        self.until(self._opens_edit)
        self.person.fills("Where does it come up?", op.facts["text"])
        self._submits_over_details(op)
        return None

    def _opens_edit(self) -> bool:
        if self.person.modal is not None and self.person.modal.callback_id != "feedback_edit":
            self.person.presses("Edit")
        return self.person.modal is not None and self.person.modal.callback_id == "feedback_edit"

    def _submits_over_details(self, op: Op) -> None:
        def taken() -> bool:
            if self.person.modal is None or self.person.modal.callback_id != "feedback_edit":
                return True
            answer = self.person.submits()
            if answer.errors and not self._may_pass(answer.text):
                self.end(op, REFUSED)
                raise GivenUpError
            return answer.ok and answer.closed

        self.until(taken, op)
        self.end(op, ACKNOWLEDGED)

    def _whisper(self, answer: Answer, on: Message, *words: str) -> str:
        if not answer.ok or answer.delivery is None:
            return ""
        return self.heard(on.channel.id, str(answer.delivery.payload["actions"][0]["action_ts"]), *words)


class Reviewer(Someone):
    """Votes, changes their mind, asks."""

    def deeds(self) -> list[tuple[int, Callable[[], None]]]:
        return [(10, self.votes), (3, self.changes_their_mind), (1, self.asks)]

    def votes(self) -> None:
        self.scene.board.look()
        most = 9 if self.scene.collide else self.scene.quorum
        card = self.scene.board.to_vote(self.person.id, self.rng, most, among=1 if self.scene.collide else 12)
        if card is None:
            time.sleep(0.1)
        elif self.scene.collide:
            self.vote_on(card, self.rng.choice(("Approve", "Reject")), times=2)
        else:
            self.vote_on(card, self.rng.choice(CHOICES))

    def changes_their_mind(self) -> None:
        """Vote anew on something that is perhaps still open."""
        recent = list(self.scene.board.cards.values())[-60:]
        few = self.scene.quorum
        mine = [card for card in recent if self.person.id in card.voters and len(card.voters) < few]
        if mine:
            self.vote_on(self.rng.choice(mine), self.rng.choice(CHOICES))
        else:
            self.votes()

    def vote_on(self, card: Card, choice: str, times: int = 1) -> None:
        """Press until the word comes that the vote counts, or why not."""
        if choice not in card.message.buttons():
            return
        op, ref = self.begin("vote", card.mark, choice=choice.lower(), ref=card.ref), card.ref
        card.voters.add(self.person.id)
        frozen = card.message.frozen()  # the card may be redrawn while they press

        def taken() -> bool:
            began = time.monotonic()
            press = Press(0, choice.lower(), began)
            op.presses.append(press)
            answer = self.person.presses(choice, on=frozen, times=times)
            answers = [answer, *answer.others]
            found = [float(one.delivery.payload["actions"][0]["action_ts"]) for one in answers if one.delivery]
            op.presses[-1:] = [Press(round(ts * 1_000_000), choice.lower(), began) for ts in found]
            if not any(one.ok for one in answers):
                return False
            text = self.heard(card.message.channel.id, f"{min(found):.6f}")
            if f"{ref}:" in text and f"*{choice}*" in text:
                self.end(op, ACKNOWLEDGED)
            elif text and not any(word in text for word in (*BUSY, *FAILED)) and "Your vote on" not in text:
                op.facts["refusal"] = text
                self.end(op, REFUSED)
            return bool(op.end)

        self.until(taken, op)

    def asks(self) -> None:
        card = self.scene.board.any(self.rng)
        if card is None or "Ask" not in card.message.choices():
            return
        op = self.begin("ask", card.mark)
        op.facts["text"] = f"{op.mark} is asked: how often?"
        self.opens("answer_ask", lambda: self.person.chooses("Ask", on=card.message))
        self.person.fills("Your question", op.facts["text"])
        self.submits(op)


class Manager(Someone):
    """Moves what was voted on, answers questions."""

    def deeds(self) -> list[tuple[int, Callable[[], None]]]:
        return [(6, self.moves), (2, self.answers)]

    def moves(self) -> None:
        board, least = self.scene.board, 0 if self.scene.collide else self.scene.quorum
        board.look()
        card = board.any(self.rng, voted=least, most_done=3)
        if self.scene.collide:
            card = next((one for one in list(board.cards.values()) if one.is_need and one.done < 2), card)
        if card is None or "Change status" not in card.message.choices():
            time.sleep(0.1)
            return
        card.done += 1
        op = self.begin("move", card.mark)
        self.opens("requirement_change", lambda: self.person.chooses("Change status", on=card.message))
        op.facts["to"] = self._chooses()
        if op.facts["to"] == "in_review":
            return  # a second vote on the same thing is another story
        op.facts["text"] = f"{op.mark} is why."
        label = "A sentence for the requester"
        self.until(lambda: self.person.fills(label, op.facts["text"]).ok)
        self.submits(op)

    def _chooses(self) -> str:
        """Choose a status and, where it is asked for, a reason; return what then stands in the form."""
        wanted = self.rng.choice(["In progress", "Validating", "Shipped", "Shipped", "Accepted", "Declined"])
        offered = self.person.options_for("New status")
        if wanted in offered and wanted != self.person.modal.value("New status"):  # type: ignore[union-attr]
            self.until(lambda: self._redrawn(wanted))
        if "Reason" in self.person.modal.labels():  # type: ignore[union-attr]
            self.person.picks("Reason", self.person.options_for("Reason")[0])
        return self._shown_status()

    def _redrawn(self, wanted: str) -> bool:
        other = next(one for one in self.person.options_for("New status") if one != wanted)
        if self.person.modal.value("New status") == wanted:  # type: ignore[union-attr]
            self.person.picks("New status", other)
        self.person.picks("New status", wanted)
        return self._shown_status() == wanted.lower().replace(" ", "_")

    def _shown_status(self) -> str:
        """The status whose fields the form shows: the app's last word on what was chosen."""
        blocks = self.person.modal.blocks  # type: ignore[union-attr]
        found = next((block["block_id"] for block in blocks if block["block_id"].startswith("sentence:")), None)
        if found is None:
            raise GivenUpError  # somebody else has just ended it
        return str(found).split(":")[1]

    def answers(self) -> None:
        self.scene.board.look()
        card = self.scene.board.any(self.rng, need=False, most_done=0)
        if card is None or "Answer" not in card.message.buttons():
            return
        card.done += 1
        op = self.begin("answer", card.mark)
        op.facts["text"] = f"{op.mark} is our answer."
        self.opens("answer_give", lambda: self.person.presses("Answer", on=card.message))
        self.person.fills("Your answer", op.facts["text"])
        self.submits(op)


class Traveller(Someone):
    """Moves from zone to zone and looks at the Home tab: what Slack tells by events, and again if it was not taken."""

    def deeds(self) -> list[tuple[int, Callable[[], None]]]:
        return [(1, self.moves_house), (2, self.looks_at_home)]

    def moves_house(self) -> None:
        """Nobody acknowledges this to them; a person's own zone is what the end is held against."""
        zone = self.rng.choice(ZONES)
        self.scene.workspace.update_person(self.person, tz=zone)
        time.sleep(self.rng.uniform(0.5, 2.0))

    def looks_at_home(self) -> None:
        self.person.opens_home()
        time.sleep(self.rng.uniform(0.5, 2.0))


class Admin(Someone):
    """Reads what could not be delivered, and has it tried again."""

    def deeds(self) -> list[tuple[int, Callable[[], None]]]:
        return [(1, self.tries_again)]

    def tries_again(self) -> None:
        time.sleep(self.rng.uniform(0.5, 2.0))
        press_again(self.person, 1)


AGAIN = say("en", "button.send_again")


def press_again(admin: Person, newest: int) -> None:
    """Press Try again on the newest notices of what could not be delivered."""
    told = [message for message in admin.dm() if AGAIN in message.buttons()]
    for message in told[-newest:]:
        with suppress(AssertionError):  # redrawn meanwhile
            admin.presses(AGAIN, on=message)


def _mark_of(message: Message) -> str:
    """The mark of the feedback a message is about."""
    found = MARK.search(message.row.text) or MARK.search(str(message.row.blocks))
    return found.group() if found else ""


def _number_of(receipt: Message) -> str:
    """F-12, from its receipt."""
    found = re.search(r"F-\d+", receipt.row.text)
    return found.group() if found else "F-?"
