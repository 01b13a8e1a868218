"""Recurrent cells in numpy, as Keras defines them: what reads a text once a network is trained.

Reading needs no gradient, so it needs no TensorFlow: evaluation and serving start in a second instead of ten. Equal to the Keras layers
to float32 rounding; a test holds that. In all of them x is the cell's input already multiplied by its kernel, bias added.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit as sigmoid

State = list[np.ndarray]  # [hidden] or, for the LSTM, [hidden, memory], each (batch, units)


@dataclass(frozen=True)
class Cell:
    """One direction of one layer. kernel: (inputs, gates * units); recurrent: (units, gates * units); bias: (gates * units,), for the
    GRU (2, gates * units): of the input's and of the state's product."""

    kind: str
    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray

    @property
    def units(self) -> int:
        """Numbers in the hidden state."""
        return int(self.recurrent.shape[0])

    def initial(self, size: int) -> State:
        """States of `size` streams of which nothing was read."""
        return [np.zeros((size, self.units), np.float32) for _ in range(2 if self.kind == "lstm" else 1)]

    def project(self, inputs: np.ndarray) -> np.ndarray:
        """(batch, time, inputs) -> (batch, time, gates * units), in one product instead of one per step."""
        flat = inputs.reshape(-1, inputs.shape[-1]) @ self.kernel  # (batch * time, gates * units)
        return (flat + (self.bias[0] if self.kind == "gru" else self.bias)).reshape(*inputs.shape[:2], -1)

    def step(self, x: np.ndarray, state: State) -> State:
        """State after one more input. x: (batch, gates * units)."""
        if self.kind == "lstm":
            return self._lstm(x, *state)
        return [self._gru(x, *state) if self.kind == "gru" else np.tanh(x + state[0] @ self.recurrent)]

    def _lstm(self, x: np.ndarray, hidden: np.ndarray, memory: np.ndarray) -> State:
        """Gates in Keras's order: input, forget, candidate, output."""
        write, keep, candidate, show = np.split(x + hidden @ self.recurrent, 4, axis=1)
        memory = sigmoid(keep) * memory + sigmoid(write) * np.tanh(candidate)
        return [sigmoid(show) * np.tanh(memory), memory]

    def _gru(self, x: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Gates in Keras's order: update, reset, candidate; the reset gate acts after the product (Keras's `reset_after`)."""
        update, reset, candidate = np.split(x, 3, axis=1)
        from_update, from_reset, from_candidate = np.split(hidden @ self.recurrent + self.bias[1], 3, axis=1)
        keep = sigmoid(update + from_update)
        return keep * hidden + (1 - keep) * np.tanh(candidate + sigmoid(reset + from_reset) * from_candidate)


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
