"""Settings: what admins edit in Slack, what is refused at its field, and that nobody overwrites what others did."""

import json
from datetime import date
from typing import Any

import pytest

from bot import policy_words
from bot.i18n import say
from bot.policy import Policy, PolicyError, build
from bot.services import policy as service
from handlers.slack.blocks.settings_forms import NUMBERS
from practice import gestures
from practice.handles import Answer
from practice.people import Person
from storage import policy, policy_log
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")
TABLES = policy_words.KINDS


def rules(office: Office) -> Policy:
    with office.needline.database.read() as session:
        return policy.load(session, office.ws.team_id)


def opens(person: Person, table: str) -> None:
    """Open Settings, and the form of a table."""
    assert person.sends("/feedback settings").ok
    press(person, table)


def press(person: Person, table: str) -> None:
    """Press `Edit` beside a table; all these buttons have one label."""
    assert person.modal
    block = next(block for block in person.modal.blocks if (block.get("accessory") or {}).get("value") == table)
    button = block["accessory"] | {"block_id": block["block_id"]}
    answer = gestures.act(person._backend, person.user, person.modal.row, button)
    assert answer.ok, answer
    assert person.modal.callback_id == "settings_save"


def saves(office: Office, person: Person) -> str:
    """Submit the form; return what the overview under it then says."""
    answer = person.submits()
    assert answer.ok, answer
    assert person.modal
    assert person.modal.callback_id == "settings"
    office.ws.eventually(lambda: person.modal and "Saved" in person.modal.text(), what="the overview is not redrawn")
    return person.modal.text()


def refused(person: Person) -> dict[str, str]:
    """Submit the form; return the sentences at its fields."""
    answer: Answer = person.submits()
    assert not answer.ok
    assert person.modal
    assert person.modal.callback_id == "settings_save"
    return answer.errors


def test_an_admin_sees_every_table_in_words_and_may_edit_each(office: Office) -> None:
    office.ada.sends("/feedback settings")
    assert office.ada.modal
    text = office.ada.modal.text()
    assert all(say("en", f"settings.{table}") in text for table in TABLES)
    assert "Cards go to #triage." in text
    assert "Managers: @Mara" in text
    assert "A vote closes with this many votes: 2" in text
    assert office.ada.modal.buttons().count("Edit") == len(TABLES)


def test_a_manager_may_look_and_nobody_else(office: Office) -> None:
    office.mara.sends("/feedback settings")
    assert office.mara.modal
    assert office.mara.modal.buttons() == ["Who changed what"]
    assert say("en", "settings.read_only") in office.mara.modal.text()
    for person in (office.bob, office.alice):
        assert say("en", "refused.settings_team_only") in person.sends("/feedback settings").text
        assert person.modal is None


def test_home_leads_admins_to_settings(office: Office) -> None:
    home = office.ada.opens_home()
    assert home
    office.ada.presses("Settings", on=home)
    assert office.ada.modal
    assert office.ada.modal.title == "Settings"
    other = office.bob.opens_home()
    assert other
    assert "Settings" not in other.buttons()


def test_each_form_opens_with_the_values_in_force_and_saved_as_it_is_changes_nothing(office: Office) -> None:
    before = rules(office)
    for table in TABLES:
        opens(office.ada, table)
        assert office.ada.submits().ok
        office.ws.eventually(
            lambda: office.ada.modal and say("en", "settings.same") in office.ada.modal.text(), what=table
        )
        office.ada.closes(everything=True)
    assert rules(office) == before


def test_what_was_changed_is_said_in_words_and_holds_for_new_votes(office: Office) -> None:
    opens(office.ada, "vote")
    office.ada.fills("Quorum", "3")
    office.ada.unpicks(say("en", "setting.vote.blind"))
    office.ada.picks(say("en", "setting.vote.anonymous"), say("en", "said.vote.anonymous_yes"))
    text = saves(office, office.ada)
    assert "• Quorum: 2 → 3" in text
    assert "• Anonymous votes: no → yes" in text
    assert say("en", "settings.new_rounds") in text
    vote = rules(office).vote
    assert (vote.quorum, vote.blind, vote.anonymous, vote.decides) == (3, False, True, True)


