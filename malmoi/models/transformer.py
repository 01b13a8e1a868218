"""A small Transformer (Vaswani et al., 2017), normalised before each part (Xiong et al., 2020):

    x = x + attention(norm(x)),  x = x + relu(norm(x) W1 + b1) W2 + b2

Positions are rotary (Su et al., 2021): queries and keys are turned by an angle for their place, so that their product knows how far
they are apart and nothing else. A token looks at no more than `context` tokens before its own, whatever window it is read in, so that a
language model that carries the keys and values of the last `context` tokens (Dai et al., 2019) reads in windows what it reads as a whole.
"""

from functools import partial
from typing import Any, Literal

from malmoi.batches import Spec
from malmoi.config import ConfigError, params
from malmoi.models._network import convolutions, ranges, sequence_model
from malmoi.models._network.blocks import Block, Given, State, Weight, Weights
from malmoi.models._network.frame import Frame
from malmoi.models._network.training import Training

__all__ = ["Params", "Training", "build", "load"]
EPSILON = 1e-5  # of normalisation
LONGEST = 10_000.0  # tokens in which the slowest pair of numbers turns by a radian
FAR = 1e9  # below every score


@params
class Params(Frame):
    """Shape of the network: what `Frame` says, and

    layers, heads: what reads; tokens stay as wide as the embedding, which heads divide. inner: units between the two products of a layer.
    context: tokens before its own that a token may look at. bidirectional: also as many after it (classification only).
    positions: rotary, or none, which makes a bag of what is seen.
    """

    layers: int = 2
    heads: int = 4
    inner: int = 256
    context: int = 128
    bidirectional: bool = False
    positions: Literal["rotary", "none"] = "rotary"


