"""The form with which a manager changes a status."""

from bot.domain.requirements import MOVES, REASONS, ROLLED_BACK, SENTENCE_MAX, TARGET_MAX, Status
from bot.i18n import say
from handlers.slack.blocks.text import (
    Block,
    choice,
    context,
    hinted,
    labelled,
    modal,
    mrkdwn,
    option,
    plain,
    text_input,
    titled_quote,
)
from handlers.slack.facts import Facts
from storage.requirements import Requirement


def change_form(facts: Facts, locale: str, listener: str, to: Status | None, metadata: str) -> Block:
    """Return the modal with the allowed moves only.

    The sentence is prefilled in the `listener`'s language; its block id names the status, so that choosing another
    status brings that status's sentence.
    """
    requirement = facts.requirement
    assert requirement  # noqa: S101 - the menu offers it on requirements only
    allowed = MOVES[Status(requirement.status)]
    if not allowed:
        return _nothing_to_do(facts, locale)
    to = to if to in allowed else allowed[0]
    return modal(
        "requirement_change",
        say(locale, "change.title"),
        [
            titled_quote(f"R-{requirement.number} · {requirement.title}", None),
            context(mrkdwn(locale, "card.status", status=say(locale, f"status.{requirement.status}"))),
            _status(locale, allowed, to),
            *_facts_of(locale, listener, requirement, to),
        ],
        submit=plain(say(locale, "change.submit")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )


def _nothing_to_do(facts: Facts, locale: str) -> Block:
    status = facts.requirement.status if facts.requirement else ""
    line = mrkdwn(locale, "change.none", status=say(locale, f"status.{status}"))
    return modal("requirement_final", say(locale, "change.title"), [context(line)])


def _status(locale: str, allowed: tuple[Status, ...], to: Status) -> Block:
    options = [option(say(locale, f"status.{status}"), status.value) for status in allowed]
    element = {
        "type": "static_select",
        "action_id": "requirement_to",
        "options": options,
        "initial_option": options[allowed.index(to)],
    }
    return labelled(locale, "status", element, dispatch_action=True)


def _facts_of(locale: str, listener: str, requirement: Requirement, to: Status) -> list[Block]:
    blocks = []
    if to in REASONS:
        blocks.append(labelled(locale, "reason", choice(locale, "reason", list(REASONS[to])), block_id=f"reason:{to}"))
    if to is Status.ACCEPTED:
        target = text_input(locale, "target", longest=TARGET_MAX, optional=True, initial=requirement.target)
        blocks.append(hinted(target, say(locale, "form.target.hint")))
    rolled_back = (requirement.status, to) == (Status.SHIPPED, Status.IN_PROGRESS)
    needed = to in REASONS or to is Status.IN_REVIEW
    sentence = text_input(
        locale,
        "sentence",
        longest=SENTENCE_MAX,
        multiline=True,
        optional=not needed,
        initial=say(listener, f"sentence.{ROLLED_BACK if rolled_back else to}"),
        block_id=f"sentence:{to}",
    )
    return [*blocks, hinted(sentence, say(locale, "form.sentence.hint"))]
