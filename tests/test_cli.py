"""The command line: mistakes are told in a sentence and exit with 2, what is broken with 1; stopping loses nothing."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from bot import cli
from bot.services import policy
from practice.people import Person
from practice.workspace import Workspace
from storage import migrations
from storage.db import Database
from tests import bot, postgres

MANIFEST = bot.ROOT / "manifest.json"
NOWHERE = "http://127.0.0.1:1/api/"
SECRETS = {"SLACK_BOT_TOKEN": "xoxb-canary-token", "SLACK_SIGNING_SECRET": "canary-signing-secret"}


@dataclass(frozen=True)
class Office:
    """A folder with nothing in it, and what the environment says there."""

    folder: Path
    environment: dict[str, str]

    def write(self, text: str, name: str = "policy.toml") -> Path:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file

    def needline(self, *arguments: object, **changes: str | None) -> subprocess.CompletedProcess[str]:
        """Run a command as a process of its own; `changes` to the environment are by name, None takes one out."""
        wished = {**_inherited(), **self.environment, **changes}
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", *map(str, arguments)],
            cwd=self.folder,
            env={name: value for name, value in wished.items() if value is not None},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture(scope="module")
def ws() -> Iterator[Workspace]:
    with Workspace(MANIFEST) as workspace:
        yield workspace


@pytest.fixture
def office(ws: Workspace, tmp_path: Path) -> Office:
    """An environment that is right, on a SQLite file that does not exist yet."""
    return Office(tmp_path, bot.environment(ws, f"sqlite:///{tmp_path / 'needline.db'}"))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a `.env` of somebody's."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def empty_postgresql() -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


# -- policy apply


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[vote]\nquorom = 3", "vote.quorom: there is no such key"),
        ("[votes]\nquorum = 3", "votes: there is no such key"),
        ("[vote]\nquorum = 0", "vote.quorum:"),
        ('[vote]\nquorum = "many"', "vote.quorum:"),
        ("vote = 3", "vote:"),
        ('[channels]\ntriage = "#triage"', "channels.triage:"),
        ('[people]\nreviewers = "U0BOB"', "people.reviewers:"),
        ('[people]\nreviewers = ["U0BOB", "@dora"]', "people.reviewers.1:"),
        ('[workspace]\ntimezone = "Berlin"', "workspace.timezone:"),
        ('[workspace]\nlanguage = "fr"', "workspace.language:"),
        ('[review]\nwhen = "tuesday"', "review.when:"),
        ('[review]\nfirst = "soon"', "review.first:"),
        ("[delivery]\nlease_s = 5\nsettle_s = 6", "lease_s must be at least settle_s"),
        ("[vote", "This is not valid TOML"),
        ("vote: {quorum: 3}", "This is not valid TOML"),
    ],
)
def test_a_policy_that_cannot_be_taken_is_refused_in_a_sentence(tmp_path: Path, written: str, told: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(written)
    done = CliRunner().invoke(cli.app, ["policy", "apply", str(file)])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_every_fault_of_a_policy_is_told_at_once_each_on_a_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("[vote]\nquorum = 0\ncolour = 1\n[workspace]\nlanguage = 7\n")
    lines = CliRunner().invoke(cli.app, ["policy", "apply", str(file)]).stderr.splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == ["vote.colour", "vote.quorum", "workspace.language"]


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes("# Müller".encode("latin-1"))
    for name, reason in (("missing.toml", "No such file"), (".", "Is a directory"), ("latin.toml", "not UTF-8")):
        done = CliRunner().invoke(cli.app, ["policy", "apply", str(tmp_path / name)])
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert name in done.stderr
        assert reason in done.stderr


def test_a_policy_is_applied_before_the_first_run_table_by_table_and_all_or_nothing(office: Office) -> None:
    first = office.needline("policy", "apply", office.write('[vote]\nquorum = 1\n[people]\nreviewers = ["U0BOB"]'))
    assert (first.returncode, first.stdout) == (0, "Changed: vote, people.\n")
    second = office.needline("policy", "apply", office.write("[vote]\nquorum = 1\ndays = 5"))
    assert (second.returncode, second.stdout) == (0, "Changed: vote.\n")
    refused = office.needline("policy", "apply", office.write('[workspace]\nlanguage = "zh_Hans"\n[vote]\nquorum = 2'))
    assert refused.returncode == 2
    assert "no round can close" in refused.stderr
    policy = json.loads(office.needline("policy", "show").stdout)
    assert policy["people"]["reviewers"] == ["U0BOB"]
    assert policy["vote"] | {"quorum": 1, "days": 5, "blind": True, "decides": True} == policy["vote"]
    assert policy["workspace"]["language"] == "en"


def test_a_file_of_a_newer_version_is_refused_whole_and_says_to_update(office: Office) -> None:
    written = '[vote]\nquorum = 1\nweights = "by tier"\n[people]\nreviewers = ["U0BOB"]\n[tiers]\ngold = 3'
    done = office.needline("policy", "apply", office.write(written))
    assert (done.returncode, done.stdout) == (2, "")
    told = sorted(done.stderr.splitlines())
    assert [line.partition(":")[0] for line in told] == ["tiers", "vote.weights"]
    assert all(line.endswith("If a newer Needline wrote it, update this one first.") for line in told)
    assert json.loads(office.needline("policy", "show").stdout)["people"]["reviewers"] == []


def test_whom_and_what_slack_does_not_know_is_told_after_a_file_was_taken(ws: Workspace, office: Office) -> None:
    ada = ws.person("Ada")
    people = f'[people]\nreviewers = ["U0NOBODY", "{ada.id}"]\nmanagers = ["{ada.id}"]\nadmins = ["{ada.id}"]'
    written = f'{people}\n[channels]\ntriage = "C0NOWHERE"\n[vote]\nquorum = 1'
    done = office.needline("policy", "apply", office.write(written))
    assert (done.returncode, done.stdout) == (0, "Changed: people, channels, vote.\n")
    channel, person = done.stderr.splitlines()
    assert channel.startswith("But: The triage channel C0NOWHERE does not exist")
    assert person.startswith("But: U0NOBODY (people.reviewers) is nobody Slack knows here. Take them out")


def test_the_log_says_who_changed_what_in_words_and_as_json(office: Office) -> None:
    assert office.needline("policy", "log").stdout == "Nothing was changed yet.\n"
    office.needline("policy", "apply", office.write('[vote]\nquorum = 1\n[people]\nreviewers = ["U0BOB"]'))
    office.needline("policy", "apply", office.write("[vote]\nquorum = 1"))  # says nothing new
    told = office.needline("policy", "log").stdout
    assert told.count("the command line") == 2
    assert "  Quorum: 3 → 1\n" in told
    assert "  Reviewers: added U0BOB\n" in told
    newest, former = json.loads(office.needline("policy", "log", "--json").stdout)
    assert (former["name"], former["before"]["quorum"], former["after"]["quorum"]) == ("vote", 3, 1)
    assert (newest["number"], newest["name"], newest["by"]) == (2, "people", "policy apply")


def test_the_last_admin_is_not_taken_out_by_a_file(office: Office) -> None:
    assert office.needline("policy", "apply", office.write('[people]\nadmins = ["U0ADA"]')).returncode == 0
    refused = office.needline("policy", "apply", office.write('[people]\nmanagers = ["U0BOB"]'))
    assert refused.returncode == 2
    assert "people.admins: without an admin" in refused.stderr
    assert json.loads(office.needline("policy", "show").stdout)["people"]["admins"] == ["U0ADA"]


# -- run


def test_run_names_every_variable_that_is_missing(elsewhere: None) -> None:
    done = CliRunner().invoke(cli.app, ["run"], env={"SLACK_BOT_TOKEN": None, "SLACK_SIGNING_SECRET": None})
    assert done.exit_code == 2
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]


def test_over_socket_mode_no_signing_secret_is_missed(elsewhere: None) -> None:
    environment = {"SLACK_BOT_TOKEN": None, "SLACK_SIGNING_SECRET": None, "SLACK_APP_TOKEN": "xapp-canary"}
    done = CliRunner().invoke(cli.app, ["run"], env=environment)
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["SLACK_BOT_TOKEN"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"SLACK_BOT_TOKEN": "  "}, "SLACK_BOT_TOKEN is empty"),
        ({"SLACK_APP_TOKEN": ""}, "SLACK_APP_TOKEN is empty"),
        ({"SLACK_APP_TOKEN": "xoxb-canary-token"}, "SLACK_APP_TOKEN must begin with xapp-"),
        (
            {"SLACK_APP_TOKEN": "xoxb-canary-token", "SLACK_SIGNING_SECRET": None},
            "SLACK_APP_TOKEN must begin with xapp-",
        ),
        ({"PORT": "99999"}, "PORT "),
        ({"PORT": "http"}, "PORT "),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT "),
        ({"NEEDLINE_CLOCK_URL": "http://127.0.0.1:1/"}, "NEEDLINE_CLOCK_URL is for the practice workspace only"),
    ],
)
def test_a_wrong_variable_is_named_and_no_secret_shown(
    elsewhere: None, changes: dict[str, str | None], told: str
) -> None:
    done = CliRunner().invoke(cli.app, ["run"], env={**SECRETS, **changes})
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert "canary" not in done.output


@pytest.mark.parametrize("url", ["mysql://root:canary@localhost/x", "needline.db"])
def test_a_database_of_no_kind_we_know_is_refused_before_anything_starts(office: Office, url: str) -> None:
    done = office.needline("run", **SECRETS, DATABASE_URL=url)
    assert done.returncode == 2
    assert done.stderr.startswith("DATABASE_URL ")
    assert "canary" not in done.stdout + done.stderr


def test_a_token_that_slack_does_not_take_is_told_with_what_to_do(office: Office) -> None:
    done = office.needline("run", **SECRETS)
    assert done.returncode == 1
    assert "Slack does not take SLACK_BOT_TOKEN (invalid_auth)" in done.stderr
    assert "OAuth & Permissions" in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_an_app_token_that_slack_does_not_take_is_told_with_what_to_do(office: Office) -> None:
    done = office.needline("run", SLACK_APP_TOKEN="xapp-canary", SLACK_SIGNING_SECRET=None)
    assert done.returncode == 1
    assert "Slack does not take SLACK_APP_TOKEN (invalid_auth)" in done.stderr
    assert "connections:write" in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_a_slack_that_does_not_answer_is_told(office: Office) -> None:
    done = office.needline("run", SLACK_API_URL=NOWHERE, NEEDLINE_CLOCK_URL=None)
    assert done.returncode == 1
    assert f"Slack does not answer at {NOWHERE}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_postgresql_that_was_not_migrated_is_told_with_what_to_do(office: Office, empty_postgresql: str) -> None:
    done = office.needline("run", DATABASE_URL=empty_postgresql)
    assert done.returncode == 1
    assert "Run `needline migrate`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "url"),
    [
        (["run"], "postgresql://needline:canary@127.0.0.1:1/needline"),
        (["policy", "show"], "postgresql://needline:canary@127.0.0.1:1/needline"),
        (["migrate"], "sqlite:////nowhere/needline.db"),
    ],
)
def test_a_database_that_does_not_answer_is_told_in_a_sentence(office: Office, command: list[str], url: str) -> None:
    done = office.needline(*command, DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stderr.startswith("The database does not answer")
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_never_shows_its_password(office: Office) -> None:
    done = office.needline("migrate", DATABASE_URL="postgresql://needline:canary@127.0.0.1:1/needline")
    assert done.returncode == 1
    assert "canary" not in done.stdout + done.stderr


def test_a_port_that_is_taken_is_told(office: Office) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = office.needline("run", PORT=str(taken.getsockname()[1]))
    assert "Address already in use" in done.stderr
    assert done.returncode == 1


# -- migrate


def test_migrate_needs_no_slack_and_makes_a_sqlite_file(office: Office) -> None:
    done = office.needline("migrate", SLACK_BOT_TOKEN=None, SLACK_SIGNING_SECRET=None)
    assert (done.returncode, done.stdout) == (0, f"The database is at revision {migrations.HEAD} (was empty).\n")
    with closing(sqlite3.connect(office.folder / "needline.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrations.HEAD,)]


def test_migrate_brings_postgresql_up_and_once_there_does_nothing(office: Office, empty_postgresql: str) -> None:
    first = office.needline("migrate", DATABASE_URL=empty_postgresql)
    assert (first.returncode, first.stdout) == (0, f"The database is at revision {migrations.HEAD} (was empty).\n")
    again = office.needline("migrate", DATABASE_URL=empty_postgresql)
    assert again.stdout == f"The database is at revision {migrations.HEAD} (was {migrations.HEAD}).\n"
    with psycopg.connect(empty_postgresql) as connection:
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


# -- stopping


@dataclass(frozen=True)
class Running:
    """A bot in a process of its own, with somebody to use it."""

    ws: Workspace
    process: bot.Process
    alice: Person
    database: Path
    log: Path


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    database, log = tmp_path / "needline.db", tmp_path / "log"
    with Workspace(MANIFEST) as ws:
        alice = _small_team(ws, f"sqlite:///{database}")
        process = bot.Process(ws, f"sqlite:///{database}", _free_port(), log)
        process.start()
        yield Running(ws, process, alice, database, log)
        process.kill()


def test_told_to_stop_it_finishes_what_is_under_way_and_loses_nothing(running: Running) -> None:
    ws = running.ws
    ws.faults.add("chat.postMessage", "delay", seconds=1.0)
    _fill(running.alice, "They need an export")
    assert running.alice.submits().closed
    ws.eventually(lambda: ws.ledger.calls("chat.postMessage"))
    running.process.stop()
    ws.faults.clear()
    running.process.start()
    _shown_once(running, "They need an export")
    assert "Traceback" not in running.log.read_text()


def test_a_gesture_under_way_when_told_to_stop_is_answered_and_kept(running: Running) -> None:
    _fill(running.alice, "They need an import")
    with closing(sqlite3.connect(running.database, isolation_level=None)) as other, ThreadPoolExecutor(2) as crowd:
        other.execute("BEGIN IMMEDIATE")
        submitted = crowd.submit(running.alice.submits)
        time.sleep(0.3)
        stopped = crowd.submit(running.process.stop)
        time.sleep(0.5)
        other.execute("ROLLBACK")
        assert submitted.result().closed
        stopped.result()
    running.process.start()
    _shown_once(running, "They need an import")


def test_having_stopped_as_told_is_success(running: Running) -> None:
    code = running.process.stop()
    assert "stopped" in running.log.read_text()
    assert code == 0


# -- how


def _inherited() -> dict[str, str]:
    """Return what a process needs of our own environment, and nothing that would configure a bot."""
    return {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _small_team(ws: Workspace, url: str) -> Person:
    """Make a triage channel with Alice in it, and write the policy that names it."""
    alice = ws.person("Alice")
    triage = ws.channel("triage", members=[alice])
    ws.invite_bot(triage)
    rules = {"channels": {"triage": triage.id}, "delivery": {"lease_s": 2, "settle_s": 0.5, "pace_per_s": 100}}
    database = Database(url)
    migrations.upgrade(database)
    with database.begin() as session:
        policy.apply(session, ws.team_id, rules, "test", datetime.now(UTC))
    database.close()
    return alice


def _fill(person: Person, words: str) -> None:
    person.sends(f"/feedback {words}")
    person.picks("Customer", "Add “Acme”")


def _shown_once(running: Running, words: str) -> None:
    """The card and the receipt are there, once each."""
    rooms = ("C0TRIAGE", None)

    def counts() -> list[int]:
        return [sum(words in message.text for message in running.alice.sees(room)) for room in rooms]

    running.ws.eventually(lambda: all(counts()), what="card and receipt")
    assert counts() == [1, 1]
