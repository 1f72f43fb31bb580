"""Events: subscriptions, envelopes, retries, signatures, the clock."""

import time
from datetime import timedelta

import pytest
from echo_app import MANIFEST, Served, asked

from practice.workspace import Workspace


def quick(ws: Workspace) -> None:
    """A minute's pause takes 60 ms."""
    ws.limits.retry_scale = 0.001


def test_only_subscribed_events_come_in_their_envelope(ws: Workspace, app: Served) -> None:
    app.bolt.event("team_join")(lambda body: app.seen.append(dict(body)))
    alice = ws.person("Alice")
    triage = ws.channel("triage", members=[alice])
    ws.invite_bot(triage)
    ws.archive(triage)
    [body] = app.seen
    assert body["event"]["user"]["id"] == alice.id
    assert body["authorizations"][0]["user_id"] == ws.bot_user_id
    assert (body["type"], body["team_id"], body["api_app_id"]) == ("event_callback", ws.team_id, ws.app_id)
    kinds = [delivery.payload["event"]["type"] for delivery in ws.ledger.deliveries("event")]
    assert set(kinds) == {"team_join", "member_joined_channel"}


def test_a_change_of_a_person_is_told(ws: Workspace, app: Served) -> None:
    app.bolt.event("user_change")(lambda event: app.seen.append((event["user"]["locale"], event["user"]["deleted"])))
    alice = ws.person("Alice")
    ws.update_person(alice, locale="zh-CN")
    ws.deactivate(alice)
    assert app.seen == [("zh-CN", False), ("zh-CN", True)]


def test_uninstalling_and_revoking_are_told(ws: Workspace, app: Served) -> None:
    for name in ("app_uninstalled", "tokens_revoked"):
        app.bolt.event(name)(lambda event: app.seen.append(event["type"]))
    ws.revoke_token()
    ws.uninstall()
    kinds = [delivery.payload["event"]["type"] for delivery in ws.ledger.deliveries("event")]
    assert kinds == ["tokens_revoked", "app_uninstalled", "tokens_revoked"]


def test_a_failed_event_is_sent_three_times_more(ws: Workspace, app: Served) -> None:
    quick(ws)
    app.bolt.middleware(lambda req, next_: (app.seen.append(req.headers), next_()))

    @app.bolt.event("user_change")
    def fails() -> None:
        raise RuntimeError("no")

    delivery = ws.event({"type": "user_change", "user": {"id": "U1"}})
    assert delivery.status == 500
    ws.eventually(lambda: len(delivery.retries) == 3, within=5)
    assert [(again.retry_num, again.retry_reason) for again in delivery.retries] == [
        (n, "http_error") for n in (1, 2, 3)
    ]
    assert {again.payload["event_id"] for again in delivery.retries} == {delivery.payload["event_id"]}
    assert app.seen[3]["x-slack-retry-num"] == ["3"]
    time.sleep(0.1)
    assert len(ws.ledger.deliveries("event")) == 4


@pytest.mark.parametrize("reason", ["http_timeout", "connection_failed"])
def test_a_retry_says_why(ws: Workspace, app: Served, reason: str) -> None:
    quick(ws)
    app.bolt.event("user_change")(lambda: time.sleep(0.3))
    ws.limits.answer_s = 0.1
    if reason == "connection_failed":
        ws.connect("http://127.0.0.1:9/nobody")
    delivery = ws.event({"type": "user_change", "user": {"id": "U1"}})
    ws.eventually(lambda: delivery.retries, within=2)
    assert delivery.retries[0].retry_reason == reason


def test_the_later_retries_wait_for_the_practice_clock(ws: Workspace) -> None:
    ws.connect("http://127.0.0.1:9/nobody")
    delivery = ws.event({"type": "user_change", "user": {"id": "U1"}})
    ws.eventually(lambda: len(delivery.retries) == 1)
    time.sleep(0.05)
    assert len(delivery.retries) == 1
    ws.clock.advance(timedelta(minutes=1))
    ws.eventually(lambda: len(delivery.retries) == 2)
    ws.clock.advance(timedelta(minutes=5))
    ws.eventually(lambda: len(delivery.retries) == 3)


def test_an_app_may_forbid_retries(ws: Workspace, app: Served) -> None:
    quick(ws)
    app.bolt.event("user_change")(lambda: app.seen.append(1))
    ws.faults.add("event", "answer_lost", times=1)
    delivery = ws.event({"type": "user_change", "user": {"id": "U1"}})
    assert not delivery.ok
    ws.eventually(lambda: delivery.retries and delivery.retries[0].ok)
    assert app.seen == [1, 1]


