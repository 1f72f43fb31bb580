"""Slack's own markup, mrkdwn: how it reads on screen and whom it notifies."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

NO_NAMES: Final[Mapping[str, str]] = {}

BROADCASTS: Final = frozenset({"channel", "here", "everyone", "group"})
"""The words after `<!` which ring for a whole channel; `group` is the older name of `channel`."""

_ENTITIES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ENTITY: Final = re.compile("|".join(_ENTITIES))
_MENTION: Final = re.compile(r"<(?P<what>@\w+|!subteam\^\w+|!(?:channel|here|everyone|group))(?:\|[^<>]*)?>")
_LINK: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

# A marker counts only where its outer side touches the edge of the line, white space or punctuation of narrow scripts:
# Slack shows `snake*case*` as typed, and a star glued to a Chinese character or full-width stop too.
_NARROW: Final = r"\s!-/:-@\[-`{-~¡-¿\u2010-\u205e"
_OPENS: Final = rf"(?:^|(?<=[{_NARROW}]))(?<!\MARK)"
_CLOSES: Final = rf"(?=[{_NARROW}]|$)(?!\MARK)"
_CONTROL: Final = r"<[^<>\n]+>"


def _marked(group: str, mark: str) -> str:
    """Gives the pattern of a stretch between two marks, which neither spaces nor the mark may touch from inside.

    Its three alternatives never match at the same place, so that text without a closing mark costs no backtracking.
    """
    inner = rf"(?P<{group}>(?!\s)(?:{_CONTROL}|<(?![^<>\n]+>)|[^\{mark}\n<])+(?<!\s))"
    return f"{_OPENS}\\{mark}{inner}\\{mark}{_CLOSES}".replace("MARK", mark)


# One alternation, so that a star inside a link or inside code never opens a bold stretch.
_TOKEN: Final = re.compile(
    "|".join(
        [
            r"```(?P<preformatted>.+?)```",
            r"(?<!`)`(?P<code>[^`\n]+)`(?!`)",
            r"<(?P<control>[^<>\n]+)>",
            _marked("bold", "*"),
            _marked("italic", "_"),
            _marked("strike", "~"),
        ]
    ),
    re.DOTALL | re.MULTILINE,
)


def mrkdwn_text(text: str, names: Mapping[str, str] | None = None) -> str:
    """Reads mrkdwn as a person sees it.

    Args:
        text: The markup as an app sent it, with `&`, `<` and `>` escaped.
        names: What to show for the ids of people, channels and user groups; an id without a name shows itself.

    Returns:
        Plain text without markers: links as "label (url)", mentions as "@name", calls to everybody as "@channel!!".
    """
    shown = names or NO_NAMES
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts += [unescaped(text[end : token.start()]), _token_text(token, shown)]
        end = token.end()
    return "".join([*parts, unescaped(text[end:])])


def verbatim_text(text: str, names: Mapping[str, str] | None = None) -> str:
    """Reads text whose message switched mrkdwn off: mentions and links still work, markers stay as typed."""
    shown = names or NO_NAMES
    parts = re.split(rf"({_CONTROL})", text)
    return "".join(_control_text(part[1:-1], shown) if i % 2 else unescaped(part) for i, part in enumerate(parts))


def unescaped(text: str) -> str:
    """Shows the three characters which Slack keeps escaped; once, so that `&amp;lt;` reads `&lt;`."""
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[0]], text)


def mentions(text: str) -> Iterator[str]:
    """Yields what in this mrkdwn would notify people, in the short form: `<@U1>`, `<!here>`, `<!subteam^S1>`."""
    for mention in _MENTION.finditer(text):
        yield f"<{mention['what']}>"


def broadcast_text(whom: str) -> str:
    """Shows a call to a whole channel so loudly that nobody overlooks it in a transcript."""
    return f"@{whom}!!"


def link_text(url: str, label: str = "") -> str:
    """Shows where a link leads beside its label, unless the label says it already."""
    bare = url.removeprefix("mailto:").removeprefix("tel:")
    if not label or label == url:
        return url
    return label if label == bare else f"{label} ({url})"


def _token_text(token: re.Match[str], names: Mapping[str, str]) -> str:
    kind = token.lastgroup or ""
    inner = token[kind]
    if kind == "control":
        return _control_text(inner, names)
    if kind in {"preformatted", "code"}:
        return verbatim_text(inner.strip("\n"), names)
    return mrkdwn_text(inner, names)


def _control_text(inner: str, names: Mapping[str, str]) -> str:
    """Shows what stands between `<` and `>`: a mention, a command word or a link."""
    target, _, label = inner.partition("|")
    label = unescaped(label)
    if target.startswith("@"):
        return "@" + names.get(target[1:], target[1:])
    if target.startswith("#"):
        return "#" + (label or names.get(target[1:], target[1:]))
    if target.startswith("!"):
        return _command_text(target[1:], label, names)
    if _LINK.match(target):
        return link_text(unescaped(target), label)
    return f"<{unescaped(inner)}>"


def _command_text(command: str, label: str, names: Mapping[str, str]) -> str:
    word, _, rest = command.partition("^")
    if word in BROADCASTS:
        return broadcast_text(word)
    if word == "subteam":
        return "@" + (names.get(rest) or label.removeprefix("@") or rest)
    # Slack counts dates in the reader's time zone, which nobody has here, so a date shows its fallback.
    return label or f"<{command}>"
