"""The process beside a training that writes its epochs to MLflow; started by `_live.py`, which says why it is a process.

It reads JSON lines from the file whose descriptor it is given (first what is trained, then epochs, at last how it ended), and prints one
word once the run exists. When the server does not answer it says so once, keeps what it has, and tries again now and then. It takes care
to be cheap: the lowest priority, and after each request a pause a hundred times as long as the processor was busy with it.
"""

import os
import sys
import time
from contextlib import suppress
from typing import Any

from malmoi.config import ConfigError
from tasks import _abandoned, _beside, _failures, _lineage, _runs, _tracking, _vitals

PAUSE = 10.0  # seconds before a server that did not answer is asked again
SHARE = 0.01  # of one processor that requests may take
LAST = 10  # seconds that the writer may live on after training has ended


class Writer:
    """Epochs of one training on their way to its run."""

    def __init__(self, header: dict[str, Any], training: int) -> None:
        self.header = header
        self.epochs: list[dict[str, Any]] = []
        self.vitals = _vitals.Vitals(training)
        self.watch = _abandoned.Watch()
        self.store: _tracking.Store | None = None
        self.run_id = self.parent = self.last = ""
        self.known: set[int] = set()
        self.due = self.said = 0.0
        self.refused = 0
        self.warned = False

    def write(self, status: str = "") -> None:
        """Send what waits, if it is time for it or training has ended with a `status`. Never raises for a store that does not answer."""
        now, busy = time.monotonic(), time.process_time()
        waiting = bool(self.epochs) or not self.run_id or now - self.said > _abandoned.BEAT
        if not status and (now < self.due or not waiting):
            return
        from mlflow.exceptions import MlflowException

        try:
            if self._reach():
                self._send(status)
                self.due = time.monotonic() + min(PAUSE, (time.process_time() - busy) / SHARE)
            else:
                self.due = time.monotonic() + PAUSE
        except (MlflowException, ConfigError, OSError) as error:
            self.run_id = ""  # it may have been another process's double, or the server another one: look again
            self.due = time.monotonic() + PAUSE
            self.refused += 1
            if _failures.silent(error) or self.refused > 1:  # once may be another process that was making the same
                self._warn(error)

    def _reach(self) -> bool:
        """Have the run below that of its experiment: open the store, make both or take them up again. Returns whether it may be written to.
        On a local store nobody records meanwhile."""
        if not self.run_id:
            self.store = self.store or _tracking.store()
            with self.store.alone(quiet=True):
                self._take(self.store)
        return bool(self.run_id)

    def _take(self, store: _tracking.Store) -> None:
        client, header = store.client, self.header
        place = _tracking.place(store, header["problem"], header["corpus"])
        _abandoned.end(store, client.search_runs([place], "attributes.status = 'RUNNING' and tags.`malmoi.key` LIKE '%'"))
        parent = _tracking.begin(store, place, _tags(header, above=True), header["began"])
        above = {"mlflow.parentRunId": parent.info.run_id}
        run = _tracking.begin(store, place, _tags(header) | above, header["began"])
        if _abandoned.taken(run) and not (run.info.status == "RUNNING" and self.watch.silent(run)):
            return
        if run.info.run_id != self.last:  # of the run that it had until now it knows more than the server may have taken
            self.last = run.info.run_id
            self.known = {metric.step for metric in client.get_metric_history(self.last, "train_loss")}
        for one, tags in ((parent, {}), (run, above)):
            self._begin(one, tags)
        self.run_id, self.parent, self.said = run.info.run_id, parent.info.run_id, time.monotonic()
        with suppress(OSError):  # training may be gone by now
            os.write(1, b"began\n")

    def _begin(self, run: Any, tags: dict[str, str]) -> None:
        from mlflow.entities import Param, RunTag

        client = self._client()
        if run.info.status != "RUNNING":
            client.update_run(run.info.run_id, "RUNNING")
        missing = {name: value for name, value in _runs.parameters(self.header["params"], {}).items() if name not in run.data.params}
        params = [Param(name, value) for name, value in missing.items()]
        client.log_batch(run.info.run_id, params=params, tags=[RunTag(name, value) for name, value in (tags | _signs()).items()])

    def _send(self, status: str) -> None:
        from mlflow.entities import Metric, RunTag

        client = self._client()
        new = [epoch for epoch in self.epochs if epoch["epoch"] not in self.known]
        metrics = [Metric(name, value, epoch["time"], epoch["epoch"]) for epoch in new for name, value in epoch["metrics"].items()]
        metrics += [Metric(*point) for point in self.vitals.points]
        for start in range(0, len(metrics), 900):
            client.log_batch(self.run_id, metrics=metrics[start : start + 900])
        self.known |= {epoch["epoch"] for epoch in new}
        self.epochs, self.vitals.points = [], []
        both = (self.run_id, self.parent)
        if time.monotonic() - self.said > _abandoned.BEAT:
            self.said = time.monotonic()
            for run_id in both:
                client.log_batch(run_id, tags=[RunTag(_abandoned.ALIVE, _signs()[_abandoned.ALIVE])])
        for run_id in both if status else ():
            client.set_terminated(run_id, status)

    def _client(self) -> Any:
        if self.store is None:
            raise RuntimeError("nothing is sent before the store is open")
        return self.store.client

    def _warn(self, error: Exception) -> None:
        if not self.warned:
            where, why = _failures.hidden(_tracking.address()), _failures.reason(error)
            with suppress(OSError):  # nobody reads it any more
                print(
                    f"warning: MLflow at {where} does not answer ({why}). Training goes on and nothing is lost: "
                    "`python -m tasks record` fills in later what is missing.",
                    file=sys.stderr,
                    flush=True,
                )
            self.warned = True


def _tags(header: dict[str, Any], above: bool = False) -> dict[str, str]:
    """Tags that a run is born with; above: the run of the experiment, not that of the seed."""
    about = {f"malmoi.{name}": str(header[name]) for name in ("experiment", "recipe", "problem", "corpus")}
    own = (
        {"malmoi.key": header["recipe"], "malmoi.seed": _runs.ALL}
        if above
        else {"malmoi.key": header["key"], "malmoi.seed": header["seed"]}
    )
    return {name: str(value) for name, value in own.items()} | about | {"malmoi.stage": "train"} | _lineage.commit() | _signs()


def _signs() -> dict[str, str]:
    """Who writes, and that it is alive."""
    return {_abandoned.WRITER: _abandoned.writer(), _abandoned.ALIVE: str(int(time.time() * 1000))}


def main() -> None:
    """Write until training ends."""
    training = os.getppid()
    _beside.settle()
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # it tries again by itself
    writer, status = None, "KILLED"  # where nothing says how it ended, training was killed
    with suppress(_beside.Stopped):
        for lines in _beside.lines(int(sys.argv[1]), wake=1.0):
            writer = writer or (Writer(lines.pop(0), training) if lines else None)
            if writer is None:
                continue
            writer.epochs += [line for line in lines if "epoch" in line]
            ends = [line["end"] for line in lines if "end" in line]
            status = ends[0] if ends else status
            if ends:
                break
            writer.vitals.sample()
            writer.write()
    if writer is not None:
        _beside.last(LAST)
        writer.write(status)


if __name__ == "__main__":
    main()
