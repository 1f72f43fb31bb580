"""The doctor finds each planted fault and names its remedy, and finds nothing in a healthy installation."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import doctor, now
from bot.config import Config
from bot.domain.findings import Finding
from practice.people import Person
from practice.workspace import Channel, Workspace
from storage import outbox, people, policy, schedules, workspaces
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from storage.people import Profile
from storage.policy import PolicyTable
from tests import bot
from tests.test_cli import Office

MANIFEST = json.loads((bot.ROOT / "manifest.json").read_text("utf-8"))


@dataclass(frozen=True)
class Patient:
    """An installation that is well: a workspace, its channel and people, and a database that says the same."""

    ws: Workspace
    database: Database
    triage: Channel
    team: dict[str, Person]

    @property
    def url(self) -> str:
        return self.database.url.render_as_string(hide_password=False)

    @property
    def config(self) -> Config:
        return bot.config(self.ws, self.url)

    def sql(self, statement: str, **facts: object) -> None:
        with self.database.engine.begin() as connection:
            connection.execute(text(statement), facts)

    def rules(self, **tables: dict[str, object]) -> None:
        with self.database.begin() as session:
            policy.replace(session, self.ws.team_id, tables, "test", now.system())


@pytest.fixture
def patient(database: Database) -> Iterator[Patient]:
    with Workspace(MANIFEST) as ws:
        team = {name: ws.person(name) for name in ("Bob", "Dora", "Emil", "Mara", "Ada")}
        triage = ws.channel("triage", members=team.values())
        ws.invite_bot(triage)
        found = Patient(ws, database, triage, team)
        found.rules(
            channels={"triage": triage.id},
            people={
                "reviewers": [team[name].id for name in ("Bob", "Dora", "Emil")],
                "managers": [team["Mara"].id],
                "admins": [team["Ada"].id],
            },
        )
        with database.begin() as session:
            workspaces.enter(session, ws.team_id)
            schedules.plan(session, ws.team_id, {"digest": ("weekly", now.system() + timedelta(days=1))})
        yield found


def put(patient: Patient, lane: str = "triage", **facts: object) -> None:
    """Write a message into the outbox, and change it."""
    with patient.database.begin() as session:
        letter = Letter(lane, "card", "F-1", f"card:{lane}", 1)
        (row_id,) = outbox.put(session, patient.ws.team_id, [letter], now.system()).values()
        row = session.get_one(OutboxRow, (patient.ws.team_id, row_id))
        for name, value in facts.items():
            setattr(row, name, value)


def wrong(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.condition != "ok"]


def test_a_healthy_installation_has_nothing_wrong(patient: Patient) -> None:
    put(patient)
    findings = doctor.examine(patient.config)
    assert wrong(findings) == []
    looked_at = {finding.check for finding in findings}
    of_slack = {"token", "scopes", "clock", "channels", "people", "quorum"}
    assert looked_at - {"disk"} == {*of_slack, "database", "outbox", "schedules", "zones"}
    assert ("disk" in looked_at) == patient.database.is_sqlite
    assert sum(finding.check == "clock" for finding in findings) == (1 if patient.database.is_sqlite else 2)


# -- planted faults


def revoke_the_token(patient: Patient) -> None:
    patient.ws.revoke_token()


def take_a_scope(patient: Patient) -> None:
    left = tuple(scope for scope in patient.ws.state.manifest.scopes if scope != "chat:write")
    patient.ws.state.manifest = replace(patient.ws.state.manifest, scopes=left)


def archive_the_channel(patient: Patient) -> None:
    patient.ws.archive(patient.triage)


def leave_the_channel(patient: Patient) -> None:
    patient.ws.kick_bot(patient.triage)


def name_a_channel_that_is_not_there(patient: Patient) -> None:
    patient.rules(channels={"triage": "C0NOWHERE"})


def name_no_channel(patient: Patient) -> None:
    patient.rules(channels={})


def deactivate_a_reviewer(patient: Patient) -> None:
    patient.rules(vote={"quorum": 2})
    patient.ws.deactivate(patient.team["Bob"])


def deactivate_a_reviewer_the_quorum_needs(patient: Patient) -> None:
    patient.ws.deactivate(patient.team["Bob"])


def deactivate_the_admin(patient: Patient) -> None:
    patient.ws.deactivate(patient.team["Ada"])


def name_somebody_who_is_not_there(patient: Patient) -> None:
    patient.rules(people={"reviewers": ["U0NOBODY", *(patient.team[name].id for name in ("Bob", "Dora", "Emil"))]})


def ask_for_a_department_where_nobody_is(patient: Patient) -> None:
    patient.rules(departments={"market": [patient.team["Bob"].id]}, vote={"departments": ["market"], "quorum": 1})
    patient.ws.deactivate(patient.team["Bob"])


def go_back_a_version(patient: Patient) -> None:
    patient.sql("UPDATE alembic_version SET version_num = '0001'")


def come_from_a_newer_version(patient: Patient) -> None:
    patient.sql("UPDATE alembic_version SET version_num = '9999'")


def spoil_the_settings(patient: Patient) -> None:
    facts = {"content": {"quorum": "many"}, "changed_by": "nobody", "changed_at": now.system()}
    with patient.database.begin() as session:
        session.add(PolicyTable(team_id=patient.ws.team_id, name="vote", **facts))


def leave_a_message_overdue(patient: Patient) -> None:
    put(patient, due_at=now.system() - timedelta(hours=3))


def let_a_card_die(patient: Patient) -> None:
    put(patient, state="dead", detail="not_in_channel")


def let_a_message_to_somebody_die(patient: Patient) -> None:
    put(patient, "UGONE", state="dead", detail="user_disabled")


def miss_a_schedule(patient: Patient) -> None:
    with patient.database.begin() as session:
        schedules.plan(session, patient.ws.team_id, {"digest": ("weekly", now.system() - timedelta(hours=1))})


def be_uninstalled(patient: Patient) -> None:
    with patient.database.begin() as session:
        workspaces.stop(session, patient.ws.team_id, "app_uninstalled", now.system())


def live_on_mars(patient: Patient) -> None:
    with patient.database.begin() as session:
        people.save(session, patient.ws.team_id, Profile("UMARVIN", "Marvin", "en", "Mars/Olympus"))


FAULTS: dict[Callable[[Patient], None], tuple[str, str, str, str]] = {
    revoke_the_token: ("broken", "token", "token_revoked", "OAuth & Permissions"),
    take_a_scope: ("broken", "scopes", "chat:write", "install the app again"),
    archive_the_channel: ("broken", "channels", "is archived", "Unarchive"),
    leave_the_channel: ("broken", "channels", "is not in", "/invite"),
    name_a_channel_that_is_not_there: ("broken", "channels", "C0NOWHERE does not exist", "set another"),
    name_no_channel: ("warning", "channels", "No triage channel", "`channels.triage`"),
    deactivate_a_reviewer: ("warning", "people", "U0BOB (people.reviewers) was deactivated", "Take them out"),
    deactivate_a_reviewer_the_quorum_needs: ("broken", "quorum", "needs 3 voices, but only 2", "vote.quorum"),
    deactivate_the_admin: ("broken", "people", "There are no admins", "people.admins"),
    name_somebody_who_is_not_there: ("warning", "people", "U0NOBODY", "people.reviewers"),
    ask_for_a_department_where_nobody_is: ("broken", "quorum", "market", "vote.departments"),
    come_from_a_newer_version: ("broken", "database", "9999, newer", "restore a backup"),
    spoil_the_settings: ("broken", "settings", "vote.quorum", "policy apply"),
    leave_a_message_overdue: ("broken", "outbox", "overdue by 3 hours", "Start the bot"),
    let_a_card_die: ("broken", "dead", "not_in_channel", "outbox retry --lane triage"),
    let_a_message_to_somebody_die: ("warning", "dead", "UGONE", "drop"),
    miss_a_schedule: ("broken", "schedules", "digest is overdue by 1 hour", "Start the bot"),
    be_uninstalled: ("broken", "workspace", "app_uninstalled", "Install the app again"),
    live_on_mars: ("warning", "zones", "Mars/Olympus", "tzdata"),
}


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found_and_its_remedy_named(patient: Patient, plant: Callable[[Patient], None]) -> None:
    plant(patient)
    condition, check, what, do = FAULTS[plant]
    told = [finding for finding in wrong(doctor.examine(patient.config)) if finding.check == check]
    assert any((found.condition, what in found.what, do in found.do) == (condition, True, True) for found in told), told
    assert all(re.fullmatch(r"[^\n]+\.", sentence) for found in told for sentence in (found.what, found.do)), told


def test_the_app_token_is_looked_at_where_it_is_the_way_in(patient: Patient) -> None:
    config = bot.config(patient.ws, patient.url, "socket")
    assert wrong(doctor.examine(config)) == []
    patient.ws.set_socket_mode(on=False)
    (found,) = wrong(doctor.examine(config))
    assert (found.condition, found.check) == ("broken", "app token")
    assert "Turn on “Socket Mode”" in found.do


def test_an_older_database_is_brought_up_by_hand_or_at_the_start(patient: Patient) -> None:
    go_back_a_version(patient)
    (found,) = wrong(doctor.examine(patient.config))
    assert found.condition == ("warning" if patient.database.is_sqlite else "broken")
    assert "needline migrate" in found.do


def test_a_clock_that_is_wrong_is_seen_beside_slacks_and_the_databases(patient: Patient) -> None:
    found = wrong(doctor.examine(patient.config, lambda: now.system() + timedelta(minutes=7)))
    clocks = [finding for finding in found if finding.check == "clock"]
    assert len(clocks) == (1 if patient.database.is_sqlite else 2)
    assert all(clock.condition == "broken" and re.search("[67] minutes apart", clock.what) for clock in clocks)
    assert all("time service" in clock.do for clock in clocks)
    (slow, *_) = wrong(doctor.examine(patient.config, lambda: now.system() - timedelta(seconds=50)))
    assert (slow.check, slow.condition) == ("clock", "warning")


def test_without_slack_the_database_is_looked_at_all_the_same(patient: Patient) -> None:
    let_a_card_die(patient)
    config = patient.config.model_copy(update={"slack_api_url": "http://127.0.0.1:1/api/"})
    found = {finding.check: finding for finding in wrong(doctor.examine(config))}
    assert found.keys() == {"slack", "dead"}
    assert "network" in found["slack"].do


# -- a database in trouble, each in its own way


@pytest.fixture(scope="module")
def ws() -> Iterator[Workspace]:
    with Workspace(MANIFEST) as workspace:
        yield workspace


def found_in(ws: Workspace, url: str) -> dict[str, Finding]:
    return {finding.check: finding for finding in wrong(doctor.examine(bot.config(ws, url)))}


def test_a_postgresql_that_does_not_answer_is_found_and_its_password_kept(ws: Workspace) -> None:
    found = found_in(ws, "postgresql://needline:canary@127.0.0.1:1/needline")
    assert (found["database"].condition, "does not answer" in found["database"].what) == ("broken", True)
    assert "DATABASE_URL" in found["database"].do
    assert "canary" not in str(found)


@pytest.mark.parametrize("damage", [b"not a database at all, by any means", None])
def test_a_damaged_file_is_found(ws: Workspace, tmp_path: Path, damage: bytes | None) -> None:
    file = tmp_path / "needline.db"
    if damage is None:
        _tear(file)
    else:
        file.write_bytes(damage * 100)
    found = found_in(ws, f"sqlite:///{file}")
    assert (found["database"].condition, "is damaged" in found["database"].what) == ("broken", True)
    assert "needline restore" in found["database"].do


def _tear(file: Path) -> None:
    """Make a database whose pages are partly noise."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.execute("CREATE TABLE words (word)")
        connection.executemany("INSERT INTO words VALUES (?)", [("x" * 500,) for _ in range(200)])
        connection.commit()
    content = bytearray(file.read_bytes())
    content[4096 * 4 : 4096 * 6] = b"\xff" * 8192
    file.write_bytes(content)


