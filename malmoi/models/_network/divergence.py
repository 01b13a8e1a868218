"""A training that leads nowhere, found out at the step where it happens: a loss or gradient that is no number, a loss that explodes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from malmoi.batches import Step
from malmoi.config import ConfigError

CURE = "lower training.learning_rate or training.clip_norm"


class DivergenceError(ConfigError):
    """The loss is no number, or far above what it was; the message says where, and what can be done."""


@dataclass
class Watch:
    """Looks at every step. names: of the weights, in the order of their gradients. first: the first loss of all.
    explosion: see `Training`."""

    names: list[str]
    explosion: float
    first: float = math.nan

    def look(self, step: Step, halves: np.ndarray, rate: Any) -> None:
        """halves: half the square of each gradient's norm. rate: gives the learning rate. Raises DivergenceError."""
        if math.isnan(self.first):
            self.first = step.loss
        what = self._wrong(step.loss, halves)
        if what:
            norm = math.sqrt(2 * float(np.sum(halves, dtype=np.float64)))
            where = f"epoch {step.epoch}, batch {step.number} of {step.of}"
            raise DivergenceError(
                f"{where}: {what} (learning rate {float(rate()):g}, gradient norm {norm:g}{self._culprit(halves)}); {CURE}"
            )

    def validated(self, epoch: int, loss: float) -> None:
        """After an epoch. Raises DivergenceError."""
        if not math.isfinite(loss):
            raise DivergenceError(f"epoch {epoch}: the validation loss became {loss}; {CURE}")

    def _wrong(self, loss: float, halves: np.ndarray) -> str:
        if not math.isfinite(loss):
            return f"the loss became {loss}"
        if not np.isfinite(halves).all():
            return f"the loss is {loss:g}, but its gradient is not finite"
        limit = self.explosion * max(1.0, self.first)
        if self.explosion and loss > limit:
            return f"the loss exploded: {loss:g}, and it began at {self.first:g}"
        return ""

    def _culprit(self, halves: np.ndarray) -> str:
        """The weight nearest the loss whose gradient is not finite: going back from the loss, the first."""
        broken = [name for name, half in zip(self.names, halves, strict=True) if not np.isfinite(half)]
        if not broken:
            return ""
        others = f" and of {len(broken) - 1} before it" if len(broken) > 1 else ""
        return f", not finite going back from the loss: first that of {broken[-1]}{others}"
