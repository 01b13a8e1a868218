"""Two fixed judges of a tokenization: a small language model and a simple classifier, the same for all, so that only the tokens differ.

* Bits per character of an interpolated modified Kneser-Ney model (`models/ngram`) of fixed order. Tokens that come once in train are
  unknown, and unknown tokens are charged for their spelling, so a tokenizer cannot look good by hiding text. Only for lossless tokenizers.
* Accuracy of logistic regression (`models/linear`) on TF-IDF of one and two tokens.

Documents are read more than once: lists, or objects that can be iterated again, not generators.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from malmoi import registry
from malmoi.batches import Spec, Split

ORDER = 5  # tokens in the longest n-gram
MIN_COUNT = 2  # of a token in train, and of documents that an n-gram is in
PENALTY = 10.0  # C of the logistic regression

Documents = Iterable[list[str]]
Labelled = tuple[Documents, Sequence[str]]


def language_model_bits(train_documents: Documents, test_documents: Documents, characters: int, order: int = ORDER) -> float:
    """Bits per character of the test documents. characters: of their raw text, where each text's end counts as one more.

    Raises ConfigError where no token of train comes twice, TypeError for a generator.
    """
    room = registry.find("features", "sequence")
    feature = room.fit(_again(train_documents), room.Params(min_count=MIN_COUNT))
    family = registry.find("models", "ngram")
    model = family.build(family.Params(order=order), family.Training(), Spec("language_model", feature.width))
    model.fit(_split(feature.transform(_again(train_documents))), _split(feature.transform([["."]])), _ignore)
    test = feature.transform(_again(test_documents))
    bits = -float(model.predict(test).sum()) / np.log(2) + float(test.charged.sum())
    return bits / characters


def classifier_accuracy(train: Labelled, test: Labelled) -> float:
    """Share of the test documents that get their own label, in 0..1; a label that train lacks is never right.

    Raises ConfigError where train has too little in common, TypeError for a generator.
    """
    documents, labels = train
    room = registry.find("features", "counts")
    feature = room.fit(_again(documents), room.Params(weights="tfidf", ngrams=[1, 2], sublinear=True, min_count=MIN_COUNT))
    classes = {label: number for number, label in enumerate(sorted(set(labels)))}
    family = registry.find("models", "linear")
    model = family.build(family.Params(C=PENALTY), family.Training(), Spec("classify", feature.width, len(classes)))
    split = _split(feature.transform(_again(documents)), np.array([classes[label] for label in labels], np.int32))
    model.fit(split, split, _ignore)
    predicted = model.predict(feature.transform(_again(test[0]))).argmax(axis=1)
    return float(np.mean(predicted == np.array([classes.get(label, -1) for label in test[1]])))


def _again(documents: Documents) -> Documents:
    if isinstance(documents, Iterator):
        raise TypeError("documents are read more than once: give a list, or an object whose __iter__ begins anew, not a generator")
    return documents


def _split(inputs: Any, labels: np.ndarray | None = None) -> Split:
    nothing = np.zeros(inputs.shape[0] if hasattr(inputs, "shape") else len(inputs), np.int64)
    return Split(inputs, nothing.astype(np.int32) if labels is None else labels, nothing, nothing)


def _ignore(epoch: Any) -> None:
    """Progress is nobody's concern here."""
