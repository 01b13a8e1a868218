"""Telling MLflow of epochs while a model trains, without ever slowing or breaking the training.

MLflow's import alone costs seconds, and a server may be slow, down, or go away in the middle. So a process of its own (`_writer.py`) does
all of it, at the lowest priority, beside trainings that are long enough to be worth it. Training only puts lines into a pipe that never
makes it wait, and does not wait at its end either: the writer finishes by itself within seconds. What does not get through is not lost:
`python -m tasks record` fills it in from `out/`. If training is killed outright, the pipe closes without a last word, and the run is
marked KILLED; if both are killed, `_abandoned.py` sees it.
"""

import json
import math
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from tasks._tracking import ROOT

PATIENCE = 15.0  # seconds of training before a writer is started
WORTH = 200.0  # seconds that training must have lasted, or be going to last: a writer takes up to 4 of a processor, less than 2 % of them
WAIT = {"FINISHED": 1.0, "FAILED": 1.0, "KILLED": 0.0}  # seconds at most that the end of training waits for the writer
LEFT: list["subprocess.Popen[bytes]"] = []  # writers that were not through when their training ended; they end by themselves
LIMIT = 1 << 20  # bytes that may wait for a stuck server


class Live:
    """The live run of one training: a context manager. Use its `epoch`; all else is done by entering and leaving.

    MALMOI_TRACKING_DELAY: seconds after which a writer is started, however long training is going to last.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        self._pending = json.dumps(header, ensure_ascii=False).encode() + b"\n"
        self._writer: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        delay = os.environ.get("MALMOI_TRACKING_DELAY")
        self._patience, self._worth = (PATIENCE, max(PATIENCE, WORTH)) if delay is None else (float(delay), float(delay))
        self._began = math.inf  # not yet
        self._timer = threading.Timer(self._worth, self._start)
        self._timer.daemon = True
        self._off = off()
        self._stderr = -1

    def __enter__(self) -> "Live":
        if not self._off:
            self._stderr = os.dup(2)  # what is stderr now: TensorFlow's start, in whose middle the writer begins, puts a file in its place
            self._began = time.monotonic()
            self._timer.start()
        return self

    def epoch(self, number: int, metrics: Mapping[str, float], seconds: float, left: float = 0.0) -> None:
        """Epoch `number` (from 1) is over: its losses and other numbers, how long it took, and how long all others still will, as far as is
        known. Returns at once, whatever happens."""
        values = {name: float(value) for name, value in {**metrics, "epoch_seconds": seconds}.items() if math.isfinite(value)}
        self._say({"epoch": number, "metrics": values, "time": int(time.time() * 1000)})
        lasted = time.monotonic() - self._began
        if lasted >= self._patience and lasted + left >= self._worth:
            self._start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        status = _status(kind)
        self._say({"end": status})
        with self._lock:
            writer, self._writer, self._off = self._writer, None, True
            stderr, self._stderr = self._stderr, -1
        if stderr >= 0:
            os.close(stderr)
        if writer is not None:
            self._leave(writer, status)

    def _start(self) -> None:
        with self._lock:
            if self._off or self._writer is not None:
                return
            environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)}
            self._writer = subprocess.Popen(
                [sys.executable, "-m", "tasks._writer"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the training; the writer hears of it through the pipe
            )
            assert self._writer.stdin is not None  # noqa: S101 - for mypy: it was asked for
            os.set_blocking(self._writer.stdin.fileno(), False)
            self._flush(self._writer)

    def _say(self, line: Mapping[str, Any]) -> None:
        with self._lock:
            if self._off or len(self._pending) > LIMIT:
                return
            self._pending += json.dumps(line).encode() + b"\n"
            if self._writer is not None:
                self._flush(self._writer)

    def _flush(self, writer: "subprocess.Popen[bytes]") -> None:
        """Put into the pipe what fits; the rest waits for the next time."""
        try:
            while self._pending:
                self._pending = self._pending[os.write(writer.stdin.fileno(), self._pending) :]  # type: ignore[union-attr]
        except BlockingIOError:
            pass
        except OSError:  # the writer is gone; it has said why
            self._off = True

    def _leave(self, writer: "subprocess.Popen[bytes]", status: str) -> None:
        """Close the pipe and let the writer finish by itself. One that has not even reached the store is stopped: `record` does it all."""
        deadline = time.monotonic() + WAIT[status]
        while self._pending and not self._off and time.monotonic() < deadline:
            time.sleep(0.05)
            self._flush(writer)
        with suppress(OSError):
            writer.stdin.close()  # type: ignore[union-attr]
        if status == "FINISHED" and not _began(writer):
            writer.kill()
        with suppress(subprocess.TimeoutExpired):
            writer.wait(max(0.0, deadline - time.monotonic()))
        writer.stdout.close()  # type: ignore[union-attr]
        LEFT[:] = [one for one in (*LEFT, writer) if one.poll() is None]


def off() -> bool:
    """Whether a person has switched tracking off: `MALMOI_TRACKING=off`."""
    return os.environ.get("MALMOI_TRACKING", "").lower() in ("off", "0", "false", "no")


def _began(writer: "subprocess.Popen[bytes]") -> bool:
    """Whether the writer has said that its run exists."""
    return writer.stdout is not None and bool(select.select([writer.stdout], [], [], 0)[0])


def _status(kind: type[BaseException] | None) -> str:
    if kind is None:
        return "FINISHED"
    return "KILLED" if issubclass(kind, SystemExit | KeyboardInterrupt) else "FAILED"
