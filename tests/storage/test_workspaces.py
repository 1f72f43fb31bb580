"""Two workspaces whose numbers, names and ids are all the same: neither ever sees or changes what is the other's."""

import inspect as python
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session

from bot.domain.feedback import Kind
from bot.domain.home import Show
from bot.domain.people import Actor
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice, Result
from bot.services import feedback as feedback_service
from bot.services import votes as vote_service
from storage import (
    changes,
    claims,
    counters,
    customers,
    digest,
    feedback,
    home,
    lines,
    migrations,
    mine,
    news,
    outbox,
    outbox_care,
    people,
    places,
    policy,
    policy_log,
    requirements,
    schedules,
    search,
    seen,
    votes,
    workspaces,
)
from storage.db import Base
from storage.news import NewsItem
from storage.outbox import Letter, OutboxRow, Want
from tests import make
from tests.make import MONDAY

OURS, THEIRS = "T0OURS", "T0THEIRS"
LONG_AGO = make.later(days=-1)
STORES = (
    changes,
    claims,
    counters,
    customers,
    digest,
    feedback,
    home,
    lines,
    mine,
    news,
    outbox,
    outbox_care,
    people,
    places,
    policy,
    policy_log,
    requirements,
    schedules,
    search,
    seen,
    votes,
    workspaces,
)
KNOWN_TO_ALL = {
    "feedback.to_follow_up",
    "claims.claim",
    "outbox.depth",
    "claims.next_due",
    "outbox.overdue",
    "outbox_care.forget",
    "outbox_care.piles",
    "schedules.due",
    "schedules.forget",
    "schedules.next_due",
    "seen.forget",
    "votes.expired",
    "workspaces.known",
    "workspaces.served",
    "workspaces.stopped",
}
"""What works for all workspaces at once, and says so."""

Call = Callable[[Session, str], Any]


def our_round(session: Session, team_id: str) -> votes.Round:
    return make.newest_round(session, team_id=team_id)


def claimed(session: Session, team_id: str) -> OutboxRow:
    """Claim the card of a workspace, the other's being busy."""
    busy = {(other, lane) for other in (OURS, THEIRS) for lane in ("triage", "UALICE")} - {(team_id, "triage")}
    (row,) = make.claim(session, busy=busy)
    return row


def items(session: Session, team_id: str) -> list[NewsItem]:
    return news.of_message(session, team_id, "news:UALICE")


def over(session: Session) -> None:
    """Let all votes be over, everywhere, and let a former meeting have been on a day of each workspace's own."""
    session.execute(update(votes.Round).values(closed_at=MONDAY, result="undecided"))
    for team_id in (OURS, THEIRS):
        due_at = make.later(days=-len(team_id))
        schedules.first_in_period(session, team_id, "digest", "former", due_at=due_at, now=MONDAY, late=False)


