"""Adam, AdamW and gradient descent in one pass: Keras's numbers; gradients clipped together."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from malmoi.models._network.optimizers import SGD, Adam, clipped, find, whole
from malmoi.models._network.pace import Pace
from malmoi.models._network.training import Training

KINDS = [
    (keras.optimizers.Adam, Adam, {}),
    (keras.optimizers.AdamW, Adam, {"weight_decay": 0.1}),
    (keras.optimizers.SGD, SGD, {}),
    (keras.optimizers.SGD, SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    (keras.optimizers.SGD, SGD, {"momentum": 0.9, "nesterov": True}),
]


@pytest.mark.parametrize(("stock", "ours", "settings"), KINDS, ids=str)
def test_steps_as_keras_steps(stock: Any, ours: Any, settings: dict[str, Any]) -> None:
    random = np.random.default_rng(1)
    start = random.normal(size=(5, 3)).astype(np.float32)
    gradients = [random.normal(size=(5, 3)).astype(np.float32) for _ in range(6)]
    ended = []
    for kind in (stock, ours):
        weight = keras.Variable(start)
        schedule = keras.optimizers.schedules.CosineDecay(0.0, 4, warmup_target=0.1, warmup_steps=2)
        optimizer = kind(schedule, **settings)
        optimizer.build([weight])
        for gradient in gradients:
            optimizer.apply([tf.constant(gradient)], [weight])
        ended.append([weight.numpy(), *(np.asarray(one) for one in optimizer.variables)])
    assert np.abs(ended[0][0] - start).max() > 0.1
    assert len(ended[0]) == len(ended[1])
    for one, other in zip(*ended, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


@pytest.mark.parametrize(("optimizer", "more"), [("adamw", {}), ("sgd", {}), ("sgd", {"momentum": 0.9})])
def test_a_weight_decays_at_its_own_rate(optimizer: str, more: dict[str, Any]) -> None:
    """Three layers, rates 1, 1/2 and 0 of the highest, no gradient at all: what changes is decay alone."""
    weights = [keras.Variable(np.ones((2, 2), np.float32), name=f"kernel{place}") for place in range(3)]
    training = Training(optimizer=optimizer, weight_decay=0.1, learning_rate=0.5, discriminative=2.0, unfreeze=1, **more)
    found = find(training, 0.5, weights)
    found.pace = Pace(training, [[weight] for weight in weights], weights)
    found.pace.begin(2)  # the lowest layer learns from the third epoch on
    found.apply([tf.zeros((2, 2))] * 3, weights)
    assert [float(weight[0, 0]) for weight in weights] == pytest.approx([1.0, 1 - 0.1 * 0.25, 1 - 0.1 * 0.5])


def test_settings_give_the_optimizer_and_biases_do_not_decay() -> None:
    shapes = {"kernel": (2, 2), "gain": (2,), "bias": (2, 2)}
    weights = [keras.Variable(np.ones(shape, np.float32), name=name) for name, shape in shapes.items()]
    found = find(Training(optimizer="adamw", weight_decay=0.5), 0.1, weights)
    found.apply([tf.zeros(weight.shape) for weight in weights], weights)
    assert type(found) is Adam
    assert [float(weight.numpy().max()) for weight in weights] == pytest.approx([1 - 0.5 * 0.1, 1, 1])
    assert type(find(Training(optimizer="asgd"), 0.1, weights)) is SGD
    assert find(Training(optimizer="sgd", momentum=0.5), 0.1, weights).momentum == 0.5
    assert type(find(Training(), 0.1, weights)) is Adam


@pytest.mark.parametrize("optimizer", [Adam(0.25), SGD(0.25, momentum=0.5)], ids=["adam", "sgd"])
def test_is_saved_with_its_model(optimizer: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is type(optimizer)
    for one, other in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        assert np.asarray(other) == pytest.approx(np.asarray(one))


def test_clips_by_the_norm_of_all_and_sums_a_tables_rows_first() -> None:
    rows = tf.IndexedSlices(tf.constant([[3.0], [3.0]]), tf.constant([1, 1]), tf.constant([2, 1]))  # 6 in row 1
    (table, weight), halves = clipped([rows, tf.constant([8.0])], 5.0)  # the norm of (6, 8) is 10
    assert halves.numpy().tolist() == [18.0, 32.0]
    assert whole(halves).numpy() == 10.0
    assert table.numpy().tolist() == [[0.0], [3.0]]
    assert weight.numpy().tolist() == [4.0]
    assert [one.numpy().tolist() for one in clipped([rows], 7.0)[0]] == [[[0.0], [6.0]]]
    assert [one.numpy().tolist() for one in clipped([rows], 0)[0]] == [[[0.0], [6.0]]]
