"""The cells that `recurrence` runs: what a step computes, and its gradient.

A cell's `step(x, product, states, own, gone)` gives its new states and what its `back` needs of that step besides the states before it:
`kept` says how wide each of these is, in multiples of the layer's units. x is what came from below, with its bias, in parts whose widths
`below` says likewise. `gone`, (batch, 1), is 1 at padding, where a cell that `holds` stays as it was; for others it is None.
`back(gradients, before, kept, own)` gives the gradients by the product of state and recurrent weights, by each part of x, by the states
before (without the product's share, None where there is no other), and by what else the cell learns.

Simple, LSTM and GRU are derived by hand, for each activation whose slope can be told from its value. `Taped` is any other.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from malmoi.models._network.cell_equations import GATES, Equations, Form

Tensors = Sequence[Any]
Back = tuple[Any, Any, Tensors, Tensors]


class Curve(NamedTuple):
    """An activation. back: the gradient by what it was given, from its value and the gradient by that."""

    of: Callable[[Any], Any]
    back: Callable[[Any, Any], Any]


CURVES = {
    "tanh": Curve(tf.tanh, lambda y, by: tf.raw_ops.TanhGrad(y=y, dy=by)),
    "relu": Curve(tf.nn.relu, lambda y, by: tf.raw_ops.ReluGrad(gradients=by, features=y)),
    "hard_tanh": Curve(lambda x: tf.clip_by_value(x, -1.0, 1.0), lambda y, by: by * tf.cast(tf.abs(y) < 1, tf.float32)),
    "softsign": Curve(tf.nn.softsign, lambda y, by: by * tf.square(1 - tf.abs(y))),
    "sigmoid": Curve(tf.sigmoid, lambda y, by: tf.raw_ops.SigmoidGrad(y=y, dy=by)),
    "hard_sigmoid": Curve(lambda x: tf.nn.relu6(x + 3.0) / 6.0, lambda y, by: by * tf.cast((y > 0) & (y < 1), tf.float32) / 6.0),
}


class _Derived:
    """A cell with a gradient written by hand."""

    holds = False

    def __init__(self, form: Form) -> None:
        self.squash, self.gate = CURVES[form.activation], CURVES[form.recurrent_activation]


class Simple(_Derived):
    """Elman (1990): h' = tanh(x + h R)."""

    kept, below = (1,), (1,)

    def step(self, x: Tensors, product: Any, states: Tensors, own: Tensors, gone: Any = None) -> tuple[Tensors, Tensors]:
        """See the module."""
        new = self.squash.of(x[0] + product)  # (batch, units)
        return [new], [new]

    def back(self, gradients: Tensors, before: Tensors, kept: Tensors, own: Tensors) -> Back:
        """See the module."""
        product = self.squash.back(kept[0], gradients[0])
        return product, [product], [None], []


class LSTM(_Derived):
    """Hochreiter and Schmidhuber (1997) with the forget gates of Gers et al. (2000), gates in Keras's order: input i, forget f,
    candidate g, output o. c' = f c + i g; h' = o tanh(c')."""

    kept, below = (1, 1, 1, 1, 1), (4,)

    def step(self, x: Tensors, product: Any, states: Tensors, own: Tensors, gone: Any = None) -> tuple[Tensors, Tensors]:
        """See the module."""
        write, keep, candidate, show = tf.split(x[0] + product, 4, 1)  # (batch, units)
        write, keep, candidate, show = self.gate.of(write), self.gate.of(keep), self.squash.of(candidate), self.gate.of(show)
        memory = keep * states[1] + write * candidate
        squashed = self.squash.of(memory)
        return [show * squashed, memory], [write, keep, candidate, show, squashed]

    def back(self, gradients: Tensors, before: Tensors, kept: Tensors, own: Tensors) -> Back:
        """See the module."""
        write, keep, candidate, show, squashed = kept
        memory = gradients[1] + self.squash.back(squashed, gradients[0] * show)
        by_write = self.gate.back(write, memory * candidate)
        by_keep = self.gate.back(keep, memory * before[1])
        by_candidate = self.squash.back(candidate, memory * write)
        by_show = self.gate.back(show, gradients[0] * squashed)
        product = tf.concat([by_write, by_keep, by_candidate, by_show], 1)  # (batch, 4 * units)
        return product, [product], [None, memory * keep], []


