"""WaveNet (van den Oord et al., 2016): causal convolutions whose taps lie 1, 2, 4, ... steps apart, so that a few layers see far.

    z = tanh(W_f * x) . sigmoid(W_g * x)        equation 2
    x' = x + V z,  s' = s + S z                 residual and skip connections, section 2.4

After the last layer: relu, a product, relu; the head is the network's last product. It reads only what came before, so it models
language, and classifies by what it gives at a text's last token.
"""

from functools import partial
from typing import Any

from malmoi.batches import Spec
from malmoi.config import params
from malmoi.models._network import convolutions, ranges, sequence_model
from malmoi.models._network.blocks import Block, Given, State, Weight
from malmoi.models._network.frame import Frame
from malmoi.models._network.training import Training

__all__ = ["Params", "Training", "build", "load", "receptive_field"]


@params
class Params(Frame):
    """Shape of the network: what `Frame` says, and

    width: taps of each convolution. channels: numbers per token that go from layer to layer; skips: numbers that each layer adds to what
    the head is shown. layers: how many there are in a cycle; the taps of the first are 1 step apart, of the next 2, 4, 8 ...
    cycles: how often that is done.
    """

    width: int = 2
    channels: int = 64
    skips: int = 64
    layers: int = 6
    cycles: int = 1


def receptive_field(params: Params) -> int:
    """How many tokens, its own among them, have a say in what is given at a token.

    >>> receptive_field(Params(width=2, layers=4))
    17
    """
    return 1 + (params.width - 1) * (1 + params.cycles * (2**params.layers - 1))


class Entry(Block):
    """The first causal convolution, from the embedding to channels. State: the last width - 1 inputs."""

    kind = "causal convolution"

    def __init__(self, settings: Params, inputs: int) -> None:
        self.settings, self.inputs, self.width = settings, inputs, settings.channels

    def weights(self) -> dict[str, Weight]:
        """One kernel."""
        return {"kernel": Weight((self.settings.width, self.inputs, self.width)), "bias": Weight((self.width,), "zeros")}

    def states(self) -> list[tuple[int, ...]]:
        """See the class."""
        return [(self.settings.width - 1, self.inputs)]

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        ops, weights, _ = given
        both, past = convolutions.after(ops, state[0], convolutions.blank(ops, hidden, mask))
        seen = convolutions.windows(ops, both, self.settings.width)
        return convolutions.convolve(ops, seen, weights["kernel"], weights["bias"]), [past], mask


class Layer(Block):
    """One dilated convolution with its gate. It is given channels, and beside them what the layers before it want to show (the first:
    nothing), and gives both on; the last gives only what is shown. State: the last (width - 1) * dilation inputs."""

    drops_inside = True

    def __init__(self, settings: Params, inputs: int, dilation: int, last: bool) -> None:
        self.settings, self.inputs, self.dilation = settings, inputs, dilation
        self.kind = f"gated convolution, dilation {dilation}"
        self.dropout = settings.dropouts[1]
        self.residual = 0 if last else settings.channels  # numbers that are added to the channels
        self.width = self.residual + settings.skips

    def weights(self) -> dict[str, Weight]:
        """Filter and gate in one kernel, the products for residual and skip in one matrix."""
        channels = self.settings.channels
        gates = {"kernel": Weight((self.settings.width, channels, 2 * channels)), "bias": Weight((2 * channels,), "zeros")}
        return gates | {"mixing": Weight((channels, self.width)), "mixing_bias": Weight((self.width,), "zeros")}

    def states(self) -> list[tuple[int, ...]]:
        """See the class."""
        return [((self.settings.width - 1) * self.dilation, self.settings.channels)]

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        ops, weights, drop = given
        channels = self.settings.channels
        own = convolutions.blank(ops, hidden[..., :channels], mask)
        both, past = convolutions.after(ops, state[0], own)
        seen = convolutions.windows(ops, both, self.settings.width, self.dilation)
        gates = convolutions.convolve(ops, seen, weights["kernel"], weights["bias"])  # (batch, time, 2 * channels)
        passed = ops.tanh(gates[..., :channels]) * ops.sigmoid(gates[..., channels:])
        mixed = ops.matmul(drop(passed), weights["mixing"]) + weights["mixing_bias"]
        shown = mixed[..., self.residual :]
        if self.inputs > channels:
            shown = shown + hidden[..., channels:]
        return ops.concatenate([own + mixed[..., :channels], shown], -1) if self.residual else shown, [past], mask


class Shown(Block):
    """relu(relu(s) W + b) of what all layers want to show."""

    kind, drops_inside = "skips", True

    def __init__(self, inputs: int) -> None:
        self.inputs = self.width = inputs

    def weights(self) -> dict[str, Weight]:
        """One matrix."""
        return {"kernel": Weight((self.inputs, self.width)), "bias": Weight((self.width,), "zeros")}

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        ops, weights, _ = given
        return ops.relu(ops.matmul(ops.relu(hidden), weights["kernel"]) + weights["bias"]), state, mask


def blocks(settings: Params, size: int) -> list[Block]:
    """Layers over vectors of `size`."""
    found: list[Block] = [Entry(settings, size)]
    dilations = [2**layer for layer in range(settings.layers)] * settings.cycles
    for place, dilation in enumerate(dilations, 1):
        found.append(Layer(settings, found[-1].width, dilation, place == len(dilations)))
    return [*found, Shown(settings.skips)]


def build(params: Params, training: Training, spec: Spec) -> sequence_model.SequenceModel:
    """An untrained model. Raises ConfigError where settings make no sense or do not go with the features."""
    ranges.least("model", params, {"width": 2, "channels": 1, "skips": 1, "layers": 1, "cycles": 1})
    return sequence_model.build(blocks, params, training, spec)


load = partial(sequence_model.load, blocks, Params)
