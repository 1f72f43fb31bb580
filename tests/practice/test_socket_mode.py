"""Socket Mode as the workspace plays it: connections, envelopes, acknowledgements, and every way they end."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from echo_app import MANIFEST, Json, Room, modal, text_input
from lines import Line, acknowledged, address
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from practice.page import Health
from practice.people import Person
from practice.workspace import Workspace

CHANGE: Json = {"type": "user_change", "user": {"id": "U0ALICE"}}


def never(_: Json) -> Json | None:
    """Leave every envelope unacknowledged."""
    return None


@pytest.fixture
def alice(room: Room) -> Person:
    return room[0]


@pytest.fixture
def impatient(ws: Workspace) -> None:
    """Three seconds take 0.2, a minute 60 ms."""
    ws.limits.answer_s, ws.limits.retry_scale = 0.2, 0.001


# -- connecting


def test_a_connection_is_greeted(ws: Workspace) -> None:
    with Line(ws) as first, Line(ws) as second:
        [hello], [again] = first.messages, second.messages
        assert (hello["type"], hello["num_connections"], again["num_connections"]) == ("hello", 1, 2)
        assert hello["connection_info"] == {"app_id": ws.app_id}
        assert hello["debug_info"]["approximate_connection_time"] == 18_000
        assert ws.sockets == 2
    ws.eventually(lambda: ws.sockets == 0)


def test_an_address_is_good_once_and_not_for_long(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    used, old = address(ws), address(ws)
    with connect(used):
        pass
    monkeypatch.setattr("practice.sockets.TICKET_S", 0.0)
    for url in (used, old, old.replace("ticket=", "ticket=x"), old.partition("?")[0]):
        with pytest.raises(InvalidStatus, match="403"), connect(url):
            pass


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("xapp-somebody-elses", "invalid_auth"),
        ("xoxb-practice-token", "not_allowed_token_type"),
        ("nonsense", "invalid_auth"),
        ("", "missing_args"),
    ],
)
def test_only_the_apps_own_token_opens_connections(ws: Workspace, token: str, error: str) -> None:
    with pytest.raises(SlackApiError) as refused:
        WebClient(base_url=ws.api_url).apps_connections_open(app_token=token)
    assert refused.value.response["error"] == error


def test_the_apps_token_opens_nothing_else(ws: Workspace) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        WebClient(ws.app_token, ws.api_url).auth_test()


def test_pings_are_answered_with_what_they_carried(ws: Workspace) -> None:
    with Line(ws) as line:
        assert line.socket.ping("session:1234.5").wait(timeout=2)


def test_the_eleventh_connection_is_turned_away(ws: Workspace) -> None:
    lines = [Line(ws) for _ in range(10)]
    with Line(ws) as eleventh:
        ws.eventually(lambda: eleventh.over)
        assert [message["type"] for message in eleventh.messages] == ["disconnect"]
        assert eleventh.messages[0]["reason"] == "too_many_websockets"
    assert ws.sockets == 10
    lines.pop().__exit__()
    ws.eventually(lambda: ws.sockets == 9)
    with Line(ws) as another:
        assert another.told("hello")
        for line in lines:
            line.__exit__()


# -- envelopes


def test_a_command_comes_in_an_envelope_and_its_answer_in_the_acknowledgement(ws: Workspace, alice: Person) -> None:
    with Line(ws, lambda _: {"text": "again: hello"}) as line:
        answer = alice.sends("/echo hello")
        [envelope] = line.envelopes
    assert (answer.ok, answer.status, answer.text) == (True, 200, "again: hello")
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert (envelope["payload"]["command"], envelope["payload"]["text"]) == ("/echo", "hello")
    assert "retry_attempt" not in envelope


def test_a_form_can_be_refused_and_taken_in_the_acknowledgement(ws: Workspace, alice: Person) -> None:
    client = WebClient(ws.bot_token, ws.api_url)
    answers: list[Json] = [{"response_action": "errors", "errors": {"what": "Too short."}}, {}]

    def answer(envelope: Json) -> Json:
        payload = envelope["payload"]
        if payload["type"] == "shortcut":
            client.views_open(trigger_id=payload["trigger_id"], view=modal(text_input("What", "what")))
            return {}
        return answers.pop(0)

    with Line(ws, answer) as line:
        alice.uses_shortcut("file_it")
        alice.fills("What", "x")
        assert alice.submits().errors == {"What": "Too short."}
        assert alice.submits().closed
        assert [envelope["type"] for envelope in line.envelopes] == ["interactive"] * 3


def test_an_event_says_how_often_it_was_sent_and_takes_no_answer(ws: Workspace, alice: Person) -> None:
    with Line(ws, lambda _: {"text": "for nobody"}) as line:
        delivery = ws.event(CHANGE)
        [envelope] = line.envelopes
    assert (delivery.ok, delivery.status, delivery.body, delivery.retries) == (True, 200, "", [])
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("events_api", False)
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
    assert envelope["payload"]["event"]["user"] == {"id": "U0ALICE"}


def test_each_envelope_goes_to_one_connection_and_all_get_some(ws: Workspace, alice: Person) -> None:
    with Line(ws) as first, Line(ws) as second:
        for _ in range(40):
            assert ws.event(CHANGE).ok
        assert len(first.envelopes) + len(second.envelopes) == 40
        assert first.envelopes
        assert second.envelopes


def test_an_app_with_an_address_is_sent_requests_there_also_when_it_has_sockets(ws: Workspace) -> None:
    with Line(ws) as line:
        ws.connect("http://127.0.0.1:9/nobody")
        assert ws.event(CHANGE).error == "dispatch_failed"
        assert line.envelopes == []


def test_what_is_no_acknowledgement_is_a_problem(ws: Workspace) -> None:
    with Line(ws) as line:
        line.socket.send("hello?")
        ws.eventually(lambda: ws.problems)
        assert "no acknowledgement: hello?" in ws.problems[0]
        assert ws.event(CHANGE).ok


# -- envelopes that are not acknowledged


def test_a_gesture_without_acknowledgement_fails_for_its_person_and_comes_once(
    ws: Workspace, alice: Person, impatient: None
) -> None:
    with Line(ws, never) as line:
        answer = alice.sends("/echo hello")
        assert (answer.ok, answer.error, answer.status) == (False, "operation_timeout", None)
        time.sleep(0.2)
        assert len(line.envelopes) == 1


def test_an_event_without_acknowledgement_comes_three_times_more(ws: Workspace, alice: Person, impatient: None) -> None:
    with Line(ws, never) as line:
        delivery = ws.event(CHANGE)
        assert delivery.error == "operation_timeout"
        ws.eventually(lambda: len(delivery.retries) == 3, within=5)
        again = [(envelope["retry_attempt"], envelope["retry_reason"]) for envelope in line.envelopes]
        assert again == [(0, ""), (1, "timeout"), (2, "timeout"), (3, "timeout")]
        assert len({envelope["payload"]["event_id"] for envelope in line.envelopes}) == 1
        assert len({envelope["envelope_id"] for envelope in line.envelopes}) == 4


def test_an_acknowledgement_that_comes_too_late_counts_for_nothing(
    ws: Workspace, alice: Person, impatient: None
) -> None:
    def late(_: Json) -> Json:
        time.sleep(0.4)
        return {}

    with Line(ws, late):
        assert ws.event(CHANGE).error == "operation_timeout"
        time.sleep(0.4)
        assert ws.problems == []


def test_an_acknowledgement_through_another_connection_counts_for_nothing(
    ws: Workspace, alice: Person, impatient: None
) -> None:
    with Line(ws, never) as first, Line(ws, never) as second:
        first.answer = second.acknowledge  # type: ignore[func-returns-value]
        second.answer = first.acknowledge  # type: ignore[func-returns-value]
        assert ws.event(CHANGE).error == "operation_timeout"


def test_what_was_under_way_when_the_connection_was_cut_fails_at_once_and_an_event_comes_again(
    ws: Workspace, alice: Person
) -> None:
    with Line(ws, lambda _: ws.cut_sockets()) as cut:  # type: ignore[func-returns-value]
        delivery = ws.event(CHANGE)
        assert (delivery.error, cut.over or ws.eventually(lambda: cut.over)) == ("operation_timeout", True)
        assert delivery.took_s < 1
        answer = alice.sends("/echo hello")
        assert (answer.ok, answer.error) == (False, "dispatch_failed")
    with Line(ws) as line:
        ws.clock.advance(timedelta(minutes=1))
        ws.eventually(lambda: line.envelopes)
        assert line.envelopes[0]["retry_attempt"] == 2


def test_an_event_waits_while_nobody_is_connected(ws: Workspace, alice: Person) -> None:
    Line(ws).__exit__()
    ws.eventually(lambda: ws.sockets == 0)
    ws.update_person(alice, name="Alice B.")
    first = ws.ledger.deliveries("event")[-1]
    assert first.error == "dispatch_failed"
    with Line(ws) as line:
        ws.clock.advance(timedelta(minutes=1))
        ws.eventually(lambda: first.retries and first.retries[-1].ok)
        assert line.envelopes[-1]["payload"]["event"]["user"]["id"] == alice.id


# -- connections that end


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_connection_to_be_refreshed_gets_nothing_new_once_there_is_another(
    ws: Workspace, alice: Person, reason: str
) -> None:
    ws.limits.notice_s = 0.5
    with Line(ws) as old:
        ws.refresh_sockets(reason)
        ws.eventually(lambda: old.told("disconnect"))
        assert old.told("disconnect")[0]["reason"] == reason
        assert ws.event(CHANGE).ok, "as long as there is no other"
        with Line(ws) as new:
            assert all(ws.event(CHANGE).ok for _ in range(5))
            assert (len(old.envelopes), len(new.envelopes)) == (1, 5)
            ws.eventually(lambda: old.over)
            assert ws.sockets == 1


def test_a_connection_is_refreshed_when_it_is_old(ws: Workspace) -> None:
    ws.limits.socket_s, ws.limits.notice_s = 0.2, 0.1
    with Line(ws) as line:
        ws.eventually(lambda: line.over)
        assert line.told("disconnect")[0]["reason"] == "refresh_requested"


def test_turning_socket_mode_off_ends_all_connections_and_refuses_new_ones(ws: Workspace) -> None:
    with Line(ws) as line:
        ws.set_socket_mode(on=False)
        ws.eventually(lambda: line.over)
        assert line.told("disconnect")[0]["reason"] == "link_disabled"
    with pytest.raises(SlackApiError, match="forbidden_team"):
        address(ws)
    ws.set_socket_mode(on=True)
    with Line(ws) as line:
        assert line.told("hello")


# -- faults


def test_an_envelope_delivered_twice_is_the_same_event(ws: Workspace, alice: Person) -> None:
    ws.faults.add("event", "deliver_twice", times=1)
    with Line(ws) as line:
        ws.event(CHANGE)
        assert len(line.envelopes) == 2
        assert len({envelope["payload"]["event_id"] for envelope in line.envelopes}) == 1


def test_a_lost_answer_fails_although_the_app_acknowledged(ws: Workspace, alice: Person) -> None:
    ws.faults.add("event", "answer_lost", times=1)
    with Line(ws) as line:
        delivery = ws.event(CHANGE)
        assert delivery.error == "operation_timeout"
        ws.eventually(lambda: delivery.retries and delivery.retries[0].ok)
        assert len(line.envelopes) == 2


def test_a_delivery_can_be_slow_to_arrive(ws: Workspace, alice: Person) -> None:
    ws.faults.add("event", "delay", times=1, seconds=0.3)
    with Line(ws):
        started = time.monotonic()
        assert ws.event(CHANGE).ok
        assert time.monotonic() - started > 0.3


def test_the_page_finds_that_the_app_is_back(ws: Workspace, alice: Person, impatient: None) -> None:
    health = Health(ws._backend)
    with Line(ws, never) as line:
        alice.sends("/echo hello")
        assert "did not answer" in health.trouble()
        line.answer = acknowledged
        assert health.look_again() == ""


# -- as Bolt meets it


@pytest.fixture
def bolt(ws: Workspace) -> Iterator[App]:
    """A Bolt app over Socket Mode, as Slack's documentation writes one."""
    client = WebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])
    app = App(client=client, process_before_response=True)
    handler = SocketModeHandler(app, ws.app_token)
    handler.connect()
    ws.eventually(lambda: ws.sockets == 1)
    yield app
    handler.close()


