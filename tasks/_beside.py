"""How a process behaves that lives beside a training: out of its way, told of everything through a file, and gone soon after it."""

import json
import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

LINGER = 1.0  # seconds after the training in which it may still say something on stderr


class Stopped(Exception):  # noqa: N818 - a request, no error
    """Somebody asks this process to end (SIGTERM): its training is being ended too."""


def settle() -> None:
    """The lowest priority, also where the system shares time by session; a training's Ctrl-C is not for this process. SIGTERM is raised
    as Stopped."""
    os.nice(19)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: Any) -> None:
    raise Stopped


def lines(file: int, wake: float) -> Iterator[list[dict[str, Any]]]:
    """JSON lines of an open file as they are added, all that are new at a time, and an empty list every `wake` seconds.

    A byte on stdin says that there are new ones. When stdin is closed there will be no more: what is left is given, and it ends. A last
    half line is of no use and is left.
    """
    place, rest, over = 0, b"", False
    while not over:
        if select.select([0], [], [], wake)[0]:
            over = not os.read(0, 1 << 16)
        added = list(_added(file, place))
        place += sum(map(len, added))
        *whole, rest = (rest + b"".join(added)).split(b"\n")
        yield [json.loads(line) for line in whole]


def _added(file: int, place: int) -> Iterator[bytes]:
    """What the file has from `place` on; its position, which the training shares, is left alone."""
    while block := os.pread(file, 1 << 16, place):
        yield block
        place += len(block)


def last(seconds: int) -> None:
    """Training has ended: this process ends after so many seconds, whatever it is at, and soon holds nobody's output open any more."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda number, frame: _mute(seconds))
    signal.setitimer(signal.ITIMER_REAL, LINGER)


def _mute(seconds: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
