"""Everything a person may see about a piece of feedback, in a modal, and what they may do with it."""

import json

from bot.domain.feedback import State, shorten
from bot.domain.requirements import Status
from bot.i18n import say
from handlers.slack.blocks.cards import about, missing, ref, result, standing, tally
from handlers.slack.blocks.history import history
from handlers.slack.blocks.receipts import status_line, target_text
from handlers.slack.blocks.text import (
    Block,
    Mrkdwn,
    actions,
    button,
    context,
    modal,
    mrkdwn,
    plain,
    quote,
    section,
    titled_quote,
)
from handlers.slack.facts import Facts
from storage.feedback import Feedback

ENTRIES = (25, 12, 6, 2)
"""How many entries of the history are shown; the first that lets the view fit into MOST_BYTES."""

MOST_BYTES = 240_000
"""One view's room, with a margin: Slack takes 250,000 bytes."""

WHYS = 15
"""How many lines of why are shown."""

WHY = 300
OTHERS = 400
"""How many characters of a line of why, and of the list of the others who ask for it, are shown."""


def details(facts: Facts, locale: str, viewer: str) -> Block:
    """Return the modal: words, who and when, votes when open to them, history in sentences, its source, what to do."""
    for most in ENTRIES:
        view = _details(facts, locale, viewer, most)
        if len(json.dumps(view)) <= MOST_BYTES:
            break
    return view


def _details(facts: Facts, locale: str, viewer: str, most: int) -> Block:
    item = facts.feedback
    title = facts.requirement.title if facts.requirement else item.title
    blocks = [
        titled_quote(f"F-{item.number} · {title}", None),
        quote(item.words),
        context(about(facts, locale, viewer)),
        *_more(facts, locale, viewer),
        *_state(facts, locale),
        *_others(facts, locale, viewer),
        *_actions(facts, locale, viewer),
        {"type": "divider"},
        *history(facts, locale, most),
        *_source(facts, locale, viewer),
    ]
    return modal("details", ref(facts), blocks, close={"type": "plain_text", "text": say(locale, "details.close")})


def _more(facts: Facts, locale: str, viewer: str) -> list[Block]:
    """Who said it would name a hidden customer, so it is shown to those who may see the customer."""
    item = facts.feedback
    stake = say(locale, f"stake.{item.stake}") if item.stake else None
    said_by = item.said_by if facts.may_see_customer(viewer) else None
    description = facts.requirement.description if facts.requirement else None
    lines = {"scenario": item.scenario, "said_by": said_by, "stake": stake, "description": description}
    return [titled_quote(say(locale, f"details.{name}"), text) for name, text in lines.items() if text]


def _state(facts: Facts, locale: str) -> list[Block]:
    item = facts.feedback
    if facts.requirement is None:
        answer = [quote(item.answer)] if item.answer else []
        return [section(standing(facts, locale)), *answer]
    if facts.requirement.withdrawn_at is not None or item.state == State.WITHDRAWN:
        return [section(mrkdwn(locale, "details.withdrawn"))]
    blocks = [section(status_line(facts, locale)), *_target(facts, locale)]
    if facts.vote and facts.vote.closed_at is None:
        return [*blocks, context(tally(facts, locale), *missing(facts, locale))]
    return [*blocks, context(result(facts, locale)), *whys(facts, locale)]


def _target(facts: Facts, locale: str) -> list[Block]:
    """For when it was planned; while it is accepted, the status says so itself."""
    requirement = facts.requirement
    if requirement is None or requirement.target is None or requirement.status == Status.ACCEPTED:
        return []
    return [context(mrkdwn(locale, "details.target", target=target_text(locale, requirement.target)))]


