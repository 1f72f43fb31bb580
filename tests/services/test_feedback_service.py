from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.domain.feedback import REVIEWED_KINDS, Draft, Kind, Stake, Urgency
from bot.domain.people import Actor
from bot.services import feedback
from storage import customers, requirements, seen
from storage.feedback import Feedback
from storage.requirements import Requirement
from tests import make
from tests.make import ALICE, MONDAY, TEAM, refusal

ELSEWHERE = Actor("T0OTHER", "UALICE")


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


@pytest.mark.parametrize("kind", sorted(REVIEWED_KINDS))
def test_a_need_or_a_problem_makes_a_requirement_under_vote(session: Session, kind: Kind) -> None:
    filed = make.file(session, "We need XLSX. And soon!", kind=kind)
    assert filed.requirement == 1
    made = make.requirement(session)
    assert (made.status, made.origin, made.title, made.withdrawn_at) == ("in_review", filed.number, filed.title, None)
    vote = make.newest_round(session)
    assert (vote.number, vote.closed_at, vote.result, vote.quorum) == (1, None, None, 2)


def test_its_history_begins_with_the_opening_of_the_vote_by_nobody(session: Session) -> None:
    make.file(session)
    history = requirements.moves(session, TEAM, 1)
    assert [(move.number, move.before, move.after, move.by) for move in history] == [(1, "new", "in_review", None)]


@pytest.mark.parametrize("kind", sorted(set(Kind) - REVIEWED_KINDS))
def test_other_kinds_make_no_requirement(session: Session, kind: Kind) -> None:
    filed = make.file(session, kind=kind)
    assert (filed.requirement, filed.state) == (None, "open")
    assert session.scalars(select(Requirement)).all() == []


@pytest.mark.parametrize("kind", sorted(Kind))
def test_every_kind_calls_for_a_card_and_a_receipt_and_no_more(session: Session, kind: Kind) -> None:
    make.file(session, kind=kind)
    assert {key: (row.lane, row.kind) for key, row in make.waiting(session).items()} == {
        "card:F-1": ("triage", "card"),
        "receipt:F-1": ("UALICE", "receipt"),
    }


def test_the_receipt_goes_before_everything_else(session: Session) -> None:
    make.file(session)
    rows = make.waiting(session)
    assert rows["receipt:F-1"].priority < rows["card:F-1"].priority


def test_all_facts_of_the_form_are_kept(session: Session) -> None:
    facts: dict[str, Any] = {
        "urgency": Urgency.NOW,
        "scenario": "At month's end.",
        "stake": Stake.RENEWAL,
        "said_by": "Ms Wei, finance",
        "hide_customer": True,
        "permalink": "https://example.slack.com/archives/C1/p1",
        "private_source": True,
    }
    filed = make.file(session, "  发票需要导出。每月三百张。\n", **facts)
    assert {name: getattr(filed, name) for name in facts} == {**facts, "urgency": "now", "stake": "renewal"}
    assert (filed.words, filed.title) == ("发票需要导出。每月三百张。", "发票需要导出")
    assert (filed.filed_by, filed.filed_at) == ("UALICE", MONDAY)


def test_a_written_title_stands_and_a_blank_one_is_made_from_the_words(session: Session) -> None:
    assert make.file(session, title=" Export to XLSX ").title == "Export to XLSX"
    assert make.file(session, title=None).title == "They need an export"


def test_numbers_count_up_without_gaps(session: Session) -> None:
    kinds = [Kind.NEED, Kind.PRAISE, Kind.PROBLEM, Kind.QUESTION, Kind.NEED]
    filed = [make.file(session, f"Words {n}", kind=kind) for n, kind in enumerate(kinds)]
    assert [item.number for item in filed] == [1, 2, 3, 4, 5]
    assert [item.requirement for item in filed] == [1, None, 2, None, 3]


def test_each_workspace_counts_for_itself(session: Session) -> None:
    make.rules(session, ELSEWHERE.team_id)
    make.file(session)
    make.file(session, "And another.")
    assert make.file(session, by=ELSEWHERE).number == 1
    assert make.requirement(session, team_id="T0OTHER").number == 1


def test_the_same_form_sent_twice_is_filed_once(session: Session) -> None:
    draft = Draft(words="They need an export.", customer_name="Acme")
    assert feedback.file(session, ALICE, draft, MONDAY, key="view:1") == 1
    assert feedback.file(session, ALICE, draft, MONDAY, key="view:1") is None
    assert len(session.scalars(select(Feedback)).all()) == 1
    assert feedback.file(session, ALICE, draft, MONDAY, key="view:2") == 2


def test_the_same_key_in_another_workspace_is_another_form(session: Session) -> None:
    make.rules(session, ELSEWHERE.team_id)
    draft = Draft(words="They need an export.", customer_name="Acme")
    assert feedback.file(session, ALICE, draft, MONDAY, key="view:1") == 1
    assert feedback.file(session, ELSEWHERE, draft, MONDAY, key="view:1") == 1


def test_a_workspace_that_set_no_policy_can_file(session: Session) -> None:
    assert make.file(session, by=ELSEWHERE).requirement == 1
    assert make.newest_round(session, team_id="T0OTHER").quorum == 3


def test_a_new_customer_is_added_once_however_it_is_cased_or_spaced(session: Session) -> None:
    names = ("Acme Corp", " ACME  corp ", "acme CORP")
    filed = [make.file(session, f"Words of {name}", customer_name=name) for name in names]
    assert len({item.customer_id for item in filed}) == 1
    assert customers.count(session, TEAM) == 1
    known = customers.get(session, TEAM, filed[0].customer_id)
    assert known is not None
    assert (known.name, known.created_by) == ("Acme Corp", "UALICE")


def test_a_known_customer_can_be_named_by_id(session: Session) -> None:
    known = make.file(session).customer_id
    assert make.file(session, "More.", customer_id=known, customer_name=None).customer_id == known


def test_an_unknown_customer_is_refused_at_its_field(session: Session) -> None:
    with refusal(session, "refused.unknown_customer", field="customer"):
        make.file(session, customer_id=77, customer_name=None)


def test_a_customer_of_another_workspace_is_unknown_here(session: Session) -> None:
    make.file(session)
    theirs = make.file(session, "Theirs.", by=ELSEWHERE, customer_name="Zeta")
    also_theirs = make.file(session, "Theirs too.", by=ELSEWHERE, customer_name="Beta")
    assert (theirs.customer_id, also_theirs.customer_id) == (1, 2)
    with refusal(session, "refused.unknown_customer", field="customer"):
        make.file(session, "Ours.", customer_id=also_theirs.customer_id, customer_name=None)


def test_a_bad_field_is_refused_before_anything_is_written(session: Session) -> None:
    with refusal(session, "refused.words_empty", field="words"):
        make.file(session, "   ")
    assert seen.first_time(session, TEAM, "view:   :UALICE:{}", MONDAY)
