"""A bot as it really runs, in a thread of the test or in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bot.app import Needline
from bot.config import Config
from bot.demo import Transport
from bot.serving import serving
from practice.workspace import Workspace

ROOT = Path(__file__).parent.parent


def environment(
    workspace: Workspace, database_url: str, port: int = 0, transport: Transport = "http"
) -> dict[str, str]:
    """Return the variables that point a bot at a practice workspace."""
    signed = {"SLACK_SIGNING_SECRET": workspace.signing_secret}
    return {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        **(signed if transport == "http" else {"SLACK_APP_TOKEN": workspace.app_token}),
        "SLACK_API_URL": workspace.api_url,
        "NEEDLINE_CLOCK_URL": workspace.clock_url,
        "DATABASE_URL": database_url,
        "PORT": str(port),
    }


def config(workspace: Workspace, database_url: str, transport: Transport = "http") -> Config:
    """Return the configuration of a bot in a practice workspace."""
    facts = {name.lower(): value for name, value in environment(workspace, database_url, 0, transport).items()}
    return Config.model_validate(facts)


@contextmanager
def in_thread(workspace: Workspace, database_url: str, transport: Transport = "http") -> Iterator[Needline]:
    """Run a bot in this process, connected to the workspace."""
    with serving(config(workspace, database_url, transport)) as (needline, url):
        if transport == "http":
            workspace.connect(url)
        yield needline


class Process:
    """A bot in a process of its own, which can be killed and started again on the same port."""

    def __init__(
        self, workspace: Workspace, database_url: str, port: int, log: Path, transport: Transport = "http"
    ) -> None:
        self._environment = {**os.environ, **environment(workspace, database_url, port, transport)}
        self._port = port
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None
        if transport == "http":
            workspace.connect(f"http://127.0.0.1:{port}/slack/events")

    def start(self) -> None:
        """Start and wait until it is ready."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "bot.cli", "run"]
            self._running = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        _wait(self._ready, "the bot did not become ready", within=20)

    def kill(self) -> None:
        """End it with kill -9, wherever it is."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        assert self._running
        self._running.send_signal(how)
        return self._running.wait(timeout=20)

    def _ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def _wait(condition: object, what: str, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.02)
