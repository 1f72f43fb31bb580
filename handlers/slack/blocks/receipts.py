"""The receipt in the filer's DM: the top of the thread in which they hear everything about it."""

from datetime import datetime

from bot.domain.feedback import UNDO_WINDOW, State
from bot.domain.requirements import Status, target_day, target_month
from bot.i18n import day, month, say
from handlers.slack.blocks.cards import Message, local_time
from handlers.slack.blocks.text import Mrkdwn, actions, button, context, escape, line, mrkdwn, section, titled_quote
from handlers.slack.facts import Facts


def receipt(facts: Facts, locale: str, now: datetime) -> Message:
    """Return text and blocks of a receipt in its newest state."""
    item = facts.feedback
    if item.state == State.WITHDRAWN:
        text = say(locale, "receipt.withdrawn", number=f"F-{item.number}", title=item.title)
        return {"text": escape(text), "blocks": [line(text)]}
    text = mrkdwn(locale, "receipt.text", number=f"F-{item.number}", title=item.title, customer=facts.customer.name)
    blocks = [
        section(mrkdwn(locale, "receipt.head", number=f"F-{item.number}", customer=facts.customer.name)),
        titled_quote(item.title, None),
        context(what_next(facts, locale)),
        actions(*_buttons(facts, locale, now)),
    ]
    return {"text": text, "blocks": blocks}


def _buttons(facts: Facts, locale: str, now: datetime) -> list[dict[str, object]]:
    number = str(facts.feedback.number)
    buttons = [button(say(locale, "button.view"), "feedback_view", number)]
    if now - facts.feedback.filed_at < UNDO_WINDOW and _undecided(facts):
        buttons.append(button(say(locale, "button.undo"), "feedback_undo", number))
    another = say(locale, "button.another", customer=facts.customer.name)
    return [*buttons, button(another, "feedback_another", str(facts.customer.id))]


def _undecided(facts: Facts) -> bool:
    if facts.requirement is None:
        return facts.feedback.state == State.OPEN
    return facts.requirement.status in {Status.NEW, Status.IN_REVIEW}


def what_next(facts: Facts, locale: str) -> Mrkdwn:
    """Return where it stands and what happens next, in a sentence or two."""
    if facts.requirement is None:
        name = facts.name(facts.feedback.answered_by or "")
        return mrkdwn(locale, f"next.{facts.feedback.state}", name=name)
    if facts.policy.channels.triage is None:
        return mrkdwn(locale, "next.no_channel", ref=f"R-{facts.requirement.number}")
    return status_line(facts, locale)


def status_line(facts: Facts, locale: str) -> Mrkdwn:
    """Return a requirement's status and what that means for the customer."""
    requirement = facts.requirement
    assert requirement  # noqa: S101 - asked of requirements only
    ref = f"R-{requirement.number}"
    waits = facts.vote is not None and facts.vote.closed_at is not None
    if requirement.status == Status.IN_REVIEW and waits:
        return mrkdwn(locale, "next.meeting", ref=ref)
    if requirement.status == Status.IN_REVIEW and facts.vote and facts.vote.due_at:
        return _voting(facts, locale, ref, facts.vote.due_at)
    if requirement.status == Status.ACCEPTED and requirement.target:
        return mrkdwn(locale, "next.accepted_target", ref=ref, target=target_text(locale, requirement.target))
    return mrkdwn(locale, f"next.{requirement.status}", ref=ref)


def _voting(facts: Facts, locale: str, ref: str, due_at: datetime) -> Mrkdwn:
    if facts.vote and facts.vote.paused_at:
        return mrkdwn(locale, "next.paused", ref=ref)
    return mrkdwn(locale, "next.in_review_until", ref=ref, when=local_time(facts, locale, due_at))


def target_text(locale: str, target: str) -> Mrkdwn:
    """Return a target as people write it: a date, a month, or a sprint's name as it is."""
    when = target_day(target)
    if when:
        return Mrkdwn(day(locale, when))
    first = target_month(target)
    return Mrkdwn(month(locale, first)) if first else escape(target)
