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


def reopened_note(feedback: int, change: int) -> Letter:
    """Return the letter that tells in the card's thread that an answer did not settle it."""
    about = f"F-{feedback}:{change}"
    return Letter(lane=TRIAGE, kind="reopened", about=about, key=f"note:{about}", priority=SHARED)


def intro(lane: str, channel: str) -> Letter:
    """Return the letter that tells a channel's members what is posted there. There is one message for each channel."""
    return Letter(lane=lane, kind="intro", about=channel, key=f"intro:{channel}", priority=TO_THE_ACTOR)


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
    hold: timedelta = timedelta(),
) -> None:
    """Redraw the receipts of the feedback concerned and give its filers a news item, together with letters `also` due.

    News waits `merge_s` for company, or `hold` if that is longer: all of it for one person leaves as one message.
    """
    items = list(about)
    letters = [*also, *map(receipt, items)]
    listeners = [(item.filed_by, item) for item in items if item.filed_by != by]
    _give(session, team_id, listeners, kind, number, policy=policy, now=now, also=letters, hold=hold)


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
    hold: timedelta = timedelta(),
) -> None:
    """Write one news item for each listener into the message that waits for them. Who left hears nothing."""
    listeners = list(listeners)
    gone = people_store.gone(session, team_id, {person for person, _ in listeners})
    staying = [(person, item) for person, item in listeners if person not in gone]
    letters = {letter.key: letter for letter in also}
    letters |= {news_key(person): _news(person, item, policy, hold) for person, item in staying}
    rows = outbox.put(session, team_id, letters.values(), now)
    for person, item in staying:
        news.add(session, team_id, rows[news_key(person)], feedback=item.number, kind=kind, number=number, now=now)


def in_charge(session: Session, team_id: str, policy: Policy, *, but: str) -> list[str]:
    """Return who helps when somebody does not: the managers who are here, else the admins, never that person."""
    for group in (policy.people.managers, policy.people.admins):
        others = set(group) - {but}
        if here := others - people_store.gone(session, team_id, others):
            return sorted(here)
    return []


def news_key(person: str) -> str:
    """Return the key under which a person's news waits."""
    return f"news:{person}"


def _news(person: str, item: Feedback, policy: Policy, hold: timedelta) -> Letter:
    return Letter(
        lane=person,
        kind="news",
        about=f"F-{item.number}",
        key=news_key(person),
        priority=NEWS,
        after=max(timedelta(seconds=policy.delivery.merge_s), hold),
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
    hold: timedelta = timedelta(),
) -> None:
    """Tell everyone whose feedback asks for a requirement."""
    about = feedback_store.of_requirement(session, team_id, requirement)
    tell(session, team_id, about, kind, number, by=by, policy=policy, now=now, also=also, hold=hold)
