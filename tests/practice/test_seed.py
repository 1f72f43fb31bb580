"""The seed of the practice workspace: what it must hold, and that the app's own rules would take all of it."""

import re
import tomllib
from collections import Counter
from datetime import date
from importlib.resources import files
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.feedback import REVIEWED_KINDS, Draft, Kind, Stake, Urgency
from bot.domain.requirements import REASONS, Change, Status, check, target_day, target_month
from bot.domain.votes import WHY_MAX, Choice, Result, has_quorum, outcome
from bot.policy import DEPARTMENTS, VoteTable

SEED: dict[str, Any] = tomllib.loads(files("practice").joinpath("seed.toml").read_text(encoding="utf-8"))
PEOPLE = {person["key"]: person for person in SEED["people"]}
FEEDBACK: list[dict[str, Any]] = SEED["feedback"]
WISHES = [item for item in FEEDBACK if Kind(item["kind"]) in REVIEWED_KINDS]
TALK = [item for item in FEEDBACK if Kind(item["kind"]) not in REVIEWED_KINDS]
QUORUM = VoteTable().quorum

REQUIRED = {"by", "customer", "kind", "urgency", "days_ago", "words", "stage"}
OPTIONAL = {"theme", "title", "scenario", "at_stake", "said_by", "hide_customer"}
WISH_ONLY = {"votes", "why", "sentence", "reason", "target"}
TALK_ONLY = {"answer"}
STAGES = {"fresh", "voting", "accepted", "in_progress", "validating", "shipped", "declined", "deferred"}
HAN = re.compile(r"[\u4e00-\u9fff]")


def in_chinese(item: dict[str, Any]) -> bool:
    return bool(HAN.search(item["words"]))


def written(item: dict[str, Any]) -> list[str]:
    """Every text people will read of a piece."""
    texts = [item.get(key) for key in ("words", "title", "scenario", "said_by", "sentence", "answer")]
    return [text for text in (*texts, *item.get("why", {}).values()) if text]


def draft(item: dict[str, Any]) -> Draft:
    return Draft(
        words=item["words"],
        customer_name=item["customer"],
        kind=Kind(item["kind"]),
        urgency=Urgency(item["urgency"]),
        title=item.get("title"),
        scenario=item.get("scenario"),
        stake=Stake(item["at_stake"]) if "at_stake" in item else None,
        said_by=item.get("said_by"),
        hide_customer=item.get("hide_customer", False),
    )


def result(item: dict[str, Any]) -> Result | None:
    """What the votes come to by the usual quorum, None while the round is open."""
    choices = [Choice(choice) for choice in item.get("votes", {}).values()]
    return outcome(choices) if has_quorum(len(choices), QUORUM) else None


def called(item: dict[str, Any]) -> str:
    return f"F-{FEEDBACK.index(item) + 1}"


each = pytest.mark.parametrize("item", FEEDBACK, ids=called)
each_wish = pytest.mark.parametrize("item", WISHES, ids=called)
each_talk = pytest.mark.parametrize("item", TALK, ids=called)


def test_people_have_a_role_a_language_and_a_zone() -> None:
    assert 12 <= len(SEED["people"]) <= 14
    assert len(PEOPLE) == len({person["name"] for person in SEED["people"]}) == len(SEED["people"])
    for person in SEED["people"]:
        assert person["locale"] in {"en-US", "en-GB", "zh-CN"}
        assert ZoneInfo(person["tz"])
        assert (person["role"] == "reviewer") == ("department" in person)


def test_every_role_and_department_is_filled() -> None:
    roles = Counter(person["role"] for person in SEED["people"])
    assert set(roles) == {"csm", "reviewer", "manager", "admin"}
    assert roles["csm"] >= 3
    assert roles["reviewer"] >= 6
    assert {person.get("department") for person in SEED["people"]} - {None} == set(DEPARTMENTS)


def test_channels_know_their_members() -> None:
    channels = {channel["key"]: channel for channel in SEED["channels"]}
    assert {"triage", "review", "general", "acme"} == set(channels)
    assert all(set(channel["members"]) <= set(PEOPLE) for channel in SEED["channels"])
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}", channel["name"]) for channel in SEED["channels"])
    private = [channel for channel in SEED["channels"] if channel.get("private")]
    assert [len(channel["members"]) for channel in private] == [2]


def test_a_dozen_customers_four_of_them_chinese() -> None:
    names = [customer["name"] for customer in SEED["customers"]]
    assert len(set(names)) == 12
    assert sum(1 for name in names if HAN.search(name)) == 4
    assert {item["customer"] for item in FEEDBACK} == set(names)


def test_forty_pieces_oldest_first() -> None:
    assert len(FEEDBACK) == 40
    assert len({item["words"] for item in FEEDBACK}) == 40
    assert all(before["days_ago"] >= after["days_ago"] for before, after in pairwise(FEEDBACK))
    assert all(0 <= item["days_ago"] <= 120 for item in FEEDBACK)


def test_needs_and_problems_are_the_greater_part() -> None:
    assert 22 <= len(WISHES) <= 28
    assert {item["kind"] for item in FEEDBACK} == set(Kind)
    assert {item["urgency"] for item in FEEDBACK} == set(Urgency)


def test_about_a_third_is_in_chinese() -> None:
    assert 12 <= sum(map(in_chinese, FEEDBACK)) <= 15
    assert {PEOPLE[item["by"]]["locale"] for item in FEEDBACK if in_chinese(item)} == {"zh-CN"}


