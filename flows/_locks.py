"""Files that say that somebody is at work: one sweep of a name at a time, and one trial at a time that makes the same stage."""

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from flows.commands import Stop
from flows.watchdog import marked
from malmoi.config import ConfigError

PATIENCE = 15.0  # seconds that what a killed sweep has started may need to end
POLL = 0.1  # seconds between two looks at a lock that another trial holds


def taken(file: TextIO) -> bool:
    """Whether this process has the lock of an open file now; it is given back when the file is closed, however the process ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def only(folder: Path, name: str) -> Iterator[Callable[[str], None]]:
    """One sweep of a name at a time. Gives a function that notes the mark of what this one starts; waits for what a killed one has left.

    Raises ConfigError, naming the other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a+", encoding="utf-8") as file:
        if not taken(file):
            file.seek(0)
            raise ConfigError(f"sweep {name!r} is already at work ({file.readline().strip()}); wait for its end, or stop it")
        file.seek(0)
        before = file.read().split("\n")[1:2]
        until = time.monotonic() + PATIENCE
        while before and before[0] and marked(before[0]) and time.monotonic() < until:
            time.sleep(0.2)

        def note(mark: str) -> None:
            file.truncate(0)
            file.write(f"PID {os.getpid()}: {' '.join(sys.argv)}\n{mark}\n")
            file.flush()

        note("")
        yield note


@contextmanager
def alone(folder: Path, key: str, stop: Stop) -> Iterator[None]:
    """Only one trial at a time with the same key; none where there is no key. Raises Stopped while waiting."""
    if not key:
        yield
        return
    with open(folder / f"{key}.lock", "w") as file:
        while not taken(file):
            stop.check()
            time.sleep(POLL)
        yield
