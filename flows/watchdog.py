"""Ends what a run has started when the run itself dies without a chance to (kill -9, out of memory).

A process of its own waits at a pipe that only the run holds. At the pipe's end it looks for every process that carries the run's mark in
its environment, whatever process group or parent that has by now, and ends it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid

MARK = "MALMOI_RUN"
GRACE = 5.0  # seconds between TERM and KILL
DONE = b"done"


class Watchdog:
    """One for each run, started with its first command. `mark`: what that command must have in its environment under MARK."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start watching; a second time changes nothing."""
        if self._process is None:
            command = [sys.executable, "-I", __file__, self.mark]
            environment = {name: value for name, value in os.environ.items() if name != MARK}  # else it would find itself
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)

    def close(self) -> None:
        """The run has ended in order: nothing is to be done."""
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.write(DONE)
                self._process.stdin.close()
            self._process.wait()


def main(mark: str) -> None:
    """Wait for the end of the pipe; then end what carries the mark."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read() != DONE:
        end_marked(mark)


def end_marked(mark: str) -> None:
    """End what carries the mark: TERM, and KILL for what is still there after five seconds."""
    until, asked = time.monotonic() + GRACE, set[int]()
    while found := marked(mark):
        late = time.monotonic() >= until
        for pid in found if late else set(found) - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= set(found)
        time.sleep(0.2)


def marked(mark: str) -> list[int]:
    """Living processes that carry the mark."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                found.append(process.pid)
    return found


if __name__ == "__main__":
    main(sys.argv[1])
