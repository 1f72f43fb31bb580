"""Refuses the messages and views which Slack would refuse, and says why.

The rules of single blocks and elements are tables (`practice.block_rules` and what it is made of); here stand the rules
about a whole message, modal or Home tab.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from practice.block_checks import Check, at, flag, listed, record, string, typed
from practice.block_objects import plain
from practice.block_rules import BLOCKS, ELEMENT_SURFACES, SURFACE_BLOCKS

__all__ = ["check_message", "check_view"]

Json = Mapping[str, Any]

MOST_TEXT: Final = 40_000
"""Characters of a message's `text`; Slack cuts or refuses what is longer."""

MOST_BLOCK_CHARACTERS: Final = 13_200
"""Characters over all blocks of a message. Undocumented; measured from outside (slackapi/bolt-js#2509)."""

HEADER_COST: Final = 100
"""What a header block counts towards that sum beside its text; measured from outside too."""

MOST_MARKDOWN: Final = 12_000
"""Characters over all markdown blocks of a message."""


_READ_KEYS: Final = ("text", "alt_text", "caption")
_HOLDERS: Final = frozenset({"actions", "context_actions", "card"})
"""Blocks whose lists hold elements, not texts, parts or other blocks."""


class Placed(NamedTuple):
    """A block and the JSON path at which it stands."""

    path: str
    block: Json


def check_message(args: Mapping[str, Any]) -> list[str]:
    """Says what Slack would refuse about a message.

    Args:
        args: The arguments of chat.postMessage, chat.update, chat.postEphemeral or a response_url, of which `text`,
            `blocks` and `attachments` (lists, already decoded) are looked at.

    Returns:
        A sentence for each problem, beginning with its JSON path ("blocks[2].text.text: longer than 3000 characters
        (3001)"), with Slack's own error name in parentheses where it has one of its own (msg_too_long,
        msg_blocks_too_long, only_one_table_allowed, no_text). Empty if Slack would take the message.
    """
    problems = [*_text_problems(args)]
    if args.get("blocks") is not None:
        problems += _message_blocks(args["blocks"], "blocks")
    attachments = args.get("attachments")
    for index, attachment in enumerate(attachments if isinstance(attachments, list) else ()):
        if isinstance(attachment, Mapping) and "blocks" in attachment:
            problems += _message_blocks(attachment["blocks"], f"attachments[{index}].blocks")
    return problems


def check_view(view: Mapping[str, Any]) -> list[str]:
    """Says what Slack would refuse about a view, a modal or a Home tab.

    Returns:
        A sentence for each problem, beginning with its JSON path ("title.text: longer than 24 characters (30)"). Empty
        if Slack would take the view.
    """
    problems = [*_VIEW(view, "")]
    if not isinstance(view, Mapping):
        return problems
    surface, blocks = str(view.get("type")), view.get("blocks")
    if surface in SURFACE_BLOCKS:
        problems += _surface_problems(blocks, "blocks", surface)
    if surface == "modal":
        problems += _submit_problems(view)
    return [*problems, *_focus_problems(blocks)]


_IDENTITY: Final[Mapping[str, Check]] = {
    "private_metadata": string(3000, shortest=0),
    "callback_id": string(255, shortest=0),
    "external_id": string(255, shortest=0),
}
_VIEW_BLOCKS: Final = listed(typed(BLOCKS, BLOCKS, "block"), 1, 100)
_MESSAGE_BLOCKS: Final = listed(typed(BLOCKS, BLOCKS, "block"), 0, 50)
_VIEW: Final = typed(
    {
        "home": record({"blocks": _VIEW_BLOCKS}, _IDENTITY),
        "modal": record(
            {"title": plain(24), "blocks": _VIEW_BLOCKS},
            {**_IDENTITY, "submit": plain(24), "close": plain(24), "clear_on_close": flag, "notify_on_close": flag},
        ),
    },
    ["home", "modal"],
    "view",
)


def _text_problems(args: Json) -> Iterator[str]:
    text = args.get("text")
    if text is not None and not isinstance(text, str):
        yield "text: must be a string"
    elif text and len(text) > MOST_TEXT:
        yield f"text: longer than {MOST_TEXT} characters ({len(text)}) (msg_too_long)"
    elif not any(args.get(key) for key in ("text", "blocks", "attachments", "markdown_text", "delete_original")):
        yield "text: missing, and neither blocks nor attachments in its place (no_text)"


def _message_blocks(blocks: Any, path: str) -> Iterator[str]:
    yield from _MESSAGE_BLOCKS(blocks, path)
    yield from _surface_problems(blocks, path, "message")
    yield from _size_problems(blocks, path)
    yield from _table_problems(blocks, path)


