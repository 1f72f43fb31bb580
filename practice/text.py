"""Reads messages and views as a person does: blocks in, plain text out.

Nothing here decides whether Slack would take a document (`practice.blocks` does), so every function puts up with
missing and odd parts: a transcript of a broken message is better than none.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from practice.mrkdwn import NO_NAMES, mentions, mrkdwn_text, unescaped, verbatim_text
from practice.rich_text import moment_text, objects_in, rich_notifications, rich_text

__all__ = ["button_labels", "message_text", "mrkdwn_text", "notifications", "overflow_labels", "view_text"]

Json = Mapping[str, Any]
Names = Mapping[str, str]


def message_text(message: Json, names: Names | None = None, *, buttons: bool = True) -> str:
    """Reads a message as it stands on screen.

    Args:
        message: A stored message or the arguments of chat.postMessage: `blocks` (a list), else `text`; `attachments`.
        names: What to show for the ids of people, channels and user groups.
        buttons: Whether to show what can be pressed or chosen, a line a block: "[Approve] [⋯ Details | Withdraw]".

    Returns:
        One or more lines; empty for an empty message.
    """
    shown = names or NO_NAMES
    parts = [_body_text(message, shown, buttons=buttons)]
    parts += [_body_text(part, shown, buttons=buttons) for part in objects_in(message, "attachments")]
    return _lines(parts)


def view_text(view: Json, names: Names | None = None) -> str:
    """Reads a modal or a Home tab as it stands on screen, with what was typed so far if the view has its `state`."""
    shown = names or NO_NAMES
    values = _inside(_inside(view, "state"), "values")
    blocks = [_filled(block, _inside(values, str(block.get("block_id")))) for block in _blocks(view)]
    foot = " ".join(f"[{_text(view[key], shown)}]" for key in ("close", "submit") if view.get(key))
    return _lines([_text(view.get("title"), shown), *(_block_text(block, shown) for block in blocks), foot])


def button_labels(message_or_view: Json) -> list[tuple[str, dict[str, Any]]]:
    """Lists the buttons on screen, in order.

    Returns:
        Pairs of a button's text as read and the element itself with the `block_id` of its block added.
    """
    return [
        (_text(element.get("text")) or str(element.get("accessibility_label", "")), element)
        for element in _elements(message_or_view)
        if _kind(element) in {"button", "workflow_button", "icon_button"}
    ]


def overflow_labels(message_or_view: Json) -> list[tuple[str, dict[str, Any]]]:
    """Lists what the overflow menus on screen offer, in order.

    Returns:
        Pairs of an option's text as read and its menu with `block_id` and, as in the payload of a choice,
        `selected_option` added.
    """
    return [
        (_text(option.get("text")), {**element, "selected_option": option})
        for element in _elements(message_or_view)
        if element.get("type") == "overflow"
        for option in objects_in(element, "options")
    ]


def notifications(message: Json) -> list[str]:
    """Lists everything in a message that would notify people, in its text, its blocks and its attachments.

    Returns:
        Mentions in mrkdwn's short form, each once and in order: `<@U1>`, `<!channel>`, `<!subteam^S1>`.
    """
    text = str(message.get("text") or "")
    found = list(mentions(text))
    if message.get("link_names") or message.get("parse") == "full":
        found += [f"<!{whom}>" for whom in _BARE_BROADCAST.findall(text)]
    found += [*_notifying(message.get("blocks")), *_notifying(message.get("attachments"))]
    return list(dict.fromkeys(found))


def _notifying(part: Any) -> Iterator[str]:
    if isinstance(part, list | tuple):
        yield from (found for item in part for found in _notifying(item))
    elif isinstance(part, Mapping):
        rich = rich_notifications(part)
        yield from (rich,) if rich else ()
        yield from (found for words in _marked_up(part) for found in mentions(words))
        yield from _notifying(list(part.values()))


def _marked_up(part: Json) -> Iterator[str]:
    """Yields the strings of one object which Slack reads as mrkdwn, among them the fields of old attachments."""
    if "type" in part and _kind(part) not in {"mrkdwn", "markdown"}:
        return
    keys = ("text", "pretext", "value") if "title" in part else ("text", "pretext")
    yield from (part[key] for key in keys if isinstance(part.get(key), str))


def _elements(message_or_view: Json) -> Iterator[dict[str, Any]]:
    """Yields every element one can act on, each with the id of its block."""
    for block in _blocks(message_or_view):
        yield from _elements_of(block)


def _elements_of(block: Json) -> Iterator[dict[str, Any]]:
    own = {"block_id": block["block_id"]} if "block_id" in block else {}
    for element in [
        *objects_in(block, "elements"),
        *objects_in(block, "actions"),
        *_single(block, "accessory", "element"),
    ]:
        if element.get("type") == "card":
            yield from _elements_of(element)
        else:
            yield {**element, **own}
    for child in objects_in(block, "child_blocks"):
        yield from _elements_of(child)


def _blocks(message_or_view: Json) -> list[Json]:
    return objects_in(message_or_view, "blocks")


def _inside(part: Json, key: str) -> Json:
    found = part.get(key)
    return found if isinstance(found, Mapping) else {}


def _values(part: Json, key: str) -> list[Any]:
    """Lists what stands under a key: the items of a list, one value alone, or nothing."""
    found = part.get(key)
    if isinstance(found, list | tuple):
        return list(found)
    return [] if found is None else [found]


def _kind(part: Json) -> str:
    return str(part.get("type"))


def _single(part: Json, *keys: str) -> list[Json]:
    return [part[key] for key in keys if isinstance(part.get(key), Mapping)]


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def _body_text(message: Json, names: Names, *, buttons: bool) -> str:
    blocks = _blocks(message)
    if blocks:
        return _lines(_block_text(block if buttons else _without_buttons(block), names) for block in blocks)
    words = str(message.get("text") or message.get("fallback") or "")
    return verbatim_text(words, names) if message.get("mrkdwn") is False else mrkdwn_text(words, names)


def _without_buttons(block: Json) -> Json:
    """Leaves out what one can act on; a picture beside a section stays."""
    if _kind(block) in {"actions", "context_actions"}:
        return {}
    kept = {key: part for key, part in block.items() if key != "actions"}
    if isinstance(part := kept.get("accessory"), Mapping) and part.get("type") != "image":
        del kept["accessory"]
    for key in ("child_blocks", "elements"):
        if isinstance(kept.get(key), list):
            kept[key] = [_without_buttons(part) if isinstance(part, Mapping) else part for part in kept[key]]
    return kept


def _filled(block: Json, answers: Json) -> Json:
    """Puts what was typed and chosen in place of the initial values of a block's elements."""
    if isinstance(element := block.get("element"), Mapping):
        return {**block, "element": _answered(element, answers)}
    if isinstance(element := block.get("accessory"), Mapping):
        return {**block, "accessory": _answered(element, answers)}
    if block.get("type") == "actions":
        return {**block, "elements": [_answered(element, answers) for element in objects_in(block, "elements")]}
    return block


