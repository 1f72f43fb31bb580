"""Whatever people do, in whatever order, with crashes and repeats: a workspace is what a plain model says it is."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from bot.domain.feedback import title_from
from bot.domain.people import Actor
from bot.domain.requirements import MOVES, Change, Status
from bot.domain.votes import Choice, Result
from bot.services import feedback, votes
from storage import counters
from storage import requirements as requirement_store
from storage import votes as vote_store
from storage.counters import Counter as Counted
from storage.db import Database, table
from storage.feedback import Feedback
from storage.outbox import OutboxRow
from storage.policy_log import PolicyChange
from storage.votes import Ballot
from tests import make
from tests.make import MONDAY
from tests.torture import rows
from tests.torture.acts import SERVICES, Service, change, done, file, vote
from tests.torture.length import LONG, PATIENCE_S, SEED, timed
from tests.torture.memory import Act
from tests.torture.model import Model

EXAMPLES, STEPS, WALKS = (100, 60, 300) if LONG else (3, 30, 2)
PEOPLE = ("UALICE", "UMEILING", "UBOB", "UDORA", "UEMIL", "UMARA", "UADA")
REVIEWERS = ("UBOB", "UDORA", "UEMIL")
WORDS = ("They need an export. Soon.", "They need an import.", "Why is it so slow?", "他们需要导出。每月一次。")


# -- crashes


class Crash(Exception):  # noqa: N818 - not an error of ours
    """The process dies here."""


@dataclass
class Fuse:
    """Lets a process die at one of its statements, or at the commit. `left`: how many it may still do."""

    left: int | None = None
    burnt: int = 0

    def burn(self, *_: object) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left, self.burnt = None, self.burnt + 1
            raise Crash

    def set(self, left: int | None) -> None:
        self.left = left


@pytest.fixture
def fuse(migrated: Database) -> Iterator[Fuse]:
    fuse = Fuse()
    burn = fuse.burn
    for moment in ("before_cursor_execute", "commit"):
        event.listen(migrated.engine, moment, burn)
    yield fuse
    for moment in ("before_cursor_execute", "commit"):
        event.remove(migrated.engine, moment, burn)


# -- the machine

teams = count(1)
crashes = st.one_of(st.none(), st.none(), st.integers(0, 30))
NOBODYS = 6
"""A number that only the neighbours have."""

HOURS = (0, 0, 1, 9, 24, 80)
TEAMS = (REVIEWERS, REVIEWERS, REVIEWERS, REVIEWERS[:2], (*REVIEWERS, "UALICE"), ())
KINDS = ("need", "need", "problem", "question")
CHOICES = ("approve", "approve", "approve", "reject", "reject", "abstain")
OFTEN = (
    *("file",) * 3,
    *("edit_feedback", "edit_requirement", "make_requirement", "ask_too", "answer", "undo"),
    *("vote",) * 5,
    *("change",) * 3,
    *("ask", "answer_question", "withdraw", "reopen", "repeat", "repeat", "time", "deliver") * 2,
    "save",
)


class Team(RuleBasedStateMachine):
    """A workspace beside another. Each act is done by the services and by the model, and both must say the same."""

    database: Database
    fuse: Fuse
    services = SERVICES
    done = 0
    repeated = 0

    @initialize()
    def settle_in(self) -> None:
        number = next(teams)
        self.team, self.neighbour = f"T{number}A", f"T{number}B"
        self.now, self.keys, self.acts = MONDAY, count(1), list[Act]()
        with self.database.begin() as session:
            for team in (self.team, self.neighbour):
                make.rules(session, team)
            for words in "abcdef":
                self._live(session, words)
            log = session.scalars(
                select(PolicyChange.name).where(PolicyChange.team_id == self.team).order_by(PolicyChange.number)
            )
            self.model = Model(policy_log=list(log))
            self.model.rules["reviewers"] = REVIEWERS
            _, self.theirs = rows.of(session, self.team, self.neighbour)
        for by, kind in (("UALICE", "need"), ("UMEILING", "question"), ("UBOB", "problem")):
            self.do("file", by, None, kind=kind, words=WORDS[0])

    def _live(self, session: Session, words: str) -> None:
        """Let the neighbours have something of each kind under numbers that ours have too, or will have, or never."""
        number = make.file(session, words, Actor(self.neighbour, "UALICE")).requirement
        assert number
        votes.cast(session, Actor(self.neighbour, "UBOB"), number, Choice.APPROVE, 1.0, MONDAY)
        feedback.ask(session, Actor(self.neighbour, "UDORA"), number, "Which?", MONDAY, key=words)

    def do(self, name: str, by: str, crash: int | None, key: str | None = None, **facts: Any) -> None:
        act = Act(name, by, facts, key or f"act:{next(self.keys)}")
        self.acts.append(act)
        self.do_act(act, crash)

    def do_act(self, act: Act, crash: int | None) -> None:
        """Do an act; if the process dies of it, nothing is left of it, and it is done again."""
        before = self._ours() if crash is not None else None
        self.fuse.set(crash)
        try:
            said = done(self.database, self.team, act, self.now, self.services)
        except Crash:
            assert before is not None
            assert rows.changed(before, self._ours()) == [], "a crash left something behind"
            said = done(self.database, self.team, act, self.now, self.services)
        self.fuse.set(None)
        type(self).done += 1
        assert said == self.model.do(act, self.now), act

    def _ours(self) -> rows.Rows:
        with self.database.read() as session:
            return rows.of(session, self.team)[0]

    @rule(
        name=st.sampled_from(OFTEN),
        which=st.integers(0, 11),
        who=st.integers(0, 20),
        what=st.integers(0, 30),
        crash=crashes,
    )
    def something_happens(self, name: str, which: int, who: int, what: int, crash: int | None) -> None:
        """One rule for everything: of several, Hypothesis leaves out some in each example, and little comes of that."""
        match name:
            case "repeat" if self.acts:
                self._slack_repeats_itself(which, crash)
            case "time" | "repeat":
                self._time_passes(HOURS[what % len(HOURS)], crash)
            case "deliver":
                self._everything_is_delivered()
            case _:
                facts = self._facts(name, which, what, who)
                self.do(name, self._who(name, facts, who), crash, **facts)

    def _facts(self, name: str, which: int, what: int, who: int) -> dict[str, Any]:
        """Choose what an act is about: mostly something there is."""
        number, requirement = _one_of(self.model.feedback, which), _one_of(self.model.requirements, which)
        words, late = WORDS[what % len(WORDS)], which == 0
        vote = {"quorum": what % 4 + 1, "days": which % 4 + 1, "decides": what % 3 > 0}
        press = {"choice": CHOICES[what % len(CHOICES)], "at": (what * 7 + who) % 9 + 1}
        opened = len(self.model.policy_log) - late
        facts = {
            "file": {"kind": KINDS[what % len(KINDS)], "words": words},
            "vote": {"requirement": requirement, **press},
            "change": {"requirement": requirement, "to": self._next_status(requirement, what)},
            "ask_too": {"number": number, "requirement": _one_of(self.model.requirements, what)},
            "answer_question": {"question": _one_of(self.model.questions, which)},
            "edit_feedback": {"number": number, "words": words, "seen": self._seen("F", number, what)},
            "edit_requirement": {
                "requirement": requirement,
                "title": title_from(words),
                "seen": self._seen("R", requirement, what),
            },
            "save": {"vote": vote, "reviewers": TEAMS[what % len(TEAMS)], "opened": opened},
        }
        return facts.get(name, {"number": number})

    def _next_status(self, number: int, what: int) -> str:
        """Choose a status, mostly one that may come next."""
        wanted = self.model.requirements.get(number)
        allowed = MOVES[wanted["status"]] if wanted else ()
        return (list(Status) if what > 25 or not allowed else allowed)[what % (len(allowed) or 9)].value

    def _seen(self, letter: str, number: int, what: int) -> int:
        """Return after how many changes somebody opened their window; sometimes there was one since."""
        return len(self.model.changes.get(f"{letter}-{number}", ())) - (what == 0)

    def _who(self, name: str, facts: dict[str, Any], who: int) -> str:
        """Choose somebody: mostly one of those who may."""
        if who < len(PEOPLE):
            return PEOPLE[who]
        if name in {"vote", "ask", "answer"}:
            return REVIEWERS[who % 3]
        if name == "save":
            return "UADA"
        if name in {"change", "edit_requirement"}:
            return "UMARA"
        number = facts.get("number")
        if "question" in facts and facts["question"] in self.model.questions:
            number = self.model.questions[facts["question"]]["feedback"]
        return str(self.model.feedback[number]["by"]) if number in self.model.feedback else PEOPLE[who % 7]

    def _slack_repeats_itself(self, back: int, crash: int | None) -> None:
        """Deliver once more what was delivered, whatever became of it."""
        type(self).repeated += 1
        self.do_act(self.acts[-min(back // 2 + 1, len(self.acts))], crash)

    def _time_passes(self, hours: int, crash: int | None) -> None:
        """Do what the clock does: close what is due, ask once more."""
        self.now += timedelta(hours=hours, seconds=20)
        for name, about, all_of in (("close_due", "requirement", "rounds"), ("follow_up", "question", "questions")):
            for number in range(1, len(getattr(self.model, all_of)) + 1):
                self.do_act(Act(name, "UADA", {about: number}, "the clock"), crash)

    def _everything_is_delivered(self) -> None:
        self.model.waiting.clear()
        with self.database.begin() as session:
            mine = (OutboxRow.team_id == self.team, OutboxRow.state == "waiting")
            session.execute(update(OutboxRow).where(*mine).values(state="sent"))

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.database.read() as session:
            ours, theirs = rows.of(session, self.team, self.neighbour)
        assert rows.changed(self.theirs, theirs) == [], "the neighbours' rows were touched"
        assert rows.wrong(ours) == []
        assert rows.told(ours) == self.model.told()


def _one_of(there: dict[int, Any], which: int) -> int:
    """Return a number of something there is; sometimes one of the neighbours'."""
    return NOBODYS if which == 0 or not there else which % len(there) + 1


