"""One harness that drives every model family: it trains, answers, saves, loads, and does so to the same bytes again."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import labelled_rows, labelled_sequences, language_split

from malmoi import cost, registry
from malmoi.batches import Epoch, Sequences, Spec, Split
from malmoi.config import read

pytestmark = pytest.mark.long

TEXTS = [[3, 4, 5, 3, 4, 6], [4, 5], [3, 3, 4], [5, 6, 3, 4]] * 10
STREAMS = {"epochs": 2, "batch_size": 4, "steps": 8}
SMALL: dict[str, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "bag": [("classify", {"embedding": 8}, {"epochs": 2})],
    "linear": [("classify", {}, {})],
    "ngram": [("language_model", {"order": 3}, {})],
    "qrnn": [
        ("classify", {"units": 8, "embedding": 8, "pooling": "max"}, {"epochs": 2}),
        ("language_model", {"units": 8, "embedding": 8, "layers": 2, "zoneout": 0.1}, STREAMS),
    ],
    "recurrent": [
        ("classify", {"units": 8, "embedding": 8, "front": {"width": 3, "filters": 6, "stride": 2}}, {"epochs": 2}),
        ("classify", {"cell": "gru", "units": 8, "embedding": 8, "bidirectional": True}, {"epochs": 2}),
        ("classify", {"cell": "lstm", "units": 8, "embedding": 8, "pooling": "max", "dropout": 0.2}, {"epochs": 2}),
        ("language_model", {"cell": "lstm", "units": 8, "embedding": 8, "layers": 2}, {"epochs": 2, "batch_size": 4, "steps": 8}),
        ("language_model", {"cell": "simple", "units": 8, "embedding": 8}, {"epochs": 2, "batch_size": 4, "steps": 8}),
    ],
    "textcnn": [("classify", {"embedding": 8, "widths": [2, 3], "filters": 4, "dropout": 0.2}, {"epochs": 2})],
    "transformer": [
        ("classify", {"embedding": 8, "heads": 2, "inner": 8, "bidirectional": True, "pooling": "mean", "dropout": 0.1}, {"epochs": 2}),
        ("language_model", {"embedding": 8, "heads": 2, "inner": 8, "context": 12, "dropout": 0.1}, STREAMS),
    ],
    "wavenet": [
        ("classify", {"embedding": 8, "channels": 6, "skips": 6, "layers": 2, "pooling": "max"}, {"epochs": 2}),
        ("language_model", {"embedding": 8, "channels": 6, "skips": 6, "layers": 3, "dropout": 0.1}, STREAMS),
    ],
}
CASES = [pytest.param(family, *case, id=f"{family}-{n}") for family, cases in SMALL.items() for n, case in enumerate(cases)]


def splits(family: str, problem: str) -> tuple[Split, Split, Spec]:
    if family == "linear":
        return labelled_rows(60), labelled_rows(20, seed=1), Spec("classify", 5, 3, seed=7)
    if problem == "classify":
        return labelled_sequences(60), labelled_sequences(20, seed=1), Spec("classify", 8, 2, seed=7)
    return language_split(TEXTS), language_split(TEXTS[:3]), Spec("language_model", 8, seed=7)


def trained(family: str, problem: str, shape: dict[str, Any], training: dict[str, Any]) -> tuple[Any, list[Epoch], Split]:
    module = registry.find("models", family)
    train, valid, spec = splits(family, problem)
    model = module.build(read(module.Params, shape, "test"), read(module.Training, training, "test"), spec)
    epochs: list[Epoch] = []
    model.fit(train, valid, epochs.append)
    return model, epochs, valid


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_every_family_is_driven() -> None:
    assert sorted(SMALL) == registry.names("models")


@pytest.mark.parametrize(("family", "problem", "shape", "training"), CASES)
def test_contract(family: str, problem: str, shape: dict[str, Any], training: dict[str, Any], tmp_path: Path) -> None:
    model, epochs, valid = trained(family, problem, shape, training)
    assert [epoch.number for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert all(math.isfinite(epoch.train_loss) and math.isfinite(epoch.valid_loss) for epoch in epochs)
    assert model.parameters == sum(row["parameters"] for row in cost.layers(model) or []) > 0
    answers = model.predict(valid.inputs)
    if problem == "classify":
        assert answers.shape == (len(valid), model.spec.classes)
        assert answers.sum(1) == pytest.approx(np.ones(len(valid)), abs=1e-5)
    else:
        assert isinstance(valid.inputs, Sequences)
        assert answers.shape == (len(valid.inputs.stream()) - 1,)
        assert (answers <= 0).all()
    model.save(tmp_path / "saved")
    loaded = registry.find("models", family).load(tmp_path / "saved")
    assert np.array_equal(loaded.predict(valid.inputs), answers)
    assert loaded.parameters == model.parameters
    again, _, _ = trained(family, problem, shape, training)
    again.save(tmp_path / "again")
    assert content(tmp_path / "saved") == content(tmp_path / "again"), "the same seed must give the same bytes"


@pytest.mark.parametrize(("family", "problem", "shape", "training"), [case for case in CASES if case.values[1] == "language_model"])
def test_next_agrees_with_predict(family: str, problem: str, shape: dict[str, Any], training: dict[str, Any]) -> None:
    model, _, valid = trained(family, problem, shape, training)
    assert isinstance(valid.inputs, Sequences)
    stream = valid.inputs.stream()
    state, found = model.start(1), []
    for token, wanted in pairwise(stream):
        shares, state = model.next(state, np.array([token]))
        found.append(shares[0, wanted])
    assert model.predict(valid.inputs) == pytest.approx(np.array(found), abs=1e-4)
