"""Scores of parts of a test split: texts by length, texts by what of them the vocabulary lacks, tokens by how often training had them.

Each function gives columns, which `evaluate` writes as CSV and the report draws. Accuracy comes with Wilson's 95 % interval, a language
model's scores with the bootstrap's over texts (a token's neighbours are no independent draws). Numbers have six significant digits, so
that the noise of a last bit changes no file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from malmoi import metrics
from malmoi.batches import END, UNKNOWN

Columns: TypeAlias = dict[str, list[Any]]
QUANTILES = 5  # parts of equal size, as far as equal lengths allow
UNKNOWN_SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)  # upper edges
SCORED = ("perplexity", "bits_per_character", "bits_per_byte")  # of a language model, with intervals


@dataclass(frozen=True)
class Buckets:
    """Parts that values fall into. index: (n,) the part of each; low, high: (parts,) its edges, both inside."""

    index: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.low)


def quantiles(values: np.ndarray, parts: int = QUANTILES) -> Buckets:
    """At most `parts` buckets of about equal size; equal values share one. Edges are the smallest and greatest value in each.

    >>> quantiles(np.array([1, 1, 1, 4, 9, 9]), 3).high.tolist()
    [1, 4, 9]
    """
    edges = np.unique(np.quantile(values, np.arange(1, parts + 1) / parts, method="inverted_cdf"))
    index = np.searchsorted(edges, values)
    low = np.array([values[index == part].min() for part in range(len(edges))])
    return Buckets(index, low, edges)


def classes(probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Columns:
    """Precision, recall, F1 with its interval, and support of each class. probabilities: (n, classes); labels: (n,)."""
    counts = metrics.confusion(labels, probabilities.argmax(1), probabilities.shape[1])
    return {"class": list(names)} | _columns(metrics.per_class(counts))


def calibration(probabilities: np.ndarray, labels: np.ndarray) -> Columns:
    """How often the model is right when it is so sure (`metrics.reliability`)."""
    return _columns(metrics.reliability(probabilities, labels))


def accuracy_by_length(correct: np.ndarray, lengths: dict[str, np.ndarray]) -> Columns:
    """Accuracy of short and long texts. correct: (n,) bool; lengths: unit ("characters", "tokens") -> (n,)."""
    return _stacked({unit: _accuracy(correct, quantiles(values)) for unit, values in lengths.items()})


def accuracy_by_unknown(correct: np.ndarray, unknown: np.ndarray, tokens: np.ndarray) -> Columns:
    """Accuracy by the share of a text's tokens that the vocabulary lacks; a text without tokens lacks none. All (n,)."""
    share, edges = unknown / np.maximum(tokens, 1), np.array(UNKNOWN_SHARES)
    index = np.searchsorted(edges, share)
    seen = np.unique(index)
    return _accuracy(correct, Buckets(np.searchsorted(seen, index), edges[np.maximum(seen - 1, 0)], edges[seen]))


def language_by_length(bits: np.ndarray, charged: np.ndarray, units: dict[str, np.ndarray], lossless: bool) -> Columns:
    """Perplexity and bits of short and long texts, by characters and by tokens; arguments as `metrics.language`.

    A text's END is scored with it, but is not counted into its length.
    """
    whole = bits, charged, units, lossless
    return _stacked({unit: _language(whole, quantiles(units[unit] - 1)) for unit in ("characters", "tokens")})


