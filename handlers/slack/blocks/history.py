"""What became of a record, in plain sentences and in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.feedback import shorten, title_from
from bot.i18n import listed, moment, say
from handlers.slack.blocks.text import Block, Mrkdwn, context, mrkdwn, quote, slack_time
from handlers.slack.facts import Facts
from storage.changes import RecordChange
from storage.feedback import Question
from storage.requirements import Move

SENTENCE = 480
"""How many characters of a manager's sentence the history shows; the requester has all of it."""

FORMER = 300
"""How many characters of what it said before the history shows."""

QUOTED = ("title", "words", "description")
"""What is quoted as it was before. The others are only named: who said it, and for whom, may have been hidden."""


@dataclass(frozen=True)
class _Entry:
    at: datetime
    blocks: list[Block]


def history(facts: Facts, locale: str, most: int) -> list[Block]:
    """Return the filing, and the newest `most` of what happened since, the oldest first."""
    entries = sorted(_since(facts, locale), key=lambda entry: entry.at)
    left_out = max(len(entries) - most, 0)
    earlier = [context(mrkdwn(locale, "history.earlier", n=left_out))] if left_out else []
    shown = [block for entry in entries[left_out:] for block in entry.blocks]
    return [context(_filed(facts, locale)), *earlier, *shown]


def _since(facts: Facts, locale: str) -> Iterator[_Entry]:
    """Everything but the filing; what happened at the same moment in this order."""
    for change in _distinct(facts):
        yield _Entry(change.at, _changed(facts, locale, change))
    for move in facts.moves:
        yield _Entry(move.at, [context(_move(facts, locale, move))])
    for question in facts.questions:
        yield _Entry(question.asked_at, _asked(facts, locale, question))
        if question.answer is not None and question.answered_at is not None:
            yield _Entry(question.answered_at, _answered(facts, locale, question))


def _distinct(facts: Facts) -> list[RecordChange]:
    """Return the changes without those of a requirement's title that only followed its feedback's."""
    led = {(change.by, change.at) for change in facts.changes if change.about[0] == "F" and "title" in change.before}
    return [change for change in facts.changes if change.about[0] == "F" or (change.by, change.at) not in led]


def _when(facts: Facts, locale: str, at: datetime) -> Mrkdwn:
    """A moment in the reader's own zone; the team's, said with its year, where Slack cannot show that."""
    return slack_time(at, moment(locale, at.astimezone(facts.policy.workspace.zone)))


def _filed(facts: Facts, locale: str) -> Mrkdwn:
    """By whoever filed it, also when somebody else has taken it over since."""
    filers = [change.before["filed_by"] for change in facts.changes if change.what == "taken_over"]
    filer, at = next(iter(filers), facts.feedback.filed_by), facts.feedback.filed_at
    return mrkdwn(locale, "history.filed", name=facts.name(filer), when=_when(facts, locale, at))


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
    when = _when(facts, locale, question.asked_at)
    asked = mrkdwn(locale, "history.asked", name=facts.name(question.asked_by), when=when)
    return [context(asked), quote(question.question)]


def _answered(facts: Facts, locale: str, question: Question) -> list[Block]:
    when = _when(facts, locale, question.answered_at or question.asked_at)
    answered = mrkdwn(locale, "history.answered", name=facts.name(question.answered_by or ""), when=when)
    return [context(answered), quote(question.answer or "")]


def _changed(facts: Facts, locale: str, change: RecordChange) -> list[Block]:
    who = {"name": facts.name(change.by), "when": _when(facts, locale, change.at)}
    if change.what == "edited":
        return _edited(locale, change, who)
    if change.what == "reopened":
        return _reopened(facts, locale, change, who)
    if change.what == "taken_over":
        before = facts.name(change.before["filed_by"])
        return [context(mrkdwn(locale, "history.taken_over", before=before, **who))]
    return [context(mrkdwn(locale, "history.withdrawn", **who))]


def _edited(locale: str, change: RecordChange, who: dict[str, str]) -> list[Block]:
    named = [say(locale, f"field.{name.removesuffix('_id')}") for name in change.before]
    fields = listed(locale, named)
    former = [shorten(change.before[name], FORMER) for name in QUOTED if _is_quoted(change, name)]
    if not former:
        return [context(mrkdwn(locale, "history.edited", fields=fields, **who))]
    return [context(mrkdwn(locale, "history.edited_from", fields=fields, **who)), quote("\n".join(former))]


def _is_quoted(change: RecordChange, name: str) -> bool:
    """What was empty is not quoted, nor a title that is the beginning of the words quoted with it."""
    text, words = change.before.get(name), change.before.get("words")
    return bool(text) and not (name == "title" and words and text == title_from(words))


def _reopened(facts: Facts, locale: str, change: RecordChange, who: dict[str, str]) -> list[Block]:
    """What was answered once is quoted with the answer that did not settle it."""
    answer, why = change.before.get("answer"), change.before.get("why")
    if not answer:
        return [context(mrkdwn(locale, "history.reopened", **who))]
    by = facts.name(change.before.get("answered_by") or "")
    if why:
        text = mrkdwn(locale, "history.reopened_why", by=by, why=shorten(why, FORMER), **who)
    else:
        text = mrkdwn(locale, "history.reopened_answered", by=by, **who)
    return [context(text), quote(shorten(answer, FORMER))]
