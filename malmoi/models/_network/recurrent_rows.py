"""Reading ids from a table by the layers of `_recurrent_layers`, each token of a batch once, however often it is there."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf


def read_rows(reader: Any, table: Any, ids: Any, mask: Any = None, states: Any = None) -> Any:
    """`reader(table[ids], mask=mask, initial_state=states)` of one of these layers or a `Bidirectional` of them: (batch, time, units) or
    (batch, units), float32, and states where the layer returns them.

    A token that is there many times is looked up and multiplied by the kernel once, and its gradient summed before it is multiplied:
    of the syllables of 128 reviews one in seven is another. table: (width, inputs); ids: (batch, time).
    """
    across = tf.transpose(ids)  # (time, batch)
    tokens, places = tf.unique(tf.reshape(across, [-1]))
    order = tf.argsort(places)
    rows = _Rows(tf.gather(table, tokens), tf.reshape(places, tf.shape(across)), order, tf.gather(places, order))
    return _read(reader, rows, mask, states)


class _Rows(NamedTuple):
    """What a batch reads. vectors: (distinct tokens, inputs). places: (time, batch) whose vector is read where.
    order: (time * batch,) where the first token is read, counted step after step, then where the second is, and so on; which: (time *
    batch,) the tokens in that order."""

    vectors: Any
    places: Any
    order: Any
    which: Any

    def reversed(self) -> "_Rows":
        """From the last step to the first."""
        times, size = tf.unstack(tf.shape(self.places))
        return self._replace(places=tf.reverse(self.places, [0]), order=(times - 1 - self.order // size) * size + self.order % size)


def _read(reader: Any, rows: _Rows, mask: Any, states: Any) -> Any:
    if not isinstance(reader, keras.layers.Bidirectional):
        return _one(reader, rows, mask, states)
    half = len(states) // 2 if states else 0
    parts = [states[:half], states[half:]] if half else [None, None]
    both = [_one(one, rows, mask, own) for one, own in zip((reader.forward_layer, reader.backward_layer), parts, strict=True)]
    (forward, *begun), (backward, *ended) = both if reader.return_state else [(one,) for one in both]
    shown = tf.concat([forward, tf.reverse(backward, [1]) if reader.return_sequences else backward], -1)
    return (shown, *begun, *ended) if reader.return_state else shown


def _one(layer: Any, rows: _Rows, mask: Any, states: Any) -> Any:
    rows = rows.reversed() if layer.go_backwards else rows
    parts = layer.parts(layer.project(tf.cast(rows.vectors, layer.compute_dtype)))  # (distinct tokens, gates * units) each
    states = layer.get_initial_state(tf.shape(rows.places)[1]) if states is None else states
    final, outputs, last = layer.run([_placed(tf.cast(part, tf.float32), rows) for part in parts], states, layer.seen(mask))
    shown = outputs if layer.return_sequences else final
    return (shown, *last) if layer.return_state else shown


def _placed(multiplied: Any, rows: _Rows) -> Any:
    """(time, batch, width) of multiplied, (distinct tokens, width). Its gradient goes through the tokens in order, which TensorFlow's own,
    of a lookup, takes three times as long for."""

    @tf.custom_gradient
    def looked_up(multiplied: Any) -> Any:
        def gradient(by: Any) -> Any:
            return tf.raw_ops.SparseSegmentSum(data=tf.reshape(by, [-1, by.shape[-1]]), indices=rows.order, segment_ids=rows.which)

        return tf.gather(multiplied, rows.places), gradient

    return looked_up(multiplied)


def reads_rows(reader: Any) -> bool:
    """Whether `read_rows` can."""
    return all(one.reads_rows for one in directions(reader))


def directions(reader: Any) -> list[Any]:
    """The one layer, or both of a `Bidirectional`."""
    return [reader.forward_layer, reader.backward_layer] if isinstance(reader, keras.layers.Bidirectional) else [reader]
