"""Rate limits and every way to misbehave, as slack_sdk and an app meet them."""

import time
from http.client import RemoteDisconnected

import pytest
from echo_app import Json, Served
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from practice.workspace import Workspace


def test_a_channel_takes_a_burst_and_then_one_message_a_second(ws: Workspace, app: Served) -> None:
    alice, bob = ws.person("Alice"), ws.person("Bob")
    for _ in range(5):
        app.client.chat_postMessage(channel=alice.id, text="x")
    with pytest.raises(SlackApiError) as refused:
        app.client.chat_postMessage(channel=alice.id, text="too fast")
    response = refused.value.response
    assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "1")
    app.client.chat_postMessage(channel=bob.id, text="another lane")
    assert [message.text for message in alice.dm()] == ["x"] * 5
    ws.limits.enabled = False
    app.client.chat_postMessage(channel=alice.id, text="unlimited")


def test_a_faster_workspace_allows_more(ws: Workspace, app: Served) -> None:
    ws.limits.scale = 1000
    alice = ws.person("Alice")
    for _ in range(20):
        app.client.chat_postMessage(channel=alice.id, text="x")
    assert len(alice.dm()) == 20


def test_slack_sdk_waits_and_tries_again(ws: Workspace, app: Served) -> None:
    app.client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    ws.faults.add("chat.postMessage", "rate_limited", retry_after=0, times=1)
    app.client.chat_postMessage(channel=ws.person("Alice").id, text="x")
    assert [call.status for call in ws.ledger.calls("chat.postMessage")] == [429, 200]


def test_methods_have_their_tiers(ws: Workspace, app: Served) -> None:
    codes = []
    for _ in range(21):
        try:
            codes.append(app.client.users_list().status_code)
        except SlackApiError as error:
            codes.append(error.response.status_code)
    assert codes == [200] * 20 + [429]


@pytest.mark.parametrize(
    ("kind", "facts", "told", "displayed"),
    [
        ("drop_before", {}, RemoteDisconnected, 0),
        ("accept_then_drop", {}, RemoteDisconnected, 1),
        ("error_500", {}, SlackApiError, 0),
        ("error 500", {}, SlackApiError, 0),
        ("accept_then_500", {}, SlackApiError, 1),
        ("rate_limited", {"retry_after": 7}, SlackApiError, 0),
        ("error", {"name": "fatal_error"}, SlackApiError, 0),
    ],
)
def test_a_fault_strikes_once_and_the_ledger_knows_what_was_displayed(
    ws: Workspace, app: Served, kind: str, facts: Json, told: type[Exception], displayed: int
) -> None:
    alice = ws.person("Alice")
    ws.faults.add("chat.postMessage", kind, times=1, **facts)
    with pytest.raises(told):
        app.client.chat_postMessage(channel=alice.id, text="x")
    [call] = ws.ledger.calls("chat.postMessage")
    assert call.displayed == displayed
    assert len(alice.dm()) == displayed
    app.client.chat_postMessage(channel=alice.id, text="y")
    assert alice.dm()[-1].text == "y"


@pytest.mark.parametrize(("kind", "at_once"), [("delay", 0), ("accept_then_delay", 1)])
def test_a_delayed_message_arrives_though_the_client_gave_up(
    ws: Workspace, app: Served, kind: str, at_once: int
) -> None:
    alice = ws.person("Alice")
    ws.faults.add("chat.postMessage", kind, seconds=0.3, times=1)
    app.client.timeout = 0.1
    with pytest.raises(TimeoutError):
        app.client.chat_postMessage(channel=alice.id, text="late")
    assert len(alice.dm()) == at_once
    ws.eventually(alice.dm, within=2)


def test_faults_by_chance_are_the_same_for_the_same_seed(ws: Workspace) -> None:
    def struck(seed: int) -> list[bool]:
        ws.faults.clear()
        ws.faults.add("*", "drop_before", probability=0.5, seed=seed)
        return [ws.faults.strike("chat.update") is not None for _ in range(20)]

    assert struck(1) == struck(1) != struck(2)
    with pytest.raises(ValueError, match="no fault is called"):
        ws.faults.add("*", "explode")


def test_a_response_url_can_fail_too(ws: Workspace, app: Served) -> None:
    app.bolt.command("/echo")(lambda ack, respond: (ack(), app.seen.append(respond("x").status_code)))
    ws.faults.add("response_url", "accept_then_500", times=1)
    alice = ws.person("Alice")
    assert alice.sends("/echo").text == "x"
    assert app.seen == [500]


def test_calls_are_in_the_ledger_with_arguments_and_answers(ws: Workspace, app: Served) -> None:
    started = time.monotonic()
    app.client.chat_postMessage(channel=ws.person("Alice").id, text="x")
    [call] = [entry for entry in ws.ledger if entry.method == "chat.postMessage"]
    assert (call.args["text"], call.answer["ok"], call.error, call.displayed) == ("x", True, None, True)
    assert time.monotonic() - started < 2
