"""Tokens to numbers, here and by scikit-learn or Keras, in turns on the same tokens: python numbers_of_text.py NAME REVIEWS DOCUMENTS.

Tokens are words between spaces, cut beforehand. NAME: counts or tfidf (fit and transform), or sequence (ids by frequency, and padding).
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from engines import reviews, timed

ROUNDS = 3
LENGTH = 40  # tokens of a padded text
Documents = list[list[str]]


def main(name: str, path: str, limit: int) -> int:
    """Print the ratios of the best of three rounds, and whether the numbers are the same; 1 where they are not."""
    documents = [text.split() for text in reviews(Path(path), limit)]
    status = 0
    for what, theirs, ours, same in PARTS[name](documents):
        best, equal = compare(theirs, ours, same)
        ratio = f"{best[0] / best[1]:.2f}x; {'same' if equal else 'DIFFERENT'}"
        print(f"{what}: {len(documents):,} texts: {best[0]:.2f} s, ours {best[1]:.2f} s: {ratio}", flush=True)
        status = max(status, int(not equal))
    return status


def compare(theirs: Callable[[], Any], ours: Callable[[], Any], same: Callable[[Any, Any], bool]) -> tuple[list[float], bool]:
    """Best seconds of each side, and whether what came is the same every time."""
    times: list[list[float]] = [[], []]
    equal = True
    for turn in range(ROUNDS):
        results: dict[int, Any] = {}
        for side in (0, 1) if turn % 2 else (1, 0):
            seconds, results[side] = timed((theirs, ours)[side])
            times[side].append(seconds)
        equal &= same(results[0], results[1])
    return [min(one) for one in times], equal


def bags(weights: str, documents: Documents) -> list[tuple[str, Callable[[], Any], Callable[[], Any], Callable[[Any, Any], bool]]]:
    """scikit-learn's vectorizer on tokens, and ours."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    from malmoi.features import counts

    kind = CountVectorizer if weights == "counts" else TfidfVectorizer

    def theirs() -> Any:
        vectorizer = kind(analyzer=list)
        return vectorizer.get_feature_names_out, vectorizer.fit_transform(documents)

    def ours() -> Any:
        feature = counts.fit(documents, counts.Params(weights=weights))
        return feature.names, feature.fitted

    def same(first: Any, second: Any) -> bool:
        place = {token: column for column, (token,) in enumerate(second[0]())}
        ordered = second[1][:, [place[token] for token in first[0]()]]
        return len(place) == first[1].shape[1] and abs(ordered - first[1]).max() < 1e-6

    return [(f"{weights} against scikit-learn's {kind.__name__}", theirs, ours, same)]


def sequences(documents: Documents) -> list[tuple[str, Callable[[], Any], Callable[[], Any], Callable[[Any, Any], bool]]]:
    """Keras's layer on the same words, and its padding of the same ids; ours for both."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import tensorflow

    from malmoi import batches
    from malmoi.features import sequence

    lines = tensorflow.constant([" ".join(tokens) for tokens in documents])
    rows = np.arange(len(documents))

    def theirs() -> Any:
        layer = keras.layers.TextVectorization(standardize=None, split="whitespace", output_sequence_length=LENGTH)
        layer.adapt(lines)
        return layer.get_vocabulary, layer(lines).numpy()

    def ours() -> Any:
        feature = sequence.fit(documents, sequence.Params())
        return feature.tokens, batches.pad(feature.fitted, rows, LENGTH)

    def same(first: Any, second: Any) -> bool:
        """Ids differ where words are equally frequent: compared are the words that they stand for."""
        known = {token: number for number, token in enumerate(second[0])}
        moved = np.array([batches.PAD, batches.UNKNOWN, *(known[token] for token in first[0]()[2:])])[first[1]]
        width = min(moved.shape[1], second[1].shape[1])
        return bool((moved[:, :width] == second[1][:, :width]).all()) and not moved[:, width:].any()

    read = sequence.fit(documents, sequence.Params()).transform(documents)
    ids = [list(map(int, part)) for part in np.split(read.ids, read.offsets[1:-1])]
    whole = {"maxlen": LENGTH, "padding": "post", "truncating": "post", "dtype": "int32"}
    return [
        ("ids and padding against Keras's TextVectorization", theirs, ours, same),
        (
            "padding alone against keras.utils.pad_sequences",
            lambda: keras.utils.pad_sequences(ids, **whole),
            lambda: batches.pad(read, rows, LENGTH),
            lambda first, second: bool((first[:, : second.shape[1]] == second).all()),
        ),
    ]


PARTS: dict[str, Callable[[Documents], Any]] = {
    "counts": lambda documents: bags("counts", documents),
    "tfidf": lambda documents: bags("tfidf", documents),
    "sequence": sequences,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
