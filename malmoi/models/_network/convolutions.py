"""Convolutions over time (Waibel et al., 1989), written for `keras.ops` and numpy alike: what a kernel sees at each step is laid side by
side, so that a convolution is one product. A kernel is (width, inputs, outputs), as Keras has it.

Outside a text there are zeros, wherever a batch is filled up: what a text gives never depends on the batch that it is in.
"""

from typing import Any

from malmoi.config import params
from malmoi.models._network import ranges
from malmoi.models._network.blocks import Block, Given, State, Weight


def windows(ops: Any, hidden: Any, width: int, dilation: int = 1, stride: int = 1) -> Any:
    """(batch, steps, width * inputs) what a kernel sees that lies over `width` of (batch, time, inputs), `dilation` apart.

    It first lies over the first ones and moves on by `stride` as long as there is something under its end.
    """
    steps = ops.shape(hidden)[1] - (width - 1) * dilation
    return ops.concatenate([hidden[:, tap * dilation : tap * dilation + steps : stride] for tap in range(width)], -1)


def convolve(ops: Any, seen: Any, kernel: Any, bias: Any) -> Any:
    """(batch, steps, outputs) of what `windows` gave."""
    return ops.matmul(seen, ops.reshape(kernel, (-1, kernel.shape[-1]))) + bias


def surround(ops: Any, hidden: Any, width: int) -> Any:
    """With zeros around, so that a kernel of `width` lies once over each step in its middle (Keras's "same")."""
    return ops.pad(hidden, [[0, 0], [(width - 1) // 2, width // 2], [0, 0]])


def after(ops: Any, past: Any, hidden: Any) -> tuple[Any, Any]:
    """(both, as much of their end as `past` is long). past: (batch, steps, inputs), what was read before; zeros at the start of a text."""
    both = ops.concatenate([past, hidden], 1)
    return both, both[:, ops.shape(hidden)[1] :]


def blank(ops: Any, hidden: Any, mask: Any) -> Any:
    """With zeros where there is padding. mask: (batch, time) or None."""
    return hidden if mask is None else ops.where(mask[..., None], hidden, ops.zeros_like(hidden))


def from_start(ops: Any, hidden: Any, mask: Any) -> tuple[Any, Any]:
    """(hidden, mask) with all padding after the texts."""
    batch, time = ops.shape(mask)[0], ops.shape(mask)[1]
    begin = ops.argmax(ops.cast(mask, "int32"), 1)  # (batch,)
    places = (ops.arange(time)[None] + begin[:, None]) % time + ops.arange(batch)[:, None] * time  # (batch, time)
    return ops.take(ops.reshape(hidden, (-1, hidden.shape[-1])), places, 0), ops.take(ops.reshape(mask, (-1,)), places, 0)


@params
class Front:
    """A convolution before other layers, so that these read less.

    width: tokens that a filter sees; filters: how many there are. stride: tokens from one place of a filter to the next. pool: places of
    which the largest number is kept. One output stands for stride * pool tokens.
    """

    width: int = 5
    filters: int = 64
    stride: int = 1
    pool: int = 1

    def check(self) -> None:
        """Raises ConfigError where a number is below 1."""
        ranges.least("model.front", self, {"width": 1, "filters": 1, "stride": 1, "pool": 1})


class Shortening(Block):
    """relu(x * K + b), every `stride` tokens, then the largest of each `pool`: (batch, time, inputs) -> (batch, less, filters).

    It counts from a text's start, so that a text of n tokens gives as many outputs as stride * pool goes into it, the rest counted as
    a whole, wherever the batch is filled up; its mask gets as short.
    """

    kind = "convolution"

    def __init__(self, settings: Front, inputs: int) -> None:
        self.settings, self.inputs, self.width = settings, inputs, settings.filters
        self.shortens = settings.stride * settings.pool

    def weights(self) -> dict[str, Weight]:
        """One kernel."""
        return {"kernel": Weight((self.settings.width, self.inputs, self.width)), "bias": Weight((self.width,), "zeros")}

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block. Raises ValueError without a mask: only a text that is there as a whole can be shortened."""
        ops, weights, _ = given
        if mask is None:
            raise ValueError("a convolution with a stride reads whole texts, with their mask; not a stream")
        width, stride, pool = self.settings.width, self.settings.stride, self.settings.pool
        hidden, mask = from_start(ops, hidden, mask)
        seen = windows(ops, surround(ops, blank(ops, hidden, mask), width), width, stride=stride)
        mask = mask[:, ::stride]
        found = blank(ops, ops.relu(convolve(ops, seen, weights["kernel"], weights["bias"])), mask)
        # nothing is below zero, so zeros at padding are never the largest of what is there
        found = ops.pad(found, [[0, 0], [0, pool - 1], [0, 0]])
        steps, most = ops.shape(mask)[1], found[:, 0 : ops.shape(mask)[1] : pool]
        for place in range(1, pool):
            most = ops.maximum(most, found[:, place : place + steps : pool])
        return most, state, mask[:, ::pool]

    def multiply_adds(self) -> int:
        """Per token that is read, rounded up."""
        return -(-super().multiply_adds() // self.settings.stride)
