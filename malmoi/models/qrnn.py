"""Quasi-recurrent networks (Bradbury et al., 2017): gates by a causal convolution, all steps at once, then a pooling that goes through
time without a product.

    z = tanh(W_z * x), f = sigmoid(W_f * x), o = sigmoid(W_o * x)     equation 1, in one kernel
    c_t = f_t c_{t-1} + (1 - f_t) z_t,  h_t = o_t c_t                 fo-pooling, equation 4

With zoneout a share of the memory stays as it was: 1 - f is zeroed there in training (equation 9) and has its expected value when the
network answers (Krueger et al., 2017).
"""

from functools import partial
from typing import Any

import numpy as np

from malmoi.batches import Spec
from malmoi.config import params
from malmoi.models._network import arrays, convolutions, ranges, sequence_model
from malmoi.models._network.blocks import Block, Given, State, Weight
from malmoi.models._network.frame import Frame
from malmoi.models._network.training import Training

__all__ = ["Params", "Training", "build", "load"]


@params
class Params(Frame):
    """Shape of the network: what `Frame` says, and

    width: tokens that the convolution sees, the last of them its own. units, layers: what reads. zoneout: share of the memory that stays
    as it was at each step of training.
    """

    width: int = 2
    units: int = 64
    layers: int = 1
    zoneout: float = 0.0


class Layer(Block):
    """One layer. State: the last width - 1 inputs, and the memory c."""

    kind = "qrnn"

    def __init__(self, settings: Params, inputs: int) -> None:
        self.settings, self.inputs, self.width = settings, inputs, settings.units
        self.dropout = settings.zoneout

    def weights(self) -> dict[str, Weight]:
        """One kernel for z, f and o."""
        return {"kernel": Weight((self.settings.width, self.inputs, 3 * self.width)), "bias": Weight((3 * self.width,), "zeros")}

    def states(self) -> list[tuple[int, ...]]:
        """See the class."""
        return [(self.settings.width - 1, self.inputs), (self.width,)]

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        ops, weights, drop = given
        both, past = convolutions.after(ops, state[0], convolutions.blank(ops, hidden, mask))
        seen = convolutions.windows(ops, both, self.settings.width)
        gates = ops.cast(convolutions.convolve(ops, seen, weights["kernel"], weights["bias"]), "float32")
        candidate, keep, show = ops.split(gates, 3, -1)  # (batch, time, units)
        # `drop` makes up for what it zeroes; times the share that is left, it is zoneout in training and its mean else
        write = (1 - self.dropout) * drop(ops.sigmoid(-keep))
        write = convolutions.blank(ops, write, mask)
        memory = recur(ops, 1 - write, write * ops.tanh(candidate), ops.cast(state[1], "float32"))
        return ops.sigmoid(show) * memory, [past, memory[:, -1]], mask


def recur(ops: Any, keep: Any, add: Any, first: Any) -> Any:
    """(batch, time, units) of c_t = keep_t c_{t-1} + add_t, where c before the first step is `first`, (batch, units)."""
    if ops is not arrays:
        return _recur_learning(keep, add, first)
    memory = np.empty_like(add)
    for time in range(add.shape[1]):
        memory[:, time] = first = keep[:, time] * first + add[:, time]
    return memory


def _recur_learning(keep: Any, add: Any, first: Any) -> Any:
    """In TensorFlow, with a gradient by hand: that of a recurrence like this one is such a recurrence from the end."""
    import tensorflow as tf

    def through(keep: Any, add: Any, first: Any, reverse: bool = False) -> Any:
        return tf.scan(lambda memory, step: step[0] * memory + step[1], (keep, add), first, parallel_iterations=1, reverse=reverse)

    @tf.custom_gradient
    def forward(keep: Any, add: Any, first: Any) -> Any:
        memory = through(keep, add, first)

        def gradient(upstream: Any) -> tuple[Any, Any, Any]:
            kept_next = tf.concat([keep[1:], tf.zeros_like(keep[:1])], 0)  # by the step after, which has its share of the gradient
            whole = through(kept_next, upstream, tf.zeros_like(first), reverse=True)
            before = tf.concat([first[None], memory[:-1]], 0)
            return whole * before, whole, keep[0] * whole[0]

        return memory, gradient

    times = forward(tf.transpose(keep, [1, 0, 2]), tf.transpose(add, [1, 0, 2]), first)  # (time, batch, units)
    return tf.transpose(times, [1, 0, 2])


def blocks(settings: Params, size: int) -> list[Block]:
    """Layers over vectors of `size`."""
    found: list[Block] = []
    for _ in range(settings.layers):
        found.append(Layer(settings, found[-1].width if found else size))
    return found


def build(params: Params, training: Training, spec: Spec) -> sequence_model.SequenceModel:
    """An untrained model. Raises ConfigError where settings make no sense or do not go with the features."""
    ranges.least("model", params, {"width": 1, "units": 1, "layers": 1})
    ranges.shares("model", params, ["zoneout"])
    return sequence_model.build(blocks, params, training, spec)


load = partial(sequence_model.load, blocks, Params)
