"""The first run: a newcomer opens Home in a workspace where nothing is set, and sets Needline up without a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.i18n import say
from bot.policy import Policy
from practice.clock import next_weekday
from practice.handles import View
from practice.people import Person
from practice.workspace import Workspace
from storage import policy, policy_log
from tests import bot, workspace
from tests.workspace import MANIFEST, Office

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """A workspace with people and a channel, and a bot that was told nothing. Ada runs the workspace in Slack."""
    with workspace.new_database(request.param, tmp_path) as url, Workspace(MANIFEST) as ws:
        alice, meiling = ws.person("Alice"), ws.person("Meiling", locale="zh-CN", tz="Asia/Shanghai")
        bob, dora, emil, mara = map(ws.person, ("Bob", "Dora", "Emil", "Mara"))
        ada = ws.person("Ada", is_admin=True, tz="Europe/Berlin")
        triage = ws.channel("triage", members=[alice, meiling, bob, dora, emil, mara, ada])
        with bot.in_thread(ws, url) as needline:
            yield Office(ws, needline, alice, meiling, bob, dora, emil, mara, ada, triage)
        assert ws.problems == []


def home(person: Person) -> View:
    view = person.opens_home()
    assert view
    return view


def rules(office: Office) -> Policy:
    with office.needline.database.read() as session:
        return policy.load(session, office.ws.team_id)


def home_says(office: Office, person: Person, words: str) -> View:
    """Wait until Home, redrawn by itself, reads so."""
    office.ws.eventually(lambda: person.home and words in person.home.text(), what=words)
    assert person.home
    return person.home


def step(person: Person, label: str, title: str) -> None:
    """Open the form of the step that is next, by its button."""
    assert person.home
    person.presses(label, on=person.home)
    assert person.modal
    assert person.modal.title == title


def test_a_newcomer_sets_needline_up_in_three_steps_and_closes_the_loop(office: Office) -> None:
    ws, ada = office.ws, office.ada
    assert say("en", "setup.nobody") in home(office.bob).text()
    assert rules(office).people.admins == ()  # who does not run the workspace does not become admin
    before = workspace.file(office, office.alice, "They need an export.")
    view = home(ada)
    assert rules(office).people.admins == (ada.id,)
    assert "Three steps" in view.text()
    assert view.buttons()[:3] == ["Choose", "Choose", "Choose"]
    assert "is being set up by @Ada" in home(office.bob).text()

    step(ada, "Choose", "Triage channel")
    ada.picks("Triage channel", office.triage)
    assert ada.submits().closed
    view = home_says(office, ada, "I am not in #triage yet")
    assert view.buttons()[:2] == ["Change", "Check again"]
    assert "Cards go to #triage." in view.text()
    ws.invite_bot(office.triage)
    ada.presses("Check again", on=ada.home)
    home_says(office, ada, "1. Triage channel: done")

    ws.eventually(lambda: ws.find(office.triage, containing="export"))  # what was filed before is there

    assert ada.home
    assert ada.home.buttons()[:3] == ["Change", "Choose", "Choose"]
    view = home(ada)  # coming back resumes
    step(ada, "Choose", "People")
    ada.picks("Managers", office.mara)
    ada.picks("Product", office.bob)
    ada.picks("Engineering", office.dora)
    assert ada.submits().closed
    view = home_says(office, ada, "2. People: done")
    assert "A vote closes with this many votes: 2" in view.text()

    step(ada, "Choose", "Review meeting")
    assert ada.modal
    assert ada.modal.value("Time zone of the team") == "Berlin (Europe/Berlin)"
    ada.picks("Review meeting", "Wednesday")
    ada.picks_date("review.when:time", "14:00")
    assert ada.submits().closed
    home_says(office, ada, "Needline is set up.")
    assert "Needline is set up." not in home(ada).text()

    found = rules(office)
    assert (found.channels.triage, found.channels.review) == (office.triage.id, office.triage.id)
    assert (found.workspace.timezone, found.review.when, found.vote.quorum) == ("Europe/Berlin", "wed 14:00", 2)
    card = workspace.card(office, before)
    for reviewer in (office.bob, office.dora):
        assert reviewer.presses("Approve", on=card).ok
    ws.eventually(lambda: "Accepted" in card.text, what="the first reviewers close what was filed before them")
    noon = next_weekday(ws.clock.now(), 2, 12, office.alice.user.tz)  # it may be night, or Sunday
    workspace.passes(office, noon - ws.clock.now())
    ws.eventually(lambda: workspace.in_dm(office.alice, "ccepted"), what="the requester hears")


def test_filing_before_the_first_step_says_where_cards_will_go(office: Office) -> None:
    workspace.open_form(office.alice)
    assert office.alice.modal
    assert say("en", "form.triage_unset") in office.alice.modal.text()


def test_the_steps_read_well_in_chinese_and_can_be_hidden(office: Office) -> None:
    office.ws.update_person(office.meiling, is_admin=True)
    view = home(office.meiling)
    assert say("zh_Hans", "setup.triage_why") in view.text()
    office.meiling.presses(say("zh_Hans", "button.setup_hide"), on=view)
    office.ws.eventually(
        lambda: office.meiling.home and say("zh_Hans", "setup.triage_why") not in office.meiling.home.text()
    )
    assert say("zh_Hans", "setup.triage_why") not in home(office.meiling).text()


def test_the_steps_are_refused_to_who_is_no_admin_any_more(office: Office) -> None:
    view = home(office.ada)
    workspace.set_policy(office, people={"admins": [office.mara.id]})
    heard = office.ada.presses("Choose", on=view)
    assert not heard.error
    office.ws.eventually(lambda: office.ada.modal, what="the refusal is shown")
    assert office.ada.modal
    assert say("en", "refused.admins_only") in office.ada.modal.text()
    assert rules(office).people.admins == (office.mara.id,)


def test_of_two_admins_in_one_step_the_second_sees_what_the_first_chose(office: Office) -> None:
    home(office.ada)
    workspace.set_policy(office, people={"admins": [office.ada.id, office.mara.id]})
    other = office.ws.channel("other", members=[office.mara])
    home(office.mara)
    for person in (office.ada, office.mara):
        step(person, "Choose", "Triage channel")
    office.ada.picks("Triage channel", office.triage)
    office.mara.picks("Triage channel", other)
    assert office.ada.submits().closed
    assert office.mara.submits().ok
    assert office.mara.modal
    assert "@Ada changed this" in office.mara.modal.text()
    assert "#triage" in office.mara.modal.text()
    assert rules(office).channels.triage == office.triage.id
    assert office.mara.submits().closed
    assert rules(office).channels.triage == other.id


def test_an_unreachable_slack_makes_nobody_admin_and_keeps_home_alive(office: Office) -> None:
    home(office.ada)  # now she is known
    with office.needline.database.begin() as session:
        policy._write(session, office.ws.team_id, "people", {}, "test", office.needline.now())
    office.ws.faults.add("users.info", "error", name="internal_error", times=1)
    assert say("en", "setup.nobody") in home(office.ada).text()
    assert rules(office).people.admins == ()
    assert "Three steps" in home(office.ada).text()
    with office.needline.database.read() as session:
        assert {change.by for change in policy_log.last(session, office.ws.team_id)} == {office.ada.id}