READS: dict[str, Call] = {
    "changes.of": lambda s, t: changes.of(s, t, "F-1"),
    "customers.get": lambda s, t: customers.get(s, t, 1),
    "customers.is_known": lambda s, t: [customers.is_known(s, t, 1)],
    "customers.named": lambda s, t: customers.named(s, t, "acme"),
    "customers.matching": lambda s, t: customers.matching(s, t, "a"),
    "customers.count": customers.count,
    "digest.undecided": lambda s, t: (over(s), digest.undecided(s, t, None, 10))[1],
    "digest.count": lambda s, t: (over(s), digest.count(s, t, None))[1],
    "digest.first": lambda s, t: (over(s), digest.first(s, t, None, 9))[1],
    "digest.in_vote": digest.in_vote,
    "digest.former_digest": lambda s, t: (over(s), digest.former_digest(s, t))[1],
    "feedback.get": lambda s, t: feedback.get(s, t, 1),
    "feedback.with_records": lambda s, t: feedback.with_records(s, t, 1),
    "feedback.lock": lambda s, t: feedback.lock(s, t, 1),
    "feedback.asking": lambda s, t: feedback.asking(s, t, 1),
    "feedback.of_requirement": lambda s, t: feedback.of_requirement(s, t, 1),
    "feedback.filed_by": lambda s, t: feedback.filed_by(s, t, "UALICE", 10),
    "feedback.recent_customers": lambda s, t: feedback.recent_customers(s, t, "UALICE", 10),
    "feedback.question": lambda s, t: feedback.question(s, t, 1),
    "feedback.unanswered": lambda s, t: feedback.unanswered(s, t, 1),
    "feedback.filers_of": lambda s, t: sorted(feedback.filers_of(s, t, 1)),
    "feedback.filers": lambda s, t: list(feedback.filers(s, t, [1]).items()),
    "feedback.with_open_feedback": lambda s, t: sorted(feedback.with_open_feedback(s, t)),
    "feedback.open_of": lambda s, t: feedback.open_of(s, t, "UALICE"),
    "feedback.questions": lambda s, t: feedback.questions(s, t, 1),
    "home.openers": lambda s, t: sorted(home.openers(s, t)),
    "home.whose": lambda s, t: home.whose(s, t, "UALICE"),
    "home.voting": lambda s, t: home.voting(s, t, "UDORA", 9),
    "home.to_answer": lambda s, t: [asked.question for asked in home.to_answer(s, t, "UALICE", 9)[0]],
    "lines.of_feedback": lambda s, t: list(lines.of_feedback(s, t, [1, 2]).values()),
    "lines.of_requirements": lambda s, t: list(lines.of_requirements(s, t, [1]).values()),
    "mine.count": lambda s, t: mine.count(s, t, "UALICE", LONG_AGO, None),
    "mine.page": lambda s, t: mine.page(s, t, "UALICE", LONG_AGO, None, Show.ALL, 9, 0),
    "news.of_message": lambda s, t: news.of_message(s, t, "news:UALICE"),
    "outbox.dead": lambda s, t: outbox.dead(s, t, "UALICE"),
    "places.of": lambda s, t: places.of(s, t, "card:F-1"),
    "outbox.take_lanes": lambda s, t: outbox.take_lanes(s, t, ["triage"]),
    "outbox_care.beginning": lambda s, t: outbox_care.beginning(s, t, "card:", 9),
    "outbox_care.dead_by_lane": outbox_care.dead_by_lane,
    "outbox_care.depth": outbox_care.depth,
    "outbox_care.oldest_due": outbox_care.oldest_due,
    "outbox_care.rows": lambda s, t: outbox_care.rows(s, t, outbox_care.STATES),
    "claims.take": lambda s, t: [claims.take(s, [(t, "triage")]) == {(t, "triage")}],
    "people.get": lambda s, t: people.get(s, t, "UALICE"),
    "people.get_all": lambda s, t: [person.locale for person in people.get_all(s, [(t, "UALICE")]).values()],
    "people.im_channel": lambda s, t: [people.im_channel(s, t, "UALICE")],
    "people.known_language": lambda s, t: [people.known_language(s, t, "UALICE")],
    "people.language": lambda s, t: people.language(s, t, "UALICE"),
    "people.names": lambda s, t: people.names(s, t, {"UALICE", "UBOB"}),
    "people.among": lambda s, t: list(people.among(s, t, ["UALICE"]).values()),
    "people.gone": lambda s, t: sorted(people.gone(s, t, {"UGONE"})),
    "people.away": lambda s, t: sorted(people.away(s, t, {"UAWAY"}, MONDAY.date())),
    "people.zones": lambda s, t: sorted(people.zones(s, t)),
    "policy.channel": lambda s, t: [policy.channel(s, t, "triage")],
    "policy.tables": policy.tables,
    "policy.tables_of": lambda s, t: list(policy.tables_of(s, [t])[t].items()),
    "policy.load": policy.load,
    "policy_log.newest": policy_log.newest,
    "policy_log.of": lambda s, t: policy_log.of(s, t, "vote"),
    "policy_log.since": lambda s, t: policy_log.since(s, t, "vote", 0),
    "policy_log.last": lambda s, t: policy_log.last(s, t, 5),
    "requirements.get": lambda s, t: requirements.get(s, t, 1),
    "requirements.lock": lambda s, t: requirements.lock(s, t, 1),
    "requirements.moves": lambda s, t: requirements.moves(s, t, 1),
    "schedules.planned": schedules.planned,
    "schedules.period": lambda s, t: schedules.period(s, t, "digest", "2026-11-24"),
    "schedules.newest_period": lambda s, t: schedules.newest_period(s, t, "digest"),
    "votes.waiting_for": lambda s, t: votes.waiting_for(s, t, "UDORA"),
    "workspaces.app_id": workspaces.app_id,
    "workspaces.get": workspaces.get,
    "workspaces.is_set_up": lambda s, t: [workspaces.is_set_up(s, t)],
    "search.find": lambda s, t: search.find(s, t, ["need"], "UBOB", 10, sees_hidden=False),
    "votes.latest": lambda s, t: votes.latest(s, t, 1),
    "votes.latest_with_ballots": lambda s, t: list(votes.latest_with_ballots(s, t, 1)),
    "votes.choices": lambda s, t: list(votes.choices(s, our_round(s, t)).items()),
    "votes.ballots": lambda s, t: votes.ballots(s, our_round(s, t)),
    "votes.ballot": lambda s, t: votes.ballot(s, our_round(s, t), "UBOB"),
}

