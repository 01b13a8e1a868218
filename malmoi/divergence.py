"""How far two distributions of counts are apart, and how far chance alone takes two samples of one source.

Total variation distance: half the sum of |p - q| (Levin, Peres, Wilmer (2009), Markov chains and mixing times, section 4.1).
Population stability index: the sum of (q - p) ln(q / p) (Siddiqi (2006), Credit risk scorecards; Jeffreys' divergence of 1946); below 0.1
it is taken for no change, above 0.25 for a large one.
Kolmogorov-Smirnov statistic: the largest gap between cumulative shares (Smirnov (1948), Table for estimating the goodness of fit of
empirical distributions). Of counts in bins it is the largest gap at an edge, so never more than that of the values themselves.
Jensen-Shannon divergence: the entropy of the mean less the mean entropy (Lin (1991), Divergence measures based on the Shannon entropy),
base 2, so 0 to 1.

Chance: of two samples of one source, n and m values in k bins, (1/n + 1/m) times a chi-squared variable with k - 1 degrees of freedom is,
for large samples, the sum of (p - q)² / mean (Pearson's test of homogeneity) and the stability index (Yurdakul (2018), Statistical
properties of population stability index). The Jensen-Shannon divergence is 1 / (8 ln 2) of it, and the total variation distance at most
half its root (Cauchy-Schwarz). What is exceeded once in a thousand times is given. Words of one text are no independent draws: real
samples differ more.
"""

import math
from collections.abc import Mapping, Sequence

ONCE = 0.001  # the chance that is meant by "once in a thousand times"
EITHER = 3.2905  # standard deviations outside of which a normal variable is so often
SMIRNOV = 1.9495  # the same for the Kolmogorov-Smirnov statistic: the root of ln(2 / 0.001) / 2
FLOOR = 1e-4  # share that a bin without counts is taken to have where it is divided by

Counts = Mapping[str, int]


def total_variation(before: Counts, after: Counts) -> float:
    """0 (the same shares) to 1 (nothing in common). Of no counts at all: 0.

    >>> total_variation({"긍정": 50, "부정": 50}, {"긍정": 8, "부정": 2})
    0.3
    """
    return round(sum(abs(p - q) for p, q in _shares(before, after)) / 2, 12)


def stability_index(before: Counts, after: Counts) -> float:
    """Population stability index, in nats; 0 for the same shares, without an upper end."""
    floored = ((max(p, FLOOR), max(q, FLOOR)) for p, q in _shares(before, after))
    return math.fsum((q - p) * math.log(q / p) for p, q in floored)


def jensen_shannon(before: Counts, after: Counts) -> float:
    """In bits, 0 to 1."""
    return max(0.0, math.fsum(_information(p, (p + q) / 2) + _information(q, (p + q) / 2) for p, q in _shares(before, after)) / 2)


def _information(share: float, mean: float) -> float:
    return share * math.log2(share / mean) if share else 0.0


def kolmogorov_smirnov(before: Sequence[int], after: Sequence[int]) -> float:
    """0 to 1; before, after: counts in the same bins, in their order."""
    totals = sum(before), sum(after)
    if not all(totals):
        return 0.0
    gap = widest = 0.0
    for one, other in zip(before, after, strict=True):
        gap += one / totals[0] - other / totals[1]
        widest = max(widest, abs(gap))
    return widest


def _shares(before: Counts, after: Counts) -> list[tuple[float, float]]:
    """Shares of each bin in both, in the bins' order; none where one of the two is empty."""
    totals = sum(before.values()), sum(after.values())
    if not all(totals):
        return []
    return [(before.get(name, 0) / totals[0], after.get(name, 0) / totals[1]) for name in sorted({*before, *after})]


def chance(bins: int, before: int, after: int) -> float:
    """What the stability index of two samples of one source, `before` and `after` values in `bins`, exceeds once in a thousand times."""
    from scipy.special import chdtri  # here, since a tenth of a second is much for who only compares names

    free = bins - 1
    if free < 1 or not before or not after:
        return 0.0
    return float(chdtri(free, ONCE)) * (1 / before + 1 / after)


def chance_of_variation(bins: int, before: int, after: int) -> float:
    """The same for the total variation distance: an upper bound, met by two bins of equal size."""
    return min(1.0, math.sqrt(chance(bins, before, after)) / 2)


def chance_of_information(bins: int, before: int, after: int) -> float:
    """The same for the Jensen-Shannon divergence."""
    return min(1.0, chance(bins, before, after) / (8 * math.log(2)))


def chance_of_gap(before: int, after: int) -> float:
    """The same for the Kolmogorov-Smirnov statistic."""
    return min(1.0, SMIRNOV * math.sqrt(1 / before + 1 / after)) if before and after else 0.0


def chance_of_share(share: float, before: int, after: int) -> float:
    """The same for the difference of two shares of which both samples together have `share`."""
    return EITHER * math.sqrt(share * (1 - share) * (1 / before + 1 / after)) if before and after else 0.0


def chance_of_new(texts: int) -> float:
    """The same for the share of texts that have something which none of so many texts before had.

    The rule of three, for 0.1% (Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?).
    """
    return min(1.0, math.log(1000) / max(1, texts))


def furthest(before: Counts, after: Counts) -> list[str]:
    """Names whose shares have moved, those that moved furthest first."""
    totals = max(1, sum(before.values())), max(1, sum(after.values()))
    gaps = {name: round(abs(after.get(name, 0) / totals[1] - before.get(name, 0) / totals[0]), 12) for name in {*before, *after}}
    return sorted((name for name in gaps if gaps[name] > 0), key=lambda name: (-gaps[name], name))
