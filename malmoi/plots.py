"""Drawings as SVG text: pure functions, the same bytes for the same numbers, and the reader's own fonts for Hangul.

Colours are CSS classes, which the page defines for light and dark.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]
Domain = tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """One small chart of lines. label: what a reader who cannot see it is told.

    front: lines that it is about (the class of each, its points); back: the other experiments' lines, drawn grey for comparison;
    reference: a height to hold against, such as the baseline's; names: written at the x ticks instead of numbers. spans: (x, low, high) of
    intervals around points of the front. fractions: are ticks on the x axis between whole numbers, too?
    """

    label: str
    front: list[tuple[str, list[Point]]]
    back: list[list[Point]]
    x: Domain
    y: Domain
    reference: float | None = None
    names: tuple[str, ...] = ()
    x_title: str = ""
    spans: tuple[tuple[float, float, float], ...] = ()
    fractions: bool = False


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """An SVG element; everything that is not Markup is escaped. `class_` is class, `_` in a name is `-`, numbers have two decimals."""
    written = "".join(f' {name.rstrip("_").replace("_", "-")}="{escape(_number(value))}"' for name, value in attributes.items())
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{tag}{written}>{inside}</{tag}>")  # noqa: S704 - tag and names are ours, all else is escaped above


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers in [low, high], about `count` of them.

    >>> ticks(0.62, 0.93)
    [0.7, 0.8, 0.9]
    """
    rough = max(high - low, 1e-9) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(step * place, 10) for place in range(first, math.floor(high / step + 1e-9) + 1)]


def around(values: list[float], share: float = 0.06) -> Domain:
    """A domain that holds all values, with some room; never empty."""
    low, high = min(values), max(values)
    room = (high - low) * share or abs(high) * share or 1.0
    return low - room, high + room


def whisker(domain: Domain, value: float, interval: list[float] | None, seeds: list[float], label: str) -> Markup:
    """A score as a dot, its 95 % interval as a line, and each seed as a small stroke; 240 x 24."""
    place = _place(domain, (6, 234))
    parts = [element("line", class_="grid", x1=place(tick), x2=place(tick), y1=0, y2=24) for tick in ticks(*domain)]
    if interval:
        parts.append(element("line", class_="range", x1=place(interval[0]), x2=place(interval[1]), y1=12, y2=12))
    parts += [element("line", class_="seed", x1=place(seed), x2=place(seed), y1=5, y2=19) for seed in seeds if len(seeds) > 1]
    parts.append(element("circle", class_="dot", cx=place(value), cy=12, r=4.5))
    return _svg(240, 24, label, parts)


def axis(domain: Domain, written: list[str]) -> Markup:
    """The scale above a column of whiskers; written: the labels of `ticks(*domain)`."""
    place = _place(domain, (6, 234))
    texts = [
        element("text", name, x=min(max(place(tick), 16), 224), y=13, text_anchor="middle")
        for tick, name in zip(ticks(*domain), written, strict=True)
    ]
    return element("svg", *texts, viewBox="0 0 240 18", class_="plot", aria_hidden="true")


def panel(chart: Panel) -> Markup:
    """A chart of lines, 320 x 190."""
    across, up = _place(chart.x, (44, 310)), _place(chart.y, (158, 10))
    parts = [*_grid(chart, up), *_labels(chart, across)]
    if chart.reference is not None and chart.y[0] <= chart.reference <= chart.y[1]:
        parts.append(element("line", class_="reference", x1=44, x2=310, y1=up(chart.reference), y2=up(chart.reference)))
    parts += [_line("other", [(across(x), up(y)) for x, y in points]) for points in chart.back]
    parts += [element("line", class_="range", x1=across(x), x2=across(x), y1=up(low), y2=up(high)) for x, low, high in chart.spans]
    for kind, points in chart.front:
        parts.append(_line(kind, [(across(x), up(y)) for x, y in points]))
        parts += [_line(kind, [(across(x), up(y))]) for x, y in points if chart.spans and len(points) > 1]
    return _svg(320, 190, chart.label, parts)


def _svg(width: int, height: int, label: str, parts: list[Markup]) -> Markup:
    return element("svg", *parts, viewBox=f"0 0 {width} {height}", class_="plot", role="img", aria_label=label)


def _place(domain: Domain, pixels: Domain) -> Callable[[float], float]:
    """The function from a value in `domain` to a pixel."""
    scale = (pixels[1] - pixels[0]) / ((domain[1] - domain[0]) or 1.0)
    return lambda value: pixels[0] + (min(max(value, domain[0]), domain[1]) - domain[0]) * scale


def _grid(chart: Panel, up: Callable[[float], float]) -> list[Markup]:
    parts = []
    for tick in ticks(*chart.y):
        parts.append(element("line", class_="grid", x1=44, x2=310, y1=up(tick), y2=up(tick)))
        parts.append(element("text", f"{tick:g}", x=38, y=up(tick) + 4, text_anchor="end"))
    return parts


def _labels(chart: Panel, across: Callable[[float], float]) -> list[Markup]:
    if chart.names:
        step = math.ceil(len(chart.names) / 7)
        named = [(float(place), name) for place, name in enumerate(chart.names) if place % step == 0]
    else:
        named = [(tick, f"{tick:g}") for tick in ticks(*chart.x) if chart.fractions or tick == int(tick)]
    texts = [element("text", name, x=across(place), y=173, text_anchor="middle") for place, name in named]
    return [*texts, element("text", chart.x_title, x=310, y=187, text_anchor="end", class_="title")]


def _line(kind: str, points: list[Point]) -> Markup:
    if len(points) == 1:
        return element("circle", class_=f"point {kind}", cx=points[0][0], cy=points[0][1], r=3)
    return element("polyline", class_=kind, points=" ".join(f"{_number(x)},{_number(y)}" for x, y in points))


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
