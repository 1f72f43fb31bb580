"""What each kind of outbox row looks like when it leaves, drawn from the rows as they now are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.feedback import State
from bot.domain.requirements import Status
from bot.policy import CHANNELS
from bot.services.people import left_open
from handlers.slack import digest, reminders
from handlers.slack import facts as facts_of
from handlers.slack.blocks.cards import Message, card
from handlers.slack.blocks.news import CHANGES, Item, fitting, is_milestone, is_told, newest, news
from handlers.slack.blocks.notices import LISTED, Leaving, answered_note, handover, intro, notice, reopened_note
from handlers.slack.blocks.receipts import receipt
from handlers.slack.facts import Facts
from storage import feedback, outbox, people, places, policy, policy_log
from storage import news as news_store
from storage.news import NewsItem
from storage.outbox import Letter, OutboxRow
from storage.policy_log import PolicyChange


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
    if facts is None or facts.feedback.filed_by != row.lane:
        return None  # somebody else took it over
    return Drawn(receipt(facts, people.language(session, row.team_id, row.lane), now))


def _news(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    stored = news_store.of_message(session, row.team_id, row.id)
    items = newest([item for found in stored if (item := _item(session, found, row.lane))])
    if not items:
        return None
    shown = items[: fitting(items)]
    return Drawn(
        news(shown, people.language(session, row.team_id, row.lane)),
        redrawn=False,
        thread_ts=_thread(session, row.lane, shown),
        broadcast=any(is_milestone(item) for item in shown),
        left=tuple(item.id for item in items[len(shown) :]),
    )


def leave_for_later(session: Session, row: OutboxRow, left: tuple[str, ...], now: datetime) -> None:
    """Give news items that did not fit to another message of the same person."""
    letter = Letter(lane=row.lane, kind=row.kind, about=row.about, key=row.key, priority=row.priority)
    later = outbox.put(session, row.team_id, [letter], now)[row.key]
    news_store.hand_over(session, row.team_id, left, later)


def _item(session: Session, found: NewsItem, reader: str) -> Item | None:
    """Return a news item with its facts; None for what is not so any more, or no longer the reader's business."""
    facts = facts_of.load(session, found.team_id, found.feedback, whole=found.kind in CHANGES)
    if facts is None or not _is_still_so(found, facts):
        return None
    if found.kind == "unanswered" and not facts.policy.is_manager(reader):
        return None
    return Item(found.id, found.kind, found.number, facts)


def _is_still_so(found: NewsItem, facts: Facts) -> bool:
    """Nothing is told of withdrawn feedback but that it is, nor of former votes, answers and words."""
    item = facts.feedback
    if (item.state == State.WITHDRAWN) != (found.kind == "withdrawn"):
        return False
    if found.kind == "round":
        return facts.vote is not None and facts.vote.number == found.number
    if found.kind == "answer":
        return item.answer is not None
    if found.kind in {"chase", "unanswered"}:
        return _is_awaited(found.number, facts)
    if found.kind in CHANGES:
        told = [change.number for change in facts.changes_of(f"F-{item.number}") if is_told(change, found.kind)]
        return told[-1:] == [found.number]
    return True


def _is_awaited(number: int, facts: Facts) -> bool:
    """Say whether a question still waits, and its answer would still serve."""
    answered = any(question.number == number and question.answer is not None for question in facts.questions)
    if facts.requirement is None:
        return not answered and facts.feedback.state == State.OPEN
    return not answered and facts.requirement.status in {Status.NEW, Status.IN_REVIEW}


def _thread(session: Session, reader: str, items: list[Item]) -> str | None:
    """News of one piece of feedback goes under its receipt; news of several, or to others, stands by itself."""
    about = {item.facts.feedback.number for item in items}
    item = items[0].facts.feedback
    if len(about) > 1 or item.filed_by != reader:
        return None
    place = places.of(session, item.team_id, f"receipt:F-{item.number}")
    return place.ts if place else None


