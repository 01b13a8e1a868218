"""What a stage needs of the machine and how it may fail: its free-form `meta:` in dvc.yaml, and what the machine has.

    meta: {cores: 2, memory: 4 GB, timeout: 600, retries: 2, here: true, environment: [NAME]}

cores: threads that it is told to use (left out: a fair share; more than there are: it runs alone). memory: it starts only where so much is
not yet given to others. timeout: seconds without a line of output after which it is taken for hung. retries: how often it is tried again
after it was killed, hung, or lost a connection; never after an error of its own. here: it is never sent to a worker. environment: what it
gets besides what every stage gets (`flows/stage_environment.py`). Other keys are left alone.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from malmoi import processor

UNITS = {"": 2**20, "M": 2**20, "MB": 2**20, "MIB": 2**20, "G": 2**30, "GB": 2**30, "GIB": 2**30}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
# The last words of a program that lost a connection, in Python's and the common tools' names
LOST = re.compile(
    r"\b(Connection(Reset|Refused|Aborted)?Error|ConnectTimeout|ReadTimeout|TimeoutError|RemoteDisconnected|IncompleteRead|gaierror"
    r"|BrokenPipeError|Temporary failure in name resolution|Connection (reset|refused|timed out)|50[234] (Server Error|Bad Gateway))"
)


class NeedsError(ValueError):
    """A `meta:` that cannot be right."""


@dataclass(frozen=True)
class Needs:
    """What one stage needs; 0 cores means a fair share. memory: bytes. timeout: seconds of silence."""

    cores: int = 0
    memory: int = 0
    timeout: float = math.inf
    retries: int = 0
    here: bool = False
    environment: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What there is for all stages together: how many side by side, cores, and bytes of memory."""

    jobs: int
    cores: int
    memory: int

    def allot(self, needs: Needs, running: Sequence[tuple[Needs, int]], ready: int) -> int:
        """Cores for a stage beside those that run (with the cores they were given), when so many are ready; 0: no room for it now.

        It gets what it asks for, or a fair share of what is free: all of it where nothing else is ready. One that asks for more than
        there is may run alone.
        """
        free = max(self.cores, self.jobs) - sum(cores for _, cores in running)
        memory = sum(other.memory for other, _ in running) + needs.memory
        if running and (len(running) >= self.jobs or memory > self.memory):
            return 0
        fair = max(1, min(free, self.cores) // max(1, min(ready, self.jobs - len(running))))
        wanted = min(needs.cores, self.cores) or fair
        return wanted if wanted <= free else 0

    @property
    def most(self) -> int:
        """Stages that can ever be at work at once."""
        return self.jobs

    def meet(self, pipeline: Any) -> list[str]:
        """What a person should know before this machine takes the stages of an open pipeline: nothing."""
        return []

    def elsewhere(self, stage: Any, attempt: Any, leave: Callable[[], AbstractContextManager[None]]) -> bool:
        """Whether the stage was brought up to date on another machine, instead of here. There is none."""
        return False

    def threads(self, cores: int) -> dict[str, str]:
        """What tells numerical libraries their share; nothing where that is all there is."""
        return dict.fromkeys(THREADS, str(cores)) if 0 < cores < self.cores else {}


def here(jobs: int) -> Machine:
    """This machine, or what a container may use of it. jobs: stages side by side; 0: one for each core, at most eight, 2 GB for each."""
    cores = processor.cores()
    memory = processor.memory()
    return Machine(jobs or max(1, min(cores, 8, memory // (2 * 2**30))), cores, memory)


def read(name: str, meta: Mapping[str, Any]) -> Needs:
    """A stage's `meta:`. Raises NeedsError, naming the stage and what is possible."""
    try:
        found = Needs(
            int(meta.get("cores", 0)),
            _memory(meta.get("memory", 0)),
            float(meta.get("timeout", math.inf)),
            int(meta.get("retries", 0)),
            bool(meta.get("here", False)),
            _names(meta.get("environment", ())),
        )
    except (TypeError, ValueError) as error:
        raise NeedsError(f"{name}: its meta in dvc.yaml cannot be right: {error}") from None
    if found.cores < 0 or found.retries < 0 or found.timeout <= 0:
        raise NeedsError(f"{name}: its meta in dvc.yaml cannot be right: cores and retries are 0 or more, timeout is above 0 (seconds)")
    return found


def worth_another_try(status: int | None, tail: Sequence[str]) -> bool:
    """Whether a command may succeed the next time. status: its exit status, None where it hung; tail: its last lines.

    A shell says 128 + n where signal n killed what it ran.
    """
    if status is None or status < 0 or status > 128:
        return True
    return any(LOST.search(line) for line in list(tail)[-3:])


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"environment {value!r}: write a list of names: [NAME, NAME]")
    return tuple(value)


def _memory(value: Any) -> int:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if not found or found[2].upper() not in UNITS:
        raise ValueError(f"memory {value!r}: write 4 GB, 500 MB, or a number of MB")
    return int(float(found[1]) * UNITS[found[2].upper()])
