"""Finding a message of ours again by its metadata, after an answer that never came."""

from datetime import timedelta
from typing import Any

from slack_sdk import WebClient

from storage.outbox import OutboxRow

MARGIN = timedelta(minutes=10)
"""How far before the row was written we begin to look: clocks differ."""

PAGE = 200


def find(client: WebClient, row: OutboxRow, event_type: str) -> str | None:
    """Return the ts of the message that carries the row's id where it was aimed at, None when it was not shown."""
    oldest = str((row.created_at - MARGIN).timestamp())
    cursor = ""
    while True:
        page = _page(client, str(row.channel), row.thread_ts, oldest, cursor)
        for message in page["messages"]:
            if _is(message, row.id, event_type):
                return str(message["ts"])
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return None


def _page(client: WebClient, channel: str, thread_ts: str | None, oldest: str, cursor: str) -> Any:
    facts: dict[str, Any] = {"channel": channel, "oldest": oldest, "limit": PAGE, "include_all_metadata": True}
    if cursor:
        facts["cursor"] = cursor
    if thread_ts:
        return client.conversations_replies(ts=thread_ts, **facts)
    return client.conversations_history(**facts)


def _is(message: dict[str, Any], row_id: str, event_type: str) -> bool:
    metadata = message.get("metadata") or {}
    return metadata.get("event_type") == event_type and metadata.get("event_payload", {}).get("id") == row_id
