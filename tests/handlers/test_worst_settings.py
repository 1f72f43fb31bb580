"""Slack takes Settings, the first steps and everybody's own settings, however much is set and changed."""

import json
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.policy import DEPARTMENTS, Fault, Policy, build
from bot.policy_words import KINDS, PLAIN_FAULTS, fault, zone
from handlers.slack.blocks import settings, setup
from handlers.slack.blocks.preferences import preferences_form
from handlers.slack.blocks.settings_forms import table_form, zone_option
from handlers.slack.zones import matching
from practice.blocks import check_view
from storage.people import Person
from storage.policy_log import PolicyChange
from tests.handlers.test_worst_documents import everywhere, notifications
from tests.handlers.worst_case import NOW

PEOPLE = [f"U0{number:09}" for number in range(400)]
FULL: dict[str, Any] = {
    "channels": {"triage": "C0123456789", "review": "C0123456780"},
    "people": dict.fromkeys(("reviewers", "managers", "admins"), PEOPLE),
    "departments": dict.fromkeys(DEPARTMENTS, PEOPLE),
    "vote": {"quorum": 50, "days": 60, "departments": list(DEPARTMENTS), "anonymous": True},
    "review": {"when": "wed 23:59", "every": "19 weeks", "first": "2999-12-25", "lead": "29 hours"},
    "workspace": {
        "timezone": "America/Argentina/ComodRivadavia",
        "language": "zh_Hans",
        "weekend": ["mon", "tue", "wed", "thu", "fri", "sat"],
        "holidays": ["2026-11-01..2027-01-31"] * 100,
    },
    "delivery": {"pace_per_s": 0.01, "lease_s": 3600, "settle_s": 3599.99, "merge_s": 3600},
}
NASTY = {"telepathy": "<!channel> & *bold* " * 500, "list": ["<@U1>"] * 900, "deep": {"a": {"b": None}}}


def takes_view(view: dict[str, Any]) -> None:
    """Check that Slack would take a view. People are named by mentions, which in a view notify nobody."""
    assert check_view(view) == []
    assert [mark for mark in notifications(view) if not mark.startswith("<@U0")] == []
    assert len(json.dumps(view)) <= 250_000


def plain(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude_none=True)


POLICIES = [plain(Policy()), plain(build(FULL))]


def changes(name: str, *, by: str = "U0ADA") -> list[PolicyChange]:
    """Return as many changes as are shown, there and back again."""
    states = [POLICIES[0][name], POLICIES[1][name]]
    return [
        PolicyChange(team_id="T1", number=n, name=name, before=states[n % 2], after=states[(n + 1) % 2], by=by, at=NOW)
        for n in range(settings.LOGGED)
    ]


@everywhere
@pytest.mark.parametrize("content", POLICIES, ids=["nothing", "everything"])
def test_every_form_of_a_table(locale: str, content: dict[str, Any]) -> None:
    for name in KINDS:
        takes_view(table_form(locale, name, content[name], "m" * 3000))
        takes_view(table_form(locale, name, content[name], "m", settings.overtaken(locale, changes(name))))


@everywhere
@pytest.mark.parametrize("content", POLICIES, ids=["nothing", "everything"])
@pytest.mark.parametrize("admin", [True, False])
def test_every_overview(locale: str, content: dict[str, Any], admin: bool) -> None:  # noqa: FBT001 - a case
    takes_view(settings.overview(locale, content, admin=admin))
    for name in KINDS:
        hints = [settings.mrkdwn(locale, "settings.invite", channel="C0123456789")] * 2
        note = settings.saved(locale, changes(name), hints)
        takes_view(settings.overview(locale, content, admin=admin, note=note))
    takes_view(settings.overview(locale, content, admin=admin, note=settings.saved(locale, [])))


@everywhere
@pytest.mark.parametrize("by", ["U0ADA", "environment", "policy apply", "<!channel>"])
def test_every_history(locale: str, by: str) -> None:
    everything = [change for name in KINDS for change in changes(name, by=by)[:2]]
    odd = PolicyChange(team_id="T1", number=1, name="future", before={}, after=NASTY, by=by, at=NOW)
    for shown in ([], everything, changes("people", by=by), [odd] * settings.LOGGED):
        view = settings.history(locale, settings.Log(shown, ZoneInfo("Asia/Shanghai")))
        takes_view(view)
        assert "<!channel>" not in str(view)


@everywhere
@pytest.mark.parametrize("tables", [{}, FULL, {"people": {"admins": ["U0ADA"]}}])
@pytest.mark.parametrize("is_member", [True, False, None])
def test_the_first_steps(locale: str, tables: dict[str, Any], is_member: bool | None) -> None:  # noqa: FBT001 - a case
    rules = build(tables)
    for viewer in ("U0ADA", PEOPLE[0], "U0BOB"):
        for has_meeting in (True, False):
            found = setup.Setup(rules, viewer, is_member, has_meeting)
            blocks = setup.first_steps(found, locale)
            takes_view({"type": "home", "blocks": [*blocks, settings.doors(locale, admin=True)]})
            assert len(blocks) <= 8
    for step in setup.STEPS:
        takes_view(setup.step_form(locale, step, plain(rules), "m" * 3000, settings.overtaken(locale, changes("vote"))))
    takes_view(setup.unreadable(locale))


@everywhere
@pytest.mark.parametrize("chosen", [None, "en", "zh_Hans"])
def test_everybodys_own_settings(locale: str, chosen: str | None) -> None:
    today = date(2026, 11, 23)
    for quiet in (None, "23:59"):
        for back_on in (None, today, today + timedelta(days=92)):
            person = Person(
                team_id="T1",
                user_id="U1",
                locale=locale,
                summary="never",
                chosen_locale=chosen,
                quiet_start=quiet,
                quiet_end=quiet,
                quiet_weekends=True,
                back_on=back_on,
                reminders=quiet is None,
            )
            rules = build({"people": {"reviewers": ["U1"]}})
            takes_view(preferences_form(locale, person, rules, today, "m" * 3000))


@everywhere
def test_every_time_zone_can_be_offered(locale: str) -> None:
    for name in available_timezones():
        assert len(zone(locale, name)) <= 75
        assert zone_option(locale, name)["value"] == name
    assert len(matching(locale, "")) <= 100


@everywhere
def test_every_fault_has_a_sentence_that_fits_a_field(locale: str) -> None:
    facts = {
        "quorum": 50,
        "n": 1,
        "name": "product",
        "text": "x" * 3000,
        "most": 92,
        "le": 1,
        "ge": 1,
        "gt": 0,
        "max_length": 100,
        "first": date(2026, 11, 24),
        "day": "mon",
    }
    for why in (*PLAIN_FAULTS, "first_other_day", "department_empty", "string_pattern_mismatch", "missing"):
        sentence = fault(locale, Fault(why, ("vote.quorum",), facts))
        assert "{" not in sentence
        assert "pattern" not in sentence
