"""Home: what waits for whoever opens it, and nothing they may not see."""

import re
from itertools import count

import pytest

from bot.domain.feedback import Draft, Kind
from bot.domain.people import Actor
from bot.domain.requirements import Change, Status
from bot.i18n import say
from bot.services import feedback as service
from bot.services import requirements
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
    assert view.buttons() == ["File feedback", "Details", "Details", "Your settings"]
    person.presses("Details", on=view)
    assert person.modal
    assert "They thank us." in person.modal.text()
    person.closes()


def shown(view: View) -> list[int]:
    """Return the numbers of the requirements listed, from the top."""
    return [int(number) for number in re.findall(r"R-(\d+) · They need", view.text())]


def redrawn(office: Office, person: Person, words: str) -> View:
    """Wait until Home, drawn anew by itself, reads so."""
    office.ws.eventually(lambda: person.home and words in person.home.text(), what=words)
    assert person.home
    return person.home


def test_of_much_a_page_is_shown_and_the_others_are_a_press_away(office: Office) -> None:
    person = newcomer(office)
    numbers = [file(office, person, f"They need thing {number}.").requirement for number in range(12)]
    newest_first = numbers[::-1]
    view = home(person)
    assert shown(view) == newest_first[:10]
    assert "Page 1 of 2" in view.text()
    assert "Previous" not in view.buttons()
    assert person.presses("Next", on=view).ok
    view = redrawn(office, person, "Page 2 of 2")
    assert shown(view) == newest_first[10:]
    assert "Next" not in view.buttons()
    assert shown(home(person)) == newest_first[10:]  # it stays, when drawn anew too
    assert person.presses("Previous", on=view).ok
    assert shown(redrawn(office, person, "Page 1 of 2")) == newest_first[:10]


def test_what_one_chose_to_see_survives_ones_own_acts(office: Office) -> None:
    person = newcomer(office)
    praise = file(office, person, "They thank us.", kind=Kind.PRAISE)
    file(office, person, "They need an export.", customer_name="Beta")
    view = home(person)
    assert person.options_for("home_show", on=view) == [
        "Open (2)",
        "Changed (0)",
        "Closed (0)",
        "All (2)",
    ]
    person.picks("home_customer", "Acme", on=view)
    office.ws.eventually(lambda: person.home and "export" not in person.home.text(), what="Beta's is left out")
    person.picks("home_show", "Closed", on=person.home)
    view = redrawn(office, person, plain("home.nothing_here"))
    with office.needline.database.begin() as session:
        bob = Actor(office.ws.team_id, office.bob.id)
        service.answer(session, bob, praise.number, "Thank them.", office.needline.now(), key=f"answer:{praise.number}")
    workspace.file(office, person, "They need an import.", "Acme")
    view = redrawn(office, person, "They thank us")
    assert "Closed: 1" in view.text()
    assert "import" not in view.text()
    person.picks("home_show", "All", on=view)
    assert "import" in redrawn(office, person, "import").text()


@pytest.mark.parametrize(("tongue", "locale"), [("en-US", "en"), ("zh-CN", "zh_Hans")])
def test_what_others_did_since_one_looked_is_marked_in_words_until_one_looks_again(
    office: Office, tongue: str, locale: str
) -> None:
    person = newcomer(office, tongue)
    item = file(office, person, "They need news.")
    assert plain("home.mine", locale) in home(person).text()
    assert "{" not in plain("home.mine", locale)
    move(office, item, Status.ACCEPTED)
    marked = say(
        locale,
        "home.news_moved",
        status=say(locale, "status.accepted"),
        before=say(locale, "status.in_review"),
    )
    view = home(person)
    assert marked in view.text()
    assert say(locale, "home.show_changed", n=1) in person.options_for("home_show", on=view)
    workspace.file(office, person, "They need more.")
    assert marked in redrawn(office, person, "They need more").text()  # ones own act does not eat the mark
    assert marked not in home(person).text()


def move(office: Office, item: Feedback, to: Status) -> None:
    """Let Mara move a requirement."""
    with office.needline.database.begin() as session:
        mara, number = Actor(office.ws.team_id, office.mara.id), item.requirement or 0
        requirements.change(session, mara, number, Change(to), office.needline.now(), key=f"move:{next(_cases)}")


def test_an_event_that_slack_brings_again_is_the_same_look(office: Office) -> None:
    person = newcomer(office)
    item = file(office, person, "They need patience.")
    home(person)
    move(office, item, Status.ACCEPTED)
    office.ws.faults.add("views.publish", "error", name="internal_error", times=1)
    person.opens_home()
    redrawn(office, person, "changed since you last looked")
    office.ws.faults.add("app_home_opened", "deliver_twice", times=1)
    move(office, item, Status.IN_PROGRESS)
    home(person)
    assert "before: Accepted" in redrawn(office, person, "In progress").text()


def test_ones_own_acts_are_no_news(office: Office) -> None:
    home(office.mara)
    item = file(office, office.mara, "They need Mara.")
    move(office, item, Status.ACCEPTED)
    view = home(office.mara)
    assert "They need Mara (Acme)\nAccepted\n" in view.text()


@pytest.mark.parametrize(
    ("action_id", "forged"),
    [("home_show", "everything"), ("home_show", None), ("home_customer", "-1"), ("home_next", "9" * 40)],
)
def test_forged_choices_change_nothing_and_end_in_words_or_in_what_there_is(
    office: Office, action_id: str, forged: str | None
) -> None:
    person = newcomer(office)
    file(office, person, "They need honesty.")
    view = home(person)
    action = {"type": "button", "action_id": action_id, "block_id": "b", "value": forged, "action_ts": "1.1"}
    payload = workspace.gesture(office, person, "block_actions") | {
        "actions": [action],
        "view": view.raw,
        "container": {"type": "view", "view_id": view.raw["id"]},
        "trigger_id": office.ws.state.new_trigger(person.id),
    }
    assert workspace.interact(office, payload).status == 200
    if action_id == "home_show":
        office.ws.eventually(lambda: person.modal and plain("stale.gesture") in person.modal.text())
    assert "They need honesty" in home(person).text()


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
    redrawn(office, person, plain("home.voting", n=6))


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
    office.ws.eventually(lambda: person.home and plain("home.questions", n=1) not in person.home.text())


def test_who_is_stuck_reads_whom_to_ask(office: Office) -> None:
    for person in (newcomer(office), office.mara):
        assert "Ask @Ada." in home(person).text()


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