WRITES: dict[str, Call] = {
    "changes.add": lambda s, t: changes.add(s, t, "F-1", "edited", by="UALICE", before={}, now=MONDAY),
    "counters.take": lambda s, t: counters.take(s, t, "feedback"),
    "counters.take_both": lambda s, t: counters.take_both(s, t, "feedback", "requirement"),
    "customers.find_or_add": lambda s, t: customers.find_or_add(s, t, "Beta", "UALICE", MONDAY),
    "feedback.next_number": feedback.next_number,
    "feedback.next_numbers": feedback.next_numbers,
    "feedback.add": lambda s, t: feedback.add(s, t, 9, **{**facts(feedback.get(s, t, 1)), "words": "Nine."}),
    "feedback.change": lambda s, t: feedback.change(s, t, 1, words="Changed."),
    "feedback.ask": lambda s, t: feedback.ask(s, t, 1, "What?", "UBOB", MONDAY, MONDAY),
    "feedback.answer_question": lambda s, t: feedback.answer_question(s, t, 1, "That.", "UALICE", MONDAY),
    "feedback.follow_up_again": lambda s, t: (
        feedback.followed_up(s, feedback.questions(s, t, 1)[0], None),
        feedback.follow_up_again(s, t, 1, MONDAY),
    ),
    "feedback.followed_up": lambda s, t: feedback.followed_up(s, feedback.questions(s, t, 1)[0], None),
    "home.look": lambda s, t: home.look(s, t, "UALICE", make.later(hours=1)),
    "home.choose": lambda s, t: home.choose(s, t, "UALICE", page=3),
    "home.drawn": lambda s, t: home.drawn(s, t, "UALICE", None, "2.b"),
    "news.add": lambda s, t: news.add(s, t, "news:UALICE", feedback=1, kind="move", number=9, now=MONDAY),
    "news.hand_over": lambda s, t: news.hand_over(s, t, [item.id for item in items(s, t)], "another"),
    "outbox.want": lambda s, t: outbox.want(s, [Want(t, "triage", make.later(hours=-1), 0)]),
    "outbox.put": lambda s, t: outbox.put(s, t, [Letter("triage", "card", "F-1", "card:F-1", 0)], MONDAY),
    "claims.ending": lambda s, t: claims.ending(s, claimed(s, t)),
    "claims.aim": lambda s, t: claims.aim(s, claimed(s, t), "C9", "9.9", MONDAY),
    "claims.settle": lambda s, t: make.settle(s, claimed(s, t), facts={"ts": "9.9"}),
    "places.remember": lambda s, t: places.remember(s, [make.place("card:F-1", "C9", "9.9", t)]),
    "places.forget_all": lambda s, t: places.forget_all(s, t, "card:F-1"),
    "places.forget": lambda s, t: places.forget(s, t, "card:F-1"),
    "outbox.prolong": lambda s, t: outbox.prolong(
        s, t, ["card:F-1"], make.later(hours=1), held_beyond=make.later(hours=-1)
    ),
    "outbox.release": lambda s, t: outbox.release(s, t, ["card:F-1"], MONDAY - timedelta(days=1)),
    "outbox.revive": lambda s, t: outbox.revive(s, t, "UALICE", MONDAY),
    "outbox_care.drop": lambda s, t: outbox_care.drop(s, t, ["card:F-1"], MONDAY),
    "outbox_care.revive": lambda s, t: outbox_care.revive(
        s, t, [row.id for row in outbox.dead(s, t, "UALICE")], MONDAY
    ),
    "people.save": lambda s, t: people.save(s, t, people.Profile("UALICE", "Changed", "en")),
    "people.remember_im": lambda s, t: people.remember_im(s, t, "UALICE", "D9"),
    "people.choose_summary": lambda s, t: people.choose_summary(s, t, "UALICE", "never"),
    "people.choose": lambda s, t: people.choose(s, t, "UALICE", people.Wishes("never", "en", None, None)),
    "policy.lock": policy.lock,
    "policy_log.add": lambda s, t: policy_log.add(s, t, "vote", before={}, after={"quorum": 9}, by="U1", now=MONDAY),
    "policy.replace": lambda s, t: policy.replace(s, t, {"vote": {"quorum": 1}}, "UADA", MONDAY),
    "requirements.next_number": requirements.next_number,
    "requirements.add": lambda s, t: requirements.add(s, t, 9, title="Nine", origin=1, now=MONDAY),
    "requirements.move": lambda s, t: requirements.move(
        s, t, 1, Status.IN_REVIEW, Change(Status.ACCEPTED), by=None, now=MONDAY
    ),
    "requirements.change": lambda s, t: requirements.change(s, t, 1, title="Changed"),
    "requirements.withdraw": lambda s, t: requirements.withdraw(s, t, 1, MONDAY),
    "schedules.plan": lambda s, t: schedules.plan(s, t, {"digest": ("changed", MONDAY)}),
    "schedules.drop": lambda s, t: schedules.drop(s, t, ["digest"]),
    "schedules.claim": lambda s, t: schedules.claim(s, s.get(schedules.Schedule, (t, "digest")), make.later(days=7)),
    "schedules.first_in_period": lambda s, t: schedules.first_in_period(
        s, t, "digest", "2026-12-01", due_at=MONDAY, now=MONDAY, late=False
    ),
    "seen.first_time": lambda s, t: seen.first_time(s, t, "view:new", MONDAY),
    "votes.open_round": lambda s, t: (
        votes.close(s, our_round(s, t), Result.DECIDED, MONDAY),
        votes.open_round(s, t, 1, quorum=1, blind=True, decides=True, now=MONDAY, due_at=MONDAY),
    ),
    "votes.lower_quorum": lambda s, t: votes.lower_quorum(s, t, 1),
    "votes.pause": lambda s, t: (votes.resume(s, our_round(s, t), MONDAY), votes.pause(s, our_round(s, t), MONDAY)),
    "votes.resume": lambda s, t: votes.resume(s, our_round(s, t), MONDAY),
    "workspaces.enter": lambda s, t: (
        (workspaces.stop(s, t, "gone", MONDAY), workspaces.name_app(s, t, "A9")) and workspaces.enter(s, t)
    ),
    "workspaces.stop": lambda s, t: workspaces.stop(s, t, "gone", MONDAY),
    "workspaces.set_up": lambda s, t: workspaces.set_up(s, t, MONDAY),
    "workspaces.name_app": lambda s, t: workspaces.name_app(s, t, "A9"),
    "votes.cast": lambda s, t: votes.cast(s, our_round(s, t), "UBOB", Choice.ABSTAIN, 99.0),
    "votes.say_why": lambda s, t: votes.say_why(s, our_round(s, t), "UBOB", "Changed."),
    "votes.close": lambda s, t: votes.close(s, our_round(s, t), Result.DECIDED, MONDAY),
}


