"""How ELMo's language model learns: truncated back-propagation through time over contiguous streams with carried state, the training
texts read from their start and from their end at the same time (equation 1 of Jozefowicz et al., 2016, in both directions).

The next word is predicted over the whole vocabulary, or over the right one and a draw of others whose probabilities are corrected for how
often they are drawn (importance sampling: Bengio and Senécal, 2003; Jean et al., 2015): with 30,000 words most of the time is saved.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from malmoi.batches import UNKNOWN, windows
from malmoi.bilm import Encoder, Shape, distinct
from malmoi.config import ConfigError
from malmoi.features._elmo_words import Texts

QUIET = 5.0  # seconds between two lines about progress
MEASURED = 50_000  # tokens on which perplexity is measured, of each part, at most
SPREAD = 4096  # words, the most frequent, by which the first weights are set
CLIP = 1.0  # norm of the whole gradient
TRACED = 40  # fewer batches than that are over before TensorFlow would have compiled what they do
DIRECTIONS = ("forward", "backward")
Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """As in `elmo.Params`."""

    epochs: int
    batch_size: int
    steps: int
    learning_rate: float
    samples: int
    seed: int


class Softmax(keras.layers.Layer):
    """Scores of the next word, the same weights in both directions. rows: (width, dimensions); bias: (width,)."""

    def __init__(self, width: int, dimensions: int) -> None:
        super().__init__()
        self.width = width
        self.rows = self.add_weight(shape=(width, dimensions), initializer="glorot_uniform", name="rows")
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")

    def loss(self, hidden: Any, wanted: Any) -> Any:
        """(n,) nats of each of `wanted` (n,), given hidden (n, dimensions)."""
        logits = tf.matmul(hidden, self.rows.value, transpose_b=True) + self.bias  # (n, width)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits)

    def sampled(self, hidden: Any, wanted: Any, drawn: Any) -> Any:
        """(n,) nats, estimated from the words `drawn` (samples,) by `draw`."""
        place = tf.cast(drawn, tf.float32)
        expected = tf.cast(tf.size(drawn), tf.float32) * tf.math.log1p(1 / (place + 1)) / math.log(self.width + 1)  # how often it is drawn
        others = tf.matmul(hidden, tf.gather(self.rows.value, drawn), transpose_b=True)  # (n, samples)
        others = others + tf.gather(self.bias.value, drawn) - tf.math.log(expected)
        others = tf.where(wanted[:, None] == drawn[None], -1e9, others)  # the right word counts once
        right = tf.reduce_sum(hidden * tf.gather(self.rows.value, wanted), 1) + tf.gather(self.bias.value, wanted)  # (n,)
        return tf.reduce_logsumexp(tf.concat([right[:, None], others], 1), 1) - right


def draw(width: int, samples: int, random: np.random.Generator) -> np.ndarray:
    """(samples,) word ids, id k with probability log((k + 2) / (k + 1)) / log(width + 1): about Zipf's law, as ids are by frequency."""
    return np.minimum(np.exp(random.random(samples) * math.log(width + 1)).astype(np.int32) - 1, width - 1).astype(np.int32)


