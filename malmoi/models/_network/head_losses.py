"""A head in Keras: its weights, and what a network is to make small. See `heads`."""

from typing import Any

import keras
import tensorflow as tf

from malmoi.models._network import heads, losses
from malmoi.models._network.named_weights import NamedWeights


class HeadLearner(NamedWeights):
    """Scores of what a network read, and the loss by what came. embedding: the layer whose table a tied head uses."""

    def __init__(self, head: heads.Plain, embedding: Any, policy: str) -> None:
        super().__init__(policy=policy)
        self.head: Any = head
        self.tied: Any = embedding if getattr(head, "size", 0) else None
        self.make(head.weights())

    def call(self, hidden: Any) -> Any:
        """(..., width) of (..., inputs)."""
        return self.head.scores(keras.ops, self._weights(), hidden)

    def loss(self, hidden: Any, wanted: Any, aim: losses.Aim) -> Any:
        """Mean per target, in nats where aim.kind is cross_entropy. hidden: (..., inputs); wanted: (...) ids."""
        if aim.kind != "cross_entropy":
            return losses.probabilities(self(hidden), wanted, aim.kind)
        hidden, wanted = tf.cast(tf.reshape(hidden, [-1, hidden.shape[-1]]), self.compute_dtype), tf.reshape(wanted, [-1])
        if not isinstance(self.head, heads.Adaptive):
            return losses.cross_entropy(self.head.scorer(keras.ops, self._weights(), hidden), wanted, aim.smoothing)
        return self._adaptive(hidden, wanted, aim.smoothing)

    def _weights(self) -> dict[str, Any]:
        weights = {name: tf.cast(weight, self.compute_dtype) for name, weight in self.values().items()}
        return weights | ({heads.TABLE: self._table()} if self.tied is not None else {})

    def _table(self) -> Any:
        return tf.cast(self.tied.embeddings.value, self.compute_dtype)

    def _adaptive(self, hidden: Any, wanted: Any, smoothing: float) -> Any:
        head, weights = self.head, self._weights()
        if self.tied is not None:
            # cut once, so that the gradient of the whole table is put together once
            weights |= {f"{heads.TABLE}{place}": rows for place, rows in enumerate(tf.split(weights[heads.TABLE], head.sizes))}
        shown = head.shown(keras.ops, weights, hidden)  # (n, size)
        column, total = wanted, tf.zeros([])
        for place, low in enumerate(head.edges[:-1], 1):
            inside = (wanted >= low) & (wanted < head.edges[place])
            column = tf.where(inside, head.edges[0] + place - 1, column)
            rows = tf.where(inside)[:, 0]
            scorer = head.part_scorer(keras.ops, weights, tf.gather(shown, rows), place)
            total += losses.total(scorer, tf.gather(wanted, rows) - low, smoothing)
        total += losses.total(head.part_scorer(keras.ops, weights, shown, 0), column, smoothing)
        return total / tf.cast(tf.size(wanted), tf.float32)
