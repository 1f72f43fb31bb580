"""Every language says everything, with the same blanks to fill, set as its readers expect."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from bot.domain.digest import Why
from bot.domain.feedback import Kind, Stake, State, Urgency
from bot.domain.home import Group, Show
from bot.domain.requirements import MOVES, REASONS, ROLLED_BACK, Status
from bot.domain.votes import Choice, Result
from bot.i18n import FOLDER, LOCALES, catalogue
from bot.policy import DEPARTMENTS, LANGUAGES
from bot.policy_words import KINDS as SETTINGS
from bot.policy_words import PLAIN_FAULTS
from bot.services.summaries import WISHES
from handlers.slack.blocks.decide_through import CHOICES as DECISIONS
from handlers.slack.blocks.decide_through import OUTCOMES
from handlers.slack.blocks.feedback import NO_STAKE
from handlers.slack.blocks.news import CHANGES
from handlers.slack.blocks.setup import STEPS
from handlers.slack.cards import MENU
from storage.mine import News

Sentence = str | tuple[str, ...]
Sentences = dict[str, Sentence]
Nodes = Iterable[ast.AST]

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = catalogue("en"), catalogue("zh_Hans")
TRANSLATIONS = [locale for locale in LOCALES if locale != "en"]
FAMILIES = "|".join(sorted({key.partition(".")[0] for key in ENGLISH if "." in key}))
KEY = re.compile(rf"({FAMILIES})(\.[a-z_]*[a-z])+")
SHAPE = re.compile(rf"({FAMILIES})\.[a-z_]*\{{\}}")

# What the code puts into the key of a sentence it does not name outright. A form's name stands in two kinds of key.
SMALL_FORMS = ("answer", "ask", "reply", "why", "reopen")
PATHS = {f"{table}.{key}": kind for table, keys in SETTINGS.items() for key, kind in keys.items()}
DYNAMIC: dict[str, Iterable[str]] = {
    "kind.{}": Kind,
    "urgency.{}": Urgency,
    "stake.{}": [*Stake, NO_STAKE],
    "state.{}": State,
    "status.{}": Status,
    "choice.{}": Choice,
    "result.{}": Result,
    "reason.{}": [*(reason for reasons in REASONS.values() for reason in reasons), ROLLED_BACK],
    "sentence.{}": [*sorted({to for allowed in MOVES.values() for to in allowed}), ROLLED_BACK],
    "next.{}": [*State, *Status],
    "menu.{}": MENU,
    "department.{}": DEPARTMENTS,
    "handover.{}": ["left", "no_reviewer"],
    "news.{}": ["question", "chase", "unanswered", "answer", "requirement", *CHANGES],
    "news.round_{}": Result,
    "details.{}": ["scenario", "said_by", "stake", "description"],
    "field.{}": [
        "words",
        "title",
        "customer",
        "urgency",
        "scenario",
        "stake",
        "said_by",
        "hide_customer",
        "description",
    ],
    "refused.edit_{}": [State.ANSWERED, State.WITHDRAWN],
    "place.{}": ["triage", "review"],
    "intro.{}": ["triage", "review"],
    "form.{}": ["answer", "question", "why"],
    "{}.title": SMALL_FORMS,
    "{}.submit": SMALL_FORMS,
    "{}.{}": [],  # a family and a member of it, each of them above
    "agenda.{}": Why,
    "rest.{}": Why,
    "digest.{}": ["missed", "undelivered"],
    "decision.{}": DECISIONS,
    "walked.{}": OUTCOMES,
    "home.show_{}": Show,
    "home.group_{}": Group,
    "home.news_{}": News,
    "summary.{}": WISHES,
    "summary.chosen_{}": WISHES,
    "settings.{}": SETTINGS,
    "settings_intro.{}": SETTINGS,
    "setting.{}": PATHS,
    "setting.departments.{}": [],  # likewise
    "hint.{}": [path for path in PATHS if not path.startswith("departments.")],
    "said.{}": [path for path, kind in PATHS.items() if kind != "flag"],
    "said.{}_yes": [path for path, kind in PATHS.items() if kind == "flag"],
    "said.{}_no": [path for path, kind in PATHS.items() if kind == "flag"],
    "said.{}_none": [path for path, kind in PATHS.items() if kind in {"channel", "date"}],
    "setting_none.{}": [path for path, kind in PATHS.items() if kind in {"channel", "date"}],
    "language.{}": LANGUAGES,
    "fault.{}": PLAIN_FAULTS,
    "setup.{}": STEPS,
    "setup.{}_why": STEPS,
    "setup.{}_intro": STEPS,
    "notice.{}": [],  # Slack's own error names, of which some have a sentence
}
OPEN_ENDED = ("notice.",)

ONE_FORM = {
    "list.more": "no noun follows",
    "word.and_more": "no noun follows",
    "word.weeks": "one week is `word.weekly`",
}
"""Sentences with a count that need no plural."""

CJK = "\u3400-\u9fff"
CLUMSY = {
    "ASCII punctuation after Chinese": rf"[{CJK}][,.!?:;()]|\([{CJK}]",
    "no space before Latin": rf"[{CJK}][A-Za-z0-9{{]",
    "no space after Latin": rf"[A-Za-z0-9}}][{CJK}]",
    "a space inside Chinese": rf"[{CJK}] +[{CJK}]",
    "a space at full-width punctuation": r"(?<!\*)[，。：；、？！（）「」] |(?<!\*) [，。：；、？！（）「」]",
    "an exclamation mark": "[!！]",
    "foreign quotation marks": '[“”"]',
    "dots that are no Chinese ellipsis": rf"[{CJK}]\.\.|(?<!…)…(?!…)",
}
BOLD = re.compile(r"\*[^*\n]+\*")
CODE = re.compile(r"`[^`\n]+`")


def forms(sentence: Sentence) -> tuple[str, ...]:
    return sentence if isinstance(sentence, tuple) else (sentence,)


def blanks(sentence: Sentence) -> set[str]:
    return {name for form in forms(sentence) for _, name, _, _ in Formatter().parse(form) if name is not None}


def unfilled(form: str) -> str:
    return "".join(text for text, _, _, _ in Formatter().parse(form))


def untranslated(english: Sentences, other: Sentences) -> list[str]:
    worded = [key for key in english if any(map(str.isalpha, unfilled(forms(english[key])[0])))]
    return [key for key in worded if any(form in {"", *forms(english[key])} for form in forms(other.get(key, "")))]


def refilled(english: Sentences, other: Sentences) -> list[str]:
    return [key for key in english if key in other and blanks(english[key]) != blanks(other[key])]


def regrouped(english: Sentences, other: Sentences) -> list[str]:
    return [key for key in english if key in other and isinstance(english[key], tuple) != isinstance(other[key], tuple)]


def remarked(english: Sentences, other: Sentences) -> list[str]:
    def marks(sentence: Sentence) -> list[int]:
        return [forms(sentence)[-1].count(mark) for mark in ("*", "•", "\n")]

    return [key for key in english if key in other and marks(english[key]) != marks(other[key])]


def clumsy(sentences: Sentences) -> list[str]:
    return [
        f"{key}: {fault}: {form}"
        for key, sentence in sentences.items()
        for form in forms(sentence)
        for fault, pattern in CLUMSY.items()
        if re.search(pattern, CODE.sub("X", form))
    ]


def glued(sentences: Sentences) -> list[str]:
    """Slack shows the stars themselves where a bold stretch touches a Chinese character or mark."""
    return [key for key, sentence in sentences.items() for form in forms(sentence) if _has_glued_bold(form)]


def _has_glued_bold(form: str) -> bool:
    around = [f" {form} "[bold.start() : bold.end() + 2] for bold in BOLD.finditer(form)]
    return form.count("*") != 2 * len(around) or any(not (text[0] + text[-1]).isspace() for text in around)


@cache
def code() -> tuple[ast.AST, ...]:
    sources = sorted(path for room in ("bot", "handlers") for path in (ROOT / room).rglob("*.py"))
    return tuple(node for path in sources for node in nodes(path.read_text(encoding="utf-8")))


def nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


def calls(among: Nodes, *names: str) -> Iterator[ast.Call]:
    for node in among:
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
            yield node


def argument(call: ast.Call, place: int) -> ast.expr | None:
    return call.args[place] if len(call.args) > place else None


def literal(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def spoken(among: Nodes) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Yield calls that say or refuse something, each with its key."""
    for place, names in ((1, ("say", "mrkdwn")), (0, ("Refused",))):
        for call in calls(among, *names):
            key = argument(call, place)
            if key is not None:
                yield call, key


