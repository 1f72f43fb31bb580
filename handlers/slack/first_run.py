"""Who sets Needline up, and how far they are: what Home needs to know before it is drawn."""

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from sqlalchemy.orm import Session

from bot.domain.refusals import Refused
from bot.policy import Policy
from bot.services import policy as service
from bot.services.news import TRIAGE
from handlers.slack import existing, who
from handlers.slack.blocks.setup import STEPS, Setup
from handlers.slack.edge import Edge
from storage import outbox, policy, workspaces


def look(edge: Edge, client: WebClient, team_id: str, viewer: str) -> bool | None:
    """Make a workspace admin who looks at Home our first one while there is none; say whether we are in the channel.

    None where it does not matter or Slack does not tell. Asks Slack while there is something to set up only.
    """
    with edge.database.read() as session:
        lacks_admin, is_done = service.lacks_admin(session, team_id), workspaces.is_set_up(session, team_id)
        rules = policy.load(session, team_id)
    if lacks_admin and _runs_the_workspace(client, team_id, viewer):
        with edge.database.begin() as session:
            service.appoint_first_admin(session, team_id, viewer, edge.now(), by=viewer)
            rules = policy.load(session, team_id)
    if is_done or rules.channels.triage is None or not rules.is_admin(viewer):
        return None
    is_member = _is_member(client, rules.channels.triage)
    if is_member:
        _send_what_waited(edge, team_id)
    return is_member


def _is_member(client: WebClient, channel: str) -> bool | None:
    try:
        return existing.is_member(client, channel)
    except Refused:
        return False  # archived, gone, or private without us


def _send_what_waited(edge: Edge, team_id: str) -> None:
    """Send the cards that could not be posted before we were invited."""
    with edge.database.read() as session:
        waits = outbox.dead(session, team_id, TRIAGE)
    if waits:
        with edge.database.begin() as session:
            service.revive(session, team_id, TRIAGE, edge.now())


def _runs_the_workspace(client: WebClient, team_id: str, viewer: str) -> bool:
    """Say whether Slack calls somebody an admin or owner of the workspace."""
    try:
        user = who.quick(client).users_info(user=viewer)["user"]
    except (SlackClientError, OSError, KeyError):
        return False
    if user.get("team_id") not in {None, team_id} or user.get("deleted") or user.get("is_bot"):
        return False
    return bool(user.get("is_admin") or user.get("is_owner"))


def setup(session: Session, team_id: str, viewer: str, rules: Policy, *, is_member: bool | None) -> Setup | None:
    """Return how far the first steps are; None when they are behind everybody."""
    if workspaces.is_set_up(session, team_id):
        return None
    return Setup(rules, viewer, is_member, has_meeting="review" in policy.tables(session, team_id))


def note_done(edge: Edge, team_id: str, found: Setup | None) -> None:
    """Remember that the steps are done once an admin was told so."""
    if found is not None and found.policy.is_admin(found.viewer) and len(found.done()) == len(STEPS):
        with edge.database.begin(quiet=True) as session:
            workspaces.set_up(session, team_id, edge.now())
