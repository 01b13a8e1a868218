"""Telling MLflow of epochs while a model trains, without ever slowing or breaking the training.

MLflow's import alone costs seconds, and a server may be slow, down, or go away in the middle. So a process of its own (`_writer.py`) does
all of it, at the lowest priority, beside trainings that are long enough to be worth it. Training only adds lines to a temporary file, which
never makes it wait however slow the writer is, and does not wait at its end either: the writer reads the file to its end and finishes by
itself within seconds. A pipe tells the writer that there is something to read, and, when it closes, that there will be no more. What does
not reach the server is not lost: `python -m tasks record` fills it in from `out/`. If training is killed outright, the pipe closes without
a last word, and the run is marked KILLED; if both are killed, `_abandoned.py` sees it.
"""

import json
import math
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

from tasks._tracking import ROOT

PATIENCE = 15.0  # seconds of training before a writer is started
WORTH = 200.0  # seconds that training must have lasted, or be going to last: a writer takes up to 4 of a processor, less than 2 % of them
WAIT = {"FINISHED": 1.0, "FAILED": 1.0, "KILLED": 0.0}  # seconds at most that the end of training waits for the writer
LEFT: list["subprocess.Popen[bytes]"] = []  # writers that were not through when their training ended; they end by themselves


class Live:
    """The live run of one training: a context manager. Use its `epoch`; all else is done by entering and leaving.

    MALMOI_TRACKING_DELAY: seconds after which a writer is started, however long training is going to last.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        self._header = header
        self._lines: IO[bytes] | None = None  # of the training; there while lines may still be added
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
            self._lines = tempfile.TemporaryFile(buffering=0)
            self._say(self._header)
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
            if self._lines is not None:
                self._lines.close()  # the writer has it open, too
                self._lines = None
        if stderr >= 0:
            os.close(stderr)
        if writer is not None:
            self._leave(writer, status)

    def _start(self) -> None:
        with self._lock:
            if self._off or self._writer is not None or self._lines is None:
                return
            environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)}
            self._writer = subprocess.Popen(
                [sys.executable, "-m", "tasks._writer", str(self._lines.fileno())],
                pass_fds=[self._lines.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the training; the writer hears of it through the pipe
            )
            assert self._writer.stdin is not None  # noqa: S101 - for mypy: it was asked for
            os.set_blocking(self._writer.stdin.fileno(), False)

    def _say(self, line: Mapping[str, Any]) -> None:
        with self._lock:
            if self._off or self._lines is None:
                return
            try:
                self._lines.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            except OSError:  # no space left: `record` fills in what is missing
                self._off = True
            if self._writer is not None:
                _wake(self._writer)

    def _leave(self, writer: "subprocess.Popen[bytes]", status: str) -> None:
        """Close the pipe and let the writer finish by itself. One that has not even reached the store is stopped: `record` does it all."""
        deadline = time.monotonic() + WAIT[status]
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


def _wake(writer: "subprocess.Popen[bytes]") -> None:
    """Tell the writer that there is something to read; where the pipe is full, it has been told often enough, and one that is gone has said
    why."""
    with suppress(OSError):
        os.write(writer.stdin.fileno(), b"\n")  # type: ignore[union-attr]


def _began(writer: "subprocess.Popen[bytes]") -> bool:
    """Whether the writer has said that its run exists."""
    return writer.stdout is not None and bool(select.select([writer.stdout], [], [], 0)[0])


def _status(kind: type[BaseException] | None) -> str:
    if kind is None:
        return "FINISHED"
    return "KILLED" if issubclass(kind, SystemExit | KeyboardInterrupt) else "FAILED"