def named_keys(among: Nodes) -> set[str]:
    """Return the keys that stand in the code: where something is said, in a variable, as a field's name."""
    logged = {literal(argument(call, 0)) for call in calls(among, "debug", "info", "warning", "error", "exception")}
    keys = {text for node in among if (text := literal(node)) and KEY.fullmatch(text)} - logged
    keys |= {text for _, key in spoken(among) if (text := literal(key))}
    fields = {literal(argument(call, 1)) for call in calls(among, "labelled", "text_input")}
    return keys | {f"form.{field}" for field in fields if field}


def shapes(among: Nodes) -> set[str]:
    """Return the keys made while the program runs, with `{}` for what fills them."""
    said = {shape(key) for _, key in spoken(among) if isinstance(key, ast.JoinedStr)}
    written = {shape(node) for node in among if isinstance(node, ast.JoinedStr)}
    return said | {text for text in written if SHAPE.match(text)}


def shape(text: ast.JoinedStr) -> str:
    return "".join(literal(part) or "{}" for part in text.values)


def wanting(among: Nodes, sentences: Sentences) -> list[str]:
    """Return the keys said with a blank left open; what comes as `**facts` is not looked into."""
    said = [(text, {word.arg for word in call.keywords}) for call, key in spoken(among) if (text := literal(key))]
    return [text for text, given in said if None not in given and not blanks(sentences.get(text, "")) <= given]