def test_an_event_delivered_twice_has_one_id(ws: Workspace, app: Served) -> None:
    app.bolt.event("user_change")(lambda body: app.seen.append(body["event_id"]))
    ws.faults.add("event", "deliver_twice", times=1)
    ws.event({"type": "user_change", "user": {"id": "U1"}})
    assert len(app.seen) == 2
    assert len(set(app.seen)) == 1


def test_an_event_that_never_arrived_is_brought_again(ws: Workspace, app: Served) -> None:
    quick(ws)
    app.bolt.event("user_change")(lambda: app.seen.append(1))
    ws.faults.add("event", "not_delivered", times=1)
    delivery = ws.event({"type": "user_change", "user": {"id": "U1"}})
    assert (delivery.error, app.seen) == ("dispatch_failed", [])
    ws.eventually(lambda: delivery.retries and delivery.retries[0].ok)
    assert delivery.retries[0].retry_num == 1
    assert (app.seen, ws.faults.hits()) == ([1], {"not_delivered": 1})


def test_requests_are_spread_over_replicas_and_go_on_to_one_that_listens(
    ws: Workspace, app: Served, replica: Served
) -> None:
    app.bolt.event("user_change")(lambda: app.seen.append(1))
    replica.bolt.event("user_change")(lambda: replica.seen.append(1))
    ws.connect(app.url, replica.url, "http://127.0.0.1:9/nobody")
    for _ in range(6):
        assert ws.event({"type": "user_change", "user": {"id": "U1"}}).ok
    assert (len(app.seen), len(replica.seen)) == (4, 2)


def test_bolt_refuses_forged_and_old_signatures_and_takes_replays(ws: Workspace, app: Served) -> None:
    app.bolt.event("user_change")(lambda: app.seen.append(1))
    delivery = ws.event({"type": "user_change", "user": {"id": "U1"}})
    headers = {"Content-Type": "application/json"}
    forged = delivery.sent.replace(b"U1", b"U2")
    assert ws.deliver_raw(forged, dict(delivery.headers)).status == 401
    assert ws.deliver_raw(delivery.sent, headers | ws.sign(delivery.sent, int(time.time()) - 301)).status == 401
    assert ws.deliver_raw(delivery.sent, headers).status == 401
    assert ws.redeliver(delivery, same_signature=True).status == 200
    assert ws.redeliver(delivery).status == 200
    assert app.seen == [1, 1, 1]


def test_the_request_url_can_be_verified(ws: Workspace, app: Served) -> None:
    assert ws.verify_url()
    ws.connect("http://127.0.0.1:9/nobody")
    assert not ws.verify_url()


def test_the_bots_own_messages_come_back_as_events(ws: Workspace, app: Served) -> None:
    ts = app.client.chat_postMessage(channel=ws.person("Alice").id, text="x")["ts"]
    app.client.chat_update(channel="D0ALICE", ts=ts, text="y")
    ws.eventually(lambda: len(ws.ledger.deliveries("event")) >= 3)
    events = [delivery.payload["event"] for delivery in ws.ledger.deliveries("event")]
    assert {event.get("subtype") for event in events if event["type"] == "message"} == {None, "message_changed"}


def test_without_the_scope_a_subscription_is_silent() -> None:
    manifest = {**MANIFEST, "oauth_config": {"scopes": {"bot": ["chat:write"]}}}
    with Workspace(manifest, request_url="http://127.0.0.1:9/nobody") as ws:
        ws.person("Alice").says("hello")
        assert ws.ledger.deliveries() == []


def test_the_clock_moves_and_messages_follow_it(ws: Workspace, app: Served) -> None:
    alice = ws.person("Alice")
    app.client.chat_postMessage(channel=alice.id, text="today")
    told = asked(ws.clock_url, {"advance_s": 86_400})
    app.client.chat_postMessage(channel=alice.id, text="tomorrow")
    today, tomorrow = (float(message.ts) for message in alice.dm())
    assert tomorrow - today >= 86_400
    assert abs(told["epoch"] - ws.clock.now().timestamp()) < 1
    ws.clock.advance(timedelta(days=-7))
    app.client.chat_postMessage(channel=alice.id, text="still later")
    assert float(alice.dm()[-1].ts) > tomorrow
