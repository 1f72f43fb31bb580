"""The database: engines, sessions, column types. SQLite for one process, PostgreSQL for several.

The SQLite recipe (WAL, synchronous=FULL, BEGIN IMMEDIATE behind one fair lock) and why it is so: docs/decisions/0003.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self, TypeVar, cast

from sqlalchemy import DateTime, Dialect, Engine, Executable, MetaData, Table, TypeDecorator, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from bot.domain.refusals import Busy

WAIT_S = 2.0
"""How long a transaction waits for a lock. Slack waits 3 s for an answer."""

TURN_S = WAIT_S / 2
"""How long one lock may take. On SQLite there are two: our turn in this process, and then other processes."""


class Utc(TypeDecorator[datetime]):
    """A moment: aware and in UTC on the Python side, naive UTC on SQLite, timestamptz on PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, which would silently mean some local time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - theirs
        """Return UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables. `team_id` leads every primary key."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Utc()}  # noqa: RUF012 - SQLAlchemy reads it off the class


def table(model: type[Base]) -> Table:
    """Return a model's table, for lean statements that need no objects."""
    return cast("Table", model.__table__)


def upsert(session: Session, model: type[Base]) -> postgresql.Insert:
    """Return the dialect's INSERT, which knows ON CONFLICT; the two dialects' are the same to use."""
    return _upsert(session.get_bind().dialect.name, model)


def _upsert(dialect: str, model: type[Base]) -> postgresql.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return cast("postgresql.Insert", insert(table(model)))


Upsert = Callable[[type[Base]], postgresql.Insert]
Made = TypeVar("Made", bound=Executable)


def once(build: Callable[[Upsert], Made]) -> Callable[[Session], Made]:
    """Let a statement with ON CONFLICT be built once for each dialect; its values are given when it is executed.

    Building a statement takes SQLAlchemy several times as long as executing it, so what people wait for is built once.
    """
    made: dict[str, Made] = {}

    def statement(session: Session) -> Made:
        dialect = session.get_bind().dialect.name
        if dialect not in made:
            made[dialect] = build(partial(_upsert, dialect))
        return made[dialect]

    return statement


class FairLock:
    """A lock that lets waiters in by order of arrival, each waiting a limited time."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    def acquire(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds; say whether the lock is ours."""
        turn = threading.Event()
        with self._mutex:
            if not self._held and not self._waiting:
                self._held = True
                return True
            self._waiting.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            if turn.is_set():  # handed over in the last moment
                return True
            self._waiting.remove(turn)
            return False

    def release(self) -> None:
        """Hand the lock to the longest waiter, if any."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False


class _Slots(AbstractContextManager[None]):
    """Lets in so many at once. Within itself it would wait for itself, so that is an error."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._here = threading.local()

    def __enter__(self) -> None:
        if getattr(self._here, "inside", False):
            raise RuntimeError("a session of few() was opened within another one")
        self._free.acquire()
        self._here.inside = True

    def __exit__(self, *_error: object) -> None:
        self._here.inside = False
        self._free.release()


class Database:
    """One database: `begin()` for a write transaction, `read()` for reading."""

    def __init__(self, url: str) -> None:
        self.url = _normal_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url, "BEGIN IMMEDIATE") if self.is_sqlite else _postgresql_engine(self.url)
        self.reader = _sqlite_engine(self.url, "BEGIN") if self.is_sqlite else _postgresql_reader(self.url)
        if not self.is_sqlite:
            _part_together(self.engine, self.reader)
        self._turn = FairLock()
        self._slots: AbstractContextManager[object] = nullcontext()
        self.committed: list[Callable[[], None]] = []

    def few(self, most: int) -> Self:
        """Return the same database, with at most so many sessions at once among those who use what is returned.

        Many threads that work on rows hand Python's lock around more than they work (docs/decisions/0013). One of these
        sessions within another raises RuntimeError.
        """
        same = copy(self)
        same._slots = _Slots(most)  # noqa: SLF001 - it is one of us
        return same

    @contextmanager
    def begin(self, *, quiet: bool = False) -> Iterator[Session]:
        """Open a session in one write transaction, committed at the end. Raises Busy without an answer in time.

        `quiet` commits are not announced to `committed`, which wakes the delivery.
        """
        opened = Session(self.engine, expire_on_commit=False)
        with self._slots, self._turn_to_write(), answering(), opened as session, session.begin():
            yield session
        if not quiet:
            for listener in self.committed:
                listener()

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        """On SQLite, wait for our turn among the threads of this process."""
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(TURN_S):
            raise Busy("waited too long for our turn to write")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for reading. Raises Busy likewise."""
        with self._slots, answering(), Session(self.reader, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self.reader.dispose()


@contextmanager
def answering() -> Iterator[None]:
    """Raise Busy for every way in which a database does not answer."""
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        raise Busy(str(error.__cause__ or error)) from error


class DatabaseUrlError(Exception):
    """DATABASE_URL is of no kind we can use."""


def _normal_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUrlError("DATABASE_URL is not a database address, like sqlite:///needline.db.") from None
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise DatabaseUrlError("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise DatabaseUrlError("DATABASE_URL must name a file, like sqlite:///needline.db; memory forgets.")
    return parsed


def _postgresql_engine(url: URL, *further: str, **facts: Any) -> Engine:
    wait_ms = int(TURN_S * 1000)  # each lock; a gesture meets two at most
    limits = (f"lock_timeout={wait_ms}", "statement_timeout=20000", "idle_in_transaction_session_timeout=60000")
    return create_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=WAIT_S,
        hide_parameters=True,
        connect_args={"connect_timeout": 2, "options": " ".join(f"-c {each}" for each in (*limits, *further))},
        **facts,
    )


def _postgresql_reader(url: URL) -> Engine:
    """Each statement sees what is committed by then, within a transaction or not; so none is begun and ended."""
    read_only = "default_transaction_read_only=on"
    return _postgresql_engine(url, read_only, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)


def _part_together(*engines: Engine) -> None:
    """Let go of all engines' connections when one finds that its server is gone: one gesture meets that, not two."""
    lost_at = [0.0]

    def made(_connection: Any, record: Any) -> None:
        record.info["made_at"] = time.monotonic()

    def lost(context: ExceptionContext) -> None:
        if context.is_disconnect:
            lost_at[0] = time.monotonic()

    def check(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["made_at"] < lost_at[0]:
            raise DisconnectionError  # the pool makes a new one

    for engine in engines:
        event.listen(engine, "connect", made)
        event.listen(engine, "handle_error", lost)
        event.listen(engine, "checkout", check)


def _sqlite_engine(url: URL, begin: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=20,
        pool_timeout=WAIT_S,
        hide_parameters=True,
        connect_args={"timeout": TURN_S, "check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _sqlite_settings)
    if begin == "BEGIN":
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA query_only=ON"))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _sqlite_settings(connection: sqlite3.Connection, _record: Any) -> None:
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows ASCII only
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text
