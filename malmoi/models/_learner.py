"""A block in Keras: its weights as Keras keeps them, and what it computes by `keras.ops`."""

from typing import Any

import keras
import numpy as np

from malmoi.models._blocks import Block, Given, State


class Learner(keras.layers.Layer):
    """(hidden, state, mask, training) -> (hidden, state, mask), see `Block.read`."""

    def __init__(self, block: Block, policy: str) -> None:
        super().__init__(dtype=policy)
        self.block = block
        self.dropout = keras.layers.Dropout(block.dropout, autocast=False)  # in the numbers that it is given
        self.own = {
            name: self.add_weight(shape=weight.shape, initializer=weight.initializer, name=name) for name, weight in block.weights().items()
        }
        self.built = True

    def call(self, hidden: Any, state: State, there: Any = None, training: bool = False) -> tuple[Any, State, Any]:
        """See the class. there: the mask, by a name that Keras does not fill in by itself."""
        weights = {name: weight.value for name, weight in self.own.items()}
        return self.block.read(Given(keras.ops, weights, lambda one: self.dropout(one, training=training)), hidden, state, there)

    def compute_mask(self, *inputs: Any, **more: Any) -> None:
        """Masks are handed on by hand."""

    def export(self) -> dict[str, np.ndarray]:
        """Its weights, float32, by name."""
        return {name: np.asarray(weight.numpy(), np.float32) for name, weight in self.own.items()}

    def begin(self, weights: dict[str, np.ndarray]) -> None:
        """Take over weights that `export` gave."""
        for name, weight in weights.items():
            self.own[name].assign(weight)
