"""Vectors of n-grams of tokens, each added to the vector of the token that it ends with: what a bag of n-grams knows by heart, given to a
network that reads in order.

There are too many n-grams for a table of them, so they share rows by a hash (Weinberger et al., 2009), as in fastText's classifier
(Joulin et al., 2017, section 2.1). They begin as zeros: a network begins as it would without them, pretrained or not. Written for
`keras.ops` and numpy alike.
"""

from collections.abc import Iterator
from typing import Any

from malmoi.batches import PAD
from malmoi.config import ConfigError, params
from malmoi.models._network import ranges
from malmoi.models._network.blocks import Given, Weight

FACTOR, PRIME = 1_000_003, 2**31 - 1  # products of numbers below PRIME and FACTOR are below 2^52
LEAST = {"longest": 2, "buckets": 1, "size": 1}


@params
class Ngrams:
    """longest: tokens of the longest n-gram; all from 2 on have vectors. buckets: rows that they share. size: numbers in each, which a
    matrix makes as many as a token's vector has. dropout: share of n-grams that is left out in training, so that the rest learns, too.
    """

    longest: int = 3
    buckets: int = 131_072
    size: int = 64
    dropout: float = 0.0

    def check(self, language: bool) -> None:
        """Raises ConfigError where a number is out of its range, or for a language model."""
        if language:
            raise ConfigError("model.ngrams: a language model remembers what it read in its state, token by token; leave them out")
        ranges.least("model.ngrams", self, LEAST)
        ranges.shares("model.ngrams", self, ["dropout"])


def weights(settings: Ngrams, width: int) -> dict[str, Weight]:
    """What is learned. width: numbers of a token's vector."""
    return {"table": Weight((settings.buckets, settings.size), "zeros"), "kernel": Weight((settings.size, width))}


def read(given: Given, settings: Ngrams, tokens: Any) -> Any:
    """(batch, time, width) sum of the vectors of the n-grams that end with each token; zeros where none does. tokens: (batch, time)."""
    found = sum(given.drop(_vectors(given, rows, there)) for rows, there in places(given.ops, settings, tokens))
    return given.ops.matmul(found, given.weights["kernel"])


def places(ops: Any, settings: Ngrams, tokens: Any) -> Iterator[tuple[Any, Any]]:
    """For n from 2 on: (batch, time) the row of the n-gram that ends there, and whether there is one: it lies inside the text."""
    tokens = ops.cast(tokens, "int64")
    time, code = ops.shape(tokens)[1], tokens
    for back in range(1, settings.longest):
        before = ops.pad(tokens, [[0, 0], [back, 0]])[:, :time]
        code = (code * FACTOR + before + 1) % PRIME
        yield code % settings.buckets, (before != PAD) & (tokens != PAD)


def _vectors(given: Given, rows: Any, there: Any) -> Any:
    vectors = given.ops.take(given.weights["table"], rows, 0)  # (batch, time, size)
    return given.ops.where(there[..., None], vectors, given.ops.zeros_like(vectors))
