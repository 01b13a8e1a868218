"""The section of claims: each with its verdict and a drawing for every line."""

from malmoi._page import probes

FINDING = {
    "name": "recall",
    "claim": "A claim.",
    "measured": "Seen.",
    "verdict": "held in part",
    "x": "distance",
    "y": "share",
    "by": "cell",
    "log": False,
}
TABLE = [
    {"cell": "gru", "distance": "5", "share": "0.987654"},
    {"cell": "gru", "distance": "10", "share": "0.5"},
    {"cell": "simple", "distance": "5", "share": "0.25"},
]


def test_a_line_is_a_drawing_and_the_others_are_grey() -> None:
    [entry] = probes.section([probes.Probe(FINDING, TABLE)])
    assert entry["verdict"] == "held in part"
    assert [chart.experiment for chart in entry["charts"]] == ["gru", "simple"]
    assert entry["charts"][0].drawing.count('class="valid"') == 1
    assert entry["charts"][1].drawing.count('class="other"') == 1
    assert entry["rows"][0] == ["gru", "5", "0.9877"]


def test_words_on_the_x_axis_and_a_logarithm() -> None:
    table = [{"cell": "a", "distance": "in order", "share": "0.001"}, {"cell": "a", "distance": "shuffled", "share": "10"}]
    [entry] = probes.section([probes.Probe({**FINDING, "log": True, "verdict": "held"}, table)])
    assert "in order" in entry["charts"][0].drawing
    assert "power of ten" in entry["charts"][0].note
    assert entry["verdict"] == "held"


def test_nothing_measured_is_no_section() -> None:
    assert probes.section([]) == []


def test_what_was_not_measured_is_not_drawn() -> None:
    [entry] = probes.section([probes.Probe({**FINDING, "verdict": "cannot be told"}, [{**row, "share": "nan"} for row in TABLE])])
    assert (entry["verdict"], entry["charts"], len(entry["rows"])) == ("cannot be told", [], 3)
