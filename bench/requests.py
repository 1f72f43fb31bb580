"""What a request costs: acknowledging, filing, voting, and many people at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench import fill, servers
from bench.load import Job, load
from bench.measure import Facts, Row, Size, interleaved, middle, ratio
from bench.names import team
from bench.servers import Server

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
CONNECTIONS = {"sqlite": (32, 1), "postgresql": (8, 8)}
"""How many people press at once, and in how many workspaces."""

OPEN_ROUNDS = 400
CROWD = 50
PAUSES = {"eager": 1.0, "restless": 0.0}
CROWD_UNITS = {"/s": "per_s", "p50 ms": "p50_ms", "wrong": "wrong"}
PROMPT_MS = 500


@dataclass(frozen=True)
class Sender:
    """What goes to a server in each round."""

    server: Server
    gesture: str
    connections: int
    facts: dict[str, Any]
    size: Size
    pause_s: float = 0.0

    def __call__(self) -> Facts:
        """Warm it up and measure it."""
        run, size = uuid4().hex[:8], self.size
        job = Job(
            self.server.port, self.gesture, self.connections, size.warm_s, size.seconds, run, self.pause_s, self.facts
        )
        with self.server.awake():
            found = load(job)
        if found["wrong"] == found["count"]:
            raise RuntimeError(f"no request was answered well: {self.gesture}; .bench/servers.log says why")
        return found


@contextmanager
def office(kind: str, folder: Path, teams: int = 1, *, rounds: int = 0, sends: bool = False) -> Iterator[str]:
    """Give the address of a database with workspaces, and in each so many open rounds."""
    with fill.database(kind, folder) as url:
        fill.found(url, teams, sends=sends)
        for number in range(teams if rounds else 0):
            fill.feedback(url, rounds, team_id=team(number), voting=True)
        yield url


def ack(size: Size, folder: Path) -> list[Row]:
    """Acknowledging a command with all listeners registered."""
    with ExitStack() as stack:
        url = stack.enter_context(office("sqlite", folder))
        slack = stack.enter_context(servers.slack())
        sides = {
            name: Sender(stack.enter_context(servers.serving(name, url, slack)), "commands", 32, {}, size)
            for name in ("bot", "starlette", "bolt")
        }
        found = interleaved(size.rounds, sides)
    facts = {f"{name} cpu µs": middle(rounds, "cpu_us") for name, rounds in found.items()}
    what = "ack of a command, all listeners registered: server CPU against Starlette + signature check"
    return [
        Row("ack", what, ratio(found["bot"], found["starlette"], "cpu_us"), at_most=4, facts=facts),
        Row("ack-bolt", "the same against an empty Bolt app", ratio(found["bot"], found["bolt"], "cpu_us")),
    ]


def filing(size: Size, folder: Path) -> list[Row]:
    """Filing: a signed form, a durable commit, the acknowledgement."""
    return [row for kind in size.kinds for row in _against_floor(kind, "filing", "filings", size, folder)]


def voting(size: Size, folder: Path) -> list[Row]:
    """Voting on a card."""
    return [row for kind in size.kinds for row in _against_floor(kind, "voting", "votes", size, folder)]


def _against_floor(kind: str, floor: str, gesture: str, size: Size, folder: Path) -> list[Row]:
    """Bot and floor have a database each, of one kind."""
    connections, teams = CONNECTIONS[kind]
    rounds = OPEN_ROUNDS if gesture == "votes" else 0
    facts = {"teams": teams, "rounds": rounds}
    with ExitStack() as stack:
        slack = stack.enter_context(servers.slack())
        sides: dict[str, Callable[[], Facts]] = {}
        for name in ("bot", floor, "bolt"):
            url = stack.enter_context(office(kind, folder, teams, rounds=rounds))
            server = stack.enter_context(servers.serving(name, url, slack))
            sides[name] = Sender(server, gesture, connections, facts, size)
        found = interleaved(size.rounds, sides)
    told = {f"{name} {unit}": middle(found[name], fact) for name in found for unit, fact in UNITS.items()}
    what = (
        f"{floor} on {KINDS[kind]}, {connections} connections, {teams} workspace{'s' if teams > 1 else ''}: "
        "throughput against an empty Bolt ack with the same statements through the raw driver"
    )
    return [
        Row(f"{floor}-{kind}", what, ratio(found["bot"], found[floor], "per_s"), at_least=0.5, facts=told),
        Row(
            f"{floor}-{kind}-cpu",
            f"{floor} on {KINDS[kind]}: server CPU against that floor",
            ratio(found["bot"], found[floor], "cpu_us"),
        ),
    ]


UNITS = {"/s": "per_s", "p99 ms": "p99_ms", "cpu µs": "cpu_us", "wrong": "wrong"}


def crowd(size: Size, folder: Path) -> list[Row]:
    """Fifty people, while messages leave: with a gesture about every second, and without any rest."""
    with ExitStack() as stack:
        url = stack.enter_context(office("sqlite", folder, rounds=OPEN_ROUNDS, sends=True))
        slack = stack.enter_context(servers.slack())
        server = stack.enter_context(servers.serving("bot", url, slack))
        facts = {"rounds": OPEN_ROUNDS, "hook": f"http://127.0.0.1:{slack}/hook"}
        sides = {name: Sender(server, "mixed", CROWD, facts, size, pause) for name, pause in PAUSES.items()}
        found = interleaved(size.rounds, sides)
    what = f"p99 of an acknowledgement, {CROWD} people at once, mixed gestures, messages leaving"
    told = {name: {unit: middle(rounds, fact) for unit, fact in CROWD_UNITS.items()} for name, rounds in found.items()}
    eager, restless = (middle(found[name], "p99_ms") for name in PAUSES)
    rested = "each with a gesture about every second"
    return [
        Row("crowd", f"{what}, {rested}", eager, "ms", at_most=PROMPT_MS, facts=told["eager"]),
        Row("crowd-restless", "the same, nobody ever resting", restless, "ms", facts=told["restless"]),
    ]
