"""The card in the triage channel: at most six lines while the vote is open, two when closed, one when withdrawn."""

from collections import Counter
from datetime import datetime
from typing import Any

from bot.domain.feedback import State, shorten
from bot.domain.requirements import Status
from bot.domain.votes import Choice
from bot.i18n import listed, say, soon
from handlers.slack.blocks.text import (
    Block,
    Mrkdwn,
    actions,
    button,
    context,
    escape,
    line,
    mrkdwn,
    option,
    slack_time,
    titled_quote,
)
from handlers.slack.facts import Facts

QUOTE = 200
"""How many characters of the customer's words a card shows."""

VOTERS = 500
"""How many characters of the list of voters a card shows."""

Message = dict[str, Any]


def card(facts: Facts, locale: str) -> Message:
    """Return text and blocks of a feedback's card in the channel's language."""
    if facts.feedback.state == State.WITHDRAWN:
        return _withdrawn(facts, locale)
    if facts.requirement is None:
        return _small(facts, locale)
    if facts.vote is not None and facts.vote.closed_at is None:
        return _open(facts, locale)
    return _closed(facts, locale)


def _withdrawn(facts: Facts, locale: str) -> Message:
    text = say(locale, "card.withdrawn", ref=ref(facts), name=facts.name(facts.feedback.filed_by))
    return {"text": escape(text), "blocks": [line(text)]}


def _open(facts: Facts, locale: str) -> Message:
    vote = context(standing(facts, locale), tally(facts, locale), *deadline(facts, locale))
    blocks = [_headline(facts), context(about(facts, locale)), vote, _vote_buttons(facts, locale)]
    return {"text": _fallback(facts, locale), "blocks": blocks}


def _closed(facts: Facts, locale: str) -> Message:
    """Two lines and a menu: what it is, and what came of it."""
    requirement = facts.requirement
    assert requirement  # noqa: S101 - only requirements are voted on
    title = titled_quote(f"{ref(facts)} · {requirement.title}", None)
    outcome = context(result(facts, locale), _after_the_vote(facts, locale), *_needs_info(facts, locale))
    return {"text": _fallback(facts, locale), "blocks": [title, outcome, actions(menu(facts, locale))]}


def _after_the_vote(facts: Facts, locale: str) -> Mrkdwn:
    """Return the status, and who decides where the vote did not."""
    if facts.requirement and facts.requirement.status == Status.IN_REVIEW:
        return mrkdwn(locale, "card.meeting", status=say(locale, f"status.{Status.IN_REVIEW}"))
    return standing(facts, locale)


def _small(facts: Facts, locale: str) -> Message:
    item = facts.feedback
    blocks = [_headline(facts), context(about(facts, locale))]
    if item.state == State.ANSWERED:
        answered = context(mrkdwn(locale, "card.answered", name=facts.name(item.answered_by or "")))
        return {"text": _fallback(facts, locale), "blocks": [*blocks, answered, actions(menu(facts, locale))]}
    row = actions(
        button(say(locale, "button.answer"), "answer_open", str(item.number), style="primary"),
        button(say(locale, "button.make_requirement"), "answer_requirement", str(item.number)),
        menu(facts, locale),
    )
    return {"text": _fallback(facts, locale), "blocks": [*blocks, row]}


def ref(facts: Facts) -> str:
    """Return the number people call it by: R-7 if there is a requirement, else F-12."""
    number = facts.feedback.requirement
    return f"F-{facts.feedback.number}" if number is None else f"R-{number}"


def _headline(facts: Facts) -> Block:
    title = facts.requirement.title if facts.requirement else facts.feedback.title
    words = shorten(" ".join(facts.feedback.words.split()), QUOTE)
    return titled_quote(f"{ref(facts)} · {title}", words)


def about(facts: Facts, locale: str, viewer: str | None = None) -> Mrkdwn:
    """Return customer, kind, urgency and filer in one line. Without a viewer, what everybody may see."""
    item = facts.feedback
    return mrkdwn(
        locale,
        "card.about",
        customer=customer_name(facts, locale, viewer),
        kind=say(locale, f"kind.{item.kind}"),
        urgency=say(locale, f"urgency.{item.urgency}"),
        name=facts.name(item.filed_by),
    )


def customer_name(facts: Facts, locale: str, viewer: str | None) -> str:
    """Return the customer's name, or that it is hidden from this viewer."""
    return facts.customer.name if facts.may_see_customer(viewer) else say(locale, "customer.hidden")


def standing(facts: Facts, locale: str) -> Mrkdwn:
    """Return the status in one line."""
    if facts.requirement is None:
        return escape(say(locale, f"state.{facts.feedback.state}"))
    return mrkdwn(locale, "card.status", status=say(locale, f"status.{facts.requirement.status}"))


