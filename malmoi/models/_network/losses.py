"""What networks are to make small: cross entropy, with its gradient written by hand; the squares or sizes of what numbers are off by; and
what a language model pays for its outputs.

Cross entropy is taken together with the product that makes its scores, a matrix of (targets, tokens) that is larger than all else in a
language model: what is done to each of its numbers costs as much as the product itself. Its gradient is softmax less the target, so
softmax is worked out once, for the loss and for the gradient, and factors go to the small sides of the products. The numbers are those of
`tf.nn.sparse_softmax_cross_entropy_with_logits`. Scores and softmax are of the products' type, so that nothing of that size is there in
another as well; within softmax and sums TensorFlow works in float32. The loss is float32.
"""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from malmoi.batches import PAD
from malmoi.models._network.heads import Scorer

LEAST = 1e-30  # a share that is smaller may have lost digits, or be 0


@dataclass(frozen=True)
class Aim:
    """What is to be made small. kind: cross_entropy, mse or mae. smoothing: see `cross_entropy`. activation, temporal: see `outputs`.
    padded: whether a target that is PAD is none."""

    kind: str = "cross_entropy"
    smoothing: float = 0.0
    activation: float = 0.0
    temporal: float = 0.0
    padded: bool = False


def cross_entropy(scorer: Scorer, wanted: Any, smoothing: float = 0.0) -> Any:
    """Mean nats per target. scorer: of shown (targets, size); wanted: (targets,) int. smoothing: share of each target that is spread evenly
    over all tokens (Szegedy et al., 2016)."""
    return total(scorer, wanted, smoothing) / tf.cast(tf.size(wanted), tf.float32)


def total(scorer: Scorer, wanted: Any, smoothing: float = 0.0) -> Any:
    """As `cross_entropy`, their sum; 0 where there is no target."""
    shown, matrix, bias, rows = scorer
    return _total(rows, smoothing)(shown, matrix, bias, wanted)


def _total(rows: bool, smoothing: float) -> Any:
    @tf.custom_gradient
    def summed(shown: Any, matrix: Any, bias: Any, wanted: Any) -> Any:
        scores = tf.matmul(shown, matrix, transpose_b=rows) + bias  # (targets, tokens)
        shares, half = tf.nn.softmax(scores), shown.dtype
        share = tf.cast(tf.gather(shares, wanted, batch_dims=1), tf.float32)  # (targets,)
        nats = tf.cond(tf.reduce_min(share) > LEAST, lambda: -tf.math.log(share), lambda: _surprise(scores, shares, wanted))
        if smoothing:
            full = tf.cast(scores, tf.float32)
            nats += smoothing * (tf.gather(full, wanted, batch_dims=1) - tf.reduce_mean(full, 1))

        def gradient(upstream: Any) -> tuple[Any, ...]:
            spread = smoothing / scores.shape[1]
            places = tf.stack([tf.range(tf.size(wanted)), wanted], 1)
            off = tf.cast(share - spread - (1 - smoothing), half)
            by_scores = tf.tensor_scatter_nd_update(shares - spread if smoothing else shares, places, off)
            by_shown = tf.matmul(by_scores, matrix, transpose_b=not rows) * tf.cast(upstream, half)
            sides = [by_scores, shown * tf.cast(upstream, half)]
            by_matrix = tf.matmul(*sides if rows else sides[::-1], transpose_a=True)
            by_bias = tf.reduce_sum(by_scores, 0) * tf.cast(upstream, half)
            return by_shown, by_matrix, by_bias, None

        return tf.reduce_sum(nats), gradient

    return summed


def _surprise(scores: Any, shares: Any, wanted: Any) -> Any:
    """(targets,) nats, also where a share is too small for a float32: the log of all exponentials' sum comes from the largest share, whose
    logarithm is never that of zero."""
    scores, shares = tf.cast(scores, tf.float32), tf.cast(shares, tf.float32)
    return tf.reduce_max(scores, 1) - tf.math.log(tf.reduce_max(shares, 1)) - tf.gather(scores, wanted, batch_dims=1)


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
