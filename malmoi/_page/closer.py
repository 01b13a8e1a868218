"""A closer look at each experiment: where it does well and where not, whether it is as sure as it is right, class by class, layer by layer.

Drawn from the tables that `evaluate` left; the experiment in colour, those that it compares with in grey.
"""

from collections.abc import Callable
from dataclasses import dataclass

from malmoi import plots
from malmoi._page.charts import Chart, Row, alike
from malmoi._page.tables import Table
from malmoi._page.writing import temperatures
from malmoi.expense import say_count
from malmoi.plots import Panel, Point
from malmoi.scores import score, show

Lines = list[dict[str, str]]
Tables = dict[str, dict[str, Lines]]  # experiment -> name of the table -> its rows
WIDEST = 30  # classes; of more the hardest are shown


@dataclass(frozen=True)
class Look:
    """What is shown of one experiment. classes: those of a classifier; layers: what the model is made of."""

    experiment: str
    charts: list[Chart]
    classes: Table | None
    layers: Table | None


@dataclass(frozen=True)
class Kind:
    """One chart: the table it is drawn from, which of its rows, the column that is drawn, its interval, and how a row is named.

    alone: without the others, whose parts are other texts. words: names of rows that are said and not drawn.
    """

    title: str
    table: str
    column: str
    interval: tuple[str, str]
    name: Callable[[dict[str, str]], str]
    axis: str
    unit: str = ""
    alone: bool = False
    words: tuple[str, ...] = ()


def looks(rows: list[Row], tables: Tables) -> list[Look]:
    """One for each experiment that left a table, in the order given."""
    together = {row["experiment"]: [other["experiment"] for other in group] for group in alike(rows) for row in group}
    found = []
    for row in rows:
        name = row["experiment"]
        own = tables.get(name, {})
        charts = [chart for kind in _kinds(row) if (chart := _chart(kind, name, together[name], tables))]
        charts += [reliability(name, own["calibration"])] if own.get("calibration") else []
        charts += temperatures(name, {other: tables.get(other, {}).get("generation", []) for other in together[name]})
        look = Look(name, charts, _classes(own.get("classes", [])), _layers(own.get("layers", [])))
        found += [look] if charts or look.classes or look.layers else []
    return found


def _kinds(row: Row) -> list[Kind]:
    def upto(line: dict[str, str]) -> str:
        return f"≤ {int(line['to']):,}"

    if row["problem"] == "classify":
        edges = "low", "high"
        return [
            Kind("accuracy by length", "length", "accuracy", edges, upto, "characters", "characters"),
            Kind(
                "accuracy by unknown tokens", "unknown", "accuracy", edges, _share, "share of tokens that the vocabulary lacks", alone=True
            ),
        ]
    metric = row["metric"]
    edges = f"{metric}_low", f"{metric}_high"
    return [
        Kind(f"{score(metric).title} by length", "length", metric, edges, upto, "characters of the text", "characters"),
        Kind(
            "bits per token by frequency",
            "frequency",
            "bits_per_token",
            ("low", "high"),
            _frequency,
            "times in train, at least",
            words=("unknown", "end"),
        ),
    ]


def _share(line: dict[str, str]) -> str:
    return "0%" if float(line["to"]) == 0 else f"≤ {float(line['to']):.0%}"


def _frequency(line: dict[str, str]) -> str:
    """The least of a power of ten: "1", "10", ..., "1k", "1M"; the parts that are none have a word.

    >>> [_frequency({"frequency": name}) for name in ("unknown", "10-99", "10000-99999", "10000000-99999999", "end of text")]
    ['unknown', '10', '10k', '10M', 'end']
    """
    least = line["frequency"].split("-")[0]
    return say_count(int(least)).replace(" ", "") if least.isdecimal() else least.split(" ")[0]


