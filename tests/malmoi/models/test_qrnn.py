"""QRNN: its gates are Keras's causal convolution, its pooling is the recurrence of the paper with the right gradient, and zoneout keeps."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import untrained

from malmoi.batches import Spec
from malmoi.models import qrnn
from malmoi.models._network import arrays
from malmoi.models._network.blocks import Given

RANDOM = np.random.default_rng(0)


def weights_of(layer: qrnn.Layer) -> dict[str, np.ndarray]:
    return {name: RANDOM.normal(size=weight.shape).astype(np.float32) for name, weight in layer.weights().items()}


def read(layer: qrnn.Layer, weights: dict[str, np.ndarray], hidden: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    state = [np.zeros((len(hidden), *shape), np.float32) for shape in layer.states()]
    return np.asarray(layer.read(Given(arrays, weights), hidden, state, mask)[0])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


@pytest.mark.parametrize(("width", "zoneout"), [(1, 0.0), (2, 0.0), (3, 0.25)])
def test_a_layer_is_a_convolution_and_a_recurrence(width: int, zoneout: float) -> None:
    layer = qrnn.Layer(qrnn.Params(width=width, units=4, zoneout=zoneout), 5)
    weights, hidden = weights_of(layer), RANDOM.normal(size=(2, 7, 5)).astype(np.float32)
    convolution = keras.layers.Conv1D(12, width, padding="causal")
    convolution.build((None, None, 5))
    convolution.set_weights([weights["kernel"], weights["bias"]])
    z, f, o = np.split(convolution(hidden).numpy(), 3, -1)
    memory, expected = np.zeros((2, 4)), []
    for time in range(7):
        keep = 1 - (1 - zoneout) * (1 - sigmoid(f[:, time]))
        memory = keep * memory + (1 - keep) * np.tanh(z[:, time])
        expected.append(sigmoid(o[:, time]) * memory)
    assert read(layer, weights, hidden) == pytest.approx(np.stack(expected, 1), abs=1e-5)


def test_the_gradient_by_hand_is_that_of_the_loop() -> None:
    given = [tf.Variable(RANDOM.uniform(0, 1, shape), dtype=tf.float32) for shape in ((2, 6, 3), (2, 6, 3), (2, 3))]
    pull = RANDOM.normal(size=(2, 6, 3)).astype(np.float32)

    def loop(keep: tf.Tensor, add: tf.Tensor, memory: tf.Tensor) -> tf.Tensor:
        found = []
        for time in range(6):
            memory = keep[:, time] * memory + add[:, time]
            found.append(memory)
        return tf.stack(found, 1)

    def found(function: object) -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            memory = function(*(one.value() for one in given))  # type: ignore[operator]
            loss = tf.reduce_sum(memory * pull)
        return [memory.numpy(), *(one.numpy() for one in tape.gradient(loss, given))]

    by_hand = found(tf.function(lambda *one: qrnn.recur(keras.ops, *one)))
    for one, other in zip(by_hand, found(loop), strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert qrnn.recur(arrays, *(one.numpy() for one in given)) == pytest.approx(by_hand[0], abs=1e-6)


def test_zoneout_keeps_a_share_of_the_memory_in_training_and_its_mean_else() -> None:
    layer = qrnn.Layer(qrnn.Params(width=1, units=400, zoneout=0.3), 2)
    weights = {name: np.zeros(weight.shape, np.float32) for name, weight in layer.weights().items()}
    weights["bias"][:400] = 9.0  # z = 1, f = o = 1/2: after one step h is 1/4 where the memory was written, 0 where it was kept
    hidden = np.zeros((1, 1, 2), np.float32)
    learner = layer.learner("float32", True, False)
    for name, weight in weights.items():
        learner.own[name].assign(weight)
    keras.utils.set_random_seed(1)
    state = [np.zeros((1, 0, 2), np.float32), np.zeros((1, 400), np.float32)]
    trained = learner(hidden, state, None, training=True)[0].numpy().ravel()
    assert sorted(set(trained.round(3).tolist())) == [0.0, 0.25]
    assert (trained == 0).mean() == pytest.approx(0.3, abs=0.08)
    assert read(layer, weights, hidden).ravel() == pytest.approx(np.full(400, 0.7 / 4), abs=1e-5)


def test_counts() -> None:
    # 8 tokens of 8 numbers; 3 taps of 8 x (3 * 6), then of 6 x (3 * 6); 6 x 8 for the head
    model, _ = untrained("qrnn", Spec("language_model", 8), {"units": 6, "layers": 2, "width": 3})
    assert [(row.parameters, row.multiply_adds_per_token) for row in model.layers] == [
        (64, 0),
        (3 * 8 * 18 + 18, 3 * 8 * 18),
        (3 * 6 * 18 + 18, 3 * 6 * 18),
        (6 * 8 + 8, 6 * 8),
    ]
