"""What the stories of review meetings have in common: requirements that need a decision, and a meeting to come."""

from datetime import datetime, timedelta
from itertools import count

from bot.domain.calendar import DAYS
from bot.domain.feedback import Draft
from bot.domain.people import Actor
from bot.domain.votes import Choice
from bot.services import feedback, votes
from practice.people import Person
from practice.workspace import Channel
from storage import feedback as feedback_store
from storage import requirements
from tests import workspace
from tests.workspace import Office

TIED, REJECTED = (Choice.APPROVE, Choice.REJECT), (Choice.REJECT, Choice.REJECT)

_forms = count(1)


def introduced(office: Office) -> None:
    """Let everybody who votes and decides have been here before, so that we know their names and languages."""
    for person in (office.bob, office.dora, office.mara, office.ada, office.meiling):
        person.sends("/feedback help")


def need(office: Office, by: Person, words: str, votes_cast: tuple[Choice, ...] = TIED, **facts: object) -> int:
    """Let somebody have filed a need and two reviewers have voted on it; return its requirement's number."""
    team, now = office.ws.team_id, office.needline.now()
    draft = Draft(words, **{"customer_name": "Acme", **facts})  # type: ignore[arg-type]
    with office.needline.database.begin() as session:
        filed = feedback.file(session, Actor(team, by.id), draft, now, key=f"meeting:{next(_forms)}")
        assert filed
        item = feedback_store.get(session, team, filed)
        assert item
        number = item.requirement
        assert number
        for who, choice in zip((office.bob, office.dora), votes_cast, strict=False):
            votes.cast(session, Actor(team, who.id), number, choice, now.timestamp(), now)
    return number


def status(office: Office, number: int) -> str:
    """Return a requirement's status."""
    with office.needline.database.read() as session:
        found = requirements.get(session, office.ws.team_id, number)
    assert found
    return found.status


def call(office: Office, language: str = "en") -> tuple[Channel, datetime]:
    """Set a review channel and a meeting in three days; return the channel and when its digest is due."""
    review = office.ws.channel("review", members=[office.alice, office.bob, office.mara, office.ada])
    office.ws.invite_bot(review)
    meeting = (office.ws.clock.now() + timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
    tables = {
        "workspace": {"timezone": "UTC", "language": language},
        "channels": {"triage": office.triage.id, "review": review.id},
        "review": {"when": f"{DAYS[meeting.weekday()]} 10:00", "lead": "1 day"},
    }
    workspace.set_policy(office, **tables)
    workspace.quiet(office)  # the channel has read what it is for
    return review, meeting - timedelta(days=1)


def until(office: Office, moment: datetime) -> None:
    """Let time pass, or be set back, to a moment."""
    workspace.passes(office, moment - office.ws.clock.now())
