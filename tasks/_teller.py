"""How far a training is: said on stdout while it goes on, and kept as the history that a stage writes beside what was trained."""

import csv
import math
import time
from pathlib import Path
from typing import Any

from tasks._training_cost import Clock

QUIET = 5.0  # seconds between two lines about steps


class Teller:
    """Hears of epochs and steps. title: of what learns; about: what each row of its history begins with, as {"seed": 1}."""

    def __init__(self, title: str, about: dict[str, Any]) -> None:
        self.title, self.about = title, about
        self.history: list[dict[str, Any]] = []
        self.clock = Clock()
        self.before = 0  # epochs that were over when it was taken up again
        self.began = self.epoch_began = self.said = time.monotonic()
        self.pace: tuple[float, int] | None = None  # when so many batches of this epoch were over; the first takes longer: what starts once

    def passed(self, number: int, losses: dict[str, float], seconds: float, left: float) -> None:
        """An epoch is over, now or before this process began, which is when `seconds` is nan; the others will take about `left` seconds, 0
        where that is not known: for who tells others of it."""

    def resumed(self, epochs: list[Any], batch: int) -> None:
        """Training goes on after these epochs and so many batches of the next. How long they took is not known here."""
        self.before = len(epochs)
        for epoch in epochs:
            self.passed(epoch.number, self._keep(epoch), math.nan, 0.0)
        print(f"{self.title}: taken up again after {len(epochs)} epochs and {batch} batches", flush=True)

    def epoch(self, epoch: Any) -> None:
        """One pass is over."""
        now = time.monotonic()
        left = (now - self.began) / (epoch.number - self.before) * (epoch.of - epoch.number)
        losses = self._keep(epoch)
        said = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
        print(f"{self.title}: epoch {epoch.number}/{epoch.of}, {said}, {now - self.epoch_began:.1f} s{_left(left)}", flush=True)
        self.passed(epoch.number, losses, now - self.epoch_began, left)
        self.epoch_began = self.said = now
        self.pace = (now, 0)

    def step(self, step: Any) -> None:
        """One batch is over; said at most every few seconds."""
        self.clock.batch(step.of)
        now = time.monotonic()
        if self.pace is None:
            self.began, self.pace = now, (now, step.number)
        if now - self.said < QUIET:
            return
        self.said = now
        since, before = self.pace
        left = (now - since) / max(1, step.number - before) * (step.of - step.number)
        said = f"epoch {step.epoch}, batch {step.number}/{step.of}, loss {step.loss:.4f}{_left(left, ' of the epoch')}"
        print(f"{self.title}: {said}", flush=True)

    def _keep(self, epoch: Any) -> dict[str, float]:
        losses = {"train_loss": epoch.train_loss, "valid_loss": epoch.valid_loss, **epoch.metrics}
        self.history.append({**self.about, "epoch": epoch.number, **losses})
        return losses


def write(path: Path, history: list[dict[str, Any]]) -> None:
    """Histories as a table: a column for each number that any epoch of them has."""
    columns = list(dict.fromkeys(name for row in history for name in row))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def _left(seconds: float, what: str = "") -> str:
    return f", about {seconds:.0f} s left{what}" if seconds >= 1 else ""
