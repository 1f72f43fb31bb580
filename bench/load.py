"""The load generator, a process of its own: signed requests over kept connections, one under way on each.

Reads a job (see `Job`) as JSON from standard input and prints what came of it.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.request import urlopen

from bench import gestures
from bench.measure import ROOT, Facts
from bench.signing import signed

GOOD = b"HTTP/1.1 200"
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Stream = Iterator[gestures.Request]


@dataclass(frozen=True)
class Job:
    """What to send where, for how long. Between two gestures a person rests about `pause_s`.

    `facts` go to the gesture (bench/gestures.py); `run` keeps the forms of different runs apart.
    """

    port: int
    gesture: str
    connections: int
    warm_s: float
    seconds: float
    run: str
    pause_s: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)


def load(job: Job) -> Facts:
    """Run a job in its own process: good answers a second, milliseconds, the server's processor time, how many."""
    words = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(words, input=json.dumps(asdict(job)), cwd=ROOT, capture_output=True, text=True, check=True)
    found: Facts = json.loads(done.stdout)
    return found


async def _run(job: Job) -> Facts:
    streams = [gestures.stream(job.gesture, number, job.run, job.facts) for number in range(job.connections)]
    for stream in streams:
        next(stream)  # makes its template
    lines = [await asyncio.open_connection("127.0.0.1", job.port) for _ in streams]
    await _drive(lines, streams, job.warm_s, job.pause_s)
    before = _cpu_s(job.port)
    took, wrong, spent = await _drive(lines, streams, job.seconds, job.pause_s)
    used = _cpu_s(job.port) - before
    for _, writer in lines:
        writer.close()
    for answer in wrong[:1]:
        print(answer[:500].decode(errors="replace"), file=sys.stderr)
    took.sort()
    return {
        "per_s": (len(took) - len(wrong)) / spent,
        "p50_ms": _at(took, 0.5),
        "p99_ms": _at(took, 0.99),
        "cpu_us": used / max(len(took), 1) * 1_000_000,
        "count": float(len(took)),
        "wrong": float(len(wrong)),
    }


def _cpu_s(port: int) -> float:
    with urlopen(f"http://127.0.0.1:{port}/bench/cpu", timeout=30) as answer:
        return float(json.load(answer))


async def _drive(
    lines: Sequence[Line], streams: Sequence[Stream], seconds: float, pause_s: float
) -> tuple[list[float], list[bytes], float]:
    """Keep a request under way on every line for so long; return how long each took, wrong answers, and seconds."""
    took: list[float] = []
    wrong: list[bytes] = []
    began = time.perf_counter()
    pairs = zip(lines, streams, strict=True)
    await asyncio.gather(*(_one(line, stream, began + seconds, pause_s, took, wrong) for line, stream in pairs))
    return took, wrong, time.perf_counter() - began


def _at(took: list[float], share: float) -> float:
    return took[min(int(len(took) * share), len(took) - 1)] * 1000 if took else float("inf")


async def _one(line: Line, stream: Stream, until: float, pause_s: float, took: list[float], wrong: list[bytes]) -> None:
    reader, writer = line
    await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - nobody is to guess nothing
    while (began := time.perf_counter()) < until:
        request = next(stream)
        writer.write(signed(request.body, request.kind))
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        took.append(time.perf_counter() - began)
        if not head.startswith(GOOD) or not request.accepts(body):
            wrong.append(head + body)
        if pause_s:
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - likewise


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(Job(**json.load(sys.stdin))))))
