"""Needline in the practice workspace: a bot, a team, and four months of feedback behind them."""

import tempfile
import time
import tomllib
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.orm import Session

from bot.app import Needline
from bot.config import Config
from bot.domain.feedback import Draft, Kind, Stake, Urgency
from bot.domain.people import Actor
from bot.domain.requirements import Change, Status
from bot.domain.votes import Choice
from bot.i18n import locale_of
from bot.services import feedback, policy, requirements, votes
from bot.serving import serving
from practice.guide import Step
from practice.handles import Channel
from practice.people import Person
from practice.workspace import Workspace
from storage import feedback as feedback_store
from storage import outbox, people
from storage.people import Profile

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / "manifest.json"
SEED = ROOT / "practice" / "seed.toml"
HISTORY = timedelta(days=125)
"""How far back the practice clock begins."""

UNREAD = timedelta(days=2)
"""How far back goes what nobody has read yet."""

VOTE_PAUSE = timedelta(hours=8)
"""How long after each other people vote at most: rounds close by their deadline."""

DRAIN_S = 30.0

HURRY = {"pace_per_s": 200.0, "merge_s": 0.0, "settle_s": 0.5, "lease_s": 2.0}
"""Delivery without the waiting that only live teams need."""

Seed = dict[str, Any]
Transport = Literal["http", "socket"]
"""How the bot is connected: Slack calls it, or it opens the connections (Socket Mode)."""

_TRIAGE = "C0CLIENTTRIAGE"
_VOTE: Seed = {"kind": "block_actions", "where": {"actions.0.action_id": "vote_.*"}}
_CHANGE: Seed = {"kind": "view_submission", "where": {"view.callback_id": "requirement_change"}}
_SHIPPED: Seed = {"view.state.values.status.requirement_to.selected_option.value": "shipped"}


def _as(label: str, key: str, channel: str = _TRIAGE) -> dict[str, str]:
    """Return a link of the guide: somebody's eyes, at a place."""
    return {"label": label, "as": f"U0{key.upper()}", "channel": channel}


GUIDE: list[Step] = [
    {
        "title": "File something.",
        "text": "You are Alice, who looks after customers. Type /feedback and what one of them said into the "
        "message box below.",
        "links": [_as("Be Alice", "alice")],
        "done": {"gestures": [{"kind": "view_submission", "where": {"view.callback_id": "feedback_file"}}]},
    },
    {
        "title": "Vote as two reviewers.",
        "text": "Alice’s words now stand on a card in #client-triage. Be Bob and press Approve under it, then Farah.",
        "links": [_as("Be Bob", "bob"), _as("Be Farah", "farah")],
        "done": {"gestures": [_VOTE], "people": 2},
    },
    {
        "title": "Decide.",
        "text": "A third approval decides, so be Dora and approve. Or decide alone as Mara, the manager: the ⋯ menu of "
        "the card has “Change status”.",
        "links": [_as("Be Dora", "dora"), _as("Be Mara", "mara")],
        "done": {"gestures": [_VOTE, _CHANGE]},
    },
    {
        "title": "Ship it.",
        "text": "It was built. As Mara, choose “Change status” in the ⋯ menu of the card, then “Shipped”, with a "
        "sentence for the one who asked.",
        "links": [_as("Be Mara", "mara")],
        "done": {"gestures": [_CHANGE | {"where": _CHANGE["where"] | _SHIPPED}]},
    },
    {
        "title": "Read what Alice is told.",
        "text": "She has heard of every step in her direct message with Needline. Now it says that her wish has "
        "shipped, and asks her to tell the customer.",
        "links": [_as("Be Alice", "alice", "D0ALICE")],
        "done": {"read": "(?i)shipped|已上线"},
    },
]
"""What the practice workspace's page shows to a newcomer, one step after the other."""


class NotDrainedError(Exception):
    """Messages wait that should have been delivered."""


@dataclass
class Team:
    """The practice workspace's people and channels by their keys in the seed."""

    workspace: Workspace
    config: Config
    running: ExitStack
    needline: Needline = field(init=False)
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    locales: dict[str, str] = field(default_factory=dict)

    def start_bot(self) -> None:
        """Start the bot, and connect the workspace to it."""
        self.needline, url = self.running.enter_context(serving(self.config))
        if self.config.slack_app_token is None:
            self.workspace.connect(url)

    def stop_bot(self) -> None:
        """Stop the bot; started again, it goes on with the same database."""
        self.running.close()

    def actor(self, key: str) -> Actor:
        """Return a person as the one who acts."""
        return Actor(self.workspace.team_id, self.people[key].id, self.locales[key])

    def do(self, work: Callable[[Session, datetime], object]) -> None:
        """Do something in a transaction of its own, at the practice clock's time."""
        with self.needline.database.begin() as session:
            work(session, self.workspace.clock.now())

    def drained(self) -> bool:
        """Say whether everything was delivered, apart from what waits for company."""
        with self.needline.database.read() as session:
            return outbox.depth(session) == 0

    def sent(self) -> bool:
        """Say whether everything due was delivered. What is held for the night may wait."""
        with self.needline.database.read() as session:
            return outbox.overdue(session, self.workspace.clock.now()) == 0

    def wait_until_drained(self) -> None:
        """Wait for the outbox. Raises NotDrainedError when it does not empty."""
        _wait_for(self.drained)

    def wait_until_sent(self) -> None:
        """Wait for what is due. Raises NotDrainedError likewise."""
        _wait_for(self.sent)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DRAIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise NotDrainedError(f"The outbox is not empty after {DRAIN_S:.0f} s.")
        time.sleep(0.005)


