"""`needline backup` and `needline restore`: a whole copy from a running bot, put back all or nothing."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from practice.workspace import Workspace
from storage import copies, feedback, migrations
from storage.db import Database
from tests import bot, make
from tests.commands import Done, needline, url_of
from tests.make import TEAM
from tests.test_cli import _fill, _free_port, _small_team


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database in which somebody filed something, with nobody at work."""
    folder = tmp_path / "live"
    folder.mkdir()
    found = folder / "needline.db"
    fill(found, "They need an export.")
    return found


def fill(file: Path, words: str) -> None:
    """Bring a database up and file something in it."""
    with at_work(file) as database, database.begin() as session:
        make.rules(session)
        make.file(session, words)


@contextmanager
def at_work(file: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}")
    migrations.upgrade(database)
    yield database
    database.close()


def words(file: Path) -> list[str]:
    with at_work(file) as database, database.read() as session:
        found = [feedback.get(session, TEAM, number) for number in range(1, 9)]
        return [item.words for item in found if item]


def run(file: Path, *arguments: object) -> Done:
    return needline(f"sqlite:///{file}", *arguments)


def saved(file: Path, name: str = "copy.db") -> Path:
    copy = file.parent.parent / name
    assert run(file, "backup", copy).returncode == 0
    return copy


def names(folder: Path) -> set[str]:
    return {found.name for found in folder.iterdir()}


def refused(done: Done, said: str, code: int = 2) -> None:
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


# -- backup


def test_a_copy_of_a_database_at_work_is_whole_and_for_our_eyes_only(file: Path) -> None:
    with at_work(file):
        copy = saved(file)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert names(copy.parent) == {"live", "copy.db"}
    with closing(sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True)) as connection:
        assert connection.execute("SELECT words FROM feedback").fetchall() == [("They need an export.",)]
        assert connection.execute("PRAGMA journal_mode").fetchone() != ("wal",)


def test_the_copy_says_where_it_is_and_what_it_holds(file: Path) -> None:
    done = run(file, "backup", file.parent / "copy.db")
    assert done.stdout.startswith(f"Saved: {file.parent / 'copy.db'} (")
    assert done.stdout.endswith(f"revision {migrations.HEAD}).\n")


def test_what_is_written_while_a_long_copy_is_made_is_not_in_it_and_does_not_begin_it_anew(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "STEP", 5)
    looks: list[int] = []
    with at_work(file) as database:

        def meanwhile(left: int, _total: int) -> None:
            looks.append(left)
            if len(looks) < 6:
                with database.begin() as session:
                    make.file(session, f"Meanwhile {len(looks)}")

        copies.save(file, file.parent / "copy.db", meanwhile)
    assert looks == sorted(looks, reverse=True)
    assert len(looks) > 6
    assert words(file.parent / "copy.db") == ["They need an export."]
    assert len(words(file)) == 6


def test_a_file_that_exists_is_never_written_over(file: Path) -> None:
    other = file.parent / "letters.txt"
    other.write_text("Dear Alice")
    refused(run(file, "backup", other), "exists already")
    refused(run(file, "backup", file), "exists already")
    assert other.read_text() == "Dear Alice"


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    refused(run(tmp_path / "needline.db", "backup", tmp_path / "copy.db"), "There is no database at", 1)
    assert names(tmp_path) == set()


def test_a_folder_that_is_not_there_is_told(file: Path) -> None:
    refused(run(file, "backup", file.parent / "nowhere" / "copy.db"), "cannot be written: No such file", 1)