def test_a_quorum_out_of_reach_is_refused_at_its_field_in_the_readers_language(office: Office) -> None:
    opens(office.ada, "vote")
    office.ada.fills("Quorum", "4")
    assert refused(office.ada) == {
        "Quorum": "With quorum 4 and 3 reviewers no round can close. Lower the quorum or name more reviewers."
    }
    office.ada.closes(everything=True)
    opens(office.ada, "people")
    office.ada.unpicks("Reviewers", office.bob.id, office.dora.id)
    assert list(refused(office.ada)) == ["Reviewers"]
    assert len(rules(office).people.reviewers) == 3


def test_a_department_that_must_vote_needs_somebody(office: Office) -> None:
    opens(office.ada, "vote")
    office.ada.picks(say("en", "setting.vote.departments"), "Market")
    assert refused(office.ada) == {
        say("en", "setting.vote.departments"): say("en", "fault.department_empty", name="market")
    }
    office.ada.closes(everything=True)
    opens(office.ada, "departments")
    office.ada.picks("Market", office.bob)
    saves(office, office.ada)
    press(office.ada, "vote")
    office.ada.picks(say("en", "setting.vote.departments"), "Market")
    saves(office, office.ada)
    assert rules(office).vote.departments == ("market",)
    office.ada.closes(everything=True)
    workspace.set_policy(office, vote={"quorum": 2}, departments={})


def test_the_review_meeting_by_day_time_weeks_and_first_date(office: Office) -> None:
    opens(office.ada, "review")
    office.ada.picks("Review meeting", "Thursday")
    office.ada.picks_date("review.when:time", "15:30")
    office.ada.picks("How often", "every 3 weeks")
    assert refused(office.ada) == {say("en", "setting.review.first"): say("en", "fault.no_first")}
    office.ada.picks_date(say("en", "setting.review.first"), date(2026, 12, 2))
    (sentence,) = refused(office.ada).values()
    assert sentence == say("en", "fault.first_other_day", day="Thursday", other="Wednesday")
    office.ada.picks_date(say("en", "setting.review.first"), date(2026, 12, 3))
    office.ada.picks(say("en", "setting.review.lead"), "4 hours")
    saves(office, office.ada)
    review = rules(office).review
    assert (review.when, review.every, review.first, review.lead) == (
        "thu 15:30",
        "3 weeks",
        date(2026, 12, 3),
        "4 hours",
    )


def test_a_time_zone_is_found_by_its_city_and_days_off_are_picked(office: Office) -> None:
    opens(office.ada, "workspace")
    office.ada.picks(say("en", "setting.workspace.timezone"), "Shanghai (Asia/Shanghai)")
    office.ada.picks(say("en", "setting.workspace.language"), "Simplified Chinese")
    office.ada.unpicks(say("en", "setting.workspace.weekend"), "Saturday")
    office.ada.fills("Holidays", "2026-12-25\n\n 2026-12-31..2027-01-03 ")
    saves(office, office.ada)
    table = rules(office).workspace
    assert (table.timezone, table.language, table.weekend) == ("Asia/Shanghai", "zh_Hans", ("sun",))
    assert table.holidays == ("2026-12-25", "2026-12-31..2027-01-03")
    press(office.ada, "workspace")
    office.ada.fills("Holidays", "2026-12-25\nChristmas")
    assert refused(office.ada) == {"Holidays": say("en", "fault.no_stretch", text="Christmas", most=92)}
    office.ada.fills("Holidays", "")
    office.ada.picks(say("en", "setting.workspace.weekend"), *map(_day, range(7)))
    assert list(refused(office.ada).values()) == [say("en", "fault.no_working_day")]


def _day(number: int) -> str:
    return ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][number]


def test_who_has_no_quiet_hours_reads_that_and_each_time_has_its_own_label(office: Office) -> None:
    office.ada.sends("/feedback settings")
    assert office.ada.modal
    text = office.ada.modal.text()
    assert "On working days there are no quiet hours." in text
    assert "12:00" not in text
    press(office.ada, "quiet")
    office.ada.picks_date(say("en", "setting.quiet.start"), "19:15")
    text = saves(office, office.ada)
    assert "Direct messages wait from 7:15\u202fPM." in text
    assert "no quiet hours" not in text
    press(office.ada, "reminders")
    assert office.ada.modal.labels() == ["Reminder of votes", "Weekly summary", "Time"]


