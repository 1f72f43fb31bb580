"""Home: the tab in which each person sees what waits for them. Drawn anew whenever they open it."""

from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from sqlalchemy.orm import Session

from bot.i18n import FALLBACK
from bot.policy import Policy, PolicyUnreadableError
from bot.services import digest, votes
from bot.services.people import zone_of
from handlers.slack import first_run, who
from handlers.slack.blocks import home as blocks
from handlers.slack.blocks.home import Asked, Home
from handlers.slack.blocks.setup import unreadable
from handlers.slack.edge import Edge, edge_of
from handlers.slack.feedback import open_form
from storage import feedback, lines, people, policy
from storage.lines import Line
from storage.votes import Round

Payload = dict[str, Any]


def opened(body: Payload, client: WebClient, context: BoltContext) -> None:
    """Publish the Home of whoever opened it. When that fails, Slack brings the event again."""
    event = body["event"]
    if event.get("tab") != "home":
        return
    edge, team_id, viewer = edge_of(context), str(body["team_id"]), str(event["user"])
    with edge.database.read() as session:
        known = people.get(session, team_id, viewer) is not None
    if not known:
        who.introduce(edge.database, client, team_id, viewer)
    publish(edge, client, team_id, viewer)


def publish(edge: Edge, client: WebClient, team_id: str, viewer: str) -> None:
    """Show a person their Home. Settings that this version cannot read are told there, to be put right."""
    try:
        is_member = first_run.look(edge, client, team_id, viewer)
        facts, locale = _facts(edge, team_id, viewer, is_member=is_member)
    except PolicyUnreadableError:
        client.views_publish(user_id=viewer, view=unreadable(_language(edge, team_id, viewer)))
        return
    client.views_publish(user_id=viewer, view=blocks.home(facts, locale))
    first_run.note_done(edge, team_id, facts.setup)


def _language(edge: Edge, team_id: str, viewer: str) -> str:
    with edge.database.read() as session:
        return people.language(session, team_id, viewer)


def _facts(edge: Edge, team_id: str, viewer: str, *, is_member: bool | None = None) -> tuple[Home, str]:
    """Return what there is to show, and the viewer's language."""
    with edge.database.read() as session:
        person = people.get(session, team_id, viewer)
        rules = policy.load(session, team_id)
        waiting = votes.waiting_for(session, team_id, viewer, rules)
        asked, questions = _asked(session, team_id, viewer)
        facts = Home(
            viewer=viewer,
            policy=rules,
            zone=zone_of(person.timezone if person else None, rules),
            now=edge.now(),
            voting=_lines_of(session, team_id, waiting[: blocks.FIRST]) if rules.is_reviewer(viewer) else None,
            to_vote=len(waiting),
            to_decide=_to_decide(session, team_id, viewer, rules, edge),
            asked=asked,
            questions=questions,
            mine=_mine(session, team_id, viewer),
            setup=first_run.setup(session, team_id, viewer, rules, is_member=is_member),
        )
    return facts, person.locale if person else FALLBACK


def _lines_of(session: Session, team_id: str, rounds: list[Round]) -> list[tuple[Line, Round]]:
    known = lines.of_requirements(session, team_id, {vote.requirement for vote in rounds})
    return [(known[vote.requirement], vote) for vote in rounds]


def _to_decide(session: Session, team_id: str, viewer: str, rules: Policy, edge: Edge) -> int | None:
    return digest.agenda(session, team_id, edge.now(), 0).total if rules.is_manager(viewer) else None


def _asked(session: Session, team_id: str, viewer: str) -> tuple[list[Asked], int]:
    """Return the first questions that wait for a person's answer, and how many there are."""
    waiting = feedback.to_answer(session, team_id, viewer)
    first = waiting[: blocks.FIRST]
    known = lines.of_feedback(session, team_id, {question.feedback for question in first})
    names = people.names(session, team_id, {question.asked_by for question in first})
    asked = [
        Asked(question, known[question.feedback], names.get(question.asked_by, question.asked_by)) for question in first
    ]
    return asked, len(waiting)


def _mine(session: Session, team_id: str, viewer: str) -> list[Line]:
    numbers = [item.number for item in feedback.filed_by(session, team_id, viewer, blocks.MINE)]
    known = lines.of_feedback(session, team_id, numbers)
    return [known[number] for number in numbers]


def file(ack: Any, body: Payload, client: WebClient, context: BoltContext) -> None:
    """Open the filing form from Home."""
    open_form(client, context, body["trigger_id"])
    ack()


def register(app: App) -> None:
    """Register what Home listens to."""
    app.event("app_home_opened")(opened)
    app.action("feedback_open")(file)
