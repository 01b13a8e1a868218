"""Recurrent networks: they learn order, padding changes nothing, state carries, parameter counts are those of the literature."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from synthetic import labelled_sequences, language_split, sequences

from malmoi.batches import Spec, Split, pad
from malmoi.config import ConfigError
from malmoi.models import recurrent
from malmoi.models._network import sequence_model
from malmoi.models._network.network import Network
from malmoi.models._network.sequence_model import SequenceModel
from malmoi.models._network.trainer import prepare


def classifier(**shape: object) -> SequenceModel:
    params = recurrent.Params(units=8, embedding=8, **shape)  # type: ignore[arg-type]
    training = recurrent.Training(epochs=8, batch_size=16, learning_rate=0.02, patience=8)
    return recurrent.build(params, training, Spec("classify", 8, 2, seed=1))


def untrained(spec: Spec, **shape: object) -> tuple[SequenceModel, Network]:
    """A model with random weights (biases too, so that none is left out), and the Keras network that they came from."""
    params = recurrent.Params(units=8, embedding=6, **shape)  # type: ignore[arg-type]
    prepare(3)
    model = recurrent.build(params, recurrent.Training(), spec)
    network = Network(model.design, spec)
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in network.get_weights()])
    model.weights = network.export()
    return model, network


SHAPES = [
    *({"cell": cell} for cell in ("simple", "lstm", "gru")),
    *({"cell": cell, "bidirectional": True, "layers": 2} for cell in ("simple", "lstm", "gru")),
    {"bidirectional": True, "pooling": "mean"},
    {"cell": "lstm", "pooling": "max", "layers": 2},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reads_as_keras_does_with_padding(shape: dict[str, object]) -> None:
    model, network = untrained(Spec("classify", 8, 3), **shape)
    texts = labelled_sequences(12).inputs
    ids = pad(texts, np.arange(12), 99)  # type: ignore[arg-type]
    logits, _ = network(ids)
    assert (ids == 0).any()
    assert model._logits(ids) == pytest.approx(logits.numpy(), abs=1e-5)


STREAMS = [{"cell": "simple"}, {"cell": "lstm", "layers": 2}, {"cell": "gru", "layers": 2}, {"cell": "lstm", "tied": True}]


@pytest.mark.parametrize("shape", STREAMS, ids=str)
def test_carries_state_as_keras_does(shape: dict[str, object]) -> None:
    model, network = untrained(Spec("language_model", 8), **shape)
    ids = np.array([[3, 4, 5, 6], [5, 5, 2, 7]], np.int32)
    first, states = network(ids, network.initial(2))
    second, _ = network(ids, states)
    state, found = model.start(2), []
    for column in np.concatenate([ids, ids], 1).T:
        shares, state = model.next(state, column)
        found.append(shares)
    expected = keras.ops.log_softmax(keras.ops.concatenate([first, second], 1)).numpy()
    assert np.stack(found, 1) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("cell", ["simple", "lstm", "gru"])
def test_learns_order(cell: str) -> None:
    model = classifier(cell=cell)
    train, test = labelled_sequences(200), labelled_sequences(100, seed=5)
    model.fit(train, test, lambda epoch: None)
    assert (model.predict(test.inputs).argmax(1) == test.labels).mean() > 0.95


@pytest.mark.parametrize("shape", [{"bidirectional": True}, {"pooling": "mean"}, {"pooling": "max"}, {"layers": 2}], ids=str)
def test_padding_changes_nothing(shape: dict[str, object]) -> None:
    model, _ = untrained(Spec("classify", 8, 2), **shape)
    short, long = [3, 5, 4], [4, 5, 6, 7, 5, 6, 7, 3]
    alone = model.predict(sequences([short]))
    beside = model.predict(sequences([short, long]))
    assert pad(sequences([short, long]), np.array([0, 1]), 99).shape == (2, 8)
    assert beside[0] == pytest.approx(alone[0], abs=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_padding_before_gives_the_same_as_padding_after(shape: dict[str, object]) -> None:
    model, network = untrained(Spec("classify", 8, 3), **shape)
    texts = sequences([[3, 5, 4], [4, 5, 6, 7, 5, 6, 7, 3], [], [6]])
    before = replace(texts, padding="before")
    ids = pad(before, np.arange(4), 99)
    assert ids[0].tolist() == [0, 0, 0, 0, 0, 3, 5, 4]
    expected = network(pad(texts, np.arange(4), 99))[0].numpy()
    assert network(ids)[0].numpy() == pytest.approx(expected, abs=1e-5)
    assert model._logits(ids) == pytest.approx(expected, abs=1e-5)
    assert model.predict(before) == pytest.approx(model.predict(texts), abs=1e-6)


def test_cudnn_is_not_asked_for_what_it_refuses() -> None:
    texts = sequences([[3, 4]])
    for padding, asked in (("before", False), ("after", "auto")):
        design = recurrent.build(recurrent.Params(cell="lstm"), recurrent.Training(), Spec("classify", 8, 2)).design
        network = Network(design, Spec("classify", 8, 2), replace(texts, padding=padding))  # type: ignore[arg-type]
        assert network.readers[0].inner.use_cudnn == asked


def test_the_limit_cuts_where_the_sequences_say() -> None:
    model, _ = untrained(Spec("classify", 8, 2))
    model.training = recurrent.Training(limit=2)
    texts = replace(sequences([[3, 4, 5, 6]]), truncation="before")
    assert model.predict(texts) == pytest.approx(model.predict(sequences([[5, 6]])), abs=1e-6)


def test_empty_text_has_an_answer() -> None:
    model, _ = untrained(Spec("classify", 8, 2))
    assert model.predict(sequences([[], [3, 4]])).sum(1) == pytest.approx([1, 1], abs=1e-5)


@pytest.mark.parametrize(("cell", "gates", "biases"), [("simple", 1, 1), ("lstm", 4, 4), ("gru", 3, 6)])
def test_parameter_counts(cell: str, gates: int, biases: int) -> None:
    # the cell has gates * units * (inputs + units) weights; Keras's GRU (reset_after) has two bias vectors
    model, network = untrained(Spec("classify", 9, 2), cell=cell)
    assert model.parameters == 9 * 6 + gates * 8 * (6 + 8) + biases * 8 + 8 * 2 + 2 == network.count_params()


def test_tied_weights_are_the_embedding_and_are_counted_once() -> None:
    # 9 tokens of 6 numbers; an LSTM of 8 units; 8 units to 6 numbers; a bias for each token
    model, network = untrained(Spec("language_model", 9), cell="lstm", tied=True)
    assert model.parameters == 9 * 6 + 4 * (8 * (6 + 8) + 8) + 8 * 6 + 9 == network.count_params()
    assert "head.kernel" not in model.weights
    with pytest.raises(ConfigError, match="tied"):
        classifier(tied=True)


def test_a_tied_language_model_learns(tmp_path: Path) -> None:
    params = recurrent.Params(units=8, embedding=6, tied=True)
    training = recurrent.Training(epochs=20, batch_size=4, steps=8, learning_rate=0.05, patience=20)
    model = recurrent.build(params, training, Spec("language_model", 8))
    split = language_split([[3, 4, 5, 6, 7] * 8] * 4)
    losses: list[float] = []
    model.fit(split, split, lambda epoch: losses.append(epoch.valid_loss))
    assert losses[-1] < 0.5 < losses[0]
    model.save(tmp_path)
    assert recurrent.load(tmp_path).predict(split.inputs) == pytest.approx(model.predict(split.inputs), abs=1e-6)
    assert -model.predict(split.inputs).mean() == pytest.approx(min(losses), abs=0.1)


def test_long_streams_are_scored_in_chunks_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = untrained(Spec("language_model", 8), cell="lstm")
    inputs = language_split([[3, 4, 5, 6, 7] * 8]).inputs
    whole = model.predict(inputs)
    monkeypatch.setattr(sequence_model, "CHUNK", 7)
    assert model.predict(inputs) == pytest.approx(whole, abs=1e-5)


def test_early_stopping_keeps_the_best_weights() -> None:
    params = recurrent.Params(units=4, embedding=4)
    training = recurrent.Training(epochs=30, patience=2, batch_size=8, learning_rate=0.1)
    model = recurrent.build(params, training, Spec("classify", 8, 2, seed=1))
    train = labelled_sequences(40)
    valid = Split(train.inputs, 1 - train.labels, train.characters, train.bytes)  # what is learned makes this worse
    losses: list[float] = []
    model.fit(train, valid, lambda epoch: losses.append(epoch.valid_loss))
    shares = model.predict(valid.inputs)
    kept = -np.log(shares[np.arange(40), valid.labels]).mean()
    assert len(losses) == losses.index(min(losses)) + 1 + 2
    assert kept == pytest.approx(min(losses), abs=1e-4)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="reads from the end"):
        recurrent.build(recurrent.Params(bidirectional=True), recurrent.Training(), Spec("language_model", 8))
    with pytest.raises(ConfigError, match="kind sequence"):
        untrained(Spec("classify", 8, 2))[0].predict(np.zeros((2, 2)))  # type: ignore[arg-type]


def test_exploding_loss_says_where() -> None:
    model = recurrent.build(
        recurrent.Params(units=4, embedding=4),
        recurrent.Training(epochs=3, batch_size=4, learning_rate=float("inf")),
        Spec("classify", 8, 2),
    )
    said = r"epoch 1, batch 2 of 10: the loss became (nan|inf) \(learning rate inf, .*; lower training.learning"
    with pytest.raises(ConfigError, match=said):
        model.fit(labelled_sequences(40), labelled_sequences(8), lambda epoch: None)