class Layer(Block):
    """Attention and two products. State: keys and values of the last `context` tokens, (context, width) each, and (context,) 1 where there
    was one. Keys are kept as they were before they are turned: places are counted from where the memory begins."""

    kind, drops_inside = "transformer layer", True

    def __init__(self, settings: Params, width: int, first: bool) -> None:
        self.settings, self.first = settings, first
        self.inputs = self.width = width
        self.dropout = settings.dropouts[1]

    def weights(self) -> dict[str, Weight]:
        """As `keras.layers.MultiHeadAttention` has them, heads side by side."""
        width, inner = self.width, self.settings.inner
        shapes = dict.fromkeys(("query", "key", "value", "output"), (width, width)) | {"rise": (width, inner), "fall": (inner, width)}
        found = {f"{name}.kernel": Weight(shape) for name, shape in shapes.items()}
        found |= {f"{name}.bias": Weight(shape[1:], "zeros") for name, shape in shapes.items()}
        return found | _norms(width, "attention_norm") | _norms(width, "inner_norm")

    def states(self) -> list[tuple[int, ...]]:
        """See the class."""
        context = self.settings.context
        return [] if self.settings.bidirectional else [(context, self.width), (context, self.width), (context,)]

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        ops, weights, drop = given
        if self.first:
            hidden = hidden * self.width**0.5  # section 3.4: what a token is should not be drowned by what is added to it
        normed = norm(ops, weights, "attention_norm", hidden)
        queries, keys, values = (_product(ops, weights, name, normed) for name in ("query", "key", "value"))
        if mask is None:  # a stream: what was read before is there too
            (keys, values, there), state = _remembered(ops, state, keys, values)
        else:
            there = mask
        attended = self._attend(ops, queries, keys, values, there)
        hidden = hidden + drop(_product(ops, weights, "output", attended))
        inner = ops.relu(_product(ops, weights, "rise", norm(ops, weights, "inner_norm", hidden)))
        return hidden + drop(_product(ops, weights, "fall", inner)), state, mask

    def _attend(self, ops: Any, queries: Any, keys: Any, values: Any, there: Any) -> Any:
        """(batch, time, width): softmax(Q K' / sqrt(d)) V by each head. keys, values: (batch, seen, width), the last of them where queries
        are; there: (batch, seen) where there is a token."""
        time, seen = ops.shape(queries)[1], ops.shape(keys)[1]
        places = ops.arange(seen)
        apart = places[seen - time :, None] - places[None]  # (time, seen)
        context, later = self.settings.context, self.settings.context if self.settings.bidirectional else 0
        near = (apart <= context) & (apart >= -later)
        queries, keys, values = (self._heads(ops, one) for one in (queries, keys, values))  # (batch, heads, time, each)
        if self.settings.positions == "rotary":
            queries, keys = turn(ops, queries, places[seen - time :]), turn(ops, keys, places)
        scores = ops.matmul(queries, ops.swapaxes(keys, -1, -2)) / (self.width // self.settings.heads) ** 0.5
        scores = ops.where(near[None, None] & there[:, None, None], ops.cast(scores, "float32"), -FAR)
        found = ops.matmul(ops.cast(ops.softmax(scores, axis=-1), values.dtype), values)
        return ops.reshape(ops.swapaxes(found, 1, 2), (-1, time, self.width))

    def _heads(self, ops: Any, whole: Any) -> Any:
        """(batch, heads, time, width / heads)."""
        heads = self.settings.heads
        return ops.swapaxes(ops.reshape(whole, (-1, ops.shape(whole)[1], heads, self.width // heads)), 1, 2)

    def multiply_adds(self) -> int:
        """Per token: the matrices, and queries with keys and shares with values where all that it may look at is there."""
        seen = 1 + self.settings.context * (2 if self.settings.bidirectional else 1)
        return super().multiply_adds() + 2 * self.width * seen


class Norm(Block):
    """Normalisation of what the last layer gives."""

    kind, drops_inside = "normalisation", True

    def __init__(self, width: int) -> None:
        self.inputs = self.width = width

    def weights(self) -> dict[str, Weight]:
        """A scale and a shift."""
        return _norms(self.width, "norm")

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        ops, weights, _ = given
        return norm(ops, weights, "norm", hidden), state, mask


def norm(ops: Any, weights: Weights, name: str, hidden: Any) -> Any:
    """Each token's numbers with mean 0 and deviation 1, then scaled and shifted (Ba et al., 2016)."""
    whole = ops.cast(hidden, "float32")
    away = whole - ops.mean(whole, -1, keepdims=True)
    flat = away / ops.sqrt(ops.mean(ops.square(away), -1, keepdims=True) + EPSILON)
    return ops.cast(flat, hidden.dtype) * weights[f"{name}.scale"] + weights[f"{name}.shift"]


def turn(ops: Any, whole: Any, places: Any) -> Any:
    """(batch, heads, time, each) with each pair of numbers turned by place * rate, which is another for each pair (Su et al., equation 34;
    pairs are i and i + each / 2)."""
    half = whole.shape[-1] // 2
    rates = LONGEST ** (-ops.cast(ops.arange(half), "float32") / half)
    angles = ops.cast(places, "float32")[:, None] * rates[None]  # (time, each / 2)
    cosine, sine = ops.cast(ops.cos(angles), whole.dtype), ops.cast(ops.sin(angles), whole.dtype)
    one, other = whole[..., :half], whole[..., half:]
    return ops.concatenate([one * cosine - other * sine, one * sine + other * cosine], -1)


def _norms(width: int, name: str) -> dict[str, Weight]:
    return {f"{name}.scale": Weight((width,), "ones"), f"{name}.shift": Weight((width,), "zeros")}


def _product(ops: Any, weights: Weights, name: str, hidden: Any) -> Any:
    return ops.matmul(hidden, weights[f"{name}.kernel"]) + weights[f"{name}.bias"]


def _remembered(ops: Any, state: State, keys: Any, values: Any) -> tuple[list[Any], State]:
    """(keys, values and where there are any, with those read before; what of them is kept)."""
    now = [keys, values, ops.ones_like(keys[..., 0])]
    both, kept = zip(*[convolutions.after(ops, past, one) for past, one in zip(state, now, strict=True)], strict=True)
    return [both[0], both[1], both[2] > 0], list(kept)


def blocks(settings: Params, size: int) -> list[Block]:
    """Layers over vectors of `size`. Raises ConfigError where heads cannot share them."""
    if size % (2 * settings.heads):
        raise ConfigError(f"model.heads: each head needs an even number of the {size} that a token's vector has; {settings.heads} cannot")
    layers = [Layer(settings, size, not place) for place in range(settings.layers)]
    return [*layers, Norm(size)]


def build(params: Params, training: Training, spec: Spec) -> sequence_model.SequenceModel:
    """An untrained model. Raises ConfigError where settings make no sense or do not go with the problem or the features."""
    ranges.least("model", params, {"layers": 1, "heads": 1, "inner": 1, "context": 1})
    if spec.problem == "language_model" and params.bidirectional:
        raise ConfigError("model.bidirectional: a language model that looks at what follows has seen the token it must predict; set false")
    return sequence_model.build(blocks, params, training, spec)


load = partial(sequence_model.load, blocks, Params)
