"""What filing and voting cost at least: the statements they need, through the raw driver, one transaction each.

Written as one would without a library between: statements are constants, the driver prepares them once, several rows
go into one INSERT, one SQLite connection writes behind one lock, and every thread has its PostgreSQL connection.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

Execute = Callable[[str, Sequence[Any]], list[Any]]
Json = dict[str, Any]

PERSON = "SELECT locale FROM people WHERE team_id = ? AND user_id = ?"
POLICY = "SELECT name, content FROM policy WHERE team_id = ?"
LANES = """INSERT INTO lanes (team_id, name, free_at, wanted_at, priority) VALUES {rows}
ON CONFLICT (team_id, name) DO UPDATE SET
wanted_at = CASE WHEN lanes.wanted_at IS NULL OR lanes.wanted_at > excluded.wanted_at
 THEN excluded.wanted_at ELSE lanes.wanted_at END,
priority = CASE WHEN lanes.priority < excluded.priority THEN lanes.priority ELSE excluded.priority END"""
OUTBOX = """INSERT INTO outbox (team_id, id, lane, kind, about, key, priority, state, claim, created_at, due_at)
VALUES {rows} ON CONFLICT (team_id, key) WHERE state = 'waiting' DO UPDATE SET lane = excluded.lane,
about = excluded.about,
due_at = CASE WHEN outbox.due_at < excluded.due_at THEN outbox.due_at ELSE excluded.due_at END,
priority = CASE WHEN outbox.priority < excluded.priority THEN outbox.priority ELSE excluded.priority END
RETURNING key, id"""

SEEN = "INSERT INTO seen (team_id, key, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING key"
CUSTOMER = "SELECT id FROM customers WHERE team_id = ? AND id = ?"
NUMBERS = """INSERT INTO counters (team_id, name, last) VALUES (?, 'feedback', 1), (?, 'requirement', 1)
ON CONFLICT (team_id, name) DO UPDATE SET last = counters.last + 1 RETURNING name, last"""
REQUIREMENT = """INSERT INTO requirements (team_id, number, title, status, origin, created_at, changed_at)
VALUES (?, ?, ?, 'in_review', ?, ?, ?)"""
MOVE = """INSERT INTO moves (team_id, requirement, number, before, after, at)
VALUES (?, ?, 1, 'new', 'in_review', ?)"""
AWAY = "SELECT user_id FROM people WHERE team_id = ? AND user_id IN ({marks}) AND back_on > ?"
ROUND_ = """INSERT INTO rounds (team_id, requirement, number, quorum, blind, decides, anonymous, departments, opened_at,
due_at) VALUES (?, ?, 1, ?, ?, ?, ?, '', ?, ?)"""
FEEDBACK = """INSERT INTO feedback (team_id, number, requirement, customer_id, kind, urgency, title, words,
hide_customer, private_source, filed_by, filed_at, state)
VALUES (?, ?, ?, ?, 'need', 'quarter', ?, ?, ?, ?, ?, ?, 'open')"""

WANTED = "SELECT origin, status, withdrawn_at FROM requirements WHERE team_id = ? AND number = ?"
FILERS = "SELECT filed_by FROM feedback WHERE team_id = ? AND requirement = ? AND state != 'withdrawn'"
NEWEST = """SELECT number, quorum, departments, closed_at FROM rounds WHERE team_id = ? AND requirement = ?
ORDER BY number DESC LIMIT 1"""
BALLOT = """INSERT INTO ballots (team_id, requirement, round, user_id, choice, action_us) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (team_id, requirement, round, user_id) DO UPDATE SET choice = excluded.choice,
action_us = excluded.action_us, why = CASE WHEN ballots.choice = excluded.choice THEN ballots.why END
WHERE excluded.action_us > ballots.action_us RETURNING user_id"""
BALLOTS = "SELECT user_id, choice FROM ballots WHERE team_id = ? AND requirement = ? AND round = ? ORDER BY action_us"


class Floor:
    """Takes forms and presses as the bot does, and nothing more than that."""

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite")
        self._url = url
        self._turn = threading.Lock()
        self._own = threading.local()
        if self._is_sqlite:
            self._writer = self._open_sqlite()

    def _open_sqlite(self) -> sqlite3.Connection:
        path = self._url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def close(self) -> None:
        """Close the connections of this thread, and the writer's."""
        self._mine().close()
        if self._is_sqlite:
            self._writer.close()

    def _mine(self) -> Any:
        """Return this thread's own connection."""
        if not hasattr(self._own, "connection"):
            if self._is_sqlite:
                self._own.connection = self._open_sqlite()
            else:
                import psycopg

                self._own.connection = psycopg.connect(self._url, autocommit=True)
        return self._own.connection

    @contextmanager
    def _transaction(self) -> Any:
        if not self._is_sqlite:
            connection = self._mine()
            with connection.transaction():
                yield _psycopg(connection)
            return
        with self._turn:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield lambda statement, values: self._writer.execute(statement, values).fetchall()
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def _read(self, statement: str, values: Sequence[Any]) -> list[Any]:
        if self._is_sqlite:
            return list(self._mine().execute(statement, values).fetchall())
        return list(_psycopg(self._mine())(statement, values))

    def _moment(self, moment: datetime) -> Any:
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if self._is_sqlite else moment

    def file(self, body: Json) -> None:
        """File a form."""
        team, user, view = body["team"]["id"], body["user"]["id"], body["view"]
        self._read(PERSON, (team, user))
        typed = view["state"]["values"]
        words = typed["words"]["words"]["value"].strip()
        customer = int(typed["customer"]["feedback_customer"]["selected_option"]["value"])
        key = f"view:{view['id']}:{json.loads(view['private_metadata'])['nonce']}"
        with self._transaction() as execute:
            self._write_filing(execute, team, user, customer, words, key)

    def _write_filing(self, execute: Execute, team: str, user: str, customer: int, words: str, key: str) -> None:
        now, due = self._moment(datetime.now(UTC)), self._moment(datetime.now(UTC) + timedelta(days=3))
        if not execute(SEEN, (team, key, now)) or not execute(CUSTOMER, (team, customer)):
            return
        policy = dict(execute(POLICY, (team,)))
        voters, rules = _table(policy, "people")["reviewers"], _table(policy, "vote")
        numbers = dict(execute(NUMBERS, (team, team)))
        feedback, requirement = numbers["feedback"], numbers["requirement"]
        execute(REQUIREMENT, (team, requirement, words[:80], feedback, now, now))
        execute(MOVE, (team, requirement, now))
        marks = ", ".join("?" * len(voters))
        away = execute(AWAY.format(marks=marks), (team, *voters, datetime.now(UTC).date().isoformat()))
        quorum = min(rules["quorum"], len(voters) - len(away))
        execute(ROUND_, (team, requirement, quorum, True, True, False, now, due))
        execute(FEEDBACK, (team, feedback, requirement, customer, words[:80], words, False, False, user, now))
        about = f"F-{feedback}"
        self._put(execute, team, (("triage", "card", about, 1), (user, "receipt", about, 0)), now)

    def _put(self, execute: Execute, team: str, letters: Sequence[tuple[str, str, str, int]], now: Any) -> None:
        epoch = self._moment(datetime(2000, 1, 1, tzinfo=UTC))
        lanes = [value for lane, _, _, priority in letters for value in (team, lane, epoch, now, priority)]
        execute(LANES.format(rows=_rows(5, len(letters))), lanes)
        rows = [
            value
            for lane, kind, about, priority in letters
            for value in (team, uuid4().hex, lane, kind, about, f"{kind}:{about}", priority, "waiting", 0, now, now)
        ]
        execute(OUTBOX.format(rows=_rows(11, len(letters))), rows)

    def vote(self, body: Json) -> None:
        """Cast a vote."""
        team, user, press = body["team"]["id"], body["user"]["id"], body["actions"][0]
        self._read(PERSON, (team, user))
        requirement = int(press["value"].partition(":")[0])
        with self._transaction() as execute:
            self._write_vote(execute, team, user, requirement, round(float(press["action_ts"]) * 1_000_000))

    def _write_vote(self, execute: Execute, team: str, user: str, requirement: int, action_us: int) -> None:
        policy = dict(execute(POLICY, (team,)))
        if user not in _table(policy, "people")["reviewers"]:
            raise PermissionError(user)
        lock = "" if self._is_sqlite else " FOR UPDATE"
        origin, _, withdrawn = execute(WANTED + lock, (team, requirement))[0]
        filers = {row[0] for row in execute(FILERS, (team, requirement))}
        number, quorum, _, closed = execute(NEWEST, (team, requirement))[0]
        if withdrawn or closed or filers == {user}:
            raise PermissionError(user)
        execute(BALLOT, (team, requirement, number, user, "approve", action_us))
        if len(execute(BALLOTS, (team, requirement, number))) >= quorum:
            raise NotImplementedError("the bench's rounds stay open")
        now = self._moment(datetime.now(UTC))
        self._put(execute, team, (("triage", "card", f"F-{origin}", 1),), now)


def _psycopg(connection: Any) -> Execute:
    def execute(statement: str, values: Sequence[Any]) -> list[Any]:
        done = connection.execute(statement.replace("?", "%s"), values)
        return list(done.fetchall()) if done.description else []

    return execute


def _rows(columns: int, count: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * count)


def _table(policy: Json, name: str) -> Json:
    found = policy[name]
    table: Json = json.loads(found) if isinstance(found, str) else found
    return table
