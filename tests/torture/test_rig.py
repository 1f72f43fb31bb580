"""A short run of the rig: two bots on one database over Socket Mode, killed, paused and cut off. More: run.py."""

import os
from pathlib import Path

import pytest

from tests.torture.rig import Part, play

SHORT = Part(
    "short",
    "postgresql",
    "socket",
    replicas=2,
    kills=5,
    ops=60,
    seed=int(os.environ.get("SEED", "20261123")),
    longest_s=30.0,
    day_every_s=5.0,
    patience_s=1.5,
)


@pytest.mark.timeout(400)
def test_a_crowd_loses_nothing_and_reads_nothing_twice_while_bots_are_killed_paused_and_cut_off(tmp_path: Path) -> None:
    outcome = play(SHORT, tmp_path)
    assert not outcome.findings, "\n".join(outcome.findings)
    assert outcome.told["acknowledged"] > 0
    assert outcome.told["kills"] > 0
