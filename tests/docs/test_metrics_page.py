"""The page of metrics and the dashboard name what a bot that has lived a little really tells, and nothing else."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from handlers.metrics import page
from tests import workspace
from tests.bot import ROOT

PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "docs" / "dashboard.json").read_text(encoding="utf-8"))
ROWS = re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.MULTILINE)

OF_PROMETHEUS = {"job", "instance"}
"""Labels that Prometheus adds to everything it reads."""

WORDS = {"sum", "max", "min", "rate", "increase", "histogram_quantile", "by"}
"""What of PromQL our queries use."""

Known = dict[str, set[str]]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Name of each sample a bot tells -> its labels. It has filed, voted, delivered, and lost an answer."""
    url = f"sqlite:///{tmp_path_factory.mktemp('metrics') / 'needline.db'}"
    with workspace.opened(url) as office:
        number = workspace.file(office, office.alice, "They need an export")
        office.bob.presses("Approve", on=workspace.card(office, number))
        workspace.quiet(office)
        told = page(office.needline.edge.counts, office.needline.database, office.needline.now).decode()
    samples = [sample for family in text_string_to_metric_families(told) for sample in family.samples]
    return {sample.name: {*sample.labels} for sample in samples if not sample.name.endswith("_created")}


def queries(panels: list[dict[str, Any]] = DASHBOARD["panels"]) -> list[str]:
    asking = [variable for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"]
    variables = [variable["query"]["query"] for variable in asking]
    asked = [re.sub(r"label_values\((\w+), (\w+)\)", r"sum by (\2) (\1)", variable) for variable in variables]
    return [*asked, *(target["expr"] for panel in panels for target in panel["targets"])]


def faults(query: str, known: Known) -> Iterator[str]:
    """Yield what is wrong with a query: names and labels that nobody tells."""
    labels: set[str] = set(OF_PROMETHEUS)
    for name, matchers in re.findall(r"(\w+)(?:\{(.*?)\})?", re.sub(r"\[.*?\]|\bby \(.*?\)", "", query)):
        if name in WORDS or re.fullmatch(r"[\d]+", name):
            continue
        if name not in known:
            yield f"{name}: nobody tells it"
            continue
        labels |= known[name]
        yield from (f"{name}: no label {label}" for label in _matched(matchers) - known[name] - OF_PROMETHEUS)
    grouped = {label.strip() for group in re.findall(r"\bby \((.*?)\)", query) for label in group.split(",")}
    yield from (f"by {label}: no such label" for label in grouped - labels)


def _matched(matchers: str) -> set[str]:
    return set(re.findall(r"(\w+)\s*(?:=|!=|=~|!~)\s*\"", matchers))


def test_every_query_of_the_dashboard_asks_for_what_is_told(known: Known) -> None:
    assert len(queries()) > len(DASHBOARD["panels"])
    for query in queries():
        assert list(faults(query, known)) == [], query
        assert query.count("(") == query.count(")")


@pytest.mark.parametrize(
    "query",
    [
        "sum(needline_request_total)",
        'sum(needline_requests_total{colour="red"})',
        "sum by (colour) (needline_requests_total)",
        "max(needline_outbox_messages) / max(node_load1)",
        "sum(rate(needline_ack_seconds[5m]))",
    ],
)
def test_a_query_for_what_nobody_tells_would_be_noticed(known: Known, query: str) -> None:
    assert list(faults(query, known))


def test_everything_told_is_on_the_dashboard_and_on_the_page(known: Known) -> None:
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in known}
    shown = " ".join(queries())
    assert [name for name in families if name not in shown] == []
    assert sorted(name for name, _ in ROWS) == sorted(families)


def test_the_page_names_the_labels(known: Known) -> None:
    for name, labels in ROWS:
        told = known.get(name) or known.get(f"{name}_count") or set()
        assert set(re.findall(r"`(\w+)`", labels)) == told, name


def test_alerts_on_the_page_ask_for_what_is_told(known: Known) -> None:
    alerts = re.findall(r"`(needline_\w+(?:\{.*?\})?) [=><]+ \d+`", PAGE)
    assert len(alerts) == 5
    assert [fault for alert in alerts for fault in faults(alert, known)] == []


def test_names_end_in_their_unit_as_prometheus_wants(known: Known) -> None:
    units = re.compile(
        r"needline_\w+_(total|seconds|seconds_(bucket|count|sum)|messages|up)|needline_(sockets|stopped)"
    )
    assert [name for name in known if not units.fullmatch(name)] == []


def test_panels_have_numbers_and_places_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below


def test_every_panel_asks_the_prometheus_that_was_chosen() -> None:
    sources = [target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert set(sources) == {"${datasource}"}
    assert all(panel["title"] and panel["description"] for panel in DASHBOARD["panels"])


def test_the_dashboard_is_the_file_the_page_names() -> None:
    assert "](dashboard.json)" in PAGE
    assert Path(ROOT, "docs", "dashboard.json").exists()