def story(session: Session, team_id: str) -> None:
    """Live through the same days in a workspace; every word says whose it is."""
    alice, bob = Actor(team_id, "UALICE"), Actor(team_id, "UBOB")
    make.rules(session, team_id, departments={"csm": ["UALICE"]}, vote={"quorum": 10 - len(team_id)})
    policy.replace(session, team_id, {"channels": {"triage": f"C{team_id}"}}, "test", MONDAY)
    people.save(
        session, team_id, people.Profile("UALICE", f"Alice of {team_id}", "en" if team_id == OURS else "zh_Hans")
    )
    people.remember_im(session, team_id, "UALICE", f"D{team_id}")
    make.file(session, f"A need of {team_id}", by=alice)
    make.file(session, f"A question of {team_id}", by=alice, kind=Kind.QUESTION, customer_name="ACME Too")
    make.vote(session, bob, 1, Choice.REJECT if team_id == OURS else Choice.APPROVE)
    vote_service.say_why(session, bob, 1, f"Why in {team_id}", MONDAY)
    feedback_service.ask(session, bob, 1, f"A question in {team_id}?", MONDAY, key="view:ask")
    people.save(session, team_id, people.Profile("UGONE", "Gone", "en", f"Etc/{team_id}", deleted=team_id == OURS))
    people.save(session, team_id, people.Profile("UAWAY", "Away", "en", f"Etc/{team_id}"))
    if team_id == OURS:
        people.choose(session, team_id, "UAWAY", people.Wishes("never", None, None, make.later(days=2).date()))
    changes.add(session, team_id, "F-1", "edited", by="UALICE", before={"words": team_id}, now=MONDAY)
    home.look(session, team_id, "UALICE", MONDAY)
    home.look(session, team_id, f"U{team_id}", MONDAY)
    home.choose(session, team_id, "UALICE", page=len(team_id))
    workspaces.enter(session, team_id)
    workspaces.name_app(session, team_id, f"A-{team_id}")
    if team_id == THEIRS:
        workspaces.set_up(session, team_id, MONDAY)
        policy.replace(session, team_id, {"vote": {"quorum": 1}}, "UTHEIRS", MONDAY)
    schedules.plan(session, team_id, {"digest": (team_id, MONDAY)})
    schedules.first_in_period(
        session, team_id, "digest", "2026-11-24", due_at=MONDAY, now=make.later(hours=len(team_id)), late=True
    )
    places.remember(session, [make.place("card:F-1", "C1", f"1.{len(team_id)}", team_id)])
    rows = update(OutboxRow).where(OutboxRow.team_id == team_id)
    session.execute(rows.values(id=OutboxRow.key))
    session.execute(rows.where(OutboxRow.lane == "UALICE").values(state="dead", detail=team_id))
    told = update(NewsItem).where(NewsItem.team_id == team_id)
    session.execute(told.values(id="news:1", outbox_id="news:UALICE"))