def test_a_dozen_themes_are_asked_for_more_than_once() -> None:
    themes = Counter(item["theme"] for item in WISHES if "theme" in item)
    assert len(themes) >= 12
    assert min(themes.values()) >= 2
    customers = {(item["theme"], item["customer"]) for item in WISHES if "theme" in item}
    assert len(customers) == themes.total(), "the same customer asks twice"


def test_every_stage_can_be_looked_at() -> None:
    assert {item["stage"] for item in WISHES} == STAGES
    assert {item["stage"] for item in TALK} == {"open", "answered"}


def test_one_customer_waits_too_long_and_one_has_just_got_it() -> None:
    assert any(item["stage"] == "voting" and item["days_ago"] == 95 for item in WISHES)
    assert any(item["stage"] == "shipped" and item["days_ago"] <= 30 for item in WISHES)


def test_the_words_try_the_drawing() -> None:
    words = [item["words"] for item in FEEDBACK]
    assert any({"<", "&", ">"} <= set(text) for text in words)
    assert any(re.search(r"[\U0001f300-\U0001faff]", text) for text in words)
    assert any(re.search(r"^2\. ", text, re.MULTILINE) for text in words)
    assert min(map(len, words)) < 40
    assert max(map(len, words)) > 500


def test_two_pieces_hide_their_customer_and_do_not_name_it() -> None:
    hidden = [item for item in FEEDBACK if item.get("hide_customer")]
    assert len(hidden) == 2
    assert not [item for item in hidden for text in written(item) if item["customer"] in text]


@each
def test_a_piece_has_the_keys_of_its_kind(item: dict[str, Any]) -> None:
    own = WISH_ONLY if item in WISHES else TALK_ONLY
    assert set(item) >= REQUIRED
    assert set(item) <= REQUIRED | OPTIONAL | own
    assert item["by"] in PEOPLE


@each
def test_a_piece_passes_the_form(item: dict[str, Any]) -> None:
    draft(item).check()
    assert 15 <= len(item["words"]) <= 600
    assert all(text == text.strip() for text in written(item))


@each
def test_nothing_in_it_goes_out_of_date(item: dict[str, Any]) -> None:
    assert not [text for text in written(item) if re.search(r"\b20\d\d\b", text)]


@each
def test_chinese_is_simplified_and_set_as_chinese_is(item: dict[str, Any]) -> None:
    for text in filter(HAN.match, written(item)):
        assert text.encode("gb2312"), "a character that is not simplified"
        assert not re.search(r"[\u4e00-\u9fff][,.;:?!()]", text), "half-width punctuation"
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text), "no space beside Latin"
        assert not re.search(r"[\u4e00-\u9fff，。]\s+[\u4e00-\u9fff]", text), "a space inside Chinese"


@each_wish
def test_reviewers_vote_and_not_on_their_own_wish(item: dict[str, Any]) -> None:
    votes = item.get("votes", {})
    assert all(PEOPLE[key]["role"] == "reviewer" for key in votes)
    assert item["by"] not in votes
    assert len(votes) <= QUORUM
    assert item["stage"] != "fresh" or not votes


@each_wish
def test_why_is_said_while_the_round_is_open(item: dict[str, Any]) -> None:
    voters = list(item.get("votes", {}))
    why = item.get("why", {})
    assert set(why) <= set(voters[: QUORUM - 1])
    assert all(0 < len(text) <= WHY_MAX for text in why.values())


@each_wish
def test_an_approved_vote_is_followed_by_work(item: dict[str, Any]) -> None:
    if item["stage"] in {"in_progress", "validating", "shipped"}:
        assert result(item) is Result.APPROVED
    else:
        assert result(item) is not Result.APPROVED


@each_wish
def test_the_stage_can_be_reached(item: dict[str, Any]) -> None:
    if item["stage"] in {"fresh", "voting"}:
        assert not {"sentence", "reason", "target"} & set(item)
        return
    before = Status.ACCEPTED if result(item) is Result.APPROVED else Status.IN_REVIEW
    sentence, reason, target = (item.get(key) for key in ("sentence", "reason", "target"))
    wished = Change(Status(item["stage"]), reason=reason, sentence=sentence, target=target)
    assert sentence
    assert check(before, wished, date.max) == wished


@each_wish
def test_a_target_belongs_to_what_is_accepted_and_never_passes(item: dict[str, Any]) -> None:
    assert ("target" in item) == (item["stage"] == "accepted")
    target = item.get("target", "")
    assert not target_day(target)
    assert not target_month(target)


@each_wish
def test_a_no_has_a_reason_from_the_list(item: dict[str, Any]) -> None:
    reasons = REASONS.get(Status(item["stage"])) if item["stage"] in {"declined", "deferred"} else None
    assert item.get("reason") in (reasons or {None})


@each_talk
def test_answered_means_there_is_an_answer(item: dict[str, Any]) -> None:
    assert ("answer" in item) == (item["stage"] == "answered")


def test_messages_stand_in_channels_their_authors_are_in() -> None:
    members = {channel["key"]: channel["members"] for channel in SEED["channels"]}
    assert 3 <= len(SEED["messages"]) <= 4
    assert all(message["by"] in members[message["channel"]] for message in SEED["messages"])
    assert "acme" in {message["channel"] for message in SEED["messages"]}
    assert all(15 <= len(message["words"]) <= 600 for message in SEED["messages"])
