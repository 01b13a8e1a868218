"""The learning rate of each update: constant, down to zero by a cosine (Loshchilov and Hutter, 2017) or a line, or down where validation
says so; behind a warm-up where one is asked for (Goyal et al., 2017)."""

from typing import Any

import keras
import tensorflow as tf

from malmoi.models._network.training import Training


class Adjusted(keras.optimizers.schedules.LearningRateSchedule):
    """Another rate, times what training sets: `plateau` from epoch to epoch, `window` from step to step (as long as the window is).

    `state` is what must be kept of it where a training is to be taken up again.
    """

    def __init__(self, rate: Any) -> None:
        self.rate = rate
        self.plateau, self.window = (tf.Variable(1.0, trainable=False, name=name) for name in ("plateau", "window"))

    def __call__(self, step: Any) -> Any:
        """The rate of update `step`, from 0."""
        return (self.rate(step) if callable(self.rate) else self.rate) * self.plateau * self.window

    @property
    def state(self) -> list[Any]:
        """Its variables."""
        return [self.plateau, self.window]


class _Line(keras.optimizers.schedules.LearningRateSchedule):
    """Up to `peak` over `rise` updates, then down to zero at update `end`."""

    def __init__(self, peak: float, rise: int, end: int) -> None:
        self.peak, self.rise, self.fall = peak, rise, max(1, end - rise)

    def __call__(self, step: Any) -> Any:
        """The rate of update `step`, from 0."""
        step = tf.cast(step, tf.float32)
        down = tf.clip_by_value(1 - (step - self.rise) / self.fall, 0.0, 1.0)
        return self.peak * (tf.where(step < self.rise, step / self.rise, down) if self.rise else down)


def rate(training: Training, updates: int) -> Any:
    """A number, or a function of the update. updates: all that there will be."""
    plain = _plain(training, updates)
    return Adjusted(plain) if training.schedule == "plateau" or training.jitter else plain


def _plain(training: Training, updates: int) -> Any:
    constant = training.schedule in ("constant", "plateau")
    if not training.warm_up and constant:
        return training.learning_rate
    if training.schedule == "linear":
        return _Line(training.learning_rate, training.warm_up, updates)
    rise = {"warmup_target": training.learning_rate, "warmup_steps": training.warm_up} if training.warm_up else {}
    stays = 1.0 if constant else 0.0  # share of the rate that is left at the end
    start = 0.0 if training.warm_up else training.learning_rate
    return keras.optimizers.schedules.CosineDecay(start, max(1, updates - training.warm_up), alpha=stays, **rise)
