"""What people choose for themselves: their quiet hours, their language, and that nobody waits for who is away."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from bot.domain.calendar import Occurrence
from bot.domain.people import Actor
from bot.domain.refusals import Busy
from bot.services import people as presence
from bot.services import preferences, reminders, summaries
from storage import people, policy
from storage.people import Profile, Wishes
from tests import make
from tests.make import ALICE, BOB, MONDAY, TEAM, refusal

EVENING = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
USUAL = Wishes(summary="changed", language=None, quiet=None, back_on=None)


def met(session: Session, who: Actor = BOB, locale: str = "en", timezone: str = "UTC") -> None:
    make.rules(session)
    people.save(session, TEAM, Profile(who.user_id, who.user_id.title(), locale, timezone))


def choose(session: Session, who: Actor = BOB, **wishes: object) -> None:
    preferences.choose(session, who, Wishes(**{**vars(USUAL), **wishes}), MONDAY)  # type: ignore[arg-type]
    session.expire_all()


def quiet_until(session: Session, now: datetime, who: Actor = BOB) -> datetime | None:
    return presence.quiet_until(people.get(session, TEAM, who.user_id), policy.load(session, TEAM), now)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_own_quiet_hours_go_before_the_teams_until_they_are_given_back(session: Session) -> None:
    met(session)
    assert quiet_until(session, EVENING) == at(24, 8)
    choose(session, quiet=("22:00", "10:00", True))
    assert quiet_until(session, EVENING) is None
    assert quiet_until(session, at(23, 23)) == at(24, 10)
    assert quiet_until(session, at(28, 12)) == at(30, 10)  # a Saturday
    choose(session, quiet=("22:00", "10:00", False))
    assert quiet_until(session, at(28, 12)) is None
    choose(session)
    assert quiet_until(session, EVENING) == at(24, 8)


def test_the_language_chosen_stays_when_slack_brings_news_of_a_person(session: Session) -> None:
    met(session)
    choose(session, language="zh_Hans")
    assert people.language(session, TEAM, "UBOB") == "zh_Hans"
    people.save(session, TEAM, Profile("UBOB", "Robert", "en"))
    assert people.language(session, TEAM, "UBOB") == "zh_Hans"
    choose(session)
    assert people.language(session, TEAM, "UBOB") == "en"


def test_slacks_language_is_followed_again_once_nothing_is_chosen(session: Session) -> None:
    met(session)
    choose(session, language="en")
    people.save(session, TEAM, Profile("UBOB", "Bob", "zh_Hans"))
    assert people.language(session, TEAM, "UBOB") == "en"
    choose(session)
    assert people.language(session, TEAM, "UBOB") == "zh_Hans"


def test_direct_messages_wait_until_the_morning_of_who_is_back(session: Session) -> None:
    met(session, timezone="Asia/Shanghai")
    choose(session, back_on=date(2026, 12, 1))
    assert quiet_until(session, MONDAY) == datetime(2026, 12, 1, 0, 0, tzinfo=UTC)  # 08:00 there
    assert quiet_until(session, datetime(2026, 11, 30, 15, 59, tzinfo=UTC)) == datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    assert quiet_until(session, datetime(2026, 12, 1, 2, 0, tzinfo=UTC)) is None
    choose(session, back_on=date(2026, 12, 5))  # a Saturday
    assert quiet_until(session, MONDAY) == datetime(2026, 12, 7, 0, 0, tzinfo=UTC)


def test_who_never_sleeps_is_woken_on_the_day_they_are_back(session: Session) -> None:
    met(session)
    choose(session, quiet=("00:00", "00:00", False), back_on=date(2026, 12, 1))
    assert quiet_until(session, MONDAY) == datetime(2026, 12, 1, tzinfo=UTC)


def test_who_is_away_is_not_reminded(session: Session) -> None:
    met(session)
    make.file(session)
    make.newest_round(session).due_at = MONDAY + timedelta(hours=5)
    session.flush()
    choose(session, back_on=date(2026, 11, 24))
    due = Occurrence(MONDAY, MONDAY, "2026-11-23")
    reminders.remind(session, TEAM, "UTC", policy.load(session, TEAM), due, MONDAY)
    reminded = {key for key in make.waiting(session) if key.startswith("reminder:")}
    assert reminded == {"reminder:UDORA", "reminder:UEMIL"}


@pytest.mark.parametrize(("back_on", "count"), [(date(2026, 11, 24), 0), (None, 1)])
def test_who_is_away_gets_no_summary(session: Session, back_on: date | None, count: int) -> None:
    met(session, ALICE)
    make.file(session)
    choose(session, ALICE, summary="always", back_on=back_on)
    due = Occurrence(MONDAY, MONDAY, "2026-W48")
    summaries.send(session, TEAM, "UTC", policy.load(session, TEAM), due, MONDAY)
    assert len([key for key in make.waiting(session) if key.startswith("summary:")]) == count


def test_new_votes_do_not_wait_for_who_is_away(session: Session) -> None:
    met(session)
    make.rules(session, vote={"quorum": 3, "departments": ["product"]}, departments={"product": ["UBOB"]})
    choose(session, back_on=date(2026, 11, 24))
    make.file(session)
    vote = make.newest_round(session)
    assert (vote.quorum, vote.departments) == (2, "")


def test_a_vote_waits_when_everybody_is_away(session: Session) -> None:
    make.rules(session)
    for user_id in ("UBOB", "UDORA", "UEMIL"):
        people.save(session, TEAM, Profile(user_id, user_id, "en"))
        choose(session, Actor(TEAM, user_id), back_on=date(2026, 11, 24))
    make.file(session)
    assert make.newest_round(session).quorum == 2


@pytest.mark.parametrize(
    ("back_on", "key"),
    [
        (date(2026, 11, 22), "refused.back_past"),
        (date(2026, 11, 23), "refused.back_past"),
        (date(2027, 2, 24), "refused.back_far"),
        (date(9999, 12, 31), "refused.back_far"),
    ],
)
def test_the_day_of_being_back_is_ahead_and_not_too_far(session: Session, back_on: date, key: str) -> None:
    met(session)
    with refusal(session, key, "back_on"):
        choose(session, back_on=back_on)
    choose(session, back_on=date(2027, 2, 23))


@pytest.mark.parametrize(
    ("wishes", "key", "field"),
    [
        ({"summary": "hourly"}, "stale.view", None),
        ({"language": "fr"}, "stale.view", None),
        ({"quiet": ("25:00", "08:00", True)}, "fault.other", "quiet_start"),
        ({"quiet": ("None", "08:00", True)}, "fault.other", "quiet_start"),
    ],
)
def test_what_is_no_wish_is_refused(session: Session, wishes: dict[str, object], key: str, field: str | None) -> None:
    met(session)
    with refusal(session, key, field):
        choose(session, **wishes)


def test_the_wishes_of_somebody_we_do_not_know_yet_are_not_taken_in_silence(session: Session) -> None:
    make.rules(session)
    with pytest.raises(Busy):
        choose(session, ALICE)
