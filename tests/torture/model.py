"""A workspace in plain dicts: what people's acts should come to, without a database and without transactions.

Only the rules of working days, of moves and of titles are shared with what is tested: they have tests of their own.
"""

import copy
from datetime import datetime, timedelta
from typing import Any

from bot.domain.feedback import title_from
from bot.domain.requirements import MOVES
from tests.torture.memory import ADMINS, MANAGERS, Act, Memory, No, Row, ballots, came_to

REVIEWED = ("need", "problem")
UNDECIDED = ("new", "in_review")
UNDO = timedelta(seconds=60)
FOLLOW_UP_DAYS = 3
_WHO = {True: "filer_only", False: "filer_or_manager"}


class Model(Memory):
    """All that people do, each by a method named like the act; `facts` are its arguments."""

    def do(self, act: Act, now: datetime) -> Any:
        """Return what an act comes to, or the key of the refusal, after which all is as it was."""
        before = copy.deepcopy(self.__dict__)
        try:
            return getattr(self, act.name)(act, now, **act.facts)
        except No as no:
            self.__dict__.update(before)
            return str(no)

    # -- feedback

    def file(self, act: Act, now: datetime, *, kind: str, words: str) -> int | None:
        """File feedback; a need or a problem makes a requirement."""
        if not self.first(act):
            return None
        number, title = len(self.feedback) + 1, title_from(words)
        requirement = self._create(number, title, act.by, now) if kind in REVIEWED else None
        facts = {"words": words, "title": title, "by": act.by, "state": "open", "requirement": requirement}
        self.feedback[number] = {**facts, "kind": kind, "answer": None, "at": now}
        self.say(f"card:F-{number}", f"receipt:F-{number}")
        return number

    def ask_too(self, _act: Act, _now: datetime, *, number: int, requirement: int) -> None:
        """Let open feedback without a requirement ask for one that is there."""
        item = self.feedback.get(number)
        wanted = self.requirements.get(requirement)
        if item and wanted and item["requirement"] is None and item["state"] == "open" and not wanted["withdrawn"]:
            item["requirement"] = requirement

    def undo(self, act: Act, now: datetime, *, number: int) -> None:
        """Withdraw what was just filed."""
        item = self.standing(number)
        self.need(item["by"] == act.by, "filer_only")
        self.need(now - item["at"] <= UNDO, "undo_late")
        self.need(item["state"] != "answered", "answered")
        self._take_back(number, now, even_decided=False)
        self.say(f"card:F-{number}", f"receipt:F-{number}")

    def withdraw(self, act: Act, now: datetime, *, number: int) -> bool:
        """Withdraw feedback at any time."""
        if not self.first(act):
            return False
        item = self.standing(number)
        self.need(act.by == item["by"] or act.by in MANAGERS + ADMINS, "filer_or_manager")
        self.need(item["state"] != "answered", "answered")
        change = self._take_back(number, now, even_decided=True)
        self.tell_filer(number, "withdrawn", change, act.by)
        return True

    def _take_back(self, number: int, now: datetime, *, even_decided: bool) -> int:
        item = self.feedback[number]
        item["state"] = "withdrawn"
        requirement = item["requirement"]
        if requirement is not None and self.asking(requirement):
            self._go_on(requirement, now)
        elif requirement is not None and self.requirements[requirement]["status"] in UNDECIDED:
            self._close(requirement, "withdrawn")
            self.requirements[requirement]["withdrawn"] = True
        else:
            self.need(requirement is None or even_decided, "undo_decided")
        return self.note(f"F-{number}", "withdrawn")

    def reopen(self, act: Act, now: datetime, *, number: int) -> bool:
        """Take up again what was withdrawn or answered."""
        if not self.first(act):
            return False
        item = self.feedback.get(number)
        if item is None:
            raise No("refused.unknown_feedback")
        self.need(item["state"] != "open", "open_already")
        answered = item["state"] == "answered"
        self.need(act.by == item["by"] or (not answered and act.by in MANAGERS + ADMINS), _WHO[answered])
        change = self.note(f"F-{number}", "reopened")
        item["state"] = "open"
        if answered:
            item["answer"] = None
            self.say(f"note:F-{number}:{change}")
        elif item["requirement"] is not None:
            self._ask_again(item, item["requirement"], now)
        self.tell_filer(number, "reopened", change, act.by)
        return True

    def _ask_again(self, item: Row, number: int, now: datetime) -> None:
        requirement = self.requirements[number]
        if requirement["withdrawn"]:
            requirement["withdrawn"] = False
            if requirement["status"] in UNDECIDED:
                self._open(number, {item["by"]}, now)
        if self._unanswered(number):
            self._hold_up(number, now)

    def edit_feedback(self, act: Act, _now: datetime, *, number: int, words: str, seen: int) -> bool:
        """Change the words; the title is their first sentence."""
        if not self.first(act):
            return False
        item = self.feedback.get(number)
        if item is None:
            raise No("refused.unknown_feedback")
        self.need(item["by"] == act.by, "filer_only")
        self.need(item["state"] == "open", f"edit_{item['state']}")
        self.need(len(self.changes.get(f"F-{number}", ())) == seen, "edited_meanwhile")
        if words != item["words"]:
            self._edit(act, number, item, words)
        return True

    def _edit(self, act: Act, number: int, item: Row, words: str) -> None:
        change, title = self.note(f"F-{number}", "edited"), item["title"]
        item |= {"words": words, "title": title_from(words)}
        self.say(f"card:F-{number}", f"receipt:F-{number}")
        wanted = self.requirements.get(item["requirement"] or 0)
        if wanted is None:
            return
        if wanted["origin"] == number and wanted["title"] == title != item["title"]:
            self.note(f"R-{item['requirement']}", "edited")
            wanted["title"] = item["title"]
        vote = self.rounds[item["requirement"]][-1]
        if vote["result"] is None:
            self.inform(set(ballots(vote)) - {act.by}, number, "edited", change)

    def answer(self, act: Act, _now: datetime, *, number: int) -> bool:
        """Answer a question, complaint or praise."""
        self.check_team(act.by)
        if not self.first(act):
            return False
        item = self.standing(number)
        self.need(item["requirement"] is None, "answer_requirement")
        self.need(item["state"] != "answered", "answered")
        item |= {"state": "answered", "answer": act.key}
        self.tell([number], "answer", number, act.by)
        return True

    def make_requirement(self, act: Act, now: datetime, *, number: int) -> int:
        """Make a requirement of feedback that has none."""
        item = self.standing(number)
        if item["by"] != act.by:
            self.check_team(act.by)
        self.need(item["requirement"] is None, "already_requirement")
        requirement = self._create(number, item["title"], item["by"], now)
        item |= {"requirement": requirement, "state": "open"}
        if self._unanswered(requirement):
            self._hold_up(requirement, now)
        self.tell([number], "requirement", requirement, act.by)
        return requirement

    # -- questions

    def ask(self, act: Act, now: datetime, *, number: int) -> bool:
        """Ask the filer something; the vote waits."""
        self.check_team(act.by)
        if not self.first(act):
            return False
        item = self.standing(number)
        self.need(item["by"] != act.by, "ask_yourself")
        question = len(self.questions) + 1
        at = self.calendar.deadline(now, FOLLOW_UP_DAYS)
        self.questions[question] = {"feedback": number, "answer": None, "follow_up_at": at, "follow_ups": 0}
        if item["requirement"] is not None:
            self._hold_up(item["requirement"], now)
        self.tell([number], "question", question, act.by)
        return True

    def answer_question(self, act: Act, now: datetime, *, question: int) -> bool:
        """Answer what was asked, as the filer."""
        if not self.first(act):
            return False
        found = self.questions.get(question)
        if found is None:
            raise No("refused.unknown_question")
        number = found["feedback"]
        item = self.standing(number)
        self.need(item["by"] == act.by, "filer_only")
        self.need(found["answer"] is None, "answered")
        found |= {"answer": act.key, "follow_up_at": None}
        if item["requirement"] is not None:
            self._go_on(item["requirement"], now)
        self.say(f"note:F-{number}:Q-{question}", f"card:F-{number}", f"receipt:F-{number}")
        return True

    def follow_up(self, _act: Act, now: datetime, *, question: int) -> bool:
        """Ask once more; then tell the managers."""
        found = self.questions.get(question)
        if found is None or found["follow_up_at"] is None or found["follow_up_at"] > now:
            return False
        item = self.feedback[found["feedback"]]
        matters = found["answer"] is None and self._is_awaited(item)
        again = matters and found["follow_ups"] == 0
        at = self.calendar.deadline(now, FOLLOW_UP_DAYS) if again else None
        found |= {"follow_ups": found["follow_ups"] + 1, "follow_up_at": at}
        if again:
            self.tell([found["feedback"]], "chase", question, None, cards=False)
        elif matters:
            self.inform(self.in_charge(item["by"]), found["feedback"], "unanswered", question)
        return matters

    def _is_awaited(self, item: Row) -> bool:
        if item["requirement"] is None:
            return bool(item["state"] == "open")
        return self.requirements[item["requirement"]]["status"] in UNDECIDED and item["state"] != "withdrawn"

    def _hold_up(self, requirement: int, now: datetime) -> None:
        vote = self.rounds[requirement][-1]
        if vote["result"] is not None or vote["paused"] is not None:
            return
        vote["paused"] = now
        for question in self._unanswered(requirement):
            if question["follow_up_at"] is None:
                question |= {"follow_up_at": self.calendar.deadline(now, FOLLOW_UP_DAYS), "follow_ups": 0}

    def _go_on(self, requirement: int, now: datetime) -> None:
        vote = self.rounds[requirement][-1]
        if vote["result"] is None and vote["paused"] is not None and not self._unanswered(requirement):
            vote |= {"paused": None, "due": self.calendar.resumed(vote["due"], vote["paused"], now)}

    def _unanswered(self, requirement: int) -> list[Row]:
        asking = self.asking(requirement)
        return [one for one in self.questions.values() if one["feedback"] in asking and one["answer"] is None]

    # -- votes and requirements

    def vote(self, act: Act, _now: datetime, *, requirement: int, choice: str, at: int) -> tuple[str, str | None]:
        """Press a button of the card."""
        self.need(act.by in self.rules["reviewers"], "reviewers_only")
        wanted = self.wanted(requirement)
        self.need(self.filers(requirement) != {act.by}, "own_wish")
        vote = self.rounds[requirement][-1]
        self.need(vote["result"] is None, "vote_closed")
        vote["presses"].append((act.by, choice, at))
        result = came_to(vote)
        if result:
            self._end(requirement, result)
        self.say(f"card:F-{wanted['origin']}")
        return ballots(vote)[act.by][0], result

    def close_due(self, _act: Act, now: datetime, *, requirement: int) -> bool:
        """Close a round whose deadline came."""
        vote = self.rounds[requirement][-1] if requirement in self.rounds else None
        if vote is None or vote["result"] or vote["paused"] or vote["due"] > now:
            return False
        self._end(requirement, came_to(vote) or "undecided")
        return True

    def _end(self, requirement: int, result: str) -> None:
        wanted, vote = self.requirements[requirement], self.rounds[requirement][-1]
        vote["result"] = result
        news = ("round", len(self.rounds[requirement]))
        if result == "approved" and vote["decides"] and wanted["status"] == "in_review":
            news = ("move", self._move(requirement, "accepted", None))
        self.tell_requesters(requirement, *news, None)

    def change(self, act: Act, now: datetime, *, requirement: int, to: str) -> bool:
        """Move a requirement."""
        self.need(act.by in MANAGERS + ADMINS, "managers_only")
        if not self.first(act):
            return False
        wanted = self.wanted(requirement)
        self.need(to in MOVES[wanted["status"]], "move")
        if to == "in_review":
            self._open(requirement, self.filers(requirement), now)
        else:
            self._close(requirement, "decided")
        move = self._move(requirement, to, act.by)
        self.tell_requesters(requirement, "move", move, act.by)
        return True

    def edit_requirement(self, act: Act, _now: datetime, *, requirement: int, title: str, seen: int) -> bool:
        """Call it something else."""
        self.need(act.by in MANAGERS + ADMINS, "edit_managers_only")
        if not self.first(act):
            return False
        wanted = self.wanted(requirement)
        self.need(len(self.changes.get(f"R-{requirement}", ())) == seen, "edited_meanwhile")
        if wanted["title"] != title:
            wanted["title"] = title
            self.note(f"R-{requirement}", "edited")
            self.say(f"card:F-{wanted['origin']}")
        return True

    def _create(self, origin: int, title: str, filer: str, now: datetime) -> int:
        number = len(self.requirements) + 1
        facts = {"origin": origin, "title": title, "status": "new", "withdrawn": False, "moves": []}
        self.requirements[number] = facts
        self._move(number, "in_review", None)
        self._open(number, {filer}, now)
        return number

    def _move(self, number: int, to: str, by: str | None) -> int:
        requirement = self.requirements[number]
        requirement["moves"].append((requirement["status"], to, by))
        requirement["status"] = to
        return len(requirement["moves"])

    def _open(self, requirement: int, filers: set[str], now: datetime) -> None:
        reviewers, rules = set(self.rules["reviewers"]), self.rules
        voters = reviewers - filers if len(filers) == 1 else reviewers
        quorum = min(rules["quorum"], max(len(voters), 1)) if reviewers else rules["quorum"]
        due = self.calendar.deadline(now, rules["days"])
        facts = {"quorum": quorum, "decides": rules["decides"], "due": due, "paused": None, "result": None}
        self.rounds.setdefault(requirement, []).append({**facts, "presses": []})

    def _close(self, requirement: int, result: str) -> None:
        vote = self.rounds[requirement][-1]
        vote["result"] = vote["result"] or result

    # -- settings

    def save(self, act: Act, _now: datetime, *, vote: Row, reviewers: tuple[str, ...], opened: int) -> bool:
        """Save the settings in the window an admin opened after so many changes."""
        self.need(act.by in ADMINS, "admins_only")
        if not self.first(act):
            return False
        if {"vote", "people"} & set(self.policy_log[opened:]):
            raise No("overtaken")
        if reviewers and vote["quorum"] > len(reviewers):
            raise No("policy")
        before = dict(self.rules)
        self.rules = {**vote, "reviewers": reviewers}
        if any(before[name] != vote[name] for name in vote):
            self.policy_log.append("vote")
        if before["reviewers"] != reviewers:
            self.policy_log.append("people")
        if reviewers and not before["reviewers"]:
            self._begin(min(vote["quorum"], len(reviewers)))
        for gone in sorted(set(before["reviewers"]) - set(reviewers)):
            self._hand_over(gone)
        return True

    def _begin(self, quorum: int) -> None:
        for number, rounds in self.rounds.items():
            least = max(quorum, len(ballots(rounds[-1])) + 1)
            if rounds[-1]["result"] is None and rounds[-1]["quorum"] > least:
                rounds[-1]["quorum"] = least
                self.say(f"card:F-{self.requirements[number]['origin']}")

    def _hand_over(self, reviewer: str) -> None:
        waits = [
            number
            for number, rounds in self.rounds.items()
            if rounds[-1]["result"] is None
            and reviewer not in ballots(rounds[-1])
            and self.filers(number) != {reviewer}
        ]
        if waits:
            self.say(*(f"handover:no_reviewer:{reviewer}:{one}" for one in self.in_charge(reviewer)))
