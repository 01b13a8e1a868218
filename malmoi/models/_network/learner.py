"""A block in Keras: its weights as Keras keeps them, and what it computes by `keras.ops`."""

from typing import Any

import keras

from malmoi.models._network.blocks import Block, Given, State
from malmoi.models._network.named_weights import NamedWeights


class Learner(NamedWeights):
    """(hidden, state, mask, training) -> (hidden, state, mask), see `Block.read`."""

    def __init__(self, block: Block, policy: str) -> None:
        super().__init__(policy=policy)
        self.block = block
        self.dropout = keras.layers.Dropout(block.dropout, autocast=False)  # in the numbers that it is given
        self.make(block.weights())

    def call(self, hidden: Any, state: State, there: Any = None, training: bool = False) -> tuple[Any, State, Any]:
        """See the class. there: the mask, by a name that Keras does not fill in by itself."""
        return self.block.read(Given(keras.ops, self.values(), lambda one: self.dropout(one, training=training)), hidden, state, there)

    def compute_mask(self, *inputs: Any, **more: Any) -> None:
        """Masks are handed on by hand."""
