"""One lock for whatever is read, changed and written back: held by one process at a time, with the name of who holds it.

A lock is a file that its holder has locked with flock(2). The kernel gives it back when the holder ends, however it ends, so no lock is
ever stale. The file says who holds it. It stays when the lock is given back; a holder may remove it with the folder that it lies in. What
the holder starts does not inherit the lock.
"""

import errno
import fcntl
import json
import math
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from malmoi.config import ConfigError
from tasks.runtime import files, processes

TIMEOUT = "MALMOI_LOCK_TIMEOUT"  # environment variable: seconds, instead of DEFAULT
DEFAULT = 600.0  # seconds to wait for another process
POLL = 0.05  # seconds between two tries
PATIENCE = 1.0  # seconds of waiting before a person is told

_held: set[tuple[int, int, str]] = set()  # (process, thread, file); the process, since a fork has its parent's set


class BusyError(ConfigError):
    """Another process holds the lock, and went on holding it for as long as this one may wait. owner: which, as far as it has said so."""

    def __init__(self, message: str, owner: "Owner | None" = None) -> None:
        super().__init__(message)
        self.owner = owner


@dataclass(frozen=True)
class Owner:
    """Who holds a lock. process: see processes.Identity; since: ISO 8601 with offset; doing: in words."""

    process: str
    host: str
    pid: int
    since: str
    command: str
    doing: str = ""

    def __str__(self) -> str:
        what = self.doing or self.command
        return f"process {self.pid} on {self.host} ({what}), since {self.since}"


def path_for(target: Path) -> Path:
    """The lock file of a file or folder: `.malmoi/locks/NAME.lock` in the folder that `target` lies in, which git ignores."""
    target = Path(os.path.abspath(target))
    return files.private_folder(target.parent) / "locks" / f"{target.name}.lock"


@contextmanager
def lock(path: Path, doing: str = "", timeout: float | None = None, say: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock file `path` while inside. A thread that holds it may enter again.

    Args:
        path: the lock file; made, with its folder, where it is not there.
        doing: what the holder does, for those who wait.
        timeout: seconds to wait for another process; 0 does not wait, math.inf waits for ever. Default: MALMOI_LOCK_TIMEOUT, else 600.
        say: told once, after a second of waiting, who is waited for. Default: a line on stderr.

    Raises:
        BusyError: another process still holds it after `timeout`; the message says which.
    """
    key = (os.getpid(), threading.get_ident(), os.path.realpath(path))
    if key in _held:  # this thread has it: nothing to take and nothing to give back
        yield
        return
    with hold(path, doing, timeout, say):
        _held.add(key)
        try:
            yield
        finally:
            _held.discard(key)


@contextmanager
def hold(
    path: Path,
    doing: str = "",
    timeout: float | None = None,
    say: Callable[[str], None] | None = None,
    check: Callable[[], None] | None = None,
) -> Iterator[None]:
    """As `lock`, but nobody enters twice, not even the thread that is inside. check: called all the time while this waits; may raise."""
    descriptor = _acquire(path, _seconds(timeout), say or _say, check or _go_on)
    try:
        with _noted(descriptor, doing):
            yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a fork of this process may have the file open, too
        os.close(descriptor)


def owner(path: Path) -> Owner | None:
    """Who holds a lock file, as far as it says so; None where nobody does or it is not readable."""
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _acquire(path: Path, timeout: float, say: Callable[[str], None], check: Callable[[], None]) -> int:
    """The open lock file, locked. Who holds a lock may remove its file, with the folder that it lies in: then another one is made."""
    began = time.monotonic()
    told = False
    while (descriptor := _try(path)) is None:
        waited = time.monotonic() - began
        if waited >= timeout:
            raise BusyError(_busy(path, timeout), owner(path))
        if waited >= PATIENCE and not told:
            say(f"waiting for {owner(path) or 'another process'}{f'; at most {timeout:.0f} s' if math.isfinite(timeout) else ''}")
            told = True
        check()
        time.sleep(POLL)
    return descriptor


def _try(path: Path) -> int | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:  # its folder was removed in between
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _still_there(descriptor, path):
            return descriptor
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def _still_there(descriptor: int, path: Path) -> bool:
    """Whether the locked file is the one that others find at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _busy(path: Path, timeout: float) -> str:
    who = owner(path)
    waited = f" after {timeout:.0f} s" if timeout else ""
    return f"{path.stem}: locked by {who or 'another process'}{waited}; wait until it has ended, or end it, and run this again"


@contextmanager
def _noted(descriptor: int, doing: str) -> Iterator[None]:
    """The holder's name is in the file while inside. For those who read in between, a half-written note is no note."""
    me = processes.identify()
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    note = Owner(str(me), socket.gethostname(), me.pid, since, shlex.join(sys.argv)[:200], doing)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(note), ensure_ascii=False).encode("utf-8", "surrogateescape"), 0)
    try:
        yield
    finally:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)


def _seconds(timeout: float | None) -> float:
    if timeout is not None:
        return timeout
    given = os.environ.get(TIMEOUT, "")
    try:
        seconds = float(given) if given else DEFAULT
    except ValueError:
        raise ConfigError(f"{TIMEOUT}={given}: should be a number of seconds, as 600") from None
    if not seconds >= 0:
        raise ConfigError(f"{TIMEOUT}={given}: should be 0 or more seconds")
    return seconds


def silent(line: str) -> None:
    """A `say` for who waits without a word."""


def _go_on() -> None:
    """Nothing ends the waiting."""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
