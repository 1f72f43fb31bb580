"""`make torture`: run parts and controls by name, and write down what they came to.

PART is one name, several with commas, `parts`, `controls` or `all`; KILLS, OPS, SEED and SECONDS change a part. Each
is written down when it ends, so a long run can be made of several.
"""

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.torture.parts import CONTROLS, PARTS
from tests.torture.results import record, write_report
from tests.torture.rig import Outcome, Part, play

LOST = ("lost", "never", "missed", "dead for good")
"""How the rules say that something is missing."""

SHOWN = 5
"""How many of the findings of each rule a control's line quotes."""


def main() -> int:
    """Run what the environment asks for; the number of parts with findings, and of controls without, is the exit."""
    wanted = os.environ.get("PART") or "all"
    groups = {"parts": list(PARTS), "controls": list(CONTROLS), "all": [*PARTS, *CONTROLS]}
    names = groups.get(wanted) or wanted.split(",")
    if strangers := [name for name in names if name not in PARTS | CONTROLS]:
        print(f"no part is called {strangers[0]}; there are {', '.join([*PARTS, *CONTROLS])}", file=sys.stderr)
        return 2
    failed = [name for name in names if not (run_part(name) if name in PARTS else run_control(name))]
    write_report()
    print(f"Failed: {', '.join(failed)}" if failed else "All as it should be.")
    return min(len(failed), 1)


def run_part(name: str) -> bool:
    """Run a part and record it; say whether nothing was wrong."""
    part, outcome = _played(_asked(PARTS[name]))
    wrong = {rule: len(lines) for rule, lines in outcome.wrong.items()}
    record(
        name,
        group="processes",
        seed=part.seed,
        seconds=outcome.seconds,
        **outcome.told,
        losses=sum(any(word in line for word in LOST) for line in outcome.findings),
        duplicates=sum("times" in line or "too many" in line for line in outcome.findings),
        findings=outcome.findings[:20],
    )
    print(f"{name}: {outcome.told}\n  wrong: {wrong}", *outcome.findings[:20], sep="\n  ", flush=True)
    return not outcome.findings


def run_control(name: str) -> bool:
    """Run a broken version and record what was seen of it; say whether it was caught where it must be."""
    control = CONTROLS[name]
    part, outcome = _played(control.part)
    seen = {rule: len(lines) for rule, lines in outcome.wrong.items() if lines}
    caught = bool(seen.keys() & set(control.seen_in))
    examples = next((lines for rule, lines in outcome.wrong.items() if lines and rule in control.seen_in), [])
    facts = {name: outcome.told[name] for name in ("database", "replicas", "acknowledged", "sends", "kills")}
    record(
        name,
        group="controls",
        seed=part.seed,
        seconds=outcome.seconds,
        **facts,
        caught="yes" if caught else "NO",
        seen=seen,
        example=examples[0] if examples else "",
    )
    print(f"{name}: {'caught' if caught else 'NOT CAUGHT'} {seen}", *examples[:SHOWN], sep="\n  ", flush=True)
    return caught


def _played(part: Part) -> tuple[Part, Outcome]:
    print(f"{part.name}: begins (seed {part.seed})", flush=True)
    with tempfile.TemporaryDirectory(prefix="needline-torture-", ignore_cleanup_errors=True) as folder:
        return part, play(part, Path(folder))


def _asked(part: Part) -> Part:
    """Return the part as the environment changes it."""
    given = {"kills": "KILLS", "ops": "OPS", "seed": "SEED", "longest_s": "SECONDS"}
    facts = {field: int(os.environ[name]) for field, name in given.items() if os.environ.get(name)}
    return replace(part, **facts)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
