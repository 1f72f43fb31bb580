"""The pages of docs/ say what the code says, in every line that a machine can check."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import JSON, String
from starlette.routing import Route

from bot.domain.requirements import MOVES
from handlers.web import app as web
from storage import migrations
from storage.db import Base
from tests.bot import ROOT

DOCS = ROOT / "docs"
TOOL = ROOT / "tools" / "make-reference"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each line of each table."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|--"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def made(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, TOOL, *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_the_reference_is_what_the_code_says() -> None:
    checked = made("--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_page_that_is_not_what_the_code_says_is_found_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    shutil.copytree(DOCS / "reference", folder)
    stale = folder / "settings.md"
    stale.write_text(stale.read_text(encoding="utf-8").replace("1 to 50", "1 to 51"), encoding="utf-8")
    checked = made("--check", folder)
    assert (checked.returncode, checked.stdout) == (1, "Run tools/make-reference; stale: settings.md\n")
    assert made(folder).returncode == 0
    assert stale.read_text(encoding="utf-8") == page("reference/settings.md")


def test_every_arrow_between_statuses_is_told_in_words() -> None:
    told = [(cells[0], cells[1]) for cells in rows(page("reference/statuses.md")) if cells[0] != "from"]
    arrows = [(before, after) for before, moves in MOVES.items() for after in moves]
    assert told == [(before.replace("_", " "), after.replace("_", " ")) for before, after in arrows]


def test_every_address_has_its_line(web_routes: list[Route]) -> None:
    named = re.findall(r"^\| `(?:GET|POST) (/\S+)` \|", page("reference/http.md"), re.MULTILINE)
    assert named == [route.path for route in web_routes]


@pytest.fixture
def web_routes() -> list[Route]:
    application = web.create(None, None, lambda: None, lambda: None)  # type: ignore[arg-type]  # nothing is asked
    return [route for route in application.routes if isinstance(route, Route)]


# -- security


def test_every_scope_has_its_reason() -> None:
    manifest = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    told = dict(re.findall(r"^\| `([a-z:_]+)` \| (.+) \|$", page("security.md"), re.MULTILINE))
    assert sorted(told) == sorted(manifest["oauth_config"]["scopes"]["bot"])
    assert all(told.values())


# -- the Marketplace


def test_every_point_that_is_met_says_where_it_holds_and_that_is_there() -> None:
    points = [cells for cells in rows(page("marketplace.md")) if cells[0] != "Slack asks"]
    assert {cells[1].split(":")[0].split(" ")[0].rstrip(";,") for cells in points} == {"met", "not"}
    assert [cells[0] for cells in points if cells[1].startswith("met") and not cells[2]] == []
    for where in (cells[2] for cells in points):
        for file in re.findall(r"`([\w/]+\.(?:py|json))`", where):
            assert (ROOT / file).is_file(), file
        for name, file in re.findall(r"`(\w+)` in `([\w/]+\.py)`", where):
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


# -- privacy


def columns_with_text() -> set[tuple[str, str]]:
    """Return (table, column) of all that may hold words or ids, but for the workspace's id, which is everywhere."""
    migrations.import_tables()
    return {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, String | JSON) and column.name != "team_id"
    }


def columns_named() -> set[tuple[str, str]]:
    found = [(name[1], cells[2:]) for cells in rows(page("privacy.md")) if (name := re.fullmatch("`(.+)`", cells[0]))]
    return {(table, column) for table, cells in found for cell in cells for column in re.findall("`([^`]+)`", cell)}


def test_the_privacy_page_names_every_column_that_holds_text() -> None:
    assert columns_named() == columns_with_text()


# -- marks and links


def headings(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_link_to_a_heading_leads_to_one() -> None:
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", path.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                there = (path.parent / target) if target else path
                assert anchor in headings(there.read_text(encoding="utf-8")), f"{path.name} -> {target}#{anchor}"


def test_every_page_can_be_reached_from_the_index() -> None:
    seen, ahead = set(), [DOCS / "README.md"]
    while ahead:
        path = ahead.pop()
        seen.add(path)
        for target in re.findall(r"\]\(([^)#]+\.md)[^)]*\)", path.read_text(encoding="utf-8")):
            there = (path.parent / target).resolve()
            if not target.startswith("http") and there not in seen and there.is_relative_to(DOCS):
                ahead.append(there)
    assert set(DOCS.rglob("*.md")) - seen == set()


@pytest.mark.parametrize("name", sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")))
def test_every_line_of_a_table_has_as_many_cells_as_its_head(name: str) -> None:
    for table in re.findall(r"(?:^\|.*\n)+", page(name), re.MULTILINE):
        assert len({line.replace(r"\|", "").count("|") for line in table.splitlines()}) == 1, table
