"""Messages about Needline itself, and notes in a card's thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.i18n import catalogue, say
from handlers.slack.blocks.cards import Message, ref
from handlers.slack.blocks.text import Mrkdwn, actions, button, context, mrkdwn, quote, section
from handlers.slack.facts import Facts
from storage.changes import RecordChange
from storage.feedback import Question

LISTED, VOTES_LISTED = 15, 40
"""How much of what somebody leaves is listed; the rest is counted."""

FINAL = frozenset({"user_not_found", "user_disabled", "no_triage_channel", "no_review_channel"})
"""Errors that trying again does not mend: the person is gone, or setting the channel sends the messages by itself."""


def notice(locale: str, lane: str, error: str, count: int, place: str | None) -> Message:
    """Tell an admin what could not be delivered, why, and what to do."""
    key = f"notice.{error}"
    where = _place(locale, lane, place)
    if key in catalogue(locale):
        why = mrkdwn(locale, key, place=where)
    else:
        why = mrkdwn(locale, "notice.other", place=where, error=error)
    text = mrkdwn(locale, "notice.text", n=count, place=where)
    blocks = [section(text), section(why)]
    if error not in FINAL:
        again = button(say(locale, "button.send_again"), "outbox_again", f"{lane}:{error}", style="primary")
        blocks.append(actions(again))
    return {"text": text, "blocks": blocks}


def _place(locale: str, lane: str, place: str | None) -> Mrkdwn:
    if lane in {"triage", "review"}:
        return Mrkdwn(f"<#{place}>") if place else mrkdwn(locale, f"place.{lane}")
    return mrkdwn(locale, "place.person", person=Mrkdwn(f"<@{lane}>"))


def intro(locale: str, uses: Sequence[str], name: str | None) -> Message:
    """Tell a channel's members who chose it (by `name`, None when it was no person), and what is posted in it."""
    head = mrkdwn(locale, "intro.chosen_by", name=name) if name else mrkdwn(locale, "intro.chosen")
    said = Mrkdwn("\n".join(mrkdwn(locale, f"intro.{use}") for use in uses))
    return {"text": head, "blocks": [section(head), section(said), context(mrkdwn(locale, "intro.how"))]}


def answered_note(facts: Facts, question: Question, locale: str) -> Message:
    """Bring the filer's answer to those who vote."""
    text = mrkdwn(
        locale,
        "note.answered",
        ref=ref(facts),
        name=facts.name(question.answered_by or ""),
        asker=Mrkdwn(f"<@{question.asked_by}>"),  # they asked, so they are notified
    )
    return {"text": text, "blocks": [section(text), quote(question.question), quote(question.answer or "")]}


def reopened_note(facts: Facts, change: RecordChange, locale: str) -> Message:
    """Tell who answered that it did not settle the matter, and why."""
    by = change.before.get("answered_by")
    text = mrkdwn(
        locale,
        "note.reopened",
        ref=ref(facts),
        name=facts.name(change.by),
        answerer=Mrkdwn(f"<@{by}>"),  # they answered, so they are notified
    )
    why = change.before.get("why")
    return {"text": text, "blocks": [section(text), *([quote(why)] if why else [])]}


@dataclass(frozen=True)
class Leaving:
    """What somebody leaves open: feedback of theirs, `more` of it, and requirements whose votes had waited for them."""

    who: str
    why: str
    requests: list[Facts]
    more: int
    votes: list[int]


def handover(items: Leaving, locale: str) -> Message:
    """Tell a manager what is left open, each request with a button to take it over."""
    text = mrkdwn(locale, f"handover.{items.why}", name=items.who)
    blocks = [section(text)]
    for facts in items.requests:
        take = button(say(locale, "button.take_over"), "feedback_take_over", str(facts.feedback.number))
        title, customer = facts.feedback.title, facts.customer.name
        line = mrkdwn(locale, "handover.request", ref=ref(facts), title=title, customer=customer)
        blocks.append(section(line, accessory=take))
    if items.requests:
        blocks.append(context(mrkdwn(locale, "handover.how")))
    if items.more:
        blocks.append(context(mrkdwn(locale, "handover.more", n=items.more)))
    if items.votes:
        refs = say(locale, "list.comma").join(f"R-{number}" for number in items.votes[:VOTES_LISTED])
        blocks.append(context(mrkdwn(locale, "handover.votes", n=len(items.votes), refs=refs)))
    return {"text": text, "blocks": blocks}
