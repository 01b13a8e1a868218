"""Bag of words: a column for each token, or n-gram of tokens; counts, yes or no, or TF-IDF (Salton & Buckley 1988). Sparse throughout.

tf-idf(t, d) = tf(t, d) * (ln((1 + n) / (1 + df(t))) + 1), rows scaled to length 1: as scikit-learn has it (a test compares), with n
documents of which df have the n-gram. N-grams are counted as numbers, never joined into strings, so that 150,000 reviews as
1-to-4-grams of characters take seconds; and tokens with spaces in them cannot be confused.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import sparse

from malmoi import config, vocab
from malmoi.config import ConfigError, params
from malmoi.features._grams import Grams, index

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


class _Growing(dict[str, int]):
    """Token to number; a new token gets the next one."""

    def __missing__(self, token: str) -> int:
        self[token] = number = len(self)
        return number


@dataclass(frozen=True)
class Feature:
    """Fitted columns.

    tokens: number to token. grams: the tokens of each column. frequency: (columns,) how many of the `documents` have it.
    """

    params: Params
    tokens: list[str]
    grams: Grams
    frequency: np.ndarray
    documents: int

    @property
    def width(self) -> int:
        """Columns."""
        return len(self.frequency)

    def names(self) -> list[tuple[str, ...]]:
        """(width,) the tokens of each column's n-gram; columns go from frequent to rare."""
        return [tuple(self.tokens[token] for token in row if token >= 0) for row in self.grams.columns.tolist()]

    def transform(self, documents: Iterable[list[str]]) -> sparse.csr_matrix:
        """(documents, width) float32, column numbers rising in each row. N-grams that train lacks count nowhere."""
        known = _Tokens((token, number) for number, token in enumerate(self.tokens))
        blocks = [self._weigh(self.grams.count(ids, lengths)) for ids, lengths in _numbered(documents, known)]
        return sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix((0, self.width), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write options.json, tokens.json and columns.npz; the same bytes for the same feature."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "options.json").write_text(json.dumps({"documents": self.documents, "options": asdict(self.params)}, indent=1))
        (folder / "tokens.json").write_text(json.dumps(self.tokens, indent=0))
        with open(folder / "columns.npz", "wb") as file:
            np.savez_compressed(file, columns=self.grams.columns, frequency=self.frequency)

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
    numbers = _Growing()
    blocks = list(_numbered(documents, numbers))
    if not numbers:
        raise ConfigError("the training split has not one token")
    ids, lengths = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    del blocks
    tokens = sorted(numbers)
    renumber = np.empty(len(tokens), np.int32)  # by code point, so that columns do not depend on the order of the documents
    renumber[[numbers[token] for token in tokens]] = np.arange(len(tokens))
    columns, frequency = index(renumber[ids], lengths, params.ngrams, params.min_count)
    best = np.argsort(-frequency, kind="stable")
    best = best[frequency[best] <= params.max_share * len(lengths)][: params.max_size]
    if not len(best):
        raise ConfigError(
            f"no n-gram is in {params.min_count} documents or more, and in {params.max_share:.0%} of them or less, of the training split; "
            "lower min_count or the n-grams' length"
        )
    kept, columns = _compact(columns[best])
    return Feature(params, [tokens[number] for number in kept], Grams(columns), frequency[best], len(lengths))


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote."""
    about = json.loads((folder / "options.json").read_text())
    tokens = json.loads((folder / "tokens.json").read_text())
    with np.load(folder / "columns.npz", allow_pickle=False) as file:
        columns, frequency = file["columns"], file["frequency"]
    options = config.read(Params, about["options"], str(folder / "options.json"))
    return Feature(options, tokens, Grams(columns), frequency, about["documents"])


def _compact(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tokens that some column has, and the columns in their numbers."""
    kept = np.unique(columns[columns >= 0])
    return kept, np.where(columns >= 0, np.searchsorted(kept, columns), -1).astype(np.int32)


def _numbered(documents: Iterable[list[str]], numbers: dict[str, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of documents as (token numbers, lengths)."""
    source = iter(documents)
    while block := list(islice(source, BLOCK)):
        lengths = np.fromiter(map(len, block), np.int64, len(block))
        yield np.fromiter(map(numbers.__getitem__, chain.from_iterable(block)), np.int32, int(lengths.sum())), lengths
