"""A convolution in front of a recurrent layer, on long inputs: several texts in a row."""

from dataclasses import field
from math import prod
from typing import Any

import numpy as np

from malmoi.config import params
from malmoi.probes._classifying import Question, examples, learned, sequences
from malmoi.probing import LANGUAGES, Finding, Source, Sources, accuracy, beyond_chance, columns, require

LOSS = 0.02  # of accuracy that counts as none


@params
class Params:
    """front: the convolution. network, training: of the rest. seeds: the mean is taken."""

    question: Question = Question(together=3, longest=240, texts=500)
    front: dict[str, Any] = field(default_factory=lambda: {"width": 5, "filters": 32, "stride": 4})
    network: dict[str, Any] = field(default_factory=lambda: {"cell": "gru", "units": 32, "embedding": 32})
    training: dict[str, Any] = field(default_factory=lambda: {"epochs": 5, "patience": 5, "batch_size": 32, "learning_rate": 0.003})
    seeds: list[int] = field(default_factory=lambda: [1, 2])

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "seeds")


def measure(params: Params, sources: Sources) -> Finding:
    """Accuracy on long validation texts, and steps of the recurrent layer for each of them."""
    rows: list[dict[str, Any]] = [
        {"language": LANGUAGES[language], "network": name, **_measured(params, source, front)}
        for language, source in sources.items()
        for name, front in (("recurrent layer alone", None), ("convolution in front", params.front))
    ]
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    said = "; ".join(
        f"{one['language']}: {one['accuracy']:.3f} in {one['recurrent_steps']:.0f} steps alone, {two['accuracy']:.3f} in "
        f"{two['recurrent_steps']:.0f} with the convolution"
        for one, two in pairs
    )
    held = [two["accuracy"] >= one["accuracy"] - LOSS for one, two in pairs]
    claim = (
        "On long inputs a strided convolution in front of a recurrent layer saves most of its steps and costs no accuracy "
        "(Chollet, 2018, section 6.4.4)."
    )
    verdict = held[0] if len(set(held)) == 1 else None
    told = any(row.pop("learned") for row in rows[::2])  # a layer that has learned nothing alone has no accuracy to lose
    for row in rows[1::2]:
        del row["learned"]
    return Finding(claim, f"Validation accuracy. {said}.", verdict, columns(rows), "network", "accuracy", "language", told=told)


def _measured(params: Params, source: Source, front: dict[str, Any] | None) -> dict[str, float]:
    valid = examples(source, params.question, "valid")
    network = {**params.network, "front": front}
    models = [one.model for one in learned(source, params.question, network, params.training, params.seeds)]
    share = float(np.mean([accuracy(model, valid) for model in models]))
    each = prod(block.shortens for block in models[0].design.blocks)  # tokens that a step of the recurrent layer stands for
    steps = float(np.ceil(sequences(valid).lengths / each).mean())
    return {"accuracy": share, "recurrent_steps": steps, "learned": beyond_chance(share, len(valid), 0.5)}
