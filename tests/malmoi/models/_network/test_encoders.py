"""A classifier that begins with language models reads as they did, from both ends, before it has learned anything."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import labelled_sequences, sequences

from malmoi.batches import Spec, pad
from malmoi.config import ConfigError
from malmoi.models import recurrent
from malmoi.models._network import embeddings, encoders
from malmoi.models._network.network import Network
from malmoi.models._network.sequence_model import SequenceModel
from malmoi.models._network.trainer import prepare
from malmoi.pretrained import Pretrained

WIDTH, SHAPE = 8, {"cell": "lstm", "units": 5, "layers": 2}


def language_model(seed: int) -> SequenceModel:
    spec = Spec("language_model", WIDTH, seed=seed)
    model = recurrent.build(recurrent.Params(embedding=3, tied=True, **SHAPE), recurrent.Training(), spec)  # type: ignore[arg-type]
    network = Network(model.design, spec)
    random = np.random.default_rng(seed)
    network.set_weights([random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in network.get_weights()])
    model.weights = network.export()
    return model


def classifier(pretrained: Pretrained, **shape: object) -> SequenceModel:
    spec = Spec("classify", WIDTH, 2, pretrained=pretrained)
    model = recurrent.build(recurrent.Params(**(SHAPE | shape)), recurrent.Training(epochs=1), spec)  # type: ignore[arg-type]
    prepare(1)
    model.weights = Network(model.design, spec).export()
    return model


def read(model: SequenceModel, ids: np.ndarray) -> np.ndarray:
    return model._read(ids, model.start(len(ids)), embeddings.mask(ids))[0]


def test_both_directions_read_as_the_language_models_did() -> None:
    ahead, back = language_model(1), language_model(2)
    texts = sequences([[3, 5, 4, 6, 7], [4, 4], [7]])
    model = classifier(Pretrained(encoders.KIND, encoders.both(ahead.weights, back.weights)), bidirectional=True)
    rows = np.arange(3)
    found = read(model, pad(texts, rows, 9))  # (3, 5, 10)
    mask = embeddings.mask(pad(texts, rows, 9))
    expected = read(ahead, pad(texts, rows, 9))
    assert found[..., :5][mask] == pytest.approx(expected[mask], abs=1e-6)
    turned = pad(replace(encoders.turned(texts), padding="before"), rows, 9)  # so that it is the other one turned round
    assert found[..., 5:][mask] == pytest.approx(read(back, turned)[:, ::-1][mask], abs=1e-6)


def test_one_direction_reads_as_the_language_model_did_and_learns_on() -> None:
    ahead = language_model(1)
    model = classifier(Pretrained(encoders.KIND, encoders.one(ahead.weights)))
    texts = labelled_sequences(30)
    ids = pad(texts.inputs, np.arange(4), 9)  # type: ignore[arg-type]
    assert read(model, ids) == pytest.approx(read(ahead, ids), abs=1e-6)
    before = model.weights["reader1.forward.recurrent"].copy()
    model.fit(texts, labelled_sequences(10, seed=1), lambda epoch: None)
    assert not np.array_equal(model.weights["reader1.forward.recurrent"], before)


def test_another_shape_is_refused() -> None:
    pretrained = Pretrained(encoders.KIND, encoders.both(language_model(1).weights, language_model(2).weights))
    for wrong in ({"units": 6}, {"bidirectional": False}, {"cell": "gru"}, {"layers": 1}):
        with pytest.raises(ConfigError, match="another shape"):
            classifier(pretrained, **({"bidirectional": True} | wrong))


def test_reversed_texts() -> None:
    texts = sequences([[3, 4, 5], [], [6]])
    assert [encoders.turned(texts)[place].tolist() for place in range(3)] == [[5, 4, 3], [], [6]]


def test_lower_layers_learn_later_and_slower() -> None:
    ahead, texts = language_model(1), labelled_sequences(40)

    def moved(**training: object) -> dict[str, float]:
        spec = Spec("classify", WIDTH, 2, pretrained=Pretrained(encoders.KIND, encoders.one(ahead.weights)))
        settings = recurrent.Training(learning_rate=0.01, patience=9, **training)  # type: ignore[arg-type]
        model = recurrent.build(recurrent.Params(**SHAPE), settings, spec)  # type: ignore[arg-type]
        model.fit(texts, labelled_sequences(10, seed=1), lambda epoch: None)
        names = ("embedding", "reader0.forward.recurrent", "reader1.forward.recurrent")
        return {name: float(np.abs(model.weights[name] - ahead.weights[name]).max()) for name in names}

    first = moved(epochs=1, unfreeze=1)
    assert set(first.values()) == {0.0}, "in the first epoch the head learns alone"
    assert moved(epochs=1)["embedding"] > 0
    slow = moved(epochs=1, discriminative=2.6)
    assert 0 < slow["embedding"] < slow["reader0.forward.recurrent"] < slow["reader1.forward.recurrent"]