class GRU(_Derived):
    """Cho et al. (2014) as in Keras's `reset_after`, gates: update z, reset r, candidate g.

    h' = z h + (1 - z) tanh(x_g + r (h R + b)_g). b is its own where it has biases; those of z and r are in x. Padding is an update gate of
    1, where a gate's slope is 0, so that no gradient goes beyond h.
    """

    kept, below = (1, 1, 1, 1), (1, 1, 1)

    def __init__(self, form: Form) -> None:
        super().__init__(form)
        self.holds = form.recurrent_activation in ("sigmoid", "hard_sigmoid")  # from 0 to 1, and without a slope there

    def step(self, x: Tensors, product: Any, states: Tensors, own: Tensors, gone: Any = None) -> tuple[Tensors, Tensors]:
        """See the module."""
        above, over, recalled = tf.split(product, 3, 1)  # (batch, units)
        update, reset = self.gate.of(x[0] + above), self.gate.of(x[1] + over)
        update, recalled = update if gone is None else tf.maximum(update, gone), recalled + own[0] if own else recalled
        candidate = self.squash.of(x[2] + reset * recalled)
        return [candidate + update * (states[0] - candidate)], [update, reset, recalled, candidate]

    def back(self, gradients: Tensors, before: Tensors, kept: Tensors, own: Tensors) -> Back:
        """See the module."""
        update, reset, recalled, candidate = kept
        stays = gradients[0] * update
        by_candidate = self.squash.back(candidate, gradients[0] - stays)
        by_recalled = by_candidate * reset
        by_update = self.gate.back(update, gradients[0] * (before[0] - candidate))
        by_reset = self.gate.back(reset, by_candidate * recalled)
        product, below = tf.concat([by_update, by_reset, by_recalled], 1), [by_update, by_reset, by_candidate]
        return product, below, [stays], [tf.reduce_sum(by_recalled, 0)] if own else []


class Taped:
    """A cell as its equations say. Its gradient is TensorFlow's of one step, which is computed again on the way back."""

    holds = False

    def __init__(self, kind: str, form: Form) -> None:
        gates = GATES[kind]
        self.equations, self.kept, self.below = Equations(keras.ops, kind, form), (gates, gates), (gates,)
        self.names = names(kind, form)

    def step(self, x: Tensors, product: Any, states: Tensors, own: Tensors, gone: Any = None) -> tuple[Tensors, Tensors]:
        """See the module."""
        return self._new(x[0], product, states, own), [x[0], product]

    def back(self, gradients: Tensors, before: Tensors, kept: Tensors, own: Tensors) -> Back:
        """See the module."""
        given = [*kept, *before, *own]
        with tf.GradientTape() as tape:
            tape.watch(given)
            new = self._new(kept[0], kept[1], before, own)
        found = tape.gradient(new, given, output_gradients=list(gradients), unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return found[1], [found[0]], found[2 : 2 + len(before)], found[2 + len(before) :]

    def _new(self, x: Any, product: Any, states: Tensors, own: Tensors) -> list[Any]:
        return self.equations(x, product, states, dict(zip(self.names, own, strict=True)))


def names(kind: str, form: Form) -> list[str]:
    """What a cell learns inside a step, in the order in which it takes it: what acts on all steps at once is not its."""
    inside = [name for name in form.weights(kind, 1) if not name.startswith("below_")]
    return [*inside, "bias"] if form.normalization == "layer" else inside


def find(kind: str, form: Form) -> Any:
    """The cell of this kind and form, with a gradient written by hand where there is one."""
    if form.peephole or form.normalization == "layer":
        return Taped(kind, form)
    return {"simple": Simple, "lstm": LSTM, "gru": GRU}[kind](form)
