"""What a training asks of its machine while it runs, as MLflow's "System metrics" tab shows it: sampled now and then from outside, by the
writer beside it. Nothing of this is in `out/`: it is never the same twice."""

import time
from contextlib import suppress

import psutil

EVERY = 10.0  # seconds between two samples
MOST = 10_000  # points that wait for a server that does not answer
MEGABYTE = 1_000_000


class Vitals:
    """Samples of the process `training` and of the machine; `points`: (metric, value, ms since 1970, number of the sample), to be sent."""

    def __init__(self, training: int) -> None:
        self.points: list[tuple[str, float, int, int]] = []
        self._samples, self._due = 0, 0.0
        self._training: psutil.Process | None = None
        with suppress(psutil.Error):
            self._training = psutil.Process(training)
            self._training.cpu_percent()  # from here on it counts
        psutil.cpu_percent()

    def sample(self) -> None:
        """Take a sample, if it is time for one. Where the training is gone there is none."""
        now = time.monotonic()
        if self._training is None or now < self._due or len(self.points) > MOST:
            return
        self._due = now + EVERY
        with suppress(psutil.Error):
            memory, own = psutil.virtual_memory(), self._training.memory_info().rss
            values = {
                "training_cpu_percentage": self._training.cpu_percent(),  # of one processor: 200 is two of them
                "training_memory_megabytes": own / MEGABYTE,
                "cpu_utilization_percentage": psutil.cpu_percent(),
                "system_memory_usage_megabytes": memory.used / MEGABYTE,
                "system_memory_usage_percentage": memory.percent,
            }
            self._samples += 1
            stamp = int(time.time() * 1000)
            self.points += [(f"system/{name}", round(value, 1), stamp, self._samples) for name, value in values.items()]
