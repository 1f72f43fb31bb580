"""What people read in Slack is in the catalogues: no sentence of it, and no label, stands in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ROOMS = ("handlers", "bot/domain", "bot/services", "bot/i18n.py", "bot/jobs.py", "bot/policy_words.py")
"""Where what reaches people in Slack is said. The rest of `bot/` speaks to whoever runs Needline, in English."""

TO_OPERATORS = {
    "handlers/slack/checkup.py": "what `needline doctor` finds at Slack",
    "bot/services/checkup.py": "what `needline doctor` finds in the database",
    "handlers/metrics.py": "what each number of /metrics counts",
    "handlers/web/app.py": "what a load balancer or a developer reads of the web server",
}
"""Files that speak to whoever runs Needline, and what they say."""

REVIEWED = {
    "handlers/slack/command.py": ["投票", "评审", "设置", "我的设置", "帮助", "我的", "周报"],  # what people type
    "handlers/slack/edge.py": ["Needline"],  # our name, the same in every language
    "handlers/slack/sender.py": [  # why a message was not sent, for the outbox's list and the log
        "nothing left to say",
        "over before it was posted",
        "not shown",
        "rate limited",
        "the claim was lost",
    ],
    "handlers/slack/zones.py": ["北京 Beijing", "UTC GMT"],  # what people type to find a time zone
    "bot/domain/outcomes.py": ["rate limited"],  # likewise
    "bot/services/settling.py": ["the channel was changed"],  # likewise
    "bot/domain/calendar.py": ["tuple[Occurrence | None, int]"],  # a type
    "bot/domain/feedback.py": [".。!！；\n"],  # where a sentence ends
    "bot/services/policy.py": ["policy apply"],  # who made a change: a command; `by.command_line` says it to people
    "bot/policy_words.py": ["policy apply"],  # likewise
}
"""Text in the code that is no sentence for people in Slack, file by file, each with its reason."""

SENTENCE = re.compile(r"[^\W\d_]{2,}[,;:]? [^\W\d_]{2,}|[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
"""Two words with a space between, or anything Chinese."""

WORD = re.compile(r"(?<![<!{&\w])[^\W\d_]{2,}")
"""A word, where one would already be read: not R- of R-7, nothing of Slack's own marks."""

DRAWN = {
    **dict.fromkeys(("plain", "section", "context", "quote", "line", "escape", "Mrkdwn", "titled_quote"), (0, 1)),
    **dict.fromkeys(("button", "option", "bullets"), (0,)),
    **dict.fromkeys(("modal", "hinted"), (1,)),
}
"""What draws text, and which of its arguments are read."""

KEYS = frozenset({"text", "title", "label", "placeholder", "hint", "description", "confirm", "deny", "fallback"})
"""What Slack shows of a block, a view or a message."""

NOT_SAID = frozenset({"debug", "info", "warning", "error", "exception", "critical", "compile"})
"""Calls whose text goes to a log or is no text."""


def loose(source: str) -> list[str]:
    """Return what a module says without asking a catalogue: sentences anywhere, words where they are drawn."""
    tree = ast.parse(source)
    silent = {id(node) for quiet in _quiet(tree) for node in ast.walk(quiet)}
    drawn = {id(node) for shown in _drawn(tree) for node in _parts(shown)}
    heard = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in silent]
    texts = [(node.value, id(node) in drawn) for node in heard if isinstance(node.value, str)]
    return [text for text, is_drawn in texts if SENTENCE.search(text) or (is_drawn and WORD.search(text))]


def _quiet(tree: ast.AST) -> Iterator[ast.AST]:
    """Go through what nobody in Slack reads: docstrings, logs, what is raised for operators, what is asserted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node
        if isinstance(node, ast.Assert):
            yield node
        if isinstance(node, ast.Raise) and node.exc is not None and _called(node.exc) != "Refused":
            yield node.exc
        if isinstance(node, ast.Call) and _called(node) in NOT_SAID:
            yield node


def _called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return getattr(function, "id", getattr(function, "attr", ""))


def _drawn(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            places = DRAWN.get(_called(node), ())
            yield from (node.args[place] for place in places if place < len(node.args))
            yield from (word.value for word in node.keywords if word.arg in KEYS)
        if isinstance(node, ast.Dict):
            yield from (value for key, value in zip(node.keys, node.values, strict=True) if _literal(key) in KEYS)


def _literal(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Go through the text an expression comes to, not through what is asked for it."""
    yield node
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield from (*_parts(node.body), *_parts(node.orelse))
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        yield from (part for child in ast.iter_child_nodes(node) for part in _parts(child))


def files() -> Iterator[Path]:
    for room in ROOMS:
        place = ROOT / room
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]


def found() -> dict[str, list[str]]:
    """Return each file that speaks to people and says something of its own, and what."""
    names = [str(path.relative_to(ROOT)) for path in files()]
    said = {name: loose((ROOT / name).read_text(encoding="utf-8")) for name in names if name not in TO_OPERATORS}
    return {name: texts for name, texts in said.items() if texts}


def test_nothing_is_said_to_people_that_is_not_in_the_catalogues() -> None:
    assert found() == REVIEWED


def test_the_files_for_operators_are_there_and_speak() -> None:
    assert all(loose((ROOT / name).read_text(encoding="utf-8")) for name in TO_OPERATORS)


PLANTED = [
    ('x = {"text": "Thanks"}', "Thanks"),
    ('x = {"type": "mrkdwn", "text": f"Hello {name}"}', "Hello "),
    ('button("Go", "go_now", "7")', "Go"),
    ('modal("settings", "Rules", blocks)', "Rules"),
    ('modal("settings", say(locale, "settings.title"), blocks, close=plain("Shut"))', "Shut"),
    ('option("Later" if late else say(locale, "word.now"), "later")', "Later"),
    ('section(Mrkdwn("*" + "Done" + "*"))', "Done"),
    ('ack(response_action="errors", errors={"words": "Please write more"})', "Please write more"),
    ('raise Refused("You may not do this")', "You may not do this"),
    ('client.chat_postEphemeral(channel=c, user=u, text="Oops")', "Oops"),
    ('greeting = "Good morning"', "Good morning"),
    ('unit = f"{count}个"', "个"),
]


@pytest.mark.parametrize(("source", "text"), PLANTED)
def test_a_loose_word_is_found(source: str, text: str) -> None:
    assert loose(source) == [text]


QUIET = """
'''A module about many things.'''
log.warning("nothing to send", lane="the triage channel")
assert facts, "always there"
raise RuntimeError("no such lane")
pattern = re.compile("some words")
x = {"type": "plain_text", "text": say(locale, "word.yes"), "emoji": True}
titled_quote(f"R-{number} · {title}", None)
button(say(locale, "button.view"), "feedback_view", "home")
Mrkdwn(f"<!date^{when}^{{date_short_pretty}} {{time}}|{otherwise}>")
"""


def test_what_nobody_in_slack_reads_is_left_alone() -> None:
    assert loose(QUIET) == []
