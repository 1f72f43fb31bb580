"""What each kind of outbox row looks like when it leaves, drawn from the rows as they now are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.feedback import State
from handlers.slack import facts as facts_of
from handlers.slack.blocks.cards import Message, card
from handlers.slack.blocks.news import Item, fitting, is_milestone, news
from handlers.slack.blocks.notices import answered_note, notice
from handlers.slack.blocks.receipts import receipt
from handlers.slack.facts import Facts
from storage import feedback, outbox, people, policy
from storage import news as news_store
from storage.news import NewsItem
from storage.outbox import Letter, OutboxRow


@dataclass(frozen=True)
class Drawn:
    """A message to send. `redrawn` ones are updated in place when posted before; replies name their thread.

    `worth_posting` is False for what only makes sense as an update of something that stands already. `left` are news
    items that did not fit.
    """

    message: Message
    redrawn: bool = True
    thread_ts: str | None = None
    broadcast: bool = False
    worth_posting: bool = True
    left: tuple[str, ...] = ()


def draw(session: Session, row: OutboxRow, now: datetime) -> Drawn | None:
    """Draw a row; None when there is nothing left to say."""
    return _DRAWERS[row.kind](session, row, now)


def _card(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    facts = _about(session, row)
    if facts is None:
        return None
    withdrawn = facts.feedback.state == State.WITHDRAWN
    return Drawn(card(facts, facts.policy.workspace.language), worth_posting=not withdrawn)


def _receipt(session: Session, row: OutboxRow, now: datetime) -> Drawn | None:
    facts = _about(session, row)
    return Drawn(receipt(facts, people.language(session, row.team_id, row.lane), now)) if facts else None


def _news(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    stored = news_store.of_message(session, row.team_id, row.id)
    items = [item for found in stored if (item := _item(session, found))]
    if not items:
        return None
    shown = items[: fitting(items)]
    return Drawn(
        news(shown, people.language(session, row.team_id, row.lane)),
        redrawn=False,
        thread_ts=_thread(session, shown),
        broadcast=any(is_milestone(item) for item in shown),
        left=tuple(item.id for item in items[len(shown) :]),
    )


def leave_for_later(session: Session, row: OutboxRow, left: tuple[str, ...], now: datetime) -> None:
    """Give news items that did not fit to another message of the same person."""
    letter = Letter(lane=row.lane, kind=row.kind, about=row.about, key=row.key, priority=row.priority)
    later = outbox.put(session, row.team_id, [letter], now)[row.key]
    news_store.hand_over(session, row.team_id, left, later)


def _item(session: Session, found: NewsItem) -> Item | None:
    """Return a news item with its facts; None for withdrawn feedback and votes since reopened."""
    facts = facts_of.load(session, found.team_id, found.feedback)
    if facts is None or facts.feedback.state == State.WITHDRAWN:
        return None
    if found.kind == "round" and (facts.vote is None or facts.vote.number != found.number):
        return None
    return Item(found.id, found.kind, found.number, facts)


def _thread(session: Session, items: list[Item]) -> str | None:
    """News of one piece of feedback goes under its receipt; news of several stands by itself."""
    about = {(item.facts.feedback.team_id, item.facts.feedback.number) for item in items}
    if len(about) > 1:
        return None
    team_id, number = about.pop()
    place = outbox.posted(session, team_id, f"receipt:F-{number}")
    return place.ts if place else None


def _note(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    """The answer to a question, in the card's thread."""
    question = feedback.question(session, row.team_id, int(row.about.removeprefix("Q-")))
    facts = facts_of.load(session, row.team_id, question.feedback) if question else None
    if question is None or facts is None or facts.feedback.state == State.WITHDRAWN:
        return None
    place = outbox.posted(session, row.team_id, f"card:F-{question.feedback}")
    message = answered_note(facts, question, facts.policy.workspace.language)
    return Drawn(message, redrawn=False, thread_ts=place.ts if place else None)


def _notice(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    lane, _, error = row.about.partition(":")
    count = len(outbox.dead(session, row.team_id, lane))
    channels = policy.load(session, row.team_id).channels
    place = getattr(channels, lane) if lane in {"triage", "review"} else lane
    locale = people.language(session, row.team_id, row.lane)
    return Drawn(notice(locale, lane, error, count, place)) if count else None


def _about(session: Session, row: OutboxRow) -> Facts | None:
    return facts_of.load(session, row.team_id, int(row.about.removeprefix("F-")))


_DRAWERS: dict[str, Callable[[Session, OutboxRow, datetime], Drawn | None]] = {
    "card": _card,
    "receipt": _receipt,
    "news": _news,
    "note": _note,
    "notice": _notice,
}