def bound(machine: type[Team], database: Database, fuse: Fuse) -> type[Team]:
    """Return a machine that lives in a database, and counts for itself."""
    return type(machine.__name__, (machine,), {"database": database, "fuse": fuse})


def play(machine: type[Team]) -> None:
    """Let Hypothesis choose what happens; what goes wrong it tells in the fewest steps."""
    steps = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(SEED)(machine), settings=steps)


def wander(machine: type[Team], walks: int, often: Sequence[str] = OFTEN, steps: int = 60) -> None:
    """Let chance choose: further into a workspace's life than Hypothesis, which begins small, comes in the time."""
    chance = random.Random(SEED)  # noqa: S311 - chance, not a secret
    for _ in range(walks):
        team = machine()
        team.settle_in()
        for _ in range(steps):
            facts = {name: chance.randint(0, most) for name, most in (("which", 11), ("who", 20), ("what", 30))}
            crash = chance.choice((None, None, chance.randint(0, 30)))
            team.something_happens(name=chance.choice(often), crash=crash, **facts)
            team.all_is_as_the_model_says()


@pytest.mark.timeout(PATIENCE_S)
def test_a_workspace_is_what_the_model_says_after_every_act_crash_and_repeat(migrated: Database, fuse: Fuse) -> None:
    machine = bound(Team, migrated, fuse)
    with timed("model", migrated.engine.dialect.name) as counts:
        play(machine)
        wander(machine, WALKS)
        counts |= {"acts": machine.done, "crashes": fuse.burnt, "repeats": machine.repeated}
    assert min(fuse.burnt, machine.repeated) > WALKS


