import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.policy import Policy, PolicyError, PolicyUnreadableError, build
from bot.services import policy
from storage import people, places, policy_log
from storage import policy as policy_store
from storage.db import Database
from storage.outbox import OutboxRow
from storage.people import Profile
from tests import make
from tests.make import ADA, BOB, DORA, MARA, MONDAY, TEAM, refusal


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
    places.remember(session, [make.place("notice:triage:not_in_channel", "D0ADA", "1.0")])
    policy.apply(session, TEAM, {"channels": {"triage": "C0NEW"}}, "UADA", MONDAY)
    assert places.of(session, TEAM, "notice:triage:not_in_channel") is None  # the next notice is a new message
    assert states(session) == {"card:F-1": "unknown", "receipt:F-1": "waiting", "intro:C0NEW": "waiting"}


def test_the_first_admin_is_appointed_while_there_is_none(session: Session) -> None:
    policy.appoint_first_admin(session, TEAM, "UADA", MONDAY)
    policy.appoint_first_admin(session, TEAM, "UEVE", MONDAY)
    assert policy_store.load(session, TEAM).people.admins == ("UADA",)


def test_appointing_leaves_the_other_people_in_place(session: Session) -> None:
    make.rules(session, people={"reviewers": ["UBOB", "UDORA"], "managers": ["UMARA"]})
    policy.appoint_first_admin(session, TEAM, "UADA", MONDAY)
    people = policy_store.load(session, TEAM).people
    assert (people.reviewers, people.managers, people.admins) == (("UBOB", "UDORA"), ("UMARA",), ("UADA",))


def test_two_who_are_first_at_once_are_one_admin(database: Database) -> None:
    def appoint(number: int) -> bool:
        user_id = ("UADA", "UEVE", "UIDA")[number]
        with database.begin() as session:
            return policy.appoint_first_admin(session, TEAM, user_id, MONDAY, by=user_id)

    assert sorted(map(bool, make.at_once(3, appoint))) == [False, False, True]
    with database.read() as session:
        assert len(policy_store.load(session, TEAM).people.admins) == 1


def test_when_all_admins_left_another_is_appointed_beside_them(session: Session) -> None:
    make.rules(session)
    people.save(session, TEAM, Profile("UADA", "Ada", "en", deleted=True))
    assert policy.lacks_admin(session, TEAM)
    assert policy.appoint_first_admin(session, TEAM, "UEVE", MONDAY)
    assert policy_store.load(session, TEAM).people.admins == ("UADA", "UEVE")


@pytest.mark.parametrize("admins", [[], ["UGONE"]])
def test_the_last_admin_who_is_here_stays(session: Session, admins: list[str]) -> None:
    make.rules(session)
    people.save(session, TEAM, Profile("UGONE", "Gone", "en", deleted=True))
    table = {**make.RULES["people"], "admins": admins}
    with pytest.raises(PolicyError, match="without an admin"), session.begin_nested():
        policy.apply(session, TEAM, {"people": table}, "policy apply", MONDAY)
    assert policy_store.load(session, TEAM).people.admins == ("UADA",)


def test_every_change_is_logged_with_what_was_before_and_no_change_is_not(session: Session) -> None:
    make.rules(session)
    number = policy_log.newest(session, TEAM)
    policy.apply(session, TEAM, {"vote": {"quorum": 1}, "people": make.RULES["people"]}, "UADA", MONDAY)
    (change,) = policy_log.last(session, TEAM, 1)
    assert (change.number, change.name, change.by, change.at) == (number + 1, "vote", "UADA", MONDAY)
    assert (change.before["quorum"], change.after["quorum"]) == (2, 1)
    policy.appoint_first_admin(session, "T0NEW", "UNEW", MONDAY)
    assert [one.by for one in policy_log.last(session, "T0NEW")] == ["environment"]


def test_of_two_who_save_at_once_one_is_shown_what_the_other_changed(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, people={**make.RULES["people"], "admins": ["UADA", "UEVE"]})
        opened = policy_log.newest(session, TEAM)

    def save(number: int) -> str:
        """Set as many days as nobody else does; return whose change stands."""
        who = ("UADA", "UEVE")[number]
        try:
            with database.begin() as session:
                table = {"vote": {"quorum": 2, "days": 5 + number}}
                policy.save(session, Actor(TEAM, who), table, MONDAY, opened=opened, key=make.form())
        except policy.Overtaken as quicker:
            (change,) = quicker.changes
            return change.by
        return who

    assert len(set(make.at_once(2, save))) == 1
    with database.read() as session:
        assert len(policy_log.since(session, TEAM, "vote", opened)) == 1


