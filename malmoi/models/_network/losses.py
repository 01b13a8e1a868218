"""What networks are to make small: cross entropy, with its gradient written by hand; the squares or sizes of what numbers are off by; and
what a language model pays for its outputs.

The gradient of cross entropy by the logits is softmax less the target, so softmax is worked out once, for the loss and for the gradient.
The numbers are those of `tf.nn.sparse_softmax_cross_entropy_with_logits` in a quarter of its time; always float32 inside, whatever the
logits are.
"""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from malmoi.batches import PAD


@dataclass(frozen=True)
class Aim:
    """What is to be made small. kind: cross_entropy, mse or mae. smoothing: see `cross_entropy`. activation, temporal: see `outputs`.
    padded: whether a target that is PAD is none."""

    kind: str = "cross_entropy"
    smoothing: float = 0.0
    activation: float = 0.0
    temporal: float = 0.0
    padded: bool = False


def cross_entropy(logits: Any, wanted: Any, smoothing: float = 0.0) -> Any:
    """Mean nats per target. logits: (..., classes); wanted: (...) int. smoothing: share of each target that is spread evenly over all
    classes (Szegedy et al., 2016)."""
    return total(logits, wanted, smoothing) / tf.cast(tf.size(wanted), tf.float32)


def total(logits: Any, wanted: Any, smoothing: float = 0.0) -> Any:
    """As `cross_entropy`, their sum; 0 where there is no target."""
    return _total(smoothing)(tf.reshape(logits, [-1, logits.shape[-1]]), tf.reshape(wanted, [-1]))


def _total(smoothing: float) -> Any:
    @tf.custom_gradient
    def summed(logits: Any, wanted: Any) -> Any:
        scores = tf.cast(logits, tf.float32)  # (targets, classes)
        shares = tf.nn.softmax(scores)
        # the log of all exponentials' sum, from the largest share, whose logarithm is never that of zero
        whole = tf.reduce_max(scores, 1) - tf.math.log(tf.reduce_max(shares, 1))
        score = tf.gather(scores, wanted, batch_dims=1)  # (targets,)
        if smoothing:
            score += smoothing * (tf.reduce_mean(scores, 1) - score)

        def gradient(upstream: Any) -> tuple[Any, None]:
            places = tf.stack([tf.range(tf.size(wanted)), wanted], 1)
            spread = upstream * smoothing / scores.shape[1] if smoothing else None
            by_scores = shares * upstream if spread is None else shares * upstream - spread
            taken = tf.fill(tf.shape(wanted), upstream * (1 - smoothing))
            return tf.cast(tf.tensor_scatter_nd_sub(by_scores, places, taken), logits.dtype), None

        return tf.reduce_sum(whole - score), gradient

    return summed


def distance(found: Any, wanted: Any, kind: str) -> Any:
    """Mean square ("mse") or size ("mae") of the differences, all of one weight. found, wanted: (...) numbers of the same shape."""
    off = tf.cast(found, tf.float32) - tf.cast(wanted, tf.float32)
    return tf.reduce_mean(tf.square(off) if kind == "mse" else tf.abs(off))


def probabilities(logits: Any, wanted: Any, kind: str) -> Any:
    """`distance` of a classifier's probabilities and those of one who knows. logits: (..., classes); wanted: (...) int."""
    return distance(tf.nn.softmax(tf.cast(logits, tf.float32)), tf.one_hot(wanted, logits.shape[-1]), kind)


def outputs(aim: Aim, hidden: Any, shown: Any, wanted: Any) -> Any:
    """What a language model pays for what its last block gives (Merity et al., 2017): `activation` for the mean square of `shown`, what is
    left of it after dropout, and `temporal` for that of the change from step to step of `hidden`, what it was before. Both (batch, time,
    width); where aim.padded, steps whose `wanted` (batch, time) is PAD do not count.
    """
    there = tf.cast(wanted != PAD, tf.float32)[..., None] if aim.padded else tf.ones_like(shown[..., :1], tf.float32)
    changes = hidden[:, 1:] - hidden[:, :-1]
    return aim.activation * _mean_square(shown, there) + aim.temporal * _mean_square(changes, there[:, 1:])


def _mean_square(numbers: Any, there: Any) -> Any:
    """Of (batch, time, width) where `there` (batch, time, 1) is 1; 0 where it is nowhere."""
    squares = tf.reduce_mean(tf.square(tf.cast(numbers, tf.float32)), -1, keepdims=True)
    return tf.math.divide_no_nan(tf.reduce_sum(squares * there), tf.reduce_sum(there))