def read_seed() -> Seed:
    """Return the seed's people, channels, customers, messages and feedback."""
    return tomllib.loads(SEED.read_text(encoding="utf-8"))


@contextmanager
def team(
    port: int,
    transport: Transport = "http",
    rules: Seed | None = None,
    start: datetime | None = None,
    **delivery: float,
) -> Iterator[Team]:
    """Start a practice workspace on `port` and a bot in it, with the seed's people, channels and rules.

    `rules` replace tables of the policy, `start` sets the practice clock first.
    """
    seed = read_seed()
    with (
        tempfile.TemporaryDirectory(prefix="needline-demo-") as folder,
        Workspace(MANIFEST, port=port, guide=GUIDE) as workspace,
        ExitStack() as running,
    ):
        workspace.limits.enabled = False
        if start is not None:
            workspace.clock.advance(start - workspace.clock.now())
        found = Team(workspace, _config(workspace, Path(folder), transport), running)
        found.start_bot()
        _settle_in(found, seed)
        tables = {**_rules(found, seed), **(rules or {}), "delivery": HURRY}
        (admin,) = tables["people"]["admins"]
        found.do(lambda session, now: policy.apply(session, workspace.team_id, tables, admin, now))
        found.wait_until_drained()
        set_delivery(found, **delivery)
        yield found


def _config(workspace: Workspace, folder: Path, transport: Transport) -> Config:
    http = transport == "http"
    return Config.model_validate(
        {
            "slack_bot_token": workspace.bot_token,
            "slack_signing_secret": workspace.signing_secret if http else None,
            "slack_app_token": None if http else workspace.app_token,
            "slack_api_url": workspace.api_url,
            "needline_clock_url": workspace.clock_url,
            "database_url": f"sqlite:///{folder / 'demo.db'}",
            "port": 0,
        }
    )


def _settle_in(found: Team, seed: Seed) -> None:
    for person in seed["people"]:
        user_id = f"U0{person['key'].upper()}"
        is_admin = person["role"] == "admin"
        made = found.workspace.person(
            person["name"], person["locale"], person["tz"], user_id=user_id, is_admin=is_admin, title=_title(person)
        )
        found.people[person["key"]] = made
        found.locales[person["key"]] = locale_of(person["locale"])
    for channel in seed["channels"]:
        members = [found.people[key] for key in channel["members"]]
        made_channel = found.workspace.channel(channel["name"], members, private=channel.get("private", False))
        found.channels[channel["key"]] = made_channel
    for key in ("triage", "review"):
        found.workspace.invite_bot(found.channels[key])
    found.do(lambda session, _now: _introduce(session, found, seed))


def _title(person: Seed) -> str:
    role = "CSM" if person["role"] == "csm" else str(person["role"])
    return f"{role}, {person['department']}" if "department" in person else role


def _introduce(session: Session, found: Team, seed: Seed) -> None:
    for person in seed["people"]:
        known = Profile(found.people[person["key"]].id, person["name"], found.locales[person["key"]], person["tz"])
        people.save(session, found.workspace.team_id, known)


def _rules(found: Team, seed: Seed) -> Seed:
    def ids(**wanted: str) -> list[str]:
        chosen = [person for person in seed["people"] if all(person.get(k) == v for k, v in wanted.items())]
        return [found.people[person["key"]].id for person in chosen]

    return {
        "channels": {key: found.channels[key].id for key in ("triage", "review")},
        "people": {"managers": ids(role="manager"), "admins": ids(role="admin")},
        "departments": {
            name: ids(department=name, role="reviewer") for name in ("product", "engineering", "market", "csm")
        },
        "vote": {"quorum": 3},
        "review": {"when": "tue 10:00"},
        "quiet": {"start": "00:00", "end": "00:00", "weekends": False},  # who tries it out does so at any hour
    }


def set_delivery(found: Team, **delivery: float) -> None:
    """Change how messages leave."""
    tables = {"delivery": {**HURRY, **delivery}}
    found.do(lambda session, now: policy.apply(session, found.workspace.team_id, tables, "demo", now))


