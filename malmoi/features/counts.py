"""Bag of words: a column for each token, or n-gram of tokens; counts, yes or no, or TF-IDF (Salton & Buckley 1988). Sparse throughout.

tf-idf(t, d) = tf(t, d) * (ln((1 + n) / (1 + df(t))) + 1), rows scaled to length 1: as scikit-learn has it (a test compares), with n
documents of which df have the n-gram. N-grams are counted as numbers, never joined into strings, so that 150,000 reviews as
1-to-4-grams of characters take seconds; and tokens with spaces in them cannot be confused.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import sparse

from malmoi import config, vocab
from malmoi.config import ConfigError, params
from malmoi.features import _numbers
from malmoi.features._grams import Grams, index
from malmoi.npz import save_arrays

BLOCK = 20_000  # documents at a time


@params
class Params:
    """weights: what a cell holds. ngrams: shortest and longest n-gram. sublinear: 1 + ln(count) instead of the count.

    min_count: documents that an n-gram must be in. max_share: the largest share of documents that it may be in. max_size: the columns
    kept, most frequent first. normalise: scale rows to length 1; left out, so it is for tfidf and not for the others.
    """

    weights: Literal["counts", "binary", "tfidf"] = "counts"
    ngrams: list[int] = field(default_factory=lambda: [1, 1])
    min_count: int = 1
    max_size: int | None = None
    sublinear: bool = False
    normalise: bool | None = None
    max_share: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError where the options contradict each other."""
        vocab.check_cuts(self.min_count, self.max_size)
        if len(self.ngrams) != 2 or not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise ValueError(f"ngrams should be [shortest, longest] with 1 <= shortest <= longest, as [1, 2]; not {self.ngrams}")
        if not 0 < self.max_share <= 1:
            raise ValueError(f"max_share should be above 0 and at most 1 (keep all), not {self.max_share}")
        if self.weights == "binary" and self.sublinear:
            raise ValueError("sublinear changes nothing where weights are binary; leave it out")

    @property
    def scaled(self) -> bool:
        """Whether rows are scaled to length 1."""
        return self.weights == "tfidf" if self.normalise is None else self.normalise


class _Tokens(dict[str, int]):
    """Token to number; -1 for tokens that it does not have."""

    def __missing__(self, token: str) -> int:
        return -1

    def of(self, types: list[str]) -> np.ndarray:
        """(types,) the number of each."""
        return np.fromiter(map(self.__getitem__, types), np.int32, len(types))


@dataclass(frozen=True)
class Feature:
    """Fitted columns.

    tokens: number to token. grams: the tokens of each column. frequency: (columns,) how many of the `documents` have it.
    read: the training documents in these numbers (-1: a token that no column has); None once the feature is loaded.
    """

    params: Params
    tokens: list[str]
    grams: Grams
    frequency: np.ndarray
    documents: int
    read: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False, compare=False)

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.frequency)

    @cached_property
    def ids(self) -> _Tokens:
        """The number of each token; -1 for one that it does not have. Made once, not for each request."""
        return _Tokens(zip(self.tokens, count()))

    def names(self) -> list[tuple[str, ...]]:
        """(width,) the tokens of each column's n-gram; columns go from frequent to rare."""
        return [tuple(self.tokens[token] for token in row if token >= 0) for row in self.grams.columns.tolist()]

    def transform(self, documents: Iterable[list[str]]) -> sparse.csr_matrix:
        """(documents, width) float32, column numbers rising in each row. N-grams that train lacks count nowhere."""
        known = self.ids
        return self._rows((known.of(block.types)[block.ids], block.lengths) for block in _numbers.blocks(documents))

    @cached_property
    def fitted(self) -> sparse.csr_matrix | None:
        """The rows of the training documents, as `transform` would give them."""
        if self.read is None:
            return None
        ids, lengths = self.read
        ends, starts = np.cumsum(lengths), range(0, len(lengths), BLOCK)
        cuts = [0, *(int(ends[min(start + BLOCK, len(lengths)) - 1]) for start in starts)]
        return self._rows(
            (ids[begin:end], lengths[start : start + BLOCK]) for start, begin, end in zip(starts, cuts, cuts[1:], strict=False)
        )

    def _rows(self, blocks: Iterable[tuple[np.ndarray, np.ndarray]]) -> sparse.csr_matrix:
        """Of blocks of documents as (token numbers, lengths)."""
        parts = [self._weigh(self.grams.count(ids, lengths)) for ids, lengths in blocks]
        return sparse.vstack(parts, format="csr") if parts else sparse.csr_matrix((0, self.width), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write options.json, tokens.json and columns.npz; the same bytes for the same feature."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "options.json").write_text(json.dumps({"documents": self.documents, "options": asdict(self.params)}, indent=1))
        (folder / "tokens.json").write_text(json.dumps(self.tokens, indent=0))
        save_arrays(folder / "columns.npz", {"columns": self.grams.columns, "frequency": self.frequency})

    def _weigh(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        weights = np.ones(counts.nnz) if self.params.weights == "binary" else counts.data.astype(np.float64)
        if self.params.sublinear:
            weights = 1 + np.log(weights)
        if self.params.weights == "tfidf":
            weights *= (np.log((1 + self.documents) / (1 + self.frequency)) + 1)[counts.indices]
        if self.params.scaled:
            row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))  # (stored,) the row of each cell
            weights /= np.sqrt(np.bincount(row, weights=weights**2, minlength=counts.shape[0]))[row]
        return sparse.csr_matrix((weights.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)


def fit(documents: Iterable[list[str]], params: Params) -> Feature:
    """Columns of the training documents. Raises ConfigError where none is left."""
    found = _numbers.whole(documents)
    if not found.types:
        raise ConfigError("the training split has not one token")
    order = _numbers.by_code_point(found.types)  # so that columns do not depend on the order of the documents
    renumber = np.empty(len(order), np.int32)
    renumber[order] = np.arange(len(order))
    ids, lengths = renumber[found.ids], found.lengths
    columns, frequency = index(ids, lengths, params.ngrams, params.min_count)
    best = np.argsort(-frequency, kind="stable")
    best = best[frequency[best] <= params.max_share * len(lengths)][: params.max_size]
    if not len(best):
        raise ConfigError(
            f"no n-gram is in {params.min_count} documents or more, and in {params.max_share:.0%} of them or less, of the training split; "
            "lower min_count or the n-grams' length"
        )
    kept, columns, again = _compact(columns[best], len(order))
    tokens = [found.types[number] for number in order[kept].tolist()]
    return Feature(params, tokens, Grams(columns), frequency[best], len(lengths), (again[ids], lengths))


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    about = json.loads((folder / "options.json").read_text())
    tokens = json.loads((folder / "tokens.json").read_text())
    with np.load(folder / "columns.npz", allow_pickle=False) as file:
        columns, frequency = file["columns"], file["frequency"]
    options = config.read(Params, about["options"], str(folder / "options.json"))
    return Feature(options, tokens, Grams(columns), frequency, about["documents"])


def _compact(columns: np.ndarray, tokens: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tokens that some column has, the columns in their numbers, and (tokens,) int32 the new number of each token, -1 for others."""
    kept = np.unique(columns[columns >= 0])
    again = np.full(tokens + 1, -1, np.int32)  # the last is for the -1 that fills up a column
    again[kept] = np.arange(len(kept))
    return kept, again[columns], again[:-1]
