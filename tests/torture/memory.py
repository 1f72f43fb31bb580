"""What a workspace in plain dicts remembers, and how it is looked up and told about: the ground the model stands on."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.calendar import Calendar

Row = dict[str, Any]

MANAGERS, ADMINS = ("UMARA",), ("UADA",)
UTC = Calendar(ZoneInfo("UTC"))


class No(Exception):  # noqa: N818 - an answer, as in the app
    """A refusal by its key."""


@dataclass(frozen=True)
class Act:
    """Something somebody does: `name` is the method of the model, `facts` its arguments. `key` as Slack repeats it."""

    name: str
    by: str
    facts: Row
    key: str


@dataclass
class Memory:
    """All that is remembered of one workspace, and what may be asked of it."""

    calendar: Calendar = UTC
    rules: Row = field(default_factory=lambda: {"quorum": 2, "days": 3, "decides": True, "reviewers": ()})
    feedback: dict[int, Row] = field(default_factory=dict)
    requirements: dict[int, Row] = field(default_factory=dict)
    rounds: dict[int, list[Row]] = field(default_factory=dict)
    questions: dict[int, Row] = field(default_factory=dict)
    changes: dict[str, list[str]] = field(default_factory=dict)
    policy_log: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    waiting: dict[str, list[tuple[int, str, int]]] = field(default_factory=dict)

    def first(self, act: Act) -> bool:
        if act.key in self.seen:
            return False
        self.seen.add(act.key)
        return True

    def need(self, condition: object, otherwise: str) -> None:
        if not condition:
            raise No(f"refused.{otherwise}")

    def check_team(self, person: str) -> None:
        self.need(person in (*self.rules["reviewers"], *MANAGERS, *ADMINS), "team_only")

    def standing(self, number: int) -> Row:
        self.need(number in self.feedback, "unknown_feedback")
        self.need(self.feedback[number]["state"] != "withdrawn", "withdrawn")
        return self.feedback[number]

    def wanted(self, number: int) -> Row:
        self.need(number in self.requirements, "unknown_requirement")
        self.need(not self.requirements[number]["withdrawn"], "withdrawn")
        return self.requirements[number]

    def asking(self, requirement: int) -> list[int]:
        asks = ((number, one) for number, one in self.feedback.items() if one["requirement"] == requirement)
        return [number for number, one in asks if one["state"] != "withdrawn"]

    def filers(self, requirement: int) -> set[str]:
        return {self.feedback[number]["by"] for number in self.asking(requirement)}

    def note(self, about: str, what: str) -> int:
        self.changes.setdefault(about, []).append(what)
        return len(self.changes[about])

    def in_charge(self, but: str) -> list[str]:
        return [one for one in MANAGERS if one != but] or [one for one in ADMINS if one != but]

    def say(self, *keys: str) -> None:
        for key in keys:
            self.waiting.setdefault(key, [])

    def tell_requesters(self, requirement: int, kind: str, number: int, by: str | None) -> None:
        self.say(f"card:F-{self.requirements[requirement]['origin']}")
        self.tell(self.asking(requirement), kind, number, by, cards=False)

    def tell(self, about: list[int], kind: str, number: int, by: str | None, *, cards: bool = True) -> None:
        for feedback in about:
            self.say(f"receipt:F-{feedback}", *([f"card:F-{feedback}"] if cards else []))
            self.inform({self.feedback[feedback]["by"]} - {by}, feedback, kind, number)

    def tell_filer(self, number: int, kind: str, change: int, by: str) -> None:
        self.say(f"card:F-{number}", f"receipt:F-{number}")
        self.inform({self.feedback[number]["by"]} - {by}, number, kind, change)

    def inform(self, people: set[str] | set[str | None] | list[str], feedback: int, kind: str, number: int) -> None:
        for person in people:
            self.waiting.setdefault(f"news:{person}", []).append((feedback, kind, number))

    def told(self) -> dict[str, Any]:
        """Return all of it in the form in which `rows.told` says what is stored."""
        rounds = [(r, n, vote) for r, all_of in sorted(self.rounds.items()) for n, vote in enumerate(all_of, 1)]
        return {
            "feedback": _told(self.feedback, "words", "title", "by", "state", "requirement", "answer"),
            "requirements": _told(self.requirements, "title", "status", "origin", "withdrawn"),
            "moves": [(r, n, *move) for r, one in self.requirements.items() for n, move in enumerate(one["moves"], 1)],
            "rounds": [(r, n, *(vote[name] for name in ROUND)) for r, n, vote in rounds],
            "ballots": sorted((r, n, who, *cast) for r, n, vote in rounds for who, cast in ballots(vote).items()),
            "questions": _told(self.questions, "feedback", "answer", "follow_up_at", "follow_ups"),
            "changes": sorted((about, *one) for about, all_of in self.changes.items() for one in enumerate(all_of, 1)),
            "policy_log": self.policy_log,
            "waiting": {key: sorted(items) for key, items in self.waiting.items()},
        }


ROUND = ("quorum", "decides", "due", "paused", "result")


def _told(things: dict[int, Row], *names: str) -> list[tuple[Any, ...]]:
    return [(number, *(one[name] for name in names)) for number, one in things.items()]


def ballots(vote: Row) -> dict[str, tuple[str, int]]:
    """Return voter -> (choice, time) of the latest press of each; of two at one time the first delivered."""
    found: dict[str, tuple[str, int]] = {}
    for person, choice, at in vote["presses"]:
        if person not in found or at > found[person][1]:
            found[person] = (choice, at)
    return found


def came_to(vote: Row) -> str | None:
    """Return what a round comes to; None without a quorum."""
    cast = ballots(vote)
    if len(cast) < vote["quorum"]:
        return None
    count = Counter(choice for choice, _ in cast.values())
    if count["approve"] == count["reject"]:
        return "undecided"
    return "approved" if count["approve"] > count["reject"] else "rejected"
