"""What every network must hold, whatever it is made of: it answers in numpy what it learned in Keras, padding changes no answer and no
gradient, a stream read in parts is the stream read at once, and what comes later changes nothing before it."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import untrained
from synthetic import language_split, sequences

from malmoi import registry
from malmoi.batches import Spec, pad
from malmoi.config import ConfigError
from malmoi.models._network import losses, sequence_model
from malmoi.models._network.network import Network

TEXTS = sequences([[3, 5, 4], [4, 5, 6, 7, 5, 6, 7, 3, 3], [], [6], [7, 7, 4, 3, 5]])
ROWS = np.arange(5)
FRONT = {"width": 3, "filters": 6, "stride": 2, "pool": 2}
CLASSIFIERS: list[tuple[str, dict[str, Any]]] = [
    ("bag", {}),
    ("bag", {"pooling": "attention"}),
    ("qrnn", {"units": 6, "layers": 2, "width": 3}),
    ("qrnn", {"units": 6, "width": 1, "pooling": "attention"}),
    ("recurrent", {"units": 6, "layers": 2, "bidirectional": True, "pooling": "attention"}),
    ("recurrent", {"units": 6, "cell": "lstm", "layers": 2, "residual": True}),
    ("recurrent", {"units": 6, "cell": "simple"}),
    ("recurrent", {"units": 6, "front": FRONT, "bidirectional": True, "pooling": "concat"}),
    ("recurrent", {"units": 6, "front": FRONT | {"stride": 1, "pool": 3}, "cell": "lstm"}),
    ("recurrent", {"units": 6, "front": FRONT | {"width": 4, "stride": 3, "pool": 1}, "pooling": "mean"}),
    ("textcnn", {"widths": [1, 2, 5], "filters": 3}),
    ("textcnn", {"widths": [3], "filters": 3, "pooling": "concat"}),
    ("transformer", {"heads": 2, "inner": 10, "context": 3}),
    ("transformer", {"heads": 2, "inner": 10, "context": 4, "bidirectional": True, "pooling": "mean"}),
    ("transformer", {"heads": 2, "inner": 10, "bidirectional": True, "positions": "none", "pooling": "max"}),
    ("wavenet", {"channels": 5, "skips": 4, "layers": 3}),
    ("wavenet", {"channels": 5, "skips": 4, "layers": 2, "cycles": 2, "width": 3, "pooling": "max"}),
]
STREAMS: list[tuple[str, dict[str, Any]]] = [
    ("qrnn", {"units": 6, "layers": 2, "width": 3, "tied": True}),
    ("qrnn", {"units": 6, "width": 1, "adaptive": [5]}),
    ("recurrent", {"units": 6, "cell": "lstm", "layers": 2, "tied": True}),
    ("recurrent", {"units": 6, "cell": "gru", "adaptive": [5]}),
    ("recurrent", {"units": 6, "cell": "simple", "layers": 2, "residual": True}),
    ("transformer", {"heads": 2, "inner": 10, "context": 4}),
    ("transformer", {"heads": 1, "inner": 10, "context": 9, "positions": "none", "tied": True, "adaptive": [5]}),
    ("wavenet", {"channels": 5, "skips": 4, "layers": 3, "tied": True}),
    ("wavenet", {"channels": 5, "skips": 4, "layers": 2, "cycles": 2, "width": 3, "adaptive": [5]}),
]
SPEC, STREAM = Spec("classify", 8, 3), Spec("language_model", 8)
IDS = np.random.default_rng(0).integers(2, 8, (2, 24)).astype(np.int32)

classifiers = pytest.mark.parametrize(("family", "shape"), CLASSIFIERS, ids=str)
streams = pytest.mark.parametrize(("family", "shape"), STREAMS, ids=str)


def first_of_each(cases: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """One case of every family."""
    return [next(case for case in cases if case[0] == family) for family in sorted({family for family, _ in cases})]


def paddings() -> list[np.ndarray]:
    """The same texts filled up after, before, and on both sides by more."""
    after, before = pad(TEXTS, ROWS, 99), pad(replace(TEXTS, padding="before"), ROWS, 99)
    return [after, before, np.pad(after, [(0, 0), (3, 5)])]


def nats(logits: Any, wanted: np.ndarray) -> Any:
    return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(wanted, tf.cast(logits, tf.float32), from_logits=True))


@classifiers
def test_padding_changes_no_answer(family: str, shape: dict[str, Any]) -> None:
    model, network = untrained(family, SPEC, shape, replace(TEXTS, padding="before"))
    alone = np.concatenate([model._logits(pad(TEXTS, ROWS[row : row + 1], 99)) for row in ROWS])
    assert np.ptp(alone, 0).min() > 0.01  # texts have different answers
    for ids in paddings():
        assert model._logits(ids) == pytest.approx(alone, abs=1e-5)
        assert network(ids)[0].numpy() == pytest.approx(alone, abs=1e-5)
    assert model.predict(replace(TEXTS, padding="before")) == pytest.approx(model.predict(TEXTS), abs=1e-6)


@classifiers
def test_padding_changes_no_gradient(family: str, shape: dict[str, Any]) -> None:
    _, network = untrained(family, SPEC, shape, replace(TEXTS, padding="before"))
    wanted, found = np.array([0, 1, 2, 1, 0], np.int32), []
    for ids in paddings():
        with tf.GradientTape() as tape:
            loss = nats(network(ids, training=True)[0], wanted)
        found.append([tf.convert_to_tensor(one).numpy() for one in tape.gradient(loss, network.trainable_variables)])
    for one, other, third, weight in zip(*found, network.trainable_variables, strict=True):
        rows = slice(1, None) if "embedding" in weight.path else slice(None)  # but for the vector of PAD
        assert np.stack([other[rows], third[rows]]) == pytest.approx(np.stack([one[rows]] * 2), abs=2e-5)


@streams
def test_a_stream_in_parts_is_the_stream(family: str, shape: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, network = untrained(family, STREAM, shape)
    whole = network(IDS, network.initial(2))[0].numpy()
    states, own, parts, shown = network.initial(2), model.start(2), [], []
    for begin, end in [(0, 1), (1, 3), (3, 10), (10, 24)]:
        logits, states = network(IDS[:, begin:end], states)
        hidden, own, _ = model._read(IDS[:, begin:end], own, None)
        parts.append(logits.numpy())
        shown.append(hidden)
    scores = model.design.head.scores(sequence_model.arrays, model._own("head"), np.concatenate(shown, 1))
    assert np.concatenate(parts, 1) == pytest.approx(whole, abs=2e-5)
    assert scores == pytest.approx(whole, abs=2e-5)
    assert [[one.shape for one in state] for state in own] == [[one.shape for one in state] for state in model.start(2)]
    stream = language_split([IDS[0].tolist()]).inputs
    scored = model.predict(stream)
    monkeypatch.setattr(sequence_model, "CHUNK", 5)
    assert model.predict(stream) == pytest.approx(scored, abs=2e-5)


@streams
def test_one_token_at_a_time(family: str, shape: dict[str, Any]) -> None:
    model, network = untrained(family, STREAM, shape)
    expected = keras.ops.log_softmax(network(IDS, network.initial(2))[0]).numpy()
    state, found = model.start(2), []
    for column in IDS.T:
        shares, state = model.next(state, column)
        found.append(shares)
    assert np.stack(found, 1) == pytest.approx(expected, abs=2e-5)
    assert all(one.dtype == np.float32 and len(one) == 2 for part in state for one in part)


@streams
def test_what_comes_later_changes_nothing_before_it(family: str, shape: dict[str, Any]) -> None:
    _, network = untrained(family, STREAM, shape)
    other = IDS.copy()
    other[:, 12:] = 9 - other[:, 12:]
    first, second = (network(ids, network.initial(2))[0].numpy() for ids in (IDS, other))
    assert second[:, :12] == pytest.approx(first[:, :12], abs=1e-6)
    assert np.abs(second[:, 12] - first[:, 12]).max() > 1e-3


@streams
def test_the_loss_is_that_of_its_answers(family: str, shape: dict[str, Any]) -> None:
    model, network = untrained(family, STREAM, shape)
    inputs = language_split([IDS[0].tolist()]).inputs
    stream = inputs.stream()  # type: ignore[union-attr]
    loss = network.cost(stream[None, :-1], stream[None, 1:], network.initial(1), False, losses.Aim())[0]
    assert -model.predict(inputs).mean() == pytest.approx(float(loss), abs=1e-4)


@pytest.mark.parametrize(("family", "shape"), [*first_of_each(CLASSIFIERS), *first_of_each(STREAMS)], ids=str)
def test_products_in_bfloat16_give_nearly_the_same_loss(family: str, shape: dict[str, Any]) -> None:
    spec = SPEC if (family, shape) in CLASSIFIERS else STREAM
    model, network = untrained(family, spec, shape)
    mixed = Network(model.design, spec, None, "mixed_bfloat16")
    mixed.set_weights(network.get_weights())
    ids, wanted = (paddings()[1], np.array([0, 1, 2, 1, 0], np.int32)) if spec is SPEC else (IDS[:, :-1], IDS[:, 1:])
    expected = float(nats(network(ids, network.initial(len(ids)))[0], wanted))
    with tf.GradientTape() as tape:
        logits, states = mixed(ids, mixed.initial(len(ids)), training=True)
        found = nats(logits, wanted)
    assert float(found) == pytest.approx(expected, rel=0.03)
    assert all(np.isfinite(tf.convert_to_tensor(one)).all() for one in tape.gradient(found, mixed.trainable_variables))
    assert {one.dtype for one in tf.nest.flatten(states)} <= {tf.float32}


@pytest.mark.parametrize(("family", "shape"), [*CLASSIFIERS, *STREAMS], ids=str)
def test_every_weight_is_in_a_row_of_the_summary(family: str, shape: dict[str, Any]) -> None:
    model, network = untrained(family, SPEC if (family, shape) in CLASSIFIERS else STREAM, shape)
    assert sum(row.parameters for row in model.layers) == model.parameters == network.count_params()


@pytest.mark.parametrize(
    ("family", "shape", "spec", "said"),
    [
        ("bag", {}, STREAM, "a bag has no order"),
        ("bag", {"embedding": 0}, SPEC, "model.embedding: should be 1 or more, found 0"),
        ("bag", {"dropout": 1.0}, SPEC, "model.dropout: should be at least 0 and less than 1, found 1.0"),
        ("qrnn", {"hidden_dropout": -0.1}, STREAM, "model.hidden_dropout"),
        ("qrnn", {"pooling": "mean"}, STREAM, "model.pooling: a language model shows its head what it read at every step"),
        ("recurrent", {"units": 0}, SPEC, "model.units"),
        ("recurrent", {"layers": 0}, STREAM, "model.layers"),
        ("textcnn", {"filters": 0}, SPEC, "model.filters"),
        ("textcnn", {}, STREAM, "both sides"),
        ("textcnn", {"widths": [3, 3]}, SPEC, "model.widths"),
        ("recurrent", {"front": FRONT}, STREAM, "model.front"),
        ("recurrent", {"front": FRONT | {"pool": 0}}, SPEC, "model.front.pool"),
        ("qrnn", {"zoneout": 1.0}, STREAM, "model.zoneout"),
        ("qrnn", {"width": 0}, STREAM, "model.width"),
        ("transformer", {"bidirectional": True}, STREAM, "what follows"),
        ("transformer", {"heads": 3}, STREAM, "model.heads"),
        ("transformer", {"context": 0}, STREAM, "model.context"),
        ("wavenet", {"width": 1}, STREAM, "model.width"),
    ],
    ids=str,
)
def test_refusals(family: str, shape: dict[str, Any], spec: Spec, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        untrained(family, spec, shape)


def test_no_family_is_left_out() -> None:
    networks = set(registry.names("models")) - {"linear", "ngram"}
    assert {family for family, _ in CLASSIFIERS} == networks
    assert {family for family, _ in STREAMS} == networks - {"bag", "textcnn"}  # which refuse to be language models
