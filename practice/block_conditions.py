"""What several keys of one block, element or object owe each other.

Every condition meets objects whose single keys may be wrong in type: those are complained about elsewhere, so here they
count as absent.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from practice.block_checks import Condition, at

Json = Mapping[str, Any]


def exactly_one(*keys: str) -> Condition:
    """Demands one of several keys, and no second one."""

    def condition(value: Json, path: str) -> Iterator[str]:
        if sum(key in value for key in keys) != 1:
            yield f"{path}: needs exactly one of {', '.join(keys)}"

    return condition


def at_least_one(*keys: str) -> Condition:
    """Demands at least one of several keys."""

    def condition(value: Json, path: str) -> Iterator[str]:
        if not any(key in value for key in keys):
            yield f"{path}: needs at least one of {', '.join(keys)}"

    return condition


def not_above(low: str, high: str) -> Condition:
    """Demands that one number (or a string with one in it) is not above another."""

    def condition(value: Json, path: str) -> Iterator[str]:
        bottom, top = _amount(value.get(low)), _amount(value.get(high))
        if bottom is not None and top is not None and bottom > top:
            yield f"{at(path, low)}: above {high} ({value[low]} > {value[high]})"

    return condition


def initial_value_fits(value: Json, path: str) -> Iterator[str]:
    """Demands that what stands in a text box beforehand is not longer than what may be typed."""
    initial, longest = value.get("initial_value"), value.get("max_length")
    if isinstance(initial, str) and isinstance(longest, int) and len(initial) > longest:
        yield f"{at(path, 'initial_value')}: longer than max_length {longest} ({len(initial)})"


def initial_among_options(value: Json, path: str) -> Iterator[str]:
    """Demands that what is chosen beforehand is one of the options, equal in text and value."""
    offered = [_essence(option) for option in _offered(value)]
    if "initial_option" in value and _essence(value["initial_option"]) not in offered:
        yield f"{at(path, 'initial_option')}: is not one of the options"
    for index, option in enumerate(_list(value, "initial_options")):
        if _essence(option) not in offered:
            yield f"{at(path, 'initial_options')}[{index}]: is not one of the options"


def few_enough_initial(key: str) -> Condition:
    """Demands that no more is chosen beforehand than may be chosen."""

    def condition(value: Json, path: str) -> Iterator[str]:
        most = value.get("max_selected_items")
        if isinstance(most, int) and len(_list(value, key)) > most:
            yield f"{at(path, key)}: more than max_selected_items {most} ({len(value[key])})"

    return condition


def whole_unless_decimal(value: Json, path: str) -> Iterator[str]:
    """Demands whole numbers where the box takes no others."""
    for key in ("initial_value", "min_value", "max_value"):
        amount = _amount(value.get(key))
        if value.get("is_decimal_allowed") is False and amount is not None and not amount.is_integer():
            yield f"{at(path, key)}: has decimals, which is_decimal_allowed forbids"


def real_date(value: Json, path: str) -> Iterator[str]:
    """Demands a day of the calendar in `initial_date`."""
    try:
        date.fromisoformat(str(value.get("initial_date", "2000-01-01")))
    except ValueError:
        yield f"{at(path, 'initial_date')}: is not a day of the calendar"


def collapsible(value: Json, path: str) -> Iterator[str]:
    """Demands that only a collapsible container starts collapsed, and that it has no divider under its header."""
    if value.get("default_collapsed") is True and value.get("is_collapsible") is not True:
        yield f"{at(path, 'default_collapsed')}: needs is_collapsible"
    if value.get("has_header_divider") is True and value.get("is_collapsible") is True:
        yield f"{at(path, 'has_header_divider')}: is not allowed with is_collapsible"


def cells_fit(value: Json, path: str) -> Iterator[str]:
    """Demands a table of at most 10,000 characters over all cells."""
    size = sum(_cell_size(cell) for row in _list(value, "rows") if isinstance(row, list | tuple) for cell in row)
    if size > _TABLE_CHARACTERS:
        yield f"{at(path, 'rows')}: longer than {_TABLE_CHARACTERS} characters over all cells ({size})"


def rows_of_equal_width(value: Json, path: str) -> Iterator[str]:
    """Demands as many cells in every row as in the first, and plain cells in the first, which is the header."""
    rows = [row for row in _list(value, "rows") if isinstance(row, list | tuple)]
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            yield f"{at(path, 'rows')}[{index}]: has {len(row)} cells where the first row has {len(rows[0])}"
    for index, cell in enumerate(rows[0] if rows else ()):
        if isinstance(cell, Mapping) and cell.get("type") == "rich_text":
            yield f"{at(path, 'rows')}[0][{index}]: a header cell cannot be rich_text"


def chart_is_whole(value: Json, path: str) -> Iterator[str]:
    """Demands the parts of a chart's kind: segments of a pie, series and axes of the others."""
    needed = ("segments",) if value.get("type") == "pie" else ("series", "axis_config")
    yield from (f"{at(path, key)}: missing" for key in needed if key not in value)
    yield from (f"{at(path, key)}: unknown key" for key in _CHART_PARTS - set(needed) if key in value)


_TABLE_CHARACTERS = 10_000
_CHART_PARTS = {"segments", "series", "axis_config"}


def _list(value: Json, key: str) -> list[Any]:
    part = value.get(key)
    return list(part) if isinstance(part, list | tuple) else []


def _offered(value: Json) -> list[Any]:
    groups = [group for group in _list(value, "option_groups") if isinstance(group, Mapping)]
    return [*_list(value, "options"), *(option for group in groups for option in _list(group, "options"))]


def _essence(option: Any) -> Any:
    """Keeps what makes two options the same for Slack, whatever `emoji` and the description say."""
    if not isinstance(option, Mapping):
        return option
    text = option.get("text")
    return option.get("value"), text.get("text") if isinstance(text, Mapping) else text


def _amount(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _cell_size(cell: Any) -> int:
    if isinstance(cell, Mapping):
        own = cell.get("text", cell.get("value", "")) if cell.get("type") != "rich_text" else ""
        return len(str(own)) + sum(_cell_size(part) for part in _list(cell, "elements"))
    return 0
