"""A workspace's business numbers (people read "Settings"): channels, people, votes, meetings, delivery.

Written as `policy.toml`, stored table by table, and validated on every change.
"""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from bot.domain.calendar import DAYS, Calendar, Quiet, Timetable, zone_named

UserId = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]+$")]
ChannelId = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]+$")]
DEPARTMENTS = ("product", "engineering", "market", "csm")
Department = Literal["product", "engineering", "market", "csm"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CHANNELS = ("triage", "review")
"""The channels of the policy, and the names of the lanes that lead there; all other lanes lead to people."""
LANGUAGES = ("en", "zh_Hans")
LONGEST_STRETCH = 92
"""Days of one stretch of holidays: a typing error in a year must not stop all votes for a century."""

LAST_FIRST = date(2999, 12, 31)
"""The calendar ends in 9999; meetings are counted on from their first."""

_WHEN = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$")
_TIME = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
_EVERY = re.compile(r"^(1 week|[2-9] weeks|1\d weeks)$")
_LEAD = re.compile(r"^([1-9]|1\d|2\d) (hour|hours|day|days)$")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a policy, for whoever says it in another language.

    `why` tells faults apart, `params` fill its sentence. `places` are the keys at which it can be put right, like
    `vote.quorum`, the likeliest first.
    """

    why: str
    places: tuple[str, ...]
    params: dict[str, Any] = field(default_factory=dict)


class PolicyError(Exception):
    """A policy that cannot be taken; the message names each key and says what is wrong, a line each."""

    def __init__(self, message: str, *faults: Fault) -> None:
        super().__init__(message)
        self.faults = faults


class PolicyUnreadableError(PolicyError):
    """What is stored is no policy to this version: a newer one wrote it, or a hand."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_zone(name: str) -> str:
    if zone_named(name) is None:
        raise PydanticCustomError("no_zone", "is not a time zone (like Europe/Berlin): {name}", {"name": name})
    return name


def _stretch(text: str) -> str:
    days = _days_of(text)
    if not 0 < len(days) <= LONGEST_STRETCH:
        raise PydanticCustomError(
            "no_stretch",
            "is not a date or a stretch of at most {most} days (2026-12-24..2027-01-01): {text}",
            {"most": LONGEST_STRETCH, "text": text},
        )
    return text


def _days_of(stretch: str) -> list[date]:
    first, _, last = stretch.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return []
    return [begin + timedelta(days=ahead) for ahead in range((end - begin).days + 1)]


def _matches(pattern: re.Pattern[str], example: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.match(value):
            raise ValueError(f"must look like “{example}”")
        return value

    return AfterValidator(check)


class WorkspaceTable(_Table):
    """Where the team lives, which language it speaks in shared channels, and when it does not work."""

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """The team's time zone, like `Europe/Berlin`: deadlines and the review meeting go by it."""
    language: Annotated[str, StringConstraints(pattern=r"^(en|zh_Hans)$")] = "en"
    """The language of shared channels, `en` or `zh_Hans`. Each person reads the one they set in Slack."""
    weekend: tuple[Day, ...] = ("sat", "sun")
    """The days that are never worked."""
    holidays: tuple[Annotated[str, AfterValidator(_stretch)], ...] = Field(default=(), max_length=100)
    """Dates (`2026-12-25`) or stretches of them (`2026-12-24..2027-01-01`) on which nobody works."""

    @model_validator(mode="after")
    def _some_days_are_worked(self) -> "WorkspaceTable":
        if len(set(self.weekend)) == len(DAYS):
            raise PydanticCustomError("no_working_day", "weekend leaves no working day")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.timezone)

    @property
    def calendar(self) -> Calendar:
        """The team's working days."""
        holidays = frozenset(day for stretch in self.holidays for day in _days_of(stretch))
        return Calendar(self.zone, frozenset(map(DAYS.index, self.weekend)), holidays)


class ChannelsTable(_Table):
    """Where cards and digests go."""

    triage: ChannelId | None = None
    """Where cards are posted and voted on. Until it is set, what is filed is kept and waits."""
    review: ChannelId | None = None
    """Where the digest comes before each review meeting."""

    def of(self, lane: str) -> str | None:
        """Return the channel of a lane that is shared: `triage` or `review`."""
        return {"triage": self.triage, "review": self.review}[lane]


class PeopleTable(_Table):
    """Who may do what. Reviewers of a department need not be named here again."""

    reviewers: tuple[UserId, ...] = ()
    """Who may vote."""
    managers: tuple[UserId, ...] = ()
    """Who decides, changes statuses, and sees every customer's name."""
    admins: tuple[UserId, ...] = ()
    """Who operates Needline. Admins may do what managers do; the first hears what could not be delivered."""


class DepartmentsTable(_Table):
    """Which department a reviewer speaks for."""

    product: tuple[UserId, ...] = ()
    """Reviewers who speak for product management."""
    engineering: tuple[UserId, ...] = ()
    """Reviewers who speak for engineering."""
    market: tuple[UserId, ...] = ()
    """Reviewers who speak for market."""
    csm: tuple[UserId, ...] = ()
    """Reviewers who speak for customer success."""

    def everyone(self) -> frozenset[str]:
        """Return all people of all departments."""
        return frozenset((*self.product, *self.engineering, *self.market, *self.csm))


class VoteTable(_Table):
    """How a vote goes. A round keeps the rules it opened with."""

    quorum: int = Field(default=3, ge=1, le=50)
    """How many votes close a round; abstentions count. More Approve than Reject is approved, a tie undecided."""
    days: int = Field(default=3, ge=1, le=60)
    """Working days until a round closes by itself, at 18:00."""
    blind: bool = True
    """Hide how people voted until the round is closed."""
    decides: bool = True
    """An approved round accepts the requirement. Otherwise, and after all other results, the meeting decides."""
    departments: tuple[Department, ...] = ()
    """Departments that must each have voted before a quorum closes a round."""
    anonymous: bool = False
    """Name nobody who voted, not even afterwards."""


class ReviewTable(_Table):
    """When the review meeting is."""

    when: Annotated[str, _matches(_WHEN, "tue 10:00")] = "tue 10:00"
    """Day and time of the review meeting, in the team's zone."""
    every: Annotated[str, _matches(_EVERY, "2 weeks")] = "1 week"
    """How often it is: `1 week` to `19 weeks`."""
    first: date | None = Field(default=None, le=LAST_FIRST)
    """The date of one meeting, to count the weeks from. Needed with anything but `1 week`."""
    lead: Annotated[str, _matches(_LEAD, "1 day")] = "1 day"
    """How long before the meeting the digest comes: up to `29 days`, or in `hours`."""

    @model_validator(mode="after")
    def _weeks_are_counted_from_somewhere(self) -> "ReviewTable":
        if self.every != "1 week" and self.first is None:
            raise PydanticCustomError(
                "no_first", "with every other than “1 week”, first must name the date of a meeting to count from"
            )
        return self

    def timetable(self, zone: ZoneInfo) -> Timetable:
        """Return when the digest is due: `lead` before each meeting."""
        day, wall = self.when.split()
        count, unit = self.lead.split()
        return Timetable(
            zone,
            time.fromisoformat(wall),
            frozenset({DAYS.index(day)}),
            every=int(self.every.split()[0]),
            first=self.first,
            lead_days=int(count) if unit.startswith("day") else 0,
            lead_hours=int(count) if unit.startswith("hour") else 0,
        )


class QuietTable(_Table):
    """When people's direct messages wait: at night and on weekends, each in their own time zone.

    Answers to what a person just did never wait. Equal times mean no quiet hours.
    """

    start: Annotated[str, _matches(_TIME, "20:00")] = "20:00"
    """From when direct messages wait."""
    end: Annotated[str, _matches(_TIME, "08:00")] = "08:00"
    """Until when they wait."""
    weekends: bool = True
    """They also wait on the days of `[workspace] weekend`."""

    def hours(self, weekend: frozenset[int]) -> Quiet:
        """Return the quiet hours of somebody who shares the team's weekend."""
        return Quiet(
            time.fromisoformat(self.start), time.fromisoformat(self.end), weekend if self.weekends else frozenset()
        )


class RemindersTable(_Table):
    """When reminders come, in each person's own time zone: reviewers hear of votes due, requesters of their week."""

    votes: Annotated[str, _matches(_TIME, "09:30")] = "09:30"
    """When reviewers hear of votes that are due, at most once a working day."""
    summary: Annotated[str, _matches(_WHEN, "mon 10:00")] = "mon 10:00"
    """When requesters hear of their week."""

    def vote_times(self, zone: ZoneInfo) -> Timetable:
        """Return when reviewers of a zone are reminded: every day; who does not work that day hears nothing."""
        return Timetable(zone, time.fromisoformat(self.votes))

    def summary_times(self, zone: ZoneInfo) -> Timetable:
        """Return when requesters of a zone get their summary: once an ISO week."""
        day, wall = self.summary.split()
        return Timetable(zone, time.fromisoformat(wall), frozenset({DAYS.index(day)}), by_week=True)


class DeliveryTable(_Table):
    """How messages leave. Names that end in `_s` are in seconds. The defaults suit Slack."""

    pace_per_s: float = Field(default=1.0, gt=0, le=1000)
    """Messages a second to one channel or person. Slack's own limit is 1."""
    lease_s: float = Field(default=60.0, ge=0.5, le=3600)
    """How long a process may take over one message before another looks after it."""
    settle_s: float = Field(default=15.0, ge=0.1, le=3600)
    """How long to wait before looking up whether a message without an answer arrived."""
    merge_s: float = Field(default=60.0, ge=0, le=3600)
    """News for one person within this time is one message."""

    @model_validator(mode="after")
    def _lease_outlasts_settling(self) -> "DeliveryTable":
        if self.lease_s < self.settle_s:
            raise PydanticCustomError("lease_short", "lease_s must be at least settle_s")
        return self


class Policy(_Table):
    """All tables together."""

    workspace: WorkspaceTable = WorkspaceTable()
    channels: ChannelsTable = ChannelsTable()
    people: PeopleTable = PeopleTable()
    departments: DepartmentsTable = DepartmentsTable()
    vote: VoteTable = VoteTable()
    review: ReviewTable = ReviewTable()
    quiet: QuietTable = QuietTable()
    reminders: RemindersTable = RemindersTable()
    delivery: DeliveryTable = DeliveryTable()

    def reviewers(self) -> frozenset[str]:
        """Return everyone who may vote."""
        return frozenset(self.people.reviewers) | self.departments.everyone()

    def departments_of(self, user_id: str) -> frozenset[str]:
        """Return the departments a reviewer speaks for."""
        return frozenset(name for name in DEPARTMENTS if user_id in getattr(self.departments, name))

    def is_manager(self, user_id: str) -> bool:
        """Managers move requirements and see every customer's name; admins may do what managers do."""
        return user_id in self.people.managers or self.is_admin(user_id)

    def is_admin(self, user_id: str) -> bool:
        """Admins operate Needline."""
        return user_id in self.people.admins

    def is_reviewer(self, user_id: str) -> bool:
        """Reviewers vote."""
        return user_id in self.reviewers()

    def names(self, user_id: str) -> bool:
        """Say whether somebody has any role here."""
        return self.is_reviewer(user_id) or self.is_manager(user_id)

    def check(self) -> None:
        """Raise PolicyError when tables do not go together. Asked at every change, never when reading."""
        people = len(self.reviewers())
        if people and self.vote.quorum > people:
            raise PolicyError(
                f"With vote.quorum {self.vote.quorum} and {people} reviewers no round can close: "
                "lower the quorum or name more reviewers.",
                Fault("quorum_out_of_reach", _CLOSES, {"quorum": self.vote.quorum, "n": people}),
            )
        first, day = self.review.first, self.review.when[:3]
        if first is not None and DAYS[first.weekday()] != day:
            raise PolicyError(
                f"review: first ({first}) is a {DAYS[first.weekday()]}, but when says {day}.",
                Fault("first_other_day", ("review.first",), {"first": first, "day": day}),
            )
        for name in self.vote.departments:
            if people and not getattr(self.departments, name):
                raise PolicyError(
                    f"vote.departments asks for a vote from {name}, but departments.{name} names nobody: "
                    "name somebody there or take it out.",
                    Fault("department_empty", ("vote.departments", f"departments.{name}"), {"name": name}),
                )


_CLOSES = ("vote.quorum", "people.reviewers", *(f"departments.{name}" for name in DEPARTMENTS))
"""What decides whether a round can reach its quorum."""


def parse(text: str) -> dict[str, Any]:
    """Read `policy.toml`. Return the tables it names as plain data. Raise PolicyError when it is no policy."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"This is not valid TOML: {error}.") from None
    build(tables)
    return tables


def build(tables: dict[str, Any]) -> Policy:
    """Make a policy from plain tables. Raise PolicyError naming every key that is wrong."""
    try:
        return Policy.model_validate(tables)
    except ValidationError as error:
        wrong = error.errors()
        raise PolicyError("\n".join(map(_sentence, wrong)), *map(_fault, wrong)) from None


_OF_TABLES = {"no_working_day": "weekend", "no_first": "first", "lease_short": "lease_s"}
"""Faults of a table as a whole, and the key at which each is put right."""


def _fault(wrong: Any) -> Fault:
    path = [str(part) for part in wrong["loc"][:2]]
    if wrong["type"] in _OF_TABLES:
        path.append(_OF_TABLES[wrong["type"]])
    return Fault(wrong["type"], (".".join(path),), dict(wrong.get("ctx", {})))


def _sentence(fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_known(fault["loc"][:-1]))
        return (
            f"{name}: there is no such key. Known here: {known}. If a newer Needline wrote it, update this one first."
        )
    message = fault["msg"].removeprefix("Value error, ")
    if not name:
        return f"{message}."
    return f"{name}: {message[0].lower()}{message[1:]} (you wrote {fault['input']!r})."


def _known(path: tuple[Any, ...]) -> list[str]:
    if not path:
        return list(Policy.model_fields)
    table = Policy.model_fields[str(path[0])].annotation
    return list(getattr(table, "model_fields", {}))
