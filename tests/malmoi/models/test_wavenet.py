"""WaveNet: its layers are Keras's causal convolutions with gates, and it sees as far as it says."""

import keras
import numpy as np
import pytest
from networks import untrained

from malmoi.batches import Spec
from malmoi.models import wavenet
from malmoi.models._network import arrays
from malmoi.models._network.blocks import Given

STREAM = Spec("language_model", 8)


@pytest.mark.parametrize(("width", "dilation", "last"), [(2, 1, False), (2, 4, False), (3, 2, True)])
def test_a_layer_is_a_gated_causal_convolution(width: int, dilation: int, last: bool) -> None:
    settings = wavenet.Params(width=width, channels=4, skips=3)
    layer = wavenet.Layer(settings, 4 + 3, dilation, last)
    random = np.random.default_rng(0)
    weights = {name: random.normal(size=weight.shape).astype(np.float32) for name, weight in layer.weights().items()}
    hidden = random.normal(size=(2, 9, 7)).astype(np.float32)
    convolution = keras.layers.Conv1D(8, width, padding="causal", dilation_rate=dilation)
    convolution.build((None, None, 4))
    convolution.set_weights([weights["kernel"], weights["bias"]])
    gates = convolution(hidden[..., :4]).numpy()
    passed = np.tanh(gates[..., :4]) / (1 + np.exp(-gates[..., 4:]))
    mixed = passed @ weights["mixing"] + weights["mixing_bias"]
    state = [np.zeros((2, *shape), np.float32) for shape in layer.states()]
    found, after, _ = layer.read(Given(arrays, weights), hidden, state, None)
    assert state[0].shape == (2, (width - 1) * dilation, 4)
    assert np.array_equal(after[0], hidden[:, 9 - (width - 1) * dilation :, :4])
    assert found == pytest.approx(hidden[..., 4:] + mixed if last else hidden + mixed, abs=1e-5)


@pytest.mark.parametrize("shape", [{"layers": 3}, {"layers": 2, "cycles": 2}, {"layers": 2, "width": 3}], ids=str)
def test_it_sees_as_far_as_it_says(shape: dict[str, int]) -> None:
    model, _ = untrained("wavenet", STREAM, {"channels": 5, "skips": 4} | shape)
    far = wavenet.receptive_field(model.params)
    assert far == {(3, 1, 2): 9, (2, 2, 2): 8, (2, 1, 3): 9}[model.params.layers, model.params.cycles, model.params.width]
    ids = np.random.default_rng(2).integers(3, 8, (1, 14))
    ids[:, 13 - far : 15 - far] = 2

    def last(place: int) -> np.ndarray:
        changed = ids.copy()
        changed[0, place] = 7
        return model._read(changed, model.start(1), None)[0][0, 13]

    seen = model._read(ids, model.start(1), None)[0][0, 13]
    assert np.array_equal(last(13 - far), seen)
    assert np.abs(last(14 - far) - seen).max() > 0


def test_counts() -> None:
    # 8 tokens of 8 numbers; the first convolution: 2 taps of 8 x 5; each layer: 2 taps of 5 x 10, then 5 x (5 + 4), the last 5 x 4;
    # 4 x 4 for what is shown; 4 x 8 for the head
    model, _ = untrained("wavenet", STREAM, {"channels": 5, "skips": 4, "layers": 2})
    rows = {row.kind: (row.parameters, row.multiply_adds_per_token) for row in model.layers}
    assert rows == {
        "table": (64, 0),
        "causal convolution": (2 * 8 * 5 + 5, 2 * 8 * 5),
        "gated convolution, dilation 1": (2 * 5 * 10 + 10 + 5 * 9 + 9, 2 * 5 * 10 + 5 * 9),
        "gated convolution, dilation 2": (2 * 5 * 10 + 10 + 5 * 4 + 4, 2 * 5 * 10 + 5 * 4),
        "skips": (4 * 4 + 4, 4 * 4),
        "dense": (4 * 8 + 8, 4 * 8),
    }
