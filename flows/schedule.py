"""Which stage runs when: each as soon as what it needs is there, as many side by side as the machine has room for.

The same loop serves a terminal (`local`) and Prefect (`pipeline`); they differ in how one stage is run and shown.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Protocol

from flows.graph import Pipeline
from flows.needs import Needs
from flows.stages import Node, Outcome, Result
from flows.timings import Timings

LOOK = 0.2  # seconds between two looks at whether a signal came


class Watcher(Protocol):
    """Who is told: a stage starts (with the seconds that all should still take), a stage is over."""

    def start(self, node: Node, left: float) -> None:
        """It is looked at now, and run where something has changed."""

    def end(self, result: Result) -> None:
        """What became of it."""


Work = Callable[[Node, int], Result]  # brings a stage up to date, with so many cores


class Schedule:
    """What has been done, what runs, and what may start next: the first in the order of the plan that can."""

    def __init__(self, pipeline: Pipeline, keep_going: bool) -> None:
        self._machine, self._keep_going = pipeline.machine, keep_going
        self.waiting = list(pipeline.nodes)
        self.running: dict[str, tuple[Needs, int]] = {}  # with the cores of each
        self.results: dict[str, Result] = {}
        for node in pipeline.nodes:
            node.room  # noqa: B018 - wrong `meta:` is found before anything runs

    def next(self) -> tuple[Node, int] | None:
        """Takes the next stage, if there is one and room for it, and says how many cores it gets."""
        if self._lost() and not self._keep_going:
            return None
        ready = [node for node in self.waiting if all(need in self.results and self.results[need].good for need in node.needs)]
        for node in ready:
            if cores := self._machine.allot(node.room, list(self.running.values()), len(ready)):
                self.waiting.remove(node)
                self.running[node.name] = node.room, cores
                return node, cores
        return None

    def end(self, node: Node, result: Result) -> list[Result]:
        """It is over. Returns its result, and those of stages that can no longer run for it."""
        del self.running[node.name]
        self.results[node.name] = result
        return [result, *(self._skip() if not result.good and self._keep_going else [])]

    def _lost(self) -> bool:
        return any(result.outcome is Outcome.FAILED for result in self.results.values())

    def _skip(self) -> list[Result]:
        """In the order of the plan, so that what is skipped makes others skip."""
        skipped = []
        for node in list(self.waiting):
            lost = [need for need in node.needs if need in self.results and not self.results[need].good]
            if lost:
                self.waiting.remove(node)
                self.results[node.name] = Result(node.name, Outcome.SKIPPED, 0.0, f"it needs {', '.join(lost)}")
                skipped.append(self.results[node.name])
        return skipped


def run(pipeline: Pipeline, work: Work, watcher: Watcher, *, force: bool = False, keep_going: bool = False) -> list[Result]:
    """Run all stages of an open pipeline. Returns the results in the order of the plan; a stage that was not come to has none.

    Raises Stopped, when all that ran has ended, where the pipeline's `stop` asks for it; NeedsError for a `meta:` that cannot be right.
    """
    schedule, timings = Schedule(pipeline, keep_going), Timings(pipeline.root)
    due = {node.name for node in pipeline.nodes} if force else pipeline.stale()
    if not due:
        return [_unchanged(node, watcher) for node in pipeline.nodes]
    futures: dict[Future[Result], Node] = {}

    def start(node: Node, cores: int) -> None:
        rest = [other for other in [*futures.values(), node, *schedule.waiting] if other.name in due]
        watcher.start(node, timings.left(rest) / pipeline.machine.jobs)
        futures[pool.submit(copy_context().run, work, node, cores)] = node

    def end(node: Node, result: Result) -> None:
        timings.add(node, result)
        for known in schedule.end(node, result):
            watcher.end(known)

    with ThreadPoolExecutor(pipeline.machine.most, "stage") as pool:
        _fill(schedule, start)
        while futures:
            for future in _over(futures, pipeline.settle):
                end(futures.pop(future), future.result())
            _fill(schedule, start)
    return [schedule.results[node.name] for node in pipeline.nodes if node.name in schedule.results]


def _unchanged(node: Node, watcher: Watcher) -> Result:
    """DVC has just said of all stages that nothing is to be done: no need to ask of each again."""
    watcher.start(node, 0.0)
    result = Result(node.name, Outcome.CACHED, 0.0)
    watcher.end(result)
    return result


def _fill(schedule: Schedule, start: Callable[[Node, int], None]) -> None:
    while found := schedule.next():
        start(*found)


def _over(futures: dict[Future[Result], Node], meanwhile: Callable[[], None]) -> list[Future[Result]]:
    """Those that have ended, in the order in which they were started; waits for one. Signal handlers run while it waits."""
    while not (done := wait(futures, timeout=LOOK, return_when=FIRST_COMPLETED).done):
        meanwhile()
    return [future for future in futures if future in done]
