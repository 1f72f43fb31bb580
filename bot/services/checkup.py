"""What the database tells of a workspace's health, for `needline doctor`."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.domain.calendar import zone_named
from bot.domain.findings import Finding, broken, warning, well
from bot.policy import CHANNELS, Policy
from storage import outbox_care, people, schedules, workspaces

LATE, FAR_TOO_LATE = timedelta(minutes=2), timedelta(minutes=15)
"""From when on what is overdue is worth a look, and from when on nobody does it."""

APART, FAR_APART = timedelta(seconds=30), timedelta(minutes=5)
"""How far clocks may differ. Beyond the second Slack's requests count as forged, for they are too old or too new."""

LISTED = 10

_REMEDIES = {
    "not_in_channel": "Invite Needline there with /invite, then run `needline outbox retry --lane {lane}`.",
    "channel_not_found": "Invite Needline there and run `needline outbox retry --lane {lane}`, or set another channel.",
    "is_archived": "Unarchive the channel and run `needline outbox retry --lane {lane}`, or set another one.",
    "is_inactive": "Unarchive the channel and run `needline outbox retry --lane {lane}`, or set another one.",
    "no_triage_channel": "Choose a triage channel in Settings, in Needline's Home; the cards follow by themselves.",
    "no_review_channel": "Choose a review channel in Settings, in Needline's Home; what waits follows by itself.",
    "user_not_found": "Nobody is there to read it: find it with `needline outbox list --lane {lane}`, then drop it.",
    "user_disabled": "Nobody is there to read it: find it with `needline outbox list --lane {lane}`, then drop it.",
    "drawing_failed": "That is our fault: update Needline, then run `needline outbox retry --lane {lane}`.",
}
_REMEDY = "Mend what Slack means by it, then run `needline outbox retry --lane {lane}`."


def examine(session: Session, team_id: str, policy: Policy, now: datetime) -> list[Finding]:
    """Return what there is to say of a workspace: delivery, schedules, time zones."""
    stopped = _stopped(session, team_id)
    waits = [] if stopped else [_outbox(session, team_id, now), _schedules(session, team_id, now)]
    return [*stopped, *waits, *_dead(session, team_id), _zones(session, team_id, policy)]


def _stopped(session: Session, team_id: str) -> list[Finding]:
    found = workspaces.get(session, team_id)
    if found is None or found.stopped_at is None:
        return []
    return [
        broken(
            "workspace",
            f"Nothing is sent since {_moment(found.stopped_at)}: Slack took our token away ({found.reason}).",
            "Install the app again, put the new token into the environment and restart; what waits is then sent.",
        )
    ]


def _outbox(session: Session, team_id: str, now: datetime) -> Finding:
    due, depth = outbox_care.oldest_due(session, team_id), outbox_care.depth(session, team_id)
    late = now - due if due else timedelta(0)
    waits = f"{depth} message{'s wait' if depth != 1 else ' waits'}"
    if late < LATE:
        return well("outbox", f"{waits}, none is overdue.")
    told = broken if late >= FAR_TOO_LATE else warning
    return told(
        "outbox",
        f"{waits}; the oldest is overdue by {span(late)}.",
        "Start the bot if it does not run; if it does, its log says what holds it up (`delivery.`, `sender.`).",
    )


def _dead(session: Session, team_id: str) -> list[Finding]:
    """Nobody reads the cards of a channel that takes none; one person who hears nothing is less."""
    return [
        (broken if lane in CHANNELS else warning)(
            "dead",
            f"{count} message{'s' if count != 1 else ''} to {lane} could not be delivered ({error or 'unknown'}).",
            _REMEDIES.get(error, _REMEDY).format(lane=lane),
        )
        for lane, error, count in outbox_care.dead_by_lane(session, team_id)[:LISTED]
    ]


def _schedules(session: Session, team_id: str, now: datetime) -> Finding:
    planned = schedules.planned(session, team_id)
    name, due = min(((name, due) for name, (_, due) in planned.items()), key=lambda found: found[1], default=("", now))
    if now - due < LATE:
        return well("schedules", f"{len(planned)} schedules are planned, none is overdue.")
    told = broken if now - due >= FAR_TOO_LATE else warning
    return told(
        "schedules",
        f"The schedule {name} is overdue by {span(now - due)}.",
        "Start the bot if it does not run; if it does, its log says why (`job.`).",
    )


def _zones(session: Session, team_id: str, policy: Policy) -> Finding:
    if zone_named("Europe/Berlin") is None or zone_named("Asia/Shanghai") is None:
        return broken("zones", "This machine has no time zone data.", "Install it: `pip install --upgrade tzdata`.")
    unknown = sorted(name for name in people.zones(session, team_id) if zone_named(name) is None)
    if not unknown:
        return well("zones", f"Time zone data is there; the team lives in {policy.workspace.timezone}.")
    return warning(
        "zones",
        f"Time zones people live in are unknown here: {', '.join(unknown[:LISTED])}. The team's own is used instead.",
        "Renew the time zone data: `pip install --upgrade tzdata`.",
    )


def clock(session: Session, machine: datetime) -> Finding:
    """Compare PostgreSQL's clock with this machine's."""
    return compare_clocks("the database's", session.scalar(select(func.clock_timestamp())), machine)


def compare_clocks(whose: str, theirs: datetime | None, machine: datetime) -> Finding:
    """Compare a clock with this machine's."""
    if theirs is None:
        return warning("clock", f"{whose.capitalize()} clock could not be read.", "Compare it with this machine's.")
    apart = abs(machine - theirs)
    if apart < APART:
        return well("clock", f"This machine's clock agrees with {whose}.")
    told = broken if apart >= FAR_APART else warning
    return told(
        "clock",
        f"This machine's clock and {whose} are {span(apart)} apart.",
        "Let a time service set it (`timedatectl set-ntp true`).",
    )


def span(time: timedelta) -> str:
    """Return a stretch of time in its largest whole unit."""
    seconds = int(time.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{seconds // size} {unit}{'s' if seconds >= 2 * size else ''}"
    return f"{seconds} seconds"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
