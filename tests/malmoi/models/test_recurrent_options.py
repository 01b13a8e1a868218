"""Recurrent networks with all that they can be set to: what is trained in Keras is what answers in numpy, padding changes nothing, and
what means nothing is refused."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from synthetic import labelled_sequences, language_split, sequences

from malmoi.batches import Spec, pad
from malmoi.config import ConfigError
from malmoi.models import recurrent
from malmoi.models._network import arrays, cells
from malmoi.models._network.blocks import Given
from malmoi.models._network.cell_equations import Form
from malmoi.models._network.network import Network
from malmoi.models._network.sequence_model import SequenceModel
from malmoi.models._network.trainer import prepare

pytestmark = pytest.mark.long

NOISE = {"recurrent_dropout": 0.3, "weight_dropout": 0.4, "zoneout": 0.2}
LSTM = {"cell": "lstm", "zoneout_memory": 0.3, "peephole": True, **NOISE}
SHAPES: list[dict[str, Any]] = [
    {**LSTM, "normalization": "layer", "bidirectional": True, "layers": 2, "residual": True},
    {**LSTM, "normalization": "batch", "activation": "hard_tanh", "recurrent_activation": "hard_sigmoid"},
    {**NOISE, "cell": "gru", "normalization": "layer", "activation": "softsign", "layers": 2, "residual": True},
    {**NOISE, "cell": "gru", "normalization": "batch", "bidirectional": True, "layers": 2, "residual": True, "pooling": "concat"},
    {**NOISE, "cell": "simple", "normalization": "layer", "layers": 3, "residual": True},
    {"cell": "simple", "normalization": "batch", "activation": "relu", "recurrent_initializer": "identity"},
]


def untrained(spec: Spec, **shape: Any) -> tuple[SequenceModel, Network]:
    """A model with random weights, gains and statistics, and the Keras network that they came from."""
    prepare(3)
    model = recurrent.build(recurrent.Params(units=8, embedding=6, **shape), recurrent.Training(), spec)
    network = Network(model.design, spec)
    random = np.random.default_rng(1)
    drawn = [random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in network.weights]
    pairs = zip(network.weights, drawn, strict=True)
    network.set_weights([np.abs(one) + 0.1 if weight.name == "below_variance" else one for weight, one in pairs])
    model.weights = network.export()
    return model, network


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_answers_as_keras_does_wherever_padding_is(shape: dict[str, Any]) -> None:
    model, network = untrained(Spec("classify", 8, 3), **shape)
    texts = sequences([[3, 5, 4], [4, 5, 6, 7, 5, 6, 7, 3], [], [6]])
    ids = pad(texts, np.arange(4), 99)
    before = np.stack([np.roll(row, (row == 0).sum()) for row in ids])  # padding first
    expected = network(ids)[0].numpy()
    assert np.ptp(expected, 0).min() > 1e-3
    assert model._logits(ids) == pytest.approx(expected, abs=1e-5)
    assert network(before)[0].numpy() == pytest.approx(expected, abs=1e-5)
    assert model._logits(before) == pytest.approx(expected, abs=1e-5)
    assert model._logits(ids[:1, :3])[0] == pytest.approx(expected[0], abs=1e-5)
    assert model._logits(np.array([[6]])) == pytest.approx(expected[3:], abs=1e-5)


@pytest.mark.parametrize("shape", [{**LSTM, "normalization": "layer", "layers": 2, "residual": True}, {"cell": "gru", **NOISE}], ids=str)
def test_a_language_model_carries_state_as_keras_does(shape: dict[str, Any]) -> None:
    model, network = untrained(Spec("language_model", 8), **shape)
    ids = np.array([[3, 4, 5, 6], [5, 5, 2, 7]], np.int32)
    first, states = network(ids, network.initial(2))
    second, _ = network(ids, states)
    state, found = model.start(2), []
    for column in np.concatenate([ids, ids], 1).T:
        shares, state = model.next(state, column)
        found.append(shares)
    generators = [reader.inner.cell.seed_generator.state for reader in (getattr(one, "reader", one) for one in network.readers)]
    assert all(any(state is one for one in network.variables) for state in generators)  # so that who saves these saves the masks to come
    expected = keras.ops.log_softmax(keras.ops.concatenate([first, second], 1)).numpy()
    assert np.stack(found, 1) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("problem", "shape"), [("classify", SHAPES[3]), ("language_model", LSTM)], ids=str)
def test_learns_and_gives_the_same_bytes_from_the_same_seed(problem: str, shape: dict[str, Any], tmp_path: Path) -> None:
    spec = Spec("classify", 8, 2, seed=1) if problem == "classify" else Spec("language_model", 8, seed=1)
    split = labelled_sequences(32) if problem == "classify" else language_split([[3, 4, 5, 6, 7] * 4] * 4)
    training = recurrent.Training(epochs=6, batch_size=8, steps=6, learning_rate=0.02)
    saved, losses = [], []
    for name in ("one", "two"):
        model = recurrent.build(recurrent.Params(units=8, embedding=6, **shape), training, spec)
        model.fit(split, split, lambda epoch: losses.append(epoch.valid_loss))
        model.save(tmp_path / name)
        saved.append((tmp_path / name / "weights.npz").read_bytes())
    assert min(losses) < losses[0] - 0.05
    assert saved[0] == saved[1]
    assert recurrent.load(tmp_path / "two").predict(split.inputs) == pytest.approx(model.predict(split.inputs), abs=1e-6)


COUNTS = [  # beside those of the plain cell: 8 units, of each direction of each layer
    ({"cell": "lstm", "peephole": True}, 3 * 8),
    ({"cell": "lstm", "normalization": "layer"}, 32 + 32 + 8 + 8),  # gains of both products, gain and shift of the memory
    ({"cell": "gru", "normalization": "layer", "bidirectional": True}, 2 * (24 + 24)),
    ({"cell": "simple", "normalization": "layer"}, 8),
    ({"cell": "gru", "normalization": "batch"}, 3 * 24),  # gain, moving mean, moving variance
    ({"cell": "lstm", **NOISE, "zoneout_memory": 0.1}, 0),
]


@pytest.mark.parametrize(("shape", "more"), COUNTS, ids=str)
def test_parameter_counts(shape: dict[str, Any], more: int) -> None:
    model, network = untrained(Spec("classify", 9, 2), **shape)
    plain, _ = untrained(Spec("classify", 9, 2), cell=shape["cell"], bidirectional=shape.get("bidirectional", False))
    assert model.parameters == plain.parameters + more == network.count_params()
    assert {name: one.shape for name, one in model.weights.items() if name.startswith("reader0.")} == {
        f"reader0.{name}": weight.shape for name, weight in model.design.blocks[0].weights().items()
    }
    assert model.design.blocks[0].multiply_adds() == plain.design.blocks[0].multiply_adds()  # all of it acts number by number


def test_a_residual_text_is_the_last_output_of_each_direction() -> None:
    layer = recurrent.Layer(recurrent.Params(units=1, bidirectional=True), 2, residual=True)
    hidden = np.arange(12.0).reshape(2, 3, 2)  # 0 1 | 2 3 | 4 5, and 6 7 | 8 9 | 10 11
    mask = np.array([[True, True, False], [False, True, True]])
    assert layer.last(arrays, hidden, [], mask).tolist() == [[2, 1], [10, 9]]
    assert layer.last(arrays, hidden, [], None).tolist() == [[4, 1], [10, 7]]
    forward = recurrent.Layer(recurrent.Params(units=2), 2, residual=True)
    assert forward.last(arrays, hidden, [], mask).tolist() == [[2, 3], [10, 11]]


def test_only_layers_above_the_first_add_what_they_read() -> None:
    model, _ = untrained(Spec("language_model", 8), cell="lstm", layers=3, residual=True)
    assert [block.residual for block in model.design.blocks] == [False, True, True]  # type: ignore[attr-defined]
    weights = model._own("reader1")
    hidden = np.random.default_rng(2).normal(size=(1, 4, 8)).astype(np.float32)
    states = [np.zeros((1, 8), np.float32)] * 2
    plain = recurrent.Layer(recurrent.Params(units=8, cell="lstm"), 8)
    found, expected = (one.read(Given(arrays, weights), hidden, states, None)[0] for one in (model.design.blocks[1], plain))
    assert found == pytest.approx(hidden + expected, abs=1e-6)


def test_zoneout_answers_by_what_is_to_be_expected() -> None:
    one = np.ones((1, 1), np.float32)
    cell = cells.Cell("simple", one, 0 * one, np.zeros(1, np.float32), form=Form(zoneout=0.25))
    _, (state,) = cells.read(cell, np.full((1, 1, 1), 0.5, np.float32), [one])
    assert state[0, 0] == pytest.approx(0.25 * 1 + 0.75 * np.tanh(0.5))


def test_what_it_begins_with() -> None:
    design = recurrent.build(
        recurrent.Params(cell="lstm", units=8, bidirectional=True, forget_bias=2.5), recurrent.Training(), Spec("classify", 8, 2)
    ).design
    found = Network(design, Spec("classify", 8, 2)).readers[0].export()
    for direction in ("forward", "backward"):
        assert found[f"{direction}.bias"].tolist() == [0.0] * 8 + [2.5] * 8 + [0.0] * 16
        assert found[f"{direction}.recurrent"] @ found[f"{direction}.recurrent"].T == pytest.approx(np.eye(8), abs=1e-5)
    params = recurrent.Params(cell="simple", units=8, activation="relu", recurrent_initializer="identity")
    design = recurrent.build(params, recurrent.Training(), Spec("classify", 8, 2)).design
    assert Network(design, Spec("classify", 8, 2)).readers[0].export()["forward.recurrent"].tolist() == np.eye(8).tolist()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"cell": "gru", "peephole": True}, "model.peephole: a cell of kind gru has no memory"),
    ({"cell": "simple", "zoneout_memory": 0.1}, "model.zoneout_memory: a cell of kind simple has no memory"),
    ({"cell": "gru", "forget_bias": 2.0}, "model.forget_bias: a cell of kind gru has no forget gate"),
    ({"cell": "simple", "recurrent_activation": "hard_sigmoid"}, "model.recurrent_activation: a cell of kind simple has no gates"),
    ({"cell": "lstm", "recurrent_initializer": "identity"}, "model.recurrent_initializer: a cell of kind lstm has gates"),
    ({"weight_dropout": 1.0}, "model.weight_dropout: should be at least 0 and less than 1, found 1.0"),
    ({"zoneout": -0.1}, "model.zoneout: should be at least 0"),
    ({"residual": True}, "model.residual: joins a layer to the next, and there is one; set model.layers to 2 or more"),
]


@pytest.mark.parametrize(("shape", "said"), REFUSED, ids=str)
def test_refusals(shape: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        recurrent.build(recurrent.Params(**shape), recurrent.Training(), Spec("classify", 8, 2))
