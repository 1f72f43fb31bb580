"""README is true in every line a machine can check."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot import story
from practice.api import METHODS
from practice.workspace import METHOD_MODULES
from tests.bot import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def quoted_story() -> list[str]:
    block = README.split("<!-- story -->")[1].split("<!-- end of story -->")[0]
    return [line.strip() for line in block.splitlines() if line.strip() and line.strip() != "…"]


@pytest.fixture(scope="module", params=["http", "socket"])
def played(request: pytest.FixtureRequest) -> list[str]:
    lines: list[str] = []
    took = story.play(lambda text: lines.extend(text.splitlines()), request.param)
    assert took < 45
    return [re.sub(r"^\d\d:\d\d:\d\d", "", line).replace("\u202f", " ").strip() for line in lines]


def test_the_story_in_the_readme_is_what_make_story_prints(played: list[str]) -> None:
    position = -1
    for line in quoted_story():
        assert line in played[position + 1 :], line
        position = played.index(line, position + 1)


def test_a_changed_sentence_would_be_noticed(played: list[str]) -> None:
    assert "Got it: F-1 for Nobody." not in played


CHINESE = {"docs/start.md": "docs/start.zh.md", "start.md": "start.zh.md"}
"""Pages that exist in both languages: each README leads to its own."""


def outline(page: str) -> list[int]:
    """Return the levels of a page's headings, in order; what stands in code is none."""
    prose = re.sub(r"^```.*?^```|^    .*$", "", page, flags=re.DOTALL | re.MULTILINE)
    return [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]


def pages_of(page: str) -> list[str]:
    """Return where a page leads, without the place on the page there, sorted; a page in Chinese by its English one."""
    english = {chinese: name for name, chinese in CHINESE.items()}
    found = re.findall(r"\]\(([^)#]+)", page.partition("\n\n")[2].partition("\n\n")[2])
    return sorted(english.get(target, target) for target in found)


def in_code(page: str) -> set[str]:
    """Return commands, settings, names of files: everything in the code font."""
    prose = re.sub(r"^ *```.*?^ *```", "", page, flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([^`]+)`", prose))


def blocks(page: str) -> list[str]:
    """Return what is to be typed, without comments and the values that each language has of its own."""
    fenced = re.findall(r"^ *```(?:sh|toml)\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    indented = re.findall(r"(?:^    .+\n)+", page, re.MULTILINE) if not fenced else []
    kept = (line.split("  #")[0].strip() for block in fenced or indented for line in block.splitlines())
    return [line for line in kept if not line.startswith(("timezone", "language"))]


@pytest.mark.parametrize(("name", "chinese"), [("README.md", "README.zh.md"), ("docs/start.md", "docs/start.zh.md")])
def test_both_languages_have_the_same_sections_commands_settings_and_links(name: str, chinese: str) -> None:
    ours, theirs = ((ROOT / path).read_text(encoding="utf-8") for path in (name, chinese))
    assert outline(ours) == outline(theirs)
    assert pages_of(ours) == pages_of(theirs)
    assert blocks(ours) == blocks(theirs)
    own = re.compile(r"/feedback [A-Z\u4e00-\u9fff][^`]*\.|/feedback 希望.*")
    assert {code for code in in_code(ours) ^ in_code(theirs) if not own.fullmatch(code)} == set()
    assert f"({Path(chinese).name})" in ours
    assert f"({Path(name).name})" in theirs


def links() -> Iterator[tuple[Path, str]]:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                yield page, target


def test_every_link_between_pages_leads_somewhere() -> None:
    for page, target in links():
        assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_every_make_word_in_the_readme_exists() -> None:
    words = set(re.findall(r"make ([a-z]+)", README)) - {"and", "an"}
    assert {"story", "demo", "run", "test", "help"} <= words
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in words:
        assert re.search(rf"^{word}:", makefile, re.MULTILINE), word


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(page.name[:4]) for page in (ROOT / "docs" / "decisions").glob("*.md"))
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))


def test_every_method_the_practice_workspace_plays_stands_in_its_table() -> None:
    table = (ROOT / "docs" / "practice.md").read_text(encoding="utf-8")
    assert METHOD_MODULES  # importing them is what registers the methods
    assert [name for name in METHODS if f"`{name}`" not in table] == []
