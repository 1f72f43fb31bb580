"""Requests that are forged, repeated, foreign, or of another version: answered, and taken once or not at all."""

import json
import time
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.i18n import say
from tests import workspace
from tests.workspace import Office, locale

NAMES = ("alice", "meiling")

Json = dict[str, Any]


# -- requests that are not what they seem


def test_a_request_without_a_true_signature_is_refused_and_does_nothing(office: Office) -> None:
    workspace.fill(office.alice, "They need a forged export.")
    with workspace.nothing_filed(office):
        assert office.alice.modal
        signed = workspace.interaction(workspace.submission(office, office.alice))
        forged = {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": str(int(time.time()))}
        none = office.ws.deliver_raw(signed, {"Content-Type": workspace.FORM})
        wrong = office.ws.deliver_raw(signed, {"Content-Type": workspace.FORM, **forged})
        old = office.ws.deliver_raw(
            signed, {"Content-Type": workspace.FORM, **office.ws.sign(signed, int(time.time()) - 301)}
        )
        other_body = office.ws.deliver_raw(signed + b"&x=1", {"Content-Type": workspace.FORM, **office.ws.sign(signed)})
    assert [delivery.status for delivery in (none, wrong, old, other_body)] == [401] * 4


def test_a_replayed_submission_is_taken_once(office: Office) -> None:
    before = workspace.filed(office)
    number = workspace.file(office, office.alice, "They need a replayed export.")
    sent = office.ws.ledger.deliveries("view_submission")[-1]
    same = office.ws.redeliver(sent, same_signature=True)
    anew = office.ws.redeliver(sent)
    assert [same.status, anew.status] == [200, 200]
    assert workspace.filed(office) == before + 1
    assert workspace.newest(office, office.alice) == number


def test_a_form_sent_twice_at_once_is_taken_once_and_closes(office: Office) -> None:
    before = workspace.filed(office)
    workspace.fill(office.meiling, "他们需要同时导出。")
    answers = office.meiling.submits(twice=True)
    assert [answer.status for answer in answers] == [200, 200]
    assert office.meiling.modal is None
    assert workspace.filed(office) == before + 1


def test_a_press_delivered_twice_is_one_vote(office: Office) -> None:
    card = workspace.card(office, workspace.file(office, office.alice, "They need one vote of one person."))
    office.ws.faults.add("block_actions", "deliver_twice", times=1)
    office.bob.presses("Approve", on=card)
    office.bob.presses("Approve", on=card, times=3)
    workspace.quiet(office)
    assert "1 of 2 votes" in card.text


def test_a_request_of_another_team_is_answered_and_does_nothing(office: Office) -> None:
    workspace.fill(office.alice, "They need it elsewhere.")

    def elsewhere(payload: Json) -> None:
        payload["team"] = {"id": "T0ELSEWHERE", "domain": "elsewhere"}
        payload["user"]["team_id"] = payload["view"]["team_id"] = "T0ELSEWHERE"
        payload["view"]["app_installed_team_id"] = "T0ELSEWHERE"

    with workspace.nothing_filed(office):
        delivery = workspace.crafted(office, office.alice, elsewhere)
    assert delivery.status in {200, 401}
    assert delivery.took_s < 2


def test_who_comes_from_another_workspace_through_a_shared_channel_is_told_whom_to_ask(office: Office) -> None:
    card = workspace.card(office, workspace.file(office, office.alice, "They need no strangers."))
    payload = workspace.press(office, office.dora, "vote_approve", card)
    payload["user"]["team_id"] = "T0ELSEWHERE"
    heard = workspace.hears(office, office.dora, partial(workspace.interact, office, payload))
    assert heard == say("en", "refused.elsewhere")
    workspace.quiet(office)
    assert "1 of 2" not in card.text


# -- what is older or newer than we are


@pytest.mark.parametrize("name", NAMES)
def test_a_button_of_a_former_version_says_that_it_does_nothing(office: Office, name: str) -> None:
    person = getattr(office, name)
    before = workspace.counted(office, "block_actions", "unknown")
    url = office.ws.state.new_response_url(office.triage.id, person.id)
    payload = workspace.gesture(office, person, "block_actions") | {
        "actions": [{"type": "button", "action_id": "vote_maybe", "block_id": "b", "value": "1", "action_ts": "1.1"}],
        "channel": {"id": office.triage.id, "name": "triage"},
        "response_url": url,
        "trigger_id": "1.1.0123456789abcdef",
    }
    heard = workspace.hears(office, person, partial(workspace.interact, office, payload))
    assert heard == say(locale(person), "stale.gesture").replace("`", "")
    assert workspace.counted(office, "block_actions", "unknown") == before + 1


@pytest.mark.parametrize("name", NAMES)
def test_a_form_of_a_former_version_stays_open_and_asks_to_copy_the_words(office: Office, name: str) -> None:
    person = getattr(office, name)
    workspace.fill(person, "They need an export.")
    with workspace.nothing_filed(office):
        delivery = workspace.crafted(office, person, lambda sent: sent["view"].update(callback_id="feedback_file_v0"))
    assert workspace.field_errors(delivery) == {"words": say(locale(person), "stale.view")}


def test_a_select_of_a_former_version_offers_nothing(office: Office) -> None:
    asked = {"action_id": "customer_v0", "block_id": "b", "value": "ac", "container": {"type": "view"}}
    delivery = workspace.interact(office, workspace.gesture(office, office.alice, "block_suggestion") | asked)
    assert json.loads(delivery.body) == {"options": []}


def test_a_command_of_a_former_version_is_told_so(office: Office) -> None:
    typed = {"command": "/wish", "text": "they need it", "team_id": office.ws.team_id, "user_id": office.meiling.id}
    body = urlencode({**typed, "channel_id": office.triage.id, "trigger_id": "1.1.0123456789abcdef"}).encode()
    delivery = office.ws.deliver_raw(body, {"Content-Type": workspace.FORM, **office.ws.sign(body)})
    assert delivery.status == 200
    assert say("zh_Hans", "stale.gesture") in json.loads(delivery.body)["text"]


def test_events_nobody_asked_for_are_taken_and_counted(office: Office) -> None:
    before = workspace.counted(office, "event", "unknown")
    delivery = office.ws.event({"type": "emoji_changed", "subtype": "add", "name": "needline"})
    assert delivery.status == 200
    assert workspace.counted(office, "event", "unknown") == before + 1


def test_slacks_word_that_it_holds_events_back_is_counted(office: Office) -> None:
    before = workspace.counted(office, "app_rate_limited", "counted")
    body = json.dumps(
        {
            "token": "practice-verification-token",
            "type": "app_rate_limited",
            "team_id": office.ws.team_id,
            "minute_rate_limited": 1_795_000_000,
            "api_app_id": office.ws.app_id,
        }
    ).encode()
    headers = {"Content-Type": "application/json", **office.ws.sign(body)}
    assert office.ws.deliver_raw(body, headers).status == 200
    assert workspace.counted(office, "app_rate_limited", "counted") == before + 1
