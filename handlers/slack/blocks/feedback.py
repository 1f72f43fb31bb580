"""The filing form, the same for editing, and the small forms around feedback: answer, ask, reply, reopen."""

from dataclasses import dataclass

from bot.domain.feedback import (
    CUSTOMER_MAX,
    SHORT_TEXT_MAX,
    TITLE_MAX,
    WORDS_MAX,
    Kind,
    Stake,
    Urgency,
    title_from,
)
from bot.domain.votes import WHY_MAX
from bot.i18n import say
from handlers.slack.blocks.text import (
    Block,
    Mrkdwn,
    actions,
    button,
    choice,
    context,
    hinted,
    labelled,
    modal,
    mrkdwn,
    option,
    plain,
    text_input,
)
from storage.customers import Customer
from storage.feedback import Feedback

NEW = "new:"
"""Begins the value of an option that adds a customer; the name follows."""

NO_STAKE = "none"
"""The choice that nothing is at stake."""


@dataclass(frozen=True)
class FormStart:
    """What the filing form opens with. `channel`: where the card will be posted, None while no admin said so."""

    words: str = ""
    customer: Customer | None = None
    channel: str | None = None
    from_message: bool = False
    cut: bool = False
    metadata: str = ""
    urgency: Urgency = Urgency.UNSAID
    title: str | None = None
    scenario: str | None = None
    stake: str | None = None
    said_by: str | None = None
    hide_customer: bool = False


def filing_form(locale: str, start: FormStart) -> Block:
    """Return the modal with the fields most feedback needs."""
    blocks = [
        _words(locale, start),
        _customer(locale, start),
        _kind(locale),
        _urgency(locale, start),
        _more_button(locale),
        _where(locale, start.channel),
    ]
    if start.from_message:
        blocks.insert(0, context(mrkdwn(locale, "form.from_message")))
    if start.cut:
        blocks.insert(0, context(mrkdwn(locale, "form.words_cut", longest=WORDS_MAX)))
    return _filing_modal(locale, blocks, start.metadata)


def with_more_fields(locale: str, opened: Block) -> Block:
    """Return the open form with the rest of the fields. Its inputs are as they were, so Slack keeps what was typed.

    So is its metadata: sent before or after this, it is one filing.
    """
    blocks = [block for block in opened["blocks"] if block["block_id"] not in {"more", "where"}]
    where = [block for block in opened["blocks"] if block["block_id"] == "where"]
    return _filing_modal(locale, [*blocks, *_more_fields(locale, FormStart()), *where], opened["private_metadata"])


