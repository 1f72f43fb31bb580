"""Requirements: the statuses, the moves between them, and what a move needs."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.feedback import TITLE_MAX
from bot.domain.refusals import Refused

SENTENCE_MAX = 1000
TARGET_MAX = 40
DESCRIPTION_MAX = 3000


class Status(StrEnum):
    """Where a requirement stands."""

    NEW = "new"
    IN_REVIEW = "in_review"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    VALIDATING = "validating"
    SHIPPED = "shipped"
    SOLVED = "solved"
    DECLINED = "declined"
    DEFERRED = "deferred"


MOVES: dict[Status, tuple[Status, ...]] = {
    Status.NEW: (Status.IN_REVIEW, Status.ACCEPTED, Status.DECLINED, Status.DEFERRED),
    Status.IN_REVIEW: (Status.ACCEPTED, Status.DECLINED, Status.DEFERRED),
    Status.ACCEPTED: (
        Status.IN_PROGRESS,
        Status.VALIDATING,
        Status.SHIPPED,
        Status.DECLINED,
        Status.DEFERRED,
    ),
    Status.IN_PROGRESS: (
        Status.VALIDATING,
        Status.SHIPPED,
        Status.ACCEPTED,
        Status.DECLINED,
        Status.DEFERRED,
    ),
    Status.VALIDATING: (Status.SHIPPED, Status.IN_PROGRESS, Status.DECLINED),
    Status.SHIPPED: (Status.SOLVED, Status.IN_PROGRESS),
    Status.SOLVED: (),
    Status.DECLINED: (Status.IN_REVIEW,),
    Status.DEFERRED: (Status.IN_REVIEW,),
}
"""From each status, the statuses a requirement may go to; the most usual one first."""

MILESTONES = frozenset({Status.ACCEPTED, Status.DECLINED, Status.DEFERRED, Status.SHIPPED})
"""Statuses whose news also stands at the foot of the requester's DM."""

REASONS: dict[Status, tuple[str, ...]] = {
    Status.DECLINED: ("direction", "demand", "effort", "exists"),
    Status.DEFERRED: ("capacity", "evidence", "dependency", "timing"),
}
"""Statuses that need a reason, and the list it comes from."""

ROLLED_BACK = "rolled_back"
"""The only reason to leave shipped for in progress; set by the move, not chosen."""


@dataclass(frozen=True)
class Change:
    """A wished move. `sentence` is written to the requester; `target` is a date, a month or a sprint's name."""

    to: Status
    reason: str | None = None
    sentence: str | None = None
    target: str | None = None


def check(before: Status, change: Change, today: date) -> Change:
    """Return the change in its stored form, or raise Refused naming the field that is wrong."""
    if change.to not in MOVES[before]:
        raise Refused("refused.move", before=before, to=change.to)
    return Change(
        to=change.to,
        reason=_reason(before, change),
        sentence=_sentence(before, change),
        target=_target(change, today),
    )


def _reason(before: Status, change: Change) -> str | None:
    if (before, change.to) == (Status.SHIPPED, Status.IN_PROGRESS):
        return ROLLED_BACK
    if change.to not in REASONS:
        return None
    if change.reason not in REASONS[change.to]:
        raise Refused("refused.reason_missing", field="reason")
    return change.reason


def _sentence(before: Status, change: Change) -> str | None:
    sentence = (change.sentence or "").strip() or None
    reopened = change.to is Status.IN_REVIEW and before is not Status.NEW
    if sentence is None and (change.to in REASONS or reopened):
        raise Refused("refused.sentence_missing", field="sentence")
    if sentence is not None and len(sentence) > SENTENCE_MAX:
        raise Refused("refused.too_long", field="sentence", longest=SENTENCE_MAX, length=len(sentence))
    return sentence


def _target(change: Change, today: date) -> str | None:
    target = (change.target or "").strip() or None
    if target is None or change.to is not Status.ACCEPTED:
        return None
    if len(target) > TARGET_MAX:
        raise Refused("refused.too_long", field="target", longest=TARGET_MAX, length=len(target))
    if _last_day_before(target, today):
        raise Refused("refused.target_past", field="target")
    return target


def check_edit(title: str, description: str | None) -> tuple[str, str | None]:
    """Return title and description in their stored form, or raise Refused naming the field that is wrong."""
    title, described = title.strip(), (description or "").strip() or None
    if not any(character.isalnum() for character in title):
        raise Refused("refused.title_missing", field="title")
    for field, text, longest in (("title", title, TITLE_MAX), ("description", described, DESCRIPTION_MAX)):
        if text is not None and len(text) > longest:
            raise Refused("refused.too_long", field=field, longest=longest, length=len(text))
    return title, described


def target_day(target: str) -> date | None:
    """Return the date a target names, if it is a date (2026-12-15)."""
    try:
        return date.fromisoformat(target) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", target) else None
    except ValueError:
        return None


def target_month(target: str) -> date | None:
    """Return the first day of the month a target names, if it is a month (2026-12)."""
    return target_day(f"{target}-01") if re.fullmatch(r"\d{4}-\d{2}", target) else None


def _last_day_before(target: str, today: date) -> bool:
    day, month = target_day(target), target_month(target)
    if day is not None:
        return day < today
    return month is not None and (month.year, month.month) < (today.year, today.month)
