"""How much what is read at each step still moves the last output: the gradient through time (Bengio et al., 1994; Pascanu et al., 2013)."""

from typing import Any

import numpy as np
import tensorflow as tf

from malmoi.batches import Spec
from malmoi.models._network.blocks import zeros
from malmoi.models._network.network import Network
from malmoi.models._network.trainer import prepare


def influence(design: Any, spec: Spec, vectors: np.ndarray) -> np.ndarray:
    """(time,) norm of the gradient of one number, a random mixture of the last output, by the vector read at each step; mean over texts.

    design: of an untrained network, whose first weights are drawn from the seed in `spec`. vectors: (texts, time, embedding), read as they
    are, instead of those of token ids.
    """
    prepare(spec.seed)
    network = Network(design, spec)
    states = [zeros(block, len(vectors), tf.zeros) for block in network.blocks]
    mixture = np.random.default_rng(spec.seed).normal(size=(1, network.blocks[-1].width)).astype(np.float32)
    given = tf.constant(vectors, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(given)
        hidden = given
        for reader, state in zip(network.readers, states, strict=True):
            hidden, _, _ = reader(hidden, state, None, training=False)
        score = tf.reduce_sum((hidden if len(hidden.shape) == 2 else hidden[:, -1]) * mixture)
    gradient = tape.gradient(score, given).numpy()
    return np.asarray(np.linalg.norm(gradient, axis=2).mean(0))
