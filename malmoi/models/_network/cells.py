"""Recurrent cells in numpy, as Keras defines them: what reads a text once a network is trained.

Reading needs no gradient, so it needs no TensorFlow: evaluation and serving start in a second instead of ten. Equal to the Keras layers
to float32 rounding; a test holds that. In all of them x is the cell's input already multiplied by its kernel, bias added.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from malmoi.models._network import arrays
from malmoi.models._network.cell_equations import Equations, Form

State = list[np.ndarray]  # [hidden] or, for the LSTM, [hidden, memory], each (batch, units)


@dataclass(frozen=True)
class Cell:
    """One direction of one layer. kernel: (inputs, gates * units); recurrent: (units, gates * units); bias: (gates * units,), for the
    GRU (2, gates * units): of the input's and of the state's product. own: what `form` adds, see `Form.weights`."""

    kind: str
    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    form: Form = field(default_factory=Form, kw_only=True)
    own: dict[str, np.ndarray] = field(default_factory=dict, kw_only=True)

    @cached_property
    def equations(self) -> Equations:
        """What it computes."""
        return Equations(arrays, self.kind, self.form)

    @property
    def units(self) -> int:
        """Numbers in the hidden state."""
        return int(self.recurrent.shape[0])

    def initial(self, size: int) -> State:
        """States of `size` streams of which nothing was read."""
        return [np.zeros((size, self.units), np.float32) for _ in range(2 if self.kind == "lstm" else 1)]

    def project(self, inputs: np.ndarray) -> np.ndarray:
        """(batch, time, inputs) -> (batch, time, gates * units), in one product instead of one per step."""
        flat = self.equations.below(inputs.reshape(-1, inputs.shape[-1]) @ self.kernel, self.own)  # (batch * time, gates * units)
        if self.form.normalization != "layer":
            flat = flat + (self.bias[0] if self.kind == "gru" else self.bias)
        return flat.reshape(*inputs.shape[:2], -1)

    def step(self, x: np.ndarray, state: State) -> State:
        """State after one more input. x: (batch, gates * units)."""
        product = state[0] @ self.recurrent
        if self.form.normalization == "layer":
            return self._kept(self.equations(x, product, state, {**self.own, "bias": self.bias}), state)
        return self._kept(self.equations(x, product + self.bias[1] if self.kind == "gru" else product, state, self.own), state)

    def _kept(self, new: State, old: State) -> State:
        """Zoneout's expectation: in training each number stays as it was with this probability."""
        rates = self.form.zoneouts[: len(new)]
        return [before + (1 - rate) * (after - before) if rate else after for after, before, rate in zip(new, old, rates, strict=True)]


def read(cell: Cell, inputs: np.ndarray, state: State, mask: np.ndarray | None = None, backward: bool = False) -> tuple[np.ndarray, State]:
    """Read a batch from its start, or from its end. inputs: (batch, time, inputs); mask: (batch, time), False where there is padding,
    which leaves the state as it is. Returns ((batch, time, units) outputs, last state)."""
    projected = cell.project(inputs)  # (batch, time, gates * units)
    outputs = np.empty((*inputs.shape[:2], cell.units), np.float32)
    times: Iterable[int] = range(inputs.shape[1])
    for time in reversed(list(times)) if backward else times:
        new = cell.step(projected[:, time], state)
        state = new if mask is None else [np.where(mask[:, time, None], *pair) for pair in zip(new, state, strict=True)]
        outputs[:, time] = state[0]
    return outputs, state
