"""Databases with people, rules and much feedback in them, made by few statements."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from bench.names import CUSTOMERS, PEOPLE, channel, person, team
from storage import migrations
from storage import policy as policy_store
from storage.customers import Customer
from storage.db import Database, table
from storage.people import Person
from storage.workspaces import Workspace

BEGAN = 1735689600
"""When the oldest feedback was filed, in seconds since 1970; a piece comes every 20 seconds, 1,000,000 in 232 days."""

OPEN = 300
"""How many requirements are not decided, however many there are: a team decides about as many as come in."""

STOPPED = "bench"


def policy(voters: int = PEOPLE) -> dict[str, dict[str, Any]]:
    """Return a workspace's rules: so many votes are needed that no round of the bench closes."""
    people = [person(number) for number in range(PEOPLE)]
    return {
        "channels": {"triage": channel("triage"), "review": channel("review")},
        "people": {"reviewers": people[:voters], "managers": people[:2], "admins": people[:1]},
        "vote": {"quorum": 50},
        "quiet": {"start": "00:00", "end": "00:00", "weekends": False},
    }


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give the address of a new migrated database."""
    from tests import postgres

    url = f"sqlite:///{folder / f'{uuid4().hex}.db'}" if kind == "sqlite" else postgres.new_database()
    opened = Database(url)
    migrations.upgrade(opened)
    opened.close()
    try:
        yield url
    finally:
        if kind == "sqlite":
            for left in folder.glob(f"{Path(url.removeprefix('sqlite:///')).name}*"):
                left.unlink()
        else:
            postgres.drop_database(url)


def found(url: str, teams: int = 1, *, sends: bool = False) -> None:
    """Write workspaces, their rules, people and customers. Unless it `sends`, nothing leaves the outbox."""
    opened, now = Database(url), datetime.now(UTC)
    with opened.begin(quiet=True) as session:
        for number in range(teams):
            name = team(number)
            policy_store.replace(session, name, policy(), "bench", now)
            session.execute(table(Person).insert(), [_person(name, one) for one in range(PEOPLE)])
            session.execute(table(Customer).insert(), [_customer(name, one, now) for one in range(1, CUSTOMERS + 1)])
            stopped = None if sends else now
            session.execute(table(Workspace).insert(), [{"team_id": name, "stopped_at": stopped, "reason": STOPPED}])
    opened.close()


@contextmanager
def filled(kind: str, folder: Path, rows: int, undecided: int = OPEN) -> Iterator[str]:
    """Give the address of a database with so many pieces of feedback. The SQLite files are kept for the next part."""
    kept = folder.parent / "filled" / f"{rows}-{undecided}-{migrations.HEAD}.db"
    if kind == "sqlite" and kept.exists():
        yield f"sqlite:///{kept}"
        return
    with database(kind, folder) as url:
        found(url)
        feedback(url, rows, undecided=undecided)
        if kind == "sqlite":
            kept.parent.mkdir(exist_ok=True)
            Path(url.removeprefix("sqlite:///")).rename(kept)
            url = f"sqlite:///{kept}"  # noqa: PLW2901
        yield url


def _person(team_id: str, number: int) -> dict[str, Any]:
    user = person(number)
    facts = {"name": f"Person {number}", "locale": "en", "timezone": "UTC", "deleted": False}
    return {"team_id": team_id, "user_id": user, **facts, "im_channel": f"D{user[1:]}"}


def _customer(team_id: str, number: int, now: datetime) -> dict[str, Any]:
    name = f"Customer {number}"
    facts = {"name": name, "key": name.casefold(), "created_by": person(0), "created_at": now}
    return {"team_id": team_id, "id": number, **facts}


ROWS = "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "
FILLS = (
    """INSERT INTO requirements (team_id, number, title, status, origin, created_at, changed_at)
    {rows} SELECT '{team}', i, 'Wish number ' || i, {status}, i, {moment}, {moment} FROM n""",
    """INSERT INTO feedback (team_id, number, requirement, customer_id, kind, urgency, title, words, hide_customer,
    private_source, filed_by, filed_at, state)
    {rows} SELECT '{team}', i, i, 1 + i % {customers}, 'need', 'quarter', 'Wish number ' || i,
    'They said number ' || i || ': they export every list by hand on Fridays and paste it into a sheet.', {no}, {no},
    {filer}, {moment}, 'open' FROM n""",
    """INSERT INTO moves (team_id, requirement, number, before, after, at)
    {rows} SELECT '{team}', i, 1, 'new', 'in_review', {moment} FROM n""",
    """INSERT INTO rounds (team_id, requirement, number, quorum, blind, decides, anonymous, departments, opened_at,
    due_at, closed_at, result)
    {rows} SELECT '{team}', i, 1, 50, {yes}, {yes}, {no}, '', {moment}, {later}, {closed}, {result} FROM n""",
    """INSERT INTO ballots (team_id, requirement, round, user_id, choice, action_us)
    {rows} SELECT '{team}', i, 1, 'U0BENCH' || substr('0' || ((i + 1) % {people}), -2), 'approve', i FROM n""",
    """INSERT INTO questions (team_id, number, feedback, question, asked_by, asked_at, answer, answered_by, answered_at,
    follow_ups)
    {rows} SELECT '{team}', i, i, 'How often?', 'U0BENCH01', {moment}, 'Weekly', {filer}, {later}, 0
    FROM n WHERE i % 7 = 0""",
    """INSERT INTO posted (team_id, key, channel, ts)
    {rows} SELECT '{team}', 'card:F-' || i, 'C0TRIAGE', '1.' || i FROM n""",
    """INSERT INTO counters (team_id, name, last)
    VALUES ('{team}', 'feedback', {last}), ('{team}', 'requirement', {last}), ('{team}', 'question', {last})
    ON CONFLICT (team_id, name) DO UPDATE SET last = excluded.last""",
)


def feedback(
    url: str, last: int, *, first: int = 1, team_id: str | None = None, voting: bool = False, undecided: int = OPEN
) -> None:
    """Write feedback number `first` to `last`, each with its requirement, round, vote and card.

    Of the newest, `undecided` many, every third waits for the meeting and the others are voted on; the rest is
    decided. With `voting` all are voted on.
    """
    is_sqlite = url.startswith("sqlite")
    facts = {
        "rows": ROWS.format(first=first, last=last),
        "team": team_id or team(0),
        "last": last,
        "customers": CUSTOMERS,
        "people": PEOPLE,
        "moment": _moment(0, is_sqlite=is_sqlite),
        "later": _moment(86400 * 900, is_sqlite=is_sqlite),
        **_fates(last - undecided, voting=voting, is_sqlite=is_sqlite),
        **({"yes": "1", "no": "0"} if is_sqlite else {"yes": "true", "no": "false"}),
    }
    with closing(raw(url)) as connection:
        if is_sqlite:
            connection.execute("PRAGMA synchronous=OFF")
        for statement in FILLS:
            connection.execute(_plain(statement.format(**facts), is_sqlite=is_sqlite))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)" if is_sqlite else "VACUUM ANALYZE")


def raw(url: str) -> Any:
    """Return a connection of the driver's own, each statement a transaction."""
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    return psycopg.connect(url, autocommit=True)


