"""What training adds to a recurrence of `recurrent_layers` at random, and what it measures: masks over states and weights, and the
statistics of batch normalisation. Random numbers come from the layer's own `SeedGenerator`, whose state is one of the layer's variables.

All tensors are time-major.
"""

from typing import Any

import keras
import tensorflow as tf

from malmoi.models._network.cell_equations import STATISTICS, TINY, Form

MOMENTUM = 0.9  # of the old in moving statistics


def taken(form: Form, seen: Any, shape: tuple[Any, Any, int], seed: Any, training: bool) -> list[Any]:
    """How much of each state's new value is taken at each step, as `recurrence.Masks` has it: all but padding, and zoneout's share.

    Zoneout (Krueger et al., 2017): in training each number stays as it was with its rate's probability; else what is to be expected.
    seen: (time, batch, 1), 0 at padding, or None. shape: time, batch, units.
    """
    return [_share(rate, seen, shape, seed, training) for rate in form.zoneouts]


def _share(rate: float, seen: Any, shape: tuple[Any, Any, int], seed: Any, training: bool) -> Any:
    if not rate:
        return seen
    new = tf.cast(keras.random.uniform(shape, seed=seed) >= rate, tf.float32) if training else tf.fill([shape[0], 1, 1], 1 - rate)
    return new if seen is None else new * seen


def dropped(rate: float, size: Any, units: int, seed: Any) -> Any:
    """(batch, units) factors of the hidden state: 0, or what keeps its expectation (Gal and Ghahramani, 2016, with weights tied)."""
    return keras.random.dropout(tf.ones([size, units]), rate, seed=seed)


def thinned(recurrent: Any, rate: float, seed: Any, training: bool) -> Any:
    """DropConnect on the recurrent weights, the same for all texts and steps of a batch (Merity et al., 2018, section 2)."""
    if not training or not rate:
        return recurrent
    stays = tf.cast(keras.random.uniform(recurrent.shape, seed=seed) >= rate, tf.float32) / (1 - rate)
    return tf.cast(recurrent, tf.float32) * stays


def batch_normalized(projected: Any, own: dict[str, Any], seen: Any) -> Any:
    """Sequence-wise batch normalisation (Laurent et al., 2016, equation 8) in training: mean and variance of each number over all tokens
    of a batch; padding is none. The moving statistics in `own`, by which a trained network normalises, follow.

    projected: (time, batch, gates * units), float32. seen: (time, batch, 1), 0 at padding, or None.
    """
    weight = tf.ones_like(projected[..., :1]) if seen is None else seen
    count = tf.maximum(tf.reduce_sum(weight), 1.0)
    mean = tf.reduce_sum(projected * weight, [0, 1]) / count  # (gates * units,)
    away = projected - mean
    variance = tf.reduce_sum(tf.square(away) * weight, [0, 1]) / count
    for name, now in zip(STATISTICS, (mean, variance), strict=True):
        own[name].assign(MOMENTUM * own[name] + (1 - MOMENTUM) * tf.stop_gradient(now))
    return away * tf.math.rsqrt(variance + TINY) * own["below_gain"]
