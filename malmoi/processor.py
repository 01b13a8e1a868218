"""What this process may use of the machine's processor."""

import os


def cores() -> int:
    """Cores that it may run on: all of the machine's, or those that it was bound to."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
