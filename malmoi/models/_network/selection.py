"""What becomes of an epoch's validation loss: the best weights are kept, the rate goes down, averaging begins, training ends."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from malmoi.models._network.training import Training


class Selection:
    """The best weights so far, and how many passes have gone by without better ones.

    rate: an `Adjusted` one where the schedule is plateau; averages: those of asgd, which begin here; None else.
    """

    def __init__(self, training: Training, rate: Any, averages: Any) -> None:
        self.training, self.rate, self.averages = training, rate, averages
        self.losses: list[float] = []
        self.best, self.waited, self.flat = math.inf, 0, 0
        self.kept: list[np.ndarray] = []

    @property
    def over(self) -> bool:
        """Whether to wait no longer."""
        return self.waited >= self.training.patience

    def judge(self, loss: float, weights: Callable[[], list[np.ndarray]]) -> None:
        """Take note of an epoch. weights: gives those that had this loss."""
        better = loss < self.best
        if better:
            self.best, self.kept = loss, weights()
        self.waited = 0 if better or self._averaging_waits(loss) else self.waited + 1
        self.flat = 0 if better else self.flat + 1
        self.losses.append(loss)
        if self.training.schedule == "plateau" and self.flat >= self.training.plateau_patience:
            self.flat = 0
            least = self.training.least_rate / self.training.learning_rate
            self.rate.plateau.assign(max(least, float(self.rate.plateau) * self.training.plateau_factor))

    def _averaging_waits(self, loss: float) -> bool:
        """Whether averaging was not under way in this epoch; it begins after the first that is no better than one of long ago."""
        if self.averages is None or self.averages.begun:
            return False
        if loss > min(self.losses[: -self.training.trigger], default=math.inf):
            self.averages.begin()
        return True

    def about(self) -> dict[str, Any]:
        """For a checkpoint: all but the weights."""
        return {"losses": self.losses, "best": self.best, "waited": self.waited, "flat": self.flat}

    def restore(self, about: dict[str, Any], kept: list[np.ndarray]) -> None:
        """As it was when `about` was asked for."""
        self.losses, self.best, self.waited, self.flat = (about[name] for name in ("losses", "best", "waited", "flat"))
        self.kept = kept
