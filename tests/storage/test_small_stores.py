"""The queries too small for a file of their own: customers, a person's feedback, people, keys, counters, news."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.policy import PolicyError
from bot.services import feedback as service
from storage import counters, customers, feedback, news, people, policy, seen
from storage.people import Profile
from tests import make
from tests.make import ALICE, BOB, MONDAY, TEAM, later


def known(session: Session, *names: str) -> None:
    for name in names:
        customers.find_or_add(session, TEAM, name, "UALICE", MONDAY)


def file_at(session: Session, at: datetime, customer: str, by: Actor = ALICE) -> int:
    draft = Draft(words=f"Words of {customer}", customer_name=customer, kind=Kind.PRAISE)
    number = service.file(session, by, draft, at, key=make.form())
    assert number is not None
    return number


# Customers


def test_customers_that_begin_with_the_text_come_first(session: Session) -> None:
    known(session, "Globex", "Big Acme", "Acme West", "ACME")
    assert [found.name for found in customers.matching(session, TEAM, " acme")] == ["ACME", "Acme West", "Big Acme"]


@pytest.mark.parametrize("text", ["%", "_", "50%_", "\\"])
def test_what_looks_like_a_wild_card_is_a_letter(session: Session, text: str) -> None:
    known(session, "Acme", f"Odd {text} name")
    assert [found.name for found in customers.matching(session, TEAM, text)] == [f"Odd {text} name"]


def test_an_empty_text_matches_everything_up_to_the_limit(session: Session) -> None:
    known(session, "C", "A", "B")
    assert [found.name for found in customers.matching(session, TEAM, "", limit=2)] == ["A", "B"]


@pytest.mark.parametrize(("name", "typed"), [("Straße AG", "STRASSE ag"), ("华为技术", "华为"), ("Ñandú", "ñan")])
def test_names_in_any_script_are_found_however_they_are_cased(session: Session, name: str, typed: str) -> None:
    known(session, name)
    assert [found.name for found in customers.matching(session, TEAM, typed)] == [name]


def test_an_added_customer_keeps_the_spelling_it_was_added_with(session: Session) -> None:
    first = customers.find_or_add(session, TEAM, "  Acme   Corp ", "UALICE", MONDAY)
    again = customers.find_or_add(session, TEAM, "ACME CORP", "UBOB", later(days=1))
    assert (again.id, again.name, again.created_by, again.created_at) == (first.id, "Acme Corp", "UALICE", MONDAY)


# A person's feedback


def test_a_persons_customers_come_newest_first_each_once(session: Session) -> None:
    for hour, name in enumerate(["Acme", "Globex", "Initech", "Acme"]):
        file_at(session, later(hours=hour), name)
    file_at(session, later(hours=9), "Of another", by=BOB)
    names = [found.name for found in feedback.recent_customers(session, TEAM, "UALICE", 10)]
    assert names == ["Acme", "Initech", "Globex"]
    assert len(feedback.recent_customers(session, TEAM, "UALICE", 2)) == 2


def test_a_persons_feedback_comes_newest_first_without_what_was_withdrawn(session: Session) -> None:
    numbers = [file_at(session, later(minutes=n), "Acme") for n in range(3)]
    service.undo(session, ALICE, numbers[1], later(minutes=1))
    assert [item.number for item in feedback.filed_by(session, TEAM, "UALICE", 10)] == [3, 1]
    assert [item.number for item in feedback.filed_by(session, TEAM, "UALICE", 1)] == [3]


# People


def test_the_newest_word_about_a_person_wins_and_their_channel_stays(session: Session) -> None:
    people.save(session, TEAM, Profile("UALICE", "Alice", "en"))
    people.remember_im(session, TEAM, "UALICE", "D0ALICE")
    people.save(session, TEAM, Profile("UALICE", "爱丽丝", "zh_Hans", "Asia/Shanghai", deleted=True))
    session.expire_all()
    found = people.get(session, TEAM, "UALICE")
    assert found is not None
    assert (found.name, found.locale, found.timezone, found.deleted) == ("爱丽丝", "zh_Hans", "Asia/Shanghai", True)
    assert found.im_channel == "D0ALICE"


def test_only_people_we_know_have_names_and_a_language_of_their_own(session: Session) -> None:
    people.save(session, TEAM, Profile("UMEILING", "Mei Ling", "zh_Hans"))
    assert people.names(session, TEAM, {"UMEILING", "UNOBODY"}) == {"UMEILING": "Mei Ling"}
    assert people.names(session, TEAM, set()) == {}
    assert people.language(session, TEAM, "UMEILING") == "zh_Hans"
    assert people.language(session, TEAM, "UNOBODY") == "en"


# Keys and counters


def test_a_key_is_new_once(session: Session) -> None:
    assert seen.first_time(session, TEAM, "view:1", MONDAY)
    assert not seen.first_time(session, TEAM, "view:1", later(days=9))


def test_old_keys_are_forgotten_and_young_ones_kept(session: Session) -> None:
    for day in range(3):
        seen.first_time(session, TEAM, f"view:{day}", later(days=day))
    assert seen.forget(session, before=later(days=1)) == 1
    assert not seen.first_time(session, TEAM, "view:1", MONDAY)
    assert seen.first_time(session, TEAM, "view:0", MONDAY)


def test_each_name_counts_for_itself(session: Session) -> None:
    assert [counters.take(session, TEAM, name) for name in ("a", "a", "b", "a")] == [1, 2, 1, 3]


# News


def test_items_handed_over_are_carried_by_the_other_message(session: Session) -> None:
    for number in range(1, 4):
        news.add(session, TEAM, "first", feedback=1, kind="move", number=number, now=later(seconds=number))
    news.hand_over(session, TEAM, [item.id for item in news.of_message(session, TEAM, "first")[1:]], "second")
    session.expire_all()
    assert [item.number for item in news.of_message(session, TEAM, "first")] == [1]
    assert [item.number for item in news.of_message(session, TEAM, "second")] == [2, 3]


# Policy


def test_a_policy_is_refused_as_a_whole_and_read_back_as_it_was_written(session: Session) -> None:
    with pytest.raises(PolicyError, match="quorum"), session.begin_nested():
        policy.replace(session, TEAM, {"vote": {"quorum": 0}}, "UADA", MONDAY)
    assert policy.tables(session, TEAM) == {}
    policy.replace(session, TEAM, {"review": {"when": "mon 09:30", "first": "2026-12-07"}}, "UADA", MONDAY)
    found = policy.load(session, TEAM).review
    assert (found.when, str(found.first)) == ("mon 09:30", "2026-12-07")
