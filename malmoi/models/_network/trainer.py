"""How Keras networks learn: a loop with early stopping; the same bytes from the same seed, whether or not it was stopped in between.

Padded, length-bucketed batches for classification; truncated back-propagation through time over contiguous streams with carried state
for language models (Williams and Peng, 1990; Mikolov et al., 2010): see `feeds`.
"""

import os
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from malmoi import processor
from malmoi.batches import Epoch, Split, Step, quiet
from malmoi.checkpoints import Checkpoint
from malmoi.config import ConfigError
from malmoi.models._network import optimizers, pace, resuming, schedules
from malmoi.models._network.averages import Averages
from malmoi.models._network.divergence import Watch
from malmoi.models._network.feeds import Feed, Feeds
from malmoi.models._network.losses import Aim
from malmoi.models._network.selection import Selection
from malmoi.models._network.training import Training


def prepare(seed: int, beside: int = 1) -> None:
    """Seed Python, numpy and TensorFlow, and ask for the same bytes from the same inputs. beside: parts of the network that are worked on
    side by side: each has its share of the processor for itself, since steps of a recurrence are too small to be cut up once more."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    if beside > 1:
        threads = int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or processor.cores()  # 0 asks TensorFlow for all
        with suppress(RuntimeError):  # TensorFlow is at work already, for another network: nothing can be changed any more
            tf.config.threading.set_intra_op_parallelism_threads(max(1, threads // beside))


@dataclass
class Place:
    """Where a training is: `batch` batches of `epoch` are done, of the epoch's targets so many, whose losses are `total`.
    random: state of the generator when the epoch began."""

    epoch: int = 1
    batch: int = 0
    total: float = 0.0
    targets: int = 0
    random: dict[str, Any] = field(default_factory=dict)


class Trainer:
    """Trains one network. `network.cost(ids, wanted, states, training, aim) -> (loss, more, states)`; states is [] for classification.

    All that changes while it learns: the network's and the optimizer's variables, those of `averages` and of an adjusted `rate`, `states`,
    `random`, `place`, `selection`, `history` and the first loss. A checkpoint has all of it.
    """

    def __init__(self, network: Any, training: Training, seed: int) -> None:
        self.network, self.training, self.seed = network, training, seed
        self.random = np.random.default_rng(seed)
        padded = bool(network.carries and training.reset)
        self.validated = Aim(training.loss, padded=padded)
        self.aim = Aim(training.loss, training.label_smoothing, training.activation, training.temporal, padded)
        self.step = tf.function(self._update, input_signature=network.signature)
        self.measure = tf.function(self._measure, input_signature=network.signature)
        self.place, self.history, self.states = Place(), list[Epoch](), network.initial(1)

    def start(self, updates: int) -> None:
        """Before the first step. updates: how many there will be, for schedules that go by it."""
        training, variables = self.training, self.network.trainable_variables
        self.rate = schedules.rate(training, updates)
        self.optimizer = optimizers.find(training, self.rate, variables)
        self.pace = pace.Pace(training, self.network.groups, variables) if pace.wanted(training) else None
        self.optimizer.pace = self.pace
        averaged = training.average or training.optimizer == "asgd"
        self.averages = Averages(variables, training.average) if averaged else None
        self.selection = Selection(training, self.rate, None if training.average else self.averages)
        self.watch = Watch([variable.path for variable in variables], training.explosion)

    def fit(
        self,
        train: Split,
        valid: Split,
        on_epoch: Callable[[Epoch], None],
        on_step: Callable[[Step], None] = quiet,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Train until `epochs` or `patience` runs out, then put the best weights back. Losses are those of `training.loss` per target.

        Goes on where `checkpoint` says, if it says anything, and saves there. Raises DivergenceError at the first loss that is no number.
        """
        feeds, held_out = (Feeds(split, self.training, self.network.carries, self.seed) for split in (train, valid))
        self.start(feeds.updates(self.training.epochs))
        if checkpoint:
            resuming.resume(self, checkpoint)
        while self.place.epoch <= self.training.epochs and not self.selection.over:
            self._learn(feeds, on_step, checkpoint)
            self._judge(held_out.ordered, on_epoch)
            if checkpoint and checkpoint.due:
                resuming.save(self, checkpoint)
        self.network.set_weights(self.selection.kept)

    def _learn(self, feeds: Feeds, on_step: Callable[[Step], None], checkpoint: Checkpoint | None) -> None:
        """What is left of an epoch; a language model's state goes from each batch to the next."""
        place = self.place
        place.random = dict(self.random.bit_generator.state)
        if self.pace:
            self.pace.begin(place.epoch)
        feed = feeds.feed(place.epoch, self.random)
        for batch in feed.after(place.batch):
            before = self.network.initial(len(batch.ids)) if batch.begins or not self.training.carry else self.states
            loss, halves, self.states = self.step(batch.ids, batch.wanted, before)
            place.batch += 1
            step = Step(place.epoch, place.batch, len(feed), float(loss))
            self.watch.look(step, halves.numpy(), lambda: self.optimizer.learning_rate)
            place.total, place.targets = place.total + step.loss * batch.targets, place.targets + batch.targets
            on_step(step)
            if checkpoint and checkpoint.due:
                resuming.save(self, checkpoint)

    def _judge(self, held_out: Feed, on_epoch: Callable[[Epoch], None]) -> None:
        """The end of an epoch."""
        place, metrics = self.place, {}
        if self.training.schedule == "plateau":
            metrics["learning_rate"] = float(self.optimizer.learning_rate)
        with self.averages.shown() if self.averages else nullcontext():
            loss = self._validate(held_out)
            self.watch.validated(place.epoch, loss)
            epoch = Epoch(place.epoch, self.training.epochs, place.total / place.targets, loss, metrics)
            self.history.append(epoch)
            on_epoch(epoch)
            self.selection.judge(loss, self.network.get_weights)
        self.place = Place(place.epoch + 1)

    def _validate(self, feed: Feed) -> float:
        """Mean loss per target. Raises ConfigError where there is none."""
        states, total, targets = self.network.initial(1), 0.0, 0
        for batch in feed.after(0):
            states = self.network.initial(len(batch.ids)) if batch.begins else states
            loss, states = self.measure(batch.ids, batch.wanted, states)
            total, targets = total + float(loss) * batch.targets, targets + batch.targets
        if not targets:
            raise ConfigError("there is nothing in the validation split to predict; it decides which weights are kept")
        return total / targets

    def _measure(self, ids: Any, wanted: Any, states: Any) -> Any:
        loss, _, states = self.network.cost(ids, wanted, states, False, self.validated)
        return loss, states

    def _update(self, ids: Any, wanted: Any, states: Any) -> Any:
        """One step. Returns (loss, half the square of each gradient's norm, states)."""
        with tf.GradientTape() as tape:
            loss, more, states = self.network.cost(ids, wanted, states, True, self.aim)
            paid = loss + more
        variables = self.network.trainable_variables
        gradients, halves = optimizers.clipped(tape.gradient(paid, variables), self.training.clip_norm)
        if self.training.jitter:
            self.rate.window.assign(tf.cast(tf.shape(ids)[1], tf.float32) / self.training.steps)
        self.optimizer.apply(gradients, variables)
        if self.averages:
            self.averages.follow()
        return loss, halves, states
