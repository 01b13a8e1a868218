"""A question that any running text can ask: is it read as it was written, or from its end? The same in every language, with as many
examples as there are texts, and no bag of words can answer it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from malmoi.batches import Sequences, Spec, Split
from malmoi.config import ConfigError, params
from malmoi.probing import Learned, Source, learn, texts


@params
class Question:
    """texts: examples of train, and half as many of valid, at most. together: texts of the corpus in a row that make one example.

    shortest, longest: tokens of an example.
    """

    texts: int = 1000
    together: int = 1
    shortest: int = 8
    longest: int = 60


def learned(source: Source, question: Question, network: dict[str, Any], training: dict[str, Any], seeds: Sequence[int]) -> list[Learned]:
    """A classifier for each seed. network: a model's settings; without a family, recurrent ones."""
    train, valid = examples(source, question, "train"), examples(source, question, "valid")
    specs = [Spec("classify", source.pipeline["width"], 2, seed) for seed in seeds]
    return [learn({"family": "recurrent", **network}, {"limit": question.longest, **training}, spec, train, valid) for spec in specs]


def examples(source: Source, question: Question, name: str) -> Split:
    """Examples from a split of features; label 1 where the text was turned round. Raises ConfigError where texts are too short."""
    found: list[np.ndarray] = []
    most = question.texts if name == "train" else question.texts // 2
    for ids in _rows(sequences(source.split(name)), question):
        if len(ids) >= question.shortest and len(found) < most:
            found.append(ids[::-1] if len(found) % 2 else ids)
    if len(found) < 2:
        raise ConfigError(f"{source.reads}: no texts of {question.shortest} tokens or more in {name}; make `shortest` smaller")
    return texts(found, np.arange(len(found)) % 2)


def some(split: Split, most: int) -> Split:
    """The first texts of a split, so many at most."""
    rows = np.arange(min(most, len(split)))
    return Split(sequences(split).take(rows), split.labels[rows], split.characters[rows], split.bytes[rows])


def sequences(split: Split) -> Sequences:
    """Token ids of a split. Raises ConfigError where it has none."""
    if not isinstance(split.inputs, Sequences):
        raise ConfigError("a probe of recurrent networks reads features of kind sequence")
    return split.inputs


def _rows(given: Sequences, question: Question) -> list[np.ndarray]:
    starts = range(0, len(given) - question.together + 1, question.together)
    return [np.concatenate([given[row] for row in range(start, start + question.together)])[: question.longest] for start in starts]