def test_a_bolt_app_answers_commands_forms_buttons_and_events(ws: Workspace, bolt: App, alice: Person) -> None:
    seen: list[Any] = []
    bolt.command("/echo")(lambda ack, body: ack(f"again: {body['text']}"))
    bolt.shortcut("file_it")(
        lambda ack, body, client: (
            client.views_open(trigger_id=body["trigger_id"], view=modal(text_input("What", "what"))),
            ack(),
        )
    )
    bolt.view("form")(lambda ack: ack(response_action="errors", errors={"what": "Too short."}))
    bolt.event("user_change")(lambda event: seen.append(event["user"]["id"]))
    assert alice.sends("/echo hello").text == "again: hello"
    alice.uses_shortcut("file_it")
    alice.fills("What", "x")
    assert alice.submits().errors == {"What": "Too short."}
    ws.update_person(alice, name="Alice B.")
    assert seen == [alice.id]


def test_bolt_leaves_an_event_unacknowledged_that_it_failed_on(ws: Workspace, bolt: App, impatient: None) -> None:
    attempts: list[list[str]] = []

    @bolt.event("user_change")
    def fails(req: Any) -> None:
        attempts.append(req.headers["x-slack-retry-num"])
        if len(attempts) == 1:
            raise RuntimeError("not yet")

    delivery = ws.event(CHANGE)
    assert (delivery.ok, delivery.error) == (False, "operation_timeout")
    ws.eventually(lambda: delivery.retries and delivery.retries[0].ok)
    assert attempts == [["0"], ["1"]]


def test_a_manifest_may_speak_of_addresses_all_the_same() -> None:
    with Workspace(MANIFEST | {"settings": MANIFEST["settings"] | {"socket_mode_enabled": False}}) as ws, Line(ws):
        assert ws.event(CHANGE).ok
