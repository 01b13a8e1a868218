"""Convolutions before and beside other layers: they are Keras's, a text gets as short as it should, and bags see no order."""

import keras
import numpy as np
import pytest
from networks import untrained
from synthetic import sequences

from malmoi.batches import Spec
from malmoi.models import textcnn
from malmoi.models._network import arrays, convolutions
from malmoi.models._network.blocks import Given

RANDOM = np.random.default_rng(0)
SPEC = Spec("classify", 8, 3)


def made(**settings: int) -> tuple[convolutions.Shortening, dict[str, np.ndarray]]:
    block = convolutions.Shortening(convolutions.Front(filters=4, **settings), 5)
    return block, {name: RANDOM.normal(size=weight.shape).astype(np.float32) for name, weight in block.weights().items()}


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize(("stride", "pool"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_a_front_is_a_convolution_with_stride_and_pooling(width: int, stride: int, pool: int) -> None:
    block, own = made(width=width, stride=stride, pool=pool)
    hidden = RANDOM.normal(size=(1, 7, 5)).astype(np.float32)
    convolution = keras.layers.Conv1D(4, width, padding="same", activation="relu")
    convolution.build((None, None, 5))
    convolution.set_weights([own["kernel"], own["bias"]])
    places = convolution(hidden).numpy()[:, ::stride]
    expected = [places[:, begin : begin + pool].max(1) for begin in range(0, places.shape[1], pool)]
    found, _, mask = block.read(Given(arrays, own), hidden, [], np.ones((1, 7), bool))
    assert found == pytest.approx(np.stack(expected, 1), abs=1e-5)
    assert mask.shape == (1, len(expected))
    assert mask.all()


def test_masks_get_as_short_as_texts() -> None:
    block, own = made(width=3, stride=2, pool=2)
    lengths = [1, 4, 5, 9, 12]
    before = np.array([[False] * (12 - length) + [True] * length for length in lengths])
    for mask in (before, before[:, ::-1]):
        found, _, short = block.read(Given(arrays, own), RANDOM.normal(size=(5, 12, 5)).astype(np.float32), [], mask)
        assert found.shape == (5, 3, 4)
        assert short.tolist() == [[place < -(-length // 4) for place in range(3)] for length in lengths]


def test_a_front_refuses_streams() -> None:
    block, own = made(width=3)
    with pytest.raises(ValueError, match="whole texts"):
        block.read(Given(arrays, own), np.zeros((1, 4, 5), np.float32), [], None)


def test_what_is_behind_a_front_works_less() -> None:
    # 3 taps of 8 x 6 at every second token; a GRU of 4 units (3 gates) at every fourth, 3 * 4 * (6 + 4) = 120 multiplications each time
    front = {"width": 3, "filters": 6, "stride": 2, "pool": 2}
    model, _ = untrained("recurrent", SPEC, {"units": 4, "front": front})
    assert [(row.kind, row.parameters, row.multiply_adds_per_token) for row in model.layers][1:3] == [
        ("convolution", 3 * 8 * 6 + 6, 3 * 8 * 6 // 2),
        ("gru", 3 * 4 * (6 + 4) + 2 * 12, 120 // 4),
    ]
    model, _ = untrained("recurrent", SPEC, {"units": 4, "front": front, "pooling": "attention"})
    assert model.layers[3].multiply_adds_per_token == (4 * 4 + 4) // 4  # each output's score, by a matrix and a query


@pytest.mark.parametrize("length", [1, 2, 9])
def test_filters_are_convolutions_of_each_width(length: int) -> None:
    block = textcnn.Filters(textcnn.Params(widths=[2, 5], filters=3), 5)
    own = {name: RANDOM.normal(size=weight.shape).astype(np.float32) for name, weight in block.weights().items()}
    hidden, expected = RANDOM.normal(size=(2, length, 5)).astype(np.float32), []
    for width in (2, 5):
        convolution = keras.layers.Conv1D(3, width, padding="same", activation="relu")
        convolution.build((None, None, 5))
        convolution.set_weights([own[f"kernel{width}"], own[f"bias{width}"]])
        expected.append(convolution(hidden).numpy())
    found, _, _ = block.read(Given(arrays, own), hidden, [], np.ones((2, length), bool))
    assert found == pytest.approx(np.concatenate(expected, -1), abs=1e-5)


def test_counts_of_a_text_cnn() -> None:
    # 8 tokens of 8 numbers; 2 and 3 taps of 8 x 4; the largest of 8 numbers to 3 classes
    model, _ = untrained("textcnn", SPEC, {"widths": [2, 3], "filters": 4})
    assert [(row.parameters, row.multiply_adds_per_token) for row in model.layers] == [(64, 0), (5 * 8 * 4 + 8, 5 * 8 * 4), (8 * 3 + 3, 0)]


def test_a_bag_is_the_mean_of_vectors() -> None:
    model, _ = untrained("bag", SPEC, {})
    table, head = model.weights["embedding"], (model.weights["head.kernel"], model.weights["head.bias"])
    logits = table[[3, 5, 5, 4]].mean(0) @ head[0] + head[1]
    expected = np.exp(logits) / np.exp(logits).sum()
    answers = model.predict(sequences([[3, 5, 5, 4], [5, 4, 3, 5], [3, 4]]))
    assert answers[:2] == pytest.approx(np.stack([expected, expected]), abs=1e-5)
    assert np.abs(answers[2] - expected).max() > 0.001
    assert [(row.parameters, row.multiply_adds_per_token) for row in model.layers] == [(64, 0), (0, 0), (8 * 3 + 3, 0)]
