"""A recurrent layer that learns: the fast layers of `recurrent_layers`, as a network's blocks are called."""

from typing import Any

import keras
import numpy as np

from malmoi.models._network import recurrent_layers, recurrent_rows
from malmoi.models._network.blocks import State

CELLS: dict[str, Any] = {"simple": recurrent_layers.SimpleRNN, "lstm": recurrent_layers.LSTM, "gru": recurrent_layers.GRU}


class Reader(keras.layers.Layer):
    """(hidden, state, mask, training) -> (hidden, state, mask); hidden is (batch, units) where only the last is wanted.

    reads_rows: whether it can read ids from a table, each token once (`rows`).
    """

    def __init__(self, settings: Any, inputs: int, policy: str, sequences: bool, padded_before: bool) -> None:
        super().__init__(dtype=policy)
        shape = _shape(settings, padded_before)
        one = CELLS[settings.cell](settings.units, dtype=policy, return_sequences=sequences, return_state=True, **shape)
        self.inner = keras.layers.Bidirectional(one, dtype=policy) if settings.bidirectional else one
        self.inner.build((None, None, inputs))
        if settings.cell == "lstm":
            _remember(self.inner, settings.forget_bias)
        self.built = True
        self.reads_rows = recurrent_rows.reads_rows(self.inner)

    def call(self, hidden: Any, state: State, mask: Any = None, training: bool = False) -> tuple[Any, State, Any]:
        """See the class."""
        hidden, *state = self.inner(hidden, mask=mask, initial_state=list(state), training=training)
        return hidden, state, mask

    def compute_mask(self, *inputs: Any, **more: Any) -> None:
        """Masks are handed on by hand."""

    def rows(self, table: Any, ids: Any, state: State, mask: Any) -> tuple[Any, State, Any]:
        """As `call` of table[ids]. table: (width, inputs); ids: (batch, time)."""
        hidden, *state = recurrent_rows.read_rows(self.inner, table, ids, mask, list(state))
        return hidden, state, mask

    def export(self) -> dict[str, np.ndarray]:
        """Weights by direction and part: forward.kernel, ..."""
        both = zip(("forward", "backward"), recurrent_rows.directions(self.inner), strict=False)
        return {f"{name}.{part}": weight.numpy() for name, layer in both for part, weight in layer.export().items()}

    def begin(self, weights: dict[str, np.ndarray]) -> None:
        """Take over weights that `export` gave."""
        for name, layer in zip(("forward", "backward"), recurrent_rows.directions(self.inner), strict=False):
            for part, weight in layer.export().items():
                weight.assign(weights[f"{name}.{part}"])


class Residual(keras.layers.Layer):
    """A reader whose input is added to what it gives (He et al., 2016), step by step; called as `Reader` is."""

    reads_rows = False

    def __init__(self, reader: Reader, policy: str) -> None:
        super().__init__(dtype=policy)
        self.reader, self.built = reader, True

    def call(self, hidden: Any, state: State, mask: Any = None, training: bool = False) -> tuple[Any, State, Any]:
        """See the class."""
        found, state, mask = self.reader(hidden, state, mask, training=training)
        return hidden + found, state, mask

    def compute_mask(self, *inputs: Any, **more: Any) -> None:
        """Masks are handed on by hand."""

    def export(self) -> dict[str, np.ndarray]:
        """The reader's."""
        return self.reader.export()

    def begin(self, weights: dict[str, np.ndarray]) -> None:
        """See `Reader`."""
        self.reader.begin(weights)


def _shape(settings: Any, padded_before: bool) -> dict[str, Any]:
    """What Keras's layer is told of the settings."""
    gated = settings.cell != "simple"
    shape = {"activation": settings.activation, "options": settings.options}
    shape |= {"recurrent_initializer": settings.recurrent_initializer} | (
        {"recurrent_activation": settings.recurrent_activation} if gated else {}
    )
    return shape | ({"use_cudnn": False} if padded_before and gated else {})  # cuDNN refuses padding before the text


def _remember(reader: Any, bias: float) -> None:
    """What forget gates begin with (Gers et al., 2000; Jozefowicz et al., 2015)."""
    for layer in recurrent_rows.directions(reader):
        units, start = layer.cell.units, layer.cell.bias.numpy()
        start[units : 2 * units] = bias
        layer.cell.bias.assign(start)
