"""What a problem asks for, and how an answer to it is measured. The only place that branches on the problem when measuring.

classify (N -> 1): one label per text. language_model: the next token at every place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from malmoi import breakdown, metrics
from malmoi.config import ConfigError
from malmoi.predictor import Predictor, Scores
from malmoi.rows import Example
from malmoi.scores import Metric, score

BUCKET = 10  # tokens of a text that share one point of the perplexity-by-position curve
BUCKETS = 20


@dataclass(frozen=True)
class Outcome:
    """What measuring one model on one split gave: named scores, their 95 % intervals, one row per example, and tables for plots."""

    scores: Mapping[str, float | None]
    intervals: dict[str, list[float]]
    rows: dict[str, np.ndarray | list[Any]]
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    answers: Any = field(default=None, repr=False)  # what `Objective.intervals` redraws
    absent: list[str] = field(default_factory=list)  # labels that the model knows and no example has
    vocabulary: str = ""  # digest of the vocabulary and of the text in its tokens, which a perplexity depends on


class Objective(Protocol):
    """One problem."""

    def primary(self, lossless: bool) -> Metric:
        """The metric that ranks."""

    def measure(self, predictor: Predictor, examples: Sequence[Example], closely: bool) -> Outcome:
        """Ask the predictor for all examples, in order, and score its answers. closely: with intervals and tables, which cost time."""

    def intervals(self, outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
        """95 % intervals of the means over several seeds, each measured on the same examples."""


class Classify:
    """N -> 1: accuracy, macro-F1, log loss, calibration."""

    def primary(self, lossless: bool) -> Metric:
        """Accuracy."""
        return score("accuracy")

    def measure(self, predictor: Predictor, examples: Sequence[Example], closely: bool) -> Outcome:
        """See Objective. Raises ConfigError for a label that the model was not trained on."""
        known = {label: place for place, label in enumerate(predictor.labels)}
        unknown = {str(example.label) for example in examples} - set(known)
        if unknown:
            raise ConfigError(f"labels {sorted(unknown)} are not among those the model was trained on: {predictor.labels}")
        labels = np.array([known[str(example.label)] for example in examples])
        texts = [example.text for example in examples]
        documents = predictor.cut(texts)
        shares = predictor.classify_tokens(documents)
        best = shares.argmax(1)
        predicted = [predictor.labels[place] for place in best]
        actual = [example.label for example in examples]
        rows: dict[str, Any] = {"id": [e.id for e in examples], "label": actual, "predicted": predicted}
        rows |= {"probability": shares.max(1).astype(np.float64), "correct": best == labels}
        scores = metrics.classification(shares, labels)
        absent = [label for label in predictor.labels if label not in set(actual)]
        if not closely:
            return Outcome(scores, {}, rows, answers=(shares, labels), absent=absent)
        lengths = {unit: np.array([len(one) for one in each]) for unit, each in (("characters", texts), ("tokens", documents))}
        tables = {
            "confusion": {"actual": actual, "predicted": predicted},
            "classes": breakdown.classes(shares, labels, predictor.labels),
            "calibration": breakdown.calibration(shares, labels),
            "length": breakdown.accuracy_by_length(best == labels, lengths),
            "unknown": breakdown.accuracy_by_unknown(best == labels, predictor.unknown(documents), lengths["tokens"]),
        }
        return Outcome(scores, metrics.classification_intervals(shares, labels), rows, tables, (shares, labels), absent)

    def intervals(self, outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
        """See Objective."""
        return metrics.classification_intervals_of_means([one.answers[0] for one in outcomes], outcomes[0].answers[1])


class LanguageModel:
    """Next token: perplexity, bits per character and byte of the raw text."""

    def primary(self, lossless: bool) -> Metric:
        """Bits per character; perplexity where the tokenizer loses text, as bits per character would then mean nothing."""
        return score("bits_per_character" if lossless else "perplexity")

    def measure(self, predictor: Predictor, examples: Sequence[Example], closely: bool) -> Outcome:
        """See Objective."""
        given = predictor.score([example.text for example in examples])
        scores = metrics.language(given.bits, given.charged, given.units, predictor.lossless)
        guess = metrics.unigram_bits(given.ids, given.units["tokens"], predictor.frequencies, predictor.unknown_in_train)
        rows: dict[str, Any] = {"id": [example.id for example in examples], "bits": given.bits + given.charged}
        rows |= {"guess": guess + given.charged}
        rows |= {name: given.units[name].astype(np.int32) for name in ("tokens", "characters", "bytes")}
        if not closely:
            return Outcome(scores, {}, rows, answers=(given, predictor.lossless))
        edges = metrics.language_intervals(given.bits, given.charged, given.units, predictor.lossless)
        tables = {
            "position": by_position(given.token_bits, given.units["tokens"]),
            "length": breakdown.language_by_length(given.bits, given.charged, given.units, predictor.lossless),
            "frequency": _by_frequency(given, predictor.frequencies),
        }
        return Outcome(scores, edges, rows, tables, (given, predictor.lossless), vocabulary=predictor.vocabulary(given.ids))

    def intervals(self, outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
        """See Objective."""

        def scores(seed: int, rows: np.ndarray) -> dict[str, float | None]:
            given, lossless = outcomes[seed].answers
            units = {name: values[rows] for name, values in given.units.items()}
            found = metrics.language(given.bits[rows], given.charged[rows], units, lossless)
            return {name: found[name] for name in metrics.INTERVALS}

        return metrics.over_seeds(scores, len(outcomes), len(outcomes[0].answers[0].bits))


def _by_frequency(given: Scores, frequencies: np.ndarray) -> breakdown.Columns:
    return breakdown.language_by_frequency(given.ids, given.token_bits, given.charged, given.units["tokens"], frequencies)


def by_position(token_bits: np.ndarray, lengths: np.ndarray) -> dict[str, list[Any]]:
    """Perplexity by a token's place in its text, ten places to a point, the last point open. token_bits: (total,); lengths: (n,)."""
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)  # (total,)
    bucket = np.minimum((np.arange(len(token_bits)) - starts) // BUCKET, BUCKETS - 1)
    counts = np.bincount(bucket, minlength=BUCKETS)
    sums = np.bincount(bucket, token_bits, BUCKETS)
    seen = np.flatnonzero(counts)
    return {
        "position": [int(place) * BUCKET for place in seen],
        "perplexity": [float(2 ** (sums[place] / counts[place])) for place in seen],
        "tokens": [int(counts[place]) for place in seen],
    }


OBJECTIVES: dict[str, Objective] = {"classify": Classify(), "language_model": LanguageModel()}


def find(problem: str) -> Objective:
    """The objective of a problem. Raises ConfigError, with the names there are, for another name."""
    if problem not in OBJECTIVES:
        raise ConfigError(f"no problem is called {problem!r}; there are: {', '.join(OBJECTIVES)}")
    return OBJECTIVES[problem]
