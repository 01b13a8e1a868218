"""Other forms of the recurrent cells, learned by our loop, against the same equations written out step by step and left to TensorFlow's
gradient: outputs, states, every gradient, with padding; and against the stock layers where Keras has the form."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from malmoi.models._network import recurrent_layers, recurrent_rows
from malmoi.models._network.cell_equations import Form

BATCH, TIME, INPUTS, UNITS = 4, 6, 3, 5
KINDS = {"simple": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
LENGTHS = np.array([6, 3, 1, 0])[:, None]  # the last row is padding only
MASKS = {"none": None, "after": np.arange(TIME) < LENGTHS, "before": np.arange(TIME) >= TIME - LENGTHS, "gaps": np.eye(4, TIME) == 0}
ALL = {"normalization": "layer", "recurrent_dropout": 0.5, "peephole": True, "zoneout": 0.3, "zoneout_memory": 0.4, "weight_dropout": 0.5}
FORMS: list[tuple[str, str, dict[str, Any]]] = [
    ("lstm", "none", {"peephole": True}),
    ("lstm", "gaps", {"normalization": "layer"}),
    ("gru", "before", {"normalization": "layer"}),
    ("simple", "after", {"normalization": "layer"}),
    ("lstm", "after", {"normalization": "batch"}),
    ("gru", "none", {"normalization": "batch"}),
    ("simple", "gaps", {"normalization": "batch"}),
    ("lstm", "none", {"zoneout": 0.5, "zoneout_memory": 0.3}),
    ("lstm", "after", {"zoneout_memory": 0.5}),
    ("gru", "before", {"zoneout": 0.5}),
    ("simple", "none", {"zoneout": 0.5, "weight_dropout": 0.5}),
    ("gru", "after", {"weight_dropout": 0.5, "recurrent_dropout": 0.5}),
    ("lstm", "after", {"weight_dropout": 0.5}),
    ("lstm", "gaps", ALL),
]


def layer_of(kind: str, options: dict[str, Any]) -> Any:
    """A layer with random weights, gains and statistics too."""
    layer = getattr(recurrent_layers, KINDS[kind])(UNITS, options=options, return_sequences=True, return_state=True, seed=7)
    layer.build((None, None, INPUTS))
    random = np.random.default_rng(1)
    layer.set_weights([random.uniform(0.2, 0.9, weight.shape).astype(np.float32) for weight in layer.get_weights()])
    return layer


def given(kind: str) -> tuple[Any, list[Any]]:
    random = np.random.default_rng(2)
    shapes = [(BATCH, TIME, INPUTS), *[(BATCH, UNITS)] * (2 if kind == "lstm" else 1)]
    inputs, *states = (tf.constant(random.normal(size=shape).astype(np.float32)) for shape in shapes)
    return inputs, states


def graded(read: Any, layer: Any, inputs: Any, states: Any) -> list[np.ndarray]:
    """Outputs, states, and gradients of a sum of them, each number weighted otherwise, by inputs, first states and weights."""
    with tf.GradientTape() as tape:
        tape.watch([inputs, *states])
        results = read(inputs, states)
        loss = tf.add_n(
            [tf.reduce_sum(one * tf.reshape(tf.cos(tf.range(tf.size(one), dtype=tf.float32)), tf.shape(one))) for one in results]
        )
    gradients = tape.gradient(loss, [inputs, *states, *(weight.value for weight in layer.trainable_variables)])
    return [np.asarray(one) for one in [*results, *gradients]]


class Draws:
    """The random masks that a layer's next call in training will draw, as a layer in the same state of its generator draws them."""

    def __init__(self, layer: Any) -> None:
        seed = keras.random.SeedGenerator(0)
        seed.state.assign(layer.cell.seed_generator.state)
        form, shape = layer.form, layer.cell.recurrent_kernel.shape
        kept = keras.random.uniform(shape, seed=seed) >= form.weight_dropout if form.weight_dropout else np.True_
        self.weights = tf.cast(kept, tf.float32) / (1 - form.weight_dropout)
        shape, rate = (TIME, BATCH, UNITS), form.recurrent_dropout
        self.stays = [keras.random.uniform(shape, seed=seed) < rate if rate else np.zeros(shape, bool) for rate in form.zoneouts]
        self.hidden = keras.random.dropout(tf.ones((BATCH, UNITS)), rate, seed=seed) if rate else 1.0