def test_times_and_numbers_of_the_other_tables(office: Office) -> None:
    opens(office.ada, "quiet")
    office.ada.picks_date(say("en", "setting.quiet.start"), "19:15")
    saves(office, office.ada)
    press(office.ada, "reminders")
    office.ada.picks_date(say("en", "setting.reminders.votes"), "08:45")
    office.ada.picks("Weekly summary", "Friday")
    saves(office, office.ada)
    press(office.ada, "delivery")
    office.ada.fills(say("en", "setting.delivery.lease_s"), "0.5")
    office.ada.fills(say("en", "setting.delivery.settle_s"), "3")
    assert list(refused(office.ada).values()) == [say("en", "fault.lease_short")]
    office.ada.fills(say("en", "setting.delivery.settle_s"), "0.4")
    saves(office, office.ada)
    found = rules(office)
    assert (found.quiet.start, found.reminders.votes, found.reminders.summary) == ("19:15", "08:45", "fri 10:00")
    assert (found.delivery.lease_s, found.delivery.settle_s) == (0.5, 0.4)
    workspace.set_policy(office, reminders={})


def test_a_channel_we_are_not_in_is_saved_with_what_to_type_there(office: Office) -> None:
    review = office.ws.channel("reviews", members=[office.ada])
    opens(office.ada, "channels")
    office.ada.picks("Review channel", review)
    text = saves(office, office.ada)
    assert "I am not in #reviews yet" in text
    assert "/invite @Needline" in text
    assert rules(office).channels.review == review.id
    press(office.ada, "channels")
    office.ada.picks("channels.review:cleared", say("en", "setting_none.channels.review"))
    saves(office, office.ada)
    assert rules(office).channels.review is None


@pytest.mark.parametrize("fate", ["gone", "archived", "private", "direct"])
def test_a_channel_that_cannot_be_is_refused_at_its_field(office: Office, fate: str) -> None:
    before = rules(office)
    room = office.ws.channel(f"room-{fate}", members=[office.ada], private=fate == "private")
    if fate == "archived":
        office.ws.archive(room)
    channel = {"gone": "C0NOWHERE", "direct": "D0ADA"}.get(fate, room.id)
    opens(office.ada, "channels")

    def choose(payload: dict[str, Any]) -> None:
        workspace.put(payload["view"], "channels.review", {"selected_conversation": channel})

    errors = workspace.field_errors(workspace.crafted(office, office.ada, choose))
    keys = {"archived": "refused.channel_archived", "direct": "fault.other"}
    assert errors == {"channels.review": say("en", keys.get(fate, "refused.channel_unknown"))}
    assert rules(office) == before


def test_people_who_are_not_there_are_refused_at_their_field(office: Office) -> None:
    gone = office.ws.person("Gone Since")
    gone.opens_home()
    office.ws.deactivate(gone)
    stranger = office.ws.person("Gone Before")
    office.ws.deactivate(stranger)
    robot = office.ws.person("Robot", is_bot=True)
    before = rules(office)
    for person, key in ((gone, "gone"), (stranger, "gone"), (robot, "unfit")):
        assert crafted_manager(office, person.id) == {
            "people.managers": say("en", f"refused.person_{key}", name=person.name)
        }
    assert crafted_manager(office, "U0NOBODY") == {
        "people.managers": say("en", "refused.person_unknown", person="U0NOBODY")
    }
    assert rules(office) == before


def crafted_manager(office: Office, user_id: str) -> dict[str, str]:
    opens(office.ada, "people")

    def choose(payload: dict[str, Any]) -> None:
        workspace.put(payload["view"], "people.managers", {"selected_users": [office.mara.id, user_id]})

    errors = workspace.field_errors(workspace.crafted(office, office.ada, choose))
    office.ada.closes(everything=True)
    return errors


def test_the_last_admin_cannot_be_taken_out(office: Office) -> None:
    opens(office.ada, "people")
    office.ada.unpicks("Admins", office.ada.id)
    assert refused(office.ada) == {"Admins": say("en", "fault.last_admin")}
    office.ada.picks("Admins", office.bob)
    saves(office, office.ada)
    assert rules(office).people.admins == (office.bob.id,)
    assert "Edit" not in (office.ada.modal.buttons() if office.ada.modal else [])  # who stepped down only looks


def test_who_is_admin_is_asked_when_a_button_is_pressed(office: Office) -> None:
    opens(office.ada, "vote")
    office.ada.fills("Quorum", "1")
    workspace.set_policy(office, people={**workspace.rules(office)["people"], "admins": [office.emil.id]})
    answer = office.ada.submits()
    assert say("en", "refused.admins_only") in answer.text
    assert rules(office).vote.quorum == 2


