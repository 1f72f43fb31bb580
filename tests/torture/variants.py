"""Broken versions of the bot, to show that the rig sees what they break: each replaces one thing and runs the rest.

Started by the rig only: `python -m tests.torture.variants NAME`. Where a fault needs two to meet, they wait a moment
at the very place where they can.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, create_engine, insert, select, text, update
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from bot import cli
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice, Result
from storage import db, requirements, schedules
from storage import votes as vote_store
from storage.db import Database, table
from storage.requirements import Requirement
from storage.votes import Ballot, Round

MEET_S = 0.03
"""How long whoever looked first waits before it acts, so that others look meanwhile."""

LATE_S = 0.1
"""How long after the acknowledgement the commit comes, in the version that acknowledges first."""


def ack_before_commit() -> None:
    """Answer first and commit a moment later, as a listener in the background does."""
    original = Database.begin

    @contextmanager
    def begin(self: Database, *, quiet: bool = False) -> Iterator[Session]:
        if threading.current_thread().name.split("-")[0].split("_")[0] in {"sender", "delivery", "APScheduler"}:
            with original(self, quiet=quiet) as session:
                yield session
            return
        whole = original(self, quiet=quiet)
        session = whole.__enter__()
        try:
            yield session
        except BaseException:
            whole.__exit__(*sys.exc_info())
            raise
        threading.Thread(target=_later, args=(whole,)).start()

    Database.begin = begin  # type: ignore[method-assign]


def _later(transaction: Any) -> None:
    time.sleep(LATE_S)
    transaction.__exit__(None, None, None)


def naive_resend() -> None:
    """Send again what had no answer, without looking whether it was shown."""
    from handlers.slack import sender  # noqa: PLC0415 - imports Slack's packages

    sender.find = lambda *_: None


def no_unique_period() -> None:
    """Do whatever the clock says is due, without a note that it was done in this period."""
    original = schedules.first_in_period

    def first_in_period(*args: Any, **facts: Any) -> bool:
        original(*args, **facts)
        return True

    schedules.first_in_period = first_in_period


def check_then_insert() -> None:
    """Look whether there is a vote, then write one; nothing in the database holds it to one each."""
    requirements.lock = requirements.get
    _without_key("ballots")

    def cast(session: Session, vote: Round, user_id: str, choice: Choice, action_ts: float) -> bool:
        facts = {"choice": choice.value, "action_us": round(action_ts * 1_000_000)}
        mine = (*vote_store._in_round(vote), Ballot.user_id == user_id)
        there = session.execute(select(Ballot.user_id).where(*mine)).first()
        time.sleep(MEET_S)
        if there:
            session.execute(update(table(Ballot)).where(*mine).values(**facts))
        else:
            key = {"team_id": vote.team_id, "requirement": vote.requirement, "round": vote.number, "user_id": user_id}
            session.execute(insert(table(Ballot)).values(**key, **facts))
        return True

    vote_store.cast = cast


def _without_key(name: str) -> None:
    """Drop a table's primary key, on PostgreSQL."""
    original = db._postgresql_engine

    def engine(url: URL) -> Engine:
        made = original(url)
        with made.begin() as connection:
            connection.execute(text(f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS pk_{name}"))
        return made

    db._postgresql_engine = engine


def no_compare_and_set() -> None:
    """Change a status, and close a round, without asking whether it still is what we read."""
    requirements.lock = _read_and_wait

    def move(
        session: Session, team_id: str, number: int, before: Status, change: Change, *, by: str | None, now: datetime
    ) -> int:
        where = (Requirement.team_id == team_id, Requirement.number == number)
        session.execute(update(table(Requirement)).where(*where).values(status=change.to.value, changed_at=now))
        return requirements._write_move(session, team_id, number, before, change, by, now)

    def close(session: Session, vote: Round, result: Result, now: datetime) -> bool:
        vote_store._set(session, vote, closed_at=now, result=result.value)
        return True

    requirements.move, vote_store.close = move, close


def _read_and_wait(session: Session, team_id: str, number: int) -> Requirement | None:
    found = requirements.get(session, team_id, number)
    time.sleep(4 * MEET_S)
    return found


def default_transactions() -> None:
    """SQLite as the driver has it: a transaction begins with the first write, after what it was decided on was read."""

    class NoTurn:
        def acquire(self, _timeout: float) -> bool:
            return True

        def release(self) -> None:
            return None

    def engine(url: URL, _begin: str) -> Engine:
        return create_engine(url, pool_size=20, max_overflow=20, connect_args={"check_same_thread": False})

    latest = vote_store.latest

    def latest_and_wait(session: Session, team_id: str, requirement: int) -> Round | None:
        found = latest(session, team_id, requirement)
        time.sleep(8 * MEET_S)
        return found

    db._sqlite_engine, db.FairLock = engine, NoTurn  # type: ignore[misc,assignment]
    vote_store.latest = latest_and_wait


VARIANTS: dict[str, Callable[[], None]] = {
    "ack-before-commit": ack_before_commit,
    "naive-resend": naive_resend,
    "no-unique-period": no_unique_period,
    "check-then-insert": check_then_insert,
    "no-compare-and-set": no_compare_and_set,
    "default-transactions": default_transactions,
}

if __name__ == "__main__":
    VARIANTS[sys.argv[1]]()
    sys.argv[1:] = ["run"]
    cli.main()
