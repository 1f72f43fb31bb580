"""The parts of the bench, in the order in which they run."""

from collections.abc import Callable
from pathlib import Path

from bench import digest, outbox, requests, sizes, start
from bench.measure import Row, Size

Part = Callable[[Size, Path], list[Row]]

PARTS: dict[str, Part] = {
    "ack": requests.ack,
    "filing": requests.filing,
    "voting": requests.voting,
    "crowd": requests.crowd,
    "outbox": outbox.outbox,
    "start": start.start,
    "digest": digest.digest,
    "sizes": sizes.sizes,
}