def _fates(decided: int, *, voting: bool, is_sqlite: bool) -> dict[str, str]:
    """Return what became of each: decided up to a number, by the vote; of the others every third has no clear vote."""
    nothing = "NULL" if is_sqlite else "CAST(NULL AS timestamptz)"
    if voting:
        filer = f"'{person(PEOPLE - 1)}'"  # who votes is somebody else
        return {"status": "'in_review'", "closed": nothing, "result": "NULL", "filer": filer}
    in_vote = f"i > {decided} AND i % 3 <> 0"
    return {
        "filer": f"'U0BENCH' || substr('0' || (i % {PEOPLE}), -2)",
        "status": f"CASE WHEN i > {decided} THEN 'in_review' ELSE 'solved' END",
        "closed": f"CASE WHEN {in_vote} THEN {nothing} ELSE {_moment(86400, is_sqlite=is_sqlite)} END",
        "result": f"CASE WHEN {in_vote} THEN NULL WHEN i > {decided} THEN 'undecided' ELSE 'approved' END",
    }


def _moment(more: int, *, is_sqlite: bool) -> str:
    seconds = f"{BEGAN + more} + i * 20"
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {seconds}, 'unixepoch')" if is_sqlite else f"to_timestamp({seconds})"


def _plain(statement: str, *, is_sqlite: bool) -> str:
    """PostgreSQL calls the last two characters otherwise."""
    return statement if is_sqlite else statement.replace("substr('0' || ", "right('0' || ").replace(", -2)", ", 2)")
