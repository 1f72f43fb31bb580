"""What became of a message that was sent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """Shown, there. `redrawn` messages keep their place for the next time. `found`: by a look-up, of a former try.

    `posted`: just now, and anew.
    """

    channel: str
    ts: str
    redrawn: bool = True
    found: bool = False
    posted: bool = False


@dataclass(frozen=True)
class RetryAfter:
    """Certainly not shown; Slack asks us to wait."""

    seconds: float
    detail: str = "rate limited"


@dataclass(frozen=True)
class Unknown:
    """No answer came: it may have been shown. Look again after `seconds`, or the settle time if that is longer."""

    detail: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Dead:
    """Slack will never take it as things are; a person must do something.

    `closed`: the channel that refused it, where another might take it; empty when there was none to post it in.
    """

    error: str
    closed: str | None = None


@dataclass(frozen=True)
class Moot:
    """There is nothing left to say."""

    why: str


Outcome = Sent | RetryAfter | Unknown | Dead | Moot
