"""The plot of cost against size, as an SVG that needs no library."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from bench.measure import Facts

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 400, 60, 50, 40, 120
COLOURS = ("#4a154b", "#2e7d32", "#b26a00", "#1565c0", "#c2185b")
"""Told apart on white, also by who sees fewer colours: every line carries its name as well."""

NAMES = {
    "file": "file feedback",
    "vote": "vote",
    "digest ids": "digest's first 20",
    "mine": "list of one's own",
    "find": "find words",
}
Points = Sequence[tuple[float, float]]


def plot(curve: Facts, path: Path) -> None:
    """Draw milliseconds against rows, both logarithmic. `curve`: "name @ rows" -> milliseconds."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for key, took in curve.items():
        name, rows = key.split(" @ ")
        lines.setdefault(name, []).append((float(rows), max(took, 1e-3)))
    points = [point for line in lines.values() for point in line]
    scale = _Scale([x for x, _ in points], [y for _, y in points])
    body = [*_grid(scale), *(part for number, line in enumerate(lines.items()) for part in _line(scale, number, *line))]
    title = "Milliseconds against pieces of feedback stored (SQLite, in process, commits included)"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif"'
    parts = [
        f'{head} font-size="12">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    parts.append(f'<text x="{LEFT}" y="20" font-size="14">{title}</text>')
    path.write_text("\n".join([*parts, *body, "</svg>", ""]), encoding="utf-8")


class _Scale:
    """Where numbers stand in the picture; whole powers of ten at the edges."""

    def __init__(self, across: Iterable[float], up: Iterable[float]) -> None:
        self.across = _powers(across)
        self.up = _powers(up)

    def x(self, value: float) -> float:
        first, last = self.across
        return LEFT + (math.log10(value) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        first, last = self.up
        return HEIGHT - BOTTOM - (math.log10(value) - first) / (last - first) * (HEIGHT - BOTTOM - TOP)


def _powers(values: Iterable[float]) -> tuple[int, int]:
    logs = [math.log10(value) for value in values]
    first = math.floor(min(logs))
    return first, max(math.ceil(max(logs)), first + 1)


def _grid(scale: _Scale) -> Iterable[str]:
    for power in range(scale.across[0], scale.across[1] + 1):
        x = scale.x(10.0**power)
        yield f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{10**power:,}</text>'
    for power in range(scale.up[0], scale.up[1] + 1):
        y = scale.y(10.0**power)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>'


def _line(scale: _Scale, number: int, name: str, points: Points) -> Iterable[str]:
    colour = COLOURS[number % len(COLOURS)]
    places = [(scale.x(x), scale.y(y)) for x, y in sorted(points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
    x, y = places[-1]
    yield f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" fill="{colour}">{escape(NAMES.get(name, name))}</text>'
