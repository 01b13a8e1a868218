"""Progress as plain lines, for a terminal, a log file and Prefect alike: rows done, rows a second, how long still."""

import time
from collections.abc import Callable

EVERY = 5.0  # seconds


class Progress:
    """Counts rows and prints a line every few seconds: `train: 12,000 of 150,000 rows, 2,400 rows/s, 57 s still`."""

    def __init__(self, what: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.what, self.total, self.done = what, total, 0
        self._clock = clock
        self._began = self._told = clock()

    def add(self, rows: int) -> None:
        """So many rows more are done."""
        self.done += rows
        now = self._clock()
        if now - self._told < EVERY:
            return
        self._told = now
        speed = self.done / (now - self._began)
        still = f", {(self.total - self.done) / speed:,.0f} s still" if speed and self.done < self.total else ""
        print(f"{self.what}: {self.done:,} of {self.total:,} rows, {speed:,.0f} rows/s{still}", flush=True)
