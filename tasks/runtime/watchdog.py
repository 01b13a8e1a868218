"""Ends what a run has started when the run itself dies without a chance to (kill -9, out of memory).

A process of its own waits for the end of a pipe that the run holds, or of the run itself, since what the run has forked holds the pipe,
too. Then it looks for every process that carries the run's mark in its environment, whatever process group or parent that has by now, and
ends it.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

MARK = "MALMOI_RUN"
GRACE = 5.0  # seconds between TERM and KILL
LOOK = 0.5  # seconds between two looks at whether the run is still there
STARTED = "MALMOI_STARTED"  # mark of all that a command starts, also of what a library starts for it
DONE = b"done"


class Watchdog:
    """One for each run, started with its first command. `mark`: what that command must have in its environment under `name`.

    Runs inside of a run have marks of their own under the same name. What is to end with a run in spite of that needs another name.
    """

    def __init__(self, name: str = MARK) -> None:
        self.mark, self._name = uuid.uuid4().hex, name
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start watching; a second time changes nothing."""
        if self._process is None:
            command = [sys.executable, "-I", __file__, str(os.getpid()), self.mark, self._name]
            environment = {name: value for name, value in os.environ.items() if name != self._name}  # else it would find itself
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)

    def close(self) -> None:
        """The run has ended in order: nothing is to be done."""
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.write(DONE)
                self._process.stdin.close()
            self._process.wait()


@contextlib.contextmanager
def guard(name: str = STARTED) -> Iterator[str]:
    """While inside, all that this process starts carries a mark, and ends with it if it dies. Gives the mark."""
    dog = Watchdog(name)
    dog.start()
    before = os.environ.get(name)
    os.environ[name] = dog.mark
    try:
        yield dog.mark
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
        dog.close()


def main(run: int, mark: str, name: str) -> None:
    """Wait for the end of process `run`; then, where it has not said that it was in order, end what carries the mark."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while not select.select([0], [], [], LOOK)[0]:
        if os.getppid() != run:
            break
    else:
        if os.read(0, len(DONE)) == DONE:
            return
    end_marked(mark, name)


def end_marked(mark: str, name: str = MARK) -> None:
    """End what carries the mark: TERM, and KILL for what is still there after five seconds."""
    until, asked = time.monotonic() + GRACE, set[int]()
    while found := marked(mark, name):
        late = time.monotonic() >= until
        for pid in found if late else set(found) - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= set(found)
        time.sleep(0.2)


def marked(mark: str, name: str = MARK) -> list[int]:
    """Living processes that carry the mark."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(name) == mark:
                found.append(process.pid)
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
