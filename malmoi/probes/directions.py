"""Bidirectional against forward classifiers with about as many weights, on Korean and English texts."""

from dataclasses import field
from typing import Any

import numpy as np

from malmoi.config import params
from malmoi.probes._classifying import Question, examples, learned
from malmoi.probing import LANGUAGES, Finding, Source, Sources, accuracy, beyond_chance, columns, require


@params
class Params:
    """cell; units of the network that reads both ways, half as many again for the other one; training of both; seeds: the mean is taken."""

    question: Question = Question()
    cell: str = "gru"
    units: int = 32
    training: dict[str, Any] = field(default_factory=lambda: {"epochs": 5, "patience": 5, "batch_size": 32, "learning_rate": 0.003})
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3])

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "seeds")


def measure(params: Params, sources: Sources) -> Finding:
    """Accuracy on the validation split, mean over seeds."""
    rows: list[dict[str, Any]] = [
        {"language": LANGUAGES[language], "reads": name, **_measured(params, source, units, both)}
        for language, source in sources.items()
        for name, units, both in (("forward", round(params.units * 1.5), False), ("bidirectional", params.units, True))
    ]
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    said = "; ".join(
        f"{one['language']}: forward {one['accuracy']:.3f} ± {one['spread']:.3f} ({one['parameters']:,} weights), "
        f"bidirectional {two['accuracy']:.3f} ± {two['spread']:.3f} ({two['parameters']:,})"
        for one, two in pairs
    )
    better = [two["accuracy"] > one["accuracy"] for one, two in pairs]
    clear = [abs(two["accuracy"] - one["accuracy"]) > one["spread"] + two["spread"] for one, two in pairs]
    held = better[0] if len(set(better)) == 1 and all(clear) else None
    claim = (
        "A network that reads a text from both ends knows more of it than one that reads it from its start (Schuster and Paliwal, 1997)."
    )
    measured = f"Validation accuracy, mean and spread over seeds. {said}."
    return Finding(claim, measured, held, columns(rows), "reads", "accuracy", "language", told=any(row.pop("learned") for row in rows))


def _measured(params: Params, source: Source, units: int, both: bool) -> dict[str, float]:
    network = {"cell": params.cell, "units": units, "embedding": 32, "bidirectional": both}
    models = [one.model for one in learned(source, params.question, network, params.training, params.seeds)]
    valid = examples(source, params.question, "valid")
    shares = [accuracy(model, valid) for model in models]
    spread = float(np.std(shares, ddof=1)) if len(shares) > 1 else 0.0
    learned_it = beyond_chance(float(np.mean(shares)), len(valid), 0.5)
    return {"accuracy": float(np.mean(shares)), "spread": spread, "parameters": models[0].parameters, "learned": learned_it}
