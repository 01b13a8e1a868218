"""What is said of sequence models, what was measured, and whether it held: a section of the page, each claim with its drawings."""

import math
from dataclasses import dataclass
from typing import Any

from malmoi import plots
from malmoi._page.charts import Chart
from malmoi.plots import Panel, Point


@dataclass(frozen=True)
class Probe:
    """finding: finding.json; table: rows of table.csv."""

    finding: dict[str, Any]
    table: list[dict[str, str]]


def section(probes: list[Probe]) -> list[dict[str, Any]]:
    """One entry for each probe, by name; [] where there are none."""
    return [_entry(probe) for probe in sorted(probes, key=lambda one: str(one.finding["name"]))]


def _entry(probe: Probe) -> dict[str, Any]:
    finding = probe.finding
    said = {"name": finding["name"], "claim": finding["claim"], "measured": finding["measured"], "verdict": finding["verdict"]}
    columns = list(probe.table[0]) if probe.table else []
    rows = [[_shown(row[column]) for column in columns] for row in probe.table]
    return {**said, "charts": _charts(finding, probe.table), "columns": columns, "rows": rows}


def _charts(finding: dict[str, Any], table: list[dict[str, str]]) -> list[Chart]:
    """A chart for each line, drawn in colour with the others grey."""
    table = [row for row in table if _is_number(row[finding["y"]])]  # what was not measured is not drawn
    if not table:
        return []
    names = tuple(dict.fromkeys(row[finding["x"]] for row in table))
    numbers = all(_is_number(name) for name in names)
    lines: dict[str, list[Point]] = {}
    for row in table:
        across = float(row[finding["x"]]) if numbers else float(names.index(row[finding["x"]]))
        lines.setdefault(row[finding["by"]], []).append((across, _height(row[finding["y"]], finding["log"])))
    domain = plots.around([y for points in lines.values() for _, y in points])
    places = [x for points in lines.values() for x, _ in points]
    width = (min(places), max(max(places), min(places) + 1))
    title, y = finding["x"].replace("_", " "), finding["y"].replace("_", " ") + (", power of ten" if finding["log"] else "")
    charts = []
    for name, points in lines.items():
        others = [other for key, other in lines.items() if key != name]
        panel = Panel(f"{name}: {y} by {title}", [("valid", points)], others, width, domain, None, () if numbers else names, title)
        charts.append(Chart(name, plots.panel(panel), y))
    return charts


def _height(text: str, log: bool) -> float:
    return math.log10(max(float(text), 1e-30)) if log else float(text)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _shown(text: str) -> str:
    """A cell of the table: numbers with four digits."""
    return f"{float(text):.4g}" if _is_number(text) and "." in text else text
