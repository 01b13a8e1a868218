"""Recurrences over time with a gradient written by hand: what the layers of `_recurrent_layers` run on a processor.

TensorFlow's own gradient of a loop adds a tensor of the weights' size at every step. Here nothing but states goes round: the loop back
(back-propagation through time, Werbos, 1990) collects the gradient by every step's product, and that of the recurrent weights is one
product after it. Products are made in the weights' type, float32 or bfloat16; states, gates and their gradients are float32.

All tensors are time-major. A cell's `step` gives its new states and what its `back` needs of that step besides the states before it;
`back` gives the gradients by the product of state and recurrent weights, by what came from below, and by the states before, but for the
product's share in the first. seen: (batch, 1), 1 where there is a token and 0 where there is padding, which changes no state; or None.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

Tensors = Sequence[Any]


class Simple:
    """Elman (1990): h' = tanh(x + h R)."""

    kept = (1,)  # units of what is kept of each step, in multiples of the layer's

    def step(self, x: Any, product: Any, states: Tensors, seen: Any) -> tuple[Tensors, Tensors]:
        """See the module."""
        new = tf.tanh(x + product)  # (batch, units)
        return [_held(new, states[0], seen)], [new]

    def back(self, gradients: Tensors, before: Tensors, kept: Tensors, seen: Any) -> tuple[Any, Any, Tensors]:
        """See the module."""
        here, past = _shared(gradients[0], seen)
        product = here * (1 - tf.square(kept[0]))
        return product, product, [past]


class LSTM:
    """Hochreiter and Schmidhuber (1997) with the forget gates of Gers et al. (2000), gates in Keras's order: input i, forget f,
    candidate g, output o. c' = f c + i g; h' = o tanh(c')."""

    kept = (1, 1, 1, 1, 1)

    def step(self, x: Any, product: Any, states: Tensors, seen: Any) -> tuple[Tensors, Tensors]:
        """See the module."""
        write, keep, candidate, show = tf.split(x + product, 4, 1)  # (batch, units)
        write, keep, candidate, show = tf.sigmoid(write), tf.sigmoid(keep), tf.tanh(candidate), tf.sigmoid(show)
        if seen is not None:
            write, keep = write * seen, tf.maximum(keep, 1 - seen)  # 0 and 1: the memory stays, and so has no other gradient
        memory = keep * states[1] + write * candidate
        squashed = tf.tanh(memory)
        return [_held(show * squashed, states[0], seen), memory], [write, keep, candidate, show, squashed]

    def back(self, gradients: Tensors, before: Tensors, kept: Tensors, seen: Any) -> tuple[Any, Any, Tensors]:
        """See the module."""
        write, keep, candidate, show, squashed = kept
        here, past = _shared(gradients[0], seen)
        memory = gradients[1] + here * show * (1 - tf.square(squashed))
        by_write = memory * candidate * write * (1 - write)
        by_keep = memory * before[1] * keep * (1 - keep)
        by_candidate = memory * write * (1 - tf.square(candidate))
        product = tf.concat([by_write, by_keep, by_candidate, here * squashed * show * (1 - show)], 1)  # (batch, 4 * units)
        return product, product, [past, memory * keep]


class GRU:
    """Cho et al. (2014) as in Keras's `reset_after`, gates: update z, reset r, candidate g.

    h' = z h + (1 - z) tanh(x_g + r (h R + b)_g). The product comes with that bias added; those of z and r are in x.
    """

    kept = (1, 1, 1, 1)

    def step(self, x: Any, product: Any, states: Tensors, seen: Any) -> tuple[Tensors, Tensors]:
        """See the module."""
        units = product.shape[1] // 3
        from_below, rest = tf.split(x, [2 * units, units], 1)
        from_state, recalled = tf.split(product, [2 * units, units], 1)
        update, reset = tf.split(tf.sigmoid(from_below + from_state), 2, 1)  # (batch, units)
        candidate = tf.tanh(rest + reset * recalled)
        new = candidate + update * (states[0] - candidate)
        return [_held(new, states[0], seen)], [update, reset, recalled, candidate]

    def back(self, gradients: Tensors, before: Tensors, kept: Tensors, seen: Any) -> tuple[Any, Any, Tensors]:
        """See the module."""
        update, reset, recalled, candidate = kept
        here, past = _shared(gradients[0], seen)
        stays = here * update
        by_candidate = (here - stays) * (1 - tf.square(candidate))
        by_recalled = by_candidate * reset
        by_update = stays * (1 - update) * (before[0] - candidate)
        by_reset = by_recalled * (1 - reset) * recalled
        product, below = tf.concat([by_update, by_reset, by_recalled], 1), tf.concat([by_update, by_reset, by_candidate], 1)
        return product, below, [past + stays]


def _held(new: Any, old: Any, seen: Any) -> Any:
    """The state after a step: the one before it where there is padding."""
    return new if seen is None else old + seen * (new - old)


