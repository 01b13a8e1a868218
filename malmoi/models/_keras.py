"""How Keras networks learn: loops with early stopping, the same bytes from the same seed.

Two loops: padded, length-bucketed batches for classification; truncated back-propagation through time over contiguous streams with
carried state for language models (Williams and Peng, 1990; Mikolov et al., 2010).
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from malmoi.batches import Epoch, Split, Step, buckets, pad, quiet, windows
from malmoi.config import ConfigError
from malmoi.models._embeddings import sequences_of
from malmoi.models._losses import cross_entropy
from malmoi.models._optimizers import Adam, clipped
from malmoi.models._training import Training

Batch = tuple[np.ndarray, np.ndarray]  # ids (batch, time) and targets: (batch,) classes, or (batch, time) next tokens


def prepare(seed: int) -> None:
    """Seed Python, numpy and TensorFlow, and ask for the same bytes from the same inputs."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


class Trainer:
    """Trains one network. `network(ids, states, training) -> (logits, states)`; states is [] for classification."""

    def __init__(self, network: Any, training: Training, seed: int) -> None:
        self.network, self.training = network, training
        self.random = np.random.default_rng(seed)
        self._step = tf.function(self._update, input_signature=network.signature)
        self._loss = tf.function(self._measure, input_signature=network.signature)
        self.optimizer: Any = None

    def fit(self, train: Split, valid: Split, on_epoch: Callable[[Epoch], None], on_step: Callable[[Step], None] = quiet) -> None:
        """Train until `epochs` or `patience` runs out, then put the best weights back. Losses are in nats per target."""
        best, waited, kept = math.inf, 0, None
        for number in range(1, self.training.epochs + 1):
            batches = list(self.batches(train, self.random))
            self.optimizer = self.optimizer or self._optimizer(len(batches))
            train_loss = _mean(self._pass(batches, self._step), batches, _steps(on_step, number, len(batches)))
            held_out = list(self.batches(valid, None))
            valid_loss = _mean(self._pass(held_out, self._loss), held_out, _steps(quiet, number, len(held_out)))
            on_epoch(Epoch(number, self.training.epochs, train_loss, valid_loss))
            waited = 0 if valid_loss < best else waited + 1
            if valid_loss < best:
                best, kept = valid_loss, self.network.get_weights()
            if waited and waited >= self.training.patience:
                break
        self.network.set_weights(kept)

    def batches(self, split: Split, random: np.random.Generator | None) -> Iterator[Batch]:
        """(ids, targets) of one pass: windows of streams for a language model, padded buckets else."""
        sequences = sequences_of(split.inputs)
        size = self.training.batch_size
        if self.network.carries:
            stream = sequences.stream()
            yield from windows(stream, min(size, max(1, (len(stream) - 1) // self.training.steps)), self.training.steps)
            return
        for rows in buckets(np.minimum(sequences.lengths, self.training.limit), size, random):
            yield pad(sequences, rows, self.training.limit), split.labels[rows]

    def _pass(self, batches: list[Batch], step: Any) -> Iterator[float]:
        """Loss of each batch; a language model's state goes from each to the next."""
        states = self.network.initial(len(batches[0][0])) if self.network.carries else []
        for ids, wanted in batches:
            loss, states = step(ids, wanted, states)
            yield float(loss)

    def _measure(self, ids: Any, wanted: Any, states: Any) -> Any:
        logits, states = self.network(ids, states, training=False)
        return cross_entropy(logits, wanted), states

    def _update(self, ids: Any, wanted: Any, states: Any) -> Any:
        with tf.GradientTape() as tape:
            logits, states = self.network(ids, states, training=True)
            loss = cross_entropy(logits, wanted)
        variables = self.network.trainable_variables
        self.optimizer.apply(clipped(tape.gradient(loss, variables), self.training.clip_norm), variables)
        return loss, states

    def _optimizer(self, batches: int) -> Any:
        rate = _schedule(self.training, batches * self.training.epochs)
        optimizer = Adam(rate)
        optimizer.build(self.network.trainable_variables)
        return optimizer


def _schedule(training: Training, updates: int) -> Any:
    """The learning rate of each update: up from zero, then as it is or down to zero by a cosine."""
    if not training.warm_up and training.schedule == "constant":
        return training.learning_rate
    rise = {"warmup_target": training.learning_rate, "warmup_steps": training.warm_up} if training.warm_up else {}
    stays = 1.0 if training.schedule == "constant" else 0.0  # share of the rate that is left at the end
    start = 0.0 if training.warm_up else training.learning_rate
    return keras.optimizers.schedules.CosineDecay(start, max(1, updates - training.warm_up), alpha=stays, **rise)


def _steps(on_step: Callable[[Step], None], epoch: int, of: int) -> Callable[[int, float], None]:
    return lambda number, loss: on_step(Step(epoch, number, of, loss))


def _mean(losses: Iterator[float], batches: list[Batch], on_batch: Callable[[int, float], None]) -> float:
    """Mean loss per target. Raises ConfigError at the first loss that is no number, saying where."""
    total = targets = 0.0
    for place, (loss, (_, wanted)) in enumerate(zip(losses, batches, strict=True), 1):
        if not math.isfinite(loss):
            raise ConfigError(f"the loss became {loss} at batch {place} of {len(batches)}; lower training.learning_rate or clip_norm")
        on_batch(place, loss)
        total, targets = total + loss * wanted.size, targets + wanted.size
    return total / targets
