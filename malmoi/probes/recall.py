"""How far back a cell remembers: the first token of a sequence is asked for at its end, with distractors between
(Hochreiter and Schmidhuber, 1997, section 5)."""

from dataclasses import field
from typing import Any

import numpy as np

from malmoi.batches import Spec, Split
from malmoi.config import params
from malmoi.probing import GATED, NETWORKS, PLAIN, Finding, Sources, accuracy, columns, learn, require, texts

FIRST = 3  # the first id that is no special token
ENOUGH = 0.9  # share of rightly recalled tokens that counts as remembering


@params
class Params:
    """distances: tokens between the one that is asked for and the end. symbols: as many different tokens. texts, epochs, units: sizes."""

    distances: list[int] = field(default_factory=lambda: [5, 10, 20, 40, 80])
    symbols: int = 4
    texts: int = 1500
    epochs: int = 20
    units: int = 32

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "distances")


def measure(params: Params, sources: Sources) -> Finding:
    """Train each network at each distance; one that fails at a distance is not asked for longer ones, where it counts as chance."""
    rows, farthest = [], dict.fromkeys(NETWORKS, 0)
    for name, network in NETWORKS.items():
        share = 1.0
        for distance in params.distances:
            share = _recalled(params, network, distance) if share >= ENOUGH else 1 / params.symbols
            rows.append({"network": name, "distance": distance, "recalled": share})
            farthest[name] = distance if share >= ENOUGH else farthest[name]
    said = ", ".join(f"{name.replace(',', '')} {distance}" for name, distance in farthest.items())
    measured = f"The farthest distance at which {ENOUGH:.0%} are recalled, of {params.distances}: {said} tokens."
    claim = (
        "Gated cells (LSTM, GRU) carry a token over distances at which a SimpleRNN has lost it "
        "(Hochreiter and Schmidhuber, 1997; Cho et al., 2014)."
    )
    held = all(farthest[name] > farthest[PLAIN] for name in GATED)
    told = any(farthest[name] for name in (PLAIN, *GATED)) and farthest[PLAIN] < max(
        params.distances
    )  # none has learned it, or none can fail
    return Finding(claim, measured, held, columns(rows), "distance", "recalled", "network", told=told)


def _recalled(params: Params, network: dict[str, Any], distance: int) -> float:
    spec = Spec("classify", FIRST + 2 * params.symbols, params.symbols, seed=1)
    model: dict[str, Any] = {"family": "recurrent", **network, "units": params.units, "embedding": 16}
    training = {"epochs": params.epochs, "patience": params.epochs, "batch_size": 50, "learning_rate": 0.005, "schedule": "cosine"}
    train, valid, test = (_drawn(params, distance, number, seed) for seed, number in enumerate((params.texts, 200, 400)))
    return accuracy(learn(model, training, spec, train, valid).model, test)


def _drawn(params: Params, distance: int, number: int, seed: int) -> Split:
    random = np.random.default_rng(seed)
    first = random.integers(params.symbols, size=number)
    rest = random.integers(params.symbols, 2 * params.symbols, size=(number, distance))
    return texts(list(np.concatenate([first[:, None], rest], 1) + FIRST), first)
