"""How fast each layer learns where that differs: the lower, the slower, and the lower ones later (Howard and Ruder, 2018, section 3.2:
discriminative fine-tuning and gradual unfreezing), so that what was learned before is not lost at once."""

from typing import Any

import tensorflow as tf

from malmoi.models._network.training import Training


def wanted(training: Training) -> bool:
    """Whether layers learn at different paces."""
    return training.discriminative > 1 or training.unfreeze > 0


class Pace:
    """Shares of the learning rate. groups: weights of each layer, from the embedding to the head; weights: in the optimizer's order."""

    def __init__(self, training: Training, groups: list[list[Any]], weights: list[Any]) -> None:
        self.training = training
        depths = {weight.path: depth for depth, group in enumerate(reversed(groups)) for weight in group}
        self.depths = [depths[weight.path] for weight in weights]
        self.shares = [tf.Variable(1.0, trainable=False) for _ in weights]

    def begin(self, epoch: int) -> None:
        """Set the shares of an epoch, from 1: they follow from its number."""
        for share, depth in zip(self.shares, self.depths, strict=True):
            learns = not self.training.unfreeze or epoch > depth * self.training.unfreeze
            share.assign(self.training.discriminative**-depth if learns else 0.0)
