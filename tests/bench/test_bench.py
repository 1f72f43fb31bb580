"""The bench runs, part by part, at its tiniest size; how fast anything is, is not asked here."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench import report
from bench.measure import Row
from bench.parts import PARTS

EXPECTED = {
    "ack": {"ack", "ack-bolt"},
    "filing": {"filing-sqlite", "filing-sqlite-cpu"},
    "voting": {"voting-sqlite", "voting-sqlite-cpu"},
    "crowd": {"crowd", "crowd-restless"},
    "outbox": {"outbox-sqlite", "outbox-fair"},
    "start": {"start", "start-memory"},
    "digest": {"digest-sqlite", "digest-growth-sqlite", "digest-backlog-sqlite", "digest-drawing-sqlite"},
    "sizes": {"million", "curve"},
}


def test_every_part_is_expected() -> None:
    assert set(EXPECTED) == set(PARTS)


@pytest.mark.parametrize("part", EXPECTED)
def test_a_part_runs_and_yields_its_rows(part: str, tmp_path: Path) -> None:
    bench.measure(part, "tiny", tmp_path)
    kept = json.loads((tmp_path / "tiny.json").read_text(encoding="utf-8"))[part]
    rows = [Row(**row) for row in kept["rows"]]
    assert {row.name for row in rows} == EXPECTED[part]
    assert all(row.value > 0 for row in rows)
    assert not list((tmp_path / "work").glob("*"))


# What is told of it


def state(folder: Path, **ratios: float) -> Path:
    rows = [Row(name, f"what {name} is", value, at_least=0.5, facts={"a fact": 1.25}) for name, value in ratios.items()]
    report.keep(folder, "filing", "tiny", rows, "abc1234", 3.0)
    return folder


def page(folder: Path) -> Path:
    made = folder / "performance.md"
    made.write_text("Before.\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nAfter.\n", encoding="utf-8")
    return made


def published(folder: Path, *, whole: bool = True) -> dict[str, Any]:
    report.publish(folder, "tiny", page=folder / "performance.md", history=folder / "history.jsonl", whole=whole)
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
    found: dict[str, Any] = json.loads(lines[-1])
    return found | {"lines": len(lines)}


def test_a_whole_run_rewrites_the_table_and_adds_to_the_history(tmp_path: Path) -> None:
    made = page(state(tmp_path, fast=0.75, slow=0.25))
    entry = published(tmp_path)
    text = made.read_text(encoding="utf-8")
    assert "| what fast is | **0.75 x** | ≥ 0.5 | met | a fact 1.25 |" in text
    assert "| what slow is | **0.25 x** | ≥ 0.5 | missed | a fact 1.25 |" in text
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n")
    assert "old" not in text
    assert (entry["commit"], entry["ratios"]) == ("abc1234", {"fast": 0.75, "slow": 0.25})
    assert set(entry["machine"]) >= {"cores", "python", "sqlite", "postgresql"}


def test_what_became_worse_is_told_and_noise_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page(state(tmp_path, fell=0.8, rose=0.4, stayed=0.6))
    published(tmp_path)
    state(tmp_path, fell=0.5, rose=0.7, stayed=0.62)
    capsys.readouterr()
    assert published(tmp_path, whole=False)["lines"] == 1
    told = capsys.readouterr().out.splitlines()[1:]
    assert [line.split() for line in told] == [
        ["fell", "0.8", "->", "0.5", "x", "WORSE"],
        ["rose", "0.4", "->", "0.7", "x", "better"],
    ]


def test_another_machine_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page(state(tmp_path, fell=0.8))
    history = tmp_path / "history.jsonl"
    entry = {"commit": "1", "date": "2026-01-01", "machine": {"cores": "64"}, "ratios": {"fell": 8.0}}
    history.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    published(tmp_path, whole=False)
    assert "nothing was measured on this machine" in capsys.readouterr().out


def test_a_part_of_this_commit_need_not_run_again(tmp_path: Path) -> None:
    state(tmp_path, fast=0.75)
    assert report.is_done(tmp_path, "filing", "tiny", "abc1234")
    assert not report.is_done(tmp_path, "filing", "tiny", "def5678")
    assert not report.is_done(tmp_path, "ack", "tiny", "abc1234")


def test_a_side_without_an_answer_is_a_miss() -> None:
    assert Row("wait", "a wait", math.inf, at_most=2).met is False
