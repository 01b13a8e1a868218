"""Transformer: its attention is Keras's where positions are off, positions are relative, and its memory has an end."""

import keras
import numpy as np
import pytest
from networks import untrained

from malmoi.batches import Spec
from malmoi.models import transformer
from malmoi.models._network import arrays
from malmoi.models._network.blocks import Given

RANDOM = np.random.default_rng(0)
MASK = np.array([[True] * 6, [False] * 2 + [True] * 4])


def read(layer: transformer.Layer, weights: dict[str, np.ndarray], hidden: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.asarray(layer.read(Given(arrays, weights), hidden, [], mask)[0])


def made(**settings: object) -> tuple[transformer.Layer, dict[str, np.ndarray]]:
    layer = transformer.Layer(transformer.Params(heads=2, inner=10, **settings), 8, first=False)  # type: ignore[arg-type]
    return layer, {name: RANDOM.normal(0, 0.5, weight.shape).astype(np.float32) for name, weight in layer.weights().items()}


@pytest.mark.parametrize("bidirectional", [True, False])
def test_without_positions_a_layer_is_made_of_keras_layers(bidirectional: bool) -> None:
    layer, own = made(positions="none", bidirectional=bidirectional)
    hidden = RANDOM.normal(size=(2, 6, 8)).astype(np.float32)
    attention = keras.layers.MultiHeadAttention(2, 4)
    attention.build((None, None, 8), (None, None, 8))
    shapes = {"query": ((8, 2, 4), (2, 4)), "key": ((8, 2, 4), (2, 4)), "value": ((8, 2, 4), (2, 4)), "output": ((2, 4, 8), (8,))}
    pairs = [(own[f"{name}.kernel"].reshape(kernel), own[f"{name}.bias"].reshape(bias)) for name, (kernel, bias) in shapes.items()]
    attention.set_weights([one for pair in pairs for one in pair])

    def normed(name: str, whole: np.ndarray) -> np.ndarray:
        norm = keras.layers.LayerNormalization(epsilon=transformer.EPSILON)
        norm.build((None, None, 8))
        norm.set_weights([own[f"{name}.scale"], own[f"{name}.shift"]])
        return np.asarray(norm(whole))

    below = normed("attention_norm", hidden)
    seen = attention(below, below, attention_mask=np.repeat(MASK[:, None], 6, 1), use_causal_mask=not bidirectional)
    middle = hidden + np.asarray(seen)
    inner = np.maximum(normed("inner_norm", middle) @ own["rise.kernel"] + own["rise.bias"], 0)
    expected = middle + inner @ own["fall.kernel"] + own["fall.bias"]
    assert read(layer, own, hidden, MASK)[MASK] == pytest.approx(expected[MASK], abs=1e-5)


def test_rotary_products_know_how_far_apart_places_are_and_nothing_else() -> None:
    query, key = RANDOM.normal(size=(2, 1, 1, 1, 6)).astype(np.float32)

    def product(one: int, other: int) -> float:
        turned = transformer.turn(arrays, query, np.array([one])), transformer.turn(arrays, key, np.array([other]))
        return float((turned[0] * turned[1]).sum())

    assert product(5, 3) == pytest.approx(product(105, 103), abs=1e-4)
    assert product(5, 5) == pytest.approx(float((query * key).sum()), abs=1e-5)
    assert abs(product(5, 3) - product(3, 5)) > 0.01
    # by hand: a query of (1, 0) and a key of (1, 0), one apart, are turned away from each other by one radian
    pair = np.array([1, 0], np.float32).reshape(1, 1, 1, 2)
    turned = transformer.turn(arrays, pair, np.array([4])), transformer.turn(arrays, pair, np.array([3]))
    assert float((turned[0] * turned[1]).sum()) == pytest.approx(np.cos(1), abs=1e-6)


@pytest.mark.parametrize(("positions", "seen"), [("rotary", True), ("none", False)])
def test_order_is_seen_by_positions(positions: str, seen: bool) -> None:
    layer, own = made(positions=positions, bidirectional=True)
    hidden = RANDOM.normal(size=(1, 6, 8)).astype(np.float32)
    one, other = read(layer, own, hidden, MASK[:1]), read(layer, own, hidden[:, ::-1], MASK[:1])[:, ::-1]
    assert bool(np.abs(one - other).max() > 0.01) is seen


@pytest.mark.parametrize("layers", [1, 2])
def test_a_token_looks_no_further_than_it_may(layers: int) -> None:
    model, _ = untrained("transformer", Spec("language_model", 8), {"heads": 2, "inner": 10, "context": 3, "layers": layers})
    ids = RANDOM.integers(3, 7, (1, 12))
    whole = model._read(ids, model.start(1), None)[0]
    changed = ids.copy()
    changed[0, 4] = 7
    differs = np.abs(model._read(changed, model.start(1), None)[0] - whole).max((0, 2)) > 1e-6
    assert differs.tolist() == [4 <= place <= 4 + 3 * layers for place in range(12)]


def test_nothing_is_dropped_out_of_what_goes_past_a_layer() -> None:
    ids = RANDOM.integers(3, 7, (2, 5)).astype(np.int32)
    _, network = untrained("transformer", Spec("language_model", 8), {"heads": 2, "inner": 10, "hidden_dropout": 0.9})

    def change() -> float:
        trained, answered = (network.read(ids, network.initial(2), training)[0].numpy() for training in (True, False))
        return float(np.abs(trained - answered).max())

    assert change() > 0.01
    for reader in network.readers[:-1]:
        for name in ("output.kernel", "output.bias", "fall.kernel", "fall.bias"):
            reader.own[name].assign(np.zeros(reader.own[name].shape))
    assert change() == 0


def test_counts() -> None:
    # 8 tokens of 8 numbers; four 8 x 8 matrices and 8 x 10, 10 x 8 with biases, two norms; a token sees itself and 4 others
    model, _ = untrained("transformer", Spec("language_model", 8), {"heads": 2, "inner": 10, "context": 4, "layers": 1})
    matrices = 4 * 8 * 8 + 2 * 8 * 10
    assert [(row.parameters, row.multiply_adds_per_token) for row in model.layers] == [
        (64, 0),
        (matrices + 4 * 8 + 10 + 8 + 4 * 8, matrices + 2 * 8 * 5),
        (16, 0),
        (8 * 8 + 8, 64),
    ]
    both, _ = made(context=4, bidirectional=True)
    assert both.multiply_adds() == matrices + 2 * 8 * 9
