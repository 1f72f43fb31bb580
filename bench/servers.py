"""Starting the bench's processes, and letting those rest that are not measured."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from bench.measure import ROOT

LOG = ROOT / ".bench" / "servers.log"


@dataclass(frozen=True)
class Server:
    """A server that sleeps until it is measured."""

    port: int
    process: subprocess.Popen[str]

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it run for a while; all others sleep."""
        self.process.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGSTOP)


def ask(port: int, path: str) -> Any:
    """Return what a server tells at a path."""
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return json.load(answer)


@contextmanager
def serving(kind: str, url: str, slack: int) -> Iterator[Server]:
    """Run a server of bench/serve.py; it sleeps at first."""
    words = ["bench.serve", kind, url, f"http://127.0.0.1:{slack}/api/"]
    with _process(*words) as (process, port):
        server = Server(port, process)
        process.send_signal(signal.SIGSTOP)
        yield server


@contextmanager
def slack(latency_s: float = 0.0) -> Iterator[int]:
    """Run the bench's Slack; gives its port."""
    with _process("bench.slack", str(latency_s)) as (_, port):
        yield port


@contextmanager
def _process(module: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", module, *words]
    LOG.parent.mkdir(exist_ok=True)
    with ExitStack() as stack:
        log = stack.enter_context(LOG.open("a"))
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        stack.callback(_end, process)
        assert process.stdout  # noqa: S101 - asked for above
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{module} {words[0]} did not start; .bench/servers.log says why")
        yield process, int(line)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
