import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.policy import PolicyError
from bot.services import policy
from storage import outbox
from storage import policy as policy_store
from storage.outbox import OutboxRow
from tests import make
from tests.make import ADA, BOB, MARA, MONDAY, TEAM, refusal


def killed(session: Session) -> None:
    """File something and let its card die for want of a channel."""
    make.file(session)
    session.execute(update(OutboxRow).where(OutboxRow.lane == "triage").values(state="dead", detail="not_in_channel"))


def states(session: Session) -> dict[str, str]:
    rows = session.scalars(select(OutboxRow).execution_options(populate_existing=True))
    return {row.key: row.state for row in rows}


def test_only_the_tables_named_are_replaced(session: Session) -> None:
    make.rules(session)
    policy.apply(session, TEAM, {"vote": {"quorum": 1}}, "UADA", MONDAY)
    now = policy_store.load(session, TEAM)
    assert (now.vote.quorum, now.vote.days, now.people.managers) == (1, 3, ("UMARA",))


def test_a_policy_that_does_not_hold_together_changes_nothing(session: Session) -> None:
    make.rules(session)
    with pytest.raises(PolicyError, match="no round can close"), session.begin_nested():
        policy.apply(session, TEAM, {"channels": {"triage": "C0NEW"}, "vote": {"quorum": 4}}, "UADA", MONDAY)
    kept = policy_store.load(session, TEAM)
    assert (kept.vote.quorum, kept.channels.triage) == (2, "C0TRIAGE")


def test_a_new_triage_channel_gets_the_cards_that_could_not_be_posted(session: Session) -> None:
    make.rules(session)
    killed(session)
    policy.apply(session, TEAM, {"vote": {"quorum": 1}}, "UADA", MONDAY)
    assert states(session)["card:F-1"] == "dead"
    outbox.remember(session, TEAM, "notice:triage:not_in_channel", "D0ADA", "1.0")
    policy.apply(session, TEAM, {"channels": {"triage": "C0NEW"}}, "UADA", MONDAY)
    assert outbox.posted(session, TEAM, "notice:triage:not_in_channel") is None  # the next notice is a new message
    assert states(session) == {"card:F-1": "unknown", "receipt:F-1": "waiting"}


def test_the_first_admin_is_appointed_while_there_is_none(session: Session) -> None:
    policy.appoint_first_admin(session, TEAM, "UADA", MONDAY)
    policy.appoint_first_admin(session, TEAM, "UEVE", MONDAY)
    assert policy_store.load(session, TEAM).people.admins == ("UADA",)


def test_appointing_leaves_the_other_people_in_place(session: Session) -> None:
    make.rules(session, people={"reviewers": ["UBOB", "UDORA"], "managers": ["UMARA"]})
    policy.appoint_first_admin(session, TEAM, "UADA", MONDAY)
    people = policy_store.load(session, TEAM).people
    assert (people.reviewers, people.managers, people.admins) == (("UBOB", "UDORA"), ("UMARA",), ("UADA",))


def test_an_admin_sends_again_what_died(session: Session) -> None:
    make.rules(session)
    killed(session)
    outbox.remember(session, TEAM, "notice:triage:not_in_channel", "D0ADA", "1.0")
    assert policy.send_again(session, ADA, "triage", "not_in_channel", MONDAY) == 1
    assert states(session)["card:F-1"] == "unknown"
    assert outbox.posted(session, TEAM, "notice:triage:not_in_channel") is None  # the next notice is a new message


def test_a_second_press_finds_nothing_to_send(session: Session) -> None:
    make.rules(session)
    killed(session)
    policy.send_again(session, ADA, "triage", "not_in_channel", MONDAY)
    assert policy.send_again(session, ADA, "triage", "not_in_channel", MONDAY) == 0


@pytest.mark.parametrize("somebody", [BOB, MARA])
def test_nobody_but_an_admin_sends_again(session: Session, somebody: Actor) -> None:
    make.rules(session)
    with refusal(session, "refused.admins_only"):
        policy.send_again(session, somebody, "triage", "not_in_channel", MONDAY)
