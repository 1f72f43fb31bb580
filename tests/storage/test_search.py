import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.people import Actor
from bot.services import feedback, records
from storage import search
from storage.customers import Customer
from storage.db import Database
from tests import make
from tests.make import ALICE, BOB, MARA, MEILING, MONDAY, TEAM


@pytest.fixture(autouse=True)
def _rules(session: Session) -> None:
    make.rules(session)


def found(session: Session, words: str, viewer: Actor = BOB, *, limit: int = 10) -> list[int]:
    """Return the numbers of the feedback that somebody finds."""
    sees_hidden = viewer is MARA
    rows, _ = search.find(session, TEAM, words.split(), viewer.user_id, limit, sees_hidden=sees_hidden)
    return [item.number for item, _, _ in rows]


def test_it_is_found_by_words_title_and_customer(session: Session) -> None:
    make.file(session, "They retype every invoice.", title="Export of numbers", customer_name="Halvorsen Marine")
    for words in ("retype", "invoice", "Export", "numbers", "halvorsen", "Marine", "type"):
        assert found(session, words) == [1], words
    assert found(session, "import") == []


def test_all_words_must_be_there_wherever_they_stand(session: Session) -> None:
    make.file(session, "They retype every invoice.", title="Export", customer_name="Halvorsen")
    make.file(session, "They retype every letter.", title="Export", customer_name="Acme")
    assert found(session, "retype export") == [2, 1]
    assert found(session, "retype invoice export halvorsen") == [1]
    assert found(session, "retype invoice acme") == []


def test_what_comes_with_it_is_its_customer_and_its_requirement(session: Session) -> None:
    make.file(session, "A need.", customer_name="Acme")
    make.file(session, "A question?", kind=Kind.QUESTION, customer_name="Börse")
    rows, count = search.find(session, TEAM, ["a"], "UBOB", 10, sees_hidden=False)
    assert count == 2
    told = [(item.number, customer.name, requirement and requirement.number) for item, customer, requirement in rows]
    assert told == [(2, "Börse", None), (1, "Acme", 1)]


def test_it_is_found_by_its_requirements_title_and_by_numbers(session: Session) -> None:
    make.file(session, "A question?", kind=Kind.QUESTION)
    make.file(session, "They retype.")
    records.edit_requirement(session, MARA, 1, "Export as XLSX", None, MONDAY, key=make.form(), seen_changes=0)
    assert found(session, "xlsx") == [2]
    for words in ("R-1", "r1", "F-2", "f2"):
        assert found(session, words) == [2], words
    assert found(session, "R-2") == found(session, "F-12") == []


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("ÄRGER im Büro", "ärger"),
        ("ärger im büro", "ÄRGER BÜRO"),
        ("ЭКСПОРТ счетов", "экспорт"),
        ("Εξαγωγή", "ΕΞΑΓΩΓΉ"),
        ("导出为 XLSX 表格", "导出 xlsx"),
        ("Ça marche, ŒUVRE", "ça œuvre"),
    ],
)
def test_letters_match_whatever_their_case_in_any_script(session: Session, stored: str, typed: str) -> None:
    make.file(session, stored, title="x", customer_name="y")
    make.file(session, "x", title=stored, customer_name="y")
    make.file(session, "x", title="x", customer_name=stored)
    assert found(session, typed) == [3, 2, 1]


def test_sqlites_own_lower_would_not_do(database: Database) -> None:
    with database.read() as session:
        assert session.scalar(text("SELECT lower('ÄRGER')")) == "ärger"
        assert session.scalar(text("SELECT lower(NULL)")) is None


@pytest.mark.parametrize("sign", ["%", "_", "/", "\\", "'", '"', "*", "?", "["])
def test_signs_mean_themselves(session: Session, sign: str) -> None:
    make.file(session, "They need one hundred.")
    make.file(session, f"They need 100{sign} of it.")
    assert found(session, sign) == [2]
    assert found(session, f"100{sign}") == [2]
    assert found(session, f"h{sign}ndred") == []


def test_the_newest_come_first_and_all_are_counted(session: Session) -> None:
    for number in range(12):
        make.file(session, f"Export {number}.")
    rows, count = search.find(session, TEAM, ["export"], "UBOB", 10, sees_hidden=False)
    assert [item.number for item, _, _ in rows] == list(range(12, 2, -1))
    assert count == 12


def test_nothing_found_counts_nothing(session: Session) -> None:
    assert search.find(session, TEAM, ["nothing"], "UBOB", 10, sees_hidden=False) == ([], 0)


def test_what_was_withdrawn_is_left_out_until_it_is_reopened(session: Session) -> None:
    make.file(session, "They retype.")
    feedback.undo(session, ALICE, 1, MONDAY)
    assert found(session, "retype") == []
    records.reopen(session, ALICE, 1, MONDAY, key=make.form())
    assert found(session, "retype") == [1]


# A hidden customer


def test_a_hidden_customers_name_finds_it_only_for_its_filer_and_managers(session: Session) -> None:
    make.file(session, "They retype.", customer_name="Halvorsen", hide_customer=True)
    assert found(session, "halvorsen", BOB) == found(session, "halvorsen", MEILING) == []
    assert found(session, "halvorsen", ALICE) == found(session, "halvorsen", MARA) == [1]
    assert found(session, "retype", BOB) == [1]


def test_what_others_find_does_not_depend_on_a_hidden_name(session: Session) -> None:
    make.file(session, "They retype.", customer_name="Halvorsen Marine", hide_customer=True)
    make.file(session, "They retype.", customer_name="Acme", by=MEILING)
    guesses = ("halvorsen", "marine", "h", "halv", "retype h", "retype halvorsen", "%", "_", "ha%", "F-1 halvorsen")
    answers = [found(session, guess) for guess in guesses]
    session.execute(update(Customer).where(Customer.name == "Halvorsen Marine").values(name="Q"))
    assert [found(session, guess) for guess in guesses] == answers
    assert found(session, "Q") == []


def test_the_same_customer_where_it_is_not_hidden_is_found_there_only(session: Session) -> None:
    make.file(session, "They retype.", customer_name="Halvorsen", hide_customer=True)
    make.file(session, "They thank us.", customer_name="Halvorsen")
    assert found(session, "halvorsen", BOB) == [2]
    assert found(session, "halvorsen", ALICE) == [2, 1]


def test_a_search_that_forgets_who_asks_would_be_noticed(session: Session) -> None:
    make.file(session, "They retype.", customer_name="Halvorsen", hide_customer=True)
    rows, _ = search.find(session, TEAM, ["halvorsen"], "UBOB", 10, sees_hidden=True)
    assert rows


def test_twenty_words_at_once_are_no_trouble(session: Session) -> None:
    make.file(session, " ".join(f"word{n}" for n in range(20)))
    assert found(session, " ".join(f"WORD{n}" for n in range(20))) == [1]
