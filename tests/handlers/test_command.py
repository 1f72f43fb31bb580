"""The slash command: looking things up, and filing with a few words."""

from itertools import count

import pytest

from bot.domain.feedback import CUSTOMER_MAX, TITLE_MAX, Draft
from bot.domain.people import Actor
from bot.i18n import say
from bot.services import feedback
from practice.people import Person
from tests import workspace
from tests.workspace import Office, locale

_numbers = count(1)


def newcomer(office: Office, tongue: str = "en-US") -> Person:
    """Return somebody who has filed nothing yet."""
    return office.ws.person(f"Newcomer {next(_numbers)}", locale=tongue)


def read(key: str, tongue: str = "en", **params: object) -> str:
    """Return a sentence as it reads on screen, without its marks."""
    return say(tongue, key, **params).replace("*", "").replace("`", "")


@pytest.mark.parametrize("words", ["help", "HELP", " help ", "帮助", "?", "？", "!!!", "…", "🎉"])
def test_help_and_nonsense_show_what_there_is_to_the_person_alone(office: Office, words: str) -> None:
    answer = office.alice.sends(f"/feedback {words}", channel=office.triage)
    assert answer.ok
    assert answer.ephemeral
    assert answer.text == read("command.usage")
    assert office.alice.modal is None


def test_help_is_in_the_persons_language(office: Office) -> None:
    assert office.meiling.sends("/feedback 帮助").text == read("command.usage", "zh_Hans")


def test_mine_lists_what_a_person_filed_newest_first_with_where_it_stands(office: Office) -> None:
    person = newcomer(office)
    assert person.sends("/feedback mine").text == read("command.mine_none")
    first = workspace.file(office, person, "They need <b>bold</b> & more.", "Börse & Söhne")
    second = workspace.file(office, person, "They thank us.", kind="praise")
    lines = person.sends("/feedback MINE").text.splitlines()
    assert lines[0] == read("command.mine", n=2)
    assert f"F-{second} They thank us (Acme)" in lines[1]
    assert f"F-{first} They need <b>bold</b> & more (Börse & Söhne)" in lines[2]
    assert f"R-{workspace.requirement(office, first)}: reviewers are voting on it until " in lines[2]


def test_mine_lists_nothing_of_others_and_nothing_withdrawn(office: Office) -> None:
    person = newcomer(office)
    workspace.file(office, office.alice, "They need what Alice filed.")
    number = workspace.file(office, person, "They need nothing.")
    person.presses("Undo", on=workspace.receipt(office, number))
    assert person.sends("/feedback mine").text == read("command.mine_none")


def test_mine_lists_twenty_of_the_longest_titles(office: Office) -> None:
    person = newcomer(office)
    with office.needline.database.begin() as session:
        for number in range(22):
            draft = Draft(words="x", title="&" * (TITLE_MAX - 1) + "x", customer_name="<" * CUSTOMER_MAX)
            actor = Actor(office.ws.team_id, person.id)
            feedback.file(session, actor, draft, office.needline.now(), key=f"{person.id}:{number}")
    answer = person.sends("/feedback mine")
    assert answer.ok
    assert answer.text.count("&" * (TITLE_MAX - 1)) == 20
    workspace.quiet(office)


def test_mine_is_in_the_persons_language(office: Office) -> None:
    person = newcomer(office, "zh-CN")
    workspace.file(office, person, "需要导出。")
    assert person.sends("/feedback 我的").text.startswith(read("command.mine", "zh_Hans", n=1))


@pytest.mark.parametrize("spelling", ["R-{}", "r-{}", "R{}", "r{}"])
def test_a_requirements_number_opens_its_details(office: Office, spelling: str) -> None:
    number = workspace.file(office, office.alice, "They need to be looked up.")
    reference = spelling.format(workspace.requirement(office, number))
    assert office.dora.sends(f"/feedback {reference}").ok
    assert office.dora.modal
    assert office.dora.modal.title == f"R-{workspace.requirement(office, number)}"
    assert "They need to be looked up." in office.dora.modal.text()


@pytest.mark.parametrize("spelling", ["F-{}", "f{}"])
def test_a_feedbacks_number_opens_its_details(office: Office, spelling: str) -> None:
    number = workspace.file(office, office.alice, "They thank us very much.", kind="praise")
    assert office.dora.sends(f"/feedback {spelling.format(number)}").ok
    assert office.dora.modal
    assert office.dora.modal.title == f"F-{number}"
    assert "They thank us very much." in office.dora.modal.text()


