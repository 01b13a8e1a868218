"""ELMo in Keras, as part of a network that learns: what the language model's layers say of each word, mixed by weights learned here."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from malmoi.batches import END, PAD, UNKNOWN
from malmoi.bilm import Encoder, Shape, distinct
from malmoi.models._network import elmo


class Elmo(keras.layers.Layer):
    """ids (batch, time, columns), an id and then characters -> (batch, time, 2 * dimensions).

    arrays: as `malmoi/features/elmo.py` left them in its state. frozen: of all weights only those of the mixture learn.
    """

    def __init__(self, arrays: dict[str, np.ndarray], frozen: bool) -> None:
        super().__init__()
        shape = _shape(arrays)
        self.encoder = Encoder(shape, mirrored=True)
        self.encoder.restore(arrays)
        self.words, self.ahead, self.back = self.encoder.words, self.encoder.forward, self.encoder.backward  # so that Keras sees them
        for layer in (self.words, self.ahead, self.back):
            layer.trainable = not frozen
        self.scalars = self.add_weight(shape=(shape.layers + 1,), initializer="zeros", name="scalars")
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        self.spelled = tf.constant(arrays["spelled"])
        self.known = tf.constant(elmo.spell_out(arrays, arrays["spelled"])) if frozen else None  # need not be computed again

    def call(self, ids: Any) -> Any:
        """Equation 1 of the paper. See the class."""
        words = self._words(ids[..., 0], ids[..., 1:])  # (batch, time, dimensions)
        mask = tf.not_equal(ids[..., 0], PAD)  # (batch, time)
        both = [reader(words, self._begun(reader, tf.shape(ids)[0]), mask=mask)[0] for reader in (self.ahead, self.back)]
        layers = [tf.concat(pair, 2) for pair in zip([words, *both[0]], [words, *both[1]], strict=True)]
        shares = tf.unstack(tf.nn.softmax(self.scalars.value), num=len(layers))
        return self.scale * tf.add_n([share * layer for share, layer in zip(shares, layers, strict=True)])

    def _words(self, tokens: Any, characters: Any) -> Any:
        """(batch, time, dimensions): known words by their id, unknown ones by the characters that came along."""
        if self.known is not None:
            words = tf.gather(self.known, tokens)
        else:
            kinds, places = distinct(tokens)
            words = tf.gather(self.words(tf.gather(self.spelled, kinds)), places)
        unknown = tf.where(tf.equal(tokens, UNKNOWN))  # (unknown, 2)
        return tf.tensor_scatter_nd_update(words, unknown, self.words(tf.gather_nd(characters, unknown)))

    def _begun(self, reader: Any, size: Any) -> Any:
        """The reader's states after the end of another text, which is what stands at both ends of a text in its training."""
        end = self.words(self.spelled[END : END + 1])  # (1, dimensions)
        return tf.nest.map_structure(lambda state: tf.repeat(state, size, 0), reader.step(end, reader.initial(1)))

    def export(self) -> dict[str, np.ndarray]:
        """All that `elmo.read` needs."""
        weights = self.encoder.export()
        known = elmo.spell_out(weights, self.spelled.numpy())
        return {**weights, "scalars": self.scalars.numpy(), "scale": self.scale.numpy(), "known": known}


def _shape(arrays: dict[str, np.ndarray]) -> Shape:
    kernels = [arrays[f"filter{place}.kernel"] for place in range(elmo.filters(arrays))]
    return Shape(
        characters=arrays["characters.table"].shape[0],
        embedding=arrays["characters.table"].shape[1],
        filters=tuple((kernel.shape[0], kernel.shape[2]) for kernel in kernels),
        dimensions=arrays["projection.kernel"].shape[1],
        units=len(arrays["forward0.recurrent"]),
        layers=sum(name.startswith("forward") and name.endswith("recurrent") for name in arrays),
    )
