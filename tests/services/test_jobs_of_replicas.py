"""The jobs of every replica: what one workspace has overdue or broken keeps no other from getting theirs."""

import pytest

from bot import jobs
from storage import policy, workspaces
from storage import schedules as store
from storage.db import Database
from storage.policy import PolicyTable
from tests import make
from tests.make import MONDAY, RULES, TEAM, later
from tests.services.regular import CHANNELS, periods, planned, settle_in, tick


@pytest.fixture
def settled(database: Database) -> Database:
    with database.begin() as session:
        settle_in(session, ["Europe/Berlin", "Asia/Shanghai", "America/New_York"])
    return database


def test_however_much_a_stopped_workspace_has_overdue_others_get_theirs(settled: Database) -> None:
    with settled.begin() as session:
        long_ago = {f"reminder:{number}": ("x", later(days=-30)) for number in range(jobs.BATCH + 1)}
        store.plan(session, "T0GONE", long_ago)
        workspaces.stop(session, "T0GONE", "app_uninstalled", later(days=-40))
    jobs.run_schedules(settled, later(hours=1))
    with settled.read() as session:
        assert list(periods(session, "summary:UTC")) == ["2026-W48"]
        assert len(planned(session, "T0GONE")) == jobs.BATCH + 1


def test_a_workspace_whose_settings_cannot_be_read_keeps_no_other_from_being_planned(database: Database) -> None:
    with database.begin() as session:
        for team_id in ("T0BROKEN", TEAM):
            workspaces.enter(session, team_id)
        facts = {"content": {"quorum": "many"}, "changed_by": "nobody", "changed_at": MONDAY}
        session.add(PolicyTable(team_id="T0BROKEN", name="vote", **facts))
        policy.replace(session, TEAM, RULES, "test", MONDAY)
    jobs.plan_schedules(database, MONDAY)
    with database.read() as session:
        assert planned(session).keys() == {"reminder:UTC", "summary:UTC"}


def test_a_replica_that_starts_plans_and_does_what_is_due(database: Database) -> None:
    with database.begin() as session:
        make.rules(session, channels=CHANNELS)
        workspaces.enter(session, TEAM)
    jobs.plan_schedules(database, MONDAY)
    for job in jobs.JOBS:
        job.do(database, later(days=1, hours=1))
    with database.read() as session:
        assert list(periods(session, "summary:UTC")) == ["2026-W48"]
        assert list(periods(session, "reminder:UTC")) == ["2026-11-24"]
        assert list(periods(session, "digest")) == ["2026-11-24"]


def test_periods_are_forgotten_only_when_they_can_not_come_again(database: Database) -> None:
    with database.begin() as session:
        settle_in(session, [])
        tick(session, later(hours=1))
    jobs.forget_old(database, later(days=399))
    with database.read() as session:
        assert list(periods(session, "summary:UTC")) == ["2026-W48"]
    jobs.forget_old(database, later(days=401))
    with database.read() as session:
        assert periods(session, "summary:UTC") == {}