def test_changes_of_other_tables_are_in_nobodys_way(session: Session) -> None:
    make.rules(session)
    opened = policy_log.newest(session, TEAM)
    policy.apply(session, TEAM, {"quiet": {"start": "21:00"}}, "UADA", MONDAY)
    changes = policy.save(session, ADA, {"vote": {"quorum": 1}}, MONDAY, opened=opened, key=make.form())
    assert changes is not None
    assert [change.name for change in changes] == ["vote"]


@pytest.mark.parametrize("somebody", [BOB, MARA])
def test_nobody_but_an_admin_saves_settings_or_ends_the_first_steps(session: Session, somebody: Actor) -> None:
    make.rules(session)
    with refusal(session, "refused.admins_only"):
        policy.save(session, somebody, {"vote": {"quorum": 1}}, MONDAY, opened=99, key=make.form())
    with refusal(session, "refused.admins_only"):
        policy.finish_setup(session, somebody, MONDAY)


def test_who_left_cannot_be_named_but_may_stay_named(session: Session) -> None:
    make.rules(session)
    people.save(session, TEAM, Profile("UGONE", "Gone", "en", deleted=True))
    people.save(session, TEAM, Profile("UBOB", "Bob", "en", deleted=True))
    table, opened = make.RULES["people"], policy_log.newest(session, TEAM)
    with refusal(session, "refused.person_gone", "people.managers", name="Gone"):
        named = {"people": {**table, "managers": ["UMARA", "UGONE"]}}
        policy.save(session, ADA, named, MONDAY, opened=opened, key=make.form())
    named = {"people": {**table, "managers": ["UMARA", "UEMIL"]}}
    assert policy.save(session, ADA, named, MONDAY, opened=opened, key=make.form())


def test_a_table_of_a_newer_version_is_mended_by_replacing_it(session: Session) -> None:
    make.rules(session)
    policy_store._write(session, TEAM, "vote", {"quorum": 2, "telepathy": True}, "UADA", MONDAY)
    with pytest.raises(PolicyUnreadableError, match="telepathy"):
        policy_store.load(session, TEAM)
    assert not policy.appoint_first_admin(session, TEAM, "UEVE", MONDAY)  # starting asks nothing of the rest
    policy.apply(session, TEAM, {"vote": {"quorum": 1}}, "policy apply", MONDAY)
    assert policy_store.load(session, TEAM).vote.quorum == 1


@pytest.mark.parametrize(("reviewers", "quorum"), [(0, 3), (1, 1), (2, 2), (3, 3), (4, 3)])
def test_the_first_steps_set_a_quorum_that_the_reviewers_can_reach(reviewers: int, quorum: int) -> None:
    named = {"people": {"reviewers": [f"U{number}" for number in range(reviewers)]}}
    assert build(policy.with_quorum_in_reach(Policy(), named)).vote.quorum == quorum


def test_an_admin_sends_again_what_died(session: Session) -> None:
    make.rules(session)
    killed(session)
    places.remember(session, [make.place("notice:triage:not_in_channel", "D0ADA", "1.0")])
    assert policy.send_again(session, ADA, "triage", "not_in_channel", MONDAY) == 1
    assert states(session)["card:F-1"] == "unknown"
    assert places.of(session, TEAM, "notice:triage:not_in_channel") is None  # the next notice is a new message


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


def test_a_round_that_reviewers_left_and_came_back_to_is_closed_by_the_next_vote(session: Session) -> None:
    make.rules(session)
    number = make.file(session).requirement
    assert number
    make.vote(session, BOB, number, Choice.APPROVE)
    others = {"managers": ["UMARA"], "admins": ["UADA"]}
    policy.apply(session, TEAM, {"people": {**others, "reviewers": []}}, "UADA", MONDAY)
    back = {"people": {**others, "reviewers": ["UBOB", "UDORA"]}, "vote": {"quorum": 1}}
    policy.apply(session, TEAM, back, "UADA", MONDAY)
    vote = make.newest_round(session, number)
    assert (vote.quorum, vote.closed_at) == (2, None)
    make.vote(session, DORA, number, Choice.APPROVE)
    assert make.newest_round(session, number).result == "approved"
