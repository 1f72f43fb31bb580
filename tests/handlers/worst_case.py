"""The largest and nastiest data that the rules let in, as storage rows, without a database."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from bot.domain.feedback import CUSTOMER_MAX, SHORT_TEXT_MAX, TITLE_MAX, WORDS_MAX, Kind, State
from bot.domain.requirements import DESCRIPTION_MAX, MOVES, REASONS, SENTENCE_MAX, Status
from bot.domain.votes import WHY_MAX, Choice, Result
from bot.policy import DEPARTMENTS, Policy, build
from handlers.slack.facts import Facts
from storage.changes import RecordChange
from storage.customers import Customer
from storage.feedback import Feedback, Question
from storage.requirements import Move, Requirement
from storage.votes import Ballot, Round

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
VOTERS = [f"U0VOTER{n}" for n in range(20)]
NAME_MAX = 80
"""Slack's limit for a name that is shown."""

PATTERNS = {
    "plain": "They need an export. ",
    "mentions": "<!channel> <!here|x> <@U1> <#C1|c> <!subteam^S1> <https://evil.example|a> @channel x ",
    "markup": "*b* _i_ ~s~ `c` ```p``` > q\n> r\n• &lt;!channel&gt; :tada: ",
    "ampersands": "&",
    "chinese": "他们需要把表格导出来，现在就要！",
    "emoji": "🎉👩🏽‍🚀x",
}
"""What texts are made of; ampersands grow to five characters each when they are escaped."""


