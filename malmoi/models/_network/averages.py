"""Means of a network's weights over its updates, which answer better than the weights after the last one.

Either the mean of all since it began (Polyak and Juditsky, 1992), as averaged gradient descent wants it, or a running one in which what is
long past counts for less and less. The first updates of a running one weigh more, so that it soon forgets where training began.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


class Averages:
    """The means. decay: share of the mean that stays with every update; 0 for the mean of all.

    `state` is what must be kept of it where a training is to be taken up again.
    """

    def __init__(self, variables: list[Any], decay: float) -> None:
        self.variables, self.decay = variables, decay
        self.means = [tf.Variable(variable.value, trainable=False) for variable in variables]
        self.updates = tf.Variable(0 if decay else -1, dtype=tf.int64, trainable=False)  # that are in the means; -1: not begun

    @property
    def state(self) -> list[Any]:
        """Its variables."""
        return [self.updates, *self.means]

    @property
    def begun(self) -> bool:
        """Whether there are means."""
        return int(self.updates) >= 0

    def begin(self) -> None:
        """From the next update on."""
        self.updates.assign(0)

    def follow(self) -> None:
        """One update more; part of a training step."""
        tf.cond(self.updates >= 0, self._follow, lambda: tf.constant(False))

    def _follow(self) -> Any:
        count = tf.cast(self.updates, tf.float32)
        share = 1 - tf.minimum(self.decay, (1 + count) / (10 + count)) if self.decay else 1 / (1 + count)
        for mean, variable in zip(self.means, self.variables, strict=True):
            moved = mean - variable.value
            tf.raw_ops.ResourceApplyGradientDescent(var=mean.handle, alpha=tf.cast(share, mean.dtype), delta=moved)
        self.updates.assign_add(1)
        return tf.constant(True)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Inside it the network has the means for its weights; where they have not begun, or no update is in them, nothing changes."""
        if int(self.updates) <= 0:
            yield
            return
        own = [variable.numpy() for variable in self.variables]
        for variable, mean in zip(self.variables, self.means, strict=True):
            variable.assign(mean)
        try:
            yield
        finally:
            for variable, weight in zip(self.variables, own, strict=True):
                variable.assign(weight)
