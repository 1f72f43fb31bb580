"""The filing form: its customers, its further fields, and what it keeps."""

import json

import pytest

from bot.domain.feedback import CUSTOMER_MAX
from bot.i18n import say
from practice.people import Person
from storage import customers
from tests import workspace
from tests.workspace import Office


def offers(person: Person, typed: str = "") -> list[str]:
    """Return which customers the open form offers."""
    return person.options_for("feedback_customer", typed)


def with_customers(office: Office, *names: str) -> None:
    """Let customers exist, each by one piece of praise of Alice's."""
    for name in names:
        workspace.file(office, office.alice, f"{name} thanks us.", name, kind="praise")


# -- further fields


def test_more_details_keeps_what_was_typed_and_chosen(office: Office) -> None:
    alice = office.alice
    workspace.open_form(alice)
    alice.fills("What did the customer say?", "They need <b>it</b> & more.")
    workspace.choose_customer(alice, "Acme")
    alice.picks("Kind", "Problem")
    alice.picks("When do they need it?", "Now")
    assert alice.presses("More details").ok
    assert alice.modal
    kept = [alice.modal.value(name) for name in ("words", "feedback_customer", "kind", "urgency")]
    assert kept == ["They need <b>it</b> & more.", alice.modal.value("Customer"), "Problem", "Now"]
    assert alice.modal.labels()[4:] == [
        say("en", f"form.{name}") for name in ("headline", "scenario", "stake", "said_by", "hide_customer")
    ]
    assert "More details" not in alice.modal.buttons()
    assert alice.submits().closed


def test_more_details_on_an_empty_form_asks_for_nothing_yet(office: Office) -> None:
    workspace.open_form(office.meiling)
    assert office.meiling.presses(say("zh_Hans", "button.more")).ok
    assert office.meiling.modal
    assert office.meiling.modal.errors == {}
    assert len(office.meiling.modal.labels()) == 9


def test_pressing_more_details_twice_at_once_does_no_harm(office: Office) -> None:
    alice = office.alice
    workspace.fill(alice, "They need it in a hurry.")
    answers = alice.presses("More details", times=2)
    assert [answers.status, *(other.status for other in answers.others)] == [200, 200]
    assert alice.modal
    assert len(alice.modal.labels()) == 9
    assert alice.modal.value("words") == "They need it in a hurry."


def test_a_form_sent_before_and_after_more_details_is_one_filing(office: Office) -> None:
    alice = office.alice
    workspace.fill(alice, "They need it once.")
    before = workspace.submission(office, alice)
    alice.presses("More details")
    assert alice.submits().closed
    number = workspace.newest(office, alice)
    assert workspace.interact(office, before).ok
    assert workspace.newest(office, alice) == number


def test_two_forms_of_the_same_words_are_two_filings(office: Office) -> None:
    first = workspace.file(office, office.alice, "They need it again and again.")
    second = workspace.file(office, office.alice, "They need it again and again.")
    assert second != first


def test_every_field_is_kept_and_shown_in_the_details(office: Office) -> None:
    more = {"headline": "XLSX export", "scenario": "Month end", "stake": "renewal", "said_by": "Their CFO"}
    number = workspace.file(office, office.alice, "They need it.", kind="problem", urgency="quarter", **more)
    card = workspace.card(office, number)
    assert "XLSX export" in card.text
    assert f"Problem · When: {say('en', 'urgency.quarter')}" in card.text
    office.bob.chooses("Details", on=card)
    assert office.bob.modal
    shown = office.bob.modal.text()
    for words in ("XLSX export", "They need it.", "Month end", "Their CFO", say("en", "stake.renewal")):
        assert words in shown


