"""Home: what waits for whoever opens it, and nothing they may not see."""

from itertools import count

import pytest

from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.i18n import say
from bot.services import feedback as service
from practice.handles import View
from practice.people import Person
from storage import feedback
from storage.feedback import Feedback
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")
_cases = count(1)


def newcomer(office: Office, tongue: str = "en-US") -> Person:
    """Return somebody who has done nothing yet."""
    return office.ws.person(f"Homeowner {next(_cases)}", locale=tongue)


def file(office: Office, by: Person, words: str, **facts: object) -> Feedback:
    """File feedback without the form."""
    actor = Actor(office.ws.team_id, by.id)
    draft = Draft(words=words, **{"customer_name": "Acme", **facts})  # type: ignore[arg-type]
    with office.needline.database.begin() as session:
        service.file(session, actor, draft, office.needline.now(), key=f"home:{next(_cases)}")
        return feedback.filed_by(session, actor.team_id, actor.user_id, 1)[0]


def ask(office: Office, about: Feedback, question: str) -> None:
    """Let Bob ask about feedback."""
    with office.needline.database.begin() as session:
        actor = Actor(office.ws.team_id, office.bob.id)
        service.ask(session, actor, about.number, question, office.needline.now(), key=f"ask:{next(_cases)}")


def home(person: Person) -> View:
    """Open Home; return it."""
    view = person.opens_home()
    assert view
    return view


def plain(key: str, tongue: str = "en", **params: object) -> str:
    """Return a sentence as it reads on screen."""
    return say(tongue, key, **params).replace("*", "").replace("`", "")


@pytest.mark.parametrize("tongue", ["en-US", "zh-CN"])
def test_who_has_filed_nothing_is_told_in_three_sentences_and_can_begin(office: Office, tongue: str) -> None:
    person = newcomer(office, tongue)
    locale = "en" if tongue == "en-US" else "zh_Hans"
    view = home(person)
    assert plain("home.welcome", locale) in view.text()
    assert view.buttons() == [say(locale, "button.file"), say(locale, "button.preferences")]
    person.presses(say(locale, "button.file"), on=view)
    assert person.modal
    assert person.modal.title == say(locale, "form.title")
    person.closes()


def test_what_a_person_filed_stands_there_newest_first_with_its_status_and_details(office: Office) -> None:
    person = newcomer(office)
    first = file(office, person, "They need *stars* & <tags>.")
    second = file(office, person, "They thank us.", kind=Kind.PRAISE)
    view = home(person)
    text = view.text()
    assert text.index(f"F-{second.number} · They thank us (Acme)") < text.index(f"R-{first.requirement} · They need")
    assert "In review" in text
    assert "Open" in text
    assert view.buttons() == ["Details", "Details", "File feedback", "Your settings"]
    person.presses("Details", on=view)
    assert person.modal
    assert "They thank us." in person.modal.text()
    person.closes()


def test_of_much_only_the_newest_ten_are_shown(office: Office) -> None:
    person = newcomer(office)
    filed = [file(office, person, f"They need thing {number}.") for number in range(12)]
    text = home(person).text()
    assert text.count("They need thing") == 10
    assert f"R-{filed[1].requirement} ·" not in text
    assert f"R-{filed[2].requirement} ·" in text


def test_a_reviewer_sees_what_waits_for_their_vote_and_votes_through(office: Office) -> None:
    person = workspace.new_reviewer(office, f"Homeowner {next(_cases)}")
    assert plain("through.nothing") in home(person).text()
    for number in range(7):
        file(office, office.alice, f"They need vote {number}.", customer_name="Geheim AG", hide_customer=True)
    view = home(person)
    assert plain("home.voting", n=7) in view.text()
    assert view.text().count("(Customer hidden) · closes") == 5
    assert plain("list.more", n=2) in view.text()
    assert "Geheim AG" not in view.text()
    person.presses("Vote through", on=view)
    assert person.modal
    assert "1 of 7" in person.modal.text()
    person.picks("Your vote", "Abstain")
    assert person.submits().ok
    person.closes()
    assert plain("home.voting", n=6) in home(person).text()


def test_who_does_not_vote_or_decide_sees_nothing_of_votes_and_decisions(office: Office) -> None:
    file(office, office.alice, "They need a vote of others.")
    view = home(newcomer(office))
    assert "vote:" not in view.text()
    assert plain("through.nothing") not in view.text()
    assert "decide" not in view.text().lower()


def test_a_manager_sees_how_much_there_is_to_decide(office: Office) -> None:
    filed = file(office, office.alice, "They need a decision from home.")
    before = _to_decide(home(office.mara))
    card = workspace.card(office, filed.number)
    for reviewer in (office.bob, office.dora):
        reviewer.presses("Reject", on=card)
    view = home(office.mara)
    assert _to_decide(view) == before + 1
    assert say("en", "button.decide_through") in view.buttons()


def _to_decide(view: View) -> int:
    line = next((line for line in view.text().splitlines() if line.startswith("To decide: ")), None)
    return int(line.split(": ")[1].split()[0]) if line else 0


def test_questions_wait_with_a_reply_until_they_are_answered(office: Office) -> None:
    person = newcomer(office)
    item = file(office, person, "They need a question.", hide_customer=True)
    ask(office, item, "Which <format> & how often?")
    view = home(person)
    assert plain("home.questions", n=1) in view.text()
    assert f"R-{item.requirement} · They need a question (Acme)" in view.text()  # the filer sees a hidden customer
    assert "> Which <format> & how often?" in view.text()
    person.presses("Reply", on=view)
    assert person.modal
    assert "Which <format> & how often?" in person.modal.text()
    person.fills("answer", "XLSX, every month.")
    assert person.submits().closed
    assert plain("home.questions", n=1) not in home(person).text()


def test_a_stranger_to_us_is_met_in_their_language(office: Office) -> None:
    assert plain("home.welcome", "zh_Hans") in home(newcomer(office, "zh-TW")).text()


def test_the_messages_tab_publishes_nothing(office: Office) -> None:
    person = newcomer(office)
    before = len(workspace.documents(office, "views.publish"))
    assert person.opens_home("messages") is None
    assert len(workspace.documents(office, "views.publish")) == before


def test_home_is_drawn_anew_each_time_and_after_slack_failed_once(office: Office) -> None:
    person = newcomer(office)
    home(person)
    file(office, person, "They need a second look.")
    office.ws.faults.add("views.publish", "error", name="internal_error", times=1)
    person.opens_home()
    office.ws.eventually(lambda: person.home and "They need a second look" in person.home.text())
