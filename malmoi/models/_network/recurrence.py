"""Recurrences over time with a gradient written by hand: what the layers of `_recurrent_layers` run on a processor.

TensorFlow's own gradient of a loop adds a tensor of the weights' size at every step. Here nothing but states goes round: the loop back
(back-propagation through time, Werbos, 1990) collects the gradient by every step's product, and that of the recurrent weights is one
product after it. Products are made in the weights' type, float32 or bfloat16; states, gates and their gradients are float32.

All tensors are time-major. What a step computes of its product is a cell's (`_recurrence_cells`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

Tensors = Sequence[Any]


@dataclass(frozen=True)
class Weights:
    """recurrent: (units, gates * units), whose type is that of all products. own: what else a step of the cell reads and learns, in its
    order."""

    recurrent: Any
    own: Tensors = ()


@dataclass(frozen=True)
class Masks:
    """taken: of each state how much of its new value is taken, (time, batch or 1, units or 1): 1 where it is new, 0 where it stays as it
    was, as at padding; None for a state that is always new. gone: (time, batch, 1) 1 at padding, 0 else, for a cell that does by itself
    (`holds`) what `taken` would; or None. dropped: (batch, units) factors of the hidden state in its product, or None. every: whether all
    steps put out their hidden state, or none does and the last states are all that is wanted."""

    taken: Tensors = (None, None)
    gone: Any = None
    dropped: Any = None
    every: bool = True


ALL = Masks()  # every step counts, nothing is dropped


def project(inputs: Any, kernel: Any, bias: Any = None) -> Any:
    """(..., gates * units) of what comes from below: inputs (..., inputs) by the kernel, and the bias where there is one. Products are
    made in the inputs' type; the bias' gradient is summed in float32, which a stock bias' is not."""
    flat, kernel = tf.reshape(inputs, [-1, inputs.shape[-1]]), tf.cast(kernel, inputs.dtype)
    projected = tf.matmul(flat, kernel) if bias is None else _biased(flat, kernel, tf.cast(bias, tf.float32))
    return tf.reshape(projected, tf.concat([tf.shape(inputs)[:-1], [kernel.shape[1]]], 0))


@tf.custom_gradient
def _biased(inputs: Any, kernel: Any, bias: Any) -> Any:
    def gradient(by: Any) -> tuple[Any, Any, Any]:
        by_kernel = tf.matmul(inputs, by, transpose_a=True)
        return tf.matmul(by, kernel, transpose_b=True), by_kernel, tf.reduce_sum(tf.cast(by, tf.float32), 0)

    return tf.nn.bias_add(tf.matmul(inputs, kernel), tf.cast(bias, inputs.dtype)), gradient


def recur(cell: Any, projected: Tensors, weights: Weights, states: Tensors, masks: Masks = ALL) -> tuple[Any, Tensors]:
    """Run `cell` from the first step to the last.

    projected: of what comes from below, with its bias, (time, batch, gates * units) for as many gates as `cell.below` says of each; of one
    type. states: (batch, units) each.
    Returns ((time, batch, units) hidden states after each step, states after the last), float32; None for the former unless `masks.every`.
    """
    run = _Run(cell, masks, len(weights.own))
    rest = [tf.cast(one, tf.float32) for one in (*weights.own, *states)]
    found = tf.custom_gradient(run.forward)(*projected, weights.recurrent, *rest)
    return (found[0], found[1:]) if masks.every else (None, found)