def test_of_two_admins_at_once_the_second_sees_what_changed_and_loses_nothing(office: Office) -> None:
    people = workspace.rules(office)["people"]
    workspace.set_policy(office, people={**people, "admins": [office.ada.id, office.emil.id]})
    opens(office.ada, "vote")
    opens(office.emil, "vote")
    office.ada.fills("Quorum", "3")
    office.emil.fills(say("en", "setting.vote.days"), "9")
    saves(office, office.ada)
    answer = office.emil.submits()
    assert answer.ok
    assert office.emil.modal
    assert office.emil.modal.callback_id == "settings_save"
    text = office.emil.modal.text()
    assert "@Ada changed this while you were editing" in text
    assert "• Quorum: 2 → 3" in text
    assert office.emil.modal.value(say("en", "setting.vote.days")) == "9"
    assert (rules(office).vote.quorum, rules(office).vote.days) == (3, 3)
    office.emil.fills("Quorum", "3")
    saves(office, office.emil)
    assert (rules(office).vote.quorum, rules(office).vote.days) == (3, 9)


def test_one_form_sent_twice_is_taken_once(office: Office) -> None:
    opens(office.ada, "vote")
    office.ada.fills("Quorum", "1")
    with office.needline.database.read() as session:
        before = policy_log.newest(session, office.ws.team_id)
    assert all(answer.ok for answer in office.ada.submits(twice=True))
    with office.needline.database.read() as session:
        assert policy_log.newest(session, office.ws.team_id) == before + 1


def test_who_changed_what_is_there_to_read(office: Office) -> None:
    opens(office.ada, "vote")
    office.ada.fills("Quorum", "1")
    saves(office, office.ada)
    office.ada.presses("Who changed what")
    assert office.ada.modal
    newest = office.ada.modal.text().split("• ")[:2]
    assert "@Ada" in newest[0]
    assert newest[1].startswith("Quorum: 2 → 1")


@pytest.mark.parametrize("change", ["no table", "another table", "no number", "huge", "no choice"])
def test_a_crafted_form_changes_nothing(office: Office, change: str) -> None:
    before = rules(office)
    opens(office.ada, "vote")

    def craft(payload: dict[str, Any]) -> None:
        view = payload["view"]
        if change in {"no table", "another table"}:
            facts = {**json.loads(view["private_metadata"]), "table": "secrets"}
            view["private_metadata"] = json.dumps(facts if change == "another table" else {})
        elif change == "no choice":
            view["state"]["values"] = {}
        else:
            workspace.put(view, "vote.quorum", {"value": {"no number": "many", "huge": "1e300"}[change]})

    assert workspace.field_errors(workspace.crafted(office, office.ada, craft))
    assert rules(office) == before


def test_settings_of_a_newer_version_are_told_kindly_everywhere(office: Office) -> None:
    before = json.loads(rules(office).model_dump_json(exclude_none=True))["vote"]
    with office.needline.database.begin() as session:
        policy._write(session, office.ws.team_id, "vote", {**before, "telepathy": True}, "U1", office.needline.now())
    sentence = say("en", "failed.settings").replace("`", "")
    assert sentence in office.ada.sends("/feedback settings").text.replace("`", "")
    assert sentence in office.bob.sends("/feedback They need it.").text.replace("`", "")
    home = office.bob.opens_home()
    assert home
    assert sentence in home.text()
    with office.needline.database.begin() as session:  # the command line mends it
        service.apply(session, office.ws.team_id, {"vote": before}, "policy apply", office.needline.now())
    home = office.bob.opens_home()
    assert home
    assert sentence not in home.text()


@pytest.mark.parametrize("path", NUMBERS)
def test_the_ends_of_what_can_be_typed_are_taken_and_what_is_beyond_is_not(path: str) -> None:
    table, _, key = path.partition(".")
    least, most = map(float, NUMBERS[path])
    more = {"settle_s": 0.1} if key == "lease_s" else {"lease_s": 3600} if table == "delivery" else {}
    for number in (least, most):
        build({table: {**more, key: number}})
    for number in (least - 1, most + 1):
        with pytest.raises(PolicyError):
            build({table: {**more, key: number}})


def test_the_forms_have_every_key_of_the_policy() -> None:
    keys = {name: list(field.annotation.model_fields) for name, field in Policy.model_fields.items()}
    assert {name: sorted(found) for name, found in TABLES.items()} == {
        name: sorted(found) for name, found in keys.items()
    }
