"""Paired tests against values worked out by hand."""

import numpy as np
import pytest

from malmoi import statistics


def answers(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Right-or-wrong of two classifiers with so many examples in each of the four cells."""
    table = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    pairs = np.array(table)
    return pairs[:, 0], pairs[:, 1]


@pytest.mark.parametrize(
    ("first", "second", "exact", "mid"),
    [
        (5, 1, 14 / 64, 8 / 64),  # 2 (1 + 6) / 2^6; less 6 / 2^6
        (1, 5, 14 / 64, 8 / 64),
        (8, 0, 2 / 256, 1 / 256),
        (2, 2, 1.0, 1 - 6 / 16 / 2),  # the only split as even as the one seen is that one
        (0, 0, 1.0, 1.0),
    ],
)
def test_mcnemar(first: int, second: int, exact: float, mid: float) -> None:
    pair = answers(30, first, second, 7)
    assert statistics.mcnemar(*pair, mid=False) == pytest.approx(exact)
    assert statistics.mcnemar(*pair) == pytest.approx(mid)


def test_mcnemar_holds_for_many_examples() -> None:
    assert 0 < statistics.mcnemar(*answers(40_000, 2_100, 1_900, 6_000)) == pytest.approx(0.00157, rel=0.02)  # normal: z = 3.162


def test_difference_of_classifiers_uses_mcnemar() -> None:
    first, second = answers(60, 12, 2, 26)
    found = statistics.difference(first[:, None], second[:, None], np.ones(100))
    assert (found.test, found.examples) == ("McNemar, mid-p", 100)
    assert found.value == pytest.approx(0.10)
    assert found.interval[0] == pytest.approx(0.10 - 1.96 * np.sqrt(0.14 - 0.01) / 10, abs=0.015)
    assert found.p == statistics.mcnemar(first, second)


def test_bits_are_weighed_by_size() -> None:
    sizes = np.array([10.0, 30.0] * 40)
    first, second = sizes * 2.0, sizes * 2.5
    found = statistics.difference(first[:, None], second[:, None], sizes)
    assert found.value == pytest.approx(-0.5)
    assert found.interval == pytest.approx((-0.5, -0.5))
    assert found.p == pytest.approx(2 / (statistics.DRAWS + 1))
    assert found.test == "paired bootstrap"


def test_several_seeds_widen_the_interval() -> None:
    first, second = answers(60, 12, 2, 26)
    same = statistics.difference(np.stack([first, first], 1), second[:, None], np.ones(100))
    unsteady = statistics.difference(np.stack([first, second], 1), second[:, None], np.ones(100))
    assert same.value == pytest.approx(0.10)
    assert unsteady.value == pytest.approx(0.05)
    assert unsteady.interval[0] == pytest.approx(0.0, abs=1e-9)  # both draws may be the seed that is no better
    assert same.interval[0] > 0 > unsteady.interval[0] - 1e-9


def test_the_two_ways_to_redraw_agree() -> None:
    random = np.random.default_rng(5)
    values = random.random((1_500, 1))
    rounded = np.round(values * 4) / 4  # few distinct rows: counts are drawn, not rows
    fine, coarse = (statistics.interval(each, np.ones(1_500)) for each in (values, rounded))
    assert fine == pytest.approx(
        (values.mean() - 1.96 * values.std() / 1_500**0.5, values.mean() + 1.96 * values.std() / 1_500**0.5), abs=2e-3
    )
    assert coarse == pytest.approx(fine, abs=5e-3)


def test_the_same_data_give_the_same_numbers() -> None:
    random = np.random.default_rng(2)
    first, second, sizes = random.random((60, 2)), random.random((60, 3)), np.full(60, 3)
    assert statistics.difference(first, second, sizes) == statistics.difference(first, second, sizes)


def test_holm_steps_down_and_keeps_order() -> None:
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.9]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_unpaired_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="same examples: 3, 2 and 3 rows"):
        statistics.difference(np.ones((3, 1)), np.ones((2, 1)), np.ones(3))