def made_keys() -> set[str]:
    return {made.format(value) for made, values in DYNAMIC.items() for value in values}


def unused(keys: Iterable[str], used: set[str]) -> list[str]:
    return [key for key in keys if key not in used and not key.startswith(OPEN_ENDED)]


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_every_language_has_the_same_keys_in_the_same_order(locale: str) -> None:
    assert list(catalogue(locale)) == list(ENGLISH)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_key_stands_twice(locale: str) -> None:
    written = re.findall(r'^msgid "(.+)"$', (FOLDER / locale / "needline.po").read_text(encoding="utf-8"), re.MULTILINE)
    assert written == list(catalogue(locale))


@pytest.mark.parametrize("locale", TRANSLATIONS)
@pytest.mark.parametrize("faults", [untranslated, refilled, regrouped, remarked])
def test_every_language_keeps_blanks_plurals_and_marks(
    locale: str, faults: Callable[[Sentences, Sentences], list[str]]
) -> None:
    assert faults(ENGLISH, catalogue(locale)) == []


@pytest.mark.parametrize(("locale", "plurals"), [("en", 2), ("zh_Hans", 1)])
def test_a_language_has_as_many_plural_forms_as_its_grammar(locale: str, plurals: int) -> None:
    counted = {len(sentence) for sentence in catalogue(locale).values() if isinstance(sentence, tuple)}
    assert counted == {plurals}


def test_what_is_counted_has_a_singular_and_a_plural() -> None:
    counted = {key for key, sentence in ENGLISH.items() if "n" in blanks(sentence) and isinstance(sentence, str)}
    assert counted == ONE_FORM.keys()


@pytest.mark.parametrize("faults", [clumsy, glued])
def test_chinese_is_set_as_chinese_readers_expect(faults: Callable[[Sentences], list[str]]) -> None:
    assert faults(CHINESE) == []


def test_every_key_in_the_code_has_a_sentence() -> None:
    assert sorted((named_keys(code()) | made_keys()) - ENGLISH.keys()) == []


def test_every_made_up_key_is_known_here() -> None:
    assert sorted(shapes(code()) - DYNAMIC.keys()) == []


def test_every_sentence_is_said_somewhere() -> None:
    assert unused(ENGLISH, named_keys(code()) | made_keys()) == []


def test_whoever_says_a_sentence_fills_its_blanks() -> None:
    assert wanting(code(), ENGLISH) == []


def test_the_checks_find_what_is_wrong() -> None:
    english: Sentences = {"a.title": "Hello {name}", "a.many": ("*One*", "*{n}*"), "a.said": "Well"}
    broken: Sentences = {"a.title": "您好{nome}" + "很" * 24, "a.many": "有*{n}*个!", "a.said": "Well"}
    assert untranslated(english, broken) == ["a.said"]
    assert untranslated(english, {}) == list(english)
    assert refilled(english, broken) == ["a.title"]
    assert regrouped(english, broken) == ["a.many"]
    assert remarked(english, {"a.many": "{n}"}) == ["a.many"]
    assert glued(broken) == ["a.many"]
    assert unused(broken, {"a.many", "a.said"}) == ["a.title"]


PLANTED = """
say(locale, "undone")
key = "news.nothing" if quiet else "news.move"
mrkdwn(locale, f"card.{size}", n=1)
labelled(locale, "colour", element)
Refused("refused.tired", field="words")
log.info("card.drawn", number=number)
"""


def test_the_code_is_read_as_it_runs() -> None:
    planted = nodes(PLANTED)
    assert named_keys(planted) - ENGLISH.keys() == {"news.nothing", "form.colour", "refused.tired"}
    assert shapes(planted) - DYNAMIC.keys() == {"card.{}"}
    assert wanting(planted, ENGLISH) == ["undone"]


@pytest.mark.parametrize(
    "sentence",
    ["用`x`", "好,", "好:", "好R-7", "R-7好", "好{n}", "{n}个", "好 吗", "好， 吗", "好！", "“好”", "好…", "（好) 。"],
)
def test_clumsy_setting_is_found(sentence: str) -> None:
    assert clumsy({"a": sentence})


@pytest.mark.parametrize("sentence", ["好*啊*", "*啊*。", "好 *啊", "（*啊* ）"])
def test_stars_slack_would_show_are_found(sentence: str) -> None:
    assert glued({"a": sentence})
