"""Correlations worked out by hand."""

import numpy as np
import pytest

from malmoi.correlation import interval, pearson, ranks, spearman


def test_pearson_by_hand() -> None:
    # deviations (-1, 0, 1) and (-1, 2, -1): product 0; and (-1, 0, 1) with (-2, 1, 1): 3 / sqrt(2 * 6)
    assert pearson(np.array([1.0, 2, 3]), np.array([1.0, 4, 1])) == pytest.approx(0)
    assert pearson(np.array([1.0, 2, 3]), np.array([1.0, 4, 4])) == pytest.approx(3 / np.sqrt(12))


def test_spearman_sees_order_alone() -> None:
    assert spearman(np.array([1.0, 2, 3]), np.array([1.0, 10, 1000])) == pytest.approx(1)
    # d = (0, 1, 1, 0), so 1 - 6 * 2 / (4 * 15) = 0.8
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])) == pytest.approx(0.8)


def test_equal_values_share_their_ranks() -> None:
    assert ranks(np.array([5.0, 1, 5, 5, 0])).tolist() == [4, 2, 4, 4, 1]


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0]])
def test_nothing_is_said_of_too_little(values: list[float]) -> None:
    assert pearson(np.array(values), np.arange(float(len(values)))) is None


def test_an_interval_holds_the_value_is_seeded_and_leaves_out_what_cannot_be_said() -> None:
    right = np.array([True] * 60 + [False] * 40)
    found = interval(100, lambda drawn: float(right[drawn].mean()))
    assert found is not None
    assert found[0] == pytest.approx(0.504, abs=0.03)  # 0.6 -+ 1.96 * sqrt(0.24 / 100)
    assert found[1] == pytest.approx(0.696, abs=0.03)
    assert found == interval(100, lambda drawn: float(right[drawn].mean()))
    assert interval(100, lambda drawn: None) is None
    assert interval(1, lambda drawn: 1.0) is None
