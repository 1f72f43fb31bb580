from hypothesis import given
from hypothesis import strategies as st

from bot.domain.votes import Choice, Result, has_quorum, outcome

CHOICES = st.lists(st.sampled_from(Choice), max_size=12)


def test_quorum_counts_abstentions() -> None:
    assert has_quorum(2, 2)
    assert not has_quorum(1, 2)


def test_a_quorum_that_names_departments_hears_each_of_them() -> None:
    assert has_quorum(2, 2, heard=["product", "engineering"], needed=["product", "engineering"])
    assert not has_quorum(3, 2, heard=["product", "market"], needed=["product", "engineering"])


def test_a_tie_is_undecided_and_abstentions_do_not_tip_it() -> None:
    assert outcome([Choice.APPROVE, Choice.REJECT, Choice.ABSTAIN]) is Result.UNDECIDED
    assert outcome([Choice.ABSTAIN]) is Result.UNDECIDED


@given(CHOICES)
def test_the_larger_side_wins(choices: list[Choice]) -> None:
    lead = choices.count(Choice.APPROVE) - choices.count(Choice.REJECT)
    expected = Result.UNDECIDED if lead == 0 else Result.APPROVED if lead > 0 else Result.REJECTED
    assert outcome(choices) is expected


@given(CHOICES)
def test_the_order_of_votes_does_not_matter(choices: list[Choice]) -> None:
    assert outcome(choices) is outcome(list(reversed(choices)))
