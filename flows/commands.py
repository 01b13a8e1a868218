"""Runs one shell command in a process group of its own, hands its output on line by line, and ends all of it when asked to stop."""

import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from tasks.runtime import output

GRACE = 5.0  # seconds between TERM and KILL
TICK = 0.1

OnLine = Callable[[str], None]


class Stopped(BaseException):
    """A person or the system asked this run to end; `signal` is what was sent. No `Exception`, so that nothing takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


class Stop:
    """A wish to end, set by a signal handler or another thread, and read where ending is safe (never while DVC writes its files)."""

    def __init__(self) -> None:
        self._number = 0

    def ask(self, number: int = signal.SIGTERM) -> None:
        """Ask for the end."""
        self._number = number

    @property
    def asked(self) -> bool:
        """Whether the end was asked for."""
        return bool(self._number)

    def check(self) -> None:
        """Raise Stopped if the end was asked for."""
        if self._number:
            raise Stopped(self._number)


@contextmanager
def signals(stop: Stop) -> Iterator[None]:
    """While inside, SIGINT and SIGTERM only set `stop`, and so does a reader of our output that goes away.

    Does nothing outside the main thread, where handlers cannot be set.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda received, _: stop.ask(received)) for number in wanted}
    try:
        with output.when_unread(lambda: stop.ask(signal.SIGPIPE)):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class SilentError(Exception):
    """A command said nothing for longer than it may."""


@dataclass(frozen=True)
class Call:
    """A command: its arguments, where and with what environment it runs, and how many seconds it may go on without a line."""

    arguments: Sequence[str]
    cwd: str | Path
    env: dict[str, str]
    silence: float = math.inf


def run(call: Call, on_line: OnLine, stop: Stop) -> int:
    """Run a command to its end. Returns its exit status (negative: the signal that killed it).

    Its standard output and error go to `on_line`, in this thread. Raises Stopped where `stop` asks for the end, and SilentError after
    so many seconds without a line, after ending the whole process group.
    """
    process = subprocess.Popen(
        call.arguments,
        cwd=call.cwd,
        env=call.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        _follow(process, on_line, stop, call.silence)
        return process.wait()
    except BaseException:
        end_group(process)
        raise


def _follow(process: subprocess.Popen[str], on_line: OnLine, stop: Stop, silence: float) -> None:
    lines: SimpleQueue[str] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    heard = time.monotonic()
    while process.poll() is None:
        stop.check()
        if time.monotonic() - heard > silence:
            raise SilentError(f"it said nothing for {silence:g} s (meta.timeout) and was ended")
        with suppress(Empty):
            on_line(lines.get(timeout=TICK))
            heard = time.monotonic()
    reader.join(1.0)  # no longer: what the command may have left in the background keeps the pipe open
    while not lines.empty():
        on_line(lines.get())


def _read(process: subprocess.Popen[str], lines: "SimpleQueue[str]") -> None:
    if process.stdout:
        with process.stdout as stream:
            for line in stream:
                lines.put(line.rstrip())


def end_group(process: subprocess.Popen[str]) -> None:
    """End a command and all that it started: TERM, and KILL for what is still there after five seconds."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            process.poll()  # a dead child that nobody waited for still counts as a member
            os.killpg(process.pid, 0)
            time.sleep(TICK / 2)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
