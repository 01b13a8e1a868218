"""Correlation of two lists of numbers, and bootstrap intervals of what is said of a sample (Efron and Tibshirani, 1993, 13.3)."""

from collections.abc import Callable

import numpy as np

DRAWS = 1_000
LEVEL = (2.5, 97.5)


def pearson(first: np.ndarray, second: np.ndarray) -> float | None:
    """Pearson's r in -1..1; None where there are fewer than two pairs, or all are the same on one side."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    one, other = first - first.mean(), second - second.mean()
    return float((one @ other) / np.sqrt((one @ one) * (other @ other)))


def spearman(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's rho: Pearson's r of the ranks."""
    return pearson(ranks(first), ranks(second))


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each value from 1, equal values having the mean of their ranks.

    >>> ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def interval(size: int, measure: Callable[[np.ndarray], float | None]) -> tuple[float, float] | None:
    """95 % percentile bootstrap interval of `measure`, which is given `size` numbers below `size`, drawn with replacement; seeded.

    Draws of which `measure` can say nothing are left out; None where none is left.
    """
    random = np.random.default_rng(0)
    values = [measure(random.integers(0, size, size)) for _ in range(DRAWS if size > 1 else 0)]
    draws = [value for value in values if value is not None]
    if not draws:
        return None
    low, high = np.percentile(draws, LEVEL)
    return float(low), float(high)
