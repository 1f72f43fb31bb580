"""The small parts blocks are made of. User text is escaped here, where it is drawn, and nowhere else."""

from datetime import datetime
from typing import Any

from bot.i18n import say

Block = dict[str, Any]


class Mrkdwn(str):
    """Text that may stand in mrkdwn as it is."""

    __slots__ = ()


def escape(text: str) -> Mrkdwn:
    """Make any text harmless in mrkdwn: no mention, channel or link comes out of it."""
    return Mrkdwn(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def mrkdwn(locale: str, key: str, /, **params: object) -> Mrkdwn:
    """Return a sentence of the catalogue for mrkdwn; what fills it is escaped unless it is Mrkdwn already."""
    safe = {
        name: escape(value) if isinstance(value, str) and not isinstance(value, Mrkdwn) else value
        for name, value in params.items()
    }
    return Mrkdwn(say(locale, key, **safe))


def slack_time(when: datetime, otherwise: str) -> Mrkdwn:
    """Return a moment that Slack shows in each reader's own zone; `otherwise` stands where it cannot."""
    return Mrkdwn(f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{escape(otherwise)}>")


def clipped(text: str, longest: int) -> str:
    """Return a label that is at most so long. What names bring along may be cut, and it shows."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def plain(text: str) -> Block:
    """Return a plain_text object; Slack shows it as it is."""
    return {"type": "plain_text", "text": text, "emoji": True}


def section(text: Mrkdwn, **more: Any) -> Block:
    """Return a section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}, **more}


def context(*texts: Mrkdwn) -> Block:
    """Return a line of small grey text."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True} for text in texts]}


def actions(*elements: Block) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def button(label: str, action_id: str, value: str, **more: Any) -> Block:
    """Return a button. `label` comes from the catalogue and fits 75 characters."""
    return {"type": "button", "text": plain(clipped(label, 75)), "action_id": action_id, "value": value, **more}


def titled_quote(title: str, quote: str | None) -> Block:
    """Return a bold title over a quote, as rich text: nothing in either is read as markup."""
    elements: list[Block] = [{"type": "rich_text_section", "elements": [_text(title, bold=True)]}]
    if quote:
        elements.append({"type": "rich_text_quote", "elements": [_text(quote)]})
    return {"type": "rich_text", "elements": elements}


def line(text: str) -> Block:
    """Return a line as rich text. Slack does not let an update take the rich text out of a message altogether."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [_text(text)]}]}


def quote(text: str) -> Block:
    """Return somebody's words as they wrote them."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [_text(text)]}]}


def _text(text: str, *, bold: bool = False) -> Block:
    element: Block = {"type": "text", "text": text}
    return {**element, "style": {"bold": True}} if bold else element


def option(text: str, value: str) -> Block:
    """Return an option of a select: text and value fit Slack's 75 and 150 characters."""
    return {"text": plain(clipped(text, 75)), "value": value[:150]}


def text_input(
    locale: str,
    name: str,
    *,
    longest: int,
    multiline: bool = False,
    optional: bool = False,
    initial: str | None = None,
    block_id: str | None = None,
) -> Block:
    """Return a text field; its label is `form.<name>`, its hint `form.<name>.hint`.

    The field takes at most 3000 characters, Slack's own limit; whatever is longer than `longest` we refuse ourselves.
    """
    element: Block = {"type": "plain_text_input", "action_id": name, "multiline": multiline}
    if longest < 3000:  # noqa: PLR2004 - Slack's limit, and its default
        element["max_length"] = longest
    if initial:
        element["initial_value"] = initial[:longest]
    return labelled(locale, name, element, optional=optional, block_id=block_id)


def labelled(
    locale: str, name: str, element: Block, *, optional: bool = False, block_id: str | None = None, **more: Any
) -> Block:
    """Return an input around an element, with its label and hint from the catalogue."""
    block: Block = {
        "type": "input",
        "block_id": block_id or name,
        "label": plain(say(locale, f"form.{name}")),
        "element": element,
        "optional": optional,
        **more,
    }
    return block


def hinted(block: Block, text: str) -> Block:
    """Return an input with a hint under it."""
    return {**block, "hint": plain(text)}


def choice(locale: str, name: str, values: list[str], *, initial: str | None = None) -> Block:
    """Return a select over an enum's values; labels are `<name>.<value>`."""
    options = [option(say(locale, f"{name}.{value}"), value) for value in values]
    element: Block = {"type": "static_select", "action_id": name, "options": options}
    if initial is not None:
        element["initial_option"] = options[values.index(initial)]
    return element


def modal(callback_id: str, title: str, blocks: list[Block], **more: Any) -> Block:
    """Return a modal view."""
    return {"type": "modal", "callback_id": callback_id, "title": plain(clipped(title, 24)), "blocks": blocks, **more}
