"""What a search found: a line and a button for each."""

from collections.abc import Callable, Sequence

from bot.domain.feedback import shorten
from bot.i18n import say
from handlers.slack.blocks.cards import Message
from handlers.slack.blocks.text import Block, Mrkdwn, button, context, mrkdwn, section
from storage.feedback import Feedback
from storage.search import Found


def results(
    locale: str, found: Sequence[Found], count: int, words: str, may_see_customer: Callable[[Feedback], bool]
) -> Message:
    """Return text and blocks of an answer to a search for `words`; `count` is how many there are in all."""
    if not found:
        return {"text": mrkdwn(locale, "find.nothing", words=shorten(words, 200))}
    text = mrkdwn(locale, "find.found", n=count)
    blocks = [context(text), *(_line(locale, one, may_see_customer(one[0])) for one in found)]
    if count > len(found):
        blocks.append(context(mrkdwn(locale, "find.more", n=count - len(found))))
    return {"text": text, "blocks": blocks}


def _line(locale: str, found: Found, may_see_customer: bool) -> Block:  # noqa: FBT001 - there are but two ways to draw it
    item = found[0]
    details = button(say(locale, "menu.details"), "feedback_view", str(item.number))
    return section(_words(locale, found, may_see_customer), accessory=details)


def _words(locale: str, found: Found, may_see_customer: bool) -> Mrkdwn:  # noqa: FBT001 - likewise
    item, customer, requirement = found
    facts = {
        "number": f"F-{item.number}",
        "title": item.title,
        "customer": customer.name if may_see_customer else say(locale, "customer.hidden"),
    }
    if requirement is None:
        return mrkdwn(locale, "find.line", status=say(locale, f"state.{item.state}"), **facts)
    status, ref = say(locale, f"status.{requirement.status}"), f"R-{requirement.number}"
    return mrkdwn(locale, "find.line_requirement", status=status, ref=ref, **facts)
