"""The bidirectional language model of ELMo in Keras (Peters et al., "Deep contextualized word representations", NAACL 2018).

A word is read from its characters (Kim et al., 2016): embedding, convolutions of several widths, maximum over time, highway layer
(Srivastava et al., 2015), projection. Over the words run two stacks of LSTM layers, one from each side; each layer's output is projected
to the size of a word, and from the second layer on its input is added. Unlike in the paper the projection is not part of the recurrence,
so that cuDNN's LSTM does the reading. `malmoi/features/elmo.py` trains it, `malmoi/models/_network/elmo_layer.py` reads with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

PARTS = {  # names of a layer's weights, in Keras's order
    keras.layers.Embedding: ("table",),
    keras.layers.Conv1D: ("kernel", "bias"),
    keras.layers.Dense: ("kernel", "bias"),
    keras.layers.LSTM: ("kernel", "recurrent", "bias"),
}
CARRY = -1.0  # first bias of the highway's gate: at the start most goes by unchanged


@dataclass(frozen=True)
class Shape:
    """characters: ids of characters, of which each is `embedding` numbers; filters: (width, how many) of each convolution.

    dimensions: of a word and of every layer's output in one direction; units: of an LSTM's state. dropout: share of its input, zeroed.
    """

    characters: int
    embedding: int
    filters: tuple[tuple[int, int], ...]
    dimensions: int
    units: int
    layers: int
    dropout: float = 0.0


class Words(keras.layers.Layer):
    """Characters (words, longest), 0 where there is none, -> (words, dimensions)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        total = sum(number for _, number in shape.filters)
        spread = keras.initializers.RandomUniform(-1.0, 1.0)  # Keras's 0.05 would leave words too alike for the layers above to begin with
        self.embedding = keras.layers.Embedding(shape.characters, shape.embedding, embeddings_initializer=spread)
        self.filters = [keras.layers.Conv1D(number, width, activation="relu") for width, number in shape.filters]
        self.gate = keras.layers.Dense(total, activation="sigmoid", bias_initializer=keras.initializers.Constant(CARRY))
        self.change = keras.layers.Dense(total, activation="relu")
        self.projection = keras.layers.Dense(shape.dimensions)

    def call(self, characters: Any) -> Any:
        """See the class."""
        characters = tf.pad(characters, [[0, 1], [0, 0]])  # a word that is taken away again: convolutions want one at least
        there = tf.cast(tf.not_equal(characters, 0), tf.float32)[..., None]  # (words, longest, 1)
        embedded = self.embedding(characters) * there  # (words, longest, embedding)
        hidden = tf.concat([tf.reduce_max(convolve(embedded), 1) for convolve in self.filters], 1)  # (words, filters)
        gate = self.gate(hidden)  # (words, filters)
        return self.projection(gate * self.change(hidden) + (1 - gate) * hidden)[:-1]  # (words, dimensions)

    def parts(self) -> dict[str, Any]:
        """Its layers by name."""
        filters = {f"filter{place}": convolve for place, convolve in enumerate(self.filters)}
        return {"characters": self.embedding, **filters, "gate": self.gate, "change": self.change, "projection": self.projection}


class Reader(keras.layers.Layer):
    """One direction's LSTM layers: (batch, time, dimensions) and states -> outputs of each layer, each of that shape, and states.

    backward: reads from the end of what it is given; padding, where the mask (batch, time) is False, leaves the state as it is.
    """

    def __init__(self, shape: Shape, backward: bool = False) -> None:
        super().__init__()
        self.shape, self.backward, self.supports_masking = shape, backward, True
        self.cells = [
            keras.layers.LSTM(shape.units, return_sequences=True, return_state=True, go_backwards=backward) for _ in range(shape.layers)
        ]
        self.shown = [keras.layers.Dense(shape.dimensions, use_bias=False) for _ in range(shape.layers)]
        self.dropout = keras.layers.Dropout(shape.dropout)

    def call(self, hidden: Any, states: Any, mask: Any = None, training: bool = False) -> Any:
        """See the class."""
        outputs, carried = [], []
        for place, (cell, shown, state) in enumerate(zip(self.cells, self.shown, states, strict=True)):
            read, *state = cell(self.dropout(hidden, training=training), initial_state=state, mask=mask, training=training)
            read = shown(tf.reverse(read, [1]) if self.backward else read)  # (batch, time, dimensions)
            hidden = read + hidden if place else read
            outputs.append(hidden)
            carried.append(state)
        return outputs, carried

    def step(self, hidden: Any, states: Any) -> Any:
        """States after one more word. hidden: (batch, dimensions)."""
        carried = []
        for place, (cell, shown, state) in enumerate(zip(self.cells, self.shown, states, strict=True)):
            read, state = cell.cell(hidden, state)
            read = shown(read)  # (batch, dimensions)
            hidden = read + hidden if place else read
            carried.append(state)
        return carried

    def initial(self, size: int) -> Any:
        """States of `size` streams of which nothing was read."""
        return [[tf.zeros((size, self.shape.units)) for _ in range(2)] for _ in self.cells]

    def parts(self, name: str) -> dict[str, Any]:
        """Its layers by name: name0, name0.shown, name1 ..."""
        cells = {f"{name}{place}": cell for place, cell in enumerate(self.cells)}
        return cells | {f"{name}{place}.shown": shown for place, shown in enumerate(self.shown)}


class Encoder:
    """What reads words, and what reads texts from either side; with its weights made. mirrored: the backward reader is given texts as
    they stand, and not streams that are reversed already."""

    def __init__(self, shape: Shape, mirrored: bool) -> None:
        self.words, self.forward, self.backward = Words(shape), Reader(shape), Reader(shape, mirrored)
        widest = max(width for width, _ in shape.filters)
        read = self.words(np.ones((1, widest), np.int32))[:, None]  # (1, 1, dimensions)
        for reader in (self.forward, self.backward):
            reader(read, reader.initial(1))

    def parts(self) -> dict[str, Any]:
        """All layers by name."""
        return self.words.parts() | self.forward.parts("forward") | self.backward.parts("backward")

    def export(self) -> dict[str, np.ndarray]:
        """All weights: characters.table, filter0.kernel, filter0.bias, ..., forward0.kernel, forward0.recurrent, ..."""
        return {
            f"{name}.{part}": weight
            for name, layer in self.parts().items()
            for part, weight in zip(PARTS[type(layer)], layer.get_weights(), strict=False)
        }

    def restore(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take the weights that `export` gave."""
        for name, layer in self.parts().items():
            names = [f"{name}.{part}" for part in PARTS[type(layer)]]
            layer.set_weights([weights[one] for one in names if one in weights])


def distinct(ids: Any) -> tuple[Any, Any]:
    """(kinds,) the ids that there are, and the place of each of `ids` among them, in the shape of `ids`."""
    kinds, places = tf.unique(tf.reshape(ids, [-1]))
    return kinds, tf.reshape(places, tf.shape(ids))
