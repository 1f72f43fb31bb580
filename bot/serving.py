"""A bot in a thread of this process, for the demo, the story and the tests."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from bot.app import Needline
from bot.config import Config

START_S = 10.0


class PortTakenError(Exception):
    """Somebody else listens there."""


def check_port(host: str, port: int) -> None:
    """Raise PortTakenError when nothing can listen there. Port 0 is any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTakenError(f"{host}:{port} cannot be listened on ({error.strerror}).") from None


class NotStartedError(Exception):
    """The server did not come up."""


@contextmanager
def serving(config: Config) -> Iterator[tuple[Needline, str]]:
    """Run a bot on `config.port` (0: any free one). Gives the bot and the address Slack is to call.

    Over Socket Mode nobody calls: the bot is given when its connections are open.
    """
    needline = Needline(config)
    server = uvicorn.Server(
        uvicorn.Config(needline.web, host="127.0.0.1", port=config.port, ws="none", log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{_port(server)}/slack/events"
        if needline.sockets and not needline.sockets.wait(START_S):
            raise NotStartedError("The bot's connections did not open.")
        yield needline, url
    finally:
        server.should_exit = True
        thread.join()


def _port(server: uvicorn.Server) -> int:
    deadline = time.monotonic() + START_S
    while not server.started:
        if time.monotonic() > deadline:
            raise NotStartedError("The bot did not start.")
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
