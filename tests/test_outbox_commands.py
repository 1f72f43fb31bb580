"""`needline outbox`: what was not delivered is seen, sent again, or taken out, and nothing of it silently."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from storage import claims, outbox, outbox_care, places, workspaces
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from tests import make
from tests.commands import needline, url_of
from tests.make import MONDAY, TEAM


def put(database: Database, key: str, row_id: str, lane: str = "triage", **facts: object) -> None:
    """Write a message of a known id, and change it."""
    with database.begin() as session:
        written = outbox.put(session, TEAM, [Letter(lane, "card", key, f"card:{key}", 1)], MONDAY)
        row = session.get_one(OutboxRow, (TEAM, *written.values()))
        row.id = row_id
        for name, value in facts.items():
            setattr(row, name, value)


@pytest.fixture
def troubled(database: Database) -> Database:
    """A workspace with one message that waits, one sent, and three that died."""
    with database.begin() as session:
        make.rules(session)
        workspaces.enter(session, TEAM)
    put(database, "F-1", "aaaa1111", state="dead", detail="not_in_channel")
    put(database, "F-2", "aaaa2222", state="dead", detail="is_archived")
    put(database, "F-3", "bbbb3333", "UGONE", state="dead", detail="user_disabled")
    put(database, "F-4", "cccc4444")
    put(database, "F-5", "dddd5555", state="sent", settled_at=MONDAY)
    return database


def states(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {row.id: row.state for row in session.scalars(select(OutboxRow))}


BEFORE = {"aaaa1111": "dead", "aaaa2222": "dead", "bbbb3333": "dead", "cccc4444": "waiting", "dddd5555": "sent"}


def test_the_list_shows_what_was_not_delivered_and_why(troubled: Database) -> None:
    done = needline(url_of(troubled), "outbox", "list")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["id", "state", "lane", "kind", "about", "due", "tries", "detail"]
    assert [(row[0], row[1], row[7]) for row in rows] == [
        ("aaaa1111", "dead", "not_in_channel"),
        ("aaaa2222", "dead", "is_archived"),
        ("bbbb3333", "dead", "user_disabled"),
        ("cccc4444", "waiting", ""),
    ]


def test_the_list_can_be_narrowed_and_read_by_a_program(troubled: Database) -> None:
    narrowed = ("--state", "dead", "--lane", "UGONE", "--json")
    found = json.loads(needline(url_of(troubled), "outbox", "list", *narrowed).stdout)
    assert [(row["id"], row["team_id"], row["tries"], row["due_at"]) for row in found] == [
        ("bbbb3333", TEAM, 0, "2026-11-23T09:00:00+00:00")
    ]
    assert json.loads(needline(url_of(troubled), "outbox", "list", "--lane", "review", "--json").stdout) == []
    cut = needline(url_of(troubled), "outbox", "list", "--limit", 2).stdout
    assert cut.splitlines()[1:] == [*cut.splitlines()[1:3], "The oldest 2; --limit shows more."]


def test_nothing_found_is_said(database: Database) -> None:
    for arguments, said in (
        (["list"], "Everything was delivered.\n"),
        (["list", "--state", "dead", "--lane", "review"], "No message is dead in review.\n"),
        (["retry", "--all"], "No message is dead.\n"),
        (["retry", "--lane", "review"], "No message is dead in review.\n"),
    ):
        done = needline(url_of(database), "outbox", *arguments)
        assert (done.returncode, done.stdout) == (0, said)


@pytest.mark.parametrize(
    ("which", "said", "revived"),
    [
        (["aaaa1"], "1 message is sent again.", {"aaaa1111"}),
        (["aaaa1111", "aaaa1", "bbbb"], "2 messages are sent again.", {"aaaa1111", "bbbb3333"}),
        (["--lane", "triage"], "2 messages are sent again.", {"aaaa1111", "aaaa2222"}),
        (["--all"], "3 messages are sent again.", {"aaaa1111", "aaaa2222", "bbbb3333"}),
    ],
)
def test_the_dead_are_sent_again_and_looked_for_first(
    troubled: Database, which: list[str], said: str, revived: set[str]
) -> None:
    with troubled.begin() as session:
        places.remember(session, [make.place("notice:triage:not_in_channel", "D0ADA", "1.1")])
    done = needline(url_of(troubled), "outbox", "retry", *which)
    assert (done.returncode, done.stdout) == (0, f"{said}\n")
    assert states(troubled) == {**BEFORE, **dict.fromkeys(revived, "unknown")}
    with troubled.read() as session:
        assert places.of(session, TEAM, "notice:triage:not_in_channel") is None
        assert claims.next_due(session) is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["retry"], "Say which"),
        (["retry", "aaaa1111", "--all"], "Say which"),
        (["retry", "aaaa"], "Several messages have ids that begin with 'aaaa'"),
        (["retry", "ffff"], "No message has an id that begins with 'ffff'"),
        (["retry", ""], "No message has an id"),
        (["retry", "%"], "No message has an id"),
        (["retry", "aaaa1111", "cccc"], "cccc4444 is waiting: it is not dead"),
        (["retry", "dddd"], "dddd5555 is sent: it is not dead"),
        (["drop", "--yes", "aaaa1111", "dddd"], "dddd5555 is sent: it was sent or is under way"),
        (["drop", "aaaa1111"], "Nothing was dropped: nobody is here to answer. Say --yes."),
    ],
)
def test_what_cannot_be_done_as_asked_is_told_in_a_sentence_and_nothing_done(
    troubled: Database, arguments: list[str], said: str
) -> None:
    done = needline(url_of(troubled), "outbox", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert states(troubled) == BEFORE


def test_a_message_is_dropped_after_asking_and_keeps_who_did_it(troubled: Database) -> None:
    refused = needline(url_of(troubled), "outbox", "drop", "bbbb", typed="n\n")
    assert (refused.returncode, states(troubled)) == (0, BEFORE)
    assert refused.stdout.endswith("Nothing was dropped.\n")
    done = needline(url_of(troubled), "outbox", "drop", "bbbb", "cccc", typed="y\n")
    assert done.returncode == 0
    assert "user_disabled" in done.stdout
    assert done.stdout.endswith("2 messages were dropped.\n")
    assert states(troubled) == {**BEFORE, "bbbb3333": "superseded", "cccc4444": "superseded"}
    listed = json.loads(needline(url_of(troubled), "outbox", "list", "--state", "superseded", "--json").stdout)
    assert [row["detail"] for row in listed] == ["dropped by operator"] * 2
    assert all(row["settled_at"] for row in listed)


def test_what_is_under_way_is_not_dropped(troubled: Database) -> None:
    put(troubled, "F-6", "eeee6666", state="sending")
    done = needline(url_of(troubled), "outbox", "drop", "--yes", "eeee")
    assert (done.returncode, states(troubled)["eeee6666"]) == (2, "sending")
    with troubled.begin() as session:  # nor when it begins while somebody answers the question
        assert outbox_care.drop(session, TEAM, ["eeee6666"], MONDAY) == []


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    done = needline(f"sqlite:///{tmp_path / 'needline.db'}", "outbox", "list")
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert done.stderr.startswith("There is no database at ")
