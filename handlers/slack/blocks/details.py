"""Everything a person may see about a piece of feedback, in a modal."""

from datetime import datetime

from bot.domain.feedback import shorten
from bot.i18n import moment, say
from handlers.slack.blocks.cards import about, ref, result, standing, tally
from handlers.slack.blocks.receipts import status_line
from handlers.slack.blocks.text import Block, Mrkdwn, context, modal, mrkdwn, quote, section, titled_quote
from handlers.slack.facts import Facts
from storage.feedback import Question
from storage.requirements import Move

HISTORY = 20
"""How many status changes are shown; the newest ones."""

QUESTIONS = 10
"""How many questions are shown; the newest ones."""

SENTENCE = 500
"""How many characters of a manager's sentence the history shows; the requester has all of it."""


def details(facts: Facts, locale: str, viewer: str) -> Block:
    """Return the modal: words, who and when, votes when open to them, history in sentences, its source."""
    item = facts.feedback
    title = facts.requirement.title if facts.requirement else item.title
    blocks = [
        titled_quote(f"F-{item.number} · {title}", None),
        quote(item.words),
        context(about(facts, locale, viewer)),
        *_more(facts, locale, viewer),
        *_state(facts, locale),
        *_history(facts, locale),
        *_source(facts, locale, viewer),
    ]
    return modal("details", ref(facts), blocks, close={"type": "plain_text", "text": say(locale, "details.close")})


def _more(facts: Facts, locale: str, viewer: str) -> list[Block]:
    """Who said it would name a hidden customer, so it is shown to those who may see the customer."""
    item = facts.feedback
    stake = say(locale, f"stake.{item.stake}") if item.stake else None
    said_by = item.said_by if facts.may_see_customer(viewer) else None
    lines = {"scenario": item.scenario, "said_by": said_by, "stake": stake}
    return [titled_quote(say(locale, f"details.{name}"), text) for name, text in lines.items() if text]


def _state(facts: Facts, locale: str) -> list[Block]:
    if facts.requirement is None:
        answer = [quote(facts.feedback.answer)] if facts.feedback.answer else []
        return [section(standing(facts, locale)), *answer]
    if facts.requirement.withdrawn_at is not None:
        return [section(mrkdwn(locale, "details.withdrawn"))]
    blocks = [section(status_line(facts, locale))]
    if facts.vote and facts.vote.closed_at is None:
        return [*blocks, context(tally(facts, locale))]
    return [*blocks, context(result(facts, locale)), *_whys(facts, locale)]


def _whys(facts: Facts, locale: str) -> list[Block]:
    """What voters wrote, shown once the round is closed."""
    return [
        context(mrkdwn(locale, "details.why", name=facts.name(ballot.user_id), why=ballot.why))
        for ballot in facts.ballots
        if ballot.why
    ]


def _history(facts: Facts, locale: str) -> list[Block]:
    lines = [_filed(facts, locale), *(_move(facts, locale, move) for move in facts.moves[-HISTORY:])]
    asked = [block for question in facts.questions[-QUESTIONS:] for block in _asked(facts, locale, question)]
    return [{"type": "divider"}, *(context(line) for line in lines), *asked]


def _when(facts: Facts, locale: str, at: datetime) -> str:
    return moment(locale, at.astimezone(facts.policy.workspace.zone))


def _filed(facts: Facts, locale: str) -> Mrkdwn:
    item = facts.feedback
    return mrkdwn(locale, "history.filed", name=facts.name(item.filed_by), when=_when(facts, locale, item.filed_at))


def _move(facts: Facts, locale: str, move: Move) -> Mrkdwn:
    when, status = _when(facts, locale, move.at), say(locale, f"status.{move.after}")
    if move.by is None:
        key = "history.vote_opened" if move.before == "new" else "history.by_vote"
        return mrkdwn(locale, key, status=status, when=when)
    if move.sentence:
        sentence = shorten(move.sentence, SENTENCE)
        return mrkdwn(locale, "history.move_why", name=facts.name(move.by), status=status, when=when, sentence=sentence)
    return mrkdwn(locale, "history.move", name=facts.name(move.by), status=status, when=when)


def _asked(facts: Facts, locale: str, question: Question) -> list[Block]:
    asked = [context(mrkdwn(locale, "history.asked", name=facts.name(question.asked_by))), quote(question.question)]
    if question.answer is None:
        return asked
    answered = mrkdwn(locale, "history.answered", name=facts.name(question.answered_by or ""))
    return [*asked, context(answered), quote(question.answer)]


def _source(facts: Facts, locale: str, viewer: str) -> list[Block]:
    """A link to the message it came from; a private conversation's only for the filer, who was in it."""
    item = facts.feedback
    if item.permalink is None:
        return []
    if item.private_source and viewer != item.filed_by:
        return [context(mrkdwn(locale, "details.private_source"))]
    link = Mrkdwn(f"<{item.permalink}|{say(locale, 'details.link')}>")
    return [context(link)]
