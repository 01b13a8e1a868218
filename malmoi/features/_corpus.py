"""The training documents as numbers in memory, four bytes a token, so that learners can pass over them as often as they need."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from malmoi.batches import offsets_of
from malmoi.config import ConfigError, params
from malmoi.features import _numbers, sequence

LONGEST = 10_000  # tokens of a document that gensim reads; longer ones come in pieces
Tell = Callable[[str], None]


def quiet(line: str) -> None:
    """The `tell` of those who do not want to know."""


@params
class Options(sequence.Params):
    """What every learner of vectors by prediction takes, beside how texts are cut (see `sequence`).

    size: numbers per vector. window: tokens on each side that are context. negative: noise tokens per example (negative sampling).
    sample: a token with a larger share of all is read less often. epochs: passes. learning_rate: at the start; it falls to nearly 0.
    """

    min_count: int = 2
    size: int = 100
    window: int = 5
    negative: int = 5
    sample: float = 1e-3
    epochs: int = 5
    learning_rate: float = 0.025
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError where a number cannot be right."""
        super().__post_init__()
        if wrong := [name for name in ("size", "window", "negative", "epochs", "seed") if getattr(self, name) < 1]:
            raise ValueError(f"{wrong[0]} should be 1 or more, not {getattr(self, wrong[0])}")

    def gensim(self) -> dict[str, Any]:
        """The options as gensim names them. One worker, and a vocabulary that is cut and in order already: the same bytes each time."""
        return {
            "vector_size": self.size,
            "window": self.window,
            "negative": self.negative,
            "sample": self.sample,
            "epochs": self.epochs,
            "alpha": self.learning_rate,
            "seed": self.seed,
            "min_count": 1,
            "sorted_vocab": 0,
            "workers": 1,
        }


@dataclass(frozen=True)
class Corpus:
    """tokens: those there are. ids: (total,) int32 places in `tokens`; document i is ids[offsets[i]:offsets[i + 1]]."""

    tokens: list[str]
    ids: np.ndarray
    offsets: np.ndarray

    @classmethod
    def read(cls, documents: Iterable[list[str]]) -> "Corpus":
        """Read documents once. Raises ConfigError where there is not one token."""
        found = _numbers.whole(documents)
        if not found.types:
            raise ConfigError("the training split has not one token")
        return cls(found.types, found.ids, offsets_of(found.lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[list[str]]:
        for start, end in zip(self.offsets, self.offsets[1:], strict=False):
            yield [self.tokens[token] for token in self.ids[start:end].tolist()]

    def frequency(self) -> dict[str, int]:
        """How many documents have each token."""
        row = np.repeat(np.arange(len(self)), np.diff(self.offsets))  # (total,) the document of each token
        there = np.unique(row * len(self.tokens) + self.ids) % len(self.tokens)
        return dict(zip(self.tokens, np.bincount(there, minlength=len(self.tokens)).tolist(), strict=True))

    def renamed(self, names: list[str]) -> "Corpus":
        """The same documents with each token under another name. names: as many as there are tokens."""
        return Corpus(names, self.ids, self.offsets)


class Passes:
    """A corpus as gensim reads it: every pass gives all documents anew; about ten of them are told of."""

    def __init__(
        self, corpus: Corpus, epochs: int, tell: Tell, wrap: Callable[[int, list[str]], Any] = lambda number, piece: piece
    ) -> None:
        self.corpus, self.epochs, self.tell, self.wrap, self.passes = corpus, epochs, tell, wrap, 0
        self.pieces = int(np.maximum(1, -(-np.diff(corpus.offsets) // LONGEST)).sum())

    def __iter__(self) -> Iterator[Any]:
        self.passes += 1
        if self.passes == 1 or self.passes % max(1, self.epochs // 10) == 0:
            self.tell(f"pass {self.passes} of {self.epochs} over {len(self.corpus):,} texts")
        for number, document in enumerate(self.corpus):
            yield from (self.wrap(number, document[start : start + LONGEST]) for start in range(0, max(1, len(document)), LONGEST))

    def train(self, model: Any) -> None:
        """Let a gensim model learn from all passes."""
        model.train(corpus_iterable=self, total_examples=self.pieces, epochs=self.epochs)
