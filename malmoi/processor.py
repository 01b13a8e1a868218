"""What this process may use of the machine: cores and memory, by its control group where it has one (a container, a job of a scheduler).

A limit may be set at any level above the process, under the names of version 2 (`memory.max`, `cpu.max`) or of version 1 of Linux' control
groups; the smallest holds.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OURS = Path("/proc/self/cgroup")  # a line for each hierarchy: number:controllers:path; version 2 has no controllers


def cores() -> int:
    """Cores that it may use: the machine's, those that it was bound to, or its control group's share, rounded up; the fewest of these."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shares = [_share(folder) for folder in _folders("cpu")]
    return max(1, min([bound, *(math.ceil(share) for share in shares if share)]))


def memory() -> int:
    """Bytes of memory that it may use, with all other processes of its control group: all of the machine's, or the group's limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    folders = list(_folders("memory"))
    limits = [_number(folder / name) for folder in folders for name in ("memory.max", "memory.limit_in_bytes")]
    return int(min([machine, *(limit for limit in limits if limit > 0)]))


def _share(folder: Path) -> float:
    """Cores that a group may use at a time; 0 where it says nothing."""
    quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    if not period:
        quota, period = _number(folder / "cpu.max"), _number(folder / "cpu.max", 1)
    return quota / period if quota > 0 and period > 0 else 0.0


def _number(path: Path, place: int = 0) -> float:
    """A number of a file; 0 where it is not there, or says `max`."""
    try:
        return float(path.read_text(encoding="ascii").split()[place])
    except (OSError, ValueError, IndexError):
        return 0.0


def _folders(controller: str) -> Iterator[Path]:
    """The group that has a say in `controller`, and those above it; a container may see its own group as the top."""
    try:
        lines = OURS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for _, names, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if names and controller not in names.split(","):
            continue
        top = GROUPS / controller if names else GROUPS
        group = Path(path.lstrip("/"))
        yield from (top / one for one in (group, *group.parents) if (top / one).is_dir())