def _chart(kind: Kind, name: str, together: list[str], tables: Tables) -> Chart | None:
    drawn = {other: _rows(kind, tables.get(other, {}).get(kind.table, [])) for other in ([name] if kind.alone else together)}
    own = drawn.pop(name)
    if not own:
        return None
    places = {kind.name(line): float(place) for place, line in enumerate(own)}
    back = [_points(kind, [line for line in lines if kind.name(line) in places], places) for lines in drawn.values()]
    points = _points(kind, own, places)
    low, high = kind.interval
    spans = tuple((places[kind.name(line)], float(line[low]), float(line[high])) for line in own if line[low])
    heights = [y for line in [points, *back] for _, y in line] + [edge for _, *edges in spans for edge in edges]
    note = f"{kind.title}: " + ", ".join([*_said(kind, _ends(own)), *_aside(kind, tables[name][kind.table])])
    across = (-0.35, len(own) - 0.65)
    panel = Panel(f"{name}: {note}", [("valid", points)], back, across, plots.around(heights), None, tuple(places), kind.axis, spans)
    return Chart(name, plots.panel(panel), note)


def _points(kind: Kind, lines: Lines, places: dict[str, float]) -> list[Point]:
    return [(places[kind.name(line)], float(line[kind.column])) for line in lines]


def _said(kind: Kind, lines: Lines) -> list[str]:
    return [f"{show(kind.column, float(line[kind.column]))} at {kind.name(line)}" for line in lines]


def _aside(kind: Kind, lines: Lines) -> list[str]:
    """What is said of the parts that are not drawn, with their share of all bits."""
    named = [line for line in lines if kind.name(line) in kind.words]
    return [
        f"{show(kind.column, float(line[kind.column]))} at {line['frequency']} ({float(line['share_of_bits']):.1%} of all bits)"
        for line in named
    ]


def _rows(kind: Kind, lines: Lines) -> Lines:
    kept = [line for line in lines if line.get(kind.column) and (not kind.unit or line.get("unit") == kind.unit)]
    return [line for line in kept if kind.name(line) not in kind.words]


def _ends(lines: Lines) -> Lines:
    return [lines[0], lines[-1]] if len(lines) > 1 else lines


def reliability(name: str, lines: Lines) -> Chart:
    """How often it is right against how sure it is; on the grey diagonal a model is calibrated."""
    points: list[Point] = [(float(line["confidence"]), float(line["accuracy"])) for line in lines]
    spans = tuple((x, float(line["low"]), float(line["high"])) for (x, _), line in zip(points, lines, strict=True))
    texts = [int(line["texts"]) for line in lines]
    weighed = [(x * count, y * count) for (x, y), count in zip(points, texts, strict=True)]
    sure, right = (sum(column) / sum(texts) for column in zip(*weighed, strict=True))
    note = f"reliability: sure of {sure:.1%}, right in {right:.1%}; on the grey line the two are one"
    panel = Panel(
        f"{name}: {note}", [("valid", points)], [[(0.0, 0.0), (1.0, 1.0)]], (0.0, 1.0), (0.0, 1.0), None, (), "confidence", spans, True
    )
    return Chart(name, plots.panel(panel), note)


def _classes(lines: Lines) -> Table | None:
    if not lines:
        return None
    hardest = sorted(lines, key=lambda line: (float(line["f1"]), line["class"]))[:WIDEST] if len(lines) > WIDEST else lines
    title = "class by class" if len(hardest) == len(lines) else f"the {WIDEST} hardest of {len(lines)} classes"
    return Table(title, ["precision", "recall", "F1", "95% interval", "examples"], [(line["class"], _cells(line)) for line in hardest])


def _cells(line: dict[str, str]) -> list[str]:
    shares = [f"{float(line[name]):.1%}" for name in ("precision", "recall", "f1")]
    between = f"{float(line['low']):.1%} to {float(line['high']):.1%}" if line["low"] else ""
    return [*shares, between, f"{int(line['support']):,}"]


def _layers(lines: Lines) -> Table | None:
    """Parameters and multiply-adds of each layer, and of all together."""
    if not lines:
        return None
    per_text = any(float(line["multiply_adds_per_text"]) for line in lines)
    columns = ["parameters", "multiply-adds per token", *(["per text"] if per_text else [])]
    keys = ["parameters", "multiply_adds_per_token", *(["multiply_adds_per_text"] if per_text else [])]
    rows = [(f"{line['name']} ({line['kind']})", [f"{float(line[key]):,.0f}" for key in keys]) for line in lines]
    total = [f"{sum(float(line[key]) for line in lines):,.0f}" for key in keys]
    return Table("layer by layer", columns, [*rows, ("all", total)])
