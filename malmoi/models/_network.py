"""The recurrent network in Keras: what learns. What it learned is read by `_cells`."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from malmoi.batches import Sequences, Spec
from malmoi.models import _embeddings, _recurrent_layers

CELLS = {"simple": _recurrent_layers.SimpleRNN, "lstm": _recurrent_layers.LSTM, "gru": _recurrent_layers.GRU}


class Tied(keras.layers.Layer):
    """Scores of all tokens by the vectors that they are read with (Press and Wolf, 2017): (..., units) -> (..., width).

    What was read is first brought to the size of these vectors, so that the table may be narrower than the layer below.
    """

    def __init__(self, embedding: Any, width: int, dtype: str) -> None:
        super().__init__(dtype=dtype)
        self.embedding, self.width = embedding, width

    def build(self, shape: Any) -> None:
        """Makes its own weights; the table is the embedding's."""
        size = self.embedding.output_dim
        self.projection = self.add_weight(shape=(shape[-1], size), initializer="glorot_uniform", name="projection")
        self.bias = self.add_weight(shape=(self.width,), initializer="zeros", name="bias")

    def call(self, hidden: Any) -> Any:
        """See the class."""
        return keras.ops.matmul(keras.ops.matmul(hidden, self.projection), keras.ops.transpose(self.embedding.embeddings)) + self.bias

    def export(self) -> dict[str, np.ndarray]:
        """Its own weights, by the names that `recurrent` reads."""
        return {"head.projection": self.projection.numpy(), "head.bias": self.bias.numpy()}


class Network(keras.Model):
    """ids (batch, time[, columns]) and states -> logits (batch, classes) for classification, (batch, time, width) and new states else."""

    def __init__(self, settings: Any, spec: Spec, read: Sequences | None = None, policy: str = "float32") -> None:
        """`read`: what it will learn from, which says how many numbers a token is, and on which side batches are filled up.
        `policy`: Keras's name for the numbers that layers and head multiply in; the embedding's are float32."""
        super().__init__()
        self.policy = policy
        self.settings, self.carries = settings, spec.problem == "language_model"
        self.kind, self.columns = _embeddings.kind(spec), read.ids.shape[1:] if read else ()
        # cuDNN refuses padding before the text
        self.kernels = {"use_cudnn": False} if read and read.padding == "before" and settings.cell != "simple" else {}
        self.embedding = _embeddings.layer(spec, settings.embedding, settings.frozen)
        self.dropout = keras.layers.Dropout(settings.dropout)
        last = settings.layers - 1
        self.readers = [self._reader(self.carries or place < last or settings.pooling != "last") for place in range(settings.layers)]
        # where the same token is not the same numbers twice, each is read for itself
        self.by_rows = self.kind == "table" and not settings.dropout and _recurrent_layers.reads_rows(self.readers[0])
        if self.by_rows:
            self._build_first()
        wide = spec.width if self.carries else spec.classes
        self.head = Tied(self.embedding, wide, policy) if settings.tied else keras.layers.Dense(wide, dtype=policy)
        self(np.zeros((1, 2, *self.columns), np.int32), self.initial(1))  # makes the weights

    def _build_first(self) -> None:
        """What Keras would do when it calls them."""
        if not self.embedding.built:
            self.embedding.build(None)
        self.readers[0].build((None, None, self.embedding.output_dim))

    def _reader(self, sequences: bool) -> Any:
        kind, shown = CELLS[self.settings.cell], {"return_sequences": sequences, "return_state": self.carries}
        reader = kind(self.settings.units, dtype=self.policy, **shown, **self.kernels)
        return keras.layers.Bidirectional(reader, dtype=self.policy) if self.settings.bidirectional else reader

    def call(self, ids: Any, states: Any = (), training: bool = False) -> Any:
        """See the class. `states`: per layer a list of (batch, units), [] for classification."""
        if self.carries:
            return self._carry(ids, states, training)
        mask = _embeddings.mask(ids)  # (batch, time)
        hidden = self._first(ids, training, mask=mask)  # (batch[, time], units)
        for reader in self.readers[1:]:
            hidden = reader(self.dropout(hidden, training=training), mask=mask, training=training)
        return self.head(self._pool(self.dropout(hidden, training=training), mask)), states

    def _first(self, ids: Any, training: bool, mask: Any = None, initial_state: Any = None) -> Any:
        """What the first layer makes of the embedded ids."""
        reader = self.readers[0]
        if self.by_rows:
            table = self.embedding.embeddings.value
            return _recurrent_layers.read_rows(reader, table, _embeddings.tokens(ids), mask, initial_state)
        embedded = self.embedding(_embeddings.tokens(ids) if self.kind == "table" else ids)
        hidden = self.dropout(embedded, training=training)  # (batch, time, embedding)
        return reader(hidden, mask=mask, initial_state=initial_state, training=training)

    def _carry(self, ids: Any, states: Any, training: bool) -> Any:
        hidden, *state = self._first(ids, training, initial_state=states[0])  # (batch, time, units)
        carried = [state]
        for reader, before in zip(self.readers[1:], states[1:], strict=True):
            hidden, *state = reader(self.dropout(hidden, training=training), initial_state=before, training=training)
            carried.append(state)
        scores = self.head(self.dropout(hidden, training=training))  # (batch, time, width)
        return scores, tf.nest.map_structure(lambda state: tf.cast(state, tf.float32), carried)

    def _pool(self, hidden: Any, mask: Any) -> Any:
        if self.settings.pooling == "last":
            return hidden  # (batch, units)
        hidden = tf.cast(hidden, tf.float32)
        seen = tf.cast(mask, hidden.dtype)[..., None]  # (batch, time, 1)
        if self.settings.pooling == "mean":
            return tf.reduce_sum(hidden * seen, 1) / tf.reduce_sum(seen, 1)
        return tf.reduce_max(hidden + (seen - 1) * 1e9, 1)  # padding never wins

    def initial(self, size: int) -> Any:
        """States of `size` streams of which nothing was read; [] for classification."""
        kinds = 2 if self.settings.cell == "lstm" else 1
        return [[tf.zeros((size, self.settings.units)) for _ in range(kinds)] for _ in self.readers] if self.carries else []

    @property
    def signature(self) -> Any:
        """Shapes of ids, targets and states, for tf.function."""
        ids = tf.TensorSpec([None, None, *self.columns], tf.int32)
        return ids, tf.TensorSpec(None, tf.int32), self._carried

    @property
    def _carried(self) -> Any:
        return tf.nest.map_structure(lambda state: tf.TensorSpec([None, state.shape[1]], state.dtype), self.initial(1))

    def export(self) -> dict[str, np.ndarray]:
        """All weights by the names that `recurrent` reads: embedding, head.kernel, head.bias, reader0.forward.kernel, ..."""
        weights = _embeddings.export(self.kind, self.embedding)
        plain = ("head.kernel", "head.bias")
        weights |= self.head.export() if self.settings.tied else dict(zip(plain, self.head.get_weights(), strict=True))
        for place, reader in enumerate(self.readers):
            both = ("forward", "backward") if self.settings.bidirectional else ("forward",)
            names = [f"reader{place}.{direction}.{part}" for direction in both for part in ("kernel", "recurrent", "bias")]
            weights |= dict(zip(names, reader.get_weights(), strict=True))
        return weights
