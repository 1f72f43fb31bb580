"""What the workspace remembers: people, conversations, messages, views and what was handed out. All in memory."""

import itertools
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from practice.changes import Changes
from practice.clock import PracticeClock
from practice.limits import Limits
from practice.manifest import Manifest

__all__ = [
    "Conversation",
    "ConversationKind",
    "InstallState",
    "MessageRow",
    "ResponseUrl",
    "Sight",
    "State",
    "Trigger",
    "User",
    "ViewRow",
]

ConversationKind = Literal["channel", "group", "im", "mpim"]
InstallState = Literal["live", "token_revoked", "account_inactive"]


@dataclass(slots=True)
class User:
    """A member of the workspace; `views` is the stack of open modals, the top one last; `title` what they do here.

    Somebody with a `team_id` belongs to that workspace and meets ours in a shared channel.
    """

    id: str
    name: str
    handle: str
    email: str
    locale: str = "en-US"
    tz: str = "UTC"
    is_admin: bool = False
    is_bot: bool = False
    deleted: bool = False
    updated: int = 0
    views: list["ViewRow"] = field(default_factory=list)
    home: "ViewRow | None" = None
    title: str = ""
    is_guest: bool = False
    team_id: str | None = None


@dataclass(slots=True)
class Conversation:
    """A channel, private channel or direct message.

    `messages` by ts in the order of posting, ephemerals among them; `threads` lists the replies' ts by their parent's.
    """

    id: str
    name: str
    kind: ConversationKind
    created: int
    members: list[str] = field(default_factory=list)
    archived: bool = False
    messages: dict[str, "MessageRow"] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)
    last_read: dict[str, str] = field(default_factory=dict)

    def lasting(self) -> Iterator["MessageRow"]:
        """The messages which history knows: everything but ephemerals."""
        return (row for row in self.messages.values() if row.to is None)

    def replies(self, ts: str) -> list["MessageRow"]:
        """The thread under a message, oldest first, without the message itself."""
        return [self.messages[reply] for reply in self.threads.get(ts, ()) if reply in self.messages]


@dataclass(slots=True)
class MessageRow:
    """A message. `to` is the one person who sees an ephemeral; `edited` the ts of the last edit."""

    ts: str
    channel: str
    user: str
    text: str
    from_bot: bool = False
    blocks: list[dict[str, Any]] | None = None
    attachments: list[dict[str, Any]] | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: dict[str, Any] | None = None
    edited: str | None = None
    to: str | None = None
    subtype: str | None = None
    mrkdwn: bool = True
    reactions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def top_level(self) -> bool:
        """Whether it stands in the conversation itself: no reply, or one that was broadcast."""
        return self.thread_ts in (None, self.ts) or self.broadcast


@dataclass(slots=True)
class ViewRow:
    """A modal or Home tab: what the app sent (`body`, with every id filled in) and what the person did with it.

    `values` holds what was typed or chosen by (block_id, action_id), in the form of view.state; `errors` by block_id.
    """

    id: str
    user: str
    body: dict[str, Any]
    hash: str
    root_id: str
    previous_id: str | None = None
    values: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    open: bool = True


@dataclass(slots=True)
class Trigger:
    """A trigger_id: whose gesture it was, when (monotonic seconds), and the view it was made in."""

    user: str
    born: float
    view_id: str | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """A response_url: where it answers to, for whom, and how often it was used. `ts` is the message it came from."""

    channel: str
    user: str
    born: datetime
    ts: str | None = None
    uses: int = 0


@dataclass(slots=True)
class Sight:
    """One line of the transcript, and the message or view that it shows. `viewers` are ids of people."""

    at: datetime
    viewers: frozenset[str]
    line: str
    message: Mapping[str, Any] | None = None
    view: Mapping[str, Any] | None = None


@dataclass(slots=True)
class State:
    """Everything of one workspace. Hold `lock` to read or change it; never wait for the network while holding it.

    `tickets` are the addresses of Socket Mode that were handed out and not used yet, with their monotonic seconds.
    """

    team_id: str
    team_name: str
    domain: str
    manifest: Manifest
    clock: PracticeClock
    limits: Limits
    bot_token: str
    bot_user_id: str
    bot_id: str
    app_id: str
    url: str = ""
    install_state: InstallState = "live"
    verification_token: str = "practice-verification-token"  # noqa: S105 - Slack's deprecated token, a constant here
    app_token: str = ""
    socket_mode: bool = True
    tickets: dict[str, float] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    users: dict[str, User] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    views: dict[str, ViewRow] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    guide: Sequence[Mapping[str, Any]] = ()
    instance: str = field(default_factory=lambda: secrets.token_hex(4))
    _last_ts: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new_ts(self) -> str:
        """A message timestamp of the practice clock; strictly increasing, so unique in the whole workspace."""
        self._last_ts = max(self._last_ts + 1, int(self.clock.epoch() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """An id that was never given before, such as V00000007."""
        return f"{prefix}{next(self._numbers):08X}"

    def new_trigger(self, user: str, view_id: str | None = None) -> str:
        """A trigger_id in Slack's form, good for one use within the limit."""
        trigger_id = f"{next(self._numbers)}.{abs(hash(self.team_id)) % 10**10}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user, time.monotonic(), view_id)
        return trigger_id

    def new_response_url(self, channel: str, user: str, ts: str | None = None) -> str:
        """A response_url of this workspace for one gesture."""
        key = secrets.token_hex(16)
        self.response_urls[key] = ResponseUrl(channel, user, self.clock.now(), ts)
        return f"{self.url}/response_url/{self.team_id}/{key}"

    def take_events(self) -> list[dict[str, Any]]:
        """Hands over the events that wait to be sent, once. Send them after letting the lock go."""
        events, self.events = self.events, []
        return events

    def see(self, viewers: Iterator[str] | list[str], line: str, **shown: Mapping[str, Any] | None) -> None:
        """Writes a line of the transcript for these people."""
        self.sights.append(Sight(self.clock.now(), frozenset(viewers), line, **shown))
        self.changes.note()

    def dm(self, user: str) -> Conversation:
        """The direct message of a person with the bot; made when it is first needed."""
        channel_id = f"D{user[1:]}"
        if channel_id not in self.conversations:
            members = [user, self.bot_user_id]
            self.conversations[channel_id] = Conversation(
                channel_id, self.users[user].handle, "im", int(self.clock.epoch()), members
            )
        return self.conversations[channel_id]

    def names(self) -> dict[str, str]:
        """What to show for ids of people and channels."""
        people = {user.id: user.name for user in self.users.values()}
        return people | {row.id: row.name for row in self.conversations.values()}
