"""Weights that a Keras layer keeps by their names, as blocks, poolings and heads name theirs (`blocks.Weight`)."""

from typing import Any

import keras
import numpy as np

from malmoi.models._network.blocks import Weight


class NamedWeights(keras.layers.Layer):
    """The weights of a part of a network that is no layer of its own, as a pooling; and what layers with such weights have in common.

    They are drawn in the order in which they are named, after whatever a layer has made before it calls `make`.
    """

    def __init__(self, weights: dict[str, Weight] | None = None, policy: str | None = None) -> None:
        """weights: None where a layer will call `make` itself. policy: Keras's name of the numbers it computes in."""
        super().__init__(dtype=policy)
        self.own: dict[str, Any] = {}
        if weights is not None:
            self.make(weights)

    def make(self, weights: dict[str, Weight]) -> None:
        """Make these weights."""
        self.own = {name: self.add_weight(shape=one.shape, initializer=one.initializer, name=name) for name, one in weights.items()}
        self.built = True

    def values(self) -> dict[str, Any]:
        """As tensors, in the type that they are kept in."""
        return {name: weight.value for name, weight in self.own.items()}

    def export(self) -> dict[str, np.ndarray]:
        """As arrays, float32."""
        return {name: np.asarray(weight.numpy(), np.float32) for name, weight in self.own.items()}

    def begin(self, weights: dict[str, np.ndarray]) -> None:
        """Take over weights that `export` gave."""
        for name, weight in weights.items():
            self.own[name].assign(weight)
