"""The process beside a training that writes its epochs to MLflow; started by `_live.py`, which says why it is a process.

It reads JSON lines from stdin (first what is trained, then epochs, at last how it ended), and prints one word once the run exists. When
the server does not answer it says so once, keeps what it has, and tries again now and then.
"""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from malmoi.config import ConfigError
from tasks import _failures, _lineage, _runs, _tracking

PAUSE = 10.0  # seconds before a server that did not answer is asked again
LAST = 10  # seconds that the writer may live on after training has ended


class Writer:
    """Epochs of one training on their way to its run."""

    def __init__(self, header: dict[str, Any]) -> None:
        self.header = header
        self.epochs: list[dict[str, Any]] = []
        self.store: _tracking.Store | None = None
        self.run_id = ""
        self.known: set[int] = set()
        self.asked = -PAUSE
        self.warned = False

    def write(self, now: bool = False, status: str = "") -> None:
        """Send what waits. Never raises for a store that does not answer; `now`: even if it did not just a moment ago."""
        if not now and time.monotonic() - self.asked < PAUSE:
            return
        from mlflow.exceptions import MlflowException

        try:
            self._reach()
            self._send(status)
            self.asked = -PAUSE
        except (MlflowException, ConfigError, OSError) as error:
            self.asked = time.monotonic()
            self._warn(error)

    def _reach(self) -> None:
        """Have the run: open the store, make the run or take it up again, and learn which epochs it has."""
        if self.run_id:
            return
        self.store = self.store or _tracking.store()
        header = self.header
        experiment = _tracking.place(self.store, header["problem"], header["corpus"])
        run = _tracking.begin(self.store, experiment, _tags(header), header["began"])
        client, run_id = self.store.client, run.info.run_id
        if run.info.status != "RUNNING":
            client.update_run(run_id, "RUNNING")
        self.known = {metric.step for metric in client.get_metric_history(run_id, "train_loss")}
        from mlflow.entities import Param, RunTag

        missing = {name: value for name, value in _runs.parameters(header["params"], {}).items() if name not in run.data.params}
        tags = [RunTag("malmoi.writer", _process())]
        client.log_batch(run_id, params=[Param(name, value) for name, value in missing.items()], tags=tags)
        self.run_id = run_id
        with suppress(OSError):  # training may be gone by now
            os.write(1, b"began\n")

    def _send(self, status: str) -> None:
        from mlflow.entities import Metric

        assert self.store is not None  # noqa: S101 - for mypy: _reach has opened it
        new = [epoch for epoch in self.epochs if epoch["epoch"] not in self.known]
        metrics = [Metric(name, value, epoch["time"], epoch["epoch"]) for epoch in new for name, value in epoch["metrics"].items()]
        for start in range(0, len(metrics), 1000):
            self.store.client.log_batch(self.run_id, metrics=metrics[start : start + 1000])
        self.known |= {epoch["epoch"] for epoch in new}
        self.epochs = []
        if status:
            self.store.client.set_terminated(self.run_id, status)

    def _warn(self, error: Exception) -> None:
        if not self.warned:
            where, why = _failures.hidden(_tracking.address()), _failures.reason(error)
            print(
                f"warning: MLflow at {where} does not answer ({why}). Training goes on and nothing is lost: "
                "`python -m tasks record` fills in later what is missing.",
                file=sys.stderr,
                flush=True,
            )
            self.warned = True


def _tags(header: dict[str, Any]) -> dict[str, str]:
    about = {f"malmoi.{name}": str(header[name]) for name in ("key", "experiment", "seed", "problem", "corpus")}
    return about | _lineage.commit() | {"malmoi.writer": _process()}


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _lines() -> Iterator[list[dict[str, Any]]]:
    """JSON lines as they come in, all that are there at a time; a last half line is of no use and is left."""
    rest = b""
    while block := os.read(0, 1 << 16):
        *whole, rest = (rest + block).split(b"\n")
        yield [json.loads(line) for line in whole]


def main() -> None:
    """Write until training ends."""
    os.nice(10)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # it tries again by itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    writer, status = None, "KILLED"  # where nothing says how it ended, training was killed
    for lines in _lines():
        if writer is None and lines:
            writer = Writer(lines.pop(0))
        ends = [line["end"] for line in lines if "end" in line]
        if writer is not None:
            writer.epochs += [line for line in lines if "epoch" in line]
        if ends:
            status = ends[0]
        elif writer is not None:
            writer.write()
    signal.alarm(LAST)
    if writer is not None:
        writer.write(now=True, status=status)


if __name__ == "__main__":
    main()