def facts(row: Base | None) -> dict[str, Any]:
    """Return a row's columns without its key and state."""
    assert row is not None
    left_out = {"team_id", "number", "state"}
    return {
        column.key: getattr(row, column.key) for column in inspect(row).mapper.columns if column.key not in left_out
    }


def plain(value: Any) -> Any:
    """Return rows as plain data, to be compared."""
    if isinstance(value, Base):
        return {column.key: getattr(value, column.key) for column in inspect(value).mapper.columns}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def read(session: Session, call: Call) -> Any:
    session.expunge_all()
    return plain(call(session, OURS))


def everything_of(session: Session, team_id: str) -> dict[str, list[Any]]:
    """Return all rows of a workspace, table by table."""
    migrations.import_tables()
    session.expunge_all()
    tables = Base.metadata.sorted_tables
    return {
        table.name: sorted(map(repr, session.execute(select(table).where(table.c.team_id == team_id))))
        for table in tables
    }


def queries_of(store: ModuleType) -> set[str]:
    """Return the public functions of a store that work in a session."""
    name = store.__name__.removeprefix("storage.")
    return {
        f"{name}.{key}"
        for key, value in vars(store).items()
        if python.isfunction(value)
        and value.__module__ == store.__name__
        and not key.startswith("_")
        and next(iter(python.signature(value).parameters), None) == "session"
    }


def test_every_function_of_the_stores_is_tried_here() -> None:
    assert set().union(*map(queries_of, STORES)) == READS.keys() | WRITES.keys() | KNOWN_TO_ALL


@pytest.mark.parametrize("name", READS)
def test_a_query_never_returns_anything_of_another_workspace(session: Session, name: str) -> None:
    story(session, OURS)
    alone = read(session, READS[name])
    assert alone, "the story leaves nothing to be found, so finding nothing proves nothing"
    story(session, THEIRS)
    assert read(session, READS[name]) == alone


@pytest.mark.parametrize("name", WRITES)
def test_a_change_never_touches_anything_of_another_workspace(session: Session, name: str) -> None:
    story(session, OURS)
    story(session, THEIRS)
    ours, theirs = everything_of(session, OURS), everything_of(session, THEIRS)
    WRITES[name](session, OURS)
    assert everything_of(session, THEIRS) == theirs
    assert everything_of(session, OURS) != ours, "nothing changed at all, so leaving theirs alone proves nothing"


def test_a_query_that_forgets_the_workspace_would_be_noticed(session: Session) -> None:
    def careless(session: Session, _team_id: str) -> list[feedback.Feedback]:
        return list(session.scalars(select(feedback.Feedback).where(feedback.Feedback.requirement == 1)))

    story(session, OURS)
    alone = read(session, careless)
    story(session, THEIRS)
    assert read(session, careless) != alone


def test_a_change_that_forgets_the_workspace_would_be_noticed(session: Session) -> None:
    story(session, OURS)
    story(session, THEIRS)
    before = everything_of(session, THEIRS)
    session.execute(update(feedback.Feedback).where(feedback.Feedback.number == 1).values(words="Changed."))
    assert everything_of(session, THEIRS) != before
