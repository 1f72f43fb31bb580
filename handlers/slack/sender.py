"""Draws outbox rows as things now are and sends them to Slack; tells delivery what became of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from sqlalchemy.orm import Session

from bot.domain.outcomes import Dead, Moot, Outcome, RetryAfter, Sent, Unknown
from bot.domain.refusals import Busy
from bot.policy import CHANNELS, PolicyUnreadableError
from handlers.slack import letters, who
from handlers.slack.letters import Drawn
from handlers.slack.lookup import find
from storage import claims, outbox, people, places, policy
from storage.claims import Claim
from storage.db import Database
from storage.outbox import OutboxRow
from storage.places import Place

log = structlog.get_logger(__name__)

EVENT_TYPE = "needline_outbox"
"""Metadata type by which our messages are found again; its payload holds the outbox id."""

STOPPED_S = 60.0
"""How long a lane rests when Slack does not take our token: an admin must act, nothing is lost meanwhile."""

DATABASE_S = 1.0
"""How long a lane rests when our own database does not answer."""

_STOPPED = frozenset(
    {"token_revoked", "invalid_auth", "account_inactive", "not_authed", "token_expired", "missing_scope"}
)
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_CLOSED = frozenset({"is_inactive", "is_archived", "channel_not_found", "not_in_channel"})


class _ClosedError(Exception):
    """A channel does not take our messages; another might."""

    def __init__(self, channel: str, name: str) -> None:
        super().__init__(name)
        self.channel, self.name = channel, name


@contextmanager
def _into(channel: str) -> Iterator[None]:
    """Raise _ClosedError when Slack says that the channel does not take what is sent within."""
    try:
        yield
    except SlackApiError as error:
        name = error.response.get("error")
        if name in _CLOSED:
            raise _ClosedError(channel, name) from error
        raise


@dataclass(frozen=True)
class _Message:
    """What a claim says, as drawn now, and where it stands already."""

    claim: Claim
    drawn: Drawn
    posted: Place | None

    @property
    def row(self) -> OutboxRow:
        """Return the row it was drawn from."""
        return self.claim.row


@dataclass(frozen=True)
class SlackSender:
    """Sends for one workspace. `client` has no retry handlers: a repeated post would be shown twice."""

    database: Database
    client: WebClient
    now: Callable[[], datetime]

    def __call__(self, claim: Claim) -> Outcome:
        """Draw the row and send it."""
        try:
            message = self._draw(claim)
        except (Busy, PolicyUnreadableError) as error:
            return _not_drawn(error, claim)
        except Exception:
            row = claim.row
            log.exception("sender.not_drawn", team=row.team_id, row=row.id, kind=row.kind)
            return Dead("drawing_failed")
        if message is None:
            return Moot("nothing left to say")
        return self._try(message)

    def _try(self, message: _Message) -> Outcome:
        try:
            return self._send(message)
        except _ClosedError as closed:
            return Dead(closed.name, closed.channel)
        except SlackApiError as error:
            return _refused(error, maybe_shown=message.claim.maybe_shown)
        except (SlackClientError, OSError, HTTPException, Busy) as error:
            return Unknown(type(error).__name__)

    def _draw(self, claim: Claim) -> _Message | None:
        """Draw a row. A person to whom we write for the first time is looked up before, for their language."""
        row = claim.row
        if row.lane not in CHANNELS and claim.manner.reader is None:
            found = who.introduce(self.database, self.client, row.team_id, row.lane)
            if found and found.deleted:
                return None
        with self.database.read() as session:
            message = self._look(session, claim)
        if message and message.drawn.left:
            with self.database.begin() as session:
                letters.leave_for_later(session, row, message.drawn.left, self.now())
        return message

    def _look(self, session: Session, claim: Claim) -> _Message | None:
        """Return a row as drawn, and where its message stands; None when there is nothing left to say."""
        drawn = letters.draw(session, claim.row, self.now())
        if drawn is None:
            return None
        return _Message(claim, drawn, places.of(session, claim.row.team_id, claim.row.key) if drawn.redrawn else None)

    def _send(self, message: _Message) -> Outcome:
        row, drawn, maybe_shown = message.row, message.drawn, message.claim.maybe_shown
        if message.posted:
            updated = self._update(row, message.posted, drawn)
            if updated:
                return updated
        if maybe_shown:
            ts = self._find(row)
            if ts:
                return Sent(str(row.channel), ts, redrawn=drawn.redrawn, found=True)
        if not drawn.worth_posting:
            return Moot("over before it was posted")
        if maybe_shown and row.lane not in CHANNELS and row.priority > outbox.URGENT:
            return RetryAfter(0.0, "not shown")  # claimed anew it waits until nobody is woken by it
        return self._post(message)

    def _find(self, row: OutboxRow) -> str | None:
        """Look for a former try; None also when it went to a channel that was given up for another."""
        try:
            with _into(str(row.channel)):
                return find(self.client, row, EVENT_TYPE)
        except _ClosedError:
            if self._channel(row) != row.channel:
                return None
            raise

    def _update(self, row: OutboxRow, posted: Place, drawn: Drawn) -> Sent | None:
        """Redraw in place; None when the message is gone, or stands in a channel that was given up for another.

        Repeating an update shows nothing twice.
        """
        try:
            with _into(posted.channel):
                self.client.chat_update(channel=posted.channel, ts=posted.ts, **drawn.message)
        except _ClosedError:
            if self._channel(row) != posted.channel:
                return None
            raise
        except SlackApiError as error:
            if error.response.get("error") in _GONE:
                return None
            raise
        return Sent(posted.channel, posted.ts)

    def _post(self, message: _Message) -> Outcome:
        row, drawn = message.row, message.drawn
        channel = (row.channel if self._is_fresh(message.claim) else None) or self._channel(row)
        if channel is None:
            return Dead(f"no_{row.lane}_channel", closed="")
        more: dict[str, Any] = {}
        if drawn.thread_ts:
            more = {"thread_ts": drawn.thread_ts, "reply_broadcast": drawn.broadcast}
        try:
            if not self._aim(message, channel):
                return Unknown("the claim was lost")
        except Busy as error:
            return _not_drawn(error, message.claim)
        with _into(channel):
            answer = self.client.chat_postMessage(
                channel=channel,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"id": row.id}},
                unfurl_links=False,
                unfurl_media=False,
                **drawn.message,
                **more,
            )
        return Sent(str(answer["channel"]), str(answer["ts"]), redrawn=drawn.redrawn, posted=True)

    def take_back(self, sent: Sent) -> None:
        """Delete a message of ours that stands twice."""
        try:
            self.client.chat_delete(channel=sent.channel, ts=sent.ts)
        except (SlackClientError, OSError, HTTPException) as error:
            log.warning("sender.not_taken_back", channel=sent.channel, ts=sent.ts, error=type(error).__name__)

    def _aim(self, message: _Message, channel: str) -> bool:
        """Make sure that it is written where the message goes before it goes; False when the claim was lost.

        Most of the lease is to be ahead of it: it is renewed when drawing took long.
        """
        claim, thread_ts = message.claim, message.drawn.thread_ts
        is_early = self._is_early(claim)
        if is_early and (claim.row.channel, claim.row.thread_ts) == (channel, thread_ts):
            return True
        free_at = None if is_early else self.now() + claim.lease
        with self.database.begin(quiet=True) as session:
            return claims.aim(session, claim.row, channel, thread_ts, free_at)

    def _is_early(self, claim: Claim) -> bool:
        return claim.at <= self.now() <= claim.at + claim.lease / 4

    def _is_fresh(self, claim: Claim) -> bool:
        """Say whether a row's channel is where its lane leads now: a former try may have gone elsewhere."""
        return not claim.maybe_shown and self._is_early(claim)

    def _channel(self, row: OutboxRow) -> str | None:
        """Return where a lane leads: a channel of the policy, or our DM with a person, learnt before the first send."""
        with self.database.read() as session:
            if row.lane in CHANNELS:
                return policy.channel(session, row.team_id, row.lane)
            known = people.im_channel(session, row.team_id, row.lane)
        if known:
            return known
        opened = str(self.client.conversations_open(users=row.lane)["channel"]["id"])
        with self.database.begin() as session:
            people.remember_im(session, row.team_id, row.lane, opened)
        return opened