class _Run:
    """One pass over all steps. What `forward` collects of each is what its gradient reads."""

    def __init__(self, cell: Any, masks: Masks, own: int) -> None:
        self.cell, self.masks, self.count = cell, masks, own

    def forward(self, *given: Any) -> Any:
        """(([outputs,] *last states), their gradient)."""
        parts = len(self.cell.below)
        projected, recurrent, rest = given[:parts], given[parts], given[parts + 1 :]
        self.recurrent, self.times, half, units = recurrent, tf.shape(projected[0])[0], recurrent.dtype, recurrent.shape[0]
        self.type, self.own, states = projected[0].dtype, rest[: self.count], rest[self.count :]

        def advance(time: Any, states: Tensors, arrays: Tensors) -> Any:
            hidden = tf.cast(_times(states[0], self.masks.dropped), half)
            product = tf.cast(tf.matmul(hidden, recurrent), tf.float32)  # (batch, gates * units)
            x = [tf.cast(part[time], tf.float32) for part in projected]
            gone = None if self.masks.gone is None else self.masks.gone[time]
            new, kept = self.cell.step(x, product, states, self.own, gone)
            new = [_held(one, old, taken) for one, old, taken in zip(new, states, self._taken(time, states), strict=True)]
            return new, _write(arrays, time, [hidden, *states, *kept, *new[: int(self.masks.every)]])

        widths = [1, *(1 for _ in states), *self.cell.kept, *[1] * self.masks.every]
        arrays = [_array(self.times, width * units, tf.float32 if place else half) for place, width in enumerate(widths)]
        last, (self.hidden, *arrays) = _loop(self.times, advance, states, arrays)
        outputs = [arrays.pop().stack()] if self.masks.every else []
        self.before, self.kept = arrays[: len(states)], arrays[len(states) :]
        return (*outputs, *last), self._gradient

    def _gradient(self, *by: Any) -> Any:
        """Gradients by what was given, from those by outputs, if there are any, and last states."""
        by_outputs, by_last = (by[0], by[1:]) if self.masks.every else (None, by)
        half, (units, width), count = self.recurrent.dtype, self.recurrent.shape, len(by_last)
        transposed = tf.transpose(self.recurrent)

        def retreat(step: Any, carried: Tensors, arrays: Tensors) -> Any:
            time = self.times - 1 - step
            before, kept = ([array.read(time) for array in arrays] for arrays in (self.before, self.kept))
            reached = [_plus(carried[0], None if by_outputs is None else by_outputs[time]), *carried[1:count]]
            taken = self._taken(time, reached)
            here = [_times(gradient, share) for gradient, share in zip(reached, taken, strict=True)]
            product, below, through, by_own = self.cell.back(here, before, kept, self.own)
            product = tf.cast(product, half)
            by_hidden = _times(tf.cast(tf.matmul(product, transposed), tf.float32), self.masks.dropped)
            stays = [None if share is None else whole - part for whole, part, share in zip(reached, here, taken, strict=True)]
            past = [_plus(one, other) for one, other in zip(through, stays, strict=True)]
            sums = [old + new for old, new in zip(carried[count:], by_own, strict=True)]
            return [_plus(by_hidden, past[0]), *past[1:], *sums], _write(
                arrays, time, [product, *(tf.cast(one, self.type) for one in below)]
            )

        arrays = [_array(self.times, width, half), *(_array(self.times, gates * units, self.type) for gates in self.cell.below)]
        found, (products, *below) = _loop(self.times, retreat, [*by_last, *map(tf.zeros_like, self.own)], arrays)
        flat = products.concat()  # (time * batch, gates * units)
        by_recurrent = tf.matmul(self.hidden.concat(), flat, transpose_a=True)
        return *(one.stack() for one in below), by_recurrent, *found[count:], *found[:count]

    def _taken(self, time: Any, states: Tensors) -> list[Any]:
        """Of each state how much of it is new after this step, or None for all."""
        return [None if one is None else one[time] for one in self.masks.taken[: len(states)]]


def _held(new: Any, old: Any, taken: Any) -> Any:
    """The state after a step: the one before it where nothing is taken."""
    return new if taken is None else old + taken * (new - old)


def _plus(one: Any, other: Any) -> Any:
    """The sum; None is zero."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _times(tensor: Any, factor: Any) -> Any:
    return tensor if factor is None else tensor * factor


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
