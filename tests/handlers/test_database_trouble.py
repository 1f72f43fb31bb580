"""A database that is locked, full or gone: people hear so in their language, and afterwards nothing is lost."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select, text

from bot.i18n import say
from practice.people import Person
from storage import people
from storage.seen import Seen
from tests import postgres, workspace
from tests.workspace import Office, locale

ANSWER_S = 3.0
"""How long Slack waits."""

BUSY = {tongue: say(tongue, "failed.busy", reference="…").split("…")[0] for tongue in ("en", "zh_Hans")}
HOLDER = "holder"
TABLES = "counters, customers, feedback, requirements, moves, rounds, ballots, outbox, lanes, seen, people, questions"


@pytest.fixture
def served(tmp_path: Any) -> Iterator[Office]:
    """An office on PostgreSQL."""
    with workspace.new_database("postgresql", tmp_path) as url, workspace.opened(url) as office:
        yield office


@contextmanager
def locked(office: Office) -> Iterator[None]:
    """Keep everybody else from writing, as a backup or another program may; reading goes on."""
    url = office.needline.database.url
    if url.get_backend_name() == "sqlite":
        holder: Any = sqlite3.connect(str(url.database), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder = psycopg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False), application_name=HOLDER
        )
        _lock_tables(office, holder)
    try:
        yield
    finally:
        holder.rollback()
        holder.close()


def _lock_tables(office: Office, holder: psycopg.Connection[Any]) -> None:
    """Take all locks or none, so that we never wait in a circle with the bot."""

    def taken() -> bool:
        try:
            holder.execute(f"LOCK TABLE {TABLES} IN EXCLUSIVE MODE NOWAIT".encode())
        except psycopg.errors.LockNotAvailable:
            holder.rollback()
            return False
        return True

    office.ws.eventually(taken)


def introduce(*persons: Person) -> None:
    """Let the bot meet people, who else are looked up and remembered on their first gesture."""
    for person in persons:
        person.sends("/feedback help")


def hears_busy(office: Office, person: Person, gesture: Any) -> None:
    """Do a gesture; its person hears in time and in their language that the database does not answer."""
    heard = workspace.hears(office, person, gesture)
    assert heard.startswith(BUSY[locale(person)])


@pytest.mark.parametrize("name", ["alice", "meiling"])
def test_a_form_sent_while_the_database_is_locked_stays_open_with_its_words_and_is_taken_later(
    own_office: Office, name: str
) -> None:
    office, person = own_office, getattr(own_office, name)
    workspace.fill(person, "They need it right now.", scenario="Month end")
    with locked(office):
        answer = person.submits()
        assert answer.status == 200
        assert list(answer.errors) == [say(locale(person), "form.words")]
        assert answer.text.partition(": ")[2].startswith(BUSY[locale(person)])
        assert answer.delivery.took_s < ANSWER_S
        assert person.modal.value("words") == "They need it right now."
        assert person.modal.value("scenario") == "Month end"
        assert workspace.filed(office) == 0
    assert person.submits().closed
    workspace.quiet(office)
    assert workspace.filed(office) == 1
    assert len(workspace.standing(office, office.triage, "They need it right now")) == 1


def test_gestures_that_wait_for_one_another_on_a_locked_database_are_all_answered_in_time(own_office: Office) -> None:
    office, people = own_office, (own_office.alice, own_office.meiling, own_office.mara)
    for person in people:
        workspace.fill(person, f"They need it, says {person.name}.")
    with locked(office), ThreadPoolExecutor(len(people)) as pool:
        under_way = []
        for person in people:
            under_way.append(pool.submit(person.submits))
            time.sleep(0.6)
        answers = [done.result() for done in under_way]
    assert [answer.status for answer in answers] == [200] * 3
    for person in people:
        assert person.submits().closed
    assert workspace.filed(office) == 3


def test_a_press_while_the_database_is_locked_is_told_so_and_counts_when_pressed_again(own_office: Office) -> None:
    office, bob = own_office, own_office.bob
    card = workspace.card(office, workspace.file(office, office.alice, "They need votes."))
    introduce(bob)
    workspace.quiet(office)
    with locked(office):
        hears_busy(office, bob, partial(bob.presses, "Approve", on=card))
    bob.presses("Approve", on=card)
    office.ws.eventually(lambda: "1 of 2" in card.text)


def test_a_first_press_while_the_database_is_locked_is_answered_in_time(own_office: Office) -> None:
    office = own_office
    card = workspace.card(office, workspace.file(office, office.alice, "They need a first vote."))
    with locked(office):
        answer = office.bob.presses("Approve", on=card)
    assert answer.error is None


def test_looking_things_up_goes_on_while_others_write(own_office: Office) -> None:
    office = own_office
    number = workspace.file(office, office.alice, "They need to look.")
    workspace.quiet(office)
    with locked(office):
        assert "They need to look" in office.alice.sends("/feedback mine").text
        assert office.alice.sends(f"/feedback F-{number}").ok
        assert office.alice.modal
        assert "They need to look." in office.alice.modal.text()


def test_a_newcomer_gets_their_form_while_the_database_is_locked(own_office: Office) -> None:
    office = own_office
    newcomer = office.ws.person("Newcomer", locale="zh-CN")
    with locked(office):
        answer = newcomer.sends("/feedback")
    assert answer.ok, answer
    assert newcomer.modal
    assert newcomer.modal.title == say("zh_Hans", "form.title")


def test_what_was_claimed_before_the_database_was_locked_is_said_once(own_office: Office) -> None:
    office = own_office
    office.ws.faults.add("chat.postMessage", "accept_then_delay", times=2, seconds=0.5)
    workspace.file(office, office.alice, "They need it in between.")
    office.ws.eventually(lambda: office.ws.ledger.calls("chat.postMessage"))
    with locked(office):
        time.sleep(3)
    workspace.quiet(office)
    assert len(workspace.standing(office, office.triage, "They need it in between")) == 1
    assert len(workspace.in_dm(office.alice, "They need it in between")) == 1


def knows(office: Office, person: Person) -> bool:
    with office.needline.database.read() as session:
        return people.get(session, office.ws.team_id, person.id) is not None


def test_an_event_that_finds_the_database_locked_is_brought_again_and_has_one_effect(own_office: Office) -> None:
    office, ws = own_office, own_office.ws
    office.alice.sends("/feedback help")
    ws.eventually(lambda: knows(office, office.alice), what="Alice is remembered, which happens beside her gesture")
    ws.limits.retry_scale = 1 / 60
    with locked(office):
        ws.update_person(office.alice, name="Alicia")
        first = ws.ledger.deliveries("event")[-1]
        first = next(delivery for delivery in ws.ledger.deliveries("event") if delivery.sent == first.sent)
        assert first.status == 500
    ws.eventually(lambda: [again for again in first.retries if again.status == 200], within=15)
    with office.needline.database.read() as session:
        known = people.get(session, ws.team_id, office.alice.id)
        taken = session.scalars(select(Seen.key).where(Seen.key.startswith("event:"))).all()
    assert known
    assert known.name in {"Alicia", "alicia"}
    assert len(taken) == 1
    ws.redeliver(first)
    ws.redeliver(first, same_signature=True)


# -- full


@contextmanager
def full(office: Office) -> Iterator[None]:
    """Let the SQLite file grow no further: the limit is the connection's own, so each new connection gets it."""
    database = office.needline.database
    with database.read() as session:
        pages = session.scalar(text("PRAGMA page_count"))

    def limit(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(database.engine, "connect", limit)
    database.engine.dispose()
    try:
        yield
    finally:
        event.remove(database.engine, "connect", limit)
        database.engine.dispose()


def test_on_a_full_disk_the_form_keeps_its_words_until_there_is_room(office: Office) -> None:
    words = "They need more room. " * 100
    person = office.meiling
    before = workspace.filed(office)
    workspace.fill(person, words.strip())
    with full(office):
        answer = person.submits()
        for _ in range(20):  # pages that were free already are used up first
            if not answer.ok:
                break
            before += 1
            workspace.fill(person, words.strip())
            answer = person.submits()
        assert answer.text.partition(": ")[2].startswith(BUSY["zh_Hans"])
        assert person.modal
        assert person.modal.value("words") == words.strip()
        assert workspace.filed(office) == before
    assert person.submits().closed
    workspace.quiet(office)
    assert workspace.filed(office) == before + 1


# -- gone


def name_of(office: Office) -> str:
    """Return the database's name."""
    return str(office.needline.database.url.database)


def terminate(office: Office) -> None:
    """End all the bot's connections, as a restart of the server does; wait until they are gone."""
    with psycopg.connect(postgres._running[0].get_uri(), autocommit=True) as connection:
        ours = "datname = %s AND application_name <> %s"
        query = f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {ours}"  # noqa: S608 - a constant
        connection.execute(query.encode(), [name_of(office), HOLDER])


@contextmanager
def gone(office: Office) -> Iterator[None]:
    """Take the database away for a while."""
    hidden, name = name_of(office) + "_gone", name_of(office)
    terminate(office)
    postgres._run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    terminate(office)
    postgres._run(f"ALTER DATABASE {name} RENAME TO {hidden}")
    try:
        yield
    finally:
        postgres._run(f"ALTER DATABASE {hidden} RENAME TO {name}")
        postgres._run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_connection_cut_in_mid_request_keeps_the_form_open_and_files_nothing(served: Office) -> None:
    office = served
    workspace.fill(office.alice, "They need it although the line was cut.")
    with locked(office), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(office.alice.submits)
        time.sleep(0.5)
        terminate(office)
        refused = answer.result()
    assert refused.status == 200
    assert refused.text.partition(": ")[2].startswith(BUSY["en"])
    assert office.ws.eventually(lambda: office.alice.submits().closed)
    workspace.quiet(office)
    assert workspace.filed(office) == 1


def test_while_the_database_is_gone_everybody_is_answered_and_afterwards_nothing_is_lost(served: Office) -> None:
    office = served
    card = workspace.card(office, workspace.file(office, office.alice, "They need what was before."))
    workspace.quiet(office)
    workspace.fill(office.alice, "They need it anyway.")
    with gone(office):
        refused = office.alice.submits()
        assert refused.text.partition(": ")[2].startswith(BUSY["en"])
        hears_busy(office, office.bob, partial(office.bob.presses, "Approve", on=card))
        answer = office.dora.sends("/feedback they want it back & <b>now</b>")
        assert answer.text.startswith(BUSY["en"])
        assert "they want it back & <b>now</b>" in answer.text
    assert office.ws.eventually(lambda: office.alice.submits().closed)
    office.bob.presses("Approve", on=card)
    workspace.quiet(office)
    assert workspace.filed(office) == 2
    assert "1 of 2" in card.text
    assert len(workspace.standing(office, office.triage, "They need it anyway")) == 1


def test_while_the_database_is_gone_people_are_answered_in_their_language(served: Office) -> None:
    workspace.fill(served.meiling, "他们还是需要。")
    with gone(served):
        assert served.meiling.submits().text.partition(": ")[2].startswith(BUSY["zh_Hans"])


def test_a_server_that_was_restarted_costs_one_gesture_at_most(served: Office) -> None:
    """Whoever first meets a connection of the former server is told so; all others of the pool are then new."""
    for at in range(3):
        terminate(served)
        if not served.alice.sends("/feedback").ok or served.alice.modal is None:
            served.alice.sends("/feedback")
        served.alice.closes()
        workspace.fill(served.alice, f"They need restart {at}.")
        served.ws.eventually(lambda: served.alice.submits().closed)
    workspace.quiet(served)
    assert len(workspace.standing(served, served.triage, "They need restart")) == 3
