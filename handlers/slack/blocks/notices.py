"""Messages about Needline itself, and notes in a card's thread."""

from bot.i18n import catalogue, say
from handlers.slack.blocks.cards import Message, ref
from handlers.slack.blocks.text import Mrkdwn, actions, button, mrkdwn, quote, section
from handlers.slack.facts import Facts
from storage.feedback import Question

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
