"""A Slack that answers everything at once, or after a while as the real one does, and remembers what was posted.

`python -m bench.slack LATENCY_S` prints its port; `GET /posted` tells channel and moment of every message.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.names import DOOR

Json = dict[str, Any]
posted: list[tuple[str, float]] = []


def _post(asked: Json) -> Json:
    posted.append((asked.get("channel", ""), time.time()))
    return {"channel": asked.get("channel", ""), "ts": f"{time.time():.6f}"}


def _nothing(_asked: Json) -> Json:
    return {}


def _view(_asked: Json) -> Json:
    return {"view": {"id": "V0BENCH", "hash": f"{time.time():.6f}.a"}}


METHODS: dict[str, Callable[[Json], Json]] = {
    "auth.test": lambda _: {"team_id": DOOR, "team": "Bench", "bot_id": "B0BENCH", "user_id": "U0BOT"},
    "users.info": lambda asked: {"user": {"id": asked["user"], "name": "somebody", "locale": "en-US", "tz": "UTC"}},
    "conversations.open": lambda asked: {"channel": {"id": "D" + asked["users"][1:]}},
    "conversations.info": lambda asked: {"channel": {"id": asked["channel"], "name": "triage", "is_member": True}},
    "chat.postMessage": _post,
    **dict.fromkeys(("views.open", "views.update", "views.publish", "views.push"), _view),
    "chat.update": lambda asked: {"channel": asked["channel"], "ts": asked["ts"]},
}
SLOW = {"chat.postMessage", "chat.update"}


def main() -> None:
    """Answer until told to stop."""
    asyncio.run(_serve(float(sys.argv[1])))


async def _serve(latency_s: float) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _answer(reader, writer, latency_s)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latency_s: float) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next((int(line.split(":")[1]) for line in head.lower().split("\r\n") if "content-length:" in line), 0)
    body = (await reader.readexactly(length)).decode()
    path = urlsplit(head.split()[1]).path
    method = path.rpartition("/")[2]
    answer: Any = {"ok": True, **METHODS.get(method, _nothing)(_asked(body))}
    if path == "/posted":
        answer = posted
    if method in SLOW:
        await asyncio.sleep(latency_s)
    content = json.dumps(answer).encode()
    start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close"
    writer.write(start.encode() + b"\r\n\r\n" + content)
    await writer.drain()


def _asked(body: str) -> Json:
    if body.startswith("{"):
        found: Json = json.loads(body)
        return found
    return {name: values[0] for name, values in parse_qs(body).items()}


if __name__ == "__main__":
    main()
