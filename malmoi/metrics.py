"""Scores with their intervals, in numpy. Classification: accuracy, macro-F1, log loss, calibration. Language models: perplexity, bits.

Intervals are 95 % percentile bootstrap intervals over test examples (Efron and Tibshirani, 1993, section 13.3), seeded; those of a share
of few examples (`share_interval`) are Wilson's (1927), which need no draws and hold for a handful. `objectives` and `breakdown` use them.
"""

from collections.abc import Callable, Sequence

import numpy as np

from malmoi.batches import END, PAD, UNKNOWN

RESAMPLES = 1000
LEVEL = (2.5, 97.5)
Z = 1.959963984540054  # normal quantile of 97.5 %
BINS = 15  # of the calibration error
INTERVALS = ("perplexity", "bits_per_character", "bits_per_byte")  # scores of a language model that have one


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) counts: row = actual, column = predicted."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Share of the diagonal, in 0..1. counts: (..., classes, classes) -> (...)."""
    return np.trace(counts, axis1=-2, axis2=-1) / np.maximum(counts.sum((-2, -1)), 1)


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """Unweighted mean of the classes' F1, in 0..1; a class that neither occurs nor is predicted is left out. (..., c, c) -> (...).

    As scikit-learn has it, and so comparable: a class that does not occur and is predicted all the same counts as 0, however rarely that is
    (Opitz and Burst, 2019, Macro F1 and Macro F1). Where labels are absent from a split `evaluate` says so.

    >>> float(macro_f1(np.array([[2, 0], [1, 1]])))  # F1 are 4/5 and 2/3
    0.7333333333333334
    """
    seen = counts.sum(-1) + counts.sum(-2)  # (..., classes)
    return f1(counts).sum(-1) / np.maximum((seen > 0).sum(-1), 1)


def f1(counts: np.ndarray) -> np.ndarray:
    """Harmonic mean of each class's precision and recall, in 0..1; 0 where it is 0 / 0. counts: (..., c, c) -> (..., c)."""
    return _shares(2 * np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-1) + counts.sum(-2))


def per_class(counts: np.ndarray) -> dict[str, np.ndarray]:
    """precision, recall, f1, and f1's bootstrap interval (low, high), support (examples of the class) and predicted, each (classes,).

    counts: (classes, classes). A share of nothing, as the precision of a class that is never predicted, is 0. A class without a hit has no
    interval (nan): drawn again it would have none either, however few its examples are.

    >>> per_class(np.array([[2, 0], [1, 1]]))["recall"].tolist()
    [1.0, 0.5]
    """
    hits, support, predicted = np.diagonal(counts), counts.sum(1), counts.sum(0)
    edges = np.percentile(f1(_redrawn(counts, np.random.default_rng(0))), LEVEL, axis=0)
    low, high = np.where(hits > 0, edges, np.nan)
    shares = {"precision": _shares(hits, predicted), "recall": _shares(hits, support), "f1": f1(counts)}
    return shares | {"low": low, "high": high, "support": support, "predicted": predicted}


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)


