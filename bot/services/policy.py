"""Changing a workspace's policy, and sending again what died of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.refusals import Refused
from bot.policy import CHANNELS, Fault, Policy, PolicyError, PolicyUnreadableError
from bot.services import news, people, schedules, votes
from storage import outbox, places, policy_log, seen, workspaces
from storage import people as people_store
from storage import policy as policy_store
from storage.outbox import Letter
from storage.policy_log import PolicyChange

ENVIRONMENT, COMMAND_LINE = "environment", "policy apply"
"""What changes a policy besides people."""

Tables = dict[str, Any]


class Overtaken(Exception):  # noqa: N818 - a refusal that shows what came in between
    """Somebody changed the same tables after the form was opened; nothing was saved."""

    def __init__(self, changes: Sequence[PolicyChange]) -> None:
        super().__init__(len(changes))
        self.changes = changes


def apply(session: Session, team_id: str, tables: Tables, by: str, now: datetime) -> None:
    """Replace the tables named. Raises PolicyError, also when no admin would be left.

    A channel newly set gets what could not be posted, and a word on what it is for. What the policy was before may be
    unreadable: so it is mended.
    """
    policy_store.lock(session, team_id)
    before, admins = _former(session, team_id), _admins(session, team_id)
    policy_store.replace(session, team_id, tables, by, now)
    after = policy_store.load(session, team_id)
    _check_admins(session, team_id, admins, after.people.admins)
    schedules.plan(session, team_id, now)
    for lane in sorted(tables.get("channels", {})):  # before people's lanes, as everybody takes them
        revive(session, team_id, lane, now)
    if after.reviewers() and not before.reviewers():
        votes.begin(session, team_id, after, now)
    outbox.put(session, team_id, _intros(before, after), now)
    for reviewer in sorted(before.reviewers() - after.reviewers()):
        people.hand_over(session, team_id, reviewer, "no_reviewer", now)


def revive(session: Session, team_id: str, lane: str, now: datetime) -> None:
    """Send what could not be delivered to a channel once more; should it fail again, the notice is a new message."""
    outbox.take_lanes(session, team_id, [lane])  # what dies at this moment either is dead now or sees the new channel
    outbox.revive(session, team_id, lane, now)
    places.forget_all(session, team_id, f"notice:{lane}:")


def _intros(before: Policy, after: Policy) -> list[Letter]:
    """Return the letters to the channels that are used for something else now. Two uses are told in one message."""
    was, now = _uses(before), _uses(after)
    return [news.intro(lanes[0], channel) for channel, lanes in now.items() if lanes != was.get(channel)]


def _uses(rules: Policy) -> dict[str, list[str]]:
    """Return channel -> the lanes that lead to it."""
    uses: dict[str, list[str]] = {}
    for lane in CHANNELS:
        channel = rules.channels.of(lane)
        if channel is not None:
            uses.setdefault(channel, []).append(lane)
    return uses


def _former(session: Session, team_id: str) -> Policy:
    try:
        return policy_store.load(session, team_id)
    except PolicyUnreadableError:
        return Policy()


def _admins(session: Session, team_id: str) -> list[str]:
    """Return the admins as stored, also of a policy that cannot be read as a whole."""
    found: list[str] = policy_store.tables(session, team_id).get("people", {}).get("admins", [])
    return found


def _here(session: Session, team_id: str, user_ids: Collection[str]) -> set[str]:
    return set(user_ids) - people_store.gone(session, team_id, set(user_ids))


def _check_admins(session: Session, team_id: str, before: Collection[str], after: Collection[str]) -> None:
    if _here(session, team_id, before) and not _here(session, team_id, after):
        raise PolicyError(
            "people.admins: without an admin nobody could change the settings in Slack; leave or name at least one.",
            Fault("last_admin", ("people.admins",)),
        )


def save(
    session: Session, actor: Actor, tables: Tables, now: datetime, *, opened: int, key: str
) -> list[PolicyChange] | None:
    """Replace tables as an admin who saw the policy after the change numbered `opened`; return what changed by it.

    None when this form was taken before. Raises Refused, PolicyError, and Overtaken when others were quicker.
    """
    policy_store.lock(session, actor.team_id)
    before = policy_store.load(session, actor.team_id)
    check_admin(before, actor)
    if not seen.first_time(session, actor.team_id, key, now):
        return None
    meanwhile = [change for name in tables for change in policy_log.since(session, actor.team_id, name, opened)]
    if meanwhile:
        session.expunge_all()  # they outlive the transaction, which is undone
        raise Overtaken(meanwhile)
    _check_people(session, actor.team_id, before, tables)
    newest = policy_log.newest(session, actor.team_id)
    apply(session, actor.team_id, tables, actor.user_id, now)
    return [change for name in tables for change in policy_log.since(session, actor.team_id, name, newest)]


def check_admin(rules: Policy, actor: Actor) -> None:
    """Raise Refused for anyone but admins."""
    if not rules.is_admin(actor.user_id):
        raise Refused("refused.admins_only")


def _check_people(session: Session, team_id: str, before: Policy, tables: Tables) -> None:
    """Raise Refused when somebody newly named left the workspace. Who was named before may stay."""
    for table in ("people", "departments"):
        for field, named in tables.get(table, {}).items():
            new = set(named) - set(getattr(getattr(before, table), field, ()))
            if gone := people_store.gone(session, team_id, new):
                names = people_store.names(session, team_id, gone)
                raise Refused("refused.person_gone", field=f"{table}.{field}", name=names[min(gone)])


def appoint_first_admin(session: Session, team_id: str, user_id: str, now: datetime, *, by: str = ENVIRONMENT) -> bool:
    """Make somebody an admin while there is none who is here; say whether it was done."""
    policy_store.lock(session, team_id)
    admins = _admins(session, team_id)
    if _here(session, team_id, admins):
        return False
    table = policy_store.tables(session, team_id).get("people", {})
    policy_store.replace(session, team_id, {"people": {**table, "admins": [*admins, user_id]}}, by, now)
    return True


def with_quorum_in_reach(rules: Policy, tables: Tables) -> Tables:
    """Return tables that name reviewers, with a quorum that so many can reach: the first ones are often few."""
    now = rules.model_dump(mode="json")
    listed = [{**now, **tables}["people"].get("reviewers", ()), *{**now, **tables}["departments"].values()]
    people = len({user_id for one in listed for user_id in one})
    if not 0 < people < rules.vote.quorum:
        return tables
    return {**tables, "vote": {**now["vote"], "quorum": people}}


def finish_setup(session: Session, actor: Actor, now: datetime) -> None:
    """Lead the admins through the first steps no more. Raises Refused for anyone but admins."""
    check_admin(policy_store.load(session, actor.team_id), actor)
    workspaces.set_up(session, actor.team_id, now)


def lacks_admin(session: Session, team_id: str) -> bool:
    """Say whether nobody who is here can change the settings."""
    return not _here(session, team_id, _admins(session, team_id))


def send_again(session: Session, actor: Actor, lane: str, error: str, now: datetime) -> int:
    """Send what could not be delivered to a lane once more, as an admin; return how many messages that is."""
    check_admin(policy_store.load(session, actor.team_id), actor)
    count = outbox.revive(session, actor.team_id, lane, now)
    places.forget_all(session, actor.team_id, f"notice:{lane}:{error}")
    return count
