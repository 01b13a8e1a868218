"""Poolings: padding never counts, numpy and Keras agree, and each is what its name says."""

import keras
import numpy as np
import pytest

from malmoi.models._network import arrays, pooling
from malmoi.models._network.blocks import Given

RANDOM = np.random.default_rng(0)
HIDDEN = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
MASK = np.array([[True] * 5, [True, True, False, False, False], [False, False, True, True, True]])
LAST = RANDOM.normal(size=(3, 4)).astype(np.float32)
KINDS = ("last", "mean", "max", "concat", "attention")


def own(kind: pooling.Pooling) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {name: random.normal(size=one.shape).astype(np.float32) for name, one in pooling.weights(kind, 4).items()}


@pytest.mark.parametrize("kind", KINDS)
def test_numpy_pools_as_keras_does_and_padding_never_counts(kind: pooling.Pooling) -> None:
    found = pooling.pool(Given(arrays, own(kind)), kind, HIDDEN, LAST, MASK)
    assert found.shape == (3, pooling.wide(kind, 4))
    assert keras.ops.convert_to_numpy(pooling.pool(Given(keras.ops, own(kind)), kind, HIDDEN, LAST, MASK)) == pytest.approx(found, abs=1e-6)
    other = np.where(MASK[..., None], HIDDEN, 1e6).astype(np.float32)
    assert pooling.pool(Given(arrays, own(kind)), kind, other, LAST, MASK) == pytest.approx(found, abs=1e-6)


def test_each_is_what_its_name_says() -> None:
    mean, most = HIDDEN[1, :2].mean(0), HIDDEN[1, :2].max(0)
    assert pooling.pool(Given(arrays, {}), "mean", HIDDEN, LAST, MASK)[1] == pytest.approx(mean, abs=1e-6)
    assert pooling.pool(Given(arrays, {}), "concat", HIDDEN, LAST, MASK)[1] == pytest.approx(
        np.concatenate([LAST[1], mean, most]), abs=1e-6
    )


def test_attention_without_a_query_is_the_mean_and_with_one_looks_where_it_points() -> None:
    weights = own("attention")
    flat = weights | {"query": np.zeros((4, 1), np.float32)}
    assert pooling.pool(Given(arrays, flat), "attention", HIDDEN, LAST, MASK) == pytest.approx(
        pooling.pool(Given(arrays, {}), "mean", HIDDEN, LAST, MASK), abs=1e-6
    )
    sharp = {"kernel": np.eye(4, dtype=np.float32), "bias": np.zeros(4, np.float32), "query": np.array([[1e4], [0], [0], [0]], np.float32)}
    place = HIDDEN[0, :, 0].argmax()
    assert pooling.pool(Given(arrays, sharp), "attention", HIDDEN, LAST, MASK)[0] == pytest.approx(HIDDEN[0, place], abs=1e-4)
