"""Reproducing what was read: a row of symbols, a mark, and the row once more, as a language model (Graves et al., 2014, section 4.1)."""

from dataclasses import field
from typing import Any

import numpy as np

from malmoi.batches import Spec, Split
from malmoi.config import params
from malmoi.probing import GATED, NETWORKS, PLAIN, Finding, Sources, columns, learn, require, texts

MARK, FIRST = 3, 4
SURE = 0.05  # of the bits of guessing: a copy that costs less is perfect, one that costs as little less than guessing is none


@params
class Params:
    """lengths: symbols in a row. symbols: as many different ones. texts, epochs, units: sizes."""

    lengths: list[int] = field(default_factory=lambda: [2, 4, 8, 16])
    symbols: int = 8
    texts: int = 1500
    epochs: int = 12
    units: int = 64

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "lengths")


def measure(params: Params, sources: Sources) -> Finding:
    """Bits per symbol of the second row, for each network and length."""
    rows = [
        {"network": name, "length": length, "bits": _bits(params, network, length)}
        for name, network in NETWORKS.items()
        for length in params.lengths
    ]
    mean = {name: float(np.mean([row["bits"] for row in rows if row["network"] == name])) for name in NETWORKS}
    said = ", ".join(f"{name.replace(',', '')} {bits:.2f}" for name, bits in mean.items())
    measured = (
        f"Mean bits per symbol of the copy over lengths {params.lengths} (0 is perfect, {np.log2(params.symbols):.2f} is guessing): {said}."
    )
    claim = "Gated cells copy longer rows than a SimpleRNN; without attention all of them lose long rows (Graves et al., 2014)."
    held = all(mean[name] < mean[PLAIN] for name in GATED)
    guess = float(np.log2(params.symbols))
    told = min(mean[name] for name in (PLAIN, *GATED)) < (1 - SURE) * guess and mean[PLAIN] > SURE * guess
    return Finding(claim, measured, held, columns(rows), "length", "bits", "network", told=told)


def _bits(params: Params, network: dict[str, Any], length: int) -> float:
    spec = Spec("language_model", FIRST + params.symbols, seed=1)
    model = {"family": "recurrent", **network, "units": params.units, "embedding": 16}
    training = {"epochs": params.epochs, "patience": params.epochs, "batch_size": 50, "steps": 2 * length + 2, "learning_rate": 0.005}
    train, valid, test = (_drawn(params, length, number, seed) for seed, number in enumerate((params.texts, 200, 200)))
    shares = learn(model, training | {"schedule": "cosine"}, spec, train, valid).model.predict(test.inputs)
    places = shares.reshape(len(test), 2 * length + 2)[:, length + 1 : -1]  # (texts, length) the second row
    return float(-places.mean() / np.log(2))


def _drawn(params: Params, length: int, number: int, seed: int) -> Split:
    row = np.random.default_rng(seed).integers(FIRST, FIRST + params.symbols, size=(number, length))
    return texts(list(np.concatenate([row, np.full((number, 1), MARK), row], 1)))
