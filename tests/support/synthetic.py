"""Small made-up splits that tests of models and stages share."""

import numpy as np
from scipy import sparse

from malmoi.batches import Sequences, Split, offsets_of


def sequences(texts: list[list[int]]) -> Sequences:
    """Token ids as the features stage gives them, nothing charged."""
    lengths = np.array([len(text) for text in texts], np.int64)
    ids = np.array([token for text in texts for token in text], np.int32)
    return Sequences(ids, offsets_of(lengths), np.zeros(len(texts)))


def language_split(texts: list[list[int]]) -> Split:
    """A split without labels."""
    lengths = np.array([len(text) for text in texts], np.int64)
    return Split(sequences(texts), np.full(len(texts), -1, np.int32), lengths, lengths * 3)


def labelled_sequences(count: int, seed: int = 0) -> Split:
    """Two classes that only the order of two tokens tells apart: `3 ... 4` is class 0, `4 ... 3` is class 1; 5 to 7 are noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count).astype(np.int32)
    texts = []
    for label in labels:
        noise = random.integers(5, 8, random.integers(1, 5)).tolist()
        first, second = (3, 4) if label == 0 else (4, 3)
        texts.append([first, *noise, second])
    lengths = np.array([len(text) for text in texts], np.int64)
    return Split(sequences(texts), labels, lengths, lengths)


def labelled_rows(count: int, classes: int = 3, seed: int = 0) -> Split:
    """Sparse rows in which column k is large for class k."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count).astype(np.int32)
    rows = random.uniform(0, 0.5, (count, classes + 2)).astype(np.float32)
    rows[np.arange(count), labels] += 1
    lengths = np.ones(count, np.int64)
    return Split(sparse.csr_matrix(rows), labels, lengths, lengths)