def language_by_frequency(ids: np.ndarray, bits: np.ndarray, charged: np.ndarray, lengths: np.ndarray, frequencies: np.ndarray) -> Columns:
    """Bits of rare and frequent tokens: by how often training had them, in powers of ten.

    ids, bits: (tokens,) of the whole stream; charged, lengths: (n,) of each text; frequencies: (width,) of each id. Tokens that the
    vocabulary lacks are a part of their own, the bits of spelling them out included, and so are the ends of texts.
    """
    names, part = _powers(ids, frequencies)
    text = np.repeat(np.arange(len(lengths)), lengths)
    cells = len(lengths) * len(names)
    counted = np.bincount(text * len(names) + part, minlength=cells).reshape(-1, len(names))  # (n, parts)
    spent = np.bincount(text * len(names) + part, bits, cells).reshape(-1, len(names))
    spent[:, 0] += charged
    seen = np.flatnonzero(counted.sum(0))
    counted, spent = counted[:, seen], spent[:, seen]
    low, high = _ratio_interval(spent, counted)
    tokens, total = counted.sum(0), spent.sum(0)
    rates = {"bits_per_token": total / tokens, "low": low, "high": high, "perplexity": 2 ** (total / tokens)}
    shares = {"share_of_tokens": tokens / tokens.sum(), "share_of_bits": total / total.sum()}
    return {"frequency": [names[place] for place in seen]} | _columns({"tokens": tokens} | rates | shares)


def _powers(ids: np.ndarray, frequencies: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names of the parts, and (tokens,) the part of each: unknown, 1-9, 10-99, ..., end of text."""
    digits = np.array([len(str(count)) for count in frequencies.tolist()])  # 1 for 0 too, which is left of special ids and of nothing else
    most = int(digits.max(initial=1))
    powers = [f"{10**place}-{10 ** (place + 1) - 1}" for place in range(most)]
    part = digits[ids]
    part[ids == UNKNOWN], part[ids == END] = 0, most + 1
    return ["unknown", *powers, "end of text"], part


def _accuracy(correct: np.ndarray, buckets: Buckets) -> Columns:
    texts = np.bincount(buckets.index, minlength=len(buckets))
    hits = np.bincount(buckets.index, correct, len(buckets))
    low, high = metrics.share_interval(hits, texts)
    return _columns({"from": buckets.low, "to": buckets.high, "texts": texts, "accuracy": hits / texts, "low": low, "high": high})


def _language(whole: tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], bool], buckets: Buckets) -> Columns:
    bits, charged, units, lossless = whole
    rows = []
    for part in range(len(buckets)):
        inside = buckets.index == part
        given = bits[inside], charged[inside], {name: values[inside] for name, values in units.items()}, lossless
        scores, edges = metrics.language(*given), metrics.language_intervals(*given)
        row = {"from": buckets.low[part], "to": buckets.high[part], "texts": int(inside.sum()), "tokens": int(scores["tokens"] or 0)}
        for name in SCORED:
            row |= {name: scores[name], f"{name}_low": edges.get(name, [None])[0], f"{name}_high": edges.get(name, [None])[-1]}
        rows.append(row)
    return _columns({name: [row[name] for row in rows] for name in rows[0]})


def _ratio_interval(parts: np.ndarray, wholes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of sum(parts) / sum(wholes) of each column, texts drawn again. parts, wholes: (n, columns)."""
    random, texts = np.random.default_rng(0), len(parts)
    draws = np.full((metrics.RESAMPLES, parts.shape[1]), np.nan)
    for draw in draws:
        weights = np.bincount(random.integers(0, texts, texts), minlength=texts)
        total = weights @ wholes
        np.divide(weights @ parts, total, out=draw, where=total > 0)
    low, high = np.nanpercentile(draws, metrics.LEVEL, axis=0)
    return low, high


def _stacked(tables: dict[str, Columns]) -> Columns:
    """Tables of the same columns under each other, the name of each in a column `unit`."""
    first = next(iter(tables.values()))
    units = [unit for unit, columns in tables.items() for _ in columns["from"]]
    return {"unit": units} | {name: [value for columns in tables.values() for value in columns[name]] for name in first}


def _columns(given: dict[str, Any]) -> Columns:
    return {name: [_plain(value) for value in values] for name, values in given.items()}


def _plain(value: Any) -> Any:
    """A number as it is written: whole, or with six significant digits; empty for None and for what is no number."""
    if value is None or value != value:
        return ""
    return int(value) if isinstance(value, int | np.integer) else float(f"{value:.6g}")
