"""One worker process as its parent sees it: started, written to, read from, killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from malmoi.tokenizers._worker import LENGTH, pack, unpack

ROOT = Path(__file__).parents[2]
BOOT = "import sys; sys.path[:0] = sys.argv[1:]; from malmoi.tokenizers._worker import main; main()"


class Worker:
    """One worker process of so many threads.

    hand: the units that it has, by their place in the batch, in order; the first of them are under way. alone: the one unit that it was
    given alone, if so. since: when it last got or did anything.
    """

    def __init__(self, module: str, settings: dict[str, Any], threads: int = 1) -> None:
        command = [sys.executable, "-I", "-S", "-c", BOOT, str(ROOT)]
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the worker inherits this: Ctrl-C is the parent's to hear
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        self._target, self._source = cast(IO[bytes], self.process.stdin), cast(IO[bytes], self.process.stdout)
        self.hand, self.alone = list[int](), list[int]()
        self.ready, self.long_run, self.threads, self._bytes = False, settings["long_run"], threads, bytearray()
        self.send({"path": sys.path, "module": module, "settings": settings, "threads": threads})

    def fileno(self) -> int:
        """Of the pipe that answers come by."""
        return self._source.fileno()

    def give(self, places: list[int], units: Sequence[str], how: dict[str, Any]) -> None:
        """Hand it units of a batch."""
        self.hand += places
        self.send({"how": how, "units": [[place, units[place]] for place in places]})

    def under_way(self) -> tuple[list[int], list[int]]:
        """Units in hand: those that its threads are at, and those that wait. It takes them in order."""
        return self.hand[: self.threads], self.hand[self.threads :]

    def send(self, message: Any) -> None:
        """Send a frame; a worker that is gone is noticed when its answer is read."""
        self.since = time.monotonic()
        data = memoryview(pack(message))
        try:
            while data:
                data = data[self._target.write(data) or 0 :]
        except OSError:
            return

    def receive(self) -> list[Any] | None:
        """The answers that are there; None when the worker is gone."""
        data = os.read(self.fileno(), 1 << 20)
        self._bytes += data
        answers = []
        while len(self._bytes) >= LENGTH.size and len(self._bytes) >= (end := LENGTH.size + LENGTH.unpack_from(self._bytes)[0]):
            answers.append(unpack(self._bytes[LENGTH.size : end]))
            del self._bytes[:end]
        self.since = time.monotonic() if answers else self.since
        return answers if data else None

    def close(self) -> None:
        """Kill it; nothing else ends an analyzer that hangs."""
        self.process.kill()
        self.process.wait()
        self._target.close()
        self._source.close()
