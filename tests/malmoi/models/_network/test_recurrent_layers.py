"""The hand-written recurrences against the stock Keras layers: outputs, states, every gradient, masks; files; both precisions."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from malmoi.models._network import recurrent_layers, recurrent_rows
from malmoi.models._network.trainer import prepare

KINDS = ["SimpleRNN", "LSTM", "GRU"]
BATCH, TIME, INPUTS, UNITS = 4, 6, 3, 5
LENGTHS = np.array([6, 3, 1, 0])[:, None]  # the last row is padding only
MASKS = {"none": None, "after": np.arange(TIME) < LENGTHS, "before": np.arange(TIME) >= TIME - LENGTHS, "gaps": np.eye(4, TIME) == 0}
SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("none", {"return_sequences": True}),
    ("none", {"use_bias": False}),
    ("after", {"return_sequences": True, "go_backwards": True}),
    ("after", {"go_backwards": True, "zero_output_for_mask": True}),
    ("before", {"return_sequences": True, "use_bias": False}),
    ("before", {}),
    ("gaps", {"return_sequences": True, "zero_output_for_mask": True}),
]


def pair(kind: str, **shape: Any) -> tuple[Any, Any]:
    """A stock layer and ours with the same random weights, biases too."""
    layers = [getattr(home, kind)(UNITS, return_state=True, **shape) for home in (keras.layers, recurrent_layers)]
    random = np.random.default_rng(1)
    for layer in layers:
        layer.build((None, None, INPUTS))
    weights = [random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers[0], layers[1]


def run(layer: Any, inputs: Any, states: Any, mask: Any) -> list[np.ndarray]:
    """Outputs, states, and the gradients of a sum of them, each number weighted otherwise, by inputs, first states and weights."""

    @tf.function
    def both(inputs: Any, states: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([inputs, *states])
            results = layer(inputs, initial_state=list(states), mask=mask)
            loss = tf.add_n([tf.reduce_sum(one * weighted(one)) for one in results])
        return results, tape.gradient(loss, [inputs, *states, *(weight.value for weight in layer.trainable_variables)])

    return [np.asarray(one) for one in tf.nest.flatten(both(inputs, states))]


def weighted(tensor: Any) -> Any:
    return tf.cast(tf.reshape(tf.cos(tf.cast(tf.range(tf.size(tensor)), tf.float32)), tf.shape(tensor)), tensor.dtype)


def given(kind: str, batch: int = BATCH, time: int = TIME) -> tuple[Any, list[Any]]:
    random = np.random.default_rng(2)
    shapes = [(batch, UNITS)] * (2 if kind == "LSTM" else 1)
    inputs, *states = (tf.constant(random.normal(size=shape).astype(np.float32)) for shape in [(batch, time, INPUTS), *shapes])
    return inputs, states


@pytest.mark.parametrize(("mask", "shape"), SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_states_and_gradients_are_those_of_keras(kind: str, mask: str, shape: dict[str, Any]) -> None:
    stock, ours = pair(kind, **shape)
    inputs, states = given(kind)
    padding = None if MASKS[mask] is None else tf.constant(MASKS[mask])
    expected, found = (run(layer, inputs, states, padding) for layer in (stock, ours))
    assert ours.by_hand
    assert len(expected) == len(found) >= 5
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


@pytest.mark.parametrize(("batch", "time"), [(1, 1), (1, 4)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_single_step_and_a_single_text(kind: str, batch: int, time: int) -> None:
    inputs, states = given(kind, batch, time)
    expected, found = (run(layer, inputs, states, None) for layer in pair(kind, return_sequences=True))
    assert all(other == pytest.approx(one, abs=1e-5) for one, other in zip(expected, found, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_both_directions_as_keras_joins_them(kind: str) -> None:
    inputs, _ = given(kind)
    mask = tf.constant(MASKS["after"])
    answers = []
    for home in (keras.layers, recurrent_layers):
        layer = keras.layers.Bidirectional(getattr(home, kind)(UNITS, return_sequences=True))
        layer.build(inputs.shape)
        random = np.random.default_rng(3)
        layer.set_weights([random.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
        answers.append(layer(inputs, mask=mask).numpy())
    assert answers[1] == pytest.approx(answers[0], abs=1e-5)
    assert not answers[1][3].any()  # zeros at padding


@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_read_once_are_read_the_same(kind: str, states: bool) -> None:
    reader = pair(kind, return_sequences=True)[1]
    table = tf.Variable(np.random.default_rng(4).normal(size=(7, INPUTS)).astype(np.float32))
    ids = tf.constant([[1, 2, 1, 3, 0, 0], [4, 4, 4, 4, 4, 6], [5, 0, 0, 0, 0, 0], [0] * 6])
    first = given(kind)[1] if states else None
    results = []
    for read in (
        lambda: reader(tf.gather(table, ids), mask=ids != 0, initial_state=first),
        lambda: recurrent_rows.read_rows(reader, table, ids, ids != 0, first),
    ):
        with tf.GradientTape() as tape:
            found = read()
            loss = tf.add_n([tf.reduce_sum(one * weighted(one)) for one in found])
        gradients = tape.gradient(loss, [table, *(weight.value for weight in reader.trainable_variables)])
        results.append([*found, *(tf.convert_to_tensor(one) for one in gradients)])
    for one, other in zip(*results, strict=True):
        assert other.numpy() == pytest.approx(one.numpy(), abs=1e-5)


def test_rows_read_once_in_both_directions() -> None:
    reader = keras.layers.Bidirectional(recurrent_layers.GRU(UNITS, return_sequences=True))
    table = np.random.default_rng(4).normal(size=(7, INPUTS)).astype(np.float32)
    ids = np.array([[1, 2, 1, 3], [4, 4, 0, 0]])
    expected = reader(table[ids], mask=tf.constant(ids != 0))
    assert recurrent_rows.read_rows(reader, table, ids, ids != 0).numpy() == pytest.approx(expected.numpy(), abs=1e-5)


OTHER: list[tuple[str, dict[str, Any]]] = [
    ("LSTM", {"activation": "selu"}),
    ("SimpleRNN", {"activation": None}),
    ("GRU", {"reset_after": False}),
    ("LSTM", {"recurrent_dropout": 0.5}),
]


@pytest.mark.parametrize(("kind", "shape"), OTHER, ids=str)
def test_what_is_not_written_by_hand_is_left_to_keras(kind: str, shape: dict[str, Any]) -> None:
    stock, ours = pair(kind, return_sequences=True, **shape)
    inputs, states = given(kind)
    assert not ours.by_hand
    assert not recurrent_rows.reads_rows(ours)
    expected, found = (layer(inputs, initial_state=states)[0].numpy() for layer in (stock, ours))
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_gpu_is_left_to_cudnn_but_for_what_keras_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrent_layers, "_gpu", lambda: True)
    stock, ours = pair("LSTM", return_sequences=True)
    inputs, states = given("LSTM")
    assert not ours.by_hand
    assert not recurrent_rows.reads_rows(ours)
    assert ours(inputs, initial_state=states)[0].numpy() == pytest.approx(stock(inputs, initial_state=states)[0].numpy(), abs=1e-6)
    assert recurrent_layers.LSTM(UNITS, options={"zoneout": 0.1}).by_hand


def test_input_dropout_is_one_mask_for_all_steps() -> None:
    layer = recurrent_layers.SimpleRNN(INPUTS, dropout=0.5, return_sequences=True, use_bias=False, seed=1)
    layer.build((1, 5, INPUTS))
    layer.set_weights([np.eye(INPUTS), np.zeros((INPUTS, INPUTS))])
    outputs = layer(tf.ones((1, 5, INPUTS)), training=True).numpy()[0]
    assert (outputs == outputs[0]).all()
    assert set(np.unique(outputs.round(4))) == {0.0, np.float32(np.tanh(2.0)).round(4)}
    assert layer(tf.ones((1, 5, INPUTS))).numpy() == pytest.approx(np.tanh(1.0))


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_as_keras_models_are(kind: str, tmp_path: Path) -> None:
    layer = keras.layers.Bidirectional(getattr(recurrent_layers, kind)(UNITS, return_sequences=True))
    model = keras.Sequential([keras.layers.Input((None, INPUTS)), layer, getattr(recurrent_layers, kind)(UNITS)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    inputs, _ = given(kind)
    assert type(loaded.layers[1]).__module__ == recurrent_layers.__name__
    assert loaded(inputs).numpy().tobytes() == model(inputs).numpy().tobytes()


def test_starts_as_the_literature_says() -> None:
    layer = recurrent_layers.LSTM(UNITS)
    layer.build((None, None, INPUTS))
    _, recurrent, bias = layer.get_weights()
    assert recurrent @ recurrent.T == pytest.approx(np.eye(UNITS), abs=1e-5)
    assert bias.tolist() == [0.0] * UNITS + [1.0] * UNITS + [0.0] * 2 * UNITS


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_products_are_close(kind: str) -> None:
    ours = pair(kind, return_sequences=True)[1]
    half = getattr(recurrent_layers, kind)(UNITS, return_sequences=True, return_state=True, dtype="mixed_bfloat16")
    half.build((None, None, INPUTS))
    half.set_weights(ours.get_weights())
    inputs, states = given(kind)
    mask = tf.constant(MASKS["after"])
    expected, found = (run(layer, inputs, states, mask) for layer in (ours, half))
    assert half(inputs)[0].dtype == "bfloat16"
    for one, other in zip(expected, found, strict=True):
        assert other.astype(np.float32) == pytest.approx(one, abs=0.05 * max(1.0, float(np.abs(one).max())))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_again(kind: str) -> None:
    results = []
    for _ in range(2):
        prepare(5)
        ours = pair(kind, return_sequences=True)[1]
        results.append([one.tobytes() for one in run(ours, *given(kind), tf.constant(MASKS["after"]))])
    assert results[0] == results[1]
