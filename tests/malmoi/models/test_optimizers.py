"""Adam in one pass: Keras's numbers; gradients clipped together."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from malmoi.models._optimizers import Adam, clipped


def test_steps_as_keras_steps() -> None:
    random = np.random.default_rng(1)
    start = random.normal(size=(5, 3)).astype(np.float32)
    gradients = [random.normal(size=(5, 3)).astype(np.float32) for _ in range(6)]
    ended = []
    for kind in (keras.optimizers.Adam, Adam):
        weight = keras.Variable(start)
        schedule = keras.optimizers.schedules.CosineDecay(0.0, 4, warmup_target=0.1, warmup_steps=2)
        optimizer = kind(schedule)
        optimizer.build([weight])
        for gradient in gradients:
            optimizer.apply([tf.constant(gradient)], [weight])
        ended.append([weight.numpy(), *(np.asarray(one) for one in optimizer.variables[2:])])
    assert np.abs(ended[0][0] - start).max() > 0.1
    for one, other in zip(*ended, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


def test_is_saved_with_its_model(tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(Adam(0.25), "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is Adam
    for one, other in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        assert np.asarray(other) == pytest.approx(np.asarray(one))


def test_clips_by_the_norm_of_all_and_sums_a_tables_rows_first() -> None:
    rows = tf.IndexedSlices(tf.constant([[3.0], [3.0]]), tf.constant([1, 1]), tf.constant([2, 1]))  # 6 in row 1
    table, weight = clipped([rows, tf.constant([8.0])], 5.0)  # the norm of (6, 8) is 10
    assert table.numpy().tolist() == [[0.0], [3.0]]
    assert weight.numpy().tolist() == [4.0]
    assert [one.numpy().tolist() for one in clipped([rows], 7.0)] == [[[0.0], [6.0]]]
    assert [one.numpy().tolist() for one in clipped([rows], 0)] == [[[0.0], [6.0]]]
