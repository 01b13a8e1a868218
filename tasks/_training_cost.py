"""What training cost: seconds, epochs, tokens, memory. Measured, so never the same twice: it is written beside the model, never into it
(decision 8). `train` writes it to out/cost/train/NAME.json, `pretrain` to out/cost/pretrain/NAME.json; the report and `leaderboard` read
it, no stage that computes a score does.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from malmoi import processor
from tasks import _memory


@dataclass
class Clock:
    """Seconds of the wall and of the processor since it was made, and until the first batch was over. batches: of an epoch; 0 for a model
    that does not learn batch by batch."""

    wall: float = field(default_factory=time.perf_counter)
    processor: float = field(default_factory=time.process_time)
    first: float | None = None
    batches: int = 0

    def batch(self, of: int) -> None:
        """One batch of an epoch of so many is over."""
        self.batches, self.first = of, self.first or time.perf_counter()

    def read(self) -> dict[str, float]:
        """seconds; start_seconds of them, in which TensorFlow was imported and the graph traced; cpu_seconds, of all threads here."""
        start = (self.first or self.wall) - self.wall
        times = {"seconds": time.perf_counter() - self.wall, "start_seconds": start, "cpu_seconds": time.process_time() - self.processor}
        return {name: round(value, 3) for name, value in times.items()}


def of_seed(clock: Clock, model: Any, inputs: Any, epochs: int) -> dict[str, Any]:
    """One model's. Seconds are those of `fit`, its passes over the validation split included, in this process alone: where a training was
    taken up again, those of before are not in it.

    texts and tokens are of one epoch, as the model reads them: cut where it cuts them, without padding, with every END of a language
    model; tokens is None where texts are rows of numbers. updates are steps along a gradient: 0 where nothing is learned in batches.
    """
    texts, tokens = _size(inputs, model)
    return {**clock.read(), "epochs": epochs, "updates": epochs * clock.batches, "texts": texts, "tokens": tokens}


def save(path: Path, about: dict[str, str], learned: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Write it: what each model cost, and the most memory that this process has held, all having been trained in it one after the other.

    learned: {"seeds": {"1": ...}} of an experiment, {"directions": {"forward": ...}} of a pretraining.
    """
    cost = {**about, "cores": processor.cores(), "peak_mb": _memory.own_peak_mb(), **learned}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(cost, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _size(inputs: Any, model: Any) -> tuple[int, int | None]:
    import numpy as np

    from malmoi.batches import Sequences

    if not isinstance(inputs, Sequences):
        return int(inputs.shape[0]), None
    if model.spec.problem == "language_model":
        return len(inputs), len(inputs.ids) + len(inputs)
    limit = getattr(getattr(model, "training", None), "limit", None)
    lengths = inputs.lengths if limit is None else np.minimum(inputs.lengths, limit)
    return len(inputs), int(lengths.sum())
