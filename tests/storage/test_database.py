import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Executable, select
from sqlalchemy.exc import InternalError, StatementError
from sqlalchemy.orm import Session

from bot.domain.refusals import Busy, Refused
from storage import counters, migrations, seen
from storage.db import TURN_S, Database, DatabaseUrlError, FairLock, Upsert, once, table
from storage.seen import Seen
from tests import postgres
from tests.make import MONDAY, TEAM


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A migrated SQLite file that no Database has open."""
    path = tmp_path / "needline.db"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.close()
    return path


def took(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return time.monotonic() - began


def take(database: Database) -> int:
    with database.begin() as session:
        return counters.take(session, TEAM, "feedback")


# The fair lock


def order_of_arrival(lock: FairLock, people: int) -> list[int]:
    """Let people queue for a held lock one after another, open it, and return the order they came in."""
    came: list[int] = []

    def person(number: int) -> None:
        assert lock.acquire(5)
        came.append(number)
        lock.release()

    assert lock.acquire(0)
    with ThreadPoolExecutor(people) as pool:
        for number in range(people):
            pool.submit(person, number)
            while len(lock._waiting) <= number:
                time.sleep(0.001)
        lock.release()
    return came


def test_the_lock_is_first_come_first_served() -> None:
    assert order_of_arrival(FairLock(), 12) == list(range(12))


def test_a_lock_that_serves_the_last_first_would_be_noticed() -> None:
    class LastFirst(FairLock):
        def release(self) -> None:
            self._waiting.reverse()
            super().release()
            self._waiting.reverse()

    assert order_of_arrival(LastFirst(), 12) != list(range(12))


def test_waiting_for_the_lock_ends_in_time() -> None:
    lock = FairLock()
    assert lock.acquire(0)
    assert 0.05 <= took(lambda: lock.acquire(0.05)) < 1.0
    assert not lock.acquire(0.01)


def test_who_gave_up_waiting_is_not_handed_the_lock() -> None:
    lock = FairLock()
    assert lock.acquire(0)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(0)


def test_nobody_overtakes_who_is_waiting() -> None:
    lock = FairLock()
    assert lock.acquire(0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lock.acquire, 5)
        while not lock._waiting:
            time.sleep(0.001)
        lock.release()
        assert not lock.acquire(0)  # it is the other's by now, whether their thread has woken or not
        assert waiting.result()


def test_the_lock_is_one_persons_at_a_time_even_when_many_give_up() -> None:
    lock, inside, together = FairLock(), [0], []

    def person(number: int) -> None:
        for _ in range(20):
            if lock.acquire(0.0005 * (number % 4)):
                inside[0] += 1
                together.append(inside[0])
                time.sleep(0.0002)
                inside[0] -= 1
                lock.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(person, range(8)))
    assert set(together) == {1}
    assert lock.acquire(0)


# Waiting, and giving up


def test_while_another_process_writes_we_wait_a_while_and_say_busy(sqlite_file: Path) -> None:
    with closing(Database(f"sqlite:///{sqlite_file}")) as database:
        with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            with pytest.raises(Busy):
                take(database)
            assert TURN_S - 0.1 <= time.monotonic() - began < 3.0
            other.execute("ROLLBACK")
        assert take(database) == 1


def test_a_writer_that_ends_in_time_is_waited_for(sqlite_file: Path) -> None:
    with closing(Database(f"sqlite:///{sqlite_file}")) as database:
        other = sqlite3.connect(sqlite_file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, other.close).start()
        assert take(database) == 1


def test_two_processes_that_read_and_then_write_lose_nothing(sqlite_file: Path) -> None:
    def look_and_count(database: Database) -> None:
        for _ in range(20):
            with database.begin() as session:
                last = session.scalars(select(counters.Counter.last)).one_or_none() or 0
                time.sleep(0.001)  # time enough for another to write, if they could
                assert counters.take(session, TEAM, "feedback") == last + 1

    with (
        closing(Database(f"sqlite:///{sqlite_file}")) as one,
        closing(Database(f"sqlite:///{sqlite_file}")) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        list(pool.map(look_and_count, (one, other)))
        assert take(one) == 41


def test_who_waits_behind_a_waiting_writer_is_answered_within_three_seconds_too(sqlite_file: Path) -> None:
    def patience(delay: float) -> float:
        time.sleep(delay)
        began = time.monotonic()
        with pytest.raises(Busy):
            take(database)
        return time.monotonic() - began

    with (
        closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other,
        closing(Database(f"sqlite:///{sqlite_file}")) as database,
        ThreadPoolExecutor(2) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        assert max(pool.map(patience, (0.0, 0.3))) < 3.0


def test_a_row_kept_too_long_by_another_is_busy(database: Database) -> None:
    held, enough = threading.Event(), threading.Event()

    def keeper() -> None:
        with database.begin() as session:
            counters.take(session, TEAM, "feedback")
            held.set()
            enough.wait(10)

    with ThreadPoolExecutor(1) as pool:
        keeping = pool.submit(keeper)
        assert held.wait(5)
        began = time.monotonic()
        with pytest.raises(Busy):
            take(database)
        waited = time.monotonic() - began
        enough.set()
        keeping.result()
    assert TURN_S - 0.1 <= waited < 3.0
    assert take(database) == 2


# Transactions


def refused_after_writing(database: Database) -> None:
    with database.begin() as session:
        counters.take(session, TEAM, "feedback")
        raise Refused("refused.withdrawn")


def test_a_failed_transaction_leaves_nothing_and_gives_up_its_turn(database: Database) -> None:
    with pytest.raises(Refused):
        refused_after_writing(database)
    assert take(database) == 1


def test_a_transaction_that_cannot_commit_gives_up_its_turn(database: Database) -> None:
    with pytest.raises(StatementError), database.begin() as session:
        session.add(Seen(team_id=TEAM, key="view:1", at=datetime(2026, 1, 1)))  # noqa: DTZ001 - naive on purpose
    assert take(database) == 1


def test_who_listens_for_commits_hears_of_commits_only(database: Database) -> None:
    heard: list[int] = []
    database.committed.append(lambda: heard.append(take_committed(database)))
    take(database)
    with pytest.raises(Refused):
        refused_after_writing(database)
    assert heard == [1]


def test_a_quiet_commit_is_not_announced(database: Database) -> None:
    heard: list[int] = []
    database.committed.append(lambda: heard.append(1))
    with database.begin(quiet=True) as session:
        counters.take(session, TEAM, "feedback")
    assert heard == []
    assert take_committed(database) == 1


def take_committed(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(counters.Counter.last)).one()


def test_a_reader_is_not_blocked_by_a_writer_and_sees_what_was_committed(database: Database) -> None:
    take(database)
    with database.begin() as writing:
        counters.take(writing, TEAM, "feedback")
        assert took(lambda: take_committed(database)) < 1.0
        assert take_committed(database) == 1
    assert take_committed(database) == 2


def test_a_writer_is_not_blocked_by_a_reader(database: Database) -> None:
    take(database)
    with database.read() as reading:
        reading.scalars(select(counters.Counter.last)).one()
        assert took(lambda: take(database)) < 1.0


def test_what_is_written_in_a_reading_session_is_not_kept(database: Database) -> None:
    with pytest.raises((Busy, InternalError)), database.read() as session:
        counters.take(session, TEAM, "feedback")
    assert take(database) == 1


# Moments


def stored(session: Session, at: datetime) -> datetime:
    seen.first_time(session, TEAM, "view:1", at)
    return session.scalars(select(Seen.at)).one()


def test_a_naive_time_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="a naive time cannot be stored"), session.begin_nested():
        stored(session, datetime(2026, 11, 23, 9, 0))  # noqa: DTZ001 - naive on purpose


@pytest.mark.parametrize("hours", [0, 8, -5])
def test_a_moment_comes_back_in_utc_whatever_zone_it_was_told_in(session: Session, hours: int) -> None:
    back = stored(session, MONDAY.astimezone(timezone(timedelta(hours=hours))))
    assert (back, back.tzinfo) == (MONDAY, UTC)


def test_a_moment_keeps_its_microseconds(session: Session) -> None:
    moment = MONDAY + timedelta(microseconds=1)
    assert stored(session, moment) == moment


# Addresses


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d"])
def test_an_address_of_postgresql_needs_no_driver_name(url: str) -> None:
    with closing(Database(url)) as database:
        assert database.url.drivername == "postgresql+psycopg"
        assert not database.is_sqlite


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("needline.db", "DATABASE_URL is not a database address, like sqlite:///needline.db."),
        ("", "DATABASE_URL is not a database address, like sqlite:///needline.db."),
        ("sqlite://", "DATABASE_URL must name a file, like sqlite:///needline.db; memory forgets."),
        ("sqlite:///:memory:", "DATABASE_URL must name a file, like sqlite:///needline.db; memory forgets."),
        ("mysql://u@h/d", "DATABASE_URL must begin with sqlite:/// or postgresql://."),
    ],
)
def test_any_other_address_is_refused_in_words(url: str, sentence: str) -> None:
    with pytest.raises(DatabaseUrlError) as refused:
        Database(url)
    assert str(refused.value) == sentence


def test_sqlite_keeps_a_write_ahead_log_flushed_at_every_commit_and_checks_keys(sqlite_file: Path) -> None:
    with closing(Database(f"sqlite:///{sqlite_file}")) as database, database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


# Statements built once


def test_a_statement_is_built_once_for_each_dialect_and_executed_with_its_values(database: Database) -> None:
    built = []

    @once
    def note(upsert: Upsert) -> Executable:
        built.append(upsert)
        return upsert(Seen).on_conflict_do_nothing().returning(table(Seen).c.key)

    with database.begin() as session:
        keys = [session.execute(note(session), {"team_id": TEAM, "key": key, "at": MONDAY}).scalar() for key in "aba"]
    assert keys == ["a", "b", None]
    assert len(built) == 1


# Few sessions at once


def test_few_lets_so_many_sessions_open_at_once_and_disturbs_nobody_else(sqlite_file: Path) -> None:
    database = Database(f"sqlite:///{sqlite_file}")
    few, opened = database.few(1), threading.Event()

    def look() -> None:
        with few.read():
            opened.set()

    with few.begin() as session:
        second = threading.Thread(target=look)
        second.start()
        assert not opened.wait(0.1)
        with database.read():
            pass
        counters.take(session, TEAM, "feedback")
    second.join()
    assert opened.is_set()
    assert take(database) == 2
    database.close()


def test_who_waits_to_be_one_of_few_keeps_nobody_from_writing(sqlite_file: Path) -> None:
    database = Database(f"sqlite:///{sqlite_file}")
    few = database.few(1)

    def write() -> None:
        with few.begin() as session:
            counters.take(session, TEAM, "feedback")

    with few.read():
        waiting = threading.Thread(target=write)
        waiting.start()
        time.sleep(0.1)
        assert took(lambda: take(database)) < TURN_S / 2
    waiting.join()
    assert take(database) == 3
    database.close()


def test_few_refuses_what_would_wait_for_itself(sqlite_file: Path) -> None:
    few = Database(f"sqlite:///{sqlite_file}").few(2)
    with few.read(), pytest.raises(RuntimeError, match="within another"), few.begin():
        pass
    with few.begin():
        pass
    few.close()


# A server that was restarted


@pytest.fixture
def on_a_server() -> Iterator[Database]:
    """A PostgreSQL database of the test's own, whose connections it may cut."""
    found = Database(postgres.new_database())
    migrations.upgrade(found)
    yield found
    found.close()
    postgres.drop_database(found.url.render_as_string(hide_password=False))


def fill_pools(database: Database) -> None:
    """Leave some connections in each pool."""
    with ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(database.read()).execute(select(1))
            open_ones.enter_context(database.begin()).execute(select(1))


def cut(database: Database) -> None:
    """End all connections, as a restart of the server does, and wait until they are gone."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def failures(database: Database, *, write_first: bool) -> int:
    """Read and write some times; return how many of these failed."""
    found, sides = 0, [database.begin, database.read]
    for side in (sides if write_first else sides[::-1]) * 4:
        try:
            with side() as session:
                session.execute(select(1))
        except Busy:
            found += 1
    return found


@pytest.mark.parametrize("write_first", [True, False])
def test_one_connection_that_was_cut_is_met_and_no_other(on_a_server: Database, *, write_first: bool) -> None:
    for _ in range(2):
        fill_pools(on_a_server)
        cut(on_a_server)
        assert failures(on_a_server, write_first=write_first) == 1
