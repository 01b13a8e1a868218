"""Is a model better than guessing? Its answers on the test texts against those of a guesser that reads nothing.

The guesser of a classifier always names the most frequent class of the test split: no other constant answer is right as often there, and
with k classes it is right at least once in k times. That of a language model knows how often each token came in training and nothing of
what stands before it (a unigram model, Chen and Goodman, 1999, section 2.1).

The tests are those of a challenger and a champion (`malmoi.statistics`): the paired bootstrap over texts and seeds and, of classifiers,
McNemar's test of the bundle that is served; p is the larger of both, one-sided, after Holm's correction for all models of the board.
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
    """The guesser as an evaluated experiment of one seed; None where it was not measured."""
    outcomes = entry.outcomes
    if outcomes.guess is None:
        return None
    guesses = replace(outcomes, values=outcomes.guess[:, None], guess=None)
    return replace(entry, metrics={**entry.metrics, "experiment": outcomes.guesser}, outcomes=guesses)


def _met(entry: Entry, guesser: Entry, seed: int) -> dict[str, Any]:
    """The paired tests, one-sided. p: the chance that a guesser looks as good as this, at least."""
    paired = compare(entry, guesser)
    values, guesses = entry.outcomes.values, guesser.outcomes.values
    redrawn = statistics.difference(values.astype(np.float64), guesses.astype(np.float64), entry.outcomes.sizes[paired["metric"]])
    p = _one_sided(redrawn.p, score(paired["metric"]).sign * redrawn.value)
    if values.dtype == np.bool_:
        seeds = sorted(int(one) for one in entry.metrics["test"]["seeds"])
        bundle, constant = values[:, seeds.index(seed)], guesses[:, 0]
        ahead = int(np.sum(bundle & ~constant)) - int(np.sum(~bundle & constant))
        p = max(p, _one_sided(statistics.mcnemar(bundle, constant), ahead))
    return {key: paired[key] for key in ("against", "metric", "difference", "interval")} | {"p": float(f"{p:.6g}")}


def _one_sided(p: float, ahead: float) -> float:
    """Of a two-sided p, that of the side "it is better". ahead: above 0 where it is on that side."""
    return p / 2 if ahead > 0 else 1 - p / 2