def text(pattern: str, length: int) -> str:
    """Return text of exactly this length that begins and ends visibly."""
    words = PATTERNS[pattern]
    filled = (words * (length // len(words) + 1))[: length - 1]
    return ("x" if filled[:1].isspace() else filled[:1]) + filled[1:] + "x"


def policy(language: str = "en", triage: str | None = "C0TRIAGE") -> Policy:
    """Return a policy in which everybody votes."""
    channels = {"triage": triage} if triage else {}
    tables: dict[str, Any] = {"workspace": {"language": language, "timezone": "Asia/Shanghai"}, "channels": channels}
    return build({**tables, "people": {"reviewers": VOTERS, "managers": ["U0MARA"]}})


def facts(pattern: str, kind: Kind = Kind.NEED, language: str = "en", **changes: Any) -> Facts:
    """Return the facts of a requirement in review without votes; `changes` are the columns of the feedback."""
    reviewed = kind in {Kind.NEED, Kind.PROBLEM}
    found = Facts(
        feedback=_feedback(pattern, kind, 987654 if reviewed else None, changes),
        customer=Customer(
            team_id="T1", id=2**31 - 1, name=text(pattern, CUSTOMER_MAX), key="k", created_by="U1", created_at=NOW
        ),
        requirement=None,
        vote=None,
        ballots=(),
        moves=(),
        questions=(),
        names={who: text(pattern, NAME_MAX) for who in ("U0ALICE", "U0MARA", "U0BOB", *VOTERS)},
        policy=policy(language),
    )
    return in_status(found, pattern, Status.IN_REVIEW) if reviewed else found


def _feedback(pattern: str, kind: Kind, requirement: int | None, changes: dict[str, Any]) -> Feedback:
    columns = {
        "team_id": "T1",
        "number": 987654,
        "requirement": requirement,
        "customer_id": 2**31 - 1,
        "kind": kind.value,
        "urgency": "quarter",
        "title": text(pattern, TITLE_MAX),
        "words": text(pattern, WORDS_MAX),
        "scenario": text(pattern, SHORT_TEXT_MAX),
        "stake": "expansion",
        "said_by": text(pattern, SHORT_TEXT_MAX),
        "hide_customer": False,
        "permalink": "https://practice.slack.com/archives/C0GENERAL/p1795327558783477?thread_ts=1.1&cid=C0GENERAL",
        "private_source": False,
        "filed_by": "U0ALICE",
        "filed_at": NOW - timedelta(seconds=10),
        "state": State.OPEN.value,
        "answer": None,
        "answered_by": None,
    }
    return Feedback(**{**columns, **changes})


def in_status(found: Facts, pattern: str, status: Status, target: str | None = None) -> Facts:
    """Return facts whose requirement stands at a status, with the moves that lead there and a round."""
    path = _path(status)
    moves = [_move(pattern, number, before, after) for number, (before, after) in enumerate(pairwise(path), 1)]
    requirement = Requirement(
        team_id="T1",
        number=987654,
        title=text(pattern, TITLE_MAX),
        status=status.value,
        target=target,
        origin=987654,
        created_at=NOW,
        changed_at=NOW,
        withdrawn_at=None,
    )
    closed = None if status is Status.IN_REVIEW else Result.DECIDED
    return replace(found, requirement=requirement, moves=moves, vote=a_round(blind=True, result=closed))


def _path(status: Status) -> list[Status]:
    """Return the shortest way from new to a status."""
    paths = [[Status.NEW]]
    for path in paths:
        if path[-1] is status:
            return path
        paths += [[*path, after] for after in MOVES[path[-1]] if after not in path]
    raise AssertionError(f"{status} cannot be reached")


def _move(pattern: str, number: int, before: Status, after: Status) -> Move:
    reasons = REASONS.get(after, (None,))
    return Move(
        team_id="T1",
        requirement=987654,
        number=number,
        before=before.value,
        after=after.value,
        by=None if before is Status.NEW else "U0MARA",
        reason=reasons[0],
        sentence=None if before is Status.NEW else text(pattern, SENTENCE_MAX),
        target=None,
        at=NOW,
    )


def many_moves(found: Facts, pattern: str, count: int) -> Facts:
    """Return facts with a history that went back and forth."""
    turns = [Status.ACCEPTED, Status.IN_PROGRESS] * count
    moves = [_move(pattern, number, *turns[number : number + 2]) for number in range(1, count + 1)]
    return replace(found, moves=moves)


def a_round(*, blind: bool, result: Result | None) -> Round:
    """Return a vote round, closed when it has a result."""
    closed_at = NOW if result else None
    value = result.value if result else None
    more = {"opened_at": NOW, "closed_at": closed_at, "result": value, "decides": True, "blind": blind}
    rules = {"departments": " ".join(DEPARTMENTS), "due_at": NOW, "anonymous": False}
    return Round(team_id="T1", requirement=987654, number=3, quorum=50, **{**rules, **more})


def voted(found: Facts, pattern: str, *, blind: bool, result: Result | None, voters: Iterable[str] = VOTERS) -> Facts:
    """Return facts on which many voted, each with a line of why."""
    ballots = [
        Ballot(
            team_id="T1",
            requirement=987654,
            round=3,
            user_id=who,
            choice=list(Choice)[at % 3].value,
            why=text(pattern, WHY_MAX),
            action_us=at,
        )
        for at, who in enumerate(voters)
    ]
    return replace(found, vote=a_round(blind=blind, result=result), ballots=ballots)


def asked(found: Facts, pattern: str, count: int, *, answered: bool = True) -> Facts:
    """Return facts on which many questions were asked."""
    return replace(found, questions=[question(pattern, number, answered=answered) for number in range(1, count + 1)])


def question(pattern: str, number: int, *, answered: bool) -> Question:
    """Return a question as long as the form takes it."""
    answer = {"answer": text(pattern, WORDS_MAX), "answered_by": "U0ALICE", "answered_at": NOW} if answered else {}
    return Question(
        team_id="T1",
        number=number,
        feedback=987654,
        question=text(pattern, WORDS_MAX),
        asked_by="U0BOB",
        asked_at=NOW,
        **answer,
    )


def whole(found: Facts, pattern: str, count: int, others: int = 0) -> Facts:
    """Return facts of what was edited, withdrawn and reopened over and over, and what so many others ask for too."""
    changes = [change for number in range(1, count + 1) for change in _changes(pattern, number)]
    asking = [(_feedback(pattern, Kind.NEED, 987654, {"number": 987654}), found.customer)] * others
    requirement = found.requirement
    if requirement is not None:
        requirement.description = text(pattern, DESCRIPTION_MAX)
    return replace(found, changes=changes, others=asking)


def _changes(pattern: str, number: int) -> list[RecordChange]:
    words = {"title": text(pattern, TITLE_MAX), "words": text(pattern, WORDS_MAX), "customer_id": 1, "urgency": "now"}
    said = {"scenario": "s", "stake": None, "said_by": text(pattern, SHORT_TEXT_MAX), "hide_customer": False}
    answer = {"answer": text(pattern, WORDS_MAX), "answered_by": "U0BOB", "why": text(pattern, WHY_MAX)}
    described = {"title": text(pattern, TITLE_MAX), "description": text(pattern, DESCRIPTION_MAX)}
    made = [
        ("F-987654", "edited", words | said),
        ("R-987654", "edited", described),
        ("F-987654", "withdrawn", {}),
        ("F-987654", "reopened", answer),
    ]
    return [
        RecordChange(
            team_id="T1",
            about=about,
            number=4 * number + at,
            what=what,
            by="U0ALICE",
            at=NOW + timedelta(at),
            before=before,
        )
        for at, (about, what, before) in enumerate(made)
    ]
