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


def has_quorum(choices: Iterable[Choice], quorum: int) -> bool:
    """Say whether enough votes were cast; abstentions count."""
    return sum(1 for _ in choices) >= quorum


def outcome(choices: Iterable[Choice]) -> Result:
    """Approve against Reject; a tie is undecided."""
    count = Counter(choices)
    lead = count[Choice.APPROVE] - count[Choice.REJECT]
    if lead == 0:
        return Result.UNDECIDED
    return Result.APPROVED if lead > 0 else Result.REJECTED
