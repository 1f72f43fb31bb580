"""News to one person: what changed, why, what comes next. Several items make one message, many a line each."""

from dataclasses import dataclass

from bot.domain.feedback import shorten
from bot.domain.requirements import MILESTONES, Status
from bot.i18n import FALLBACK, LOCALES, say
from handlers.slack.blocks.cards import Message, ref
from handlers.slack.blocks.receipts import status_line
from handlers.slack.blocks.text import Block, Mrkdwn, actions, button, context, escape, mrkdwn, quote, section
from handlers.slack.facts import Facts
from storage.changes import RecordChange
from storage.feedback import Question
from storage.requirements import Move

MOST_BLOCKS = 45
MOST_CHARACTERS = 11_000
"""One message's room, with a margin: Slack takes 50 blocks and about 13,200 characters."""

ITEM_BLOCKS = 4
ITEM_CHARACTERS = 700
"""What an item takes at most, apart from what somebody wrote in it and the names it bears."""

BRIEF_FROM = 4
"""From how many items on a message has a line for each."""

LINE_CHARACTERS = 150
"""What a line takes at most, apart from the names it bears and the sentence in it."""

LINE_SENTENCE = 120
"""How many characters of a manager's sentence a line shows; the receipt's details have all of it."""

STATES = frozenset({"move", "round", "requirement"})
"""Kinds that tell of a state; a newer one makes an older one of the same feedback old news."""

QUESTIONS = frozenset({"question", "chase", "unanswered"})
"""Kinds that quote a question: to its filer, once more to its filer, and then to the managers."""

TO_OTHERS = frozenset({"edited", "unanswered"})
"""Kinds that are told to others than the filer."""

CHANGES = frozenset({"edited", "withdrawn", "reopened"})
"""Kinds that tell of a change of the feedback itself; their number is the change's."""

WORDS = 300
"""How many characters of changed words are told."""


@dataclass(frozen=True)
class Item:
    """One thing to tell: a move, a question (and that it still waits), an answer, a vote's end, a new requirement."""

    id: str
    kind: str
    number: int
    facts: Facts


def is_milestone(item: Item) -> bool:
    """Milestones, and what wants an answer or brings one, also stand at the foot of the DM."""
    if item.kind != "move":
        return item.kind in {"question", "chase", "answer"}
    return Status(_move_of(item).after) in MILESTONES


def newest(items: list[Item]) -> list[Item]:
    """Leave out what newer items of the same feedback have overtaken: former moves, votes before a move."""
    last = {item.facts.feedback.number: item.id for item in items if item.kind in STATES}
    return [item for item in items if item.kind not in STATES or last[item.facts.feedback.number] == item.id]


def is_brief(items: list[Item]) -> bool:
    """Say whether items are so many that each has only a line."""
    return len(items) >= BRIEF_FROM


def fitting(items: list[Item]) -> int:
    """Return how many of the items, from the first, fit into one message; at least one does."""
    characters = blocks = 0
    brief = is_brief(items)
    for count, item in enumerate(items):
        if brief and item.kind in STATES:
            characters, blocks = characters + LINE_CHARACTERS + len(_line(item, FALLBACK)), blocks + 1
        else:
            characters += ITEM_CHARACTERS + len(escape(_named(item))) + len(_written(item))
            blocks += ITEM_BLOCKS
        if count and (characters > MOST_CHARACTERS or blocks > MOST_BLOCKS):
            return count
    return len(items)


def _named(item: Item) -> str:
    """Return what names an item twice, in its headline and in the text beside the blocks."""
    return 2 * (item.facts.feedback.title + item.facts.customer.name)


def _written(item: Item) -> str:
    """Return what somebody wrote in an item: a manager's sentence, a question, an answer."""
    if item.kind == "move":
        return _move_of(item).sentence or ""
    if item.kind in QUESTIONS:
        return _question_of(item).question
    if item.kind == "edited":
        return shorten(item.facts.feedback.words, WORDS)
    return item.facts.feedback.answer or "" if item.kind == "answer" else ""


def news(items: list[Item], locale: str) -> Message:
    """Return text and blocks of the news for one person, oldest first; many changes of state are a line each."""
    if not is_brief(items):
        return {"text": _text(items, locale), "blocks": [block for item in items for block in _item(item, locale)]}
    lines = [section(_line(item, locale)) for item in items if item.kind in STATES]
    others = [block for item in items if item.kind not in STATES for block in _item(item, locale)]
    title = _title(items, locale)
    return {"text": title, "blocks": [section(Mrkdwn(f"*{title}*")), *lines, *others]}


def _line(item: Item, locale: str) -> Mrkdwn:
    """The headline, and what the manager wrote; where that is what we had written for them, the reason."""
    move = _move_of(item) if item.kind == "move" else None
    if move and move.sentence and not _is_ours(move):
        short = shorten(" ".join(move.sentence.split()), LINE_SENTENCE)
        return mrkdwn(locale, "news.line", news=headline(item, locale), sentence=short)
    if move and move.reason:
        reason = say(locale, f"reason.{move.reason}")
        return mrkdwn(locale, "news.line_reason", news=headline(item, locale), reason=reason)
    return headline(item, locale)


def _is_ours(move: Move) -> bool:
    """Say whether a sentence says no more than the status: the form opened with it, and nobody changed it."""
    return move.sentence in {say(locale, f"sentence.{move.after}") for locale in LOCALES}


def _move_of(item: Item) -> Move:
    return next(move for move in item.facts.moves if move.number == item.number)


def is_told(change: RecordChange, kind: str) -> bool:
    """Say whether a change makes news of a kind: of edits only those of the words do."""
    return change.what == kind and (kind != "edited" or "words" in change.before)


def _change_of(item: Item) -> RecordChange:
    changes = item.facts.changes_of(f"F-{item.facts.feedback.number}")
    return next(change for change in changes if change.number == item.number)


def _question_of(item: Item) -> Question:
    return next(question for question in item.facts.questions if question.number == item.number)


def _text(items: list[Item], locale: str) -> Mrkdwn:
    if len(items) == 1:
        return headline(items[0], locale)
    return _title(items, locale)


def _title(items: list[Item], locale: str) -> Mrkdwn:
    """Voters and managers also hear of what others filed."""
    key = "news.many_mixed" if any(item.kind in TO_OTHERS for item in items) else "news.many"
    return mrkdwn(locale, key, n=len(items))


def _item(item: Item, locale: str) -> list[Block]:
    if item.kind == "move":
        return _move(item, locale)
    blocks = [section(headline(item, locale))]
    if item.kind == "answer":
        return [*blocks, quote(item.facts.feedback.answer or "")]
    if item.kind in QUESTIONS:
        return [*blocks, *_question(item, locale)]
    if item.kind == "edited":
        details = button(say(locale, "menu.details"), "feedback_view", str(item.facts.feedback.number))
        return [*blocks, quote(_written(item)), actions(details)]
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
    if question.answer is None and item.kind != "unanswered":
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
    if item.kind == "edited" and facts.requirement:
        names["title"] = facts.requirement.title  # voters know it by that
    name = facts.name(_who(item) or "")
    return mrkdwn(locale, f"news.{item.kind}", name=name, **names)


def _who(item: Item) -> str | None:
    if item.kind == "unanswered":
        return item.facts.feedback.filed_by
    if item.kind in QUESTIONS:
        return _question_of(item).asked_by
    if item.kind in CHANGES:
        return _change_of(item).by
    return item.facts.feedback.answered_by