def whys(facts: Facts, locale: str) -> list[Block]:
    """What voters wrote, shown once the round is closed; of an anonymous one without names and in no telling order."""
    written = [ballot for ballot in facts.ballots if ballot.why]
    if facts.vote and facts.vote.anonymous:
        texts = sorted(shorten(ballot.why or "", WHY) for ballot in written)
        lines = [mrkdwn(locale, "details.why_anonymous", why=why) for why in texts]
    else:
        lines = [
            mrkdwn(locale, "details.why", name=facts.name(ballot.user_id), why=shorten(ballot.why or "", WHY))
            for ballot in written
        ]
    more = [mrkdwn(locale, "details.more_whys", n=len(lines) - WHYS)] if len(lines) > WHYS else []
    return [context(line) for line in (*lines[:WHYS], *more)]


def _others(facts: Facts, locale: str, viewer: str) -> list[Block]:
    """Who else asks for it, by number and customer."""
    if not facts.others:
        return []
    hidden = say(locale, "customer.hidden")
    named = [
        f"F-{other.number} {customer.name if _may_see_customer(facts, other, viewer) else hidden}"
        for other, customer in facts.others
    ]
    text = shorten(say(locale, "list.comma").join(named), OTHERS)
    return [context(mrkdwn(locale, "details.others", n=len(named), others=text))]


def _may_see_customer(facts: Facts, other: Feedback, viewer: str) -> bool:
    return not other.hide_customer or viewer == other.filed_by or facts.policy.is_manager(viewer)


def _actions(facts: Facts, locale: str, viewer: str) -> list[Block]:
    """What this person may do. Asked again when a button is pressed."""
    item, number = facts.feedback, str(facts.feedback.number)
    is_filer, is_manager = viewer == item.filed_by, facts.policy.is_manager(viewer)
    buttons = []
    if is_filer and item.state == State.OPEN:
        buttons.append(button(say(locale, "button.edit"), "record_edit", number))
    if is_manager and facts.requirement and facts.requirement.withdrawn_at is None:
        buttons.append(button(say(locale, "menu.edit"), "record_requirement", number))
    if (is_filer or is_manager) and item.state == State.OPEN:
        confirm = _confirm_withdrawal(facts, locale)
        buttons.append(button(say(locale, "button.withdraw"), "record_withdraw", number, confirm=confirm))
    if item.state == State.ANSWERED and is_filer:
        buttons.append(button(say(locale, "button.reopen"), "record_reopen", number))
    if item.state == State.WITHDRAWN and (is_filer or is_manager):
        buttons.append(button(say(locale, "button.reopen"), "record_reopen", number))
    return [actions(*buttons)] if buttons else []


def _confirm_withdrawal(facts: Facts, locale: str) -> Block:
    """Ask once more, and say what becomes of the requirement."""
    number = f"F-{facts.feedback.number}"
    return {
        "title": plain(say(locale, "withdraw.title", number=number)),
        "text": plain(_consequence(facts, locale, number)),
        "confirm": plain(say(locale, "button.withdraw")),
        "deny": plain(say(locale, "form.cancel")),
    }


def _consequence(facts: Facts, locale: str, number: str) -> str:
    requirement = facts.requirement
    if requirement is None:
        return say(locale, "withdraw.feedback", number=number)
    reference = f"R-{requirement.number}"
    if facts.others:
        return say(locale, "withdraw.others", number=number, ref=reference)
    if requirement.status in {Status.NEW, Status.IN_REVIEW}:
        return say(locale, "withdraw.requirement", number=number, ref=reference)
    status = say(locale, f"status.{requirement.status}")
    return say(locale, "withdraw.decided", number=number, ref=reference, status=status)


def _source(facts: Facts, locale: str, viewer: str) -> list[Block]:
    """A link to the message it came from; a private conversation's only for the filer, who was in it."""
    item = facts.feedback
    if item.permalink is None:
        return []
    if item.private_source and viewer != item.filed_by:
        return [context(mrkdwn(locale, "details.private_source"))]
    link = Mrkdwn(f"<{item.permalink}|{say(locale, 'details.link')}>")
    return [context(link)]