def test_a_missing_database_is_no_fault_but_told_and_not_made(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "needline.db"
    found = found_in(ws, f"sqlite:///{file}")
    assert (found["database"].condition, str(file) in found["database"].what) == ("warning", True)
    assert not file.exists()


def test_a_folder_that_cannot_be_written_to_is_found(ws: Workspace) -> None:
    found = found_in(ws, "sqlite:////proc/needline.db")
    assert (found["disk"].condition, "/proc cannot be written to" in found["disk"].what) == ("broken", True)
    assert "right to write" in found["disk"].do


@pytest.mark.parametrize(("free", "condition"), [(10**10, "ok"), (10**8, "warning"), (10**7, "broken")])
def test_a_disk_that_fills_up_is_found(free: int, condition: str) -> None:
    found = doctor.room(free)
    assert found.condition == condition
    assert ("Make room" in found.do) == (condition != "ok")


# -- the command


@pytest.fixture
def office(ws: Workspace, tmp_path: Path) -> Office:
    return Office(tmp_path, bot.environment(ws, f"sqlite:///{tmp_path / 'needline.db'}"))


def test_the_command_exits_with_1_only_when_something_is_broken(office: Office) -> None:
    warned = office.needline("doctor")
    assert (warned.returncode, warned.stderr) == (0, "")
    lines = [line.split("\t") for line in warned.stdout.splitlines()]
    assert {line[1]: line[0] for line in lines} == {
        "token": "ok",
        "scopes": "ok",
        "clock": "ok",
        "disk": "ok",
        "database": "warning",
    }
    broken = office.needline("doctor", SLACK_BOT_TOKEN="xoxb-canary")
    assert broken.returncode == 1
    assert "canary" not in broken.stdout + broken.stderr


def test_as_json_it_can_be_read_by_a_program(office: Office) -> None:
    told = json.loads(office.needline("doctor", "--json").stdout)
    assert told["broken"] == 0
    assert set(told["findings"][0]) == {"check", "condition", "what", "do"}


def test_what_is_not_configured_is_told_as_by_every_command(office: Office) -> None:
    done = office.needline("doctor", SLACK_BOT_TOKEN=None)
    assert done.returncode == 2
    assert done.stderr.startswith("SLACK_BOT_TOKEN is not set")
