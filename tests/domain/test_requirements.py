from datetime import date
from itertools import product

import pytest

from bot.domain.refusals import Refused
from bot.domain.requirements import MOVES, REASONS, ROLLED_BACK, Change, Status, check

TODAY = date(2026, 11, 23)


def complete(to: Status, **facts: str) -> Change:
    reason = REASONS[to][0] if to in REASONS else None
    return Change(to, **{"reason": reason, "sentence": "Because.", **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_a_move_is_taken_if_and_only_if_the_table_has_it(before: Status, after: Status) -> None:
    if after in MOVES[before]:
        assert check(before, complete(after), TODAY).to is after
    else:
        with pytest.raises(Refused) as refused:
            check(before, complete(after), TODAY)
        assert refused.value.key == "refused.move"


def test_the_table_is_the_design_s() -> None:
    allowed = {(before, after) for before, targets in MOVES.items() for after in targets}
    written = {
        "new": "in_review accepted declined deferred",
        "in_review": "accepted declined deferred",
        "accepted": "in_progress validating shipped declined deferred",
        "in_progress": "accepted validating shipped declined deferred",
        "validating": "in_progress shipped declined",
        "shipped": "solved in_progress",
        "declined": "in_review",
        "deferred": "in_review",
    }
    assert allowed == {(before, after) for before, targets in written.items() for after in targets.split()}


@pytest.mark.parametrize("to", [Status.DECLINED, Status.DEFERRED])
def test_a_no_needs_a_reason_from_the_list_and_a_sentence(to: Status) -> None:
    for change, field in (
        (Change(to, None, "Because."), "reason"),
        (Change(to, "whim", "Because."), "reason"),
        (Change(to, REASONS[to][0], "  "), "sentence"),
    ):
        with pytest.raises(Refused) as refused:
            check(Status.IN_REVIEW, change, TODAY)
        assert refused.value.field == field


def test_reopening_needs_a_sentence_and_the_first_review_none() -> None:
    assert check(Status.NEW, Change(Status.IN_REVIEW), TODAY)
    with pytest.raises(Refused):
        check(Status.DECLINED, Change(Status.IN_REVIEW), TODAY)


def test_leaving_shipped_for_in_progress_is_a_rollback() -> None:
    assert check(Status.SHIPPED, Change(Status.IN_PROGRESS), TODAY).reason == ROLLED_BACK


@pytest.mark.parametrize("target", ["2026-11-23", "2026-12", "2026-11", "Sprint 34"])
def test_a_target_is_a_date_a_month_or_a_sprint(target: str) -> None:
    assert check(Status.IN_REVIEW, Change(Status.ACCEPTED, target=target), TODAY).target == target


@pytest.mark.parametrize("target", ["2026-11-22", "2026-10", "x" * 41])
def test_a_target_in_the_past_or_too_long_is_refused_at_its_field(target: str) -> None:
    with pytest.raises(Refused) as refused:
        check(Status.IN_REVIEW, Change(Status.ACCEPTED, target=target), TODAY)
    assert refused.value.field == "target"


def test_only_accepted_has_a_target_and_only_a_no_has_a_reason() -> None:
    moved = check(Status.ACCEPTED, Change(Status.SHIPPED, reason="effort", target="2026-12"), TODAY)
    assert (moved.reason, moved.target) == (None, None)
