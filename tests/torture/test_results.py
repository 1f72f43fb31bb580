"""The report of the rig says what its lines say."""

from pathlib import Path

from tests.torture import results


def test_the_newest_run_of_each_part_stands_in_the_report(tmp_path: Path) -> None:
    history, page = tmp_path / "runs.jsonl", tmp_path / "page.md"
    results.record("a", to=history, seed=1, kills=3, losses=7)
    results.record("a", to=history, seed=2, kills=50, losses=0, faults={"drop": 4, "delay": 5})
    results.record("naive", group="controls", to=history, caught="said twice: x")
    page.write_text(f"Before.\n{results.BEGIN}\nold\n{results.END}\nAfter.\n", encoding="utf-8")
    results.write_report(page, history)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.\n")
    assert text.endswith("\nAfter.\n")
    assert "old" not in text
    assert "| `a` | 50 | 0 | drop 4, delay 5 | 2 |" in text
    assert "| 7 |" not in text
    assert "| `naive` | said twice: x |" in text
