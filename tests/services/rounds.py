"""Rounds with deadlines, questions about them, and who hears of what: for the stories of several files."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.services import feedback, votes
from storage import news
from storage.db import Database
from storage.feedback import Question
from storage.news import NewsItem
from storage.votes import Round
from tests import make
from tests.make import ALICE, BOB, TEAM

THURSDAY = datetime(2026, 11, 26, 18, tzinfo=UTC)
"""Three working days after MONDAY, at the close of the day."""

FRIDAY, NEXT_MONDAY = THURSDAY + timedelta(days=1), THURSDAY + timedelta(days=4)
MINUTE = timedelta(minutes=1)


def day(number: int, hour: int = 9) -> datetime:
    """Return a moment of November 2026, whose 23rd is MONDAY."""
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def opened(session: Session, **tables: dict[str, object]) -> Round:
    """File a need under some rules, and return its round."""
    make.rules(session, **tables)
    make.file(session)
    make.delivered(session)
    return make.newest_round(session)


def close(session: Session, now: datetime = THURSDAY, requirement: int = 1) -> bool:
    return votes.close_expired(session, TEAM, requirement, now)


def told(session: Session, person: Actor) -> list[tuple[str, int]]:
    """Return what the waiting message for a person carries."""
    row = make.waiting(session).get(f"news:{person.user_id}")
    return [(item.kind, item.number) for item in news.of_message(session, TEAM, row.id)] if row else []


def ask(session: Session, at: datetime, number: int = 1, by: Actor = BOB) -> int:
    """Ask about F-`number`; return the question's number."""
    assert feedback.ask(session, by, number, "Which format?", at, key=make.form())
    found = session.scalar(select(func.max(Question.number)).where(Question.team_id == TEAM))
    assert found
    return found


def answer(session: Session, question: int, at: datetime, by: Actor = ALICE) -> None:
    assert feedback.answer_question(session, by, question, "XLSX.", at, key=make.form())


def items(database: Database) -> list[tuple[str, int]]:
    """Return all news there is."""
    with database.read() as session:
        return sorted((item.kind, item.number) for item in session.scalars(select(NewsItem)))
