"""Votes: what can be cast, when a round has its quorum, and what came out of it."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum


class Choice(StrEnum):
    """A reviewer's vote."""

    APPROVE = "approve"
    REJECT = "reject"
    ABSTAIN = "abstain"


class Result(StrEnum):
    """What a round came to. Withdrawn and decided rounds were closed before they came to anything."""

    APPROVED = "approved"
    REJECTED = "rejected"
    UNDECIDED = "undecided"
    WITHDRAWN = "withdrawn"
    DECIDED = "decided"


WHY_MAX = 500


def has_quorum(votes: int, quorum: int, heard: Iterable[str] = (), needed: Iterable[str] = ()) -> bool:
    """Say whether enough votes were cast, and each department needed was heard; abstentions count."""
    return votes >= quorum and set(needed) <= set(heard)


def outcome(choices: Iterable[Choice]) -> Result:
    """Approve against Reject; a tie is undecided."""
    count = Counter(choices)
    lead = count[Choice.APPROVE] - count[Choice.REJECT]
    if lead == 0:
        return Result.UNDECIDED
    return Result.APPROVED if lead > 0 else Result.REJECTED
