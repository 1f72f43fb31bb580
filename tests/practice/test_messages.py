"""Messages: posting, threads, edits, ephemerals, metadata, history, reactions."""

from typing import Any

import pytest
from echo_app import Json, Room, Served, button, section
from slack_sdk.errors import SlackApiError

from practice.workspace import Workspace


def test_a_message_to_a_person_opens_their_dm(ws: Workspace, app: Served) -> None:
    alice = ws.person("Alice")
    answer = app.client.chat_postMessage(channel=alice.id, text="Hello *you*")
    opened = app.client.conversations_open(users=alice.id)
    assert answer["channel"] == opened["channel"]["id"]
    assert answer["channel"].startswith("D")
    assert [message.text for message in alice.dm()] == ["Hello you"]
    assert answer["message"]["bot_id"] == ws.bot_id


def test_an_edit_keeps_the_ts_and_notifies_nobody(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    ts = app.client.chat_postMessage(
        channel=triage.id, text="one", metadata={"event_type": "m", "event_payload": {"n": 1}}
    )["ts"]
    assert alice.unread(triage) == 1
    alice.reads(triage)
    app.client.chat_update(channel=triage.id, ts=ts, text="two")
    [message] = alice.sees(triage)
    assert (message.text, message.ts, message.edited) == ("two", ts, True)
    assert message.metadata["event_payload"] == {"n": 1}
    assert alice.unread(triage) == 0


def test_an_update_keeps_the_blocks_unless_others_are_given(ws: Workspace, app: Served, room: Room) -> None:
    _, _, triage = room
    ts = app.client.chat_postMessage(channel=triage.id, text="x", blocks=[section("shown")])["ts"]
    app.client.chat_update(channel=triage.id, ts=ts, text="y")
    assert ws.find(triage).text == "shown"
    app.client.chat_update(channel=triage.id, ts=ts, text="y", blocks=[])
    assert ws.find(triage).text == "y"


def test_replies_stay_in_the_thread_unless_they_are_broadcast(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    ts = app.client.chat_postMessage(channel=triage.id, text="first")["ts"]
    app.client.chat_postMessage(channel=triage.id, text="quiet", thread_ts=ts)
    app.client.chat_postMessage(channel=triage.id, text="loud", thread_ts=ts, reply_broadcast=True)
    assert [message.text for message in alice.sees(triage)] == ["first", "loud"]
    assert [message.text for message in ws.find(triage, "first").replies] == ["quiet", "loud"]
    history = app.client.conversations_history(channel=triage.id)["messages"]
    assert [message["text"] for message in history] == ["loud", "first"]
    assert history[0]["subtype"] == "thread_broadcast"
    assert (history[1]["reply_count"], history[1]["thread_ts"]) == (2, ts)
    replies = app.client.conversations_replies(channel=triage.id, ts=ts)["messages"]
    assert [message["text"] for message in replies] == ["first", "quiet", "loud"]


def test_an_ephemeral_is_seen_by_one_person_and_not_in_history(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    app.client.chat_postEphemeral(channel=triage.id, user=alice.id, text="psst")
    assert [message.text for message in alice.sees(triage)] == ["psst"]
    assert alice.ephemerals(triage)[0].ephemeral
    assert bob.sees(triage) == []
    assert app.client.conversations_history(channel=triage.id)["messages"] == []
    carol = ws.person("Carol")
    with pytest.raises(SlackApiError, match="user_not_in_channel"):
        app.client.chat_postEphemeral(channel=triage.id, user=carol.id, text="psst")


def test_metadata_comes_only_when_it_is_asked_for(ws: Workspace, app: Served, room: Room) -> None:
    _, _, triage = room
    metadata = {"event_type": "filed", "event_payload": {"outbox": 7}}
    ts = app.client.chat_postMessage(channel=triage.id, text="x", metadata=metadata)["ts"]
    app.client.chat_postMessage(channel=triage.id, text="y", thread_ts=ts, metadata=metadata)
    [plain] = app.client.conversations_history(channel=triage.id)["messages"]
    [full] = app.client.conversations_history(channel=triage.id, include_all_metadata=True)["messages"]
    assert "metadata" not in plain
    assert full["metadata"] == metadata
    replies = app.client.conversations_replies(channel=triage.id, ts=ts, include_all_metadata=True)["messages"]
    assert replies[1]["metadata"] == metadata


def test_history_is_cut_by_time_and_paged(ws: Workspace, app: Served, room: Room) -> None:
    _, _, triage = room
    stamps = [app.client.chat_postMessage(channel=triage.id, text=str(n))["ts"] for n in range(5)]

    def read(**args: Any) -> tuple[list[str], Any]:
        answer = app.client.conversations_history(channel=triage.id, **args)
        return [message["text"] for message in answer["messages"]], answer

    assert read(oldest=stamps[1], latest=stamps[3])[0] == ["2"]
    assert read(oldest=stamps[1], latest=stamps[3], inclusive=True)[0] == ["3", "2", "1"]
    first, answer = read(limit=2)
    assert (first, answer["has_more"]) == (["4", "3"], True)
    cursor = answer["response_metadata"]["next_cursor"]
    assert read(limit=2, cursor=cursor)[0] == ["2", "1"]
    with pytest.raises(SlackApiError, match="invalid_cursor"):
        read(cursor="nonsense")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "U0NOBODY", "text": "x"}, "channel_not_found"),
        ({"channel": "C0OTHER", "text": "x"}, "not_in_channel"),
        ({"channel": "C0SECRET", "text": "x"}, "channel_not_found"),
        ({"channel": "C0OLD", "text": "x"}, "is_archived"),
        ({"channel": "U0BOT", "text": "x"}, "cannot_dm_bot"),
        ({"channel": "C0TRIAGE"}, "no_text"),
        ({"channel": "C0TRIAGE", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C0TRIAGE", "text": "x", "blocks": [section("y" * 2_900)] * 5}, "msg_blocks_too_long"),
        ({"channel": "C0TRIAGE", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "C0TRIAGE", "text": "x", "thread_ts": "soon"}, "invalid_thread_ts"),
        ({"channel": "C0TRIAGE", "text": "x", "thread_ts": "1111111111.000000"}, "thread_not_found"),
        ({"channel": "C0TRIAGE", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_schema"),
        (
            {"channel": "C0TRIAGE", "text": "x", "metadata": {"event_type": "x", "event_payload": {"a": "b" * 9_000}}},
            "metadata_too_large",
        ),
        ({"channel": "C0TRIAGE", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
    ],
)
def test_posting_is_refused_as_slack_refuses(ws: Workspace, app: Served, room: Room, args: Json, error: str) -> None:
    ws.channel("other", members=room[:2])
    ws.channel("secret", members=room[:2], private=True)
    old = ws.channel("old", members=room[:2])
    ws.invite_bot(old)
    ws.archive(old)
    with pytest.raises(SlackApiError) as refused:
        app.client.api_call("chat.postMessage", json=args)
    assert refused.value.response["error"] == error
    assert not ws.ledger.calls("chat.postMessage")[-1].displayed


def test_wrong_blocks_are_refused_with_what_is_wrong(ws: Workspace, app: Served, room: Room) -> None:
    _, _, triage = room
    with pytest.raises(SlackApiError) as refused:
        app.client.chat_postMessage(channel=triage.id, text="x", blocks=[section("")])
    answer = refused.value.response
    assert answer["error"] == "invalid_blocks"
    assert "blocks[0]" in answer["errors"][0]
    assert answer["response_metadata"]["messages"][0].startswith("[ERROR]")


def test_only_own_messages_can_be_changed(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    said = alice.says("mine", channel=triage)
    with pytest.raises(SlackApiError, match="cant_update_message"):
        app.client.chat_update(channel=triage.id, ts=said.ts, text="yours")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        app.client.chat_delete(channel=triage.id, ts=said.ts)
    with pytest.raises(SlackApiError, match="message_not_found"):
        app.client.chat_update(channel=triage.id, ts="1111111111.000000", text="none")


def test_a_deleted_message_is_gone_but_a_thread_keeps_its_place(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    single = app.client.chat_postMessage(channel=triage.id, text="single")["ts"]
    thread = app.client.chat_postMessage(channel=triage.id, text="thread")["ts"]
    app.client.chat_postMessage(channel=triage.id, text="reply", thread_ts=thread)
    handle = ws.find(triage, "single")
    for ts in (single, thread):
        app.client.chat_delete(channel=triage.id, ts=ts)
    assert handle.deleted
    assert [message.text for message in alice.sees(triage)] == ["This message was deleted."]


def test_a_permalink_names_the_thread_of_a_reply(ws: Workspace, app: Served, room: Room) -> None:
    _, _, triage = room
    ts = app.client.chat_postMessage(channel=triage.id, text="x")["ts"]
    reply = app.client.chat_postMessage(channel=triage.id, text="y", thread_ts=ts)["ts"]
    link = app.client.chat_getPermalink(channel=triage.id, message_ts=reply)["permalink"]
    assert link.endswith(f"/archives/{triage.id}/p{reply.replace('.', '')}?thread_ts={ts}&cid={triage.id}")


def test_reactions_are_counted_and_told(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    app.bolt.event("reaction_added")(
        lambda event: app.seen.append((event["user"], event["reaction"], event["item"]["ts"]))
    )
    ts = app.client.chat_postMessage(channel=triage.id, text="x")["ts"]
    message = ws.find(triage, "x")
    alice.reacts("thumbsup", on=message)
    bob.reacts(":thumbsup:", on=message)
    bob.unreacts("thumbsup", on=message)
    app.client.reactions_add(channel=triage.id, timestamp=ts, name="eyes")
    with pytest.raises(SlackApiError, match="already_reacted"):
        app.client.reactions_add(channel=triage.id, timestamp=ts, name="eyes")
    told = app.client.reactions_get(channel=triage.id, timestamp=ts)["message"]["reactions"]
    assert told == [
        {"name": "thumbsup", "users": [alice.id], "count": 1},
        {"name": "eyes", "users": [ws.bot_user_id], "count": 1},
    ]
    assert app.seen[:2] == [(alice.id, "thumbsup", ts), (bob.id, "thumbsup", ts)]


def test_what_people_type_arrives_escaped_and_is_read_plainly(ws: Workspace, app: Served) -> None:
    app.bolt.event("message")(lambda event: app.seen.append(event["text"]))
    alice = ws.person("Alice")
    said = alice.says("a < b & <@U0BOT>")
    assert app.seen == ["a &lt; b &amp; <@U0BOT>"]
    assert said.raw["blocks"][0]["type"] == "rich_text"


def test_a_message_without_markup_is_read_as_it_was_written(ws: Workspace, app: Served) -> None:
    alice = ws.person("Alice")
    app.client.chat_postMessage(channel=alice.id, text="*plain*", mrkdwn=False)
    assert alice.dm()[0].text == "*plain*"


def test_a_button_that_changed_can_be_pressed_from_an_old_screen(ws: Workspace, app: Served, room: Room) -> None:
    alice, _, triage = room
    app.bolt.action("yes")(lambda ack, action: (app.seen.append(action["value"]), ack()))
    buttons = {"type": "actions", "elements": [button("Yes", "yes", "old")]}
    ts = app.client.chat_postMessage(channel=triage.id, text="x", blocks=[buttons])["ts"]
    old = ws.find(triage).frozen()
    app.client.chat_update(channel=triage.id, ts=ts, text="closed", blocks=[])
    with pytest.raises(AssertionError, match="no button 'Yes'"):
        alice.presses("Yes", on=ws.find(triage))
    alice.presses("Yes", on=old)
    assert app.seen == ["old"]


def test_the_transcript_is_what_people_read(ws: Workspace, app: Served, room: Room) -> None:
    alice, bob, triage = room
    app.client.chat_postMessage(channel=triage.id, text="x", blocks=[section("*Bold* news")])
    app.client.chat_postEphemeral(channel=triage.id, user=alice.id, text="only for Alice")
    assert "Bold news" in ws.transcript(bob)
    assert "only for Alice" in ws.transcript(alice)
    assert "only for Alice" not in ws.transcript(bob)
    with pytest.raises(AssertionError, match="Bold news"):
        ws.eventually(lambda: False, within=0.05, what="nothing")
    with pytest.raises(AssertionError, match="Bold news"):
        ws.find(triage, "no such news")


def test_an_update_may_not_take_the_rich_text_out_of_a_message(ws: Workspace, app: Served, room: Room) -> None:
    _, _, triage = room
    text = {"type": "rich_text_section", "elements": [{"type": "text", "text": "before"}]}
    rich, plain = {"type": "rich_text", "elements": [text]}, {"type": "divider"}
    ts = app.client.chat_postMessage(channel=triage.id, text="before", blocks=[rich])["ts"]
    app.client.chat_update(channel=triage.id, ts=ts, text="still", blocks=[rich, plain])
    with pytest.raises(SlackApiError, match="block_mismatch"):
        app.client.chat_update(channel=triage.id, ts=ts, text="after", blocks=[plain])
