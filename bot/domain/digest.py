"""Why a requirement needs a decision of the review meeting."""

from enum import StrEnum


class Why(StrEnum):
    """What a requirement waits for the meeting with; what is most urgent comes first."""

    ANSWERED = "answered"
    UNDECIDED = "undecided"
    REJECTED = "rejected"
    WAITING = "waiting"
