"""Reading ids from a table by the layers of `_recurrent_layers`, each token of a batch once, however often it is there."""

from typing import Any

import keras
import tensorflow as tf


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
        return _one(reader, rows, places, mask, states)
    half = len(states) // 2 if states else 0
    parts = [states[:half], states[half:]] if half else [None, None]
    both = [_one(one, rows, places, mask, own) for one, own in zip((reader.forward_layer, reader.backward_layer), parts, strict=True)]
    (forward, *begun), (backward, *ended) = both if reader.return_state else [(one,) for one in both]
    shown = tf.concat([forward, tf.reverse(backward, [1]) if reader.return_sequences else backward], -1)
    return (shown, *begun, *ended) if reader.return_state else shown


def _one(layer: Any, rows: Any, places: Any, mask: Any, states: Any) -> Any:
    multiplied = layer.project(tf.cast(rows, layer.compute_dtype))
    order = tf.transpose(tf.reverse(places, [1]) if layer.go_backwards else places)
    projected = tf.gather(tf.cast(multiplied, tf.float32), order)  # (time, batch, gates * units)
    states = layer.get_initial_state(tf.shape(places)[0]) if states is None else states
    final, outputs, last = layer.run(projected, states, mask)
    shown = outputs if layer.return_sequences else final
    return (shown, *last) if layer.return_state else shown


def reads_rows(reader: Any) -> bool:
    """Whether `read_rows` can."""
    return all(one.reads_rows for one in directions(reader))


def directions(reader: Any) -> list[Any]:
    """The one layer, or both of a `Bidirectional`."""
    return [reader.forward_layer, reader.backward_layer] if isinstance(reader, keras.layers.Bidirectional) else [reader]
