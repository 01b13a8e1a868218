"""How far a stage is, as a progress artifact in Prefect's UI, read from the lines that it prints.

Understood are "epoch 2/10", "epoch 3, batch 904/1114", "pass 2 of 5", "28,416 of 142,496 rows". A stage that says nothing of the kind, or
is over within seconds, has no such artifact.
"""

import re
import time
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

PATIENCE = 5.0  # seconds before the first, and between two

_EPOCH = re.compile(r"\bepoch (\d+)/(\d+)")
_BATCH = re.compile(r"\bepoch (\d+), batch (\d+)/(\d+)")
_SHARE = re.compile(r"\b([\d,]+) of ([\d,]+)\b")


class Advance:
    """The progress of one stage. Not for threads: one stage's lines come one after another."""

    def __init__(self, name: str) -> None:
        self.name, self.percent = name, 0.0
        self._epochs = 0
        self._said, self._artifact = time.monotonic(), ""

    def take(self, line: str) -> None:
        """A line of its output."""
        found = self.read(line)
        if found is None:
            return
        self.percent = found
        if time.monotonic() - self._said >= PATIENCE:
            self._tell()

    def read(self, line: str) -> float | None:
        """Percent that a line speaks of; None where it does not.

        >>> advance = Advance("train@x"); advance.read("epoch 1/4, loss 2"), advance.read("epoch 2, batch 50/100")
        (25.0, 37.5)
        """
        if found := _EPOCH.search(line):
            self._epochs = int(found[2])
            return 100 * int(found[1]) / max(1, self._epochs)
        if found := _BATCH.search(line):
            share = int(found[2]) / max(1, int(found[3]))
            return 100 * (int(found[1]) - 1 + share) / self._epochs if self._epochs else None
        if found := _SHARE.search(line):
            done, of = (int(part.replace(",", "")) for part in found.groups())
            return 100 * done / of if 0 <= done <= of and of else None
        return None

    def end(self) -> None:
        """It is over, and was shown: then it is shown as done."""
        if self._artifact:
            self.percent = 100.0
            self._tell()

    def _tell(self) -> None:
        self._said = time.monotonic()
        if self._artifact:
            update_progress_artifact(UUID(self._artifact), self.percent)
        else:
            key = re.sub(r"[^a-z0-9]+", "-", f"progress-{self.name}".lower()).strip("-")
            self._artifact = str(create_progress_artifact(self.percent, key, f"How far {self.name} is"))
