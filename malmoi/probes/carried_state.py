"""Truncated back-propagation through time with and without carrying the state from window to window, on Korean and English."""

from dataclasses import field
from typing import Any

import numpy as np

from malmoi.batches import Spec, Split
from malmoi.config import params
from malmoi.probes._classifying import some
from malmoi.probing import LANGUAGES, Finding, Source, Sources, columns, learn, require


@params
class Params:
    """steps: tokens through which gradients go. network, training, texts. The state is carried in both while they are measured."""

    steps: list[int] = field(default_factory=lambda: [4, 8, 16, 32])
    network: dict[str, Any] = field(default_factory=lambda: {"cell": "lstm", "units": 96, "embedding": 48})
    training: dict[str, Any] = field(default_factory=lambda: {"epochs": 4, "patience": 4, "batch_size": 16, "learning_rate": 0.005})
    texts: int = 1500

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "steps")


def measure(params: Params, sources: Sources) -> Finding:
    """Bits per token on the validation split, read as one stream."""
    rows = [row for language, source in sources.items() for row in _rows(params, language, source)]
    gains = [none["bits"] - carried["bits"] for carried, none in zip(rows[::2], rows[1::2], strict=True)]
    short = gains[:: max(1, len(params.steps))]
    claim = (
        "Truncated back-propagation learns more where the state is carried from window to window, most of all with short windows "
        "(Williams and Peng, 1990; Mikolov et al., 2010)."
    )
    said = "; ".join(
        f"{LANGUAGES[language]}: " + ", ".join(f"{gain:+.3f} at {steps}" for steps, gain in zip(params.steps, own, strict=True))
        for language, own in zip(sources, np.split(np.array(gains), len(sources)), strict=True)
    )
    measured = f"Bits per token that carrying saves, by steps of a window. {said}."
    held = all(gain > 0 for gain in short)
    return Finding(claim, measured, held if held or max(short, default=0) <= 0 else None, columns(rows), "steps", "bits", "training")


def _rows(params: Params, language: str, source: Source) -> list[dict[str, Any]]:
    train, valid = (some(source.split(name), params.texts) for name in ("train", "valid"))
    spec = Spec("language_model", source.pipeline["width"])
    rows = []
    for steps, carry in ((steps, carry) for steps in params.steps for carry in (True, False)):
        training = {**params.training, "steps": steps, "carry": carry}
        model = learn({"family": "recurrent", **params.network}, training, spec, train, valid).model
        name = f"{LANGUAGES[language]}, {'carried' if carry else 'begun anew'}"
        rows.append({"training": name, "steps": steps, "bits": _bits(model, valid)})
    return rows


def _bits(model: Any, split: Split) -> float:
    return float(-model.predict(split.inputs).mean() / np.log(2))