def normal(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return (x - mean) / tf.sqrt(variance + 1e-5)


def by_gates(x: Any, gates: int) -> Any:
    return tf.split(x, gates, -1)


def simple(form: Form, own: dict[str, Any], x: Any, product: Any, states: Any) -> list[Any]:
    """Ba et al. (2016), equation 4."""
    if form.normalization == "layer":
        return [tf.tanh(normal(x + product) * own["gain"] + own["bias"])]
    return [tf.tanh(x + own["bias"] + product)]


def lstm(form: Form, own: dict[str, Any], x: Any, product: Any, states: Any) -> list[Any]:
    """Ba et al. (2016), equations 20 to 22; Gers and Schmidhuber (2000), equations of their section 3."""
    layered = form.normalization == "layer"
    if layered:
        x, product = normal(x) * own["below_gain"], normal(product) * own["above_gain"]
    seen = tf.unstack(own["peephole"].value) if form.peephole else [0.0] * 3
    write, keep, candidate, show = by_gates(x + product + own["bias"], 4)
    memory = tf.sigmoid(keep + seen[1] * states[1]) * states[1] + tf.sigmoid(write + seen[0] * states[1]) * tf.tanh(candidate)
    shown = normal(memory) * own["memory_gain"] + own["memory_bias"] if layered else memory
    return [tf.sigmoid(show + seen[2] * memory) * tf.tanh(shown), memory]


def gru(form: Form, own: dict[str, Any], x: Any, product: Any, states: Any) -> list[Any]:
    """Ba et al. (2016), equations 23 to 26, with Keras's order of gates and meaning of the update."""
    if form.normalization == "layer":
        x, product = (tf.concat([normal(one[:, : 2 * UNITS]), normal(one[:, 2 * UNITS :])], 1) for one in (x, product))
        x, product = x * own["below_gain"], product * own["above_gain"]
    (update, reset, rest), (above, back, recalled) = by_gates(x + own["bias"][0], 3), by_gates(product + own["bias"][1], 3)
    update, candidate = tf.sigmoid(update + above), tf.tanh(rest + tf.sigmoid(reset + back) * recalled)
    return [update * states[0] + (1 - update) * candidate]


def unrolled(kind: str, layer: Any, mask: Any, draws: Draws) -> Any:
    """The layer in training, one step after the other. What stays as it was by padding or zoneout is chosen, not computed."""
    own, cell = {**layer.own, "bias": layer.cell.bias}, layer.cell
    seen = np.ones((BATCH, TIME), bool) if mask is None else mask

    def read(inputs: Any, states: Any) -> list[Any]:
        projected, outputs = tf.einsum("bti,ig->btg", inputs, cell.kernel.value), []
        if layer.form.normalization == "batch":
            tokens = tf.boolean_mask(projected, seen)
            mean, variance = tf.nn.moments(tokens, [0])
            projected = (projected - mean) / tf.sqrt(variance + 1e-5) * own["below_gain"]
        for time in range(TIME):
            product = tf.matmul(states[0] * draws.hidden, cell.recurrent_kernel * draws.weights)
            new = {"simple": simple, "lstm": lstm, "gru": gru}[kind](layer.form, own, projected[:, time], product, states)
            old = [draws.stays[place][time] | ~seen[:, time, None] for place in range(len(new))]
            states = [tf.where(stays, before, after) for stays, before, after in zip(old, states, new, strict=True)]
            outputs.append(states[0] * seen[:, : time + 1].any(1, keepdims=True))
        return [tf.stack(outputs, 1), *states]

    return read


@pytest.mark.parametrize(("kind", "mask", "options"), FORMS, ids=str)
def test_training_is_what_the_equations_give(kind: str, mask: str, options: dict[str, Any]) -> None:
    layer, (inputs, states) = layer_of(kind, options), given(kind)
    draws, padding = Draws(layer), MASKS[mask]
    ours = tf.function(lambda inputs, states: layer(inputs, initial_state=states, mask=padding, training=True))
    found = graded(ours, layer, inputs, states)
    expected = graded(unrolled(kind, layer, padding, draws), layer, inputs, states)
    assert len(found) == 2 * (1 + len(states)) + len(layer.trainable_variables)
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, abs=1e-5 * max(1.0, float(np.abs(one).max())))


CURVES = [
    ("simple", {"activation": "relu"}),
    ("lstm", {"activation": "hard_tanh", "recurrent_activation": "hard_sigmoid"}),
    ("gru", {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}),
]


@pytest.mark.parametrize(("kind", "curves"), CURVES, ids=str)
def test_other_activations_are_those_of_keras(kind: str, curves: dict[str, str]) -> None:
    layers = [
        getattr(home, KINDS[kind])(UNITS, return_sequences=True, return_state=True, **curves) for home in (recurrent_layers, keras.layers)
    ]
    (inputs, states), mask = given(kind), MASKS["after"]
    for layer in layers:
        layer.build((None, None, INPUTS))
        layer.set_weights(layer_of(kind, {}).get_weights())
    found, expected = (
        graded(lambda inputs, states, layer=one: layer(inputs, initial_state=states, mask=mask), one, inputs, states) for one in layers
    )
    assert layers[0].by_hand
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_dropout_is_that_of_keras_with_one_mask_for_all_gates(kind: str) -> None:
    layer, (inputs, states) = layer_of(kind, {"recurrent_dropout": 0.5}), given(kind)
    mask = Draws(layer).hidden
    assert set(np.unique(mask)) == {0.0, 2.0}
    stock = getattr(keras.layers, KINDS[kind])(UNITS, return_sequences=True, return_state=True, recurrent_dropout=0.5)
    stock.build((None, None, INPUTS))
    stock.set_weights(layer.get_weights())
    stock.cell._recurrent_dropout_mask = [mask] * stock.cell.dropout_mask_count if kind != "simple" else mask
    found, expected = (
        graded(lambda inputs, states, layer=one: layer(inputs, initial_state=states, training=True), one, inputs, states)
        for one in (layer, stock)
    )
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


