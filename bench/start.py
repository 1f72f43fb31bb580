"""From starting the process to being ready, against only importing the libraries it uses; and the memory of both."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.request import urlopen

from bench import fill, servers
from bench.measure import ROOT, Facts, Row, Size, interleaved, middle, ratio
from bench.signing import SECRET

PATIENCE_S = 60

LIBRARIES = """
import sys
import uvicorn
from bot import cli
from bot.app import Needline
from bot.config import load
from storage.db import Database
needline = Needline(load())
uvicorn.Config(needline.web, ws="none").load()  # it imports what speaks HTTP only now
needline.database.close()
ours = ("bot", "handlers", "storage", "__main__")
print(" ".join(name for name, module in list(sys.modules.items())
  if name.split(".")[0] not in ours and "site-packages" in (getattr(module, "__file__", None) or "")))
"""
"""Prints the modules of libraries that a bot has loaded when it is ready, in the order in which they came."""

FLOOR = """
import importlib
for name in {names!r}.split():
    try:
        importlib.import_module(name)
    except ImportError:
        pass
print("ready", flush=True)
"""


def start(size: Size, folder: Path) -> list[Row]:
    """Start on a migrated database, everything in the page cache."""
    with fill.database("sqlite", folder) as url, servers.slack() as slack:
        environment = {**os.environ, **_environment(url, slack)}
        names = _python(LIBRARIES, environment).split()
        floor = [sys.executable, "-c", FLOOR.format(names=" ".join(names))]
        sides: dict[str, Callable[[], Facts]] = {
            "bot": lambda: _started(environment),
            "imports": lambda: _timed(floor, environment, _says_ready),
        }
        for side in sides.values():
            side()  # now it is in the page cache
        found = interleaved(size.starts, sides)
    facts = {f"{name} s": middle(rounds, "s") for name, rounds in found.items()}
    memory = {f"{name} MiB": middle(rounds, "mib") for name, rounds in found.items()}
    what = "start to ready: time against importing the libraries it uses"
    return [
        Row("start", what, ratio(found["bot"], found["imports"], "s"), at_most=1.3, facts=facts),
        Row(
            "start-memory", "the same: memory", ratio(found["bot"], found["imports"], "mib"), at_most=1.3, facts=memory
        ),
    ]


def _environment(url: str, slack: int) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": f"http://127.0.0.1:{slack}/api/",
        "DATABASE_URL": url,
    }


def _python(program: str, environment: dict[str, str]) -> str:
    words = [sys.executable, "-c", program]
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def _started(environment: dict[str, str]) -> Facts:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bot.cli", "run"]
    return _timed(command, {**environment, "PORT": str(port)}, lambda _process: _ready(port))


def _timed(command: Sequence[str], environment: dict[str, str], wait: Callable[[subprocess.Popen[str]], None]) -> Facts:
    """Return seconds until it is ready, and how much memory it has then."""
    began = time.perf_counter()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=quiet, text=True)
    wait(process)
    took = time.perf_counter() - began
    memory = subprocess.run(["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True, check=True)
    process.kill()
    process.communicate()
    return {"s": took, "mib": int(memory.stdout) / 1024}


def _says_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout  # noqa: S101 - a pipe
    process.stdout.readline()


def _ready(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.005)
    raise RuntimeError("the bot did not become ready")