def _answered(element: Json, answers: Json) -> Json:
    answer = _inside(answers, str(element.get("action_id")))
    given = {key: part for key, part in answer.items() if key != "type"}
    return {**element, **{_initial_key(key): part for key, part in given.items()}}


def _initial_key(key: str) -> str:
    """Says where an element keeps from the start what its state keeps under `key`: initial_date for selected_date."""
    return "initial_value" if key in {"value", "rich_text_value"} else key.replace("selected_", "initial_")


def _text(text: Any, names: Names = NO_NAMES) -> str:
    """Reads a text object; a bare string counts as plain text."""
    if not isinstance(text, Mapping):
        return unescaped(text) if isinstance(text, str) else ""
    if text.get("type") == "rich_text":
        return rich_text(text, names)
    words = str(text.get("text", ""))
    return mrkdwn_text(words, names) if text.get("type") == "mrkdwn" else unescaped(words)


def _block_text(block: Json, names: Names) -> str:
    read = _BLOCKS.get(_kind(block))
    if read:
        return read(block, names)
    return f"[{block['type']}]" if "type" in block else ""


def _section_text(block: Json, names: Names) -> str:
    fields = [_text(field, names) for field in objects_in(block, "fields")]
    beside = [_element_text(element, names) for element in _single(block, "accessory")]
    return _lines([_text(block.get("text"), names), *fields, *beside])


def _row_text(block: Json, names: Names) -> str:
    return " ".join(_element_text(element, names) for element in objects_in(block, "elements"))


def _input_text(block: Json, names: Names) -> str:
    label = _text(block.get("label")) + (" (optional)" if block.get("optional") else "")
    box = " ".join(_element_text(element, names) for element in _single(block, "element"))
    return _lines([f"{label}: {box}", _text(block.get("hint"))])


def _image_text(block: Json, _: Names) -> str:
    return _lines([_text(block.get("title")), f"[image: {block.get('alt_text', '')}]"])


def _table_text(block: Json, names: Names) -> str:
    rows = [row for row in _values(block, "rows") if isinstance(row, list | tuple)]
    return _lines([_text(block.get("caption")), *(" | ".join(_cell_text(cell, names) for cell in row) for row in rows)])


