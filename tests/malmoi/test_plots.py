"""Drawings are well-formed, escaped, and put things where they belong."""

from xml.etree import ElementTree

import pytest

from malmoi import plots
from malmoi.plots import Panel


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)  # noqa: S314 - our own text


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.62, 0.93, [0.7, 0.8, 0.9]),
        (0.0, 100.0, [0.0, 25.0, 50.0, 75.0, 100.0]),
        (2.31, 2.39, [2.32, 2.34, 2.36, 2.38]),
        (-1.0, 1.0, [-1, -0.5, 0, 0.5, 1]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert plots.ticks(low, high) == pytest.approx(expected)


def test_a_domain_is_never_empty() -> None:
    assert plots.around([5.0, 5.0]) == pytest.approx((4.7, 5.3))
    assert plots.around([0.0]) == (-1.0, 1.0)


def test_whisker_is_drawn_to_scale() -> None:
    root = parsed(plots.whisker((0.0, 1.0), 0.5, [0.25, 1.0], [0.4, 0.6], 'a "name" <b>'))
    dot, line = root.find("circle"), root.find("line[@class='range']")
    assert dot is not None
    assert line is not None
    assert (dot.get("cx"), line.get("x1"), line.get("x2")) == ("120", "63", "234")
    assert len(root.findall("line[@class='seed']")) == 2
    assert root.get("aria-label") == 'a "name" <b>'


def test_panel_draws_lines_reference_and_names() -> None:
    panel = Panel("말모이 <&>", [("valid", [(0.0, 1.0), (1.0, 3.0)])], [[(0.0, 2.0)]], (0.0, 1.0), (1.0, 3.0), 2.0, ("0", "10"), "position")
    root = parsed(plots.panel(panel))
    line, reference = root.find("polyline"), root.find("line[@class='reference']")
    assert line is not None
    assert reference is not None
    assert (line.get("class"), line.get("points"), reference.get("y1")) == ("valid", "44,158 310,10", "84")
    assert root.find("circle[@class='point other']") is not None
    assert [text.text for text in root.findall("text")][-3:] == ["0", "10", "position"]


def test_intervals_are_behind_their_points_and_fractions_are_ticks_where_asked_for() -> None:
    line = [(0.0, 0.2), (1.0, 0.8)]
    panel = Panel("sure", [("valid", line)], [], (0.0, 1.0), (0.0, 1.0), spans=((0.0, 0.1, 0.3), (1.0, 0.7, 1.0)), fractions=True)
    root = parsed(plots.panel(panel))
    ranges = root.findall("line[@class='range']")
    assert [(each.get("x1"), each.get("y1"), each.get("y2")) for each in ranges] == [("44", "143.2", "113.6"), ("310", "54.4", "10")]
    assert len(root.findall("circle[@class='point valid']")) == 2
    assert "0.25" in [text.text for text in root.findall("text")][5:]  # behind those of the y axis
    assert "0.25" not in [text.text for text in parsed(plots.panel(Panel("", [("valid", line)], [], (0.0, 1.0), (0.0, 1.0))))][5:]


def test_drawings_are_always_the_same_bytes() -> None:
    assert plots.whisker((0.0, 1.0), 1 / 3, None, [], "x") == plots.whisker((0.0, 1.0), 1 / 3, None, [], "x")
    assert 'cx="82"' in plots.whisker((0.0, 1.0), 1 / 3, None, [], "x")