def test_without_a_title_the_first_sentence_is_the_title(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need an export. It should be quick, they say.")
    assert workspace.card(office, number).text.splitlines()[0].endswith("· They need an export")


def test_the_form_carries_no_more_than_its_nonce_and_its_source(office: Office) -> None:
    workspace.open_form(office.alice)
    assert office.alice.modal
    assert set(json.loads(office.alice.modal.private_metadata)) == {"nonce", "permalink", "private"}


# -- customers


def test_a_persons_recent_customers_come_first_the_newest_on_top(office: Office) -> None:
    dora = office.dora
    with_customers(office, "Aalto Retail", "Zephyr Freight")
    workspace.file(office, dora, "They thank us.", "Zephyr Freight", kind="praise")
    workspace.file(office, dora, "They thank us too.", "Mondrian Labs", kind="praise")
    workspace.open_form(dora)
    assert offers(dora)[:2] == ["Mondrian Labs", "Zephyr Freight"]
    assert "Aalto Retail" in offers(dora)[2:]
    assert len(offers(dora)) == len(set(offers(dora)))


def test_what_is_typed_finds_names_that_begin_so_before_names_that_hold_it(office: Office) -> None:
    with_customers(office, "Porto Cargo", "Grand Port Hotels")
    workspace.open_form(office.bob)
    assert offers(office.bob, "PORT") == ["Porto Cargo", "Grand Port Hotels", "Add “PORT”"]


def test_there_is_nothing_to_add_when_the_name_is_known_however_it_is_cased_or_spaced(office: Office) -> None:
    with_customers(office, "Straßenbau Özil")
    workspace.open_form(office.bob)
    for typed in ("Straßenbau Özil", "STRASSENBAU ÖZIL", "  straßenbau   özil "):
        assert offers(office.bob, typed) == ["Straßenbau Özil"]


def test_what_stands_for_anything_in_sql_stands_for_itself(office: Office) -> None:
    with_customers(office, "Percent 100% Ltd")
    workspace.open_form(office.bob)
    assert offers(office.bob, "%") == ["Percent 100% Ltd", "Add “%”"]
    assert offers(office.bob, "_") == ["Add “_”"]
    assert offers(office.bob, "\\") == ["Add “\\”"]


def test_an_added_customer_is_offered_to_everybody_from_then_on(office: Office) -> None:
    workspace.file(office, office.meiling, "需要导出。", "青山物流")
    workspace.open_form(office.bob)
    assert offers(office.bob, "青山") == ["青山物流", "Add “青山”"]


def test_a_customer_added_by_two_people_at_once_is_one(office: Office) -> None:
    for person in (office.alice, office.bob):
        workspace.fill(person, f"They need it, says {person.name}.", "Twice Added")
    assert office.alice.submits().closed
    assert office.bob.submits().closed
    workspace.open_form(office.dora)
    assert offers(office.dora, "twice") == ["Twice Added", "Add “twice”"]


def test_the_list_stays_short_however_many_customers_there_are(office: Office) -> None:
    with office.needline.database.begin() as session:
        for number in range(25):
            customers.find_or_add(session, office.ws.team_id, f"Serial {number:02}", "U1", office.needline.now())
    workspace.open_form(office.emil)
    assert len(offers(office.emil)) == 20
    assert len(offers(office.emil, "serial")) == 21
    assert offers(office.emil, "serial 24") == ["Serial 24"]


def test_adding_is_offered_in_the_persons_language(office: Office) -> None:
    workspace.open_form(office.meiling)
    assert offers(office.meiling, "远桥精工") == [say("zh_Hans", "form.customer.add", name="远桥精工")]


def test_the_longest_name_is_offered_whole(office: Office) -> None:
    workspace.open_form(office.alice)
    name = "N" * CUSTOMER_MAX
    assert offers(office.alice, name) == [say("en", "form.customer.add", name=name)]


@pytest.mark.parametrize("name", ["alice", "meiling"])
def test_the_form_says_where_the_card_will_be_posted_short_or_long(office: Office, name: str) -> None:
    person = getattr(office, name)
    where = say(workspace.locale(person), "form.where", channel="#triage")
    workspace.open_form(person)
    assert person.modal
    assert person.modal.text().splitlines()[-2] == where  # above its buttons
    person.presses(say(workspace.locale(person), "button.more"))
    assert person.modal.text().splitlines()[-2] == where  # above its buttons
