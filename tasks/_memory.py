"""Most memory that this process and those it started have held, as Linux counts it."""

import os
from pathlib import Path

PROC = Path("/proc")


def peak_mb(process: int | None = None) -> float | None:
    """MiB at their peak (`VmHWM`), summed over the process and all below it that live; None where there is no /proc."""
    if not PROC.is_dir():
        return None
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            parents.setdefault(_field(int(entry.name), "PPid"), []).append(int(entry.name))
    waiting, total = [process or os.getpid()], 0
    while waiting:
        one = waiting.pop()
        total += _field(one, "VmHWM")
        waiting += parents.get(one, [])
    return round(total / 1024, 1)


def own_peak_mb() -> float | None:
    """MiB that this process alone has held at its peak; None where there is no /proc."""
    return round(_field(os.getpid(), "VmHWM") / 1024, 1) if PROC.is_dir() else None


def forget_peak() -> bool:
    """From here on the peak is of what this process holds now, and more if it comes to hold more. False where the kernel does not do it."""
    try:
        (PROC / "self/clear_refs").write_text("5", encoding="ascii")  # 5: proc_pid_clear_refs(5), the peak of the resident set
    except OSError:
        return False
    return True


def _field(process: int, name: str) -> int:
    """A number of /proc/PID/status, in KiB where it is a size; 0 where the process is gone."""
    try:
        lines = (PROC / str(process) / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
