"""What SimpleRNN, LSTM and GRU compute in one step, in every form that they are known in: other activations, peepholes, normalisation,
zoneout. Written with functions that numpy (`arrays`) and `keras.ops` share: `cells` answers by the first, and
`recurrence_cells.Taped` learns by the second what has no gradient written by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from malmoi.models._network.blocks import Weight

Activation = Literal["tanh", "relu", "hard_tanh", "softsign"]
Gate = Literal["sigmoid", "hard_sigmoid"]
Normalization = Literal["none", "layer", "batch"]
GATES = {"simple": 1, "gru": 3, "lstm": 4}
STATISTICS = ("below_mean", "below_variance")  # followed in training, not learned by a gradient
TINY = 1e-5  # added to a variance


@dataclass(frozen=True)
class Form:
    """How a cell departs from the plain one.

    activation, recurrent_activation: of candidate and output, and of gates.
    normalization: layer, inside the cell (Ba et al., 2016), or batch, of what comes from below (Laurent et al., 2016).
    peephole: an LSTM's gates see its memory (Gers and Schmidhuber, 2000).
    zoneout, zoneout_memory: probability that a number of the hidden state, or of the memory, stays as it was (Krueger et al., 2017).
    recurrent_dropout: share of the hidden state that is zeroed before its product, the same numbers for all gates and at all steps (Gal and
    Ghahramani, 2016); weight_dropout: share of the recurrent weights that is zeroed (Merity et al., 2018). Both in training only.
    """

    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    normalization: Normalization = "none"
    peephole: bool = False
    zoneout: float = 0.0
    zoneout_memory: float = 0.0
    recurrent_dropout: float = 0.0
    weight_dropout: float = 0.0

    @property
    def zoneouts(self) -> tuple[float, float]:
        """Of each state."""
        return self.zoneout, self.zoneout_memory

    def weights(self, kind: str, units: int) -> dict[str, Weight]:
        """What a cell learns besides kernel, recurrent weights and bias."""
        wide = GATES[kind] * units
        found = {"peephole": Weight((3, units), "zeros")} if self.peephole else {}  # into input, forget and output gate
        if self.normalization == "batch":
            return found | {"below_gain": Weight((wide,), "ones"), **_statistics(wide)}
        if self.normalization == "layer" and kind == "simple":
            return found | {"gain": Weight((units,), "ones")}
        if self.normalization == "layer":
            found |= {"below_gain": Weight((wide,), "ones"), "above_gain": Weight((wide,), "ones")}
            found |= {"memory_gain": Weight((units,), "ones"), "memory_bias": Weight((units,), "zeros")} if kind == "lstm" else {}
        return found


def _statistics(wide: int) -> dict[str, Weight]:
    return {name: Weight((wide,), one) for name, one in zip(STATISTICS, ("zeros", "ones"), strict=True)}


@dataclass(frozen=True)
class Equations:
    """(x, product, states, own) -> states after a step, (batch, units) each.

    x: (batch, gates * units) from below; product: of hidden state and recurrent weights, as wide; own: the weights that `Form.weights`
    names. Biases are in x and product; where a cell normalises its layer they come after that, and so are given as own["bias"].
    """

    ops: Any
    kind: str
    form: Form

    def __call__(self, x: Any, product: Any, states: Sequence[Any], own: Mapping[str, Any]) -> list[Any]:
        """See the class."""
        if self.kind == "lstm":
            return self._lstm(x, product, states[1], own)
        return [self._gru(x, product, states[0], own) if self.kind == "gru" else self._simple(x, product, own)]

    def below(self, projected: Any, own: Mapping[str, Any]) -> Any:
        """What comes from below, (..., gates * units), normalised as a trained network does, all steps at once."""
        if self.form.normalization == "batch":
            return (projected - own["below_mean"]) / self.ops.sqrt(own["below_variance"] + TINY) * own["below_gain"]
        return self._normal(projected) * own["below_gain"] if self.layered and self.kind != "simple" else projected

    @property
    def layered(self) -> bool:
        """Whether the layer is normalised inside the cell."""
        return self.form.normalization == "layer"

    def _simple(self, x: Any, product: Any, own: Mapping[str, Any]) -> Any:
        """Elman (1990); with Ba et al. (2016), equation 4."""
        total = x + product
        return self._squash(self._normal(total) * own["gain"] + own["bias"] if self.layered else total)

    def _lstm(self, x: Any, product: Any, memory: Any, own: Mapping[str, Any]) -> list[Any]:
        """Gates in Keras's order: input, forget, candidate, output. With Ba et al. (2016), equations 20 to 22."""
        if self.layered:
            product = self._normal(product) * own["above_gain"] + own["bias"]
        write, keep, candidate, show = self.ops.split(x + product, 4, 1)  # (batch, units)
        if self.form.peephole:
            write, keep = write + own["peephole"][0] * memory, keep + own["peephole"][1] * memory
        memory = self._gate(keep) * memory + self._gate(write) * self._squash(candidate)
        if self.form.peephole:
            show = show + own["peephole"][2] * memory
        shown = self._normal(memory) * own["memory_gain"] + own["memory_bias"] if self.layered else memory
        return [self._gate(show) * self._squash(shown), memory]

    def _gru(self, x: Any, product: Any, hidden: Any, own: Mapping[str, Any]) -> Any:
        """Gates in Keras's order: update, reset, candidate; the reset gate acts after the product (Keras's `reset_after`)."""
        if self.layered:
            x, product = x + own["bias"][0], self._normal(product) * own["above_gain"] + own["bias"][1]
        update, reset, candidate = self.ops.split(x, 3, 1)
        from_update, from_reset, from_candidate = self.ops.split(product, 3, 1)
        keep = self._gate(update + from_update)
        return keep * hidden + (1 - keep) * self._squash(candidate + self._gate(reset + from_reset) * from_candidate)

    def _normal(self, x: Any) -> Any:
        """Mean 0 and variance 1 over the last axis; in a GRU gates and candidate apart, as Ba et al. (2016) have them."""
        if self.kind != "gru":
            return self._centred(x)
        edge = x.shape[-1] * 2 // 3
        return self.ops.concatenate([self._centred(x[..., :edge]), self._centred(x[..., edge:])], -1)

    def _centred(self, x: Any) -> Any:
        x = x - self.ops.mean(x, -1, keepdims=True)
        variance = self.ops.mean(self.ops.square(x), -1, keepdims=True)
        return x * (1.0 / self.ops.sqrt(variance + TINY))  # fewer divisions, also in its gradient

    def _squash(self, x: Any) -> Any:
        name = self.form.activation
        if name == "hard_tanh":
            return self.ops.maximum(self.ops.minimum(x, 1.0), -1.0)
        if name == "softsign":
            return x / (1.0 + self.ops.maximum(x, -x))
        return self.ops.relu(x) if name == "relu" else self.ops.tanh(x)

    def _gate(self, x: Any) -> Any:
        if self.form.recurrent_activation == "sigmoid":
            return self.ops.sigmoid(x)
        return self.ops.maximum(self.ops.minimum(x / 6.0 + 0.5, 1.0), 0.0)
