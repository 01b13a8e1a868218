"""Recurrent networks: SimpleRNN (Elman, 1990), LSTM (Hochreiter and Schmidhuber, 1997; forget gates of Gers et al., 2000) and GRU
(Cho et al., 2014), stacked and bidirectional (Schuster and Paliwal, 1997), over an embedding (`_network.embeddings`).

It learns by Keras layers with a hand-written loop (`_network.recurrent_learner`) and answers in numpy (`_network.cells`). What else is
known of these cells, from normalisation to zoneout, are settings.
"""

from dataclasses import fields
from functools import partial
from typing import Any, Literal

import numpy as np

from malmoi.batches import Spec
from malmoi.config import ConfigError, params
from malmoi.models._network import cells, convolutions, ranges, sequence_model
from malmoi.models._network.blocks import Block, Given, State, Weight
from malmoi.models._network.cell_equations import GATES, Activation, Form, Gate, Normalization
from malmoi.models._network.frame import Frame
from malmoi.models._network.training import Training

__all__ = ["Params", "Training", "build", "load"]
PARTS = ("kernel", "recurrent", "bias")
SHARES = ("recurrent_dropout", "weight_dropout", "zoneout", "zoneout_memory")


@params
class Params(Frame):
    """Shape of the network: what `Frame` says, and

    cell, units, layers: what reads. bidirectional: also from the end (classification only).
    front: a convolution before the first layer, so that the sequence is shorter (`_network.convolutions.Front`; classification only).
    residual: what a layer reads is added to what it gives, from the second layer on (He et al., 2016).
    recurrent_dropout: share of the hidden state that the recurrent weights do not see in training, the same numbers at all steps (Gal and
    Ghahramani, 2016). weight_dropout: share of the recurrent weights that is zeroed in training, anew for each batch (Merity et al., 2018).
    zoneout, zoneout_memory: probability that a number of the hidden state, or of an LSTM's memory, stays as it was; a trained network takes
    the expectation (Krueger et al., 2017).
    normalization: layer, inside the cell (Ba et al., 2016), or batch, of each number that comes from below over all tokens of a batch
    (Laurent et al., 2016).
    peephole: an LSTM's gates see its memory (Gers and Schmidhuber, 2000). forget_bias: what an LSTM's forget gates begin with.
    activation, recurrent_activation: of candidate and output, and of the gates.
    recurrent_initializer: what recurrent weights begin as; identity is for relu in a simple cell (Le et al., 2015).
    """

    cell: Literal["simple", "lstm", "gru"] = "gru"
    units: int = 64
    layers: int = 1
    bidirectional: bool = False
    front: convolutions.Front | None = None
    residual: bool = False
    recurrent_dropout: float = 0.0
    weight_dropout: float = 0.0
    zoneout: float = 0.0
    zoneout_memory: float = 0.0
    normalization: Normalization = "none"
    peephole: bool = False
    forget_bias: float = 1.0
    activation: Activation = "tanh"
    recurrent_activation: Gate = "sigmoid"
    recurrent_initializer: Literal["orthogonal", "glorot_uniform", "identity"] = "orthogonal"

    @property
    def form(self) -> Form:
        """How its cells depart from the plain ones."""
        return Form(**{field.name: getattr(self, field.name) for field in fields(Form)})

    @property
    def options(self) -> dict[str, Any]:
        """Of that what Keras's layers do not have, where it is not the default."""
        names = {field.name: field.default for field in fields(Form) if not field.name.endswith("activation")}
        return {name: getattr(self, name) for name, default in names.items() if getattr(self, name) != default}