# -- what the model would notice


def _by_arrival(session: Session, actor: Actor, act: Act, now: datetime) -> Any:
    """Let the vote that arrives last stand, whenever it was cast."""
    said = vote(session, actor, act, now)
    where = (
        Ballot.team_id == actor.team_id,
        Ballot.requirement == act.facts["requirement"],
        Ballot.user_id == actor.user_id,
    )
    session.execute(update(table(Ballot)).where(*where).values(choice=act.facts["choice"]))
    return said


def _without_a_key(session: Session, actor: Actor, act: Act, now: datetime) -> Any:
    """Take every delivery for a new one."""
    return file(session, actor, replace(act, key=make.form()), now)


def _numbered_ahead(session: Session, actor: Actor, act: Act, now: datetime) -> Any:
    """Commit the number before what it is for; if that comes to nothing the number is lost."""
    counters.take(session, actor.team_id, "feedback")
    for word in ("COMMIT", "BEGIN"):
        session.connection().exec_driver_sql(word)
    mine = (Counted.team_id == actor.team_id, Counted.name == "feedback")
    session.execute(update(table(Counted)).where(*mine).values(last=Counted.last - 1))
    return file(session, actor, act, now)


def _without_a_word(session: Session, actor: Actor, act: Act, now: datetime) -> Any:
    """Move a requirement and tell nobody."""
    with session.begin_nested() as undone:
        said = change(session, actor, act, now)
        undone.rollback()
    number = act.facts["requirement"]
    before = Status(make.requirement(session, number, actor.team_id).status)
    vote_store.close(session, make.newest_round(session, number, actor.team_id), Result.DECIDED, now)
    requirement_store.move(
        session, actor.team_id, number, before, Change(Status(act.facts["to"])), by=actor.user_id, now=now
    )
    return said


def _in_all_workspaces(session: Session, actor: Actor, act: Act, now: datetime) -> Any:
    """Forget whose feedback it is."""
    said = SERVICES["withdraw"](session, actor, act, now)
    session.execute(update(table(Feedback)).where(Feedback.number == act.facts["number"]).values(state="withdrawn"))
    return said


BROKEN: list[tuple[str, Service, str]] = [
    ("vote", _by_arrival, "ballots"),
    ("file", _without_a_key, "file"),
    ("file", _numbered_ahead, "a crash left something behind"),
    ("change", _without_a_word, "waiting"),
    ("withdraw", _in_all_workspaces, "the neighbours' rows were touched"),
]


@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "service", "said"), BROKEN)
def test_a_service_that_is_broken_is_noticed(
    migrated: Database, fuse: Fuse, name: str, service: Service, said: str
) -> None:
    broken = type("Broken", (Team,), {"services": {**SERVICES, name: service}})
    with pytest.raises(AssertionError, match=said):
        wander(bound(broken, migrated, fuse), 8, (name, name, name, "file", "repeat"))
