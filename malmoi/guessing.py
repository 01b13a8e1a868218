"""Is a model better than guessing? Its answers on the test texts against those of a guesser that reads nothing.

The guesser of a classifier always names the most frequent class of the test split: no other constant answer is right as often there, and
with k classes it is right at least once in k times. That of a language model knows how often each token came in training and nothing of
what stands before it (a unigram model, Chen and Goodman, 1999, section 2.1).

A classifier's bundle that is served is held against the guesser's share by the exact binomial test ("accuracy above the no-information
rate": Kuhn, 2008, Building predictive models in R using the caret package); the mean over several seeds by the bootstrap over texts and
seeds. A language model is held against the guesser's bits text by text, by the paired bootstrap. All are one-sided: p is the chance that
who guesses looks as good as this, the largest of the tests, after Holm's correction for all models of the board.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from malmoi import statistics
from malmoi.leaderboard import Entry, compare
from malmoi.scores import score

Found = Mapping[str, Any]
UNIGRAM = "by the frequencies of tokens alone"


def always(label: str) -> str:
    """The guesser of a classifier in words."""
    return f"always {label!r}"


def most_frequent(labels: np.ndarray) -> str:
    """The most frequent class, the first by name of equally frequent ones. labels: (n,) class names, n at least 1."""
    names, counts = np.unique(labels, return_counts=True)
    return str(names[counts.argmax()])


def judge(served: Sequence[tuple[Entry, int]], level: float = statistics.LEVEL) -> list[Found]:
    """What each shows against its guesser: {"against", "metric", "difference", "interval", "p", "p_adjusted", "better"}.

    served: experiments of one board, each with the seed whose bundle is served. One whose guesser was not measured is not better, and has
    no "p".
    """
    met = {place: _met(entry, guesser, seed) for place, (entry, seed) in enumerate(served) if (guesser := _guesser(entry))}
    adjusted = dict(zip(met, statistics.holm([one["p"] for one in met.values()]), strict=True))
    known = {place: one | {"p_adjusted": float(f"{adjusted[place]:.6g}"), "better": adjusted[place] < level} for place, one in met.items()}
    return [known.get(place, {"better": False}) for place in range(len(served))]


def _guesser(entry: Entry) -> Entry | None:
    """The guesser as an evaluated experiment of one seed; None where it was not measured. Of a classifier, each text has the share of all
    that it is right in: which ones it happens to have right says nothing."""
    outcomes = entry.outcomes
    if outcomes.guess is None:
        return None
    right = outcomes.guess.dtype == np.bool_
    each = np.full(len(outcomes.guess), outcomes.guess.mean()) if right else outcomes.guess
    guesses = replace(outcomes, values=each[:, None], guess=None)
    return replace(entry, metrics={**entry.metrics, "experiment": outcomes.guesser}, outcomes=guesses)


def _met(entry: Entry, guesser: Entry, seed: int) -> dict[str, Any]:
    """The tests against the guesser."""
    paired = compare(entry, guesser)
    p = _one_sided(paired["p"], score(paired["metric"]).sign * paired["difference"])
    values = entry.outcomes.values
    if values.dtype == np.bool_:
        seeds = sorted(int(one) for one in entry.metrics["test"]["seeds"])
        exact = statistics.better_than_share(values[:, seeds.index(seed)], float(guesser.outcomes.values[0, 0]))
        p = exact if len(seeds) == 1 else max(p, exact)
    return {key: paired[key] for key in ("against", "metric", "difference", "interval")} | {"p": float(f"{p:.6g}")}


def _one_sided(p: float, ahead: float) -> float:
    """Of a two-sided p, that of the side "it is better". ahead: above 0 where it is on that side."""
    return p / 2 if ahead > 0 else 1 - p / 2
