"""One sweep of a name at a time, and one trial at a time that makes the same stage: `tasks.runtime.locks` in the words of a sweep."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flows.commands import Stop
from malmoi.config import ConfigError
from tasks.runtime.files import write_whole
from tasks.runtime.locks import BusyError, hold, silent
from tasks.runtime.watchdog import marked

PATIENCE = 15.0  # seconds that what a killed process has started may need to end


@contextmanager
def only(folder: Path, name: str) -> Iterator[Callable[[str], None]]:
    """One sweep of a name at a time. Gives a function that notes the mark of what this one starts; waits for what a killed one has left.

    Raises ConfigError, naming the other.
    """
    started = folder / "started"
    with ExitStack() as held:
        try:
            held.enter_context(hold(folder / "lock", timeout=0))
        except BusyError as error:
            other = error.owner or "another process"
            raise ConfigError(f"sweep {name!r} is already at work ({other}); wait for its end, or stop it") from None
        wait_for(started)
        yield lambda mark: write_whole(started, mark)
        started.unlink(missing_ok=True)


def wait_for(started: Path) -> None:
    """Until all that carries the mark in a file has ended, which the watchdog of whoever was killed sees to; not for ever."""
    mark = started.read_text(encoding="utf-8") if started.exists() else ""
    until = time.monotonic() + PATIENCE
    while mark and marked(mark) and time.monotonic() < until:
        time.sleep(0.2)


@contextmanager
def alone(folder: Path, key: str, stop: Stop) -> Iterator[None]:
    """Only one trial at a time with the same key; none where there is no key. Raises Stopped while waiting."""
    if not key:
        yield
        return
    with hold(folder / f"{key}.lock", timeout=math.inf, say=silent, check=stop.check):
        yield
