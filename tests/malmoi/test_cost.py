"""What a model costs by its shape."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from malmoi import cost, expense
from malmoi.config import ConfigError
from malmoi.npz import save_arrays

EMBEDDING = {"name": "embedding", "kind": "vectors", "parameters": 1000, "multiply_adds_per_token": 0}
HEAD = {"name": "head", "kind": "softmax", "parameters": 30, "multiply_adds_per_token": 0, "multiply_adds_per_text": 20}


@dataclass
class Row:
    name: str
    kind: str
    parameters: int
    multiply_adds_per_token: int


def test_layers_of_dicts_and_of_dataclasses() -> None:
    found = cost.layers(SimpleNamespace(layers=[EMBEDDING, Row("reader0", "gru", 300, 288), HEAD]))
    assert found is not None
    assert [list(row) for row in found] == [list(cost.COLUMNS)] * 3
    assert cost.multiply_adds(found) == {"multiply_adds_per_token": 288, "multiply_adds_per_text": 20}
    cache = {"name": "cache", "kind": "continuous cache", "parameters": 2, "multiply_adds_per_token": 70, "multiply_adds_per_text": 0}
    looked = cost.multiply_adds([*found, cache])
    assert looked == {"multiply_adds_per_token": 358, "multiply_adds_per_text": 20, cost.UNTRAINED: 70}


def test_a_model_that_says_nothing_costs_what_is_not_known() -> None:
    assert cost.layers(object()) is None
    unknown = cost.multiply_adds(None)
    assert set(unknown.values()) == {None}
    assert expense.training_operations(unknown, {"tokens": 9, "texts": 1, "epochs": 1, "updates": 1}) is None


@pytest.mark.parametrize(
    ("layer", "message"),
    [({"name": "x", "kind": "gru", "parameters": 3}, "'x' lacks multiply_adds_per_token"), ({**HEAD, "parameters": -1}, "found -1")],
)
def test_a_layer_that_cannot_be_right(layer: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cost.layers(SimpleNamespace(layers=[layer]))


def test_bytes_are_those_of_the_arrays_and_not_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_arrays(tmp_path / "model/weights.npz", {"a": np.zeros(1000, np.float32)})
    assert 4000 <= cost.weight_bytes(tmp_path) <= 4200  # a header in front of the array
    assert (tmp_path / "model/weights.npz").stat().st_size < 1000
