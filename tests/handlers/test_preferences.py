"""Your settings: what each person chooses for themselves, in Slack."""

from datetime import timedelta
from typing import Any

import pytest

from bot.i18n import say
from practice.people import Person
from storage import people
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")


def stored(office: Office, person: Person) -> people.Person:
    with office.needline.database.read() as session:
        found = people.get(session, office.ws.team_id, person.id)
    assert found
    return found


def opens(person: Person) -> None:
    home = person.opens_home()
    assert home
    person.presses("Your settings", on=home)
    assert person.modal
    assert person.modal.title == "Your settings"


def newcomer(office: Office, name: str) -> Person:
    return office.ws.person(name)


def test_saved_as_they_are_nothing_changes(office: Office) -> None:
    person = newcomer(office, "Calm")
    opens(person)
    assert person.submits().closed
    found = stored(office, person)
    assert (found.summary, found.chosen_locale, found.quiet_start, found.back_on) == ("changed", None, None, None)


@pytest.mark.parametrize("word", ["me", "我的设置", "ＭＥ"])
def test_the_command_opens_them_too_even_for_who_is_new(office: Office, word: str) -> None:
    person = newcomer(office, f"New {len(office.ws.people())}")
    assert person.sends(f"/feedback {word}").ok
    assert person.modal
    assert person.modal.callback_id == "preferences_save"
    assert person.submits().closed


def test_a_language_chosen_here_is_the_one_of_all_that_follows(office: Office) -> None:
    person = newcomer(office, "Polyglot")
    opens(person)
    person.picks("Language", "Simplified Chinese")
    assert person.submits().closed
    welcome = say("zh_Hans", "home.welcome")
    office.ws.eventually(lambda: person.home and welcome in person.home.text(), what="Home is drawn anew")
    assert person.sends("/feedback help").text.startswith("如何使用")
    office.ws.update_person(person, name="Polyglot Two")
    assert person.sends("/feedback help").text.startswith("如何使用")
    person.sends("/feedback me")
    person.picks(say("zh_Hans", "form.own_language"), "与 Slack 相同（英文）")
    assert person.submits().closed
    assert person.sends("/feedback help").text.startswith("How to use")


def test_own_hours_and_the_summary_are_kept_and_shown_again(office: Office) -> None:
    person = newcomer(office, "Owl")
    opens(person)
    person.picks("Weekly summary of what you filed", "Never")
    person.picks("Quiet hours", "My own, as below")
    person.picks_date("From", "23:30")
    person.picks_date("Until", "11:00")
    person.picks("Days off", say("en", "said.quiet.weekends_yes"))
    person.unpicks("Days off")
    assert person.submits().closed
    found = stored(office, person)
    assert (found.summary, found.quiet_start, found.quiet_end, found.quiet_weekends) == (
        "never",
        "23:30",
        "11:00",
        False,
    )
    opens(person)
    assert person.modal
    assert (person.modal.value("From"), person.modal.value("Days off")) == ("23:30", [])
    person.picks("Quiet hours", "The team")
    assert person.submits().closed
    assert stored(office, person).quiet_start is None


def test_a_team_without_quiet_hours_is_not_said_to_have_some(office: Office) -> None:
    person = newcomer(office, "Early")
    opens(person)
    assert person.options_for("Quiet hours") == [say("en", "preferences.as_team_none"), say("en", "preferences.own")]


def test_away_until_a_day_and_back_again(office: Office) -> None:
    person = newcomer(office, "Traveller")
    today = office.needline.now().date()
    opens(person)
    person.picks_date("If you are away: the day you are back", today)
    assert person.submits().errors == {"If you are away: the day you are back": say("en", "refused.back_past")}
    person.picks_date("If you are away: the day you are back", today + timedelta(days=200))
    assert person.submits().errors == {"If you are away: the day you are back": say("en", "refused.back_far", most=92)}
    person.picks_date("If you are away: the day you are back", today + timedelta(days=14))
    assert person.submits().closed
    assert stored(office, person).back_on == today + timedelta(days=14)
    opens(person)
    person.picks("Back earlier?", "I am here again")
    assert person.submits().closed
    assert stored(office, person).back_on is None


def test_news_waits_for_who_is_away_and_comes_when_they_are_back(office: Office) -> None:
    person = office.alice
    number = workspace.file(office, person, "They need it while I am away.")
    workspace.receipt(office, number)
    opens(person)
    today = office.needline.now().date()
    person.picks_date("If you are away: the day you are back", today + timedelta(days=3))
    assert person.submits().closed
    card = workspace.card(office, number)
    for reviewer in (office.bob, office.dora):
        reviewer.presses("Approve", on=card)
    office.ws.eventually(lambda: stored_waits(office), what="the news waits")
    assert not workspace.in_dm(person, "Accepted")
    opens(person)
    person.picks("Back earlier?", "I am here again")
    assert person.submits().closed
    workspace.passes(office, timedelta(days=4))
    office.ws.eventually(lambda: workspace.in_dm(person, "ccepted"), what="the news comes")


def stored_waits(office: Office) -> bool:
    return workspace.depth(office) > 0


@pytest.mark.parametrize("field", ["own_summary", "own_language", "quiet_start", "back_on"])
def test_a_crafted_form_changes_nothing(office: Office, field: str) -> None:
    person = newcomer(office, f"Crafty {field}")
    opens(person)
    entry = {
        "own_summary": {"selected_option": {"value": "hourly"}},
        "own_language": {"selected_option": {"value": "fr"}},
        "quiet_start": {"selected_time": "99:99"},
        "back_on": {"selected_date": "soon"},
    }[field]

    def craft(payload: dict[str, Any]) -> None:
        workspace.put(payload["view"], "own_quiet", {"selected_option": {"value": "own"}})
        workspace.put(payload["view"], field, entry)

    assert workspace.field_errors(workspace.crafted(office, person, craft))
    assert stored(office, person).summary == "changed"


def test_who_votes_can_do_without_reminders_and_nobody_else_is_asked(office: Office) -> None:
    opens(office.alice)
    assert office.alice.modal
    assert "Reminders of votes" not in office.alice.modal.labels()
    opens(office.bob)
    office.bob.unpicks("Reminders of votes")
    assert office.bob.submits().closed
    assert not stored(office, office.bob).reminders
    opens(office.bob)
    assert office.bob.modal
    assert office.bob.modal.value("Reminders of votes") == []
    office.bob.picks("Reminders of votes", say("en", "preferences.remind"))
    assert office.bob.submits().closed
    assert stored(office, office.bob).reminders


def test_who_votes_no_more_keeps_what_they_chose(office: Office) -> None:
    opens(office.emil)
    office.emil.unpicks("Reminders of votes")
    assert office.emil.submits().closed
    people = workspace.rules(office)["people"]
    workspace.set_policy(office, people={**people, "reviewers": [office.bob.id, office.dora.id]})
    opens(office.emil)
    assert office.emil.submits().closed
    assert not stored(office, office.emil).reminders
