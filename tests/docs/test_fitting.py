"""Labels fit where Slack shows them and sentences fit a message, in every language, with the longest that goes in."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.domain.feedback import CUSTOMER_MAX, TITLE_MAX
from bot.domain.requirements import SENTENCE_MAX, TARGET_MAX
from bot.i18n import LOCALES, catalogue, moment
from bot.policy_words import NAMED
from handlers.slack.blocks import cards, details, history, news
from handlers.slack.blocks.text import clipped
from tests.docs.test_catalogues import DYNAMIC, ROOT, Sentences, blanks, forms, literal, shape, unfilled

TEXT = 3000
"""What Slack takes in a section and in a line of context."""

CALLS = {"button": (0, 75), "option": (0, 75), "modal": (1, 24), "hinted": (1, 2000), "_input": (1, 2000)}
"""What draws a label: which of its arguments, and how long Slack lets it be."""

FIELDS = {"labelled": "form.{}", "text_input": "form.{}", "choice": "{}.{{}}"}
LABEL, OPTION = 2000, 75
"""What draws labels by a name: a field's own, or one for each value of a choice."""

KEYWORDS = {"submit": 24, "close": 24}
KEYS = {"placeholder": 150}
DIALOG = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
"""Likewise for what is named in a call, in a block, and in the dialog that asks once more."""

CUT = {"button.another": 60, "form.customer.add": 60}
"""Labels with a customer's name, which is cut when it is long: their own words leave room to recognise it."""

WHEN = moment("en", datetime(2026, 11, 25, 22, 59, tzinfo=UTC))
PEOPLE = NAMED * len("<@U0123456789>, ")
WORDS = {
    **dict.fromkeys(("name", "asker", "answerer", "by", "before", "after", "who", "person", "place", "channel"), 80),
    "title": TITLE_MAX,
    "customer": CUSTOMER_MAX,
    "target": TARGET_MAX,
    "sentence": history.SENTENCE,
    "why": details.WHY,
    "others": details.OTHERS,
    **dict.fromkeys(("votes", "names"), cards.VOTERS),
    **dict.fromkeys(("line", "about"), TITLE_MAX + CUSTOMER_MAX + 20),
}
"""What people wrote, and what names them: how long it is at most where it is shown."""

OURS = {
    **dict.fromkeys(("n", "quorum", "at", "total", "page", "pages", "length", "longest", "most"), len("9,999,999")),
    **dict.fromkeys(("approve", "reject", "abstain", "seconds", "le", "ge", "gt", "max_length"), len("9,999,999")),
    **dict.fromkeys(("number", "requirement", "ref"), len("R-2147483647")),
    **dict.fromkeys(("start", "end", "day", "time", "weekday", "other"), len("Wednesday")),
    "when": len("<!date^1795000000^{date_short_pretty} {time}|>" + WHEN),
    **dict.fromkeys(("status", "result", "choice", "kind", "urgency", "reason", "language", "to"), 30),
    **dict.fromkeys(("label", "city", "zone", "error", "reference"), 75),
    **dict.fromkeys(("managers", "reviewers", "value", "first", "last", "words"), PEOPLE),
    **dict.fromkeys(("fields", "departments", "counts", "refs", "text"), 500),
    "news": 300 + 5 * (TITLE_MAX + CUSTOMER_MAX + 80),
}
"""Likewise for what we write ourselves."""


def labels(source: str) -> Iterator[tuple[str, int]]:
    """Go through the keys a module draws as labels, each with how long Slack lets it be."""
    functions = {node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
    for function in functions.values():
        known = {**functions, **dict(_assigned(function))}
        for text, most in _drawn(function):
            yield from ((key, most) for key in _keys(text, known))


def _assigned(function: ast.FunctionDef) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            names, values = (getattr(side, "elts", [side]) for side in (node.targets[0], node.value))
            yield from (
                (name.id, said) for name, said in zip(names, values, strict=False) if isinstance(name, ast.Name)
            )


def _drawn(function: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place, most = CALLS.get(called, (len(node.args), 0))
            yield from ((text, most) for text in node.args[place : place + 1])
            yield from ((word.value, KEYWORDS[word.arg]) for word in node.keywords if word.arg in KEYWORDS)
            if called in FIELDS:
                made = FIELDS[called].format(literal(node.args[1]) or "{}")
                yield ast.JoinedStr([ast.Constant(made)]), OPTION if called == "choice" else LABEL
        if isinstance(node, ast.Dict):
            named = {literal(key): value for key, value in zip(node.keys, node.values, strict=True)}
            limits = KEYS | DIALOG if "confirm" in named else KEYS
            yield from ((value, limits[key]) for key, value in named.items() if key in limits)


def _keys(text: ast.AST, known: dict[str, ast.AST]) -> Iterator[str]:
    """Go through the keys that an expression may come to say; `known` are the names and functions it may mention."""
    if isinstance(text, ast.Constant) and text.value in catalogue("en"):
        yield str(text.value)
    elif isinstance(text, ast.JoinedStr):
        made = shape(text)
        yield from (made.format(value) for value in DYNAMIC.get(made, [""] if made in catalogue("en") else []))
    elif isinstance(text, ast.Name) and text.id in known:
        yield from _keys(known[text.id], {})
    elif isinstance(text, ast.Call):
        function = known.get(getattr(text.func, "id", ""))
        returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)] if function else []
        for part in (*text.args, *returned):
            yield from _keys(part, known if part in text.args else {}) if part else ()
    elif isinstance(text, ast.IfExp):
        yield from (*_keys(text.body, known), *_keys(text.orelse, known))


