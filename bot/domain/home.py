"""How Home groups what a person filed, and what of it they may choose to see."""

from enum import StrEnum

from bot.domain.requirements import Status


class Group(StrEnum):
    """Where a piece of feedback stands for its filer, what they must act on first."""

    ANSWER = "answer"
    TELL = "tell"
    BUILDING = "building"
    WAITING = "waiting"
    LATER = "later"
    CLOSED = "closed"


GROUP_OF: dict[Status, Group] = {
    Status.NEW: Group.WAITING,
    Status.IN_REVIEW: Group.WAITING,
    Status.ACCEPTED: Group.BUILDING,
    Status.IN_PROGRESS: Group.BUILDING,
    Status.VALIDATING: Group.BUILDING,
    Status.SHIPPED: Group.TELL,
    Status.DEFERRED: Group.LATER,
    Status.SOLVED: Group.CLOSED,
    Status.DECLINED: Group.CLOSED,
}
"""The group of feedback that asks for a requirement, unless its filer is asked something."""


class Show(StrEnum):
    """What a person chose to see: what is open or changed since they last looked, only what changed, what is closed."""

    OPEN = "open"
    CHANGED = "changed"
    CLOSED = "closed"
    ALL = "all"


def is_shown(show: Show, group: Group, *, changed: bool) -> bool:
    """Say whether a piece of feedback is among what a person chose. What closed just now is still shown as open."""
    return {
        Show.OPEN: group is not Group.CLOSED or changed,
        Show.CHANGED: changed,
        Show.CLOSED: group is Group.CLOSED,
        Show.ALL: True,
    }[show]
