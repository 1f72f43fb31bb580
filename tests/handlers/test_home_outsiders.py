"""Guests, apps and people of other workspaces open Home: kind words, nothing of the team's, and no row of theirs."""

import pytest
from sqlalchemy import select

from bot.i18n import say
from practice.people import Person
from storage.db import Base
from tests import workspace
from tests.workspace import Office

KINDS = ("sqlite", "postgresql")
OUTSIDERS = {
    "a guest": {"is_guest": True},
    "a bot": {"is_bot": True},
    "somebody of another workspace": {"team_id": "T0ELSEWHERE"},
    "an admin of another workspace": {"team_id": "T0ELSEWHERE", "is_admin": True},
}


def rows_about(office: Office, user_id: str) -> list[str]:
    """Return the tables in which a person is named."""
    with office.needline.database.read() as session:
        return [
            table.name for table in Base.metadata.sorted_tables if user_id in repr(session.execute(select(table)).all())
        ]


def outsider(office: Office, who: str, tongue: str = "en-US") -> Person:
    return office.ws.person(f"Outsider {who} {tongue}", locale=tongue, **OUTSIDERS[who])  # type: ignore[arg-type]


@pytest.mark.parametrize("who", OUTSIDERS)
@pytest.mark.parametrize(("tongue", "locale"), [("en-US", "en"), ("zh-CN", "zh_Hans")])
def test_an_outsider_is_greeted_and_neither_told_nor_remembered_anything(
    office: Office, who: str, tongue: str, locale: str
) -> None:
    workspace.file(office, office.alice, "They need a secret.")
    person = outsider(office, who, tongue)
    view = person.opens_home()
    assert view
    assert view.text().strip() == say(locale, "home.greeting")
    assert view.buttons() == []
    assert rows_about(office, person.id) == []


def test_a_member_is_remembered_so_the_search_for_rows_finds_what_there_is(office: Office) -> None:
    member = office.ws.person("Member")
    member.opens_home()
    assert {"people", "homes"} <= set(rows_about(office, member.id))


@pytest.mark.parametrize("who", ["a guest", "a bot"])
def test_slack_that_takes_no_home_for_them_is_no_fault_of_ours(office: Office, who: str) -> None:
    person = office.ws.person(f"Refused {who}", **OUTSIDERS[who])  # type: ignore[arg-type]
    office.ws.faults.add("views.publish", "error", name="invalid_arguments", times=1)
    person.opens_home()
    (delivery,) = [
        delivery
        for delivery in office.ws.ledger.deliveries()
        if delivery.payload.get("event", {}).get("user") == person.id and delivery.retry_num == 0
        if delivery.payload["event"]["type"] == "app_home_opened"
    ]
    assert delivery.ok
    assert delivery.retries == []


def test_a_guest_whom_the_settings_name_takes_part(office: Office) -> None:
    guest = office.ws.person("Guest Reviewer", is_guest=True)
    people = workspace.rules(office)["people"]
    workspace.set_policy(office, people={**people, "reviewers": [*people["reviewers"], guest.id]})
    view = guest.opens_home()
    assert view
    assert say("en", "button.file") in view.buttons()


def test_a_gesture_from_another_workspace_leaves_no_row_either(office: Office) -> None:
    number = workspace.file(office, office.alice, "They need a vote.")
    person = office.ws.person("Elsewhere Voter", team_id="T0ELSEWHERE")
    payload = workspace.press(office, person, "vote_approve", workspace.card(office, number))
    payload["user"]["team_id"] = "T0ELSEWHERE"
    before = len(person.ephemerals())
    assert workspace.interact(office, payload).status == 200
    office.ws.eventually(lambda: len(person.ephemerals()) > before, what="they are told why not")
    assert rows_about(office, person.id) == []
