"""README is true in every line a machine can check."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot import story
from bot.config import Config
from bot.policy import Policy
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


def test_every_setting_is_named_with_its_default() -> None:
    for name, table in Policy.model_fields.items():
        row = next(line for line in README.splitlines() if line.startswith(f"| `[{name}]`"))
        for key in table.annotation.model_fields:  # type: ignore[union-attr]
            assert f"`{key}`" in row, f"{name}.{key}"


def test_every_variable_is_named() -> None:
    for name in Config.model_fields:
        assert f"`{name.upper()}`" in README, name


def links() -> Iterator[tuple[Path, str]]:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                yield page, target


def test_every_link_between_pages_leads_somewhere() -> None:
    for page, target in links():
        assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_every_make_word_in_the_readme_exists() -> None:
    words = set(re.findall(r"make ([a-z]+)", README)) - {"and", "an"}
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
