"""Gestures where Slack leaves little room to answer: on Home, after the trigger expired, with letters nobody sees."""

import json
from datetime import timedelta

import pytest

from bot.i18n import say
from handlers.slack.typed import writable
from practice.handles import View
from practice.people import Person
from tests import workspace
from tests.handlers.meetings import introduced, need
from tests.workspace import Json, Office, locale

KINDS = ("sqlite", "postgresql")


def plain(key: str, tongue: str = "en") -> str:
    """Return a sentence as it reads on screen."""
    return say(tongue, key).replace("`", "")


def home(person: Person) -> View:
    view = person.opens_home()
    assert view
    return view


def reviewer_at_home(office: Office) -> View:
    """Let Bob look at his Home, where a vote waits."""
    introduced(office)
    need(office, office.alice, "They need a vote.", ())
    return home(office.bob)


def reads(office: Office, person: Person, sentence: str) -> None:
    """Wait until a person's open modal says a sentence."""
    office.ws.eventually(lambda: person.modal and sentence in person.modal.text(), what=f"{person.name} reads nothing")


# -- on Home, where there is no form to push over and no message to answer at


@pytest.mark.parametrize("name", ["bob", "meiling"])
def test_a_refusal_on_home_is_shown(office: Office, name: str) -> None:
    person, people = getattr(office, name), workspace.rules(office)["people"]
    workspace.set_policy(office, people={**people, "reviewers": [*people["reviewers"], person.id]})
    introduced(office)
    need(office, office.alice, "They need a vote.", ())
    view = home(person)
    workspace.set_policy(office, people={**people, "reviewers": [office.dora.id, office.emil.id]})
    person.presses(say(locale(person), "button.vote_through"), on=view)
    reads(office, person, say(locale(person), "refused.reviewers_only"))


def test_a_button_of_a_former_home_says_that_it_does_nothing(office: Office) -> None:
    view = reviewer_at_home(office)
    workspace.interact(office, on_view(office, office.bob, view, "home_of_former_times"))
    reads(office, office.bob, plain("stale.gesture"))


def test_a_button_of_a_former_form_says_so_over_the_form_whose_words_stay(office: Office) -> None:
    workspace.open_form(office.alice, "They need their words.")
    form = office.alice.modal
    assert form
    workspace.interact(office, on_view(office, office.alice, form, "button_of_former_times"))
    reads(office, office.alice, plain("stale.gesture"))
    office.alice.closes()
    assert office.alice.modal
    assert office.alice.modal.value("words") == "They need their words."


def on_view(office: Office, person: Person, view: View, action_id: str) -> Json:
    """Return the payload of pressing a button of a view that we do not draw any more."""
    return workspace.gesture(office, person, "block_actions") | {
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": "1", "action_ts": "1.1"}],
        "container": {"type": "view", "view_id": view.raw["id"]},
        "view": view.raw,
        "trigger_id": office.ws.state.new_trigger(person.id),
    }


@pytest.mark.parametrize("error", ["expired_trigger_id", "internal_error"])
def test_where_slack_opens_nothing_it_is_said_in_the_direct_message(office: Office, error: str) -> None:
    view = reviewer_at_home(office)
    office.ws.faults.add("views.open", "error", name=error, times=2)  # the form, and the word about it
    office.bob.presses("Vote through", on=view)
    sentence = say("en", "failed.ours", reference="…").split("…")[0]
    office.ws.eventually(lambda: workspace.in_dm(office.bob, sentence), what="Bob hears nothing")


# -- a form that is redrawn while its person closes it


@pytest.mark.parametrize("opener", ["decide", "status"])
def test_closing_a_form_while_it_is_redrawn_is_no_failure(office: Office, opener: str) -> None:
    introduced(office)
    mara = office.mara
    if opener == "decide":
        need(office, office.alice, "They need a decision.")
        mara.sends("/feedback decide")
    else:
        mara.chooses("Change status", on=workspace.card(office, workspace.file(office, office.alice, "They need it.")))
    before = workspace.counted(office, "block_actions", "failed")
    office.ws.faults.add("views.update", "error", name="not_found", times=1)
    if opener == "decide":
        assert mara.picks("Decision", "Decline").ok
    else:
        assert mara.picks("New status", "Declined").ok
    assert workspace.counted(office, "block_actions", "failed") == before


# -- what people type


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("ＨＥＬＰ", "command.usage"), ("ｍｉｎｅ", "command.mine_none"), ("ＳＵＭＭＡＲＹ", "summary.when")],
)
def test_words_in_full_width_letters_mean_the_same(office: Office, typed: str, sentence: str) -> None:
    newcomer = office.ws.person(f"Wide {typed}")
    assert say("en", sentence).replace("`", "").replace("*", "")[:30] in newcomer.sends(f"/feedback {typed}").text


@pytest.mark.parametrize("shape", ["Ｒ－{}", "Ｒ-{}", "ｒ{}"])
def test_numbers_in_full_width_letters_are_found(office: Office, shape: str) -> None:
    number = workspace.requirement(office, workspace.file(office, office.alice, "They need wide letters."))
    assert office.meiling.sends(f"/feedback {shape.format(number)}").ok
    assert office.meiling.modal
    assert "They need wide letters." in office.meiling.modal.text()


def test_finding_in_full_width_letters(office: Office) -> None:
    workspace.file(office, office.alice, "They need a Sternwarte.")
    assert "Sternwarte" in office.alice.sends("/feedback ＦＩＮＤ　sternwarte").text


def test_longer_words_that_begin_so_are_filed(office: Office) -> None:
    for words in ("vote extra words", "投票 不要", "decide for us", "R-7 is late"):
        assert office.alice.sends(f"/feedback {words}").ok
        assert office.alice.modal
        assert office.alice.modal.value("words") == words


def test_letters_nobody_sees_keep_nothing_from_being_filed_asked_or_found(office: Office) -> None:
    workspace.fill(office.alice, "They need a Kom\x00pass.\x07", "Ac\x00me")
    assert office.alice.submits().closed
    number = workspace.newest(office, office.alice)
    card = workspace.card(office, number)
    assert "They need a Kompass." in card.text
    assert "Acme" in card.text
    office.bob.chooses("Ask", on=card)
    office.bob.fills("question", "Which\x00 one?")
    assert office.bob.submits().closed
    assert f"F-{number}" in office.alice.sends("/feedback find kom\x00pass").text
    assert office.alice.sends("/feedback Ac\x00me: they need more").ok
    assert office.alice.modal
    assert office.alice.modal.value("words") == "they need more"


def test_half_an_emoji_is_left_out_and_whole_ones_stay() -> None:
    assert writable("a\ud83d b\n\tc 🎉 \r\x7f中") == "a b\n\tc 🎉 \r中"
    json.dumps(writable("\udfff"), ensure_ascii=False).encode()


def test_four_thousand_letters_to_find_are_answered_shortly(office: Office) -> None:
    for words in ("x" * 3990, "汉" * 1300, " ".join("abcdefghij" * 39 for _ in range(10))):
        answer = office.alice.sends(f"/feedback find {words}")
        assert answer.text.startswith("Nothing has all of these words")
        assert len(answer.text) < 300
        assert answer.delivery.took_s < timedelta(seconds=3).total_seconds()
