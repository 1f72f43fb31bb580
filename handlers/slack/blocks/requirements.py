"""The forms with which a manager changes a status, and edits title and description."""

from bot.domain.feedback import TITLE_MAX
from bot.domain.requirements import (
    DESCRIPTION_MAX,
    MOVES,
    REASONS,
    ROLLED_BACK,
    SENTENCE_MAX,
    TARGET_MAX,
    Status,
)
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
            *move_fields(locale, listener, requirement, to),
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


def move_fields(locale: str, listener: str, requirement: Requirement, to: Status, mark: str = "") -> list[Block]:
    """Return the fields that a move to a status has: reason, target, and the sentence in the `listener`'s language.

    `mark` at the end of their block ids keeps what was typed in them from another requirement's.
    """
    blocks = []
    if to in REASONS:
        reasons = choice(locale, "reason", list(REASONS[to]))
        blocks.append(labelled(locale, "reason", reasons, block_id=f"reason:{to}{mark}"))
    if to is Status.ACCEPTED:
        initial, block_id = requirement.target, f"target{mark}"
        target = text_input(locale, "target", longest=TARGET_MAX, optional=True, initial=initial, block_id=block_id)
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
        block_id=f"sentence:{to}{mark}",
    )
    return [*blocks, hinted(sentence, say(locale, "form.sentence.hint"))]


def edit_form(locale: str, requirement: Requirement, metadata: str) -> Block:
    """Return the modal with title and description as they are."""
    title = text_input(locale, "headline", longest=TITLE_MAX, initial=requirement.title, block_id="title")
    described = text_input(
        locale,
        "description",
        longest=DESCRIPTION_MAX,
        multiline=True,
        optional=True,
        initial=requirement.description,
    )
    return modal(
        "requirement_edit",
        say(locale, "edit_requirement.title", ref=f"R-{requirement.number}"),
        [title, hinted(described, say(locale, "form.description.hint"))],
        submit=plain(say(locale, "edit.submit")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )
