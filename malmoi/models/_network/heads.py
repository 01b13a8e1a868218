"""From what a network read to scores of classes or of the next token: a plain layer, one that scores tokens by the vectors it reads them
with (Press and Wolf, 2017), or an adaptive softmax (Grave et al., 2017), which scores rare tokens only where one of them may come.

Written with the functions that `keras.ops` and numpy share. `score` is numpy's alone, for a text that is there; a network learns by
`head_losses`. Scores of the adaptive softmax are log probabilities, which is what softmax leaves as they are.
"""

from math import prod
from typing import Any, NamedTuple

import numpy as np
from scipy.special import log_softmax

from malmoi.models._network import arrays
from malmoi.models._network.blocks import Weight, Weights

TABLE = "table"  # where a tied head finds the embedding among its weights
SHRINK = 4  # numbers per token of each cluster of rare tokens: a quarter of those of the cluster before it


class Scorer(NamedTuple):
    """Logits (n, tokens) as a product: of shown (n, size) and matrix (size, tokens), or (tokens, size) where it is `rows`; and bias."""

    shown: Any
    matrix: Any
    bias: Any
    rows: bool = False

    def logits(self, ops: Any) -> Any:
        """(..., tokens)."""
        return ops.matmul(self.shown, ops.transpose(self.matrix) if self.rows else self.matrix) + self.bias


