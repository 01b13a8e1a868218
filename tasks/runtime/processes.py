"""Identify a process across containers: boot, PID namespace, PID and start time; a number alone may be another process by now.

Containers of one machine share its name and not its PIDs, or its PIDs and not its name, so neither says whether a PID means anything
here. The boot id of the kernel and the PID namespace do (Linux: proc(5), pid_namespaces(7)). Where there is no /proc, the host name and
the time at which the machine was booted stand for the boot, and the namespace is empty.
"""

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROC = Path("/proc")
FORM = re.compile(r"(?P<boot>[^:]+):(?P<namespace>[^:]*):(?P<pid>\d+):(?P<began>\d+)")


@dataclass(frozen=True)
class Identity:
    """One process. boot: of the kernel; namespace: of PIDs; began: start time (clock ticks since boot, or ms since 1970 without /proc)."""

    boot: str
    namespace: str
    pid: int
    began: int

    def __str__(self) -> str:
        return f"{self.boot}:{self.namespace}:{self.pid}:{self.began}"

    @property
    def here(self) -> bool:
        """Whether its PID means something to this process: same boot, same PID namespace, whose processes /proc shows."""
        return (self.boot, self.namespace) == (_boot(), _namespace()) and (self.pid == os.getpid() or _proc_is_ours())

    @property
    def alive(self) -> bool:
        """Whether it is a living process that this one can see; a zombie is not."""
        return self.here and start_time(self.pid) == self.began


def identify(pid: int | None = None) -> Identity:
    """Identity of this process, or of another one of this PID namespace. Raises ProcessLookupError where there is none."""
    pid = pid or os.getpid()
    began = start_time(pid)
    if began is None:
        raise ProcessLookupError(f"no process has the number {pid}")
    return Identity(_boot(), _namespace(), pid, began)


def parse(text: str) -> Identity | None:
    """The identity that `str` of one gave; None for anything else.

    >>> str(parse("5d1f:pid4026531836:17:9000"))
    '5d1f:pid4026531836:17:9000'
    >>> parse("a-host:17:1700000000") is None
    True
    """
    found = FORM.fullmatch(text)
    return Identity(found["boot"], found["namespace"], int(found["pid"]), int(found["began"])) if found else None


def start_time(pid: int) -> int | None:
    """When a process began (see Identity); None where there is none, or it is a zombie."""
    if not PROC.joinpath("self", "stat").exists():
        return _start_time_by_psutil(pid)
    place = "self" if pid == os.getpid() else str(pid)
    try:
        stat = PROC.joinpath(place, "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it, in brackets, may hold anything
    return None if fields[0] in "ZX" else int(fields[19])  # fields 3 and 22 of proc(5)


def _start_time_by_psutil(pid: int) -> int | None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time() * 1000)
    return None


def _proc_is_ours() -> bool:
    """Whether /proc is that of this PID namespace: in one that was made without its own (`unshare --pid`), numbers are other processes."""
    try:
        return os.readlink(PROC / "self") == str(os.getpid())
    except OSError:  # there is none, and psutil is asked
        return True


@cache
def _boot() -> str:
    with suppress(OSError):
        return PROC.joinpath("sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    import psutil

    return f"{socket.gethostname().replace(':', '-')}-{psutil.boot_time():.0f}"


@cache
def _namespace() -> str:
    with suppress(OSError):
        return re.sub(r"[:\[\]]", "", os.readlink(PROC / "self/ns/pid"))
    return ""
