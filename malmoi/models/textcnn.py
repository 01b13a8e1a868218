"""Convolutional networks for sentences (Kim, 2014): filters of several widths over an embedding, then the largest number of each over
time, max_i relu(w . x_{i:i+h} + b) (equations 2 and 3).

Where Kim's filters lie inside a text, these lie with their middle on each token and see zeros outside, so that a text that is shorter
than they are wide has an answer too.
"""

from dataclasses import field
from functools import partial
from typing import Any

from malmoi.batches import Spec
from malmoi.config import ConfigError, params
from malmoi.models._network import convolutions, ranges, sequence_model
from malmoi.models._network.blocks import Block, Given, State, Weight
from malmoi.models._network.frame import Frame
from malmoi.models._network.pooling import Pooling
from malmoi.models._network.training import Training

__all__ = ["Params", "Training", "build", "load"]


@params
class Params(Frame):
    """Shape of the network: what `Frame` says (its pooling is the maximum as long as nothing else is said), and

    widths: tokens that filters see, as [3, 4, 5]; filters: how many there are of each width.
    """

    pooling: Pooling = "max"
    widths: list[int] = field(default_factory=lambda: [3, 4, 5])
    filters: int = 100


class Filters(Block):
    """relu(x * K + b) for each width, side by side: (batch, time, inputs) -> (batch, time, widths * filters)."""

    kind = "convolutions"

    def __init__(self, settings: Params, inputs: int) -> None:
        self.settings, self.inputs = settings, inputs
        self.width = len(settings.widths) * settings.filters

    def weights(self) -> dict[str, Weight]:
        """A kernel for each width."""
        filters = self.settings.filters
        found: dict[str, Weight] = {}
        for width in self.settings.widths:
            found |= {f"kernel{width}": Weight((width, self.inputs, filters)), f"bias{width}": Weight((filters,), "zeros")}
        return found

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block."""
        ops, weights, _ = given
        hidden, found = convolutions.blank(ops, hidden, mask), []
        for width in self.settings.widths:
            seen = convolutions.windows(ops, convolutions.surround(ops, hidden, width), width)
            found.append(convolutions.convolve(ops, seen, weights[f"kernel{width}"], weights[f"bias{width}"]))
        return ops.relu(ops.concatenate(found, -1)), state, mask


def blocks(settings: Params, size: int) -> list[Block]:
    """Filters over vectors of `size`."""
    return [Filters(settings, size)]


def build(params: Params, training: Training, spec: Spec) -> sequence_model.SequenceModel:
    """An untrained model. Raises ConfigError for a language model, and where settings make no sense or do not go with the features."""
    if spec.problem == "language_model":
        raise ConfigError("model.family: textcnn looks at both sides of a token and would see what it must predict; take wavenet")
    if not params.widths or min(params.widths) < 1 or len(set(params.widths)) < len(params.widths):
        raise ConfigError(f"model.widths: should be different whole numbers from 1, as [3, 4, 5], found {params.widths}")
    ranges.least("model", params, {"filters": 1})
    return sequence_model.build(blocks, params, training, spec)


load = partial(sequence_model.load, blocks, Params)
