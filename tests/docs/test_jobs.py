"""The page of what Needline does by itself names everything it does, and nothing else."""

import re

from bot.jobs import JOBS
from bot.policy import Policy
from bot.services.schedules import TASKS
from tests.bot import ROOT

PAGE = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
NAMED = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
SETTING = re.compile(r"`\[(\w+)\](?: (\w+))?`")


def test_every_job_and_every_schedule_has_its_line() -> None:
    assert sorted(NAMED) == sorted([*(job.name for job in JOBS), *TASKS])


def test_every_line_has_as_many_cells_as_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_every_setting_it_names_exists() -> None:
    named = SETTING.findall(PAGE)
    assert named
    for table, key in named:
        fields = Policy.model_fields[table].annotation.model_fields  # type: ignore[union-attr]
        assert not key or key in fields, f"{table}.{key}"


def test_the_times_it_names_are_the_defaults() -> None:
    policy = Policy()
    line = {name: next(row for row in PAGE.splitlines() if row.startswith(f"| `{name}` |")) for name in NAMED}
    assert f"at {policy.reminders.votes}" in line["reminder"]
    assert policy.reminders.summary == "mon 10:00"
    assert "Mondays at 10:00" in line["summary"]
    assert f"from {policy.quiet.start} to {policy.quiet.end}" in PAGE.replace("\n", " ")
