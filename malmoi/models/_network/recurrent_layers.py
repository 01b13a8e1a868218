"""SimpleRNN, LSTM and GRU as Keras has them, run by `recurrence` where a processor trains them: the same weights, answers, gradients
and files, in less time. `options` are forms that Keras does not have, by the names of `cell_equations.Form`.

Without options they are the stock layers but for the loop over time, so whatever works with those works with these, `Bidirectional`
included. The stock loop still runs what the other cannot: activations that are not in `recurrence_cells.CURVES`, a GRU without
`reset_after`, Keras's own recurrent_dropout (another mask for each gate; the option has one), and a GPU, where cuDNN is faster.
"""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from malmoi.models._network import recurrence, recurrence_cells, recurrent_noise
from malmoi.models._network.cell_equations import STATISTICS, Equations, Form


class _ByHand:
    """What the three have in common, for a subclass of a stock layer."""

    kind: str
    cell: Any
    own: dict[str, Any]

    def __init__(self, units: int, options: Mapping[str, Any] | None = None, **stock: Any) -> None:
        super().__init__(units, **stock)  # type: ignore[call-arg]
        self.options = dict(options or {})
        named = {name: getattr(self.cell, name) for name in ("activation", "recurrent_activation") if hasattr(self.cell, name)}
        self.form = Form(**{**{name: getattr(function, "__name__", "") for name, function in named.items()}, **self.options})
        plain = getattr(self.cell, "reset_after", True) and not self.cell.recurrent_dropout
        self.known = plain and all(map(_known, named.values()))
        if self.options and not (self.known and self.cell.use_bias):
            needed = f"biases, reset_after, activations among {sorted(recurrence_cells.CURVES)}, recurrent_dropout as an option"
            raise ValueError(f"options {self.options} need {needed}")

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Make the weights, those of the options last."""
        super().build(sequences_shape, initial_state_shape)  # type: ignore[misc]
        self.own = {
            name: self.add_weight(  # type: ignore[attr-defined]
                shape=one.shape, initializer=one.initializer, name=name, trainable=name not in STATISTICS, autocast=False
            )
            for name, one in self.form.weights(self.kind, self.cell.units).items()
        }

    def get_config(self) -> dict[str, Any]:
        """See Keras."""
        return {**super().get_config(), "options": self.options}  # type: ignore[misc]

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """(last output, outputs (batch, time or 1, units), states). sequences: (batch, time, inputs); mask: (batch, time) or None."""
        if not self.by_hand:
            return super().inner_loop(sequences, initial_state, mask, training=training)  # type: ignore[misc]
        if training and self.cell.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None]  # one for all steps
        times = tf.transpose(sequences, [1, 0, 2])  # (time, batch, inputs)
        times = tf.reverse(times, [0]) if self.go_backwards else times  # type: ignore[attr-defined]
        seen = self.seen(mask[0] if isinstance(mask, list | tuple) else mask)
        return self.run(self.parts(self.project(times), seen, bool(training)), initial_state, seen, bool(training))

    @property
    def by_hand(self) -> bool:
        """Whether this layer, as it was made and here, is run by `recurrence`."""
        return self.known and (bool(self.options) or not _gpu())

    @property
    def reads_rows(self) -> bool:
        """Whether `read_rows` can: not where the stock loop runs, nor where training differs from answering."""
        form = self.form
        random = self.cell.dropout or form.recurrent_dropout or form.weight_dropout or any(form.zoneouts)
        return self.by_hand and not random and form.normalization != "batch"

    def project(self, inputs: Any) -> Any:
        """(..., gates * units) of what comes from below, (..., inputs); with its bias, but where that comes after a normalisation."""
        return recurrence.project(inputs, self.cell.kernel, self._below if self.form.normalization == "none" else None)

    @property
    def _below(self) -> Any:
        """(gates * units,) bias of what comes from below, or None. A GRU's other bias goes with it, but for the candidate's part."""
        if self.cell.bias is None or self.form.normalization == "layer":  # which has it inside
            return None
        first, *second = tf.unstack(tf.reshape(tf.cast(self.cell.bias, tf.float32), [-1, self.cell.kernel.shape[1]]))
        units = self.cell.units
        return first + tf.pad(second[0][:-units], [[0, units]]) if second else first

    def seen(self, mask: Any) -> Any:
        """(time, batch, 1) 1 where there is a token, 0 at padding, in the order in which it is read, from mask (batch, time); or None."""
        if mask is None:
            return None
        seen = tf.cast(tf.transpose(mask), tf.float32)[..., None]
        return tf.reverse(seen, [0]) if self.go_backwards else seen  # type: ignore[attr-defined]

    def parts(self, projected: Any, seen: Any = None, training: bool = False) -> list[Any]:
        """(..., gates * units) each, what `project` gave as a step of the cell reads it: normalised, and in parts."""
        below, units = recurrence_cells.find(self.kind, self.form).below, self.cell.units
        projected = self._normalized(projected, seen, training)
        return tf.split(projected, [gates * units for gates in below], -1) if len(below) > 1 else [projected]

    def run(self, parts: list[Any], initial_state: Any, seen: Any, training: bool = False) -> Any:
        """As `inner_loop`, of what `parts` gave, (time, batch, gates * units), and `seen`."""
        states = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        shape, seed = (*tf.unstack(tf.shape(parts[0])[:2]), self.cell.units), self.cell.seed_generator
        weights, cell = self._weights(training), recurrence_cells.find(self.kind, self.form)
        gone = 1 - seen if cell.holds and not any(self.form.zoneouts) and seen is not None else None
        taken = recurrent_noise.taken(self.form, seen if gone is None else None, shape, seed, training)
        rate = self.form.recurrent_dropout if training else 0.0
        dropped = recurrent_noise.dropped(rate, shape[1], shape[2], seed) if rate else None
        masks = recurrence.Masks(taken, gone, dropped, self.return_sequences)  # type: ignore[attr-defined]
        outputs, last = recurrence.recur(cell, parts, weights, states, masks)
        return self._shown(outputs, last, seen)

    def _weights(self, training: bool) -> recurrence.Weights:
        """Where the cell normalises its layer, its bias comes after that."""
        thinned = recurrent_noise.thinned(self.cell.recurrent_kernel, self.form.weight_dropout, self.cell.seed_generator, training)
        own = [{**self.own, "bias": self.cell.bias}[name] for name in recurrence_cells.names(self.kind, self.form)]
        if self.kind == "gru" and self.cell.bias is not None and self.form.normalization != "layer":
            own = [tf.reshape(self.cell.bias, [-1])[-self.cell.units :]]  # of the candidate: it is added before the reset gate
        return recurrence.Weights(tf.cast(thinned, self.compute_dtype), own)  # type: ignore[attr-defined]

    def _normalized(self, projected: Any, seen: Any, training: bool) -> Any:
        if self.form.normalization == "none":
            return projected
        projected = tf.cast(projected, tf.float32)
        if training and self.form.normalization == "batch":
            found = recurrent_noise.batch_normalized(projected, self.own, seen)
        else:
            found = Equations(keras.ops, self.kind, self.form).below(projected, self.own)
        return found if self._below is None else found + self._below

    def _shown(self, outputs: Any, last: Any, seen: Any) -> Any:
        """What is put out at padding: zeros where it is asked for, else the output before it, which is zeros before the first token.
        Outputs are the last one alone where not every one is asked for, as Keras's own are."""
        final = last[0]
        if seen is not None:
            shown = seen if self.zero_output_for_mask else tf.minimum(tf.cumsum(seen), 1.0)  # type: ignore[attr-defined]
            outputs, final = None if outputs is None else outputs * shown, final * shown[-1]
        return final, final[:, None] if outputs is None else tf.transpose(outputs, [1, 0, 2]), last

    def export(self) -> dict[str, Any]:
        """Its weights by the names that `cells.Cell` has, and those of `own`."""
        return {"kernel": self.cell.kernel, "recurrent": self.cell.recurrent_kernel, "bias": self.cell.bias, **self.own}


@keras.saving.register_keras_serializable("malmoi")
class SimpleRNN(_ByHand, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, faster to train."""

    kind = "simple"


@keras.saving.register_keras_serializable("malmoi")
class LSTM(_ByHand, keras.layers.LSTM):
    """`keras.layers.LSTM`, faster to train."""

    kind = "lstm"


@keras.saving.register_keras_serializable("malmoi")
class GRU(_ByHand, keras.layers.GRU):
    """`keras.layers.GRU`, faster to train."""

    kind = "gru"


def _known(function: Any) -> bool:
    """Whether an activation of Keras is among those that `recurrence` has."""
    name = getattr(function, "__name__", "")
    return name in recurrence_cells.CURVES and function is getattr(keras.activations, name)


def _gpu() -> bool:
    return bool(tf.config.list_logical_devices("GPU"))
