"""Filing from the lightning menu and from a message, and what others learn of where it was said."""

from datetime import timedelta

import pytest

from bot.i18n import say
from practice.people import Person
from practice.workspace import Channel
from storage import people
from tests import workspace
from tests.workspace import Office


@pytest.fixture
def private(office: Office) -> Channel:
    """A private channel of Alice's, which the bot is not in."""
    name = f"secret-acme-{office.ws.state.new_id('n').lower()}"
    return office.ws.channel(name, members=[office.alice, office.meiling], private=True)


def from_message(office: Office, words: str, channel: Channel | None = None) -> str:
    """Let Alice file a message of hers; return its ts."""
    message = office.alice.says(words, channel=channel or office.triage)
    assert office.alice.uses_message_shortcut("file_feedback_from_message", message).ok
    return message.ts


def file_it(office: Office) -> int:
    """File the open form of Alice's."""
    workspace.choose_customer(office.alice, "Acme")
    assert office.alice.submits().closed
    return workspace.newest(office, office.alice)


@pytest.mark.parametrize(("name", "tongue"), [("alice", "en"), ("meiling", "zh_Hans")])
def test_the_global_shortcut_opens_an_empty_form(office: Office, name: str, tongue: str) -> None:
    person = getattr(office, name)
    assert person.uses_shortcut("file_feedback").ok
    assert person.modal.title == say(tongue, "form.title")
    assert person.modal.value("words") is None
    assert say(tongue, "form.from_message") not in person.modal.text()


def test_a_messages_words_stand_in_the_form_as_they_were_typed(office: Office) -> None:
    from_message(office, "They said: a < b & c > d\n*not bold*")
    assert office.alice.modal
    assert office.alice.modal.value("words") == "They said: a < b & c > d\n*not bold*"
    assert say("en", "form.from_message") in office.alice.modal.text()


def test_people_a_message_mentions_are_named_as_far_as_they_are_known(office: Office) -> None:
    office.bob.sends("/feedback help")
    office.ws.eventually(lambda: is_known(office, office.bob), what="Bob is not remembered")
    from_message(office, f"<@{office.bob.id}> and <@U0NOBODY> and <!here> say it is slow")
    assert office.alice.modal
    assert office.alice.modal.value("words") == "@Bob and @… and @here say it is slow"


def is_known(office: Office, person: Person) -> bool:
    with office.needline.database.read() as session:
        return people.get(session, office.ws.team_id, person.id) is not None


def test_a_message_without_words_opens_an_empty_form(office: Office) -> None:
    message = office.alice.says("x", channel=office.triage)
    message.row.text, message.row.blocks = "", None
    assert office.alice.uses_message_shortcut("file_feedback_from_message", message).ok
    assert office.alice.modal
    assert office.alice.modal.value("words") is None


def test_a_message_longer_than_the_field_is_cut_and_the_form_says_so(office: Office) -> None:
    from_message(office, "y" * 3500)
    assert office.alice.modal
    assert office.alice.modal.value("words") == "y" * 3000
    assert say("en", "form.words_cut", longest=3000) in office.alice.modal.text()


def test_the_details_of_what_was_said_in_public_link_to_the_message_for_everybody(office: Office) -> None:
    ts = from_message(office, "They need it, they said in public.")
    number = file_it(office)
    office.bob.chooses("Details", on=workspace.card(office, number))
    assert office.bob.modal
    link = f"https://practice.slack.com/archives/{office.triage.id}/p{ts.replace('.', '')}"
    assert f"{say('en', 'details.link')} ({link})" in office.bob.modal.text()


def test_a_reply_is_linked_with_its_thread(office: Office) -> None:
    parent = office.bob.says("What do they say?", channel=office.triage)
    reply = office.alice.says("They need threads.", thread=parent)
    office.alice.uses_message_shortcut("file_feedback_from_message", reply)
    number = file_it(office)
    office.alice.presses("View", on=workspace.receipt(office, number))
    assert office.alice.modal
    assert f"?thread_ts={parent.ts}&cid={office.triage.id}" in office.alice.modal.text()


def test_a_private_conversation_is_linked_for_the_filer_only(office: Office, private: Channel) -> None:
    ts = from_message(office, "They need it, they said in private.", private)
    number = file_it(office)
    link = f"/archives/{private.id}/p{ts.replace('.', '')}"
    office.alice.presses("View", on=workspace.receipt(office, number))
    assert office.alice.modal
    assert link in office.alice.modal.text()
    for person in (office.bob, office.mara, office.meiling):
        person.sends(f"/feedback F-{number}")
        assert person.modal
        assert link not in person.modal.text()
        assert say("en" if person is not office.meiling else "zh_Hans", "details.private_source") in person.modal.text()


def test_nobody_else_ever_sees_the_name_or_id_of_the_private_conversation(office: Office, private: Channel) -> None:
    start = office.ws.clock.now() - timedelta(seconds=0.001)
    from_message(office, "They need discretion.", private)
    number = file_it(office)
    card = workspace.card(office, number)
    office.bob.chooses("Details", on=card)
    office.bob.presses("Approve", on=card)
    office.dora.presses("Approve", on=card)
    workspace.quiet(office)
    for person in (office.bob, office.dora, office.mara):
        seen = office.ws.transcript(who=person, since=start)
        assert private.name not in seen
        assert private.id not in seen
    assert private.id not in str(workspace.documents(office, "chat."))
    assert private.name not in str(workspace.documents(office, ""))


def test_a_message_of_the_bots_own_dm_is_private_too(office: Office) -> None:
    receipt = workspace.receipt(office, workspace.file(office, office.alice, "They need a receipt."))
    assert office.alice.uses_message_shortcut("file_feedback_from_message", receipt).ok
    number = file_it(office)
    office.bob.sends(f"/feedback F-{number}")
    assert office.bob.modal
    assert say("en", "details.private_source") in office.bob.modal.text()
