"""What temperature trades in generated text: repetition against variety, and how likely the model holds what it writes."""

from malmoi import plots
from malmoi._page.charts import Chart
from malmoi.plots import Panel, Point

Lines = list[dict[str, str]]


def temperatures(name: str, generation: dict[str, Lines]) -> list[Chart]:
    """Repetition and distinct-2 of one experiment, then its log likelihood with that of others that compare; [] without what it wrote.

    generation: rows of generation.csv of each of them.
    """
    table = generation.get(name)
    if not table:
        return []
    likely = {other: _points(lines, "mean_log_likelihood") for other, lines in generation.items()}
    return [_variety(name, table), *([_likelihood(name, likely, table)] if likely[name] else [])]


def _points(table: Lines, column: str) -> list[Point]:
    return [(float(place), float(line[column])) for place, line in enumerate(table) if line.get(column)]


def _names(table: Lines) -> tuple[str, ...]:
    return tuple(f"{float(line['temperature']):g}" for line in table)


def _variety(name: str, table: Lines) -> Chart:
    repeated, varied = _points(table, "repetition"), _points(table, "distinct_2")
    said = ", ".join(f"{y:.0%} at {_names(table)[int(x)]}" for x, y in [*repeated[:1], *repeated[-1:]])
    note = f"what temperature trades: repeated 4-grams {said}" if repeated else "what temperature trades: too short to repeat itself"
    front = [(kind, points) for kind, points in (("train", repeated), ("valid", varied)) if points]
    panel = Panel(f"{name}: {note}", front, [], _across(table), (0.0, 1.0), None, _names(table), "temperature")
    return Chart(name, plots.panel(panel), note)


def _likelihood(name: str, likely: dict[str, list[Point]], table: Lines) -> Chart:
    own, others = likely[name], [points for other, points in likely.items() if other != name and points]
    said = f"{own[0][1]:.2f} at {_names(table)[0]}, {own[-1][1]:.2f} at {_names(table)[-1]}"
    note = f"log likelihood of what it writes, in nats per token: {said}"
    domain = plots.around([y for points in [own, *others] for _, y in points])
    panel = Panel(f"{name}: {note}", [("valid", own)], others, _across(table), domain, None, _names(table), "temperature")
    return Chart(name, plots.panel(panel), note.replace("-", "−"))


def _across(table: Lines) -> plots.Domain:
    return 0.0, float(max(1, len(table) - 1))
