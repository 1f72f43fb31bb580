"""Telling people: which messages a change calls for. Whoever acted is not notified of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.policy import Policy
from storage import feedback as feedback_store
from storage import news, outbox
from storage import people as people_store
from storage.feedback import Feedback
from storage.outbox import Letter

TRIAGE = "triage"

ERROR_MAX = 40
"""How much of Slack's word for an error a notice is told apart by."""

# Answers to a person come before the shared card, the card before news, news before what can wait.
TO_THE_ACTOR, SHARED, NEWS, NOTICE = range(4)


def card(feedback: int) -> Letter:
    """Return the letter that draws the card of a piece of feedback anew."""
    return Letter(lane=TRIAGE, kind="card", about=f"F-{feedback}", key=f"card:F-{feedback}", priority=SHARED)


def receipt(item: Feedback, priority: int = SHARED) -> Letter:
    """Return the letter that draws the filer's receipt anew."""
    about = f"F-{item.number}"
    return Letter(lane=item.filed_by, kind="receipt", about=about, key=f"receipt:{about}", priority=priority)


def thread_note(feedback: int, question: int) -> Letter:
    """Return the letter that brings an answered question into the card's thread."""
    return Letter(
        lane=TRIAGE, kind="note", about=f"Q-{question}", key=f"note:F-{feedback}:Q-{question}", priority=SHARED
    )


def notice(admin: str, lane: str, error: str) -> Letter:
    """Return the letter that tells an admin what could not be delivered, and why."""
    about = f"{lane}:{error[:ERROR_MAX]}"
    return Letter(lane=admin, kind="notice", about=about, key=f"notice:{about}", priority=NOTICE)


def tell(
    session: Session,
    team_id: str,
    about: Iterable[Feedback],
    kind: str,
    number: int,
    *,
    by: str | None,
    policy: Policy,
    now: datetime,
    also: Iterable[Letter] = (),
) -> None:
    """Redraw the receipts of the feedback concerned and give its filers a news item, together with letters `also` due.

    News waits `merge_s` for company: all of it for one person leaves as one message.
    """
    items = list(about)
    letters = [*also, *map(receipt, items)]
    listeners = [(item.filed_by, item) for item in items if item.filed_by != by]
    _give(session, team_id, listeners, kind, number, policy=policy, now=now, also=letters)


def inform(
    session: Session,
    team_id: str,
    people: Iterable[str],
    item: Feedback,
    kind: str,
    number: int,
    *,
    by: str | None,
    policy: Policy,
    now: datetime,
    also: Iterable[Letter] = (),
) -> None:
    """Give people other than the filer a news item about feedback: its voters, the managers. Never whoever acted."""
    listeners = [(person, item) for person in sorted(set(people)) if person != by]
    _give(session, team_id, listeners, kind, number, policy=policy, now=now, also=also)


def _give(
    session: Session,
    team_id: str,
    listeners: Iterable[tuple[str, Feedback]],
    kind: str,
    number: int,
    *,
    policy: Policy,
    now: datetime,
    also: Iterable[Letter],
) -> None:
    """Write one news item for each listener into the message that waits for them. Who left hears nothing."""
    listeners = list(listeners)
    gone = people_store.gone(session, team_id, {person for person, _ in listeners})
    staying = [(person, item) for person, item in listeners if person not in gone]
    letters = {letter.key: letter for letter in also}
    letters |= {_news_key(person): _news(person, item, policy) for person, item in staying}
    rows = outbox.put(session, team_id, letters.values(), now)
    for person, item in staying:
        news.add(session, team_id, rows[_news_key(person)], feedback=item.number, kind=kind, number=number, now=now)


def _news_key(person: str) -> str:
    return f"news:{person}"


def _news(person: str, item: Feedback, policy: Policy) -> Letter:
    return Letter(
        lane=person,
        kind="news",
        about=f"F-{item.number}",
        key=_news_key(person),
        priority=NEWS,
        after=timedelta(seconds=policy.delivery.merge_s),
    )


def tell_requesters(
    session: Session,
    team_id: str,
    requirement: int,
    kind: str,
    number: int,
    *,
    by: str | None,
    policy: Policy,
    now: datetime,
    also: Iterable[Letter] = (),
) -> None:
    """Tell everyone whose feedback asks for a requirement."""
    about = feedback_store.of_requirement(session, team_id, requirement)
    tell(session, team_id, about, kind, number, by=by, policy=policy, now=now, also=also)
