"""What /metrics tells: counts of what happened, how things stand, and an honest word when the database is away."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from handlers.metrics import KINDS, Counts, page
from storage import outbox, schedules, workspaces
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from tests import postgres, workspace
from tests.commands import url_of
from tests.make import MONDAY, TEAM, later
from tests.web.client import Ask, client
from tests.workspace import Office

Told = dict[tuple[str, ...], float]


def told(page: str) -> Told:
    """Read a page: (name, label values …) -> value."""
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def standing(database: Database, now: datetime) -> Told:
    return told(page(Counts(), database, lambda: now).decode())


# -- how things stand


def test_an_empty_database_has_nothing_waiting_and_nothing_late(database: Database) -> None:
    found = standing(database, MONDAY)
    assert found["needline_database_up",] == 1
    assert {key[1]: value for key, value in found.items() if key[0] == "needline_outbox_messages"} == dict.fromkeys(
        ["waiting", "sending", "unknown", "retry", "dead"], 0
    )
    assert (found["needline_outbox_overdue_seconds",], found["needline_schedule_lag_seconds",]) == (0, 0)


def test_what_waits_what_died_and_what_is_late_is_told_in_seconds(database: Database) -> None:
    with database.begin() as session:
        letters = [Letter("triage", "card", f"F-{n}", f"card:F-{n}", 1, timedelta(minutes=n)) for n in range(5)]
        ids = outbox.put(session, TEAM, letters, MONDAY)
        for key, state in (("card:F-2", "dead"), ("card:F-3", "sent"), ("card:F-4", "retry")):
            session.get_one(OutboxRow, (TEAM, ids[key])).state = state
        schedules.plan(session, TEAM, {"digest": ("weekly", later(seconds=30)), "reminder": ("daily", later(days=1))})
        schedules.plan(session, "T0GONE", {"digest": ("weekly", later(days=-30))})
        workspaces.stop(session, "T0GONE", "app_uninstalled", MONDAY)
    found = standing(database, later(seconds=90))
    states = {key[1]: value for key, value in found.items() if key[0] == "needline_outbox_messages"}
    assert states == {"waiting": 2, "dead": 1, "retry": 1, "sending": 0, "unknown": 0}
    assert found["needline_outbox_overdue_seconds",] == 90
    assert found["needline_schedule_lag_seconds",] == 60


def test_a_message_that_may_wait_is_not_overdue(database: Database) -> None:
    with database.begin() as session:
        outbox.put(session, TEAM, [Letter("UALICE", "news", "F-1", "news:UALICE", 2, timedelta(hours=1))], MONDAY)
    assert standing(database, MONDAY)["needline_outbox_overdue_seconds",] == 0


def test_without_the_database_the_page_says_so_and_leaves_out_what_it_cannot_know() -> None:
    database = Database(postgres.new_database())
    postgres.drop_database(url_of(database))
    found = standing(database, MONDAY)
    database.close()
    assert found["needline_database_up",] == 0
    assert not [key for key in found if key[0].startswith(("needline_outbox", "needline_schedule"))]
    assert ("needline_sockets",) in found


def test_a_database_that_was_not_migrated_is_no_crash(empty_database: Database) -> None:
    assert standing(empty_database, MONDAY)["needline_database_up",] == 0


# -- what happened


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with workspace.opened(f"sqlite:///{tmp_path / 'needline.db'}") as office:
        yield office


@pytest.fixture
def ask(office: Office) -> Ask:
    return client(office.ws)


def asked(ask: Ask) -> Told:
    answer = ask("GET", "/metrics")
    assert answer.status == 200
    return told(answer.body)


def test_filing_voting_and_delivering_are_counted_once_each(office: Office, ask: Ask) -> None:
    number = workspace.file(office, office.alice, "They need an export")
    office.bob.presses("Approve", on=workspace.card(office, number))
    workspace.quiet(office)
    found = asked(ask)
    assert found["needline_feedback_filed_total",] == 1
    assert found["needline_votes_cast_total",] == 1
    assert found["needline_deliveries_total", "receipt", "sent"] >= 1
    assert found["needline_deliveries_total", "card", "sent"] == 2
    assert found["needline_duplicates_settled_total",] == 0


def test_a_form_that_comes_twice_is_filed_and_counted_once(office: Office, ask: Ask) -> None:
    office.ws.faults.add("view_submission", "deliver_twice", times=1)
    workspace.file(office, office.alice, "They need an export")
    assert asked(ask)["needline_feedback_filed_total",] == 1


def test_a_vote_of_somebody_who_may_not_vote_is_not_counted(office: Office, ask: Ask) -> None:
    number = workspace.file(office, office.alice, "They need an export")
    workspace.hears(office, office.mara, lambda: office.mara.presses("Approve", on=workspace.card(office, number)))
    found = asked(ask)
    assert found["needline_votes_cast_total",] == 0
    assert found["needline_requests_total", "block_actions", "refused"] == 1


def test_a_lost_answer_that_is_found_again_is_a_duplicate_settled(office: Office, ask: Ask) -> None:
    office.ws.faults.add("chat.postMessage", "accept_then_drop", times=1)
    workspace.file(office, office.alice, "They need an export")
    workspace.quiet(office)
    found = asked(ask)
    assert found["needline_duplicates_settled_total",] == 1
    unknown = [key for key in found if key[0] == "needline_deliveries_total" and key[2] == "unknown"]
    assert [found[key] for key in unknown] == [1]


def test_what_dies_is_counted_by_its_kind(office: Office, ask: Ask) -> None:
    workspace.quiet(office)
    office.ws.kick_bot(office.triage)
    workspace.file(office, office.alice, "They need an export")
    office.ws.eventually(lambda: asked(ask).get(("needline_deliveries_total", "card", "dead")) == 1)
    assert asked(ask)["needline_outbox_messages", "dead"] == 1


def test_how_long_slack_waits_is_told_by_kind(office: Office, ask: Ask) -> None:
    office.alice.sends("/feedback help")
    found = asked(ask)
    assert found["needline_ack_seconds_count", "command"] == 1
    assert found["needline_ack_seconds_bucket", "command", "3.0"] == 1
    assert 0 < found["needline_ack_seconds_sum", "command"] < 3


def test_strangers_make_up_no_kinds_of_their_own(office: Office, ask: Ask) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"ssl_check=1&type=canary", b"type=canary", b"command=canary"):
        ask("POST", "/slack/events", body, form)
    signed = json.dumps({"type": "canary", "team_id": office.ws.team_id}).encode()
    office.ws.deliver_raw(signed, {"Content-Type": "application/json", **office.ws.sign(signed)})
    kinds = {key[1] for key in asked(ask) if key[0] == "needline_ack_seconds_count"}
    assert kinds <= {*KINDS, "other"}


def test_socket_mode_is_measured_as_well(tmp_path: Path) -> None:
    with workspace.opened(f"sqlite:///{tmp_path / 'needline.db'}", "socket") as office:
        office.alice.sends("/feedback help")
        needline = office.needline
        found = told(page(needline.edge.counts, needline.database, needline.now).decode())
    assert found["needline_ack_seconds_count", "command"] == 1
    assert found["needline_sockets",] == 2
