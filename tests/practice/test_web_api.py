"""The Web API's door, people and conversations."""

import pytest
from echo_app import MANIFEST, SCOPES, Json
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from practice.workspace import Workspace


def without(*scopes: str) -> Json:
    """The manifest, installed without these scopes."""
    left = [scope for scope in SCOPES if scope not in scopes]
    return {**MANIFEST, "oauth_config": {"scopes": {"bot": left}}}


def client_of(ws: Workspace, token: str | None = None) -> WebClient:
    return WebClient(token=ws.bot_token if token is None else token, base_url=ws.api_url, retry_handlers=[])


def test_only_the_token_opens_the_door(ws: Workspace) -> None:
    assert client_of(ws).auth_test()["user_id"] == ws.bot_user_id
    for token, error in (("", "not_authed"), ("xoxb-stolen", "invalid_auth")):
        with pytest.raises(SlackApiError, match=error):
            client_of(ws, token).auth_test()
    assert client_of(ws, "").api_test()["ok"]


def test_a_token_dies_by_revocation_and_by_uninstalling(ws: Workspace) -> None:
    ws.revoke_token()
    with pytest.raises(SlackApiError, match="token_revoked"):
        client_of(ws).auth_test()
    ws.uninstall()
    with pytest.raises(SlackApiError, match="account_inactive"):
        client_of(ws).auth_test()
    ws.reinstall()
    assert client_of(ws).auth_test()["ok"]


def test_what_this_workspace_does_not_play_is_refused_loudly(ws: Workspace) -> None:
    with pytest.raises(SlackApiError, match="unknown_method"):
        client_of(ws).api_call("pins.add")
    assert "pins.add" in ws.problems[0]


def test_scopes_are_enforced() -> None:
    with Workspace(without("chat:write", "users:read.email", "im:history")) as ws:
        alice = ws.person("Alice")
        with pytest.raises(SlackApiError) as refused:
            client_of(ws).chat_postMessage(channel=alice.id, text="x")
        assert refused.value.response["error"] == "missing_scope"
        assert refused.value.response["needed"] == "chat:write"
        assert "im:write" in refused.value.response["provided"]
        assert "email" not in client_of(ws).users_info(user=alice.id)["user"]["profile"]
        dm = client_of(ws).conversations_open(users=alice.id)["channel"]["id"]
        with pytest.raises(SlackApiError, match="im:history"):
            client_of(ws).conversations_history(channel=dm)


def test_public_channels_can_be_posted_to_from_outside_with_the_scope_for_it() -> None:
    with Workspace({**MANIFEST, "oauth_config": {"scopes": {"bot": ["chat:write", "chat:write.public"]}}}) as ws:
        alice = ws.person("Alice")
        triage = ws.channel("triage", members=[alice])
        assert client_of(ws).chat_postMessage(channel="#triage", text="x")["channel"] == triage.id


def test_people_are_told_with_locale_and_as_they_are_now(ws: Workspace) -> None:
    mei = ws.person("林美玲", locale="zh-CN", tz="Asia/Shanghai")
    client = client_of(ws)
    told = client.users_info(user=mei.id, include_locale=True)["user"]
    assert (told["locale"], told["tz_offset"], told["real_name"]) == ("zh-CN", 28_800, "林美玲")
    assert "locale" not in client.users_info(user=mei.id)["user"]
    ws.deactivate(mei)
    assert client.users_info(user=mei.id)["user"]["deleted"] is True
    with pytest.raises(SlackApiError, match="user_not_found"):
        client.users_info(user="U0NOBODY")
    with pytest.raises(SlackApiError, match="user_disabled"):
        client.conversations_open(users=mei.id)
    with pytest.raises(SlackApiError, match="users_not_found"):
        client.users_lookupByEmail(email="nobody@example.com")


def test_ids_are_the_same_each_time(ws: Workspace) -> None:
    assert ws.person("Alice").id == "U0ALICE"
    assert ws.person("林美玲").id == "U0032F65BA0"
    with pytest.raises(ValueError, match="already"):
        ws.person("Alice")


def test_conversations_are_opened_once_and_listed(ws: Workspace) -> None:
    alice, bob = ws.person("Alice"), ws.person("Bob")
    client = client_of(ws)
    ids = {client.conversations_open(users=alice.id)["channel"]["id"] for _ in range(2)}
    assert len(ids) == 1
    triage = ws.channel("triage", members=[alice, bob])
    ws.channel("secret", members=[alice], private=True)
    names = [row["name"] for row in client.conversations_list(types="public_channel,private_channel")["channels"]]
    assert names == ["triage"]
    assert client.conversations_info(channel=triage.id)["channel"]["is_member"] is False
    client.conversations_join(channel=triage.id)
    assert client.conversations_join(channel=triage.id)["warning"] == "already_in_channel"
    assert client.conversations_members(channel=triage.id)["members"] == [alice.id, bob.id, ws.bot_user_id]


def test_history_needs_membership(ws: Workspace) -> None:
    alice = ws.person("Alice")
    triage, secret = ws.channel("triage", members=[alice]), ws.channel("secret", members=[alice], private=True)
    for channel, error in ((triage, "not_in_channel"), (secret, "channel_not_found")):
        with pytest.raises(SlackApiError, match=error):
            client_of(ws).conversations_history(channel=channel.id)
    ws.invite_bot(triage)
    assert client_of(ws).conversations_history(channel=triage.id)["messages"] == []
    ws.kick_bot(triage)
    with pytest.raises(SlackApiError, match="not_in_channel"):
        client_of(ws).conversations_history(channel=triage.id)


def test_missing_arguments_are_named(ws: Workspace) -> None:
    with pytest.raises(SlackApiError) as refused:
        client_of(ws).api_call("chat.update", json={"channel": "C1"})
    assert refused.value.response["response_metadata"]["messages"] == ["[ERROR] missing required field: ts"]
    for name, error in (("conversations.replies", "channel_not_found"), ("users.info", "user_not_found")):
        with pytest.raises(SlackApiError, match=error):
            client_of(ws).api_call(name, http_verb="GET")


def test_pages_follow_the_cursor(ws: Workspace) -> None:
    for name in ("Alice", "Bob", "Carol"):
        ws.person(name)
    names = [
        user["real_name"]
        for page in client_of(ws).users_list(limit=2)
        for user in page["members"]
        if "real_name" in user
    ]
    assert names == ["echo", "Alice", "Bob", "Carol"]
