"""Means of weights: by hand."""

import keras
import numpy as np
import pytest

from malmoi.models._network.averages import Averages


def followed(averages: Averages, weight: keras.Variable, values: list[float]) -> None:
    for value in values:
        weight.assign([value])
        averages.follow()


def test_the_mean_of_all_since_it_began() -> None:
    weight = keras.Variable(np.array([8.0], np.float32))
    averages = Averages([weight], 0.0)
    followed(averages, weight, [100.0])
    assert not averages.begun
    averages.begin()
    with averages.shown():
        assert weight.numpy() == [100.0], "nothing is in the mean yet"
    followed(averages, weight, [1.0, 2.0, 6.0])
    with averages.shown():
        assert weight.numpy() == pytest.approx([3.0])
    assert weight.numpy() == [6.0]


def test_a_running_mean_forgets_where_it_began() -> None:
    weight = keras.Variable(np.array([0.0], np.float32))
    averages = Averages([weight], 0.3)
    followed(averages, weight, [10.0, 20.0, 30.0, 40.0])
    # shares that stay: 1/10, 2/11, 3/12 = 0.25, then 0.3 instead of 4/13
    mean = 0.0
    for stays, value in ((1 / 10, 10.0), (2 / 11, 20.0), (3 / 12, 30.0), (0.3, 40.0)):
        mean = stays * mean + (1 - stays) * value
    with averages.shown():
        assert weight.numpy() == pytest.approx([mean], rel=1e-5)


def test_weights_are_put_back_where_measuring_fails() -> None:
    weight = keras.Variable(np.array([1.0], np.float32))
    averages = Averages([weight], 0.9)
    followed(averages, weight, [5.0])
    with pytest.raises(KeyError), averages.shown():
        raise KeyError("x")
    assert weight.numpy() == [5.0]
