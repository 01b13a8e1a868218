"""Vectors of tokens, for all features that have them: ids for a network, which takes the vectors along, or pooled, one row per text.

The row of a text is the weighted mean of its tokens' vectors: each weighs 1 (`mean`), or ln((1 + n) / (1 + df)) + 1 (`tfidf`; n documents,
of which df have the token). Tokens without a vector count for nothing; a text of none but them is a row of zeros.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from scipy import sparse

from malmoi import pretrained
from malmoi.batches import SPECIALS, UNKNOWN, Sequences, offsets_of
from malmoi.features import sequence
from malmoi.features._corpus import Corpus
from malmoi.features._subwords import Subwords
from malmoi.npz import save_arrays

Pooling: TypeAlias = Literal["mean", "tfidf"]
BLOCK = 20_000  # documents at a time
WEIGHTS, POOLED = "weights.npz", "pooled.json"


@dataclass(frozen=True)
class Feature:
    """words: the vocabulary. weights: (width,) what each id weighs in a row, 0 for one without a vector; None where texts stay sequences.

    new: the weight of a word that `subwords` give a vector. given: the vectors; where they are read from a folder, they wait there.
    """

    words: sequence.Feature
    given: "np.ndarray | Path"
    weights: np.ndarray | None = None
    new: float = 0.0
    subwords: Subwords | None = None
    report: str = ""

    @cached_property
    def vectors(self) -> np.ndarray:
        """(token ids, dimensions) float32. PAD and END are zeros, UNKNOWN is the mean of all words that have a vector."""
        if isinstance(self.given, np.ndarray):
            return self.given
        found = pretrained.load(self.given)
        if found is None:
            raise FileNotFoundError(f"{self.given / pretrained.ARRAYS}: the vectors are not here; a trained network holds its own")
        return found.arrays["vectors"]

    @property
    def width(self) -> int:
        """Token ids, special ones included; of pooled rows the columns."""
        return self.words.width if self.weights is None else self.vectors.shape[1]

    @property
    def tokens(self) -> list[str]:
        """The token of each id."""
        return self.words.tokens

    @property
    def ids(self) -> dict[str, int]:
        """The id of each token."""
        return self.words.ids

    @property
    def fitted(self) -> Sequences | None:
        """Ids of the training documents, where they are known and texts stay sequences."""
        return self.words.fitted if self.weights is None else None

    def transform(self, documents: Iterable[list[str]]) -> "Sequences | np.ndarray":
        """Ids and charged bits of each document; pooled: (documents, dimensions) float32."""
        if self.weights is None:
            return self.words.transform(documents)
        source, blocks = iter(documents), [np.zeros((0, self.width), np.float32)]
        while block := list(islice(source, BLOCK)):
            blocks.append(self._rows([self.words.cut.of(document) for document in block], self.weights))
        return np.concatenate(blocks)

    def _rows(self, documents: list[list[str]], weights: np.ndarray) -> np.ndarray:
        tokens, vectors = list(chain.from_iterable(documents)), self.vectors
        ids = np.fromiter(map(self.ids.__getitem__, tokens), np.int64, len(tokens))
        if self.subwords:
            places = np.flatnonzero(ids == UNKNOWN).tolist()
            unseen = dict.fromkeys(tokens[place] for place in places)
            numbers = {token: number for number, token in enumerate(unseen, len(vectors))}
            ids[places] = [numbers[tokens[place]] for place in places]
            found = self.subwords.vectors_of(unseen)  # (unseen, dimensions)
            vectors = np.concatenate([vectors, found])
            weights = np.concatenate([weights, np.where(found.any(1), self.new, 0)])
        offsets = offsets_of(np.fromiter(map(len, documents), np.int64, len(documents)))
        matrix = sparse.csr_matrix((weights[ids], ids, offsets), shape=(len(documents), len(vectors)))
        total = np.asarray(matrix.sum(1))  # (documents, 1)
        return ((matrix @ vectors) / np.where(total > 0, total, 1)).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the vocabulary, pretrained.npz and, for pooled rows, weights.npz and pooled.json; the same bytes for the same feature."""
        self.words.save(folder)
        pretrained.Pretrained("vectors", {"vectors": self.vectors}).save(folder)
        if self.weights is not None:
            save_arrays(folder / WEIGHTS, {"weights": self.weights})
            (folder / POOLED).write_text(json.dumps({"new": self.new}))
        if self.subwords:
            self.subwords.save(folder)


def load(folder: Path) -> Feature:
    """Read what `Feature.save` wrote; the vectors only when they are asked for."""
    words, found = sequence.load(folder), folder / POOLED
    if not found.is_file():
        return Feature(words, folder)
    with np.load(folder / WEIGHTS, allow_pickle=False) as file:
        return Feature(words, folder, file["weights"], json.loads(found.read_text())["new"], Subwords.load(folder))


def table(words: sequence.Feature, found: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(width, dimensions) float32, a row per id. found: (words, dimensions); there: (words,) whether each has a vector: the others, and
    UNKNOWN, get the mean of those that have."""
    mean = found[there].mean(0, dtype=np.float64) if there.any() else np.zeros(found.shape[1])
    vectors = np.zeros((words.width, found.shape[1]), np.float32)
    vectors[UNKNOWN] = mean
    vectors[len(SPECIALS) :] = np.where(there[:, None], found, mean)
    return vectors


def weigh(words: sequence.Feature, corpus: Corpus, there: np.ndarray, pooling: Pooling | None) -> tuple[np.ndarray | None, float]:
    """What each id weighs in a row, (width,) float32, and what a new word does; None where nothing is pooled."""
    if pooling is None:
        return None, 0.0
    frequency = corpus.frequency()
    documents = np.array([0] * len(SPECIALS) + [frequency[token] for token, _ in words.entries])
    weights = np.ones(len(documents)) if pooling == "mean" else np.log((1 + len(corpus)) / (1 + documents)) + 1
    weights[: len(SPECIALS)] = 0
    weights[len(SPECIALS) :] *= there
    return weights.astype(np.float32), 1.0 if pooling == "mean" else float(np.log(1 + len(corpus)) + 1)