def _surface_problems(blocks: Any, path: str, surface: str) -> Iterator[str]:
    """Complains of what cannot stand on this surface, and of ids which stand there twice."""
    placed = [*_placed(blocks, path)]
    for where, block in placed:
        kind = str(block.get("type"))
        if kind in BLOCKS and kind not in SURFACE_BLOCKS[surface]:
            yield f"{where}.type: block {kind!r} cannot stand in a {surface}"
        yield from _element_problems(Placed(where, block), surface)
    yield from _repeated(((where, block.get("block_id")) for where, block in placed), "block_id")


def _element_problems(placed: Placed, surface: str) -> Iterator[str]:
    elements = [*_elements(placed)]
    for where, element in elements:
        kind = str(element.get("type"))
        if surface not in ELEMENT_SURFACES.get(kind, SURFACE_BLOCKS):
            yield f"{where}.type: element {kind!r} cannot stand in a {surface}"
        if element.get("response_url_enabled") and (surface, placed.block.get("type")) != ("modal", "input"):
            yield f"{where}.response_url_enabled: works only in an input block of a modal"
    yield from _repeated(((where, element.get("action_id")) for where, element in elements), "action_id")


def _repeated(ids: Iterator[tuple[str, Any]], key: str) -> Iterator[str]:
    first: dict[str, str] = {}
    for where, name in ids:
        if isinstance(name, str) and first.setdefault(name, where) != where:
            yield f"{at(where, key)}: {name!r} is used already, at {first[name]}"


def _submit_problems(view: Json) -> Iterator[str]:
    if "submit" not in view and any(block.get("type") == "input" for _, block in _placed(view.get("blocks"), "")):
        yield "submit: missing, and a modal with input blocks needs it"


def _focus_problems(blocks: Any) -> Iterator[str]:
    focused = [
        where
        for placed in _placed(blocks, "blocks")
        for where, element in _elements(placed)
        if element.get("focus_on_load") is True
    ]
    for where in focused[1:]:
        yield f"{where}.focus_on_load: only one element of a view may have it, and {focused[0]} does"


def _size_problems(blocks: Any, path: str) -> Iterator[str]:
    size = _characters(blocks)
    if size > MOST_BLOCK_CHARACTERS:
        yield f"{path}: longer than {MOST_BLOCK_CHARACTERS} characters over all blocks ({size}) (msg_blocks_too_long)"
    texts = [block.get("text") for _, block in _placed(blocks, path) if block.get("type") == "markdown"]
    markdown = sum(len(text) for text in texts if isinstance(text, str))
    if len(texts) > 1 and markdown > MOST_MARKDOWN:
        yield f"{path}: longer than {MOST_MARKDOWN} characters in markdown blocks ({markdown}) (msg_blocks_too_long)"


def _table_problems(blocks: Any, path: str) -> Iterator[str]:
    kinds = Counter(str(block.get("type")) for _, block in _placed(blocks, path))
    if kinds["table"] + kinds["data_table"] > 1:
        yield f"{path}: more than one table in a message (only_one_table_allowed)"
    if kinds["data_visualization"] > 2:  # noqa: PLR2004 - told in the sentence below
        yield f"{path}: more than 2 charts in a message"


def _characters(part: Any) -> int:
    """Counts what is there to be read."""
    if isinstance(part, list | tuple):
        return sum(_characters(item) for item in part)
    if not isinstance(part, Mapping):
        return 0
    own = sum(len(part[key]) for key in _READ_KEYS if isinstance(part.get(key), str))
    below = sum(_characters(inner) for inner in part.values())
    return own + below + (HEADER_COST if part.get("type") == "header" else 0)


def _placed(blocks: Any, path: str) -> Iterator[Placed]:
    """Yields every block with its path, children of containers too."""
    for index, block in enumerate(blocks if isinstance(blocks, list | tuple) else ()):
        if isinstance(block, Mapping):
            where = f"{path}[{index}]"
            yield Placed(where, block)
            yield from _placed(block.get("child_blocks"), f"{where}.child_blocks")
            if block.get("type") == "carousel":
                yield from _placed(block.get("elements"), f"{where}.elements")


def _elements(placed: Placed) -> Iterator[tuple[str, Json]]:
    """Yields the elements of one block with their paths."""
    path, block = placed
    for key in ("accessory", "element"):
        if isinstance(block.get(key), Mapping):
            yield f"{path}.{key}", block[key]
    for key in ("elements", "actions"):
        if str(block.get("type")) in _HOLDERS and isinstance(block.get(key), list | tuple):
            yield from ((f"{path}.{key}[{i}]", part) for i, part in enumerate(block[key]) if isinstance(part, Mapping))