def _not_drawn(error: Exception, claim: Claim) -> Outcome:
    """Let what we cannot draw yet wait: for the database, or for the version that wrote the settings."""
    seconds, why = DATABASE_S, "database"
    if isinstance(error, PolicyUnreadableError):
        log.error("sender.settings_unreadable", team=claim.row.team_id, reason=str(error))
        seconds, why = STOPPED_S, "settings"
    return Unknown(why, seconds) if claim.maybe_shown else RetryAfter(seconds, why)


def _refused(error: SlackApiError, *, maybe_shown: bool) -> Outcome:
    """Read Slack's answer. 429 is certain non-delivery; 5xx and what passes by itself may have been shown."""
    name = str(error.response.get("error") or "")
    if error.response.status_code == 429:  # noqa: PLR2004 - Too Many Requests
        seconds = float(error.response.headers.get("Retry-After", 1))
        return Unknown("rate limited", seconds) if maybe_shown else RetryAfter(seconds)
    if name in _STOPPED:
        log.error("sender.stopped", error=name, needed=error.response.get("needed"))
        return Unknown(name, STOPPED_S) if maybe_shown else RetryAfter(STOPPED_S, name)
    if error.response.status_code != 200 or name in _PASSING or not name:  # noqa: PLR2004 - OK
        return Unknown(name or f"http_{error.response.status_code}")
    return Dead(name)
