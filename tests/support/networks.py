"""Untrained networks of every family, for tests of what they compute."""

from typing import Any

import numpy as np

from malmoi import registry
from malmoi.batches import Sequences, Spec
from malmoi.config import read
from malmoi.models._network.network import Network
from malmoi.models._network.sequence_model import SequenceModel
from malmoi.models._network.trainer import prepare


def untrained(family: str, spec: Spec, shape: dict[str, Any], texts: Sequences | None = None) -> tuple[SequenceModel, Network]:
    """A model with random weights (biases too, so that none is left out), and the Keras network that they came from. texts: what says on
    which side batches are filled up."""
    module = registry.find("models", family)
    prepare(3)
    model = module.build(read(module.Params, {"embedding": 8} | shape, "test"), module.Training(), spec)
    network = Network(model.design, spec, texts)
    random = np.random.default_rng(1)
    network.set_weights([random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in network.get_weights()])
    model.weights = network.export()
    return model, network