class Layer(Block):
    """One layer, in one direction or both."""

    def __init__(self, settings: Params, inputs: int, residual: bool = False) -> None:
        self.settings, self.inputs, self.kind, self.residual = settings, inputs, settings.cell, residual
        self.form = settings.form
        self.directions = ("forward", "backward") if settings.bidirectional else ("forward",)
        self.beside = len(self.directions)
        self.width = settings.units * self.beside

    def weights(self) -> dict[str, Weight]:
        """As Keras's layers have them; see `_network.cells.Cell`."""
        units, wide = self.settings.units, GATES[self.kind] * self.settings.units
        shapes = (self.inputs, wide), (units, wide), ((2, wide) if self.kind == "gru" else (wide,))
        own = {part: Weight(shape) for part, shape in zip(PARTS, shapes, strict=True)} | self.form.weights(self.kind, units)
        return {f"{direction}.{part}": weight for direction in self.directions for part, weight in own.items()}

    def multiply_adds(self) -> int:
        """Per token: products with kernel and recurrent weights, by every direction."""
        return len(self.directions) * GATES[self.kind] * self.settings.units * (self.inputs + self.settings.units)

    def states(self) -> list[tuple[int, ...]]:
        """Per direction the hidden state and, for an LSTM, the memory."""
        kinds = 2 if self.kind == "lstm" else 1
        return [(self.settings.units,)] * (kinds * len(self.directions))

    def read(self, given: Given, hidden: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """See Block; in numpy only."""
        weights = given.weights
        kinds, outputs, after = len(state) // len(self.directions), [], []
        for place, direction in enumerate(self.directions):
            parts = {name.removeprefix(f"{direction}."): one for name, one in weights.items() if name.startswith(f"{direction}.")}
            kernel, recurrent, bias = (parts.pop(part) for part in PARTS)
            cell = cells.Cell(self.kind, kernel, recurrent, bias, form=self.form, own=parts)
            own = state[place * kinds : (place + 1) * kinds]
            read, own = cells.read(cell, hidden, own, mask, direction == "backward")
            outputs.append(read)
            after += own
        shown = np.concatenate(outputs, 2)
        return hidden + shown if self.residual else shown, after, mask

    def last(self, ops: Any, hidden: Any, state: State, mask: Any) -> Any:
        """(batch, width) hidden state of each direction where it ends."""
        if not self.residual:
            return ops.concatenate(state[:: len(state) // len(self.directions)], 1)
        forward = super().last(ops, hidden, state, mask)
        if not self.settings.bidirectional:
            return forward
        backward = super().last(ops, ops.flip(hidden, 1), state, None if mask is None else ops.flip(mask, 1))
        return ops.concatenate([forward[:, : self.width // 2], backward[:, self.width // 2 :]], 1)

    def learner(self, policy: str, sequences: bool, padded_before: bool) -> Any:
        """See Block."""
        from malmoi.models._network import recurrent_learner

        reader = recurrent_learner.Reader(self.settings, self.inputs, policy, sequences or self.residual, padded_before)
        return recurrent_learner.Residual(reader, policy) if self.residual else reader


def blocks(settings: Params, size: int) -> list[Block]:
    """Layers over vectors of `size`."""
    found: list[Block] = [convolutions.Shortening(settings.front, size)] if settings.front else []
    for place in range(settings.layers):
        found.append(Layer(settings, found[-1].width if found else size, settings.residual and place > 0))
    return found


def check(settings: Params) -> None:
    """Raises ConfigError where a setting means nothing for this cell, or is out of its range."""
    ranges.least("model", settings, {"units": 1, "layers": 1})
    ranges.shares("model", settings, SHARES)
    gates, memory = "has no gates", "has no memory besides its hidden state, as an LSTM has"
    wrong = {
        "peephole": (settings.cell != "lstm" and settings.peephole, memory),
        "zoneout_memory": (settings.cell != "lstm" and settings.zoneout_memory, memory),
        "forget_bias": (settings.cell != "lstm" and settings.forget_bias != 1.0, "has no forget gate, as an LSTM has"),
        "recurrent_activation": (settings.cell == "simple" and settings.recurrent_activation != "sigmoid", gates),
        "recurrent_initializer": (
            settings.cell != "simple" and settings.recurrent_initializer == "identity",
            "has gates, and identity is for none",
        ),
    }
    for name, (broken, why) in wrong.items():
        if broken:
            raise ConfigError(f"model.{name}: a cell of kind {settings.cell} {why}; leave it out, or set another model.cell")
    if settings.residual and settings.layers == 1:
        raise ConfigError("model.residual: joins a layer to the next, and there is one; set model.layers to 2 or more, or leave it out")


def build(params: Params, training: Training, spec: Spec) -> sequence_model.SequenceModel:
    """An untrained model. Raises ConfigError where a language model is to read from the end, or settings do not go with the features."""
    if spec.problem == "language_model" and params.bidirectional:
        raise ConfigError("model.bidirectional: a language model that reads from the end has seen the token it must predict; set false")
    if spec.problem == "language_model" and params.front:
        raise ConfigError("model.front: a shortened sequence has no output for each token, which a language model must give; leave it out")
    if params.front:
        params.front.check()
    check(params)
    return sequence_model.build(blocks, params, training, spec)


load = partial(sequence_model.load, blocks, Params)
