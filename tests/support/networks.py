"""Untrained networks of every family, for tests of what they compute."""

from typing import Any

import numpy as np

from malmoi import registry
from malmoi.batches import Sequences, Spec
from malmoi.config import read
from malmoi.models import _keras, _network
from malmoi.models._sequence_model import SequenceModel


def untrained(family: str, spec: Spec, shape: dict[str, Any], texts: Sequences | None = None) -> tuple[SequenceModel, _network.Network]:
    """A model with random weights (biases too, so that none is left out), and the Keras network that they came from. texts: what says on
    which side batches are filled up."""
    module = registry.find("models", family)
    _keras.prepare(3)
    model = module.build(read(module.Params, {"embedding": 8} | shape, "test"), module.Training(), spec)
    network = _network.Network(model.design, spec, texts)
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in network.get_weights()])
    model.weights = network.export()
    return model, network
