"""The workspace itself: start it, fill it with people and channels, connect the app, and watch."""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from practice import chat, conversations, reactions, sockets, users, views
from practice.backend import Backend
from practice.clock import PracticeClock
from practice.control import control_routes
from practice.conversations import join_conversation
from practice.dispatch import Dispatcher, signed_headers
from practice.events import emit
from practice.faults import Faults
from practice.guide import Step
from practice.handles import Answer, Channel, Message, View, channel_handle, message_handle
from practice.ledger import Delivery, Ledger
from practice.limits import Limits
from practice.manifest import read_manifest
from practice.page import page_routes
from practice.payloads import user_shape
from practice.people import Person, conversation_of
from practice.server import PracticeServer, make_routes, practice_app
from practice.state import Conversation, State, User
from practice.transcript import transcript

__all__ = ["Answer", "Channel", "Message", "Person", "View", "Workspace"]

# Importing the modules of methods is what registers them.
METHOD_MODULES = (chat, conversations, reactions, sockets, users, views)

Found = TypeVar("Found")


class Workspace:
    """A Slack workspace on this machine, for one app.

    Use it as a context manager, or call `start` and `stop`. Its address is known before it starts.

    Args:
        manifest: The app's manifest, a JSON file or its decoded form: its scopes, events, commands and shortcuts count.
        request_url: Where the app listens; `connect` can say so later.
        port: The port on 127.0.0.1; 0 for a free one.
        signing_secret: Signs what the app is sent.
        bot_token: What the app must show.
        app_token: What it must show to open the connections of Socket Mode.
        team_id: The workspace's id.
        team_name: Its name.
        domain: Its part of slack.com.
        guide: The steps of a first visit that its page shows; see `practice.guide.Step`.
    """

    def __init__(
        self,
        manifest: Path | str | Mapping[str, Any],
        request_url: str | None = None,
        port: int = 0,
        signing_secret: str = "practice-secret",  # noqa: S107 - the secret of a workspace that exists nowhere else
        bot_token: str = "xoxb-practice-token",  # noqa: S107 - likewise
        app_token: str = "xapp-practice-token",  # noqa: S107 - likewise
        team_id: str = "T0PRACTICE",
        team_name: str = "Practice",
        domain: str = "practice",
        guide: Sequence[Step] = (),
    ) -> None:
        installed = read_manifest(manifest)
        self.clock = PracticeClock()
        self.limits = Limits()
        self.faults = Faults()
        self.ledger = Ledger()
        self.signing_secret = signing_secret
        self.state = State(
            team_id, team_name, domain, installed, self.clock, self.limits, bot_token, "U0BOT", "B0BOT", "A0PRACTICE"
        )
        self.state.app_token = app_token
        self.state.users["U0BOT"] = User("U0BOT", installed.bot_name, _handle(installed.bot_name), "", is_bot=True)
        self._dispatcher = Dispatcher(self.state, self.ledger, self.faults, signing_secret)
        self._dispatcher.request_urls = (request_url,) if request_url else ()
        self._backend = Backend(self.state, self._dispatcher, self.ledger, self.faults)
        self._server = PracticeServer(port)
        self.state.url = self._server.url
        self.state.guide = guide
        self.clock.on_move(self.state.changes.note)

    # -- running

    def start(self) -> Self:
        """Serves from now on."""
        routes = [*make_routes(self._backend), *control_routes(self._backend), *page_routes(self._backend)]
        self._server.start(practice_app(routes))
        return self

    def stop(self) -> None:
        """Stops serving and delivering."""
        self.state.changes.close()
        self._server.stop()
        self._dispatcher.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def connect(self, *request_urls: str) -> None:
        """Says where the app listens, from now on. An app that opens sockets needs no such address.

        Requests are spread over several addresses in turn, and go on to the next where nobody listens.
        """
        self._dispatcher.request_urls = request_urls

    # -- Socket Mode

    @property
    def sockets(self) -> int:
        """How many connections the app has open."""
        return len(self._dispatcher.sockets)

    def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Asks the app to replace its connections (`warning` and `refresh_requested`), and closes them after notice."""
        self._dispatcher.sockets.refresh(reason)

    def cut_sockets(self) -> None:
        """Drops the app's connections without a word, as a network does."""
        self._dispatcher.sockets.cut()

    def set_socket_mode(self, *, on: bool) -> None:
        """Turns Socket Mode off (connections end with `link_disabled`, new ones are refused) or on again."""
        self.state.socket_mode = on
        if not on:
            self._dispatcher.sockets.refresh("link_disabled")

    # -- facts

    @property
    def url(self) -> str:
        """The address, such as http://127.0.0.1:41234."""
        return self._server.url

    @property
    def api_url(self) -> str:
        """The base of the Web API, for a client's `base_url`."""
        return f"{self.url}/api/"

    @property
    def clock_url(self) -> str:
        """Where the practice clock is served."""
        return f"{self.url}/practice/clock"

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self.state.team_id

    @property
    def bot_token(self) -> str:
        """The token of the installed app."""
        return self.state.bot_token

    @property
    def app_token(self) -> str:
        """The app's own token, for Socket Mode."""
        return self.state.app_token

    @property
    def bot_user_id(self) -> str:
        """The bot's user id."""
        return self.state.bot_user_id

    @property
    def bot_id(self) -> str:
        """The bot's bot id."""
        return self.state.bot_id

    @property
    def app_id(self) -> str:
        """The app's id."""
        return self.state.app_id

    @property
    def problems(self) -> list[str]:
        """What the app did that Slack would not understand, in sentences; a good story ends with none."""
        return list(self.state.problems)

    # -- people and channels

    def person(
        self,
        name: str,
        locale: str = "en-US",
        tz: str = "UTC",
        *,
        is_admin: bool = False,
        is_bot: bool = False,
        user_id: str | None = None,
        email: str | None = None,
        title: str = "",
        is_guest: bool = False,
        team_id: str | None = None,
    ) -> Person:
        """Adds a person. Their id is made from the name, the same each time: Alice is U0ALICE.

        With a `team_id` they belong to that workspace, as people of shared channels do.
        """
        user_id = user_id or f"U0{_id_from(name)}"
        handle = _handle(name)
        user = User(user_id, name, handle, email or f"{handle}@example.com", locale, tz, is_admin, is_bot, title=title)
        user.is_guest, user.team_id = is_guest, team_id
        with self.state.lock:
            if user_id in self.state.users:
                raise ValueError(f"there is already somebody with the id {user_id}; give user_id=")
            user.updated = int(self.clock.epoch())
            self.state.users[user_id] = user
            emit(self.state, {"type": "team_join", "user": user_shape(self.state, user)})
        self._send_events()
        return Person(user_id, name, self._backend)

    def people(self) -> list[Person]:
        """Everybody but bots."""
        rows = self.state.users.values()
        return [Person(row.id, row.name, self._backend) for row in rows if not row.is_bot]

    def update_person(self, person: Person, **changes: Any) -> None:
        """Changes somebody's locale, tz, name, email or is_admin; the app gets user_change."""
        with self.state.lock:
            user = self.state.users[person.id]
            for name, value in changes.items():
                if name not in {"locale", "tz", "name", "email", "is_admin", "deleted"}:
                    raise ValueError(f"a person has no {name!r} that can change")
                setattr(user, name, value)
            user.updated = int(self.clock.epoch())
            shape = user_shape(self.state, user, locale=True)
            emit(self.state, {"type": "user_change", "user": shape, "cache_ts": user.updated})
        self._send_events()

    def deactivate(self, person: Person) -> None:
        """Deactivates somebody: they leave their channels and can do nothing more."""
        with self.state.lock:
            for row in self.state.conversations.values():
                if row.kind != "im" and person.id in row.members:
                    row.members.remove(person.id)
        self.update_person(person, deleted=True)

    def channel(
        self, name: str, members: Iterable[Person] = (), *, private: bool = False, channel_id: str | None = None
    ) -> Channel:
        """Adds a channel with these members; the bot comes by `invite_bot`. Its id is made from the name: C0TRIAGE."""
        kind: Literal["channel", "group"] = "group" if private else "channel"
        row = Conversation(channel_id or f"C0{_id_from(name)}", name, kind, int(self.clock.epoch()))
        row.members = [person.id for person in members]
        with self.state.lock:
            if row.id in self.state.conversations:
                raise ValueError(f"there is already a channel with the id {row.id}; give channel_id=")
            self.state.conversations[row.id] = row
        return channel_handle(row)

    def invite(self, person: Person, channel: Channel) -> None:
        """Adds a person to a channel; the app gets member_joined_channel if its bot is there."""
        self._join(channel, person.id)

    def invite_bot(self, channel: Channel) -> None:
        """Adds the bot to a channel."""
        self._join(channel, self.bot_user_id)

    def kick_bot(self, channel: Channel) -> None:
        """Takes the bot out of a channel."""
        with self.state.lock:
            self.state.conversations[channel.id].members.remove(self.bot_user_id)

    def archive(self, channel: Channel) -> None:
        """Archives a channel."""
        with self.state.lock:
            row = self.state.conversations[channel.id]
            row.archived = True
            emit(self.state, {"type": "channel_archive", "channel": row.id, "user": row.members[0]}, row)
        self._send_events()

    # -- the installation

    def uninstall(self) -> None:
        """Uninstalls the app: its token dies (account_inactive), and it is told, in no certain order."""
        self.state.install_state = "account_inactive"
        self._tell({"type": "app_uninstalled"})
        self._tell({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot_user_id]}})

    def revoke_token(self) -> None:
        """Revokes the bot's token (token_revoked), and tells the app."""
        self.state.install_state = "token_revoked"
        self._tell({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot_user_id]}})

    def reinstall(self) -> None:
        """Makes the token good again."""
        self.state.install_state = "live"

    # -- deliveries by hand

    def event(self, event: Mapping[str, Any]) -> Delivery:
        """Sends any event (the inner one), subscribed or not, and waits for the first answer; retries follow later."""
        return self._dispatcher.event(event)

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The signature headers for a body; `timestamp` in seconds, the machine's time by default."""
        return signed_headers(self.signing_secret, body, timestamp)

    def deliver_raw(self, body: bytes, headers: Mapping[str, str]) -> Delivery:
        """Sends exactly these bytes with these headers: forged, stale or replayed requests."""
        return self._dispatcher.deliver("raw", {}, body, headers)

    def redeliver(self, delivery: Delivery, *, same_signature: bool = False) -> Delivery:
        """Sends a former delivery again: the same body, signed anew or with the very same headers."""
        headers = dict(delivery.headers)
        if not same_signature:
            headers |= self.sign(delivery.sent)
        return self._dispatcher.deliver(delivery.kind, delivery.payload, delivery.sent, headers)

    def verify_url(self) -> bool:
        """Sends url_verification as Slack does when a request URL is set; whether the app gave the challenge back."""
        return self._dispatcher.verify_url()

    # -- watching

    def transcript(self, who: Person | None = None, since: datetime | None = None) -> str:
        """Everything people saw, in order, as they read it; of one person, or since a time of the practice clock."""
        return transcript(self.state, who.id if who else None, since)

    def find(self, where: Channel | Person | str, containing: str = "") -> Message:
        """The newest message that reads so, in a channel or (for a person) in their DM; replies and ephemerals count.

        Raises:
            AssertionError: There is none; says what is there instead.
        """
        with self.state.lock:
            who, place = (where.id, None) if isinstance(where, Person) else ("", where)
            row = conversation_of(self._backend, who, place)
            messages = [message_handle(self._backend, message) for message in row.messages.values()]
        for message in reversed(messages):
            if containing in message.text:
                return message
        texts = "\n---\n".join(message.text for message in messages)
        raise AssertionError(f"nothing in {row.name} contains {containing!r}; there is:\n{texts or '(nothing)'}")

    def eventually(self, condition: Callable[[], Found], within: float = 10.0, what: str = "") -> Found:
        """Waits until a condition holds, up to `within` real seconds.

        Returns:
            The condition's first truthy value.

        Raises:
            AssertionError: It did not hold in time; shows the transcript's tail. An AssertionError of the condition
                counts as not yet.
        """
        end = time.monotonic() + within
        last = ""
        while True:
            try:
                if value := condition():
                    return value
            except AssertionError as not_yet:
                last = str(not_yet)
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        tail = "\n".join(self.transcript().splitlines()[-40:])
        raise AssertionError(
            f"not within {within} s: {what or last or 'the condition'}\n{last}\n{tail}\n{self._gripes()}"
        )

    # -- inside

    def _gripes(self) -> str:
        return "\n".join(f"problem: {problem}" for problem in self.state.problems[-10:])

    def _join(self, channel: Channel, user: str) -> None:
        with self.state.lock:
            join_conversation(self.state, self.state.conversations[channel.id], user)
        self._send_events()

    def _tell(self, event: dict[str, Any]) -> None:
        with self.state.lock:
            emit(self.state, event)
        self._send_events()

    def _send_events(self) -> None:
        with self.state.lock:
            events = self.state.take_events()
        self._dispatcher.send_events(events, wait=True)


def _id_from(name: str) -> str:
    """The part of an id that a name gives: its letters and digits if they are ASCII, else a digest."""
    plain = re.sub(r"[^A-Z0-9]", "", name.upper())
    if plain and name.isascii():
        return plain
    return hashlib.sha256(name.encode()).hexdigest()[:9].upper()


def _handle(name: str) -> str:
    """A user name as Slack's older field has it: lower case, no spaces."""
    return re.sub(r"[^\w.-]+", ".", name.lower()).strip(".")
