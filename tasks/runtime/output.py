"""What becomes of a command whose reader goes away, as in `... | head -1`: exit status 141, and nothing left half done.

A command that makes or changes something goes on to its end without a word: what it leaves is whole. One that only prints stops at once
(`stop_when_unread`), and so does a run of stages, in order (`when_unread`). The status is that of a program that SIGPIPE has ended
(128 + 13), as shells and pipelines expect it.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

UNREAD = 128 + signal.SIGPIPE  # exit status


class _Stream:
    """A text stream that stays usable when its reader is gone; what is written from then on is lost."""

    def __init__(self, stream: TextIO, on_unread: Callable[[], None]) -> None:
        self._stream, self._on_unread, self.unread = stream, on_unread, False

    def write(self, text: str) -> int:
        """Write text. Returns its length, also where nobody reads it."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._lose()
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._lose()

    def writelines(self, lines: Iterator[str]) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def _lose(self) -> None:
        """Let what comes go nowhere, also at the interpreter's own last flush and from what is not Python."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if not self.unread:
            self.unread = True
            self._on_unread()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_listeners: list[Callable[[], None]] = []


def run(main: Callable[[], int]) -> int:
    """Run a program's `main`. Returns its exit status, or 141 where all is well but nobody read what it said to the end."""
    before = sys.stdout, sys.stderr
    streams = [_Stream(stream, _tell) for stream in before]
    sys.stdout, sys.stderr = streams
    try:
        status = main()
    except SystemExit as end:  # as argparse ends after --help
        if isinstance(end.code, str):
            raise
        status = end.code or 0
    finally:
        for stream in streams:
            stream.flush()
        sys.stdout, sys.stderr = before
    return status or (UNREAD if any(stream.unread for stream in streams) else 0)


@contextmanager
def when_unread(act: Callable[[], None]) -> Iterator[None]:
    """While inside, call `act` once in the moment in which the reader turns out to be gone."""
    _listeners.append(act)
    try:
        yield
    finally:
        with suppress(ValueError):
            _listeners.remove(act)


def stop_when_unread() -> None:
    """For `when_unread`, of a command that only prints: end here."""
    raise SystemExit(UNREAD)


def _tell() -> None:
    for act in list(_listeners):
        act()
