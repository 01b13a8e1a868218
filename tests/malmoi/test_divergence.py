"""Distances of distributions: numbers worked out by hand, ends of the scale, and what chance does."""

from random import Random

import pytest

from malmoi import divergence

HALVES, FIFTHS = {"a": 50, "b": 50}, {"a": 8, "b": 2}


def test_total_variation() -> None:
    assert divergence.total_variation(HALVES, FIFTHS) == pytest.approx(0.3)  # (|0.5 - 0.8| + |0.5 - 0.2|) / 2
    assert divergence.total_variation({"a": 1}, {"b": 9}) == 1
    assert divergence.total_variation(HALVES, {"a": 3, "b": 3}) == 0
    assert divergence.total_variation({}, HALVES) == 0


def test_stability_index() -> None:
    assert divergence.stability_index(HALVES, FIFTHS) == pytest.approx(0.415888, abs=1e-6)  # 0.3 ln 1.6 - 0.3 ln 0.4
    # a new label of 1%: 0.0099 ln 100 - 0.01 ln 0.99, where 0.0001 stands for the share it had
    assert divergence.stability_index({"a": 100}, {"a": 99, "b": 1}) == pytest.approx(0.045692, abs=1e-6)
    assert divergence.stability_index(HALVES, HALVES) == 0


def test_jensen_shannon() -> None:
    # p = (1, 0), q = (1/2, 1/2), mean (3/4, 1/4): (log2(4/3) + log2(2/3) / 2 + log2(2) / 2) / 2
    assert divergence.jensen_shannon({"a": 7}, {"a": 1, "b": 1}) == pytest.approx(0.311278, abs=1e-6)
    assert divergence.jensen_shannon({"a": 1}, {"b": 1}) == pytest.approx(1)
    assert divergence.jensen_shannon(HALVES, {"b": 1, "a": 1}) == 0


def test_kolmogorov_smirnov() -> None:
    assert divergence.kolmogorov_smirnov([1, 1, 2], [2, 2, 0]) == pytest.approx(0.5)  # 1/4, 1/2, 1 against 1/2, 1, 1
    assert divergence.kolmogorov_smirnov([5, 0], [0, 5]) == 1
    assert divergence.kolmogorov_smirnov([2, 4], [1, 2]) == pytest.approx(0)
    assert divergence.kolmogorov_smirnov([0, 0], [1, 2]) == 0


@pytest.mark.parametrize(("bins", "quantile"), [(2, 10.828), (11, 29.588), (101, 149.449)])  # tables of chi-squared, 0.1%
def test_chance_is_a_quantile_of_chi_squared(bins: int, quantile: float) -> None:
    assert divergence.chance(bins, 200, 200) == pytest.approx(quantile / 100, rel=1e-4)


def test_without_bins_or_values_nothing_is_left_to_chance() -> None:
    assert divergence.chance(1, 10, 10) == divergence.chance(3, 0, 10) == divergence.chance_of_gap(0, 3) == 0
    assert divergence.chance_of_share(0.5, 0, 3) == 0
    assert divergence.chance_of_variation(50, 2, 2) == divergence.chance_of_new(1) == 1
    assert divergence.chance_of_new(1000) == pytest.approx(0.0069078, abs=1e-7)  # ln 1000 / 1000
    assert divergence.chance_of_share(0.5, 100, 100) == pytest.approx(0.2327, abs=1e-4)  # 3.2905 times the root of 1/4 * 2/100
    assert divergence.chance_of_gap(50, 50) == pytest.approx(0.3899, abs=1e-4)  # 1.9495 times the root of 2/50


def test_samples_of_one_source_stay_below_chance() -> None:
    random, over = Random(1), 0
    for _ in range(100):
        drawn = [random.choices("abcdef", weights=[1, 2, 3, 4, 5, 9], k=400) for _ in range(2)]
        samples = [{name: sample.count(name) for name in "abcdef"} for sample in drawn]
        over += divergence.stability_index(*samples) > divergence.chance(6, 400, 400)
        over += divergence.total_variation(*samples) > divergence.chance_of_variation(6, 400, 400)
        over += divergence.jensen_shannon(*samples) > divergence.chance_of_information(6, 400, 400)
        over += divergence.kolmogorov_smirnov([*samples[0].values()], [*samples[1].values()]) > divergence.chance_of_gap(400, 400)
    assert over <= 3  # of 400, at once in a thousand times each


def test_what_moved_furthest_comes_first() -> None:
    assert divergence.furthest({"a": 5, "b": 3, "c": 2}, {"a": 1, "b": 3, "c": 2, "d": 4}) == ["a", "d"]  # -0.4, +0.4
