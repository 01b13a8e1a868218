"""A language model that begins every text afresh: no text knows another one, and learning, scoring and writing agree on it."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from synthetic import language_split, sequences

from malmoi.batches import END, Spec
from malmoi.models import _afresh, _keras, _network, recurrent
from malmoi.models._feeds import Feeds
from malmoi.models._sequence_model import SequenceModel

TEXTS = [[3, 4, 5, 6, 7, 3, 4], [5], [], [6, 7, 3], [4, 4, 4, 4]]


@pytest.fixture(scope="module")
def given() -> tuple[SequenceModel, _network.Network]:
    """An untrained model with random weights, and its network."""
    _keras.prepare(3)
    params = recurrent.Params(units=6, embedding=5, cell="lstm", layers=2)
    model = recurrent.build(params, recurrent.Training(reset=True, steps=3, batch_size=2), Spec("language_model", 8))
    network = _network.Network(model.design, model.spec, None)
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
    monkeypatch.setattr(_afresh, "STEPS", 2)
    monkeypatch.setattr(_afresh, "TEXTS", 2)
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
    trainer = _keras.Trainer(network, model.training, 1)
    assert trainer._validate(Feeds(language_split(TEXTS), model.training, True, 1).ordered) == pytest.approx(-alone(model).mean(), abs=1e-5)