def edit_form(locale: str, item: Feedback, customer: Customer, metadata: str) -> Block:
    """Return the filing form with all its fields as they are, but for the kind. A title made from the words is blank.

    So it follows the words again.
    """
    start = FormStart(
        words=item.words,
        customer=customer,
        urgency=Urgency(item.urgency),
        title=None if item.title == title_from(item.words) else item.title,
        scenario=item.scenario,
        stake=item.stake or NO_STAKE,
        said_by=item.said_by,
        hide_customer=item.hide_customer,
    )
    return modal(
        "feedback_edit",
        say(locale, "edit.title"),
        [_words(locale, start), _customer(locale, start), _urgency(locale, start), *_more_fields(locale, start)],
        submit=plain(say(locale, "edit.submit")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )


def _filing_modal(locale: str, blocks: list[Block], metadata: str) -> Block:
    return modal(
        "feedback_file",
        say(locale, "form.title"),
        blocks,
        submit=plain(say(locale, "form.submit")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )


def _words(locale: str, start: FormStart) -> Block:
    return text_input(locale, "words", longest=WORDS_MAX, multiline=True, initial=start.words or None)


def _customer(locale: str, start: FormStart) -> Block:
    element: Block = {
        "type": "external_select",
        "action_id": "feedback_customer",
        "min_query_length": 0,
        "placeholder": plain(say(locale, "form.customer.placeholder")),
    }
    if start.customer:
        element["initial_option"] = known_customer(start.customer)
    return labelled(locale, "customer", element)


def _kind(locale: str) -> Block:
    return labelled(locale, "kind", choice(locale, "kind", [kind.value for kind in Kind], initial=Kind.NEED.value))


def _urgency(locale: str, start: FormStart) -> Block:
    values = [urgency.value for urgency in Urgency]
    return labelled(locale, "urgency", choice(locale, "urgency", values, initial=start.urgency.value))


def _more_button(locale: str) -> Block:
    return {**actions(button(say(locale, "button.more"), "feedback_more", "more")), "block_id": "more"}


def _where(locale: str, channel: str | None) -> Block:
    """Say where the card will be posted. Slack names a private channel to its members only."""
    if channel is None:
        said = mrkdwn(locale, "form.triage_unset")
    else:
        said = mrkdwn(locale, "form.where", channel=Mrkdwn(f"<#{channel}>"))
    return {**context(said), "block_id": "where"}


def _more_fields(locale: str, start: FormStart) -> list[Block]:
    title = text_input(locale, "headline", longest=TITLE_MAX, optional=True, initial=start.title, block_id="title")
    scenario, said_by = start.scenario, start.said_by
    return [
        hinted(title, say(locale, "form.headline.hint")),
        text_input(locale, "scenario", longest=SHORT_TEXT_MAX, multiline=True, optional=True, initial=scenario),
        labelled(locale, "stake", _stake(locale, start), optional=True),
        text_input(locale, "said_by", longest=SHORT_TEXT_MAX, optional=True, initial=said_by),
        _hide_customer(locale, start),
    ]


def _stake(locale: str, start: FormStart) -> Block:
    """A choice that was made cannot be cleared in Slack, so there is one for nothing then."""
    stakes = [stake.value for stake in Stake]
    if start.stake is None:
        return choice(locale, "stake", stakes)
    return choice(locale, "stake", [NO_STAKE, *stakes], initial=start.stake)


def _hide_customer(locale: str, start: FormStart) -> Block:
    hide = option(say(locale, "form.hide_customer.option"), "hide")
    checkboxes: Block = {"type": "checkboxes", "action_id": "hide_customer", "options": [hide]}
    if start.hide_customer:
        checkboxes["initial_options"] = [hide]
    return hinted(labelled(locale, "hide_customer", checkboxes, optional=True), say(locale, "form.hide_customer.hint"))


def known_customer(customer: Customer) -> Block:
    """Return the option of a customer we know."""
    return option(customer.name, str(customer.id))


def new_customer(locale: str, name: str) -> Block:
    """Return the option that adds a customer of this name."""
    name = name[:CUSTOMER_MAX]
    return option(say(locale, "form.customer.add", name=name), NEW + name)


TEXT_FORMS = {
    "answer_give": ("answer", "answer", WORDS_MAX),
    "answer_ask": ("ask", "question", WORDS_MAX),
    "answer_reply": ("reply", "answer", WORDS_MAX),
    "vote_why": ("why", "why", WHY_MAX),
    "feedback_reopen": ("reopen", "why", WHY_MAX),
}
"""Callback id -> whose title and submit label, which field, how long."""

OPTIONAL = frozenset({"feedback_reopen"})
"""Those whose text may be left out."""


def text_form(locale: str, callback_id: str, metadata: str, *intro: Block) -> Block:
    """Return one of TEXT_FORMS: a modal that asks for one text."""
    name, _, _ = TEXT_FORMS[callback_id]
    return modal(
        callback_id,
        say(locale, f"{name}.title"),
        [*intro, _text(locale, callback_id)],
        submit=plain(say(locale, f"{name}.submit")),
        close=plain(say(locale, "form.cancel")),
        private_metadata=metadata,
    )


def _text(locale: str, callback_id: str) -> Block:
    _, field, longest = TEXT_FORMS[callback_id]
    return text_input(locale, field, longest=longest, multiline=True, optional=callback_id in OPTIONAL)
