"""Small charts, one per experiment: it is drawn in colour and the ones it compares with in grey, so that no legend has to be looked up."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from malmoi import plots
from malmoi.leaderboard import model_name
from malmoi.plots import Panel, Point
from malmoi.scores import show, show_interval

Row = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One drawing and the words under it."""

    experiment: str
    drawing: Markup
    note: str


def board_id(board: str, part: str = "") -> str:
    """The anchor of a board's section on the page."""
    return model_name(board) + (f"-{part}" if part else "")


def whiskers(rows: list[Row]) -> tuple[Markup, list[Markup]]:
    """The scale and one dot-and-whisker drawing per row of a group, all on one scale."""
    metric = rows[0]["metric"]
    values = [edge for row in rows for edge in [row["test"][metric], *(row["interval"].get(metric) or []), *row["seeds"].values()]]
    domain = plots.around(values)
    scale = plots.axis(domain, [_short(show(metric, tick)) for tick in plots.ticks(*domain)])
    drawings = []
    for row in rows:
        interval = row["interval"].get(metric)
        label = f"{row['experiment']}: {show(metric, row['test'][metric])}, 95% interval {show_interval(metric, interval) or 'not known'}"
        drawings.append(plots.whisker(domain, row["test"][metric], interval, list(row["seeds"].values()), label))
    return scale, drawings


def learning_curves(rows: list[Row], histories: dict[str, list[dict[str, str]]]) -> list[Chart]:
    """Loss by epoch of every experiment that learned in more than one pass; those of one pass are the dotted line to hold it against."""
    charts: list[Chart] = []
    for together in alike(rows):
        lines = {row["experiment"]: _losses(histories.get(row["experiment"], [])) for row in together}
        learned = {name: line for name, line in lines.items() if len(line["valid_loss"]) > 1}
        once = {name: line["valid_loss"][0][1] for name, line in lines.items() if len(line["valid_loss"]) == 1}
        charts += [_learning_curve(name, learned, once) for name in learned]
    return charts


def by_position(rows: list[Row], positions: dict[str, list[dict[str, str]]]) -> list[Chart]:
    """Perplexity by the token's place in its text: how much a model gains from what it has read."""
    charts: list[Chart] = []
    for together in alike(rows):
        lines = {row["experiment"]: positions[row["experiment"]] for row in together if positions.get(row["experiment"])}
        heights = [float(line["perplexity"]) for table in lines.values() for line in table]
        charts += [_position(name, lines, plots.around([0.0, *heights], 0.03)) for name in lines]
    return charts


def alike(rows: list[Row]) -> list[list[Row]]:
    """Rows whose losses compare: all classifiers of a board, language models of one tokenization."""
    kinds = dict.fromkeys(row["tokenization"] for row in rows)
    return [[row for row in rows if row["tokenization"] == kind] for kind in kinds]


def _losses(history: list[dict[str, str]]) -> dict[str, list[Point]]:
    """Points (epoch, loss) of each loss, the mean over seeds."""
    epochs = sorted({int(line["epoch"]) for line in history})
    curves: dict[str, list[Point]] = {"train_loss": [], "valid_loss": []}
    for column, points in curves.items():
        for epoch in epochs:
            found = [float(line[column]) for line in history if int(line["epoch"]) == epoch and line.get(column)]
            points.extend([(float(epoch), sum(found) / len(found))] if found else [])
    return curves


def _learning_curve(name: str, learned: dict[str, dict[str, list[Point]]], once: dict[str, float]) -> Chart:
    own, others = learned[name], [line["valid_loss"] for other, line in learned.items() if other != name]
    reference = min(once.items(), key=lambda pair: pair[1]) if once else None
    heights = [y for line in learned.values() for points in line.values() for _, y in points] + ([reference[1]] if reference else [])
    epochs = max(x for line in learned.values() for x, _ in line["valid_loss"])
    best = min(own["valid_loss"], key=lambda point: point[1])
    note = f"lowest validation loss {best[1]:.3f} at epoch {best[0]:.0f} of {own['valid_loss'][-1][0]:.0f}"
    note += f"; dotted: {reference[0]}, {reference[1]:.3f}" if reference else ""
    front = [("train", own["train_loss"]), ("valid", own["valid_loss"])]
    drawn = [(kind, points) for kind, points in front if points]
    label = f"{name}: training and validation loss by epoch; {note}"
    shape = {"x": (1.0, epochs), "y": plots.around(heights), "reference": reference[1] if reference else None, "x_title": "epoch"}
    return Chart(name, plots.panel(Panel(label, drawn, others, **shape)), note)  # type: ignore[arg-type]


def _position(name: str, lines: dict[str, list[dict[str, str]]], y: plots.Domain) -> Chart:
    points = {other: [(float(place), float(line["perplexity"])) for place, line in enumerate(table)] for other, table in lines.items()}
    longest = max(lines.values(), key=len)
    names = tuple(line["position"] for line in longest)
    first, last = points[name][0][1], points[name][-1][1]
    note = f"{first:,.1f} at the start of a text, {last:,.1f} at position {lines[name][-1]['position']}"
    back = [line for other, line in points.items() if other != name]
    domain = (0.0, float(max(1, len(longest) - 1)))
    drawing = Panel(
        f"{name}: perplexity by position; {note}", [("valid", points[name])], back, domain, y, None, names, "position in the text"
    )
    return Chart(name, plots.panel(drawing), note)


def _short(number: str) -> str:
    """A tick's label without idle zeros: "80%" for "80.0%"."""
    body, sign = (number[:-1], "%") if number.endswith("%") else (number, "")
    return (body.rstrip("0").rstrip(".") if "." in body else body) + sign
