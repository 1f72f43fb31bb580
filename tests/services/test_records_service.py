from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Draft, Kind, Stake, Urgency
from bot.domain.people import Actor
from bot.domain.requirements import DESCRIPTION_MAX
from bot.domain.votes import Choice
from bot.services import feedback, records
from storage import changes, customers, news
from storage import feedback as feedback_store
from storage import people as people_store
from storage.changes import RecordChange
from storage.feedback import Feedback
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, EMIL, MARA, MEILING, MONDAY, TEAM, refusal

WORDS = "They need an export."


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


def item(session: Session, number: int = 1) -> Feedback:
    found = feedback_store.get(session, TEAM, number)
    assert found is not None
    return found


def history(session: Session, about: str = "F-1") -> list[RecordChange]:
    return changes.of(session, TEAM, about)


def edit(
    session: Session,
    number: int = 1,
    by: Actor = ALICE,
    *,
    seen: int | None = None,
    key: str | None = None,
    **wished: object,
) -> bool:
    """Edit feedback as its form does: what is not changed is sent as it was, a title made from the words as none."""
    old = item(session, number)
    draft = Draft(
        words=old.words,
        customer_id=old.customer_id,
        urgency=Urgency(old.urgency),
        scenario=old.scenario,
        stake=Stake(old.stake) if old.stake else None,
        said_by=old.said_by,
        hide_customer=old.hide_customer,
    )
    draft = replace(draft, **wished)  # type: ignore[arg-type]
    count = len(history(session, f"F-{number}")) if seen is None else seen
    return records.edit_feedback(session, by, number, draft, MONDAY, key=key or make.form(), seen_changes=count)


def withdraw(session: Session, number: int = 1, by: Actor = ALICE) -> bool:
    return records.withdraw(session, by, number, MONDAY, key=make.form())


def edit_requirement(session: Session, title: str, description: str | None = None, by: Actor = MARA) -> bool:
    seen = len(history(session, "R-1"))
    return records.edit_requirement(session, by, 1, title, description, MONDAY, key=make.form(), seen_changes=seen)


def heard(session: Session, person: Actor) -> list[tuple[str, int]]:
    """Return what waits to be told to a person."""
    row = make.waiting(session).get(f"news:{person.user_id}")
    return [(told.kind, told.number) for told in news.of_message(session, TEAM, row.id)] if row else []


# Editing feedback


def test_an_edit_changes_what_was_changed_and_keeps_what_it_was(session: Session) -> None:
    make.file(session, WORDS, urgency=Urgency.NOW)
    assert edit(session, words="They need an export of invoices.", urgency=Urgency.QUARTER, stake=Stake.DEAL)
    now = item(session)
    assert (now.words, now.title) == ("They need an export of invoices.", "They need an export of invoices")
    assert (now.urgency, now.stake) == ("quarter", "deal")
    (change,) = history(session)
    assert (change.what, change.by, change.at) == ("edited", "UALICE", MONDAY)
    assert change.before == {"words": WORDS, "title": "They need an export", "urgency": "now", "stake": None}


def test_every_field_of_the_form_can_be_changed_and_changed_back(session: Session) -> None:
    make.file(session, WORDS)
    before = {column: getattr(item(session), column) for column in ("customer_id", "scenario", "said_by", "stake")}
    edit(session, customer_id=None, customer_name="Börse", scenario="At work", said_by="Ingrid", hide_customer=True)
    now = item(session)
    named = customers.named(session, TEAM, "börse")
    assert named
    assert (now.customer_id, now.scenario, now.said_by, now.hide_customer) == (named.id, "At work", "Ingrid", True)
    edit(session, hide_customer=False, **before)
    assert {column: getattr(item(session), column) for column in before} == before
    assert [sorted(change.before) for change in history(session)] == [
        ["customer_id", "hide_customer", "said_by", "scenario"]
    ] * 2


def test_kind_and_source_stay_as_they_were(session: Session) -> None:
    link = "https://practice.slack.com/archives/C1/p1"
    make.file(session, kind=Kind.COMPLAINT, permalink=link, private_source=True)
    edit(session, words="Other words.", kind=Kind.NEED)
    now = item(session)
    assert (now.kind, now.permalink, now.private_source, now.requirement) == ("complaint", link, True, None)


def test_an_edit_that_changes_nothing_leaves_no_trace(session: Session) -> None:
    make.file(session, WORDS)
    make.delivered(session)
    assert edit(session, words=f" {WORDS} ", customer_id=None, customer_name="ACME")
    assert history(session) == []
    assert make.waiting(session) == {}


