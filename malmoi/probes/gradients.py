"""Whether the gradient lives: its norm at a step, against that at the last step, in networks that have learned nothing yet."""

from dataclasses import field
from typing import Any

import numpy as np

from malmoi.batches import Spec
from malmoi.config import params
from malmoi.probing import Finding, Sources, columns, require
from malmoi.registry import find

VARIANTS: dict[str, dict[str, Any]] = {
    "SimpleRNN, tanh": {"cell": "simple"},
    "SimpleRNN, ReLU": {"cell": "simple", "activation": "relu"},
    "SimpleRNN, ReLU, identity": {"cell": "simple", "activation": "relu", "recurrent_initializer": "identity"},
    "GRU": {"cell": "gru"},
    "LSTM, forget bias 1": {"cell": "lstm"},
    "LSTM, forget bias 0": {"cell": "lstm", "forget_bias": 0.0},
}
FLOOR = 1e-30  # what counts as nothing, so that it has a logarithm


@params
class Params:
    """steps: vectors read, of standard normal numbers. far: steps back at which gradients are compared. units, texts: sizes.

    seeds: of first weights; the mean of logarithms is taken. more: times as much that a gradient must be for a claim to hold."""

    steps: int = 101
    far: int = 50
    units: int = 64
    texts: int = 16
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3])
    more: float = 100.0

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "seeds")
        if not 0 <= self.far < self.steps:
            raise ValueError(f"far should be from 0 to steps - 1 = {self.steps - 1}, not {self.far}: so many steps back there is nothing")


def measure(params: Params, sources: Sources) -> Finding:
    """Norms of gradients by distance from the end, as shares of that at the end."""
    shares = {name: _shares(params, variant) for name, variant in VARIANTS.items()}
    shown = sorted({*range(0, params.steps, max(1, params.steps // 20)), params.far})
    rows = [{"network": name, "distance": back, "gradient": float(share[back])} for name, share in shares.items() for back in shown]
    far = {name: float(share[params.far]) for name, share in shares.items()}
    said = "; ".join(f"{name} {value:.1e}" for name, value in far.items())
    measured = f"Norm of the gradient {params.far} steps back, as a share of that at the last step, before training: {said}."
    claim = (
        "The gradient of a SimpleRNN with tanh vanishes exponentially with distance (Bengio et al., 1994). With ReLU it depends on the "
        "weights alone, and lives, or explodes, most of all from the identity on (Le et al., 2015). Forget gates that begin open keep an "
        "LSTM's (Gers et al., 2000; Jozefowicz et al., 2015)."
    )
    parts = [
        far["SimpleRNN, tanh"] < 1 / params.more,
        far["SimpleRNN, ReLU, identity"] > params.more * far["SimpleRNN, tanh"],
        far["LSTM, forget bias 1"] > params.more * far["LSTM, forget bias 0"],
    ]
    held = parts[0] if len(set(parts)) == 1 else None
    return Finding(claim, measured, held, columns(rows), "distance", "gradient", "network", log=True)


def _shares(params: Params, variant: dict[str, Any]) -> np.ndarray:
    """(steps,) by distance from the end, the mean over seeds of logarithms."""
    family = find("models", "recurrent")
    found = []
    for seed in params.seeds:
        settings = family.Params(units=params.units, embedding=params.units, **variant)
        model = family.build(settings, family.Training(), Spec("classify", 4, 2, seed=seed))
        vectors = np.random.default_rng(seed).normal(size=(params.texts, params.steps, params.units)).astype(np.float32)
        norms = model.influence(vectors)[::-1]
        found.append(np.log(np.maximum(norms, FLOOR) / np.maximum(norms[0], FLOOR)))
    return np.asarray(np.exp(np.mean(found, 0)))