class Trainer:
    """Trains one language model. `tell` gets a line about progress every few seconds and one after every epoch."""

    def __init__(self, shape: Shape, texts: Texts, settings: Settings, tell: Callable[[str], None]) -> None:
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()
        self.texts, self.settings, self.tell = texts, settings, tell
        self.encoder, self.softmax = Encoder(shape, mirrored=False), Softmax(texts.width, shape.dimensions)
        self.readers = (self.encoder.forward, self.encoder.backward)
        layers = (*self.encoder.parts().values(), self.softmax)
        self.variables = [variable for layer in layers for variable in layer.trainable_variables]
        self.spelled, self.random = tf.constant(texts.spelled), np.random.default_rng(settings.seed)
        self._spread()
        self.said = time.monotonic()
        self.optimizer: Any = None

    def _spread(self) -> None:
        """Begin with words of mean 0 and deviation 1 in every number (data-dependent initialization: Krähenbühl et al., 2016).

        Maxima over time are far from 0 and alike for all words; an LSTM that starts from them learns little but that.
        """
        words = self.encoder.words(self.spelled[:SPREAD]).numpy()  # (words, dimensions)
        mean, deviation = words.mean(0), words.std(0) + 1e-3
        kernel, bias = self.encoder.words.projection.get_weights()
        self.encoder.words.projection.set_weights([kernel / deviation, (bias - mean) / deviation])

    def fit(self) -> tuple[dict[str, np.ndarray], list[Row]]:
        """Weights of the encoder, and a row of perplexities after each epoch."""
        batches = list(self._pairs(self.texts.train))
        self.optimizer = keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(self.settings.learning_rate, len(batches) * self.settings.epochs), global_clipnorm=CLIP
        )
        self.optimizer.build(self.variables)
        traced = tf.function(reduce_retracing=True) if len(batches) * self.settings.epochs >= TRACED else lambda step: step
        step, measure = traced(self._update), traced(self._measure)
        history = []
        for epoch in range(1, self.settings.epochs + 1):
            self._epoch(epoch, batches, step)
            row = {"epoch": epoch, **self._perplexity("train", measure), **self._perplexity("held_out", measure)}
            self.tell(f"epoch {epoch}/{self.settings.epochs}, perplexity " + ", ".join(_shown(row)))
            history.append(row)
        return self.encoder.export(), history

    def _epoch(self, epoch: int, batches: list[np.ndarray], step: Any) -> None:
        states, began = self._initial(batches[0]), math.inf  # the time left is reckoned from the second batch on: the first is compiled
        for number, batch in enumerate(batches, 1):
            drawn = draw(self.texts.width, self.settings.samples, self.random)
            loss, states = step(tf.constant(batch), tf.constant(drawn), states)
            began = min(began, time.monotonic())
            left = (time.monotonic() - began) * (len(batches) - number) / max(1, number - 1)
            self._progress(f"epoch {epoch}/{self.settings.epochs}, batch {number}/{len(batches)}", float(loss), left)

    def _progress(self, where: str, loss: float, left: float) -> None:
        if not math.isfinite(loss):
            raise ConfigError(f"{where}: the loss became {loss}; lower learning_rate")
        if time.monotonic() - self.said >= QUIET:
            self.said = time.monotonic()
            self.tell(f"{where}, loss {loss:.3f} nats" + (f", about {left:.0f} s left of the epoch" if left >= 1 else ""))

    def _pairs(self, stream: np.ndarray) -> Iterator[np.ndarray]:
        """(2: words, next; 2: directions; streams; <= steps) int32 of each batch."""
        size = min(self.settings.batch_size, max(1, (len(stream) - 1) // self.settings.steps))
        both = (windows(one, size, self.settings.steps) for one in (stream, stream[::-1]))
        for parts in zip(*both, strict=True):
            yield np.stack(parts, 1)

    def _initial(self, batch: np.ndarray) -> Any:
        return [reader.initial(batch.shape[2]) for reader in self.readers]

    def _perplexity(self, part: str, measure: Any) -> Row:
        """Of a part of the texts, its first MEASURED tokens, over the whole vocabulary and without dropout."""
        length = min(MEASURED, len(self.texts.held_out)) if len(self.texts.held_out) else MEASURED
        batches = list(self._pairs(getattr(self.texts, part)[:length]))
        if not batches:
            return {}
        states, nats, targets = self._initial(batches[0]), np.zeros(2), 0
        for number, batch in enumerate(batches, 1):
            found, states = measure(tf.constant(batch), states)
            nats, targets = nats + found.numpy(), targets + batch[1, 0].size
            self._progress(f"measuring on {part}, batch {number}/{len(batches)}", float(nats.mean()) / targets, 0.0)
        return {f"{part}_{direction}": math.exp(total / targets) for direction, total in zip(DIRECTIONS, nats, strict=True)}

    def _read(self, words: Any, states: Any, training: bool) -> tuple[Any, Any]:
        """words (2, streams, time) -> the top layers' outputs (2 * streams * time, dimensions) and states."""
        kinds, places = distinct(words)
        vectors = tf.gather(self.encoder.words(tf.gather(self.spelled, kinds)), places)  # (2, streams, time, dimensions)
        tops, carried = [], []
        for place, reader in enumerate(self.readers):
            outputs, state = reader(vectors[place], states[place], training=training)
            tops.append(reader.dropout(outputs[-1], training=training))
            carried.append(state)
        return tf.reshape(tf.stack(tops), [-1, tops[0].shape[-1]]), carried

    def _wanted(self, batch: Any) -> Any:
        return tf.reshape(tf.where(batch[1] < self.texts.width, batch[1], UNKNOWN), [-1])  # (2 * streams * time,)

    def _measure(self, batch: Any, states: Any) -> Any:
        hidden, states = self._read(batch[0], states, training=False)
        return tf.reduce_sum(tf.reshape(self.softmax.loss(hidden, self._wanted(batch)), [2, -1]), 1), states

    def _update(self, batch: Any, drawn: Any, states: Any) -> Any:
        with tf.GradientTape() as tape:
            hidden, states = self._read(batch[0], states, training=True)
            sampling = 0 < self.settings.samples < self.texts.width
            wanted = self._wanted(batch)
            loss = tf.reduce_mean(self.softmax.sampled(hidden, wanted, drawn) if sampling else self.softmax.loss(hidden, wanted))
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, self.variables)]
        self.optimizer.apply_gradients(zip(gradients, self.variables, strict=True))
        return loss, states


def _shown(row: Row) -> Iterator[str]:
    return (f"{name.replace('_', ' ')} {value:,.1f}" for name, value in row.items() if name != "epoch")