def test_card_and_receipt_are_drawn_anew(session: Session) -> None:
    make.file(session, WORDS)
    make.delivered(session)
    edit(session, said_by="Ingrid")
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1"}


def test_a_title_made_from_the_words_follows_them_and_one_by_hand_stays(session: Session) -> None:
    make.file(session, WORDS)
    edit(session, words="They need a better export. Soon.")
    assert item(session).title == "They need a better export"
    edit(session, words="They need the best export.", title="Export")
    edit(session, words="They need any export.", title="Export")
    assert item(session).title == "Export"
    edit(session, words="They need any export.")  # the title was emptied
    assert item(session).title == "They need any export"


def test_a_requirement_called_after_its_feedback_goes_on_being_called_so(session: Session) -> None:
    make.file(session, WORDS)
    edit(session, words="They need an import.")
    assert make.requirement(session).title == "They need an import"
    (change,) = history(session, "R-1")
    assert (change.what, change.by, change.before) == ("edited", "UALICE", {"title": "They need an export"})


def test_a_requirement_that_got_its_own_title_keeps_it(session: Session) -> None:
    make.file(session, WORDS)
    edit_requirement(session, "Export")
    edit(session, words="They need an import.")
    assert make.requirement(session).title == "Export"
    assert len(history(session, "R-1")) == 1


def test_the_title_of_what_others_asked_too_does_not_lead_the_requirement(session: Session) -> None:
    make.file(session, WORDS)
    number = make.ask_too(session).number
    feedback_store.change(session, TEAM, number, title="They need an export")
    edit(session, number, MEILING, words="An import.")
    assert make.requirement(session).title == "They need an export"


@pytest.mark.parametrize("somebody", [BOB, MARA, ADA])
def test_nobody_but_the_filer_edits(session: Session, somebody: Actor) -> None:
    make.file(session, WORDS)
    with refusal(session, "refused.filer_only"):
        edit(session, by=somebody, words="Other words.")
    assert item(session).words == WORDS


def test_what_was_withdrawn_or_answered_is_not_edited(session: Session) -> None:
    make.file(session, WORDS)
    withdraw(session)
    with refusal(session, "refused.edit_withdrawn"):
        edit(session, words="Other words.")
    make.file(session, "How?", kind=Kind.QUESTION)
    feedback.answer(session, BOB, 2, "So.", MONDAY, key=make.form())
    with refusal(session, "refused.edit_answered"):
        edit(session, 2, words="Other words.")


def test_what_does_not_exist_is_not_edited(session: Session) -> None:
    draft = Draft(words="x", customer_name="Acme")
    with refusal(session, "refused.unknown_feedback", number=99):
        records.edit_feedback(session, ALICE, 99, draft, MONDAY, key=make.form(), seen_changes=0)


@pytest.mark.parametrize(
    ("wished", "key", "field"),
    [
        ({"words": " "}, "refused.words_empty", "words"),
        ({"words": "x" * 3001}, "refused.too_long", "words"),
        ({"title": "…"}, "refused.title_wordless", "title"),
        ({"customer_id": None}, "refused.customer_missing", "customer"),
        ({"customer_id": 77}, "refused.unknown_customer", "customer"),
    ],
)
def test_what_filing_refuses_editing_refuses(session: Session, wished: dict[str, object], key: str, field: str) -> None:
    make.file(session, WORDS)
    with refusal(session, key, field):
        edit(session, **wished)
    assert history(session) == []


def test_a_form_opened_before_another_edit_is_refused_where_one_reads_it(session: Session) -> None:
    make.file(session, WORDS)
    edit(session, said_by="Ingrid")
    with refusal(session, "refused.edited_meanwhile", "words"):
        edit(session, seen=0, words="Older words.")
    assert item(session).words == WORDS


def test_a_form_sent_twice_is_taken_once(session: Session) -> None:
    make.file(session, WORDS)
    assert edit(session, key="view:once", words="Other words.")
    assert not edit(session, key="view:once", words="Other words.")
    assert len(history(session)) == 1


# Telling the voters


def voted(session: Session) -> None:
    make.rules(session, vote={"quorum": 3})
    make.file(session, WORDS)
    make.vote(session, BOB, 1, Choice.APPROVE)
    make.vote(session, DORA, 1, Choice.REJECT)
    make.delivered(session)


def test_who_voted_hears_that_the_words_changed(session: Session) -> None:
    voted(session)
    edit(session, words="They need an import.")
    assert heard(session, BOB) == heard(session, DORA) == [("edited", 1)]
    assert heard(session, EMIL) == heard(session, ALICE) == []
    assert set(make.waiting(session)) == {"card:F-1", "receipt:F-1", "news:UBOB", "news:UDORA"}