def all_labels() -> dict[str, int]:
    """Return each key that is drawn as a label, or that a field begins with, and the least room it has."""
    found = {key: SENTENCE_MAX for key in catalogue("en") if key.startswith("sentence.")}
    for path in sorted((ROOT / "handlers").rglob("*.py")):
        for key, most in labels(path.read_text(encoding="utf-8")):
            found[key] = min(most, found.get(key, most))
    return found


def overlong(sentences: Sentences, drawn: dict[str, int]) -> list[str]:
    """Return the labels that would be cut with the longest that fills them. Labels are plain text: nothing grows."""
    return [key for key, most in (drawn | CUT).items() if key in sentences and _label(sentences, key) > most]


def _label(sentences: Sentences, key: str) -> int:
    filled = 0 if key in CUT else sum((WORDS | OURS)[name] for name in blanks(sentences[key]))
    return _own(sentences, key) + filled


def _own(sentences: Sentences, key: str) -> int:
    return max(len(unfilled(form)) for form in forms(sentences[key]))


def outgrown(sentences: Sentences) -> list[str]:
    """Return what a section cannot hold, were all that people wrote ampersands, which become five characters each."""
    longest = OURS | {name: 5 * length for name, length in WORDS.items()}
    inline = longest | {"sentence": 5 * news.LINE_SENTENCE}
    return [
        key
        for key, sentence in sentences.items()
        for lengths in [inline if key == "news.line" else longest]
        if _own(sentences, key) + sum(lengths[name] for name in blanks(sentence)) > TEXT
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_label_fits_where_it_is_drawn(locale: str) -> None:
    assert overlong(catalogue(locale), all_labels()) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_fits_a_section_with_the_longest_that_goes_in(locale: str) -> None:
    assert outgrown(catalogue(locale)) == []


def test_every_blank_has_a_longest_filling() -> None:
    assert {name for sentence in catalogue("en").values() for name in blanks(sentence)} == (WORDS | OURS).keys()


def test_labels_of_every_sort_are_found_in_the_code() -> None:
    found = all_labels()
    assert {key: found.get(key) for key in ONE_OF_EACH} == ONE_OF_EACH


ONE_OF_EACH = {
    "form.submit": 24,  # of a modal
    "edit_requirement.title": 24,
    "reopen.title": 24,  # by its form's name
    "button.withdraw": 30,  # a button, and the yes of a dialog
    "choice.approve": 75,
    "button.setup_change": 75,  # one of two
    "button.another": 75,  # by a name of its own
    "status.declined": 75,  # an option
    "kind.complaint": 75,  # of a choice
    "withdraw.title": 100,
    "form.customer.placeholder": 150,
    "withdraw.others": 300,  # by a function of its own
    "form.description": 2000,
    "setting.vote.quorum": 2000,
    "hint.departments": 2000,
    "sentence.shipped": SENTENCE_MAX,
}


PLANTED = """
def form(locale, late):
    name = say(locale, "button.view")
    title = say(locale, "form.title")
    blocks = [button(name, "view", "7"), hinted(x, say(locale, "form.why.hint"))]
    return modal("form", title, blocks, close=plain(shut()))

def shut():
    return say(locale, "form.cancel")
"""


def test_a_label_too_long_is_found() -> None:
    drawn = dict(labels(PLANTED))
    assert drawn == {"form.title": 24, "button.view": 75, "form.why.hint": 2000, "form.cancel": 24}
    broken: Sentences = {"form.title": "很" * 25, "button.view": "{title} {n}", "form.cancel": "W" * 24}
    assert overlong(broken, drawn) == ["form.title", "button.view"]
    assert outgrown({"a": "{why} {sentence}"}) == ["a"]


def test_a_label_that_is_cut_says_so() -> None:
    assert clipped("客" * 75, 75) == "客" * 75
    assert clipped("客" * 76, 75) == "客" * 74 + "…"