class Plain:
    """hidden (..., inputs) -> (..., width) by one matrix."""

    kind = "dense"

    def __init__(self, inputs: int, width: int) -> None:
        self.inputs, self.width = inputs, width

    def weights(self) -> dict[str, Weight]:
        """What it learns."""
        return {"kernel": Weight((self.inputs, self.width)), "bias": Weight((self.width,), "zeros")}

    def scorer(self, ops: Any, weights: Weights, hidden: Any) -> Scorer:
        """What makes the logits of all classes or tokens."""
        return Scorer(hidden, weights["kernel"], weights["bias"])

    def scores(self, ops: Any, weights: Weights, hidden: Any) -> Any:
        """(..., width) logits."""
        return self.scorer(ops, weights, hidden).logits(ops)

    def score(self, weights: Weights, hidden: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """(n,) log probabilities of what came. hidden: (n, inputs); wanted: (n,)."""
        return np.asarray(log_softmax(self.scores(arrays, weights, hidden), 1)[np.arange(len(wanted)), wanted])

    def multiply_adds(self) -> int:
        """Per token that is scored."""
        return sum(prod(weight.shape) for weight in self.weights().values() if len(weight.shape) > 1)


class Tied(Plain):
    """By the embedding's table. What was read is first brought to the size of its vectors, so that they may be fewer than units."""

    kind = "tied to the embedding"

    def __init__(self, inputs: int, width: int, size: int) -> None:
        super().__init__(inputs, width)
        self.size = size

    def weights(self) -> dict[str, Weight]:
        """What it learns; the table is the embedding's."""
        return {"projection": Weight((self.inputs, self.size)), "bias": Weight((self.width,), "zeros")}

    def scorer(self, ops: Any, weights: Weights, hidden: Any) -> Scorer:
        """See Plain."""
        return Scorer(ops.matmul(hidden, weights["projection"]), weights[TABLE], weights["bias"], rows=True)

    def multiply_adds(self) -> int:
        """Per token that is scored."""
        return super().multiply_adds() + self.size * self.width


class Adaptive(Plain):
    """First the frequent tokens (ids below edges[0]: vocabularies are in order of frequency) and a score for each cluster of others;
    then, where a token of a cluster is meant, those of its cluster. Tied, clusters are rows of the embedding's table."""

    kind = "adaptive softmax"

    def __init__(self, inputs: int, width: int, edges: list[int], size: int = 0) -> None:
        super().__init__(inputs, width)
        self.edges, self.size = [*edges, width], size
        self.tails = len(edges)

    @property
    def sizes(self) -> list[int]:
        """How many tokens the frequent ones and each cluster are."""
        return [int(number) for number in np.diff([0, *self.edges])]

    def weights(self) -> dict[str, Weight]:
        """What it learns."""
        first = self.edges[0]
        if self.size:
            clusters = {"projection": Weight((self.inputs, self.size)), "clusters": Weight((self.size, self.tails))}
            return clusters | {"bias": Weight((self.width + self.tails,), "zeros")}
        found = {"kernel": Weight((self.inputs, first + self.tails)), "bias": Weight((self.width + self.tails,), "zeros")}
        for place, many in enumerate(self.sizes[1:], 1):
            narrow = max(1, self.inputs // SHRINK**place)
            found |= {f"down{place}": Weight((self.inputs, narrow)), f"kernel{place}": Weight((narrow, many))}
        return found

    def shown(self, ops: Any, weights: Weights, hidden: Any) -> Any:
        """(..., size or inputs) what all parts score."""
        return ops.matmul(hidden, weights["projection"]) if self.size else hidden

    def part(self, ops: Any, weights: Weights, shown: Any, place: int) -> Any:
        """(..., tokens of the part) logits; of part 0 also one for each cluster, at the end. shown: see `shown`."""
        if place or not self.size:
            return self.part_scorer(ops, weights, shown, place).logits(ops)
        known = ops.matmul(shown, ops.transpose(self._rows(weights, 0)))  # without a copy of the table, as one product would need
        return ops.concatenate([known, ops.matmul(shown, weights["clusters"])], -1) + self._bias(weights, 0)

    def part_scorer(self, ops: Any, weights: Weights, shown: Any, place: int) -> Scorer:
        """What makes the logits of a part; see `part`."""
        bias = self._bias(weights, place)
        if self.size:
            rows = self._rows(weights, place)
            return Scorer(shown, rows if place else ops.concatenate([rows, ops.transpose(weights["clusters"])], 0), bias, rows=True)
        if place:
            return Scorer(ops.matmul(shown, weights[f"down{place}"]), weights[f"kernel{place}"], bias)
        return Scorer(shown, weights["kernel"], bias)

    def _bias(self, weights: Weights, place: int) -> Any:
        if not place:
            return weights["bias"][: self.edges[0] + self.tails]
        low, high = (edge + self.tails for edge in self.edges[place - 1 : place + 1])
        return weights["bias"][low:high]

    def _rows(self, weights: Weights, place: int) -> Any:
        """(tokens of the part, size) of the table."""
        rows = weights.get(f"{TABLE}{place}")  # where who calls has cut the table once for all
        return weights[TABLE][[0, *self.edges][place] : self.edges[place]] if rows is None else rows

    def scores(self, ops: Any, weights: Weights, hidden: Any) -> Any:
        """(..., width) log probabilities."""
        shown = self.shown(ops, weights, hidden)
        first = _log_softmax(ops, self.part(ops, weights, shown, 0))
        parts = [first[..., : self.edges[0]]]
        for place in range(1, self.tails + 1):
            chosen = first[..., self.edges[0] + place - 1, None]
            parts.append(chosen + _log_softmax(ops, self.part(ops, weights, shown, place)))
        return ops.concatenate(parts, -1)

    def score(self, weights: Weights, hidden: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """As of the others, asking only the clusters that are meant."""
        shown = self.shown(arrays, weights, hidden)
        cluster = np.searchsorted(self.edges, wanted, side="right")  # (n,) 0 for the frequent ones
        column = np.where(cluster == 0, wanted, self.edges[0] + cluster - 1)
        found = log_softmax(self.part(arrays, weights, shown, 0), 1)[np.arange(len(wanted)), column]
        for place in np.unique(cluster[cluster > 0]).tolist():
            rows = np.flatnonzero(cluster == place)
            inside = log_softmax(self.part(arrays, weights, shown[rows], place), 1)
            found[rows] += inside[np.arange(len(rows)), wanted[rows] - self.edges[place - 1]]
        return np.asarray(found)

    def multiply_adds(self) -> int:
        """Per token where all tokens are scored; where one is asked for, most of the clusters are not read."""
        return super().multiply_adds() + self.size * self.width


def find(inputs: int, width: int, edges: list[int], size: int) -> Plain:
    """The head with these settings: edges of an adaptive softmax, or none; size of the vectors it is tied to, or 0."""
    if edges:
        return Adaptive(inputs, width, edges, size)
    return Tied(inputs, width, size) if size else Plain(inputs, width)


def _log_softmax(ops: Any, logits: Any) -> Any:
    beyond = logits - ops.max(logits, -1, keepdims=True)
    return beyond - ops.log(ops.sum(ops.exp(beyond), -1, keepdims=True))
