"""Cross entropy with a gradient written by hand: the stock one's value and gradient; squares and sizes; what outputs cost."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from malmoi.models._network.heads import Scorer
from malmoi.models._network.losses import Aim, cross_entropy, distance, outputs, probabilities, total
from malmoi.models._network.precision import policy


def stock(logits: Any, wanted: Any, smoothing: float) -> Any:
    """The mean of TensorFlow's own, on targets that are spread as smoothing says."""
    classes = logits.shape[-1]
    targets = (1 - smoothing) * tf.one_hot(wanted, classes) + smoothing / classes
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))


def scorer_of(logits: Any) -> Scorer:
    """Scores that are given: a product with ones on the diagonal changes nothing."""
    return Scorer(logits, tf.eye(logits.shape[-1], dtype=logits.dtype), tf.zeros(logits.shape[-1], logits.dtype))


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(("targets", "size", "tokens"), [(7, 4, 5), (6, 3, 11), (1, 1, 2)])
def test_value_and_gradient_are_the_stock_ones(targets: int, size: int, tokens: int, smoothing: float, rows: bool) -> None:
    random = np.random.default_rng(1)
    shapes = [(targets, size), (tokens, size) if rows else (size, tokens), (tokens,)]
    given = [tf.constant(random.normal(0, 2, shape).astype(np.float32)) for shape in shapes]
    wanted = tf.constant(random.integers(0, tokens, targets), tf.int32)
    values, gradients = [], []
    for ours in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(given)
            scorer = Scorer(*given, rows)
            value = 3 * (cross_entropy(scorer, wanted, smoothing) if ours else stock(scorer.logits(keras.ops), wanted, smoothing))
        values.append(value.numpy())
        gradients.append([one.numpy() for one in tape.gradient(value, given)])
    assert values[1] == pytest.approx(values[0], abs=1e-5)
    for expected, found in zip(*gradients, strict=True):
        assert found == pytest.approx(expected, abs=2e-6)


def test_nothing_is_the_sum_over_no_target() -> None:
    given = [tf.ones((0, 3)), tf.ones((3, 5)), tf.ones(5)]
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = total(Scorer(*given), tf.zeros(0, tf.int32))
    assert value.numpy() == 0
    assert all(np.abs(one.numpy()).sum() == 0 for one in tape.gradient(value, given))


def test_a_target_that_seems_impossible_costs_what_it_costs() -> None:
    # softmax of the target is exp(-500), which is 0 in float32; its logarithm is -500 all the same
    logits = tf.constant([[500.0, 0.0, -3.0], [0.0, 0.0, -1000.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = total(scorer_of(logits), tf.constant([1, 0]))
    assert value.numpy() == pytest.approx(500.0 + np.log(2))
    assert tape.gradient(value, logits).numpy() == pytest.approx(np.array([[1.0, -1.0, 0.0], [-0.5, 0.5, 0.0]]))


@pytest.mark.skipif(policy("auto") == "float32", reason="TensorFlow is exact in bfloat16 where the processor multiplies it")
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_bfloat16_is_float32_rounded_once(smoothing: float) -> None:
    given = [tf.cast(tf.random.stateless_normal(shape, seed=(1, 2)), tf.bfloat16) for shape in ((64, 20), (20, 100), (100,))]
    wanted, (shown, matrix, _) = tf.range(64), [tf.cast(one, tf.float32) for one in given]
    targets = (1 - smoothing) * tf.one_hot(wanted, 100) + smoothing / 100
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = total(Scorer(*given), wanted, smoothing)
    scores = tf.cast(Scorer(*given).logits(keras.ops), tf.float32)  # as ours are rounded, so that what comes after is seen alone
    off = tf.nn.softmax(scores) - targets  # (targets, tokens)
    exact = [tf.matmul(off, matrix, transpose_b=True), tf.matmul(shown, off, transpose_a=True), tf.reduce_sum(off, 0)]
    assert value.dtype == tf.float32
    assert value.numpy() == pytest.approx(tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(targets, scores)).numpy(), abs=64 * 2**-9)
    for found, expected in zip(tape.gradient(value, given), exact, strict=True):
        assert found.dtype == tf.bfloat16
        assert tf.cast(found, tf.float32).numpy() == pytest.approx(expected.numpy(), abs=float(2**-8 * np.abs(expected).max()))  # of 8 bits


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_no_number_stays_none(broken: float) -> None:
    assert not np.isfinite(cross_entropy(scorer_of(tf.constant([[0.0, broken]])), tf.constant([0])).numpy())


def test_squares_and_sizes() -> None:
    found, wanted = tf.constant([[1.0, 4.0], [0.0, -2.0]]), tf.constant([[0.0, 1.0], [0.0, 2.0]])
    assert distance(found, wanted, "mse").numpy() == (1 + 9 + 0 + 16) / 4
    assert distance(found, wanted, "mae").numpy() == (1 + 3 + 0 + 4) / 4
    logits = tf.math.log(tf.constant([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    assert probabilities(logits, tf.constant([0, 2]), "mae").numpy() == pytest.approx((0.5 + 0.25 + 0.25 + 0.1 + 0.8 + 0.9) / 6)
    assert probabilities(logits, tf.constant([0, 2]), "mse").numpy() == pytest.approx((0.25 + 0.125 + 0.01 + 0.64 + 0.81) / 6)


def test_large_and_changing_outputs_cost() -> None:
    hidden = tf.constant([[[1.0, 2.0], [3.0, 2.0]], [[0.0, 0.0], [9.0, 9.0]]])  # (batch, time, width)
    shown = 2 * hidden
    wanted = tf.constant([[3, 4], [5, 0]])
    large = (4 + 16 + 36 + 16 + 0 + 0 + 324 + 324) / 8
    changes = (4 + 0 + 81 + 81) / 4
    assert outputs(Aim(activation=0.5, temporal=2.0), hidden, shown, wanted).numpy() == pytest.approx(0.5 * large + 2 * changes)
    # the last step has no target: it does not count
    assert outputs(Aim(activation=1.0, padded=True), hidden, shown, wanted).numpy() == pytest.approx((4 + 16 + 36 + 16) / 6)
    assert outputs(Aim(temporal=1.0, padded=True), hidden, shown, wanted).numpy() == pytest.approx(4 / 2)
    assert outputs(Aim(temporal=1.0), hidden[:, :1], shown[:, :1], wanted[:, :1]).numpy() == 0, "one step does not change"
