"""The plot of cost against size."""

from pathlib import Path

from bench.measure import Facts

NAMES = {
    "file": "file feedback",
    "vote": "vote",
    "digest ids": "digest's first 20",
    "mine": "list of one's own",
    "find": "find words",
}
MARKS = "os^Dv"
"""A shape for each line, so that nobody needs their colours to tell them apart."""


def plot(curve: Facts, path: Path) -> None:
    """Draw milliseconds against rows into an SVG, both logarithmic. `curve`: "name @ rows" -> milliseconds."""
    import matplotlib as mpl  # half a second to import, and only whoever draws needs it
    from matplotlib.figure import Figure

    lines: dict[str, list[tuple[float, float]]] = {}
    for key, took in curve.items():
        name, rows = key.split(" @ ")
        lines.setdefault(name, []).append((float(rows), took))
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot(
        xscale="log", yscale="log", xlabel="pieces of feedback stored", ylabel="milliseconds, commit included"
    )
    for mark, (name, points) in zip(MARKS, lines.items(), strict=False):
        axes.plot(*zip(*sorted(points), strict=True), marker=mark, label=NAMES.get(name, name))
    axes.grid(visible=True, alpha=0.3)
    figure.legend(loc="outside right upper")
    with mpl.rc_context({"svg.hashsalt": "needline"}):  # else each drawing differs from the last
        figure.savefig(path, metadata={"Date": None, "Title": "Cost against size, on SQLite"})