def test_moving_statistics_follow_those_of_all_tokens_that_are_no_padding() -> None:
    layer, (inputs, _) = layer_of("gru", {"normalization": "batch"}), given("gru")
    before = {name: weight.numpy() for name, weight in layer.own.items()}
    layer(inputs, mask=MASKS["after"])
    assert layer.own["below_mean"].numpy().tolist() == before["below_mean"].tolist()  # only in training
    layer(inputs, mask=MASKS["after"], training=True)
    tokens = inputs.numpy()[MASKS["after"]] @ layer.cell.kernel.numpy()  # 10 of 24
    assert layer.own["below_mean"].numpy() == pytest.approx(0.9 * before["below_mean"] + 0.1 * tokens.mean(0), abs=1e-5)
    assert layer.own["below_variance"].numpy() == pytest.approx(0.9 * before["below_variance"] + 0.1 * tokens.var(0), abs=1e-5)
    assert [weight.name for weight in layer.non_trainable_weights] == ["below_mean", "below_variance"]


def test_masks_are_drawn_anew_and_again_where_the_generator_is_put_back() -> None:
    layer, (inputs, states) = layer_of("lstm", {**ALL, "normalization": "none"}), given("lstm")
    generator = layer.cell.seed_generator.state
    assert any(generator is one for one in layer.variables)
    start = generator.numpy()
    first, second = (layer(inputs, initial_state=states, training=True)[0].numpy() for _ in range(2))
    generator.assign(start)
    assert first.tobytes() == layer(inputs, initial_state=states, training=True)[0].numpy().tobytes() != second.tobytes()
    assert layer(inputs, initial_state=states)[0].numpy().tobytes() == layer(inputs, initial_state=states)[0].numpy().tobytes()


def test_rows_are_read_once_where_training_answers_as_ever() -> None:
    layer = layer_of("lstm", {"normalization": "layer", "peephole": True})
    table = np.random.default_rng(4).normal(size=(7, INPUTS)).astype(np.float32)
    ids = np.array([[1, 2, 1, 3], [4, 4, 0, 0]])
    assert recurrent_rows.reads_rows(layer)
    expected = layer(table[ids], mask=ids != 0)[0].numpy()
    assert recurrent_rows.read_rows(layer, table, ids, ids != 0)[0].numpy() == pytest.approx(expected, abs=1e-5)
    others = ({"zoneout": 0.1}, {"weight_dropout": 0.1}, {"recurrent_dropout": 0.1}, {"normalization": "batch"})
    assert not any(recurrent_rows.reads_rows(layer_of("lstm", options)) for options in others)


def test_saved_and_loaded_with_its_options(tmp_path: Path) -> None:
    layer = recurrent_layers.LSTM(UNITS, options=ALL, return_sequences=True)
    model = keras.Sequential([keras.layers.Input((None, INPUTS)), keras.layers.Bidirectional(layer)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    inputs, _ = given("lstm")
    assert loaded.layers[0].backward_layer.form == layer.form == Form(**ALL)
    assert loaded(inputs).numpy().tobytes() == model(inputs).numpy().tobytes()


def test_options_that_keras_alone_would_run_are_refused() -> None:
    for stock in ({"activation": "selu"}, {"recurrent_dropout": 0.5}, {"use_bias": False}):
        with pytest.raises(ValueError, match=r"options .* need biases, reset_after, activations among"):
            recurrent_layers.LSTM(UNITS, options={"zoneout": 0.1}, **stock)


@pytest.mark.parametrize(("kind", "options"), [("lstm", ALL), ("gru", {"normalization": "batch", "zoneout": 0.3})], ids=str)
def test_bfloat16_products_are_close(kind: str, options: dict[str, Any]) -> None:
    (inputs, states), results = given(kind), []
    for policy in ("float32", "mixed_bfloat16"):
        layer = getattr(recurrent_layers, KINDS[kind])(UNITS, options=options, return_state=True, seed=7, dtype=policy)
        layer.build((None, None, INPUTS))
        random = np.random.default_rng(1)
        layer.set_weights([random.uniform(0.2, 0.5, weight.shape) for weight in layer.get_weights()])
        outputs = layer(inputs, initial_state=states, mask=MASKS["after"], training=True)
        results.append([np.asarray(keras.ops.cast(one, "float32")) for one in outputs])
    assert outputs[0].dtype == "bfloat16"
    for one, other in zip(*results, strict=True):
        assert other == pytest.approx(one, abs=0.03)
