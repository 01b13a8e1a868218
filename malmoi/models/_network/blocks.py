"""What a network is built of. A family of models is a list of blocks between an embedding and a head; each turns
vectors into vectors.

A block is written once, with functions that `keras.ops` and numpy (`arrays`) share under the same names: it learns by the first and
answers by the second. What Keras does better by a layer of its own (the recurrent ones) has a `learner` besides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

Weights = dict[str, Any]
State = list[Any]  # arrays with streams on their first axis
Drop = Callable[[Any], Any]  # dropout in training, nothing else


def plain(hidden: Any) -> Any:
    """The `Drop` of a network that answers."""
    return hidden


class Given(NamedTuple):
    """What a block computes with. ops: `keras.ops` or `arrays`; weights: its own, by name."""

    ops: Any
    weights: Weights
    drop: Drop = plain


@dataclass(frozen=True)
class Weight:
    """One weight that a block learns. initializer: Keras's name of what it begins with."""

    shape: tuple[int, ...]
    initializer: str = "glorot_uniform"


@dataclass(frozen=True)
class Row:
    """A line of a model's summary: a part, what it is, its weights, and the multiplications (each with an addition) that it does for each
    token that is read, or once for a text."""

    name: str
    kind: str
    parameters: int
    multiply_adds_per_token: int
    multiply_adds_per_text: int = 0


class Block:
    """What reads. inputs, width: numbers per token before and after it. kind: what it is called in a summary.

    drops_inside: that it drops out what it adds to what it is given, so that nothing is dropped out before it, as where there are
    residual connections. shortens: tokens that one of its outputs stands for. beside: parts of it that do not wait for each other.
    """

    kind: str
    inputs: int
    width: int
    dropout: float = 0.0  # of its `Drop` in training
    drops_inside: bool = False
    shortens: int = 1
    beside: int = 1

    def weights(self) -> dict[str, Weight]:
        """What it learns, by name."""
        raise NotImplementedError

    def states(self) -> list[tuple[int, ...]]:
        """Shape, per stream, of each array that a language model carries from what was read to what is read next; it begins as zeros."""
        return []

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """(hidden, state, mask) after reading (batch, time, inputs).

        state: as `states` says; for classification zeros, and what is returned is not looked at. mask: (batch, time), True where there is a
        token, or None where all are; what a token gives must not depend on padding. It is returned as it is, or as short as hidden became.
        """
        raise NotImplementedError

    def learner(self, policy: str, sequences: bool, padded_before: bool) -> Any:
        """The Keras layer that learns: called with (hidden, state, mask, training), it gives what `read` gives, hidden as (batch, width)
        where only the last is wanted and it knows that one (`sequences` false). policy: Keras's name of the numbers it multiplies in."""
        from malmoi.models._network.learner import Learner

        return Learner(self, policy)

    def last(self, ops: Any, hidden: Any, state: State, mask: Any) -> Any:
        """(batch, width) what stands for the whole text: here the output at its last token."""
        if mask is None:
            return hidden[:, -1]
        at = ops.max(ops.where(mask, ops.arange(ops.shape(hidden)[1])[None, :], 0), 1)  # (batch,)
        return ops.take_along_axis(hidden, at[:, None, None], 1)[:, 0]

    def multiply_adds(self) -> int:
        """Per token: one for each number of a matrix, as far as nothing else is said."""
        return sum(prod(weight.shape) for weight in self.weights().values() if len(weight.shape) > 1)


def zeros(block: Block, size: int, zero: Callable[[tuple[int, ...]], Any]) -> State:
    """A block's states of `size` streams of which nothing was read."""
    return [zero((size, *shape)) for shape in block.states()]
