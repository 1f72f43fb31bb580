"""`python -m bench [PART…]`: measure, tell, compare with the last time, and write docs/performance.md."""

import argparse
import shutil
import time
from pathlib import Path

from bench import report
from bench.measure import FULL, ROOT, SHORT, TINY, commit
from bench.parts import PARTS

SIZES = {"full": FULL, "short": SHORT, "tiny": TINY}


def main() -> None:
    """Run the parts asked for; without a name all of them."""
    asked = argparse.ArgumentParser(prog="python -m bench")
    asked.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which parts; all when none is named")
    asked.add_argument("--size", choices=SIZES, default="full")
    asked.add_argument("--resume", action="store_true", help="skip what was measured at this commit already")
    asked.add_argument("--state", type=Path, default=ROOT / ".bench", help="where results are kept between runs")
    asked.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    asked.add_argument("--history", type=Path, default=ROOT / "bench" / "history.jsonl")
    chosen = asked.parse_args()
    for name in chosen.parts or PARTS:
        if chosen.resume and report.is_done(chosen.state, name, chosen.size, commit()):
            continue
        measure(name, chosen.size, chosen.state)
    shutil.rmtree(chosen.state / "filled", ignore_errors=True)
    if chosen.size != "full":
        return  # for looking around: nothing is written down
    report.publish(chosen.state, chosen.size, page=chosen.page, history=chosen.history, whole=not chosen.parts)


def measure(name: str, size: str, state: Path) -> None:
    """Measure a part and keep its results."""
    folder = state / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    print(f"-- {name}", flush=True)
    try:
        rows = PARTS[name](SIZES[size], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in rows:
        print(report.line(row), flush=True)
    took = time.monotonic() - began
    print(f"   ({took:.0f} s)", flush=True)
    report.keep(state, name, size, rows, commit(), took)


if __name__ == "__main__":
    main()