def long_ago() -> datetime:
    """Return when the team's history began."""
    return datetime.now(UTC) - HISTORY


def live_through(found: Team, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Live the seed's feedback through, from the practice clock's time on for HISTORY; return how much there is.

    `progress` hears how many events are over, and of how many.
    """
    seed = read_seed()
    start = found.workspace.clock.now() + HISTORY
    for message in seed["messages"]:
        found.people[message["by"]].says(message["words"], channel=found.channels[message["channel"]])
    events = [event for item in seed["feedback"] for event in _events(item, start)]
    events.append((start - UNREAD, _read_everything))
    for done, (when, work) in enumerate(sorted(events, key=lambda event: event[0]), start=1):
        found.workspace.clock.advance(when - found.workspace.clock.now())
        work(found)
        found.wait_until_drained()
        progress(done, len(events))
    found.workspace.clock.advance(start - found.workspace.clock.now())
    return len(seed["feedback"])


Event = tuple[datetime, Callable[[Team], None]]


def _read_everything(found: Team) -> None:
    for person in found.people.values():
        person.reads()
        for channel in found.channels.values():
            person.reads(channel)


def _events(item: Seed, today: datetime) -> list[Event]:
    """Return when what happened to one piece of feedback, by its stage in the seed."""
    age = timedelta(days=item["days_ago"])
    filed = today - age - timedelta(minutes=10)
    item = {**item, "key": uuid.uuid4().hex}
    events: list[Event] = [(filed, lambda team: _file(team, item))]
    for place, (who, choice) in enumerate(item.get("votes", {}).items(), start=1):
        events.append((filed + min(age * 0.05, VOTE_PAUSE) * place, _vote(item, who, choice)))
    if item.get("answer"):
        events.append((filed + age * 0.3, lambda team: _answer(team, item)))
    for place, status in enumerate(_path(item), start=1):
        events.append((filed + age * (0.3 + 0.2 * place), _move(item, status)))
    return events


def _path(item: Seed) -> list[Status]:
    """Return the manager's moves; what three approvals decided needs none."""
    stage = item["stage"]
    if stage in {"fresh", "voting", "open", "answered"}:
        return []
    return [Status(stage)]


def _file(found: Team, item: Seed) -> None:
    draft = Draft(
        words=item["words"],
        customer_name=item["customer"],
        kind=Kind(item["kind"]),
        urgency=Urgency(item["urgency"]),
        title=item.get("title"),
        scenario=item.get("scenario"),
        stake=Stake(item["at_stake"]) if item.get("at_stake") else None,
        said_by=item.get("said_by"),
        hide_customer=item.get("hide_customer", False),
    )

    def work(session: Session, now: datetime) -> None:
        item["number"] = feedback.file(session, found.actor(item["by"]), draft, now, key=item["key"])

    found.do(work)


def _requirement(found: Team, item: Seed) -> int:
    with found.needline.database.read() as session:
        stored = feedback_store.get(session, found.workspace.team_id, item["number"])
    assert stored  # noqa: S101 - just filed
    assert stored.requirement  # noqa: S101 - the seed moves needs and problems only
    return stored.requirement


def _vote(item: Seed, who: str, choice: str) -> Callable[[Team], None]:
    def work(found: Team) -> None:
        number, actor = _requirement(found, item), found.actor(who)

        def cast(session: Session, now: datetime) -> None:
            votes.cast(session, actor, number, Choice(choice), now.timestamp(), now)
            if why := item.get("why", {}).get(who):
                votes.say_why(session, actor, number, why, now)

        found.do(cast)

    return work


def _move(item: Seed, status: Status) -> Callable[[Team], None]:
    def work(found: Team) -> None:
        number, actor = _requirement(found, item), found.actor("mara")
        change = Change(status, item.get("reason"), item.get("sentence"), item.get("target"))
        key = f"{item['key']}:{status}"
        found.do(lambda session, now: requirements.change(session, actor, number, change, now, key=key))

    return work


def _answer(found: Team, item: Seed) -> None:
    actor, key = found.actor("bob"), f"{item['key']}:answer"
    found.do(lambda session, now: feedback.answer(session, actor, item["number"], item["answer"], now, key=key))


def welcome(found: Team, count: int) -> str:
    """Return what to say to a newcomer."""
    url = found.workspace.url
    return f"""
Open {url} in a browser. There is a team of {len(found.people)} with {count} pieces of feedback; be any of them.
Nothing leaves this machine, and everything is gone when you stop it with Ctrl-C.

The same by hand, from another terminal:
  curl -s {url}/practice/state | head -c 2000           what is there: people, channels, messages
  curl -s {url}/practice/act -d '{{"who": "U0ALICE", "do": "send", "text": "/feedback mine"}}'
  curl -s {url}/practice/clock -d '{{"advance_s": 3600}}'   an hour later

To see the whole loop played and printed: needline demo --story
"""
