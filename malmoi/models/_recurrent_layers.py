"""SimpleRNN, LSTM and GRU as Keras has them, run by `_recurrence` where a processor trains them: the same weights, answers, gradients
and files, in less time.

They are the stock layers but for the loop over time, so whatever works with those works with these, `Bidirectional` included. The stock
loop still runs what the hand-written one cannot: recurrent dropout, other activations than tanh and sigmoid, a GRU without `reset_after`,
and a GPU, where cuDNN is faster.
"""

from typing import Any

import keras
import tensorflow as tf

from malmoi.models import _recurrence


class _ByHand:
    """What the three have in common, for a subclass of a stock layer. recurrence: its cell in `_recurrence`."""

    recurrence: Any
    cell: Any
    activations: tuple[str, ...] = ("activation", "recurrent_activation")

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """(last output, outputs (batch, time, units), states). sequences: (batch, time, inputs); mask: (batch, time) or None."""
        if not self.by_hand:
            return super().inner_loop(sequences, initial_state, mask, training=training)  # type: ignore[misc]
        if training and self.cell.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None]  # one for all steps
        times = tf.transpose(sequences, [1, 0, 2])  # (time, batch, inputs)
        projected = tf.matmul(tf.reshape(times, [-1, times.shape[2]]), tf.cast(self.cell.kernel, times.dtype))
        shape = tf.shape(times)
        return self.run(tf.reshape(projected, [shape[0], shape[1], self.cell.kernel.shape[1]]), initial_state, _flat(mask))

    def read_rows(self, rows: Any, places: Any, mask: Any, states: Any) -> Any:
        """See the function of this name."""
        multiplied = tf.matmul(tf.cast(rows, self.compute_dtype), tf.cast(self.cell.kernel, self.compute_dtype))  # type: ignore[attr-defined]
        projected = tf.gather(tf.cast(multiplied, tf.float32), tf.transpose(places))  # (time, batch, gates * units)
        states = self.get_initial_state(tf.shape(places)[0]) if states is None else states  # type: ignore[attr-defined]
        final, outputs, last = self.run(projected, states, mask)
        shown = outputs if self.return_sequences else final  # type: ignore[attr-defined]
        return (shown, *last) if self.return_state else shown  # type: ignore[attr-defined]

    @property
    def by_hand(self) -> bool:
        """Whether this layer, as it was made and here, is run by `_recurrence`."""
        usual = (keras.activations.tanh, keras.activations.sigmoid)
        plain = all(getattr(self.cell, name) is function for name, function in zip(self.activations, usual, strict=False))
        return plain and not self.cell.recurrent_dropout and getattr(self.cell, "reset_after", True) and not _gpu()

    def run(self, projected: Any, initial_state: Any, mask: Any) -> Any:
        """As `inner_loop`, of what came from below already multiplied by the kernel: (time, batch, gates * units)."""
        seen = None if mask is None else tf.cast(tf.transpose(mask), tf.float32)[..., None]  # (time, batch, 1)
        if self.go_backwards:  # type: ignore[attr-defined]
            projected, seen = tf.reverse(projected, [0]), None if seen is None else tf.reverse(seen, [0])
        states = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        biases = [] if self.cell.bias is None else tf.unstack(tf.reshape(self.cell.bias, [-1, projected.shape[2]]))
        recurrent = tf.cast(self.cell.recurrent_kernel, self.compute_dtype)  # type: ignore[attr-defined]
        outputs, last = _recurrence.recur(self.recurrence, projected, [recurrent, *biases], states, seen)
        return self._shown(outputs, last, seen)

    def _shown(self, outputs: Any, last: Any, seen: Any) -> Any:
        """What is put out at padding: zeros where it is asked for, else the output before it, which is zeros before the first token."""
        final = last[0]
        if seen is not None:
            shown = seen if self.zero_output_for_mask else _begun(seen)  # type: ignore[attr-defined]
            outputs, final = outputs * shown, final * shown[-1]
        return final, tf.transpose(outputs, [1, 0, 2]), last


@keras.saving.register_keras_serializable("malmoi")
class SimpleRNN(_ByHand, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, faster to train."""

    recurrence, activations = _recurrence.Simple(), ("activation",)


@keras.saving.register_keras_serializable("malmoi")
class LSTM(_ByHand, keras.layers.LSTM):
    """`keras.layers.LSTM`, faster to train."""

    recurrence = _recurrence.LSTM()


@keras.saving.register_keras_serializable("malmoi")
class GRU(_ByHand, keras.layers.GRU):
    """`keras.layers.GRU`, faster to train."""

    recurrence = _recurrence.GRU()


def read_rows(reader: Any, table: Any, ids: Any, mask: Any = None, states: Any = None) -> Any:
    """`reader(table[ids], mask=mask, initial_state=states)` of one of these layers or a `Bidirectional` of them: (batch, time, units) or
    (batch, units), float32, and states where the layer returns them.

    A token that is there many times is looked up and multiplied by the kernel once, and its gradient summed before it is multiplied:
    of the syllables of 128 reviews one in seven is another. table: (width, inputs); ids: (batch, time).
    """
    tokens, places = tf.unique(tf.reshape(ids, [-1]))
    return _read(reader, tf.gather(table, tokens), tf.reshape(places, tf.shape(ids)), mask, states)


def _read(reader: Any, rows: Any, places: Any, mask: Any, states: Any) -> Any:
    if not isinstance(reader, keras.layers.Bidirectional):
        return reader.read_rows(rows, places, mask, states)
    forward, backward = (one.read_rows(rows, places, mask, states) for one in (reader.forward_layer, reader.backward_layer))
    return tf.concat([forward, tf.reverse(backward, [1]) if reader.return_sequences else backward], -1)


def reads_rows(reader: Any) -> bool:
    """Whether `read_rows` can: not where the stock loop runs, nor where inputs are dropped out."""
    cells = [reader.forward_layer, reader.backward_layer] if isinstance(reader, keras.layers.Bidirectional) else [reader]
    return all(one.by_hand and not one.cell.dropout for one in cells)


def _flat(mask: Any) -> Any:
    """(batch, time) of a mask as Keras hands it on."""
    return mask[0] if isinstance(mask, list | tuple) else mask


def _begun(seen: Any) -> Any:
    """(time, batch, 1) 1 from the first token on."""
    return tf.minimum(tf.cumsum(seen), 1.0)


def _gpu() -> bool:
    return bool(tf.config.list_logical_devices("GPU"))
