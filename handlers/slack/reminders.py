"""What comes by itself: drawing the reminder of votes and the weekly summary, and choosing when the summary comes."""

from datetime import datetime
from typing import Any

from slack_bolt import App, BoltContext
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.i18n import FALLBACK, say
from bot.policy import Policy
from bot.services import reminders, summaries
from bot.services.people import zone_of
from handlers.slack.blocks import reminders as blocks
from handlers.slack.blocks.cards import Message
from handlers.slack.blocks.lists import named, status_of, waiting
from handlers.slack.blocks.reminders import Group
from handlers.slack.blocks.text import mrkdwn
from handlers.slack.edge import actor_of, edge_of
from storage import feedback, lines, people, policy, schedules
from storage.feedback import Standing
from storage.outbox import OutboxRow
from storage.people import Person

Payload = dict[str, Any]


def reminder(session: Session, row: OutboxRow, now: datetime) -> Message | None:
    """Draw the reminder of a local day (`row.about`); None once it is over, not wanted or about nothing."""
    rules, person = policy.load(session, row.team_id), people.get(session, row.team_id, row.lane)
    zone = zone_of(person.timezone if person else None, rules)
    if now.astimezone(zone).date().isoformat() != row.about or (person and not reminders.wants(person)):
        return None
    due = reminders.due_votes(session, row.team_id, row.lane, rules, now)
    if not due:
        return None
    known = lines.of_requirements(session, row.team_id, {vote.requirement for vote in due})
    locale = person.locale if person else FALLBACK
    pairs = [(known[vote.requirement], vote) for vote in due]
    return blocks.reminder(locale, [waiting(pair, locale, rules, row.lane, zone, now) for pair in pairs])


def summary(session: Session, row: OutboxRow, _now: datetime) -> Message | None:
    """Draw the summary of an ISO week (`row.about`); None when there is nothing the person wants to hear any more."""
    person = people.get(session, row.team_id, row.lane)
    if person is None or person.deleted:
        return None
    standings = feedback.open_of(session, row.team_id, row.lane)
    since = _since(session, row)
    changed = any(standing.changed_at > since for standing in standings)
    if not standings or person.summary == "never" or (person.summary == "changed" and not changed):
        return None
    groups = _groups(session, person, policy.load(session, row.team_id), standings, since)
    return blocks.summary(person.locale, groups, person.summary)


def _since(session: Session, row: OutboxRow) -> datetime:
    """Return when the week began that a summary is about: seven days before it was due, however late it leaves."""
    week = schedules.period(session, row.team_id, f"summary:{row.lane}", row.about)
    return (week.due_at if week else row.created_at) - summaries.WEEK


def _groups(session: Session, person: Person, rules: Policy, standings: list[Standing], since: datetime) -> list[Group]:
    """Sort what is open by status, the newest change first; what changed this week says so."""
    known = lines.of_feedback(session, person.team_id, {standing.number for standing in standings})
    groups: dict[str, list[str]] = {}
    for standing in standings:
        line = known[standing.number]
        name = named(line, person.locale, rules, person.user_id)
        if standing.changed_at > since:
            name = say(person.locale, "line.new", line=name)
        groups.setdefault(status_of(line, person.locale), []).append(name)
    return list(groups.items())


def type_summary(ack: Any, context: BoltContext) -> None:
    """Offer to choose when the summary comes."""
    actor = actor_of(context)
    with edge_of(context).database.read() as session:
        person = people.get(session, actor.team_id, actor.user_id)
    wish = person.summary if person else "changed"
    ack(text=mrkdwn(actor.locale, "summary.when"), blocks=[blocks.wish_menu(actor.locale, wish)])


def choose(ack: Any, body: Payload, context: BoltContext) -> None:
    """Remember when a person wants the summary, and say how to choose again."""
    edge, actor = edge_of(context), actor_of(context)
    wish = str((body["actions"][0].get("selected_option") or {}).get("value"))
    with edge.database.begin() as session:
        summaries.choose(session, actor, wish)
    ack()
    edge.whisper(body, _chosen(actor, wish))


def _chosen(actor: Actor, wish: str) -> str:
    return mrkdwn(actor.locale, f"summary.chosen_{wish}")


def register(app: App) -> None:
    """Register what the summary listens to."""
    app.action("summary_choose")(choose)
