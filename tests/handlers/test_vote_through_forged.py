"""Voting through with forms that no client of ours would send: answered, and nothing is cast by them."""

import json

import pytest

from bot.i18n import say
from handlers.slack.vote_through import MOST, Walk
from tests import workspace
from tests.handlers.test_vote_through import cast, reviewer, wishes
from tests.workspace import Json, Office


@pytest.mark.parametrize("metadata", ["", "{}", '{"left": "x"}', "[]", '{"left": ":"}'])
def test_a_form_that_carries_nonsense_is_answered_and_casts_nothing(office: Office, metadata: str) -> None:
    person = reviewer(office)
    (number,) = wishes(office, 1)
    person.sends("/feedback vote")
    person.picks("Your vote", "Approve")

    def spoil(payload: Json) -> None:
        payload["view"]["private_metadata"] = metadata

    assert workspace.crafted(office, person, spoil).status == 200
    assert cast(office, person, number) is None


def test_a_choice_that_is_none_is_refused(office: Office) -> None:
    person = reviewer(office)
    (number,) = wishes(office, 1)
    person.sends("/feedback vote")
    assert person.modal
    block_id = next(block["block_id"] for block in person.modal.blocks if block["block_id"].startswith("choice:"))

    def spoil(payload: Json) -> None:
        workspace.put(payload["view"], block_id, {"selected_option": {"value": "yes", "text": {"text": "x"}}})

    errors = workspace.field_errors(workspace.crafted(office, person, spoil))
    assert errors == {block_id: say("en", "stale.view")}
    assert cast(office, person, number) is None


def test_a_form_that_lists_a_foreign_round_moves_on(office: Office) -> None:
    person = reviewer(office)
    (number,) = wishes(office, 1)
    person.sends("/feedback vote")
    person.picks("Your vote", "Approve")

    def spoil(payload: Json) -> None:
        carried = json.loads(payload["view"]["private_metadata"])
        payload["view"]["private_metadata"] = json.dumps({**carried, "left": f"99999:1 {number}:1"})

    answered = json.loads(workspace.crafted(office, person, spoil).body)
    assert answered["response_action"] == "update"
    assert f"R-{number} ·" in json.dumps(answered, ensure_ascii=False)
    assert cast(office, person, number) is None


def test_a_hundred_rounds_fit_into_what_a_modal_may_carry() -> None:
    refs = tuple((987_654_321 + number, 12) for number in range(MOST))
    for skipped in (0, 50, MOST):
        walk = Walk("f" * 32, MOST, refs[skipped:], 10**9, refs[:skipped])
        assert len(walk.metadata()) <= 3000
