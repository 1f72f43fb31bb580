"""News to a requester: what changed, why, what comes next. Several items make one message."""

from dataclasses import dataclass

from bot.domain.requirements import MILESTONES, Status
from bot.i18n import say
from handlers.slack.blocks.cards import Message, ref
from handlers.slack.blocks.receipts import status_line
from handlers.slack.blocks.text import Block, Mrkdwn, actions, button, context, escape, mrkdwn, quote, section
from handlers.slack.facts import Facts
from storage.feedback import Question
from storage.requirements import Move

MOST_BLOCKS = 45
MOST_CHARACTERS = 11_000
"""One message's room, with a margin: Slack takes 50 blocks and about 13,200 characters."""

ITEM_BLOCKS = 4
ITEM_CHARACTERS = 700
"""What an item takes at most, apart from what somebody wrote in it and the names it bears."""


@dataclass(frozen=True)
class Item:
    """One thing to tell: a move, a question, an answer, a vote's end, or that it became a requirement."""

    id: str
    kind: str
    number: int
    facts: Facts


def is_milestone(item: Item) -> bool:
    """Milestones, questions and answers also stand at the foot of the DM."""
    if item.kind != "move":
        return item.kind in {"question", "answer"}
    return Status(_move_of(item).after) in MILESTONES


def fitting(items: list[Item]) -> int:
    """Return how many of the items, from the first, fit into one message; at least one does."""
    characters = 0
    for count, item in enumerate(items):
        characters += ITEM_CHARACTERS + len(escape(_named(item))) + len(_written(item))
        if count and (characters > MOST_CHARACTERS or (count + 1) * ITEM_BLOCKS > MOST_BLOCKS):
            return count
    return len(items)


def _named(item: Item) -> str:
    """Return what names an item twice, in its headline and in the text beside the blocks."""
    return 2 * (item.facts.feedback.title + item.facts.customer.name)


def _written(item: Item) -> str:
    """Return what somebody wrote in an item: a manager's sentence, a question, an answer."""
    if item.kind == "move":
        return _move_of(item).sentence or ""
    if item.kind == "question":
        return _question_of(item).question
    return item.facts.feedback.answer or "" if item.kind == "answer" else ""


def news(items: list[Item], locale: str) -> Message:
    """Return text and blocks of the news for one person, oldest first."""
    blocks = [block for item in items for block in _item(item, locale)]
    return {"text": _text(items, locale), "blocks": blocks}


def _move_of(item: Item) -> Move:
    return next(move for move in item.facts.moves if move.number == item.number)


def _question_of(item: Item) -> Question:
    return next(question for question in item.facts.questions if question.number == item.number)


def _text(items: list[Item], locale: str) -> Mrkdwn:
    if len(items) == 1:
        return headline(items[0], locale)
    return mrkdwn(locale, "news.many", n=len(items))


def _item(item: Item, locale: str) -> list[Block]:
    if item.kind == "move":
        return _move(item, locale)
    blocks = [section(headline(item, locale))]
    if item.kind == "answer":
        return [*blocks, quote(item.facts.feedback.answer or "")]
    if item.kind == "question":
        return [*blocks, *_question(item, locale)]
    return blocks


def _move(item: Item, locale: str) -> list[Block]:
    """Headline, the manager's sentence as written, and what comes next if this is still the newest state."""
    move = _move_of(item)
    blocks = [section(headline(item, locale))]
    if move.reason:
        blocks.append(context(mrkdwn(locale, "news.reason", reason=say(locale, f"reason.{move.reason}"))))
    if move.sentence:
        blocks.append(quote(move.sentence))
    if move.number == len(item.facts.moves):
        blocks.append(context(status_line(item.facts, locale)))
    return blocks


def _question(item: Item, locale: str) -> list[Block]:
    question = _question_of(item)
    blocks = [quote(question.question)]
    if question.answer is None:
        blocks.append(actions(button(say(locale, "button.reply"), "answer_reply", str(question.number))))
    return blocks


def headline(item: Item, locale: str) -> Mrkdwn:
    """Return what changed, in one sentence."""
    facts = item.facts
    names = {"ref": ref(facts), "title": facts.feedback.title, "customer": facts.customer.name}
    if item.kind == "move":
        move = _move_of(item)
        status = say(locale, f"status.{move.after}")
        if move.by is None:
            return mrkdwn(locale, "news.move_by_vote", status=status, **names)
        return mrkdwn(locale, "news.move", status=status, name=facts.name(move.by), **names)
    if item.kind == "round":
        result = facts.vote.result if facts.vote else None
        return mrkdwn(locale, f"news.round_{result}", **names)
    name = facts.name(_who(item) or "")
    return mrkdwn(locale, f"news.{item.kind}", name=name, **names)


def _who(item: Item) -> str | None:
    if item.kind == "question":
        return _question_of(item).asked_by
    return item.facts.feedback.answered_by
