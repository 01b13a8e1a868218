"""Scores with their intervals, in numpy. Classification: accuracy, macro-F1, log loss, calibration. Language models: perplexity, bits.

Intervals are 95 % percentile bootstrap intervals over test examples (Efron and Tibshirani, 1993, section 13.3), seeded.
"""

import numpy as np

RESAMPLES = 1000
LEVEL = (2.5, 97.5)
BINS = 15  # of the calibration error


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) counts: row = actual, column = predicted."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Share of the diagonal, in 0..1. counts: (..., classes, classes) -> (...)."""
    return np.trace(counts, axis1=-2, axis2=-1) / np.maximum(counts.sum((-2, -1)), 1)


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """Unweighted mean of the classes' F1, in 0..1; a class that neither occurs nor is predicted is left out. (..., c, c) -> (...).

    >>> float(macro_f1(np.array([[2, 0], [1, 1]])))  # F1 are 4/5 and 2/3
    0.7333333333333334
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)  # (..., classes)
    seen = counts.sum(-1) + counts.sum(-2)  # (..., classes)
    scores = np.divide(2 * hits, seen, out=np.zeros(seen.shape), where=seen > 0)
    return scores.sum(-1) / np.maximum((seen > 0).sum(-1), 1)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) nats that the actual class costs; a probability of 0 counts as 1e-12. probabilities: (n, classes)."""
    return -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error in 0..1, 15 equal-width bins of confidence (Guo et al., 2017, equation 3)."""
    confidence = probabilities.max(1)
    correct = probabilities.argmax(1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, correct, BINS) - np.bincount(bins, confidence, BINS)
    return float(np.abs(gaps).sum() / max(len(labels), 1))


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
    classes = probabilities.shape[1]
    counts = confusion(labels, probabilities.argmax(1), classes)
    draws = random.multinomial(len(labels), counts.ravel() / len(labels), RESAMPLES).reshape(-1, classes, classes)
    losses = log_loss(probabilities, labels)
    means = [losses[random.integers(0, len(losses), len(losses))].mean() for _ in range(RESAMPLES)]
    return {"accuracy": _interval(accuracy(draws)), "macro_f1": _interval(macro_f1(draws)), "log_loss": _interval(np.array(means))}


def language(bits: np.ndarray, charged: np.ndarray, units: dict[str, np.ndarray], lossless: bool) -> dict[str, float | None]:
    """All scores of a language model on one stream, END of every text included.

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
    draws: dict[str, list[float]] = {"perplexity": [], "bits_per_character": [], "bits_per_byte": []}
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(bits), len(bits))
        scores = language(bits[rows], charged[rows], {name: values[rows] for name, values in units.items()}, lossless)
        for name, drawn in draws.items():
            value = scores[name]
            drawn.extend([] if value is None else [value])
    return {name: _interval(np.array(drawn)) for name, drawn in draws.items() if drawn}


def _interval(draws: np.ndarray) -> list[float]:
    low, high = np.percentile(draws, LEVEL)
    return [float(low), float(high)]
