"""A channel that an admin chose is told so: by whom, and what will be posted there."""

import pytest

from bot.i18n import say
from practice.handles import Channel, Message
from tests import workspace
from tests.workspace import Office


def introductions(office: Office, channel: Channel) -> list[Message]:
    """Return what tells a channel that it was chosen, once everything is sent."""
    workspace.quiet(office)
    return workspace.standing(office, channel, "this channel for Needline")


def chooses(office: Office, **channels: Channel) -> None:
    """Let Ada choose channels in Settings."""
    assert office.ada.sends("/feedback settings").ok
    assert office.ada.modal
    office.ada.presses("Edit", on=office.ada.modal)  # the first of them, which is that of the channels
    for name, channel in channels.items():
        office.ada.picks(f"{name.capitalize()} channel", channel)
    assert office.ada.submits().ok
    office.ada.closes(everything=True)


@pytest.fixture
def room(office: Office, request: pytest.FixtureRequest) -> Channel:
    """A channel of the test's own, with Needline in it."""
    made = office.ws.channel(request.node.name[5:60].replace("_", "-"), members=[office.ada, office.bob])
    office.ws.invite_bot(made)
    return made


def test_it_says_who_chose_the_channel_and_what_it_is_for(office: Office, room: Channel) -> None:
    chooses(office, triage=room)
    (told,) = introductions(office, room)
    assert "Ada chose this channel for Needline." in told.text
    assert say("en", "intro.triage") in told.text
    assert say("en", "intro.review") not in told.text


def test_a_channel_with_two_uses_has_one_message_that_is_brought_up_to_date(office: Office, room: Channel) -> None:
    chooses(office, triage=room)
    (first,) = introductions(office, room)
    chooses(office, review=room)
    (told,) = introductions(office, room)
    assert told.ts == first.ts
    assert say("en", "intro.triage") in told.text
    assert say("en", "intro.review") in told.text
    chooses(office, triage=office.triage)
    (told,) = introductions(office, room)
    assert say("en", "intro.triage") not in told.text


def test_a_channel_chosen_again_is_not_told_again(office: Office, room: Channel) -> None:
    for channel in (room, office.triage, room):
        chooses(office, triage=channel)
        assert len(introductions(office, room)) == 1


def test_a_channel_given_up_before_it_could_be_told_never_is(office: Office, room: Channel) -> None:
    outside = office.ws.channel("never-invited", members=[office.ada])
    chooses(office, triage=outside)
    workspace.quiet(office)
    chooses(office, triage=room)
    office.ws.invite_bot(outside)
    workspace.quiet(office)
    assert introductions(office, outside) == []
    assert len(introductions(office, room)) == 1


def test_it_speaks_the_teams_language_and_names_nobody_when_a_file_chose(office: Office, room: Channel) -> None:
    workspace.set_policy(office, workspace={"timezone": "UTC", "language": "zh_Hans"}, channels={"triage": room.id})
    workspace.quiet(office)
    (told,) = workspace.standing(office, room, "已设为 Needline")
    assert say("zh_Hans", "intro.triage") in told.text