def test_on_a_full_disk_nothing_half_is_left_and_the_reason_is_told(file: Path) -> None:
    before = names(file.parent)
    limited = f'ulimit -f 64; exec "{sys.executable}" -m bot.cli backup "{file.parent / "copy.db"}"'
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{file}", "PYTHONPATH": str(bot.ROOT)}
    done = subprocess.run(
        ["sh", "-c", limited], env=environment, cwd=file.parent, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "copy.db cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(file.parent) == before


def test_what_a_killed_backup_left_is_in_nobodys_way(file: Path) -> None:
    (file.parent.parent / ".copy.db.part").write_bytes(b"half of it")
    saved(file)
    assert names(file.parent.parent) == {"live", "copy.db"}


def test_for_postgresql_its_own_command_is_named_without_the_password() -> None:
    url = "postgresql://needline:canary@db.example:5433/needline?sslmode=require"
    done = needline(url, "backup", "our copy.dump")
    assert done.returncode == 2
    address = "'postgresql://needline@db.example:5433/needline?sslmode=require'"
    assert done.stdout == f"pg_dump --format=custom --file='our copy.dump' {address}\n"
    assert "PGPASSWORD" in done.stderr
    assert "canary" not in done.stdout + done.stderr
    back = needline("postgresql:///needline?password=canary", "restore", "copy.dump")
    assert back.returncode == 2
    assert back.stdout.startswith("pg_restore --clean --if-exists")
    assert "canary" not in back.stdout + back.stderr


# -- restore


def test_a_copy_is_put_back_as_it_was_and_what_was_there_is_kept_beside(file: Path) -> None:
    copy = saved(file)
    with at_work(file) as database, database.begin() as session:
        make.file(session, "Filed since.")
    done = run(file, "restore", copy, "--replace")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Restored: {file} (revision {migrations.HEAD}). What was there is kept as ")
    assert words(file) == ["They need an export."]
    (aside,) = file.parent.glob("needline.db.before-*")
    assert words(aside) == ["They need an export.", "Filed since."]
    assert aside.stat().st_mode & 0o777 == 0o600


def test_where_there_is_none_a_copy_becomes_the_database(file: Path, tmp_path: Path) -> None:
    copy = saved(file)
    target = tmp_path / "needline.db"
    assert run(target, "restore", copy).returncode == 0
    assert words(target) == ["They need an export."]
    assert names(tmp_path) == {"live", "copy.db", "needline.db"}


def test_what_waits_in_the_outbox_of_a_copy_is_told(file: Path, tmp_path: Path) -> None:
    done = run(tmp_path / "needline.db", "restore", saved(file))
    assert "2 messages waited when the copy was made. Those sent since will be sent once more" in done.stdout


def test_a_database_is_not_replaced_unless_that_is_said(file: Path) -> None:
    copy = saved(file)
    fill(file, "Filed since.")
    refused(run(file, "restore", copy), "Say --replace")
    assert words(file) == ["They need an export.", "Filed since."]


@contextmanager
def somebody_has_it_open(file: Path) -> Iterator[None]:
    """Hold an idle connection in another process, as a bot does."""
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('SELECT 1 FROM sqlite_master').fetchall(); print('here', flush=True); sys.stdin.read()"
    )
    holder = [sys.executable, "-c", hold, str(file)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "here\n"
        yield
        other.communicate("", timeout=5)


def test_a_database_in_use_is_not_replaced_whoever_uses_it(file: Path) -> None:
    copy = saved(file)
    for holding in (at_work(file), somebody_has_it_open(file)):
        with holding:
            refused(run(file, "restore", copy, "--replace"), "is in use. Stop the bot first.")
    assert names(file.parent) == {"needline.db"}
    assert words(file) == ["They need an export."]


def test_a_damaged_database_is_replaced_and_kept_as_it_is(file: Path) -> None:
    copy = saved(file)
    file.write_bytes(b"no database any more" * 1000)
    refused(run(file, "restore", copy), "Say --replace")
    assert run(file, "restore", copy, "--replace").returncode == 0
    assert words(file) == ["They need an export."]
    (aside,) = file.parent.glob("needline.db.before-*")
    assert aside.read_bytes().startswith(b"no database any more")


def test_a_damaged_database_in_use_is_not_replaced(file: Path) -> None:
    copy = saved(file)
    with somebody_has_it_open(file):
        with file.open("r+b") as damaged:
            damaged.write(b"no database any more")
        refused(run(file, "restore", copy, "--replace"), "is in use")


def test_a_copy_from_before_an_upgrade_is_brought_to_our_form(file: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    database = Database(f"sqlite:///{old}")
    with database.engine.begin() as connection:
        _upgrade_to(connection, "0001")
    database.close()
    target = tmp_path / "needline.db"
    assert run(target, "restore", old).returncode == 0
    with at_work(target) as restored:
        assert migrations.revision(restored) == migrations.HEAD


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_a_copy_of_a_newer_version_is_refused(file: Path, tmp_path: Path) -> None:
    copy = saved(file)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused(run(tmp_path / "needline.db", "restore", copy), "revision 9999, newer than this version's")
    assert names(tmp_path) == {"live", "copy.db"}


@pytest.mark.parametrize("content", [b"", b"Dear Alice", b"SQLite format 3\x00" + b"x" * 5000])
def test_what_is_no_backup_of_ours_is_refused(file: Path, tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other"
    other.write_bytes(content)
    refused(run(file, "restore", other, "--replace"), "is no backup of Needline's", 1)
    refused(run(file, "restore", tmp_path / "missing", "--replace"), "There is no file", 1)
    assert names(file.parent) == {"needline.db"}


def test_a_damaged_copy_is_refused(file: Path) -> None:
    copy = saved(file)
    content = bytearray(copy.read_bytes())
    content[4096 * 3 : 4096 * 20] = b"\xff" * 4096 * 17
    copy.write_bytes(content)
    done = run(file, "restore", copy, "--replace")
    assert done.returncode == 1
    assert "damaged" in done.stderr or "malformed" in done.stderr
    assert words(file) == ["They need an export."]


def test_a_database_is_not_put_back_onto_itself(file: Path) -> None:
    refused(run(file, "restore", file, "--replace"), "is the database itself")


def test_on_a_full_disk_the_database_stays_as_it_was(file: Path) -> None:
    copy = saved(file)
    fill(file, "Filed since.")
    limited = f'ulimit -f 64; exec "{sys.executable}" -m bot.cli restore --replace "{copy}"'
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{file}", "PYTHONPATH": str(bot.ROOT)}
    done = subprocess.run(
        ["sh", "-c", limited], env=environment, cwd=file.parent, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert names(file.parent) == {"needline.db"}
    assert words(file) == ["They need an export.", "Filed since."]


# -- with a bot


def test_a_running_bot_is_copied_refuses_to_be_replaced_and_goes_on_from_the_copy(tmp_path: Path) -> None:
    file, copy = tmp_path / "needline.db", tmp_path / "copy.db"
    with Workspace(bot.ROOT / "manifest.json") as ws:
        alice = _small_team(ws, f"sqlite:///{file}")
        process = bot.Process(ws, f"sqlite:///{file}", _free_port(), tmp_path / "log")
        process.start()
        try:
            _fill(alice, "They need an export")
            assert alice.submits().closed
            ws.eventually(lambda: "They need an export" in ws.transcript())
            assert run(file, "backup", copy).returncode == 0
            refused(run(file, "restore", copy, "--replace"), "is in use")
            process.stop()
            assert run(file, "restore", copy, "--replace").returncode == 0
            process.start()
            alice.sends("/feedback They need an import")
            alice.picks("Customer", "Acme")
            assert alice.submits().closed
        finally:
            process.kill()


# -- newer than us


def test_a_database_of_a_newer_version_is_left_alone_and_told(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for asked in (["migrate"], ["outbox", "list"]):
        refused(needline(url_of(database), *asked), "newer than this version's", 1)
