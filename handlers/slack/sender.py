"""Draws outbox rows as things now are and sends them to Slack; tells delivery what became of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from sqlalchemy.orm import Session

from bot.delivery import Dead, Moot, Outcome, RetryAfter, Sent, Unknown
from bot.domain.refusals import Busy
from bot.policy import CHANNELS, PolicyUnreadableError
from handlers.slack import letters, who
from handlers.slack.letters import Drawn
from handlers.slack.lookup import find
from storage import outbox, people, places, policy
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
class _Claim:
    """A claimed row, drawn. Its message stands at `posted`, or is to be posted in `channel`, as far as we know.

    The row was ours for `lease` when we began.
    """

    row: OutboxRow
    drawn: Drawn
    posted: Place | None
    channel: str | None
    maybe_shown: bool
    lease: timedelta
    began: datetime


@dataclass(frozen=True)
class SlackSender:
    """Sends for one workspace. `client` has no retry handlers: a repeated post would be shown twice."""

    database: Database
    client: WebClient
    now: Callable[[], datetime]

    def __call__(self, row: OutboxRow, *, maybe_shown: bool, lease: timedelta) -> Outcome:
        """Draw the row and send it."""
        try:
            claim = self._draw(row, maybe_shown=maybe_shown, lease=lease)
        except (Busy, PolicyUnreadableError) as error:
            return _not_drawn(error, row, maybe_shown=maybe_shown)
        except Exception:
            log.exception("sender.not_drawn", team=row.team_id, row=row.id, kind=row.kind)
            return Dead("drawing_failed")
        if claim is None:
            return Moot("nothing left to say")
        return self._try(claim)

    def _try(self, claim: _Claim) -> Outcome:
        maybe_shown = claim.maybe_shown
        try:
            return self._send(claim)
        except _ClosedError as closed:
            return Dead(closed.name, closed.channel)
        except SlackApiError as error:
            return _refused(error, maybe_shown=maybe_shown)
        except (SlackClientError, OSError, HTTPException, Busy) as error:
            return Unknown(type(error).__name__)

    def _draw(self, row: OutboxRow, *, maybe_shown: bool, lease: timedelta) -> _Claim | None:
        """Draw a row. A person to whom we write for the first time is looked up before, for their language."""
        began = self.now()
        with self.database.read() as session:
            is_stranger = row.lane not in CHANNELS and people.known_language(session, row.team_id, row.lane) is None
            found = None if is_stranger else self._look(session, row)
        if is_stranger:
            who.introduce(self.database, self.client, row.team_id, row.lane)
            with self.database.read() as session:
                found = self._look(session, row)
        if found is None:
            return None
        drawn, posted, channel = found
        if drawn.left:
            with self.database.begin() as session:
                letters.leave_for_later(session, row, drawn.left, self.now())
        return _Claim(row, drawn, posted, channel, maybe_shown, lease, began)

    def _look(self, session: Session, row: OutboxRow) -> tuple[Drawn, Place | None, str | None] | None:
        """Return the row as drawn, where its message stands, and else where it is to be posted, as far as we know."""
        drawn = letters.draw(session, row, self.now())
        if drawn is None:
            return None
        posted = places.of(session, row.team_id, row.key) if drawn.redrawn else None
        return drawn, posted, None if posted else _leads_to(session, row)

    def _send(self, claim: _Claim) -> Outcome:
        row, drawn = claim.row, claim.drawn
        if claim.posted:
            updated = self._update(row, claim.posted, drawn)
            if updated:
                return updated
        if claim.maybe_shown:
            ts = self._find(row)
            if ts:
                return Sent(str(row.channel), ts, redrawn=drawn.redrawn, found=True)
        if not drawn.worth_posting:
            return Moot("over before it was posted")
        if claim.maybe_shown and row.lane not in CHANNELS and row.priority > outbox.URGENT:
            return RetryAfter(0.0, "not shown")  # claimed anew it waits until nobody is woken by it
        return self._post(claim)

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

    def _post(self, claim: _Claim) -> Outcome:
        row, drawn = claim.row, claim.drawn
        channel = claim.channel or self._channel(row)
        if channel is None:
            return Dead(f"no_{row.lane}_channel", closed="")
        more: dict[str, Any] = {}
        if drawn.thread_ts:
            more = {"thread_ts": drawn.thread_ts, "reply_broadcast": drawn.broadcast}
        if not self._aim(claim, channel):
            return Unknown("the claim was lost")
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

    def _aim(self, claim: _Claim, channel: str) -> bool:
        """Note where the message goes before it goes; False when the claim was lost.

        Most of the lease is to be ahead of it: it is renewed when drawing took long.
        """
        now = self.now()
        free_at = now + claim.lease if now > claim.began + claim.lease / 4 else None
        with self.database.begin(quiet=True) as session:
            return outbox.aim(session, claim.row, channel, claim.drawn.thread_ts, free_at)

    def _channel(self, row: OutboxRow) -> str | None:
        """Return where a lane leads: a channel of the policy, or our DM with a person, learnt before the first send."""
        with self.database.read() as session:
            known = _leads_to(session, row)
        if known or row.lane in CHANNELS:
            return known
        opened = str(self.client.conversations_open(users=row.lane)["channel"]["id"])
        with self.database.begin() as session:
            people.remember_im(session, row.team_id, row.lane, opened)
        return opened


def _leads_to(session: Session, row: OutboxRow) -> str | None:
    """Return the channel of a lane, as far as we know it."""
    if row.lane in CHANNELS:
        return policy.channel(session, row.team_id, row.lane)
    return people.im_channel(session, row.team_id, row.lane)


def _not_drawn(error: Exception, row: OutboxRow, *, maybe_shown: bool) -> Outcome:
    """Let what we cannot draw yet wait: for the database, or for the version that wrote the settings."""
    seconds, why = DATABASE_S, "database"
    if isinstance(error, PolicyUnreadableError):
        log.error("sender.settings_unreadable", team=row.team_id, reason=str(error))
        seconds, why = STOPPED_S, "settings"
    return Unknown(why, seconds) if maybe_shown else RetryAfter(seconds, why)


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
