"""People sleep: what is not an answer to what they just did waits for their morning, wherever they live."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from bot.delivery import Delivery
from bot.domain.outcomes import Dead, Outcome, Sent
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.services import feedback, lanes, requirements
from bot.services.settling import Ended, settle
from handlers.slack import letters
from practice.text import message_text
from storage import claims, outbox, people, workspaces
from storage.claims import Claim
from storage.db import Database
from storage.outbox import Letter, OutboxRow
from storage.people import Profile
from tests import make
from tests.make import ALICE, BOB, DORA, MARA, MEILING, MONDAY, TEAM, later
from tests.zones import BERLIN, SHANGHAI, local

QUICK: dict[str, object] = {"pace_per_s": 1000, "lease_s": 30, "settle_s": 0.1, "merge_s": 0}
EVENING = datetime(2026, 11, 23, 21, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def lives(session: Session, who: str, zone: str, *, deleted: bool = False) -> None:
    people.save(session, TEAM, Profile(who, who.capitalize(), "en", zone, deleted=deleted))
    session.expire_all()


def until(session: Session, lane: str, now: datetime) -> datetime | None:
    """Return until when a lane is quiet, as the delivery asks."""
    return lanes.manners(session, now, [(TEAM, lane)])[TEAM, lane].quiet_until


def claim(session: Session, now: datetime) -> list[Claim]:
    """Claim what may leave at a moment, and leave it claimed."""
    return claims.claim(session, now, partial(lanes.manners, session, now), 16)


def leaving(session: Session, now: datetime) -> list[OutboxRow]:
    """Claim and settle until nothing may leave; return the rows in order."""
    found: list[OutboxRow] = []
    while claimed := claim(session, now):
        found += [one.row for one in claimed]
        for one in claimed:
            assert make.settle(session, one.row, now=now)
    return found


def moved(session: Session, to: Status, at: datetime) -> None:
    assert requirements.change(session, MARA, 1, Change(to), at, key=make.form())


# Whose night it is


def test_everybody_sleeps_in_their_own_zone(session: Session) -> None:
    make.rules(session)
    lives(session, "UALICE", "Europe/Berlin")
    lives(session, "UMEILING", "Asia/Shanghai")
    evening = local(BERLIN, 2026, 11, 23, 22, 0)
    assert until(session, "UALICE", evening) == local(BERLIN, 2026, 11, 24, 8, 0)
    assert until(session, "UMEILING", evening) == local(SHANGHAI, 2026, 11, 24, 8, 0)
    assert until(session, "UMEILING", local(SHANGHAI, 2026, 11, 24, 9, 0)) is None  # and Alice sleeps still
    assert until(session, "UALICE", local(SHANGHAI, 2026, 11, 24, 9, 0)) is not None


def test_whom_we_do_not_know_or_who_lives_nowhere_sleeps_when_the_team_does(session: Session) -> None:
    make.rules(session, workspace={"timezone": "Asia/Shanghai"})
    lives(session, "UALICE", "Mars/Olympus")
    night = local(SHANGHAI, 2026, 11, 24, 2, 0)
    for lane in ("UALICE", "USTRANGER"):
        assert until(session, lane, night) == local(SHANGHAI, 2026, 11, 24, 8, 0)


def test_channels_never_sleep(session: Session) -> None:
    make.rules(session)
    assert [until(session, lane, EVENING) for lane in ("triage", "review")] == [None, None]


def test_a_weekend_is_the_teams_and_may_be_worked(session: Session) -> None:
    sunday = datetime(2026, 11, 29, 12, tzinfo=UTC)
    make.rules(session)
    assert until(session, "UALICE", sunday) == datetime(2026, 11, 30, 8, tzinfo=UTC)
    make.rules(session, workspace={"weekend": ["fri", "sat"]})
    assert until(session, "UALICE", sunday) is None
    make.rules(session, quiet={"weekends": False})
    assert until(session, "UALICE", sunday) is None


def test_the_hours_are_those_of_the_settings(session: Session) -> None:
    make.rules(session, quiet={"start": "23:00", "end": "06:30"})
    assert until(session, "UALICE", EVENING) is None
    assert until(session, "UALICE", EVENING + 2 * HOUR) == datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    make.rules(session, quiet={"start": "00:00", "end": "00:00", "weekends": False})
    assert until(session, "UALICE", EVENING + 2 * HOUR) is None


# What a night brings


@pytest.fixture
def _in_review(session: Session) -> None:
    make.rules(session)
    lives(session, "UALICE", "UTC")
    make.file(session)
    make.delivered(session)


@pytest.mark.usefixtures("_in_review")
def test_the_news_of_a_night_is_one_message_of_the_newest_state_in_the_morning(session: Session) -> None:
    moved(session, Status.ACCEPTED, EVENING)
    assert [row.key for row in leaving(session, EVENING + MINUTE)] == ["card:F-1"]
    moved(session, Status.IN_PROGRESS, EVENING + HOUR)
    feedback.ask(session, BOB, 1, "Which format?", EVENING + 2 * HOUR, key=make.form())
    moved(session, Status.VALIDATING, EVENING + 3 * HOUR)
    assert [row.key for row in leaving(session, MORNING - MINUTE)] == ["card:F-1"]
    receipt, news = leaving(session, MORNING)
    assert (receipt.key, news.key) == ("receipt:F-1", "news:UALICE")
    drawn = letters.draw(session, news, MORNING)
    assert drawn
    text = message_text(drawn.message)
    assert "Validating" in text
    assert "Which format?" in text
    assert "Accepted" not in text
    assert "In progress" not in text
    assert leaving(session, MORNING + HOUR) == []


@pytest.mark.usefixtures("_in_review")
def test_an_answer_to_what_they_just_did_comes_at_night(session: Session) -> None:
    make.rules(session)
    feedback.undo(session, ALICE, 1, MONDAY)
    assert {row.key for row in leaving(session, EVENING)} == {"card:F-1", "receipt:F-1"}


@pytest.mark.usefixtures("_in_review")
@pytest.mark.parametrize("meanwhile", ["answered", "decided", "withdrawn"])
def test_a_question_chased_overnight_is_not_asked_once_more_when_it_was_settled(
    session: Session, meanwhile: str
) -> None:
    feedback.ask(session, BOB, 1, "Which format?", MONDAY, key=make.form())
    make.delivered(session)
    assert feedback.follow_up(session, TEAM, 1, later(days=5))
    acts: dict[str, Callable[[], object]] = {
        "answered": lambda: feedback.answer_question(session, ALICE, 1, "XLSX.", later(days=5), key=make.form()),
        "decided": lambda: make.move(session, Status.DECLINED),
        "withdrawn": lambda: feedback.undo(session, ALICE, 1, MONDAY),
    }
    row = make.waiting(session)["news:UALICE"]
    before = letters.draw(session, row, later(days=6))
    assert before
    assert "Which format?" in message_text(before.message)
    acts[meanwhile]()
    after = letters.draw(session, row, later(days=6))
    assert after is None or "Which format?" not in message_text(after.message)


@pytest.mark.usefixtures("_in_review")
def test_managers_are_not_asked_to_help_with_what_was_answered_overnight(session: Session) -> None:
    feedback.ask(session, BOB, 1, "Which format?", MONDAY, key=make.form())
    for days in (5, 12):
        assert feedback.follow_up(session, TEAM, 1, later(days=days))
    row = make.waiting(session)["news:UMARA"]
    assert letters.draw(session, row, later(days=12))
    feedback.answer_question(session, ALICE, 1, "XLSX.", later(days=12), key=make.form())
    assert letters.draw(session, row, later(days=12)) is None


# Who left


def test_an_admin_who_left_is_not_who_hears_of_trouble(session: Session) -> None:
    make.rules(session, people={"admins": ["UADA", "UMARA"]})
    lives(session, "UADA", "UTC", deleted=True)
    outbox.put(session, TEAM, [Letter("triage", "card", "F-1", "card:F-1", 1)], MONDAY)
    (claimed,) = claim(session, MONDAY)
    settle(session, [Ended(claimed, Dead("is_archived"), MONDAY)], MONDAY)
    (notice,) = make.waiting(session).values()
    assert (notice.kind, notice.lane) == ("notice", "UMARA")


# The loop


@contextmanager
def delivering(database: Database, now: Callable[[], datetime]) -> Iterator[list[str]]:
    """Run the loop with a sender that writes down the keys it is given."""
    said: list[str] = []

    def send(claim: Claim) -> Outcome:
        said.append(claim.row.key)
        return Sent("C1", f"{len(said)}.0")

    delivery = Delivery(database, send, now)
    delivery.start()
    try:
        yield said
    finally:
        delivery.stop()


class Clock:
    """A clock that runs as ours does, from wherever it is set."""

    def __init__(self, start: datetime) -> None:
        self.set(start)

    def set(self, start: datetime) -> None:
        self._start, self._began = start, time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)


def comes_true(done: Callable[[], bool], within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def put(database: Database, *written: Letter, team_id: str = TEAM) -> None:
    with database.begin() as session:
        outbox.put(session, team_id, written, MONDAY)


def letter(key: str, lane: str, priority: int) -> Letter:
    return Letter(lane, "card", key, key, priority)


@pytest.fixture
def ruled(database: Database) -> Database:
    with database.begin() as session:
        make.rules(session, delivery=QUICK)
        lives(session, "UALICE", "Europe/Berlin")
        lives(session, "UMEILING", "Asia/Shanghai")
    return database


def test_a_night_is_slept_through_and_the_morning_brings_the_rest(ruled: Database) -> None:
    clock = Clock(local(SHANGHAI, 2026, 11, 24, 1, 0))
    put(ruled, letter("card", "triage", 1), letter("asked", "UMEILING", 0), letter("news", "UMEILING", 2))
    put(ruled, letter("also", "UALICE", 2))  # it is six in the evening in Berlin
    with delivering(ruled, clock) as said:
        assert comes_true(lambda: len(said) == 3)
        time.sleep(0.4)
        assert sorted(said) == ["also", "asked", "card"]
        clock.set(local(SHANGHAI, 2026, 11, 24, 8, 0))
        assert comes_true(lambda: "news" in said)
    assert depth(ruled) == 0


@contextmanager
def claims_of(database: Database) -> Iterator[list[str]]:
    """Write down how often lanes were claimed meanwhile."""
    begun: list[str] = []

    def begin(*arguments: object) -> None:
        if "lanes.free_at <=" in str(arguments[2]):
            begun.append(str(arguments[2]))

    event.listen(database.engine, "before_cursor_execute", begin)
    yield begun
    event.remove(database.engine, "before_cursor_execute", begin)


def test_news_that_waited_for_somebody_who_left_is_not_sent(ruled: Database) -> None:
    clock = Clock(local(SHANGHAI, 2026, 11, 24, 1, 0))
    put(ruled, letter("news", "UMEILING", 2), letter("card", "triage", 1))
    with delivering(ruled, clock) as said:
        assert comes_true(lambda: said == ["card"])
        with ruled.begin() as session:
            lives(session, "UMEILING", "Asia/Shanghai", deleted=True)
        clock.set(local(SHANGHAI, 2026, 11, 24, 8, 0))
        assert comes_true(lambda: depth(ruled) == 0)
    assert said == ["card"]


def depth(database: Database) -> int:
    with database.read() as session:
        return outbox.depth(session)


def test_a_quiet_lane_does_not_keep_the_loop_busy_all_night(ruled: Database) -> None:
    night = local(SHANGHAI, 2026, 11, 24, 1, 0)
    put(ruled, letter("news", "UMEILING", 2))
    with claims_of(ruled) as begun, delivering(ruled, Clock(night)) as said:
        time.sleep(1.5)
    assert said == []
    assert len(begun) <= 3


def test_a_stopped_workspace_gets_nothing_and_does_not_keep_the_loop_busy(ruled: Database) -> None:
    with ruled.begin() as session:
        workspaces.stop(session, TEAM, "app_uninstalled", MONDAY)
    put(ruled, *(letter(f"card:{n}", "triage", 0) for n in range(3)))
    with claims_of(ruled) as begun, delivering(ruled, Clock(MONDAY)) as said:
        time.sleep(1.0)
        assert (said, begun) == ([], [])
        put(ruled, letter("theirs", "triage", 0), team_id="T0OTHER")
        assert comes_true(lambda: said == ["theirs"])
        with ruled.begin() as session:
            workspaces.enter(session, TEAM)
        assert comes_true(lambda: len(said) == 4)


def test_what_was_left_unknown_is_settled_at_night(ruled: Database) -> None:
    night = local(SHANGHAI, 2026, 11, 24, 1, 0)
    put(ruled, letter("news", "UMEILING", 2))
    with ruled.begin() as session:
        row = session.scalars(select(OutboxRow)).one()
        row.state, row.channel = "unknown", "D1"
    with delivering(ruled, Clock(night)) as said:
        assert comes_true(lambda: said == ["news"])


def test_votes_that_close_at_night_tell_the_channel_now_and_people_in_the_morning(ruled: Database) -> None:
    clock = Clock(local(SHANGHAI, 2026, 11, 24, 1, 0))
    with ruled.begin() as session:
        make.file(session, by=MEILING)
        make.delivered(session)
        make.vote(session, BOB, 1, Choice.APPROVE)
        make.vote(session, DORA, 1, Choice.APPROVE)
    with delivering(ruled, clock) as said:
        assert comes_true(lambda: said == ["card:F-1"])
        clock.set(local(SHANGHAI, 2026, 11, 24, 8, 0))
        assert comes_true(lambda: said == ["card:F-1", "receipt:F-1", "news:UMEILING"])
