"""Paired tests: two models answered the same test examples, so what is compared is the examples on which they differ.

* McNemar (1947), exact binomial form, with the mid-p correction of Fagerland, Lydersen & Laake (2013): classifiers, one seed each.
* The paired bootstrap (Efron & Tibshirani 1993, ch. 16; for text, Koehn 2004): any score that is a sum over examples divided by a sum of
  sizes (accuracy; bits per character). Examples are redrawn, and seeds too where there are several, so that the interval is about the
  recipe and not about one lucky run. It is what the leaderboard compares language models by: an example is a text, redrawn with all its
  tokens (`leaderboard.compare`).
* The exact binomial test (Clopper & Pearson 1934): a classifier against a fixed share.
* Holm (1979): p values of several comparisons, adjusted so that the chance of any false "better" stays at the level.

Everything is seeded: the same arrays give the same numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, bdtrc, gammaln

DRAWS = 5_000
LEVEL = 0.05  # below it a difference counts as shown
_CELLS = 2_000_000  # redrawn examples that are in memory at a time


@dataclass(frozen=True)
class Difference:
    """Score of the first minus score of the second. interval: 95 %; p: two-sided; test: its name; examples: how many both answered."""

    value: float
    interval: tuple[float, float]
    p: float
    test: str
    examples: int


def mcnemar(first: np.ndarray, second: np.ndarray, mid: bool = True) -> float:
    """Two-sided p that two classifiers err equally often. first, second: (n,) bool, right or wrong on the same examples.

    With `mid` half of the probability of the seen split counts (exact McNemar is too careful); 1.0 where they never differ.

    >>> round(mcnemar(np.array([True] * 5 + [False]), np.array([False] * 5 + [True]), mid=False), 4)
    0.2188
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(~first & second))
    differing = only_first + only_second
    if differing == 0:
        return 1.0
    exact = min(1.0, 2 * float(bdtr(min(only_first, only_second), differing, 0.5)))
    if not mid:
        return exact
    ways = gammaln(differing + 1) - gammaln(only_first + 1) - gammaln(only_second + 1)  # logarithm of the binomial coefficient
    seen = float(np.exp(ways - differing * np.log(2)))
    return 1 - seen / 2 if only_first == only_second else exact - seen


def better_than_share(right: np.ndarray, share: float) -> float:
    """One-sided p of the exact binomial test: the chance of so many hits, or more, for who is right in `share` (0 to 1). right: (n,) bool.

    >>> round(better_than_share(np.array([True] * 11 + [False] * 3), 0.5), 4)
    0.0287
    """
    hits = int(right.sum())
    return float(bdtrc(hits - 1, len(right), share)) if hits else 1.0


def difference(first: np.ndarray, second: np.ndarray, sizes: np.ndarray, seed: int = 0) -> Difference:
    """Paired comparison of sum(score) / sum(size). first: (n, seeds of the first), second: (n, seeds of the second), sizes: (n,).

    p is McNemar's where both are right-or-wrong of one seed and every size is 1, else the bootstrap's: twice the smaller share of draws on
    either side of zero. Raises ValueError where the rows do not match or there are none.
    """
    if not len(first) == len(second) == len(sizes) or len(sizes) == 0:
        raise ValueError(f"paired scores need the same examples: {len(first)}, {len(second)} and {len(sizes)} rows")
    draws = bootstrap(np.hstack([first, second, sizes[:, None]]).astype(np.float64), (first.shape[1], second.shape[1]), seed)
    value = float((first.mean(axis=1).sum() - second.mean(axis=1).sum()) / sizes.sum())
    if _right_or_wrong(first, second, sizes):
        p, test = mcnemar(first[:, 0] > 0, second[:, 0] > 0), "McNemar, mid-p"
    else:
        beyond = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
        p, test = min(1.0, 2 * (beyond + 1) / (len(draws) + 1)), "paired bootstrap"
    return Difference(value, _edges(draws), p, test, len(sizes))


def interval(values: np.ndarray, sizes: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean over seeds of sum(score) / sum(size). values: (n, seeds); sizes: (n,)."""
    nothing = np.zeros((len(values), 1))
    draws = bootstrap(np.hstack([values, nothing, sizes[:, None]]).astype(np.float64), (values.shape[1], 1), seed)
    return _edges(draws)


def bootstrap(columns: np.ndarray, seeds: tuple[int, int], seed: int = 0, draws: int = DRAWS) -> np.ndarray:
    """(draws,) differences. columns: (n, seeds of the first + seeds of the second + 1), the last column being the size of each example."""
    random = np.random.default_rng(seed)
    rows, repeats = np.unique(columns, axis=0, return_counts=True)
    redrawn = _redraw_counts(rows, repeats, draws, random) if len(rows) < 1_000 else _redraw_rows(columns, draws, random)
    sums = np.concatenate(list(redrawn))  # (draws, columns)
    first = sums[:, : seeds[0]] * _seed_weights(seeds[0], draws, random)
    second = sums[:, seeds[0] : -1] * _seed_weights(seeds[1], draws, random)
    return (first.sum(axis=1) - second.sum(axis=1)) / sums[:, -1]


def holm(values: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    if not values:
        return []
    order = np.argsort(values, kind="stable")
    factors = len(values) - np.arange(len(values))
    stepped = np.minimum(1.0, np.maximum.accumulate(np.asarray(values, float)[order] * factors))
    adjusted = np.empty(len(values))
    adjusted[order] = stepped
    return [float(value) for value in adjusted]


def _edges(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(draws, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def _right_or_wrong(first: np.ndarray, second: np.ndarray, sizes: np.ndarray) -> bool:
    return first.shape[1] == second.shape[1] == 1 and first.dtype == second.dtype == np.bool_ and bool((sizes == 1).all())


def _redraw_counts(rows: np.ndarray, repeats: np.ndarray, draws: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Few distinct rows (right or wrong): how often each is drawn is multinomial, whatever the number of examples."""
    total = int(repeats.sum())
    yield random.multinomial(total, repeats / total, size=draws) @ rows


def _redraw_rows(columns: np.ndarray, draws: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    total = len(columns)
    step = max(1, _CELLS // total)
    for start in range(0, draws, step):
        count = min(step, draws - start)
        drawn = random.integers(total, size=(count, total)) + total * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * total).reshape(count, total) @ columns


def _seed_weights(seeds: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """(draws, seeds) share of each seed in a redrawn mean over seeds."""
    return random.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws) / seeds