def tally(facts: Facts, locale: str) -> Mrkdwn:
    """Return the votes so far: who has voted, and how only if the round is not blind; no names if it is anonymous."""
    vote = facts.vote
    assert vote  # noqa: S101 - asked of open rounds only
    count, quorum = len(facts.ballots), vote.quorum
    if not count:
        return mrkdwn(locale, "card.no_votes", quorum=quorum)
    if vote.blind and vote.anonymous:
        return mrkdwn(locale, "card.votes_in", n=count, quorum=quorum)
    if vote.blind:
        return mrkdwn(locale, "card.votes_blind", n=count, quorum=quorum, names=_voters(facts, locale))
    return mrkdwn(locale, "card.votes_open", n=count, quorum=quorum, votes=votes(facts, locale))


def deadline(facts: Facts, locale: str) -> list[Mrkdwn]:
    """Return until when an open round takes votes, or what it waits for, and the departments still to be heard."""
    vote = facts.vote
    if vote is None or vote.closed_at is not None:
        return []
    runs = vote.due_at if vote.paused_at is None else None
    until = [mrkdwn(locale, "card.until", when=local_time(facts, locale, runs))] if runs else []
    return [*_needs_info(facts, locale), *until, *_departments_missing(facts, locale)]


def missing(facts: Facts, locale: str) -> list[Mrkdwn]:
    """Return whose answer an open round waits for, and the departments still to be heard."""
    return [*_needs_info(facts, locale), *_departments_missing(facts, locale)]


def local_time(facts: Facts, locale: str, when: datetime) -> Mrkdwn:
    """Return a moment as Slack shows it to each reader in their own zone."""
    return slack_time(when, soon(locale, when.astimezone(facts.policy.workspace.zone)))


def _needs_info(facts: Facts, locale: str) -> list[Mrkdwn]:
    """Say whose answer is waited for, while nothing is decided."""
    status = facts.requirement.status if facts.requirement else None
    asked = any(question.answer is None for question in facts.questions)
    if not asked or status not in {Status.NEW, Status.IN_REVIEW}:
        return []
    return [mrkdwn(locale, "card.needs_info", name=facts.name(facts.feedback.filed_by))]


def _departments_missing(facts: Facts, locale: str) -> list[Mrkdwn]:
    vote = facts.vote
    if vote is None or vote.anonymous:
        return []
    heard = {name for ballot in facts.ballots for name in facts.policy.departments_of(ballot.user_id)}
    missing = [say(locale, f"department.{name}") for name in vote.departments.split() if name not in heard]
    if not missing:
        return []
    return [mrkdwn(locale, "card.departments", departments=listed(locale, missing))]


def _voters(facts: Facts, locale: str) -> str:
    names = say(locale, "list.comma").join(facts.name(ballot.user_id) for ballot in facts.ballots)
    return shorten(names, VOTERS)


def votes(facts: Facts, locale: str, *, names: bool = True) -> str:
    """Return who voted how; of an anonymous round, or without `names`, only how many."""
    if not facts.ballots:
        return say(locale, "votes.none")
    if not names or (facts.vote and facts.vote.anonymous):
        count = Counter(ballot.choice for ballot in facts.ballots)
        return say(locale, "votes.counted", **{choice.value: count[choice.value] for choice in Choice})
    voted = [
        say(locale, "card.vote", name=facts.name(ballot.user_id), choice=say(locale, f"choice.{ballot.choice}"))
        for ballot in facts.ballots
    ]
    return shorten(say(locale, "list.comma").join(voted), VOTERS)


def result(facts: Facts, locale: str, *, names: bool = True) -> Mrkdwn:
    """Return what the last round came to, with the votes."""
    vote = facts.vote
    if vote is None or vote.result is None:
        return mrkdwn(locale, "result.none")
    outcome = say(locale, f"result.{vote.result}")
    if not facts.ballots:
        return mrkdwn(locale, "card.result_no_votes", result=outcome)
    return mrkdwn(locale, "card.result", result=outcome, votes=votes(facts, locale, names=names))


def menu(facts: Facts, locale: str) -> Block:
    """Return the overflow menu: details for everyone, the rest by what there is to do."""
    item = facts.feedback
    names = ["details", "ask"] if facts.requirement is None else ["details", "status", "ask", "edit"]
    options = [option(say(locale, f"menu.{name}"), f"{name}:{item.number}") for name in names]
    return {"type": "overflow", "action_id": "card_menu", "options": options}


def _vote_buttons(facts: Facts, locale: str) -> Block:
    vote = facts.vote
    assert vote  # noqa: S101 - drawn for open rounds only
    number = f"{vote.requirement}:{vote.number}"
    return actions(
        button(say(locale, "choice.approve"), "vote_approve", number, style="primary"),
        button(say(locale, "choice.reject"), "vote_reject", number, style="danger"),
        button(say(locale, "choice.abstain"), "vote_abstain", number),
        menu(facts, locale),
    )


def _fallback(facts: Facts, locale: str) -> Mrkdwn:
    title = facts.requirement.title if facts.requirement else facts.feedback.title
    status = f"status.{facts.requirement.status}" if facts.requirement else f"state.{facts.feedback.state}"
    customer = customer_name(facts, locale, None)
    return mrkdwn(locale, "card.text", ref=ref(facts), title=title, customer=customer, status=say(locale, status))