def test_other_changes_are_no_news_to_voters(session: Session) -> None:
    voted(session)
    edit(session, title="Export", urgency=Urgency.NOW)
    edit_requirement(session, "An export", "Of invoices.")
    assert heard(session, BOB) == []


def test_a_voter_who_edits_is_not_told_of_it(session: Session) -> None:
    make.rules(session, vote={"quorum": 3})
    make.file(session, WORDS)
    make.ask_too(session, by=BOB)
    make.vote(session, BOB, 1, Choice.APPROVE)
    make.vote(session, DORA, 1, Choice.APPROVE)
    edit(session, 2, BOB, words="I need it even more.")
    assert heard(session, BOB) == []
    assert heard(session, DORA) == [("edited", 1)]


def test_once_the_vote_is_closed_nobody_is_told(session: Session) -> None:
    make.file(session, WORDS)
    make.vote(session, BOB, 1, Choice.REJECT)
    make.vote(session, DORA, 1, Choice.REJECT)
    make.delivered(session)
    edit(session, words="They need an import.")
    assert heard(session, BOB) == []


def test_who_left_hears_nothing(session: Session) -> None:
    voted(session)
    people_store.save(session, TEAM, people_store.Profile("UBOB", "Bob", "en", deleted=True))
    edit(session, words="They need an import.")
    assert "news:UBOB" not in make.waiting(session)
    assert heard(session, DORA) == [("edited", 1)]


# Editing a requirement


def test_a_manager_gives_a_requirement_a_title_and_a_description(session: Session) -> None:
    make.file(session, WORDS)
    make.delivered(session)
    assert edit_requirement(session, " Export as XLSX ", " Invoices first. ")
    made = make.requirement(session)
    assert (made.title, made.description) == ("Export as XLSX", "Invoices first.")
    (change,) = history(session, "R-1")
    assert (change.by, change.before) == ("UMARA", {"title": "They need an export", "description": None})
    assert set(make.waiting(session)) == {"card:F-1"}
    assert item(session).title == "They need an export"


def test_a_description_can_be_taken_out_again(session: Session) -> None:
    make.file(session, WORDS)
    edit_requirement(session, "Export", "x" * DESCRIPTION_MAX)
    edit_requirement(session, "Export", " ")
    assert make.requirement(session).description is None
    assert history(session, "R-1")[-1].before == {"description": "x" * DESCRIPTION_MAX}


def test_an_unchanged_requirement_leaves_no_trace(session: Session) -> None:
    make.file(session, WORDS)
    make.delivered(session)
    assert edit_requirement(session, "They need an export", "")
    assert history(session, "R-1") == []
    assert make.waiting(session) == {}


@pytest.mark.parametrize("somebody", [ALICE, BOB])
def test_nobody_but_a_manager_edits_a_requirement(session: Session, somebody: Actor) -> None:
    make.file(session, WORDS)
    with refusal(session, "refused.edit_managers_only"):
        edit_requirement(session, "Mine", by=somebody)


@pytest.mark.parametrize(
    ("title", "description", "key", "field"),
    [
        ("", None, "refused.title_missing", "title"),
        ("…", None, "refused.title_missing", "title"),
        ("x" * 81, None, "refused.too_long", "title"),
        ("Fine", "x" * (DESCRIPTION_MAX + 1), "refused.too_long", "description"),
    ],
)
def test_a_title_is_needed_and_both_have_their_length(
    session: Session, title: str, description: str | None, key: str, field: str
) -> None:
    make.file(session, WORDS)
    with refusal(session, key, field):
        edit_requirement(session, title, description)


def test_of_two_managers_the_second_is_told_to_look_again(session: Session) -> None:
    make.file(session, WORDS)
    edit_requirement(session, "Export")
    with refusal(session, "refused.edited_meanwhile", "title"):
        records.edit_requirement(session, ADA, 1, "Import", None, MONDAY, key=make.form(), seen_changes=0)


def test_an_unknown_or_withdrawn_requirement_is_not_edited(session: Session) -> None:
    with refusal(session, "refused.unknown_requirement"):
        edit_requirement(session, "Nothing")
    make.file(session, WORDS)
    withdraw(session)
    with refusal(session, "refused.withdrawn"):
        edit_requirement(session, "Nothing")


def test_a_requirements_form_sent_twice_is_taken_once(session: Session) -> None:
    make.file(session, WORDS)
    sent = {"now": MONDAY, "key": "view:once", "seen_changes": 0}
    assert records.edit_requirement(session, MARA, 1, "Export", None, **sent)  # type: ignore[arg-type]
    assert not records.edit_requirement(session, MARA, 1, "Export", None, **sent)  # type: ignore[arg-type]