def _note(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    """The answer to a question, in the card's thread."""
    question = feedback.question(session, row.team_id, int(row.about.removeprefix("Q-")))
    facts = facts_of.load(session, row.team_id, question.feedback) if question else None
    if question is None or facts is None or facts.feedback.state == State.WITHDRAWN:
        return None
    place = places.of(session, row.team_id, f"card:F-{question.feedback}")
    message = answered_note(facts, question, facts.policy.workspace.language)
    return Drawn(message, redrawn=False, thread_ts=place.ts if place else None)


def _reopened(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    """That an answer did not settle it, in the card's thread."""
    about, _, change = row.about.partition(":")
    number = int(about.removeprefix("F-"))
    facts = facts_of.load(session, row.team_id, number, whole=True)
    if facts is None or facts.feedback.state == State.WITHDRAWN:
        return None
    found = next(found for found in facts.changes_of(about) if found.number == int(change))
    place = places.of(session, row.team_id, f"card:{about}")
    message = reopened_note(facts, found, facts.policy.workspace.language)
    return Drawn(message, redrawn=False, thread_ts=place.ts if place else None)


def _intro(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    """What a channel is for, and who chose it; None when it was given up for another before we came to say so."""
    rules = policy.load(session, row.team_id)
    uses = [lane for lane in CHANNELS if rules.channels.of(lane) == row.about]
    if row.lane not in uses:
        return None
    chosen_by = _chose(session, row.team_id, row.about)
    names = people.names(session, row.team_id, {chosen_by})
    return Drawn(intro(rules.workspace.language, uses, names.get(chosen_by)))


def _chose(session: Session, team_id: str, channel: str) -> str:
    """Return who, or what, set a channel last."""
    changes = policy_log.of(session, team_id, "channels")
    return next((change.by for change in changes if _sets(change, channel)), "")


def _sets(change: PolicyChange, channel: str) -> bool:
    return any(found == channel != change.before.get(key) for key, found in change.after.items())


def _notice(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    lane, _, error = row.about.partition(":")
    count = len(outbox.dead(session, row.team_id, lane))
    channels = policy.load(session, row.team_id).channels
    place = channels.of(lane) if lane in CHANNELS else lane
    locale = people.language(session, row.team_id, row.lane)
    return Drawn(notice(locale, lane, error, count, place)) if count else None


def _handover(session: Session, row: OutboxRow, _now: datetime) -> Drawn | None:
    """What somebody who left, or votes no more, leaves open, for who is a manager still.

    Whom an anonymous vote waited for is said to nobody.
    """
    why, _, user_id = row.about.partition(":")
    team_id = row.team_id
    requests, waiting = left_open(session, team_id, user_id, why)
    votes = [vote.requirement for vote in waiting if not vote.anonymous]
    if not (requests or votes) or not policy.load(session, team_id).is_manager(row.lane):
        return None
    known = [facts_of.load(session, team_id, request.number) for request in requests[:LISTED]]
    items = Leaving(
        who=people.names(session, team_id, {user_id}).get(user_id, user_id),
        why=why,
        requests=[facts for facts in known if facts],
        more=max(len(requests) - LISTED, 0),
        votes=votes,
    )
    return Drawn(handover(items, people.language(session, team_id, row.lane)), redrawn=False)


def _reminder(session: Session, row: OutboxRow, now: datetime) -> Drawn | None:
    message = reminders.reminder(session, row, now)
    return Drawn(message, redrawn=False) if message else None


def _summary(session: Session, row: OutboxRow, now: datetime) -> Drawn | None:
    message = reminders.summary(session, row, now)
    return Drawn(message, redrawn=False) if message else None


def _digest(session: Session, row: OutboxRow, now: datetime) -> Drawn | None:
    message = digest.digest(session, row, now)
    return Drawn(message, redrawn=False) if message else None


def _about(session: Session, row: OutboxRow) -> Facts | None:
    return facts_of.load(session, row.team_id, int(row.about.removeprefix("F-")))


_DRAWERS: dict[str, Callable[[Session, OutboxRow, datetime], Drawn | None]] = {
    "card": _card,
    "receipt": _receipt,
    "news": _news,
    "note": _note,
    "reopened": _reopened,
    "intro": _intro,
    "notice": _notice,
    "reminder": _reminder,
    "summary": _summary,
    "handover": _handover,
    "digest": _digest,
}
