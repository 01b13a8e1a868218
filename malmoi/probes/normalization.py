"""Layer against batch normalisation inside a recurrent network, on Korean and English texts."""

from dataclasses import field
from typing import Any

import numpy as np

from malmoi.config import params
from malmoi.probes._classifying import Question, learned
from malmoi.probing import LANGUAGES, Finding, Sources, columns, require

KINDS = ("none", "layer", "batch")
LEARNED = 0.05  # nats below guessing from which on something was learned


@params
class Params:
    """network, training: of all of them. seeds: the mean is taken."""

    question: Question = Question()
    network: dict[str, Any] = field(default_factory=lambda: {"cell": "lstm", "units": 32, "embedding": 32})
    training: dict[str, Any] = field(default_factory=lambda: {"epochs": 5, "patience": 5, "batch_size": 32, "learning_rate": 0.003})
    seeds: list[int] = field(default_factory=lambda: [1, 2])

    def __post_init__(self) -> None:
        """Raises ValueError where nothing would be measured."""
        require(self, "seeds")


def measure(params: Params, sources: Sources) -> Finding:
    """Validation loss by epoch."""
    rows, best = [], {}
    for language, source in sources.items():
        for kind in KINDS:
            network = {**params.network, "normalization": kind}
            curves = [one.valid_losses for one in learned(source, params.question, network, params.training, params.seeds)]
            losses = np.mean(curves, 0)
            best[language, kind] = float(losses.min())
            name = f"{LANGUAGES[language]}, {kind}"
            rows += [{"network": name, "epoch": epoch, "valid_loss": float(loss)} for epoch, loss in enumerate(losses, 1)]
    said = "; ".join(f"{LANGUAGES[language]}: " + ", ".join(f"{kind} {best[language, kind]:.3f}" for kind in KINDS) for language in sources)
    held = [best[language, "layer"] < best[language, "batch"] for language in sources]
    told = min(best.values(), default=np.inf) < np.log(2) - LEARNED  # guessing between two answers costs log 2
    claim = (
        "In a recurrent network layer normalisation does better than batch normalisation, whose statistics padding and lengths disturb "
        "(Ba et al., 2016)."
    )
    measured = f"Least validation loss (nats per text, mean of {len(params.seeds)} seeds; is the text read from its end?). {said}."
    return Finding(claim, measured, all(held) if len(set(held)) == 1 else None, columns(rows), "epoch", "valid_loss", "network", told=told)