def _shared(gradient: Any, seen: Any) -> tuple[Any, Any]:
    """A state's gradient, parted into what goes through the step and what goes past it."""
    if seen is None:
        return gradient, tf.zeros([], gradient.dtype)
    here = gradient * seen
    return here, gradient - here


def recur(cell: Any, projected: Any, weights: Tensors, states: Tensors, seen: Any = None) -> tuple[Any, Tensors]:
    """Run `cell` from the first step to the last.

    projected: (time, batch, gates * units) of what comes from below. weights: the recurrent ones, (units, gates * units), whose type is
    that of all products; then none, one or two biases (gates * units,): the first is added to what comes from below, the second to the
    product of state and recurrent weights. states: (batch, units) each. seen: (time, batch, 1), 0 at padding, or None.
    Returns ((time, batch, units) hidden states after each step, states after the last), float32.
    """
    recurrent, *biases = weights
    run = _Run(cell, None if seen is None else tf.cast(seen, tf.float32), len(biases))
    outputs, *last = tf.custom_gradient(run.forward)(projected, recurrent, *(tf.cast(one, tf.float32) for one in (*biases, *states)))
    return outputs, last


class _Run:
    """One pass over all steps. What `forward` collects of each is what its gradient reads."""

    def __init__(self, cell: Any, seen: Any, biases: int) -> None:
        self.cell, self.seen, self.biases = cell, seen, biases

    def forward(self, projected: Any, recurrent: Any, *rest: Any) -> Any:
        """((outputs, *last states), their gradient)."""
        self.recurrent, self.times, half, units = recurrent, tf.shape(projected)[0], recurrent.dtype, recurrent.shape[0]
        self.type = projected.dtype
        below, above = (*rest[: self.biases], 0.0, 0.0)[:2]
        states = rest[self.biases :]

        def advance(time: Any, states: Tensors, arrays: Tensors) -> Any:
            hidden = tf.cast(states[0], half)
            product = _plus(tf.cast(tf.matmul(hidden, recurrent), tf.float32), above)
            x = _plus(tf.cast(projected[time], tf.float32), below)  # (batch, gates * units)
            new, kept = self.cell.step(x, product, states, self._seen(time))
            return new, _write(arrays, time, [new[0], hidden, *states, *kept])

        widths = [1, 1, *(1 for _ in states), *self.cell.kept]
        arrays = [_array(self.times, width * units, half if place == 1 else tf.float32) for place, width in enumerate(widths)]
        last, (outputs, self.hidden, *arrays) = _loop(self.times, advance, states, arrays)
        self.before, self.kept = arrays[: len(states)], arrays[len(states) :]
        return (outputs.stack(), *last), self._gradient

    def _gradient(self, by_outputs: Any, *by_last: Any) -> Any:
        """Gradients by what was given, from those by outputs and last states."""
        transposed = tf.transpose(self.recurrent)
        half, width = self.recurrent.dtype, self.recurrent.shape[1]

        def retreat(step: Any, gradients: Tensors, arrays: Tensors) -> Any:
            time = self.times - 1 - step
            before, kept = ([array.read(time) for array in arrays] for arrays in (self.before, self.kept))
            reached = [gradients[0] + by_outputs[time], *gradients[1:]]
            product, below, past = self.cell.back(reached, before, kept, self._seen(time))
            product = tf.cast(product, half)
            past[0] += tf.cast(tf.matmul(product, transposed), tf.float32)
            return past, _write(arrays, time, [product, tf.cast(below, self.type)])

        arrays = [_array(self.times, width, dtype) for dtype in (half, self.type)]
        by_first, (products, below) = _loop(self.times, retreat, by_last, arrays)
        flat = products.concat()  # (time * batch, gates * units)
        by_recurrent = tf.matmul(self.hidden.concat(), flat, transpose_a=True)
        by_projected = below.stack()
        sums = [tf.reduce_sum(tf.cast(by_projected, tf.float32), [0, 1]), tf.reduce_sum(tf.cast(flat, tf.float32), 0)]
        return by_projected, by_recurrent, *sums[: self.biases], *by_first

    def _seen(self, time: Any) -> Any:
        return None if self.seen is None else self.seen[time]


def _plus(tensor: Any, bias: Any) -> Any:
    return tensor if isinstance(bias, float) else tensor + bias


def _array(times: Any, width: int, dtype: Any) -> Any:
    return tf.TensorArray(dtype, times, element_shape=(None, width), clear_after_read=False)


def _write(arrays: Tensors, time: Any, tensors: Tensors) -> list[Any]:
    return [array.write(time, tensor) for array, tensor in zip(arrays, tensors, strict=True)]


def _loop(times: Any, step: Any, states: Tensors, arrays: Tensors) -> tuple[Any, Any]:
    """States and arrays after `times` steps; step(number, states, arrays) gives the next ones."""
    _, states, arrays = tf.while_loop(
        lambda number, states, arrays: number < times,
        lambda number, states, arrays: (number + 1, *step(number, states, arrays)),
        (tf.constant(0), list(states), list(arrays)),
        parallel_iterations=1,
    )
    return states, arrays
