"""Several bots as they really run, each a process of its own, kept alive as a process manager would."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bot.demo import Transport
from practice.workspace import Workspace
from tests.bot import ROOT, environment

READY_S = 90.0


class Replica:
    """One bot on a port of its own. `variant` names the broken version to run instead (a negative control)."""

    def __init__(
        self, workspace: Workspace, database_url: str, port: int, log: Path, transport: Transport, variant: str = ""
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.restart_s: list[float] = []
        self._environment = {**os.environ, **environment(workspace, database_url, port, transport)}
        self._log = log
        module = ["tests.torture.variants", variant] if variant else ["bot.cli", "run"]
        self._command = [sys.executable, "-m", *module]
        self._running: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start and wait until it is ready, again and again if it ends before that (the database may be down)."""
        with self._lock:
            began, self._wanted = time.monotonic(), True
            while not self._ready():
                if self._running is None or self._running.poll() is not None:
                    self._spawn()
                if time.monotonic() > began + READY_S:
                    tail = self._log.read_text(encoding="utf-8", errors="replace")[-4000:]
                    raise AssertionError(f"the bot did not become ready within {READY_S} s; its log ends:\n{tail}")
                time.sleep(0.05)
            self.restart_s.append(time.monotonic() - began)

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it with kill -9, wherever it is."""
        with self._lock:
            self._send(signal.SIGKILL)
            if self._running:
                self._running.wait(timeout=20)
            self._running = None

    def pause(self, seconds: float) -> None:
        """Stop it in the middle of whatever it does, and let it go on later as if nothing had been."""
        with self._lock:
            self._send(signal.SIGSTOP)
            time.sleep(seconds)
            self._send(signal.SIGCONT)

    def fill_disk(self, seconds: float) -> None:
        """Let none of its files grow for a while, as on a full disk: neither its log nor, on SQLite, its database."""
        with self._lock:
            self._let_grow(0)
            time.sleep(seconds)
            self._let_grow(None)

    def _let_grow(self, size: int | None) -> None:
        if self._running and self._running.poll() is None:
            _, most = resource.prlimit(self._running.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(self._running.pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))

    def stop(self) -> None:
        """Ask it to stop, and wait."""
        with self._lock:
            self._send(signal.SIGTERM)
            if self._running:
                try:
                    self._running.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    self._running.kill()
                    self._running.wait(timeout=20)
            self._running = None

    def _send(self, how: signal.Signals) -> None:
        if self._running and self._running.poll() is None:
            self._running.send_signal(how)

    def _ready(self) -> bool:
        if self._running is None or self._running.poll() is not None:
            return False
        try:
            with urlopen(f"{self.url}/readyz", timeout=1) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
