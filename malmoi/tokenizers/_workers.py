"""Workers and their pool, seen from the parent: units of text are handed out, morphemes come back in order, and no unit is ever lost.

One worker serves few texts. When thousands come, more are started, one for every thousand texts up to the cores there are, now with Java's
second compiler; the first one, without it, is let go. A unit that an analyzer hangs on is given up after `timeout_s`; one whose worker
dies is tried once more. Either way the worker is replaced and the rest goes on.
"""

import atexit
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from malmoi.config import ConfigError
from malmoi.tokenizers._child import Worker
from malmoi.tokenizers._worker import Answer

CHUNK, LOW = 64, 16  # units that a worker has in hand for each of its threads: at most, and when it is given more
FEW = 1_000  # texts that one worker does alone
START_S = 600.0  # that an analyzer may take to load its dictionaries, on a busy machine


@dataclass(frozen=True)
class Job:
    """How to cut, and how much may be spent on it. seen: texts so far. workers: units that are cut at the same time, at most.

    long_run: start as for thousands of texts at once.
    """

    how: dict[str, Any]
    timeout_s: float
    workers: int
    seen: int = 0
    long_run: bool = False


@dataclass
class Batch:
    """Units on their way: `todo` are still to be given out, `left` without an answer; `alone` were in the hand of one that died."""

    units: Sequence[str]
    job: Job
    answers: list[Answer | None] = field(init=False)
    todo: deque[int] = field(init=False)
    alone: deque[int] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.answers, self.todo, self.left = [None] * len(self.units), deque(range(len(self.units))), len(self.units)

    def answer(self, place: int, found: Answer | None) -> None:
        """A unit is done, or given up."""
        self.answers[place] = found
        self.left -= 1


class Pool:
    """The workers of one analyzer, for all threads of this process; they are started by the first batch and end with the process."""

    def __init__(self, module: str, settings: dict[str, Any], threads: int = 1) -> None:
        self._module, self._settings, self._threads = module, settings, threads
        self._lock, self._owner = threading.Lock(), os.getpid()
        self.workers: list[Worker] = []
        atexit.register(self.close)

    def run(self, units: Sequence[str], job: Job) -> list[Answer | None]:
        """Morphemes of each unit, None where the analyzer failed. Raises ConfigError where Java cannot start or lacks memory."""
        with self._lock:
            if self._owner != os.getpid():  # a fork: the workers are the parent's
                self.workers, self._owner = [], os.getpid()
            batch = Batch(units, job)
            try:
                while batch.left:
                    self._step(batch)
            except BaseException:  # Ctrl-C too: what is on its way would be taken for answers to the next batch
                self.close()
                raise
            return batch.answers

    def close(self) -> None:
        """Kill all workers; the next batch starts new ones."""
        while self.workers and self._owner == os.getpid():
            self.workers.pop().close()

    def _step(self, batch: Batch) -> None:
        self._staff(batch)
        ready = [worker for worker in self.workers if worker.ready]
        for worker in [worker for worker in ready if worker.long_run] or ready:
            _give(worker, batch, len(self.workers))
        busy = [worker for worker in self.workers if worker.hand or not worker.ready]
        for worker in _wait(busy, batch.job.timeout_s):
            self._take(worker, batch)
        now = time.monotonic()
        for worker in busy:
            if worker in self.workers and now - worker.since > (batch.job.timeout_s if worker.ready else START_S):
                self._give_up(worker, batch)

    def _staff(self, batch: Batch) -> None:
        """Start workers as there are texts, and let the first go when a better one is ready."""
        job = batch.job
        many = job.long_run or job.seen > FEW
        threads = min(self._threads, job.workers) if many else 1
        most = -(-job.workers // threads)
        want = most if job.long_run else min(most, 1 + job.seen // FEW)
        able = [worker for worker in self.workers if worker.long_run or not many]
        idle = [worker for worker in self.workers if worker not in able and not worker.hand]
        fresh = [Worker(self._module, self._settings | {"long_run": many}, threads) for _ in range(want - len(able))]
        self.workers += fresh
        for worker in idle if any(other.ready for other in able) else []:
            self._dismiss(worker)

    def _dismiss(self, worker: Worker) -> None:
        self.workers.remove(worker)
        worker.close()

    def _take(self, worker: Worker, batch: Batch) -> None:
        answers = worker.receive()
        if answers is None:
            return self._died(worker, batch)
        for answer in answers:
            if isinstance(answer, dict) and "ready" not in answer:
                raise _complaint(self._module, answer)
            if worker.ready:
                place, pairs = answer
                worker.hand.remove(place)
                batch.answer(place, pairs)
            worker.ready = True
        return None

    def _died(self, worker: Worker, batch: Batch) -> None:
        """It crashed: each unit that it had is tried once more, alone, and given up when that kills a worker too."""
        self._dismiss(worker)
        if not worker.ready:
            raise ConfigError(f"{self._module}: its Java worker ended at its start (exit status {worker.process.returncode})")
        if worker.alone and worker.hand == worker.alone:
            batch.answer(worker.alone[0], None)
        else:
            batch.alone.extend(worker.hand)

    def _give_up(self, worker: Worker, batch: Batch) -> None:
        """It hangs: the units under way have no answer, the others go back."""
        self._dismiss(worker)
        if not worker.ready:
            raise ConfigError(f"{self._module}: its Java worker did not start within {START_S:.0f} s")
        stuck, others = worker.under_way()
        for place in stuck:
            batch.answer(place, None)
        batch.todo.extendleft(reversed(others))


def _give(worker: Worker, batch: Batch, workers: int) -> None:
    """Hand out more before it runs dry, and towards the end of the batch little at a time, so that all end together."""
    if batch.alone and not worker.hand:
        worker.alone = [batch.alone.popleft()]
        return worker.give(worker.alone, batch.units, batch.job.how)
    if batch.alone or (worker.hand and worker.alone) or not batch.todo or len(worker.hand) >= LOW * worker.threads:
        return None
    worker.alone = []
    count = min(CHUNK * worker.threads, max(1, len(batch.todo) // (2 * workers)))
    return worker.give([batch.todo.popleft() for _ in range(count)], batch.units, batch.job.how)


def _wait(workers: Sequence[Worker], timeout_s: float) -> list[Worker]:
    """Those that have answered, or died; none when the first has no time left."""
    ends = [worker.since + (timeout_s if worker.ready else START_S) for worker in workers]
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(max(0.0, min(ends) - time.monotonic()))]  # type: ignore[misc]


def _complaint(module: str, answer: dict[str, str]) -> Exception:
    if "memory" in answer:
        what = answer["memory"]
        return ConfigError(f"Java's memory is not enough ({what}); set a greater heap_mb among the tokenizer's options")
    return RuntimeError(f"{module}, in its worker:\n{answer['fault']}")
