"""A language model that begins every text afresh: no text knows another one, and learning, scoring and writing agree on it."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from synthetic import language_split, sequences

from malmoi import registry
from malmoi.batches import END, Spec
from malmoi.config import read
from malmoi.models._network import afresh
from malmoi.models._network.feeds import Feeds
from malmoi.models._network.network import Network
from malmoi.models._network.sequence_model import SequenceModel
from malmoi.models._network.trainer import Trainer, prepare

TEXTS = [[3, 4, 5, 6, 7, 3, 4], [5], [], [6, 7, 3], [4, 4, 4, 4]]


FAMILIES: list[tuple[str, dict[str, Any]]] = [
    ("recurrent", {"units": 6, "cell": "lstm", "layers": 2}),
    ("qrnn", {"units": 6, "width": 3}),
    ("transformer", {"heads": 1, "inner": 6, "context": 4}),
    ("wavenet", {"channels": 5, "skips": 5, "layers": 2}),
]


@pytest.fixture(scope="module", params=FAMILIES, ids=str)
def given(request: pytest.FixtureRequest) -> tuple[SequenceModel, Network]:
    """An untrained model with random weights, and its network."""
    prepare(3)
    family, shape = request.param
    module = registry.find("models", family)
    training = module.Training(reset=True, steps=3, batch_size=2)
    model = module.build(read(module.Params, {"embedding": 6} | shape, "test"), training, Spec("language_model", 8))
    network = Network(model.design, model.spec, None)
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.9, weight.shape).astype(np.float32) for weight in network.get_weights()])
    model.weights = network.export()
    return model, network


def alone(model: SequenceModel) -> np.ndarray:
    """Log probabilities of every text read by itself, one after the other."""
    return np.concatenate([model._score(sequences([text]).stream()) for text in TEXTS])


def test_every_text_is_scored_as_if_it_were_the_only_one(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = given
    expected = alone(model)
    assert model.predict(sequences(TEXTS)) == pytest.approx(expected, abs=1e-5)
    assert np.abs(model._score(sequences(TEXTS).stream()) - expected).max() > 0.01, "what carries its state gives others"
    monkeypatch.setattr(afresh, "STEPS", 2)
    monkeypatch.setattr(afresh, "TEXTS", 2)
    assert model.predict(sequences(TEXTS)) == pytest.approx(expected, abs=1e-5)


def test_reading_token_by_token_begins_afresh_at_every_end(given: Any) -> None:
    model, _ = given
    stream = sequences(TEXTS).stream()
    state, found = model.start(2), []
    for token, wanted in pairwise(stream):
        shares, state = model.next(state, np.array([token, 4]))  # the second stream never ends
        found.append(shares[0, wanted])
    assert np.array(found) == pytest.approx(alone(model), abs=1e-5)
    assert (stream == END).sum() == len(TEXTS) + 1


def test_its_loss_in_training_is_that_of_the_texts_alone(given: Any) -> None:
    model, network = given
    trainer = Trainer(network, model.training, 1)
    assert trainer._validate(Feeds(language_split(TEXTS), model.training, True, 1).ordered) == pytest.approx(-alone(model).mean(), abs=1e-5)
