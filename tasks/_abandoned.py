"""Runs that MLflow shows as RUNNING though nobody writes to them any more: their training was killed together with its writer, or the
machine is gone. Whoever records, or begins a training, marks them KILLED.

A live run says who writes to it (tag `malmoi.writer`: see `processes.Identity`; a PID alone may be another process, or one of another
container) and when it last did (`malmoi.alive`, ms since 1970). Where the writer's PID means nothing here (another machine, another
container, an earlier boot, or a tag of an earlier version) only its silence tells.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tasks.runtime import processes

if TYPE_CHECKING:
    from mlflow.entities import Run as Tracked

    from tasks._tracking import Store

WRITER, ALIVE = "malmoi.writer", "malmoi.alive"
BEAT = 60.0  # seconds between two signs of life
SILENCE = 5 * BEAT  # seconds without one after which who has waited for it all that time takes the writer for dead
STALE = 3600.0  # seconds without one after which a writer that cannot be seen from here is taken for dead; clocks differ


def writer(process: int | None = None) -> str:
    """This process, or another one that can be seen from here, as the tag says it."""
    return str(processes.identify(process))


class Watch:
    """Waits for signs of life of the writer of one run, by this process's own clock: much sooner sure than `abandoned`, which compares
    clocks of two machines."""

    def __init__(self) -> None:
        self._heard, self._since = "", 0.0

    def silent(self, run: "Tracked") -> bool:
        """Whether all that this has seen for SILENCE seconds is the same sign of life. To be asked again and again."""
        sign, now = f"{run.info.run_id} {run.data.tags.get(WRITER)} {run.data.tags.get(ALIVE)}", time.monotonic()
        if sign != self._heard:
            self._heard, self._since = sign, now
        return now - self._since > SILENCE


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
    if can_be_seen(run.data.tags[WRITER]):
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
    """Whether its writer can be seen from here, and lives."""
    return lives(run.data.tags.get(WRITER, ""))


def lives(tag: str) -> bool:
    """Whether the writer that a tag names can be seen from here, and lives."""
    found = processes.parse(tag)
    return found is not None and found.alive


def can_be_seen(tag: str) -> bool:
    """Whether the writer that a tag names would be seen from here if it lived: its PID is one of this boot and this container."""
    found = processes.parse(tag)
    return found is not None and found.here