@pytest.mark.parametrize("name", ["alice", "meiling"])
@pytest.mark.parametrize(
    ("reference", "key", "number"),
    [
        ("R-99999", "refused.unknown_requirement", 99999),
        ("F-99999", "refused.unknown_feedback", 99999),
        ("R-0", "refused.unknown_requirement", 0),
        ("F-999999999", "refused.unknown_feedback", 999999999),
    ],
)
def test_a_number_nobody_has_is_told_to_be_unknown(
    office: Office, name: str, reference: str, key: str, number: int
) -> None:
    person = getattr(office, name)
    answer = person.sends(f"/feedback {reference}")
    assert answer.ok
    assert answer.text == read(key, locale(person), number=number)
    assert person.modal is None


@pytest.mark.parametrize(
    "words",
    [
        "R-1234567890",
        "R-x",
        "R-1 and more",
        "mine is broken",
        "help them to export",
        "vote on their form",
        "summary of the call",
    ],
)
def test_words_that_only_look_like_a_number_or_a_sub_word_are_filed(office: Office, words: str) -> None:
    office.alice.sends(f"/feedback {words}")
    assert office.alice.modal
    assert office.alice.modal.value("words") == words


@pytest.mark.parametrize(
    "words",
    [
        "They need an export.",
        "a & b < c > d &amp; &lt;b&gt;",
        "10% \"quoted\" 'quoted' \\ back",
        "第一行\n第二行",
        "x" * 3000,
    ],
)
def test_words_stand_in_the_form_as_they_were_typed(office: Office, words: str) -> None:
    assert workspace.open_form(office.alice, words).ok
    assert office.alice.modal
    assert office.alice.modal.value("words") == words
    assert office.alice.modal.value("feedback_customer") is None


def test_words_that_are_too_long_for_a_field_are_cut_to_what_fits(office: Office) -> None:
    workspace.open_form(office.alice, "x" * 4000)
    assert office.alice.modal
    assert office.alice.modal.value("words") == "x" * 3000


def test_mentions_in_a_command_read_as_names_and_channels_are_not_told(office: Office) -> None:
    workspace.open_form(office.alice, f"<@{office.bob.id}|bob> says <#{office.triage.id}|triage> is slow")
    assert office.alice.modal
    assert office.alice.modal.value("words") == "@bob says #… is slow"


def test_nothing_after_the_command_opens_an_empty_form(office: Office) -> None:
    workspace.open_form(office.alice)
    assert office.alice.modal
    assert office.alice.modal.value("words") is None
    assert office.alice.modal.title == read("form.title")


# -- a customer before the colon


@pytest.mark.parametrize("colon", [": ", ":", "：", ":\n"])
@pytest.mark.parametrize("typed", ["Halvorsen Marine", "halvorsen  MARINE", "halvor", "Marine"])
def test_a_customer_that_one_name_matches_is_chosen(office: Office, colon: str, typed: str) -> None:
    workspace.file(office, office.alice, "They exist.", "Halvorsen Marine")
    workspace.open_form(office.bob, f"{typed}{colon}they need an export")
    assert office.bob.modal
    assert office.bob.modal.value("feedback_customer") == "Halvorsen Marine"
    assert office.bob.modal.value("words") == "they need an export"


def test_an_exact_name_wins_over_longer_ones(office: Office) -> None:
    for customer in ("Lumar", "Lumar Hotels", "Lumar Print"):
        workspace.file(office, office.alice, f"{customer} exists.", customer)
    workspace.open_form(office.bob, "lumar: they need it")
    assert office.bob.modal
    assert office.bob.modal.value("feedback_customer") == "Lumar"


@pytest.mark.parametrize(
    "words",
    [
        "valdor: they need it",  # two customers match
        "nobody of this name: they need it",
        "See this: it is broken",
        "https://example.com/a is slow",
        "100%: they need it",
        "_: they need it",
    ],
)
def test_when_no_one_customer_matches_the_words_stay_whole(office: Office, words: str) -> None:
    for customer in ("Valdoria North", "Valdoria South"):
        workspace.file(office, office.alice, f"{customer} exists.", customer)
    workspace.open_form(office.bob, words)
    assert office.bob.modal
    assert office.bob.modal.value("feedback_customer") is None
    assert office.bob.modal.value("words") == words


def test_a_customer_and_nothing_more_opens_the_form_for_them(office: Office) -> None:
    workspace.file(office, office.alice, "They exist.", "Kesselbrück Logistik")
    workspace.open_form(office.bob, "Kesselbrück:")
    assert office.bob.modal
    assert office.bob.modal.value("feedback_customer") == "Kesselbrück Logistik"
    assert office.bob.modal.value("words") is None


def test_a_form_that_opened_with_a_customer_is_filed_for_them(office: Office) -> None:
    workspace.file(office, office.alice, "They exist.", "岚汐食品")
    workspace.open_form(office.meiling, "岚汐食品：需要导出")
    assert office.meiling.submits().closed
    number = workspace.newest(office, office.meiling)
    assert "岚汐食品" in workspace.receipt(office, number).text
    assert "需要导出" in workspace.card(office, number).text
