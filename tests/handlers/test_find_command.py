"""`/feedback find words…`: found by anybody, told to the person alone."""

import pytest

from bot.i18n import say
from practice.handles import Answer
from practice.people import Person
from practice.workspace import Message
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")


def find(person: Person, words: str) -> Answer:
    answer = person.sends(f"/feedback find {words}")
    assert answer.ok
    return answer


def lines(answer: Answer) -> list[str]:
    """Return the lines that name feedback."""
    return [line for line in answer.text.splitlines() if line.startswith("F-")]


def shown(answer: Answer) -> Message:
    assert answer.ephemeral
    return answer.ephemeral


def test_what_is_found_stands_in_a_line_each_with_a_button(office: Office) -> None:
    need = workspace.file(office, office.alice, "They need zebra <stripes> & more.", "Börse & Söhne")
    question = workspace.file(office, office.alice, "Does it print zebras?", "Acme", kind="question")
    answer = find(office.bob, "ZEBRA")
    assert answer.text.splitlines()[0] == say("en", "find.found", n=2)
    ref = f"R-{workspace.requirement(office, need)}"
    first, second = lines(answer)
    assert first.startswith(f"F-{question} Does it print zebras? (Acme): Open")
    assert second.startswith(f"F-{need} They need zebra <stripes> & more (Börse & Söhne): {ref}, In review")
    assert shown(answer).buttons() == ["Details", "Details"]
    office.bob.presses("Details", on=shown(answer))
    assert office.bob.modal
    assert office.bob.modal.title == f"F-{question}"


def test_the_answer_is_for_the_person_alone_also_in_a_channel(office: Office) -> None:
    workspace.file(office, office.alice, "They need privacy.")
    answer = office.bob.sends("/feedback find privacy", channel=office.triage)
    assert shown(answer).ephemeral
    assert not [message for message in office.dora.sees(office.triage) if "found" in message.text]


@pytest.mark.parametrize("word", ["find", "FIND", "查找", "查找　"])
def test_without_words_it_says_what_there_is(office: Office, word: str) -> None:
    usage = say("en", "command.usage").replace("*", "").replace("`", "")
    assert office.alice.sends(f"/feedback {word}").text == usage
    assert "find" in usage
    assert office.alice.modal is None


def test_nothing_found_says_so_with_the_words(office: Office) -> None:
    answer = find(office.bob, "unicorns <!channel> 100%")
    assert answer.text == say("en", "find.nothing", words="unicorns @channel 100%")


def test_ten_are_shown_and_the_others_counted(office: Office) -> None:
    for number in range(12):
        workspace.file(office, office.alice, f"They need giraffes, {number}.")
    answer = find(office.bob, "giraffes")
    assert len(lines(answer)) == 10
    assert "giraffes, 11" in lines(answer)[0]
    assert answer.text.splitlines()[-1] == say("en", "find.more", n=2)
    workspace.quiet(office)


def test_too_many_words_are_refused_kindly(office: Office) -> None:
    words = " ".join(f"word{n}" for n in range(21))
    assert find(office.bob, words).text == say("en", "refused.find_many", most=20)
    assert find(office.bob, "word " * 21).text == say("en", "find.nothing", words="word")


@pytest.mark.parametrize("words", ["finding a file takes long", "查找功能不好用", "find: it is slow"])
def test_words_that_only_begin_like_it_are_filed(office: Office, words: str) -> None:
    office.alice.sends(f"/feedback {words}")
    assert office.alice.modal


def test_it_is_found_by_its_number(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need a number.")
    ref = f"R-{workspace.requirement(office, number)}"
    for words in (ref, f"F-{number}", f"{ref.lower()} number"):
        assert lines(find(office.bob, words))[0].startswith(f"F-{number} They need a number")


def test_chinese_readers_find_in_chinese(office: Office) -> None:
    number = workspace.file(office, office.meiling, "希望把斑马导出为 XLSX。", "岚汐食品")
    ref = f"R-{workspace.requirement(office, number)}"
    answer = office.meiling.sends("/feedback 查找 斑马 xlsx 岚汐")
    assert answer.text.splitlines()[0] == say("zh_Hans", "find.found", n=1)
    assert f"（岚汐食品）：需求 {ref}，评审中" in answer.text
    assert shown(answer).buttons() == ["详情"]


def test_a_hidden_customer_finds_nothing_and_is_not_shown_to_others(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need camels.", "Kesselbrück", hide_customer="yes")
    for person in (office.bob, office.dora):
        assert say("en", "customer.hidden") in find(person, "camels").text
        for guess in ("kesselbrück", "camels kessel", "Kesselbrück camels"):
            assert find(person, guess).text == say("en", "find.nothing", words=guess)
    for person in (office.alice, office.mara, office.ada):
        assert "(Kesselbrück)" in lines(find(person, "KESSELBRÜCK camels"))[0]
        assert lines(find(person, "kesselbrück"))[0].startswith(f"F-{number}")
