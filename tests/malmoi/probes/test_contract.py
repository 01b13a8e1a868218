"""One harness that drives every probe: it measures at a small size, twice to the same numbers, and says what it saw."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import language_split

from malmoi import batches, registry
from malmoi.config import ConfigError, read
from malmoi.probes import _classifying
from malmoi.probing import Finding, Source, Sources

pytestmark = pytest.mark.long

WIDTH = 9
SHORT = {"epochs": 1, "batch_size": 8, "learning_rate": 0.01}
QUESTION = {"texts": 24, "shortest": 6, "longest": 20}
SMALL: dict[str, dict[str, Any]] = {
    "carried_state": {"steps": [4], "training": SHORT, "texts": 20, "network": {"cell": "simple", "units": 8, "embedding": 8}},
    "copying": {"lengths": [2], "symbols": 2, "texts": 20, "epochs": 1, "units": 8},
    "directions": {"units": 8, "training": SHORT, "seeds": [1], "question": QUESTION},
    "front": {
        "training": SHORT,
        "seeds": [1],
        "question": QUESTION | {"together": 2},
        "front": {"width": 3, "filters": 4, "stride": 2},
        "network": {"cell": "gru", "units": 4, "embedding": 4},
    },
    "gradients": {"steps": 9, "far": 6, "units": 8, "texts": 4, "seeds": [1]},
    "normalization": {"training": SHORT, "seeds": [1], "question": QUESTION, "network": {"cell": "lstm", "units": 4, "embedding": 4}},
    "parameters": {"units": [8, 16], "inputs": 8},
    "recall": {"distances": [2, 4], "symbols": 2, "texts": 40, "epochs": 1, "units": 8},
    "temperature": {},
    "word_order": {"texts": 5},
}
OWN = ("parameters", "gradients", "recall", "copying")  # make their own sequences
BUNDLES = ("word_order",)  # read a trained model; see test_word_order.py


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Features and written samples of two languages."""
    random = np.random.default_rng(0)
    for language in ("ko", "en"):
        folder = tmp_path / language
        folder.mkdir()
        for split, number in (("train", 60), ("valid", 40)):
            texts = [random.integers(3, WIDTH, random.integers(6, 16)).tolist() for _ in range(number)]
            batches.save_split(folder / f"{split}.npz", language_split(texts))
        (folder / "pipeline.json").write_text(json.dumps({"width": WIDTH, "labels": []}))
        with open(folder / "generation.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([["temperature", "mean_log_likelihood", "repetition", "distinct_2"], [0, -0.1, 0.9, 0.1], [1, -2, 0.1, ""]])
    return {language: Source(tmp_path / language, tmp_path / language) for language in ("ko", "en")}


def measured(kind: str, sources: Sources) -> Finding:
    probe = registry.find("probes", kind)
    given = {} if kind in OWN else sources
    found: Finding = probe.measure(read(probe.Params, SMALL[kind], "test"), given)
    return found


def test_every_probe_is_driven() -> None:
    assert sorted(SMALL) == registry.names("probes")


@pytest.mark.parametrize("kind", sorted(set(SMALL) - set(BUNDLES)))
def test_contract(kind: str, sources: Sources) -> None:
    finding = measured(kind, sources)
    lengths = {len(column) for column in finding.table.values()}
    assert len(lengths) == 1
    assert {finding.x, finding.y, finding.by} <= set(finding.table)
    assert all(math.isfinite(value) for value in finding.table[finding.y])
    assert finding.held in (True, False, None)
    assert "(" in finding.claim
    assert finding.measured.endswith(".")
    json.dumps(finding.settings())
    if kind in ("recall", "directions"):
        assert measured(kind, sources).table == finding.table, "the same seed must give the same numbers"


def test_parameters_are_those_of_the_papers(sources: Sources) -> None:
    finding = measured("parameters", sources)
    assert finding.held is True
    assert finding.table["ratio"][2] == 4
    assert finding.table["extra"][1] == 3 * 8


def test_temperature_reads_what_evaluate_wrote(sources: Sources) -> None:
    finding = measured("temperature", sources)
    assert finding.held is True
    assert "repetition 0.90 and 0.10" in finding.measured


def test_every_second_text_is_turned_round(sources: Sources) -> None:

    question = _classifying.Question(texts=20, shortest=6, longest=20)
    split = _classifying.examples(sources["ko"], question, "train")
    given, original = _classifying.sequences(split), _classifying.sequences(sources["ko"].split("train"))
    assert split.labels.tolist() == [0, 1] * 10
    assert [given[place].tolist() for place in (0, 1)] == [original[0].tolist(), original[1].tolist()[::-1]]
    with pytest.raises(ConfigError, match="shortest"):
        _classifying.examples(sources["ko"], _classifying.Question(shortest=99), "train")


def test_a_front_that_pools_shortens_too_and_may_leave_its_stride_out(sources: Sources) -> None:
    probe = registry.find("probes", "front")
    steps = {}
    for front in ({"width": 3, "filters": 4}, {"width": 3, "filters": 4, "stride": 2}, {"width": 3, "filters": 4, "stride": 2, "pool": 3}):
        found = probe.measure(read(probe.Params, SMALL["front"] | {"front": front}, "test"), sources)
        steps[str(front)] = found.table["recurrent_steps"][1]
        alone = found.table["recurrent_steps"][0]
    lengths = _classifying.sequences(
        _classifying.examples(sources["ko"], _classifying.Question(**SMALL["front"]["question"]), "valid")
    ).lengths
    assert list(steps.values()) == [alone, np.ceil(lengths / 2).mean(), np.ceil(lengths / 6).mean()]


def finding(**more: Any) -> Finding:
    return Finding(
        "A claim (1999).", "Seen.", **{"held": False, "table": {"x": [1], "y": [0.5], "by": ["a"]}, "x": "x", "y": "y", "by": "by"} | more
    )


def test_what_was_not_measured_neither_held_nor_did_not() -> None:
    assert [finding(held=held).verdict for held in (True, False, None)] == ["held", "did not hold", "held in part"]
    for nothing in ({"told": False}, {"table": {}}, {"table": {"x": [1], "y": [math.nan], "by": ["a"]}}):
        assert finding(**nothing).verdict == finding(**nothing).settings()["verdict"] == "cannot be told"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[0.5, -1, 0.3, 0.1]],
        [[0, -0.1, "", 0.1], [1, -2, "", 0.2]],
        [[0, -0.1, 0.5, 0.1], [1, -2, 0.5, 0.2]],
    ],
)
def test_temperatures_that_show_nothing(rows: list[list[Any]], sources: Sources) -> None:
    for source in sources.values():
        with open(source.reads / "generation.csv", "w", newline="") as file:
            csv.writer(file).writerows([["temperature", "mean_log_likelihood", "repetition", "distinct_2"], *rows])
    assert measured("temperature", sources).verdict == "cannot be told"


def test_networks_that_have_learned_nothing_show_nothing(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts at random cannot be told from their reverse, and one pass over a few symbols teaches no copying."""
    for kind in ("directions", "front", "normalization", "recall", "copying"):
        probe = registry.find("probes", kind)
        slow = {"training": SHORT | {"learning_rate": 1e-9}} if "training" in SMALL[kind] else {}
        found = probe.measure(read(probe.Params, SMALL[kind] | slow, "test"), {} if kind in OWN else sources)
        assert found.verdict == "cannot be told", (kind, found.measured)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("directions", {"seeds": []}),
        ("copying", {"lengths": []}),
        ("recall", {"distances": []}),
        ("carried_state", {"steps": []}),
        ("gradients", {"far": 101}),
    ],
)
def test_options_that_measure_nothing_are_refused(kind: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))} should"):
        read(registry.find("probes", kind).Params, options, "params/probes.yaml")