def _cell_text(cell: Any, names: Names) -> str:
    is_number = isinstance(cell, Mapping) and cell.get("type") == "raw_number"
    return str(cell.get("text", cell.get("value"))) if is_number else _text(cell, names)


def _card_text(block: Json, names: Names) -> str:
    words = [_text(block.get(key), names) for key in ("title", "subtitle", "body")]
    presses = " ".join(_element_text(element, names) for element in objects_in(block, "actions"))
    return _lines([*(_image_text(image, names) for image in _single(block, "hero_image")), *words, presses])


def _container_text(block: Json, names: Names) -> str:
    title = _text(block.get("rich_text_title") or block.get("title"), names)
    inside = (_block_text(child, names) for child in objects_in(block, "child_blocks"))
    return _lines([title, _text(block.get("subtitle"), names), *inside])


def _plan_text(block: Json, names: Names) -> str:
    return _lines([_text(block.get("title")), *(_task_text(task, names) for task in objects_in(block, "tasks"))])


def _task_text(block: Json, names: Names) -> str:
    head = f"[{block.get('status', '')}] {_text(block.get('title'))}"
    return _lines([head, *(_text(block.get(key), names) for key in ("details", "output"))])


def _element_text(element: Json, names: Names) -> str:
    kind = _kind(element)
    if kind in {"mrkdwn", "plain_text"}:
        return _text(element, names)
    read = _ELEMENTS.get(kind)
    return read(element, names) if read else f"[{_chosen(element, names) or _text(element.get('placeholder'))}]"


def _overflow_text(element: Json, _: Names) -> str:
    return f"[⋯ {' | '.join(_text(option.get('text')) for option in objects_in(element, 'options'))}]"


def _feedback_text(element: Json, _: Names) -> str:
    return " ".join(
        f"[{_text(button.get('text'))}]" for button in _single(element, "positive_button", "negative_button")
    )


def _choices_text(element: Json, names: Names) -> str:
    """Shows checkboxes and radio buttons, ticked where chosen."""
    ticked, empty = "☑☐" if element.get("type") == "checkboxes" else "◉○"
    chosen = [*_single(element, "initial_option"), *objects_in(element, "initial_options")]
    values = [option.get("value") for option in chosen]
    return " ".join(
        f"{ticked if option.get('value') in values else empty} {_text(option.get('text'), names)}"
        for option in objects_in(element, "options")
    )


def _chosen(element: Json, names: Names) -> str:
    """Shows what a box holds: typed words, chosen options, dates, or the names of chosen people and channels."""
    shown = []
    for key in element:
        if str(key).startswith("initial_"):
            shown += [_value_text(key, part, names) for part in _values(element, key)]
    return ", ".join(shown)


def _value_text(key: str, part: Any, names: Names) -> str:
    if isinstance(part, Mapping):
        return rich_text(part, names) if part.get("type") == "rich_text" else _text(part.get("text"), names)
    if key == "initial_date_time":
        return moment_text(part)
    # What stands in a text box is raw: `initial_value` is no text object, so Slack escapes nothing in it.
    return names.get(str(part), str(part)) if _NAMED_KEY.match(key) else str(part)


_BARE_BROADCAST: Final = re.compile(r"(?<!\w)@(channel|here|everyone)\b")
_NAMED_KEY: Final = re.compile("initial_(user|channel|conversation)")

_BLOCKS: Final[dict[str, Callable[[Json, Names], str]]] = {
    "actions": _row_text,
    "alert": lambda block, names: _text(block.get("text"), names),
    "card": _card_text,
    "carousel": lambda block, names: _lines(_card_text(card, names) for card in objects_in(block, "elements")),
    "container": _container_text,
    "context": _row_text,
    "context_actions": _row_text,
    "data_table": _table_text,
    "data_visualization": lambda block, _: f"[chart: {_text(block.get('title'))}]",
    "divider": lambda _, __: "---",
    "header": lambda block, _: _text(block.get("text")),
    "image": _image_text,
    "input": _input_text,
    "markdown": lambda block, _: _text(block.get("text")),
    "plan": _plan_text,
    "rich_text": rich_text,
    "section": _section_text,
    "table": _table_text,
    "task_card": _task_text,
    "video": lambda block, _: f"[video: {_text(block.get('title'))}]",
}

_ELEMENTS: Final[dict[str, Callable[[Json, Names], str]]] = {
    "button": lambda element, _: f"[{_text(element.get('text'))}]",
    "checkboxes": _choices_text,
    "feedback_buttons": _feedback_text,
    "icon_button": lambda element, _: f"[{_text(element.get('text'))}]",
    "image": _image_text,
    "overflow": _overflow_text,
    "radio_buttons": _choices_text,
    "workflow_button": lambda element, _: f"[{_text(element.get('text'))}]",
}
