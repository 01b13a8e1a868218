"""A network in Keras: what learns. What it learned answers in numpy (`sequence_model`)."""

from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from malmoi.batches import PAD, Sequences, Spec
from malmoi.config import ConfigError
from malmoi.models._network import embeddings, encoders, losses, ngrams, pooling
from malmoi.models._network.blocks import Given, zeros
from malmoi.models._network.head_losses import HeadLearner
from malmoi.models._network.losses import Aim
from malmoi.models._network.named_weights import NamedWeights


class Network(keras.Model):
    """ids (batch, time[, columns]) and states -> logits (batch, classes) for classification, (batch, time, width) and new states else."""

    def __init__(self, design: Any, spec: Spec, read: Sequences | None = None, policy: str = "float32") -> None:
        """design: as in `sequence_model`. read: what it will learn from, which says how many numbers a token is, and on which side batches
        are filled up. policy: Keras's name for the numbers that blocks and head multiply in; the embedding's are float32."""
        super().__init__()
        self.frame, self.blocks, self.carries = design.params, design.blocks, spec.problem == "language_model"
        self.kind, self.columns = embeddings.kind(spec), read.ids.shape[1:] if read else ()
        self.embedding = embeddings.layer(spec, self.frame.embedding, self.frame.frozen)
        if self.kind == "table" and not self.embedding.built:
            self.embedding.build(None)
        flat = not self.carries and self.frame.pooling == "last"
        self.drops = [_dropout(rate, self.frame.locked and not (flat and place == 2)) for place, rate in enumerate(self.frame.dropouts)]
        self.draws = keras.random.SeedGenerator(spec.seed)
        self.readers = self._readers(policy, read is not None and read.padding == "before")
        self.pooling = NamedWeights(pooling.weights(self.frame.pooling, self.blocks[-1].width if self.blocks else 0))
        self.head = HeadLearner(design.head, self.embedding, policy)
        self.ngrams = NamedWeights(ngrams.weights(self.frame.ngrams, design.size) if self.frame.ngrams else {})
        self.left_out = keras.layers.Dropout(self.frame.ngrams.dropout if self.frame.ngrams else 0, noise_shape=(None, None, 1))
        steps = 2 * prod(block.shortens for block in self.blocks)  # two are left: of attention over a single one Keras warns
        self(np.zeros((1, steps, *self.columns), np.int32), self.initial(1))  # makes the weights
        if spec.pretrained is not None and spec.pretrained.kind == encoders.KIND:
            self._begin(spec.pretrained.arrays)

    def _begin(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over blocks that learned before. Raises ConfigError where they are not of this network's shape."""
        own = {name: weight for name, weight in self.export().items() if name.startswith("reader")}
        needed, given = ({name: one.shape for name, one in all.items() if name.startswith("reader")} for all in (own, arrays))
        if needed != given:
            wrong = sorted(name for name in needed | given if needed.get(name) != given.get(name))[0]
            raise ConfigError(
                f"the pretrained network has another shape than the model: {wrong} is {given.get(wrong)} there and {needed.get(wrong)} "
                "here; give the model cell, units, layers and options of its pretraining, and bidirectional: true where that read both ways"
            )
        for place, reader in enumerate(self.readers):
            reader.begin({name.removeprefix(f"reader{place}."): one for name, one in arrays.items() if name.startswith(f"reader{place}.")})

    def _readers(self, policy: str, before: bool) -> list[Any]:
        last = len(self.blocks) - 1
        whole = [self.carries or place < last or self.frame.pooling != "last" for place in range(len(self.blocks))]
        return [block.learner(policy, each, before) for block, each in zip(self.blocks, whole, strict=True)]

    def call(self, ids: Any, states: Any = (), training: bool = False) -> Any:
        """See the class. `states`: per block a list of (batch, ...), [] for classification."""
        hidden, states = self.read(ids, states, training)
        return self.head(hidden), states

    def cost(self, ids: Any, wanted: Any, states: Any, training: bool, aim: Aim) -> tuple[Any, Any, Any]:
        """(mean loss per target, what is paid besides, states)."""
        hidden, states, mask = self._outputs(ids, states, training)
        shown = self.drops[2](hidden, training=training)
        if not self.carries:
            return self.head.loss(self._pool(shown, states, mask), wanted, aim), tf.zeros([]), []
        besides = losses.outputs(aim, hidden, shown, wanted) if aim.activation or aim.temporal else tf.zeros([])
        if aim.padded:
            there = tf.where(tf.reshape(wanted, [-1]) != PAD)[:, 0]  # (targets,)
            shown, wanted = tf.gather(tf.reshape(shown, [-1, shown.shape[-1]]), there), tf.gather(tf.reshape(wanted, [-1]), there)
        return self.head.loss(shown, wanted, aim), besides, states

    def read(self, ids: Any, states: Any, training: bool) -> tuple[Any, Any]:
        """What the head is shown, (batch, numbers) or (batch, time, width), and states."""
        hidden, states, mask = self._outputs(ids, states, training)
        shown = self.drops[2](hidden, training=training)
        return (shown, states) if self.carries else (self._pool(shown, states, mask), [])

    def _outputs(self, ids: Any, states: Any, training: bool) -> tuple[Any, Any, Any]:
        """What the last block gives, states after it, and its mask."""
        mask = None if self.carries else embeddings.mask(ids)  # (batch, time)
        states = states or [zeros(block, tf.shape(ids)[0], tf.zeros) for block in self.blocks]
        hidden, carried = None, []
        for place, (reader, state) in enumerate(zip(self.readers, states, strict=True)):
            if not place and self._by_rows(reader):
                hidden, state, mask = reader.rows(self.embedding.embeddings.value, embeddings.tokens(ids), state, mask)
            else:
                below = self._below(ids, hidden, place, training)
                hidden, state, mask = reader(below, state, mask, training=training)
            carried.append(tf.nest.map_structure(lambda one: tf.cast(one, tf.float32), state))
        return self._embedded(ids, training) if hidden is None else hidden, carried, mask

    def _below(self, ids: Any, hidden: Any, place: int, training: bool) -> Any:
        """(batch, time, numbers) what the block at `place` reads. hidden: what the one before it gave, None where there is none."""
        if hidden is None:
            return self._embedded(ids, training)
        return hidden if self.blocks[place].drops_inside else self.drops[1](hidden, training=training)

    def _by_rows(self, reader: Any) -> bool:
        """Where the same token is the same numbers wherever it stands, the first block may read each once."""
        plain = self.kind == "table" and not self.frame.dropouts[0] and not self.frame.embedding_dropout
        return plain and not self.frame.ngrams and getattr(reader, "reads_rows", False)

    def _embedded(self, ids: Any, training: bool) -> Any:
        """(batch, time, numbers) of token ids."""
        tokens = embeddings.tokens(ids)
        hidden = self.embedding(tokens if self.kind == "table" else ids)
        if training and self.frame.embedding_dropout:
            rate = self.frame.embedding_dropout
            kinds, places = tf.unique(tf.reshape(tokens, [-1]))
            kept = tf.cast(keras.random.uniform([tf.size(kinds)], seed=self.draws) >= rate, tf.float32) / (1 - rate)
            hidden *= tf.reshape(tf.gather(kept, places), tf.shape(tokens))[..., None]
        if self.frame.ngrams:
            given = Given(keras.ops, self.ngrams.values(), lambda one: self.left_out(one, training=training))
            hidden += ngrams.read(given, self.frame.ngrams, tokens)
        return self.drops[0](hidden, training=training)

    def _pool(self, hidden: Any, carried: Any, mask: Any) -> Any:
        if len(hidden.shape) == 2:
            return hidden  # (batch, units): all that was asked for
        last = hidden[:, -1] if not self.blocks else self.blocks[-1].last(keras.ops, hidden, carried[-1], mask)
        return pooling.pool(Given(keras.ops, self.pooling.values()), self.frame.pooling, hidden, last, mask)

    @property
    def groups(self) -> list[list[Any]]:
        """Weights that learn, by layer, from the embedding to the head, with which go all that are never pretrained."""
        head = [*self.ngrams.trainable_variables, *self.pooling.trainable_variables, *self.head.trainable_variables]
        lists = [self.embedding.trainable_variables, *(reader.trainable_variables for reader in self.readers), head]
        below = {one.path for one in lists[0]}  # a tied head has the embedding among its own
        return [lists[0], *([one for one in group if one.path not in below] for group in lists[1:])]

    def initial(self, size: int) -> Any:
        """States of `size` streams of which nothing was read; [] for classification."""
        return [zeros(block, size, tf.zeros) for block in self.blocks] if self.carries else []

    @property
    def signature(self) -> Any:
        """Shapes of ids, targets and states, for tf.function."""
        carried = tf.nest.map_structure(lambda state: tf.TensorSpec([None, *state.shape[1:]], state.dtype), self.initial(1))
        return tf.TensorSpec([None, None, *self.columns], tf.int32), tf.TensorSpec(None, tf.int32), carried

    def export(self) -> dict[str, np.ndarray]:
        """All weights by the names that `sequence_model` reads: embedding, reader0.forward.kernel, pooling.query, head.kernel, ..."""
        weights = embeddings.export(self.kind, self.embedding)
        parts = {f"reader{place}": reader.export() for place, reader in enumerate(self.readers)}
        parts |= {"ngrams": self.ngrams.export(), "pooling": self.pooling.export(), "head": self.head.export()}
        return weights | {f"{part}.{name}": weight for part, own in parts.items() for name, weight in own.items()}


def _dropout(rate: float, locked: bool) -> Any:
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None) if locked else None)
