"""The modal in which a meeting decides one requirement after another."""

from dataclasses import dataclass, field, replace

from bot.domain.digest import Why
from bot.domain.feedback import shorten
from bot.domain.requirements import Status
from bot.i18n import listed, say
from bot.services.digest import Item
from handlers.slack.blocks.cards import about
from handlers.slack.blocks.details import whys
from handlers.slack.blocks.digest import outcome
from handlers.slack.blocks.requirements import move_fields
from handlers.slack.blocks.text import (
    Block,
    Mrkdwn,
    context,
    labelled,
    modal,
    mrkdwn,
    option,
    plain,
    quote,
    section,
    titled_quote,
)
from handlers.slack.facts import Facts
from storage.requirements import Requirement

SKIPPED, ELSEWHERE = "skipped", "elsewhere"
CHOICES = (Status.ACCEPTED.value, Status.DECLINED.value, Status.DEFERRED.value, SKIPPED)
"""What can be done with each requirement."""

OUTCOMES = (*CHOICES, ELSEWHERE)
"""What became of each: a choice of this walk, or decided by somebody else meanwhile."""

WORDS = 1000
ANSWER = 500
"""How many characters of the customer's words, and of a question and its answer, are shown."""


@dataclass(frozen=True)
class Walk:
    """How far a walk has come. `todo` are the requirements still to go through, the one shown first.

    `decided` were decided in this walk; `counts` say what became of all; `more` did not fit into the walk.
    """

    nonce: str
    total: int
    todo: tuple[int, ...]
    decided: tuple[int, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    more: int = 0

    def past(self, outcome: str, *, decided: bool = False) -> "Walk":
        """Return the walk with the requirement shown gone through."""
        shown, *todo = self.todo
        counts = {**self.counts, outcome: self.counts.get(outcome, 0) + 1}
        return replace(
            self, todo=tuple(todo), counts=counts, decided=(*self.decided, shown) if decided else self.decided
        )

    @property
    def place(self) -> int:
        """Which of all is shown, from 1."""
        return self.total - len(self.todo) + 1


def decide_form(
    walk: Walk, item: Item, facts: Facts, locale: str, viewer: str, metadata: str, note: list[Block]
) -> Block:
    """Return the modal for one requirement, with a `note` on what came in between; its fields follow the choice."""
    requirement = facts.requirement
    assert requirement  # noqa: S101 - walks lead from requirement to requirement
    blocks = [
        *note,
        context(mrkdwn(locale, "walk.place", place=walk.place, total=walk.total), _why(item, locale)),
        titled_quote(f"R-{requirement.number} · {requirement.title}", shorten(facts.feedback.words, WORDS)),
        context(about(facts, locale, viewer)),
        *_answered(item, facts),
        context(outcome(item, facts, locale)),
        *whys(facts, locale),
        _choice(locale, requirement.number),
    ]
    return _modal(locale, blocks, metadata)


def _why(item: Item, locale: str) -> Mrkdwn:
    """Return why it needs a decision, and for how long."""
    why = say(locale, f"agenda.{item.why}")
    return mrkdwn(locale, "walk.why", why=why, n=item.days) if item.days else mrkdwn(locale, "walk.why_today", why=why)


def _modal(locale: str, blocks: list[Block], metadata: str) -> Block:
    return modal(
        "decide_through",
        say(locale, "walk.title"),
        blocks,
        submit=plain(say(locale, "walk.submit")),
        close=plain(say(locale, "walk.close")),
        notify_on_close=True,
        private_metadata=metadata,
    )


def _answered(item: Item, facts: Facts) -> list[Block]:
    """The newest question that was answered, when the answer is why it is here."""
    answered = [question for question in facts.questions if question.answer]
    if item.why is not Why.ANSWERED or not answered:
        return []
    newest = answered[-1]
    return [titled_quote(shorten(newest.question, ANSWER), shorten(newest.answer or "", ANSWER))]


def _choice(locale: str, number: int) -> Block:
    options = [option(say(locale, f"decision.{choice}"), choice) for choice in CHOICES]
    element = {"type": "radio_buttons", "action_id": "decide_choice", "options": options}
    return labelled(locale, "decision", element, block_id=f"decision:{number}", dispatch_action=True)


def with_choice(opened: Block, locale: str, listener: str, requirement: Requirement, choice: str) -> Block:
    """Return the open form with the fields of another choice. All above them is as it was, and so is what was typed."""
    mark = f":{requirement.number}"
    ids = [str(block["block_id"]) for block in opened["blocks"]]
    kept = opened["blocks"][: ids.index(f"decision{mark}") + 1]
    fields = [] if choice == SKIPPED else move_fields(locale, listener, requirement, Status(choice), mark)
    return _modal(locale, [*kept, *fields], opened["private_metadata"])


def overtaken(facts: Facts, locale: str, written: str | None) -> list[Block]:
    """Say kindly that the requirement was decided by somebody else; what was written for it is given back."""
    requirement = facts.requirement
    assert requirement  # noqa: S101 - walks lead from requirement to requirement
    ref, title = f"R-{requirement.number}", requirement.title
    back = [context(mrkdwn(locale, "walk.written")), quote(written)] if written else []
    return [section(_meanwhile(facts, requirement, locale, ref=ref, title=title)), *back, {"type": "divider"}]


def _meanwhile(facts: Facts, requirement: Requirement, locale: str, **named: str) -> Mrkdwn:
    if requirement.withdrawn_at is not None:
        return mrkdwn(locale, "walk.withdrawn", **named)
    if facts.vote is not None and facts.vote.closed_at is None:
        return mrkdwn(locale, "walk.reopened", **named)
    status, by = say(locale, f"status.{requirement.status}"), facts.moves[-1].by if facts.moves else None
    if by is None:
        return mrkdwn(locale, "walk.by_vote", status=status, **named)
    return mrkdwn(locale, "walk.decided", status=status, name=facts.name(by), **named)


def finished(walk: Walk, locale: str, note: list[Block]) -> Block:
    """Return the last view: what became of all of them, and what still waits."""
    counts = [say(locale, f"walked.{name}", n=count) for name in OUTCOMES if (count := walk.counts.get(name))]
    text = mrkdwn(locale, "walk.done", counts=listed(locale, counts)) if counts else _none(locale)
    lines = [mrkdwn(locale, "walk.told")] if walk.decided else []
    lines += [mrkdwn(locale, "walk.more", n=walk.more)] if walk.more else []
    blocks = [*note, section(text), *map(context, lines)]
    close = plain(say(locale, "details.close"))
    return modal("decide_through_done", say(locale, "walk.title"), blocks, close=close)


def _none(locale: str) -> Mrkdwn:
    return mrkdwn(locale, "walk.none")
