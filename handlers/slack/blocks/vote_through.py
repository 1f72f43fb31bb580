"""Voting through: the modal that shows one open round after another, and what closes it."""

from collections.abc import Sequence

from bot.domain.feedback import shorten
from bot.domain.votes import WHY_MAX, Choice
from bot.i18n import say
from handlers.slack.blocks.cards import about, deadline, ref, tally
from handlers.slack.blocks.lists import bullets
from handlers.slack.blocks.text import (
    Block,
    context,
    hinted,
    labelled,
    modal,
    mrkdwn,
    option,
    plain,
    section,
    text_input,
    titled_quote,
)
from handlers.slack.facts import Facts

SKIP = "skip"
"""The answer that casts no vote."""

QUOTE = 1000
"""How many characters of the customer's words a round shows; the card's details have all of them."""

LISTED = 10
"""How many skipped rounds the end names."""


def round_view(
    facts: Facts, locale: str, viewer: str, progress: tuple[int, int], notes: Sequence[Block], metadata: str
) -> Block:
    """Return the modal of one round: what came of the one before (`notes`), what it is about, the answer.

    `progress` is which one of how many. The ids of its inputs name the round, or Slack would keep the former answer.
    """
    before: list[Block] = [*notes, {"type": "divider"}] if notes else []
    blocks = [*before, *_about(facts, locale, viewer, progress), *_inputs(facts, locale)]
    return modal(
        "vote_through",
        say(locale, "through.title"),
        blocks,
        submit=plain(say(locale, "through.submit")),
        close=plain(say(locale, "through.stop")),
        private_metadata=metadata,
    )


def _about(facts: Facts, locale: str, viewer: str, progress: tuple[int, int]) -> list[Block]:
    requirement, item = facts.requirement, facts.feedback
    title = requirement.title if requirement else item.title
    at, total = progress
    blocks = [
        context(mrkdwn(locale, "through.progress", at=at, total=total), *deadline(facts, locale)),
        titled_quote(f"{ref(facts)} · {title}", shorten(item.words, QUOTE)),
    ]
    if item.scenario:
        blocks.append(titled_quote(say(locale, "details.scenario"), item.scenario))
    return [*blocks, context(about(facts, locale, viewer)), context(tally(facts, locale))]


def _inputs(facts: Facts, locale: str) -> list[Block]:
    assert facts.vote  # noqa: S101 - drawn for open rounds only
    which = f"{facts.vote.requirement}-{facts.vote.number}"
    options = [option(say(locale, f"choice.{choice}"), choice.value) for choice in Choice]
    options.append(option(say(locale, "through.skip"), SKIP))
    radio: Block = {"type": "radio_buttons", "action_id": "choice", "options": options}
    why = text_input(locale, "why", longest=WHY_MAX, optional=True, block_id=f"why:{which}")
    return [
        labelled(locale, "choice", radio, block_id=f"choice:{which}"),
        hinted(why, say(locale, "form.why.hint_anonymous" if facts.vote.anonymous else "form.why.hint")),
    ]


def end_view(locale: str, voted: int, skipped: Sequence[str], waiting: int, notes: Sequence[Block]) -> Block:
    """Return the modal that ends it: how many votes, what was skipped (a line each), how many rounds still wait."""
    words = mrkdwn(locale, "through.voted", n=voted) if voted else mrkdwn(locale, "through.voted_none")
    blocks = [*notes, section(words)]
    if skipped:
        blocks.append(section(mrkdwn(locale, "through.skipped", n=len(skipped))))
        blocks.append(bullets((None, skipped[:LISTED])))
    if len(skipped) > LISTED:
        blocks.append(context(mrkdwn(locale, "list.more", n=len(skipped) - LISTED)))
    last = mrkdwn(locale, "through.waiting", n=waiting) if waiting else mrkdwn(locale, "through.nothing")
    return _ending(locale, [*blocks, context(last)])


def nothing_view(locale: str) -> Block:
    """Return the modal for who has nothing to vote on."""
    return _ending(locale, [section(mrkdwn(locale, "through.nothing"))])


def _ending(locale: str, blocks: list[Block]) -> Block:
    return modal("vote_through_end", say(locale, "through.title"), blocks, close=plain(say(locale, "through.close")))


def closed_note(locale: str, closed: Sequence[tuple[str, str]]) -> Block:
    """Say which rounds closed before the person came to them, and with what result: (R-7, approved)."""
    said = [
        say(locale, "through.closed_item", ref=ref, result=say(locale, f"result.{result}")) for ref, result in closed
    ]
    votes = shorten(say(locale, "list.comma").join(said), 500)
    return context(mrkdwn(locale, "through.closed", votes=votes))


def refused_note(locale: str, ref: str, why_not: str, line: str) -> list[Block]:
    """Say why a vote did not count, and give back the line of why that went with it."""
    blocks = [section(mrkdwn(locale, "through.refused", ref=ref, sentence=why_not))]
    return [*blocks, titled_quote(say(locale, "through.unsaved"), line)] if line else blocks