def share_interval(hits: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(low, high): Wilson's 95 % interval of `hits` out of `total`, which must be above 0; arrays of one shape.

    >>> [round(float(edge), 3) for edge in share_interval(np.array(8), np.array(10))]
    [0.49, 0.943]
    """
    share, width = hits / total, Z**2 / total
    middle = (share + width / 2) / (1 + width)
    half = np.sqrt(share * (1 - share) * width + width**2 / 4) / (1 + width)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) nats that the actual class costs; a probability of 0 counts as 1e-12. probabilities: (n, classes)."""
    return -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error in 0..1, 15 equal-width bins of confidence (Guo et al., 2017, equation 3)."""
    _, correct, confidence = _by_confidence(probabilities, labels)
    return float(np.abs(correct - confidence).sum() / max(len(labels), 1))


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """The bins behind the calibration error that hold an example: edges `from` and `to`, texts, mean confidence, accuracy and its interval
    (low, high). A calibrated model is right as often as it is sure (DeGroot and Fienberg, 1983). probabilities: (n, classes)."""
    texts, correct, confidence = _by_confidence(probabilities, labels)
    seen = np.flatnonzero(texts)
    low, high = share_interval(correct[seen], texts[seen])
    shares = {"confidence": confidence[seen] / texts[seen], "accuracy": correct[seen] / texts[seen], "low": low, "high": high}
    return {"from": seen / BINS, "to": (seen + 1) / BINS, "texts": texts[seen], **shares}


def _by_confidence(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(BINS,) examples, how many of them are right, and the sum of their confidences."""
    confidence = probabilities.max(1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    right = probabilities.argmax(1) == labels
    return np.bincount(bins, minlength=BINS), np.bincount(bins, right, BINS), np.bincount(bins, confidence, BINS)


def classification(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """All scores of one set of predictions. probabilities: (n, classes); labels: (n,)."""
    counts = confusion(labels, probabilities.argmax(1), probabilities.shape[1])
    return {
        "accuracy": float(accuracy(counts)),
        "macro_f1": float(macro_f1(counts)),
        "log_loss": float(log_loss(probabilities, labels).mean()),
        "calibration_error": calibration_error(probabilities, labels),
    }


def classification_intervals(probabilities: np.ndarray, labels: np.ndarray, seed: int = 0) -> dict[str, list[float]]:
    """Bootstrap intervals. Drawing n examples again is drawing n cells of the confusion matrix, so no n x 1000 array is made for those."""
    random = np.random.default_rng(seed)
    draws = _redrawn(confusion(labels, probabilities.argmax(1), probabilities.shape[1]), random)
    losses = log_loss(probabilities, labels)
    means = [losses[random.integers(0, len(losses), len(losses))].mean() for _ in range(RESAMPLES)]
    return {"accuracy": _interval(accuracy(draws)), "macro_f1": _interval(macro_f1(draws)), "log_loss": _interval(np.array(means))}


def classification_intervals_of_means(shares: Sequence[np.ndarray], labels: np.ndarray) -> dict[str, list[float]]:
    """Bootstrap intervals of the means over seeds. shares: of each seed (n, classes) probabilities."""
    classes = shares[0].shape[1]
    cells = [labels * classes + one.argmax(1) for one in shares]  # (n,) place in the confusion matrix
    losses = [log_loss(one, labels) for one in shares]

    def scores(seed: int, rows: np.ndarray) -> dict[str, float | None]:
        counts = np.bincount(cells[seed][rows], minlength=classes * classes).reshape(classes, classes)
        return {
            "accuracy": float(accuracy(counts)),
            "macro_f1": float(macro_f1(counts)),
            "log_loss": float(losses[seed][rows].mean()),
        }

    return over_seeds(scores, len(shares), len(labels))


def _redrawn(counts: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(RESAMPLES, classes, classes) confusion matrices of examples drawn again."""
    total = int(counts.sum())
    return random.multinomial(total, counts.ravel() / total, RESAMPLES).reshape(-1, *counts.shape)


def language(bits: np.ndarray, charged: np.ndarray, units: dict[str, np.ndarray], lossless: bool) -> dict[str, float | None]:
    """All scores of a language model on one stream (the whole split, nothing dropped), END of every text included.

    bits: (n,) bits of each text's tokens; charged: (n,) bits for spelling out its unknown tokens. units: (n,) "tokens", "characters",
    "bytes" and "unknown" of each text. Perplexity is 2 ** (bits / tokens) with an unknown token counting as one token, as in the
    literature; bits per character and per byte are of the raw text, unknown tokens charged for, and None where the tokenizer is not
    lossless (the model then does not describe the text).
    """
    totals = {name: float(values.sum()) for name, values in units.items()}
    whole = float(bits.sum() + charged.sum())
    return {
        "perplexity": float(2 ** (bits.sum() / totals["tokens"])),
        "bits_per_character": whole / totals["characters"] if lossless else None,
        "bits_per_byte": whole / totals["bytes"] if lossless else None,
        "bits_per_token": float(bits.sum()) / totals["tokens"],
        "unknown_rate": totals["unknown"] / totals["tokens"],
        **{name: totals[name] for name in ("tokens", "characters", "bytes")},
    }


def language_intervals(
    bits: np.ndarray, charged: np.ndarray, units: dict[str, np.ndarray], lossless: bool, seed: int = 0
) -> dict[str, list[float]]:
    """Bootstrap intervals over texts; arguments as `language`."""
    random = np.random.default_rng(seed)
    draws: dict[str, list[float]] = {name: [] for name in INTERVALS}
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(bits), len(bits))
        scores = language(bits[rows], charged[rows], {name: values[rows] for name, values in units.items()}, lossless)
        for name, drawn in draws.items():
            value = scores[name]
            drawn.extend([] if value is None else [value])
    return {name: _interval(np.array(drawn)) for name, drawn in draws.items() if drawn}


def unigram_bits(ids: np.ndarray, lengths: np.ndarray, frequencies: np.ndarray, unknown: int) -> np.ndarray:
    """(n,) bits of each text by the frequencies of its tokens alone, one added to each (Laplace).

    ids: (total,) tokens of the texts laid end to end, END after each; lengths: (n,) of them. frequencies: (ids,) in train; unknown: tokens
    of train that the vocabulary lacks. How often texts end is taken from these very texts.
    """
    counts = frequencies.astype(np.float64) + 1
    counts[UNKNOWN] += unknown
    counts[[PAD, END]] = 0
    ends = float(np.mean(ids == END))
    with np.errstate(divide="ignore"):
        costs = -np.log2(counts / counts.sum() * (1 - ends))  # (ids,)
    costs[END] = -np.log2(ends)
    return np.add.reduceat(costs[ids], np.cumsum(lengths) - lengths)


def over_seeds(scores: Callable[[int, np.ndarray], dict[str, float | None]], seeds: int, texts: int) -> dict[str, list[float]]:
    """Bootstrap intervals of means over several seeds, which are redrawn as well as the texts; the same texts for all seeds of a draw.

    scores: of a seed's place (0 to seeds - 1) and (texts,) rows, the scores of its answers to these texts.
    """
    random = np.random.default_rng(0)
    draws: dict[str, list[float]] = {}
    for _ in range(RESAMPLES):
        rows, drawn = random.integers(0, texts, texts), random.integers(0, seeds, seeds)
        found = {seed: scores(seed, rows) for seed in set(drawn.tolist())}
        for name in next(iter(found.values())):
            values = [found[seed][name] for seed in drawn.tolist()]
            draws.setdefault(name, []).append(float(np.mean([np.nan if value is None else value for value in values])))
    return {name: _interval(np.array(drawn)) for name, drawn in draws.items() if not np.isnan(drawn).any()}


def _interval(draws: np.ndarray) -> list[float]:
    low, high = np.percentile(draws, LEVEL)
    return [float(low), float(high)]
