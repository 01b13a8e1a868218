"""Runs that MLflow shows as RUNNING though nobody writes to them any more: their training was killed together with its writer, or the
machine is gone. Whoever records, or begins a training, marks them KILLED.

A live run says who writes to it (tag `malmoi.writer`: host, process, when the process began, since a number may be another process by now)
and when it last did (`malmoi.alive`, ms since 1970).
"""

import os
import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import Run as Tracked

    from tasks._tracking import Store

WRITER, ALIVE = "malmoi.writer", "malmoi.alive"
BEAT = 60.0  # seconds between two signs of life
DRIFT = 5.0  # seconds by which a clock may have been put right since a process began
STALE = 3600.0  # seconds without one after which a writer on another machine is taken for dead; clocks differ


def writer(process: int | None = None) -> str:
    """This process, or another one of this machine, as the tag says it."""
    process = process or os.getpid()
    return f"{socket.gethostname()}:{process}:{_began(process):.0f}"


def end(store: "Store", runs: "Iterable[Tracked]") -> int:
    """Mark those of `runs` KILLED that are abandoned. Returns how many."""
    ended = 0
    for run in runs:
        if abandoned(run):
            store.client.set_terminated(run.info.run_id, "KILLED")
            ended += 1
    return ended


def abandoned(run: "Tracked", now: float | None = None) -> bool:
    """Whether it says RUNNING, and its writer is dead or has been silent for too long."""
    if run.info.status != "RUNNING" or WRITER not in run.data.tags:
        return False
    if here(run):
        return not alive(run)
    seen = int(run.data.tags.get(ALIVE, run.info.start_time)) / 1000
    return (now or time.time()) - seen > STALE


def taken(run: "Tracked") -> bool:
    """Whether this process must not write to it: another one does (two trainings of the same at once, or the writer of a training that was
    killed and is at its last request), or all is recorded already."""
    if run.info.status == "RUNNING":
        return run.data.tags.get(WRITER, writer()) != writer() and not abandoned(run)
    return run.info.status == "FINISHED" and "malmoi.recorded" in run.data.tags


def alive(run: "Tracked") -> bool:
    """Whether its writer is a living process of this machine."""
    return lives(run.data.tags.get(WRITER, ""))


def lives(tag: str) -> bool:
    """Whether the writer that a tag names is a living process of this machine."""
    _, process, began = f"{tag}::".split(":")[:3]
    found = _began(int(process)) if of_this_machine(tag) and process.isdecimal() else 0.0
    return found > 0 and (not began or abs(found - float(began)) < DRIFT)


def here(run: "Tracked") -> bool:
    """Whether its writer ran, or runs, on this machine."""
    return of_this_machine(run.data.tags.get(WRITER, ""))


def of_this_machine(tag: str) -> bool:
    """Whether the writer that a tag names ran, or runs, on this machine."""
    return tag.partition(":")[0] == socket.gethostname()


def _began(process: int) -> float:
    """When a process began, in seconds since 1970; 0 where there is none, or it has ended and only waits to be asked how."""
    import psutil

    try:
        found = psutil.Process(process)
        return 0.0 if found.status() == psutil.STATUS_ZOMBIE else float(found.create_time())
    except psutil.NoSuchProcess:
        return 0.0
