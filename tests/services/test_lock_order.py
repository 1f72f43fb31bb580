"""Nobody waits in a circle: whoever writes to several lanes or schedules takes them as everybody does."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.domain.people import Actor
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.services import schedules
from bot.services.decide_through import decide, finish, go_on
from storage import outbox
from storage import schedules as schedule_store
from storage.db import Database
from tests import make
from tests.make import ADA, ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM, later

HEAD_START_S = 0.4
ACCEPT = Change(Status.ACCEPTED)


def tied(session: Session, words: str, by: Actor) -> int:
    """File a need on which the vote came to nothing; return its requirement's number."""
    number = make.file(session, words, by).requirement
    assert number
    make.vote(session, BOB, number, Choice.APPROVE)
    make.vote(session, DORA, number, Choice.REJECT)
    return number


def decided(database: Database, who: Actor, number: int) -> int:
    """Decide a requirement in a walk that goes on."""
    with database.begin() as session:
        decide(session, who, number, ACCEPT, MONDAY, key=make.form(), seen_status=Status.IN_REVIEW)
    return number


def come_to_an_end(*acts: Callable[[], None]) -> bool:
    """Say whether acts done at once all end. A circle closes each time; a busy machine is given another chance."""
    attempts = (make.at_once(len(acts), lambda number: acts[number]()) for _ in range(2))
    return any(answers == [None] * len(acts) for answers in attempts)


def test_managers_whose_walks_cross_both_come_to_their_end(database: Database) -> None:
    with database.begin() as session:
        make.rules(session)
        alices, meilings = tied(session, "Hers.", ALICE), tied(session, "Also hers.", MEILING)
        meilings_too = tied(session, "Hers as well.", MEILING)
        make.delivered(session)
    decided(database, MARA, alices)
    decided(database, ADA, meilings)

    begun = threading.Event()

    def decide_the_last() -> None:
        with database.begin() as session:
            facts = {"key": make.form(), "seen_status": Status.IN_REVIEW}
            decide(session, MARA, meilings_too, ACCEPT, MONDAY, decided=[alices], **facts)  # type: ignore[arg-type]
            begun.set()
            time.sleep(HEAD_START_S)
            finish(session, TEAM, [alices, meilings_too], MONDAY)
            session.rollback()

    def skip_the_last() -> None:
        assert begun.wait(5)
        begun.clear()
        with database.begin() as session:
            finish(session, TEAM, [alices, meilings], MONDAY)
            session.rollback()

    assert come_to_an_end(decide_the_last, skip_the_last)


def test_going_on_touches_nobodys_news_while_somebody_holds_their_lane(database: Database) -> None:
    with database.begin() as session:
        make.rules(session)
        number = tied(session, "Hers.", ALICE)
        make.delivered(session)
    decided(database, MARA, number)
    ended, begun = [], threading.Event()

    def hold_her_lane() -> None:
        with database.begin() as session:
            outbox.take_lanes(session, TEAM, ["UALICE"])
            begun.set()
            time.sleep(HEAD_START_S)
            ended.append("held")

    def walk_on() -> None:
        assert begun.wait(5)
        begun.clear()
        with database.begin() as session:
            go_on(session, TEAM, [number], later(seconds=1))
            ended.append("walked")
            session.rollback()

    assert come_to_an_end(hold_her_lane, walk_on)
    assert ended[-2:] == ["held", "walked"]


def test_replicas_that_plan_the_same_schedules_do_not_wait_for_each_other(database: Database) -> None:
    names = [f"reminder:{number:02}" for number in range(40)]

    def replica(number: int) -> None:
        with database.begin() as session:
            order = names if number else reversed(names)
            schedule_store.plan(session, TEAM, dict.fromkeys(order, (f"spec {number}", MONDAY)))

    for _ in range(5):
        assert make.at_once(2, replica) == [None, None]


# A clock that was far ahead


def tick(session: Session, now: datetime) -> list[str]:
    found = schedule_store.due(session, now, 100)
    return [one.name for one in found if schedules.run(session, one, now)]


def test_a_clock_that_was_a_year_ahead_for_a_moment_does_not_silence_the_year(session: Session) -> None:
    make.rules(session)
    schedules.plan(session, TEAM, MONDAY)
    assert tick(session, later(days=365)) != []
    schedules.plan(session, TEAM, later(hours=2))
    assert tick(session, later(days=1, hours=1)) == ["reminder:UTC"]
    assert tick(session, later(days=7, hours=1)) == ["reminder:UTC", "summary:UTC"]


def test_what_was_done_by_a_clock_an_hour_ahead_is_planned_again_and_done_once(session: Session) -> None:
    make.rules(session)
    schedules.plan(session, TEAM, MONDAY)
    assert tick(session, later(hours=1)) == ["reminder:UTC", "summary:UTC"]
    schedules.plan(session, TEAM, MONDAY)
    assert [tick(session, later(minutes=minutes)) for minutes in (30, 60, 90)] == [[], [], []]
    assert tick(session, later(days=1, hours=1)) == ["reminder:UTC"]
