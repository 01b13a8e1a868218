"""`python -m flows.pipeline`: the same DVC graph as `flows.local`, run as a Prefect flow: every stage a task, with its state and its logs.

PREFECT_API_URL says which server; without it Prefect starts one of its own for this run, which takes 10 to 15 seconds.
"""

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed, Failed, State

from flows import schedule
from flows.commands import Stop, Stopped, signals
from flows.display import ending
from flows.graph import Pipeline
from flows.local import arguments
from flows.needs import here
from flows.stages import Node, Outcome, Result

# What tasks share. Prefect walks through the parameters of a task, and a DVC repository is nothing to walk through: a number stands for it.
_open: "dict[int, _Opened]" = {}
_numbers = count(1)


@dataclass(frozen=True)
class _Opened:
    """What the tasks of one run share."""

    pipeline: Pipeline
    results: dict[str, Result] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)


STATES = {Outcome.CACHED: "Cached", Outcome.RESTORED: "Restored", Outcome.RAN: "Completed"}


@task(cache_policy=NO_CACHE, persist_result=False)
def stage(number: int, name: str, force: bool, cores: int) -> State:
    """One stage of open pipeline `number`. Its state says what became of it: Completed, Cached, Restored, or Failed with the reason."""
    opened = _open[number]
    logger = get_run_logger()
    result = opened.results[name] = opened.pipeline.run(name, logger.info, force=force, cores=cores)
    if not result.good:
        logger.error(result.reason)
        return Failed(message=result.reason)
    return Completed(name=STATES[result.outcome], message=ending(result))


@flow(name="pipeline", flow_run_name="{title}", persist_result=False, validate_parameters=False)
def pipeline(targets: Sequence[str] = (), force: bool = False, keep_going: bool = False, title: str = "all stages", jobs: int = 0) -> State:
    """Bring `targets` (none: everything) up to date, `jobs` stages side by side (0: one for each core).

    Fails where a stage fails; writes the artifacts "stages" and "summary".
    """
    stop, number = Stop(), next(_numbers)
    try:
        with signals(stop), Pipeline(list(targets), stop, here(jobs)) as opened:
            _open[number] = _Opened(opened)
            results = schedule.run(opened, partial(_one, number, force), _Silence(), force=force, keep_going=keep_going)
            missing = len(opened.nodes) - len(results)
    except Stopped as stopped:
        raise (KeyboardInterrupt() if stopped.signal == signal.SIGINT else TerminationSignal(stopped.signal)) from None
    finally:
        _open.pop(number, None)
    return _conclude(results, missing)


def _one(number: int, force: bool, node: Node, cores: int) -> Result:
    """Call the task, in the thread that the schedule has for it; `wait_for` is what draws the edges of the graph in the UI."""
    opened = _open[number]
    named: Any = stage.with_options(name=node.name, task_run_name=node.name.replace("{", "{{").replace("}", "}}"))
    needs = [opened.states[need] for need in node.needs]
    opened.states[node.name] = named(number, node.name, force, cores, wait_for=needs, return_state=True)
    if node.name not in opened.results:  # it did not come to run, or was stopped
        opened.pipeline.stop.check()
        return Result(node.name, Outcome.FAILED, 0.0, opened.states[node.name].message or "Prefect did not run it")
    return opened.results[node.name]


class _Silence:
    """Prefect shows what starts and ends."""

    def start(self, node: Node, left: float) -> None:
        """Nothing."""

    def end(self, result: Result) -> None:
        """Nothing."""


def _conclude(results: list[Result], missing: int) -> State:
    rows = [{"stage": result.name, "result": str(result.outcome), "seconds": round(result.seconds, 1)} for result in results]
    create_table_artifact(rows, key="stages", description="What became of every stage, in the order in which they ran.")
    said = [f"{sum(result.outcome is outcome for result in results)} {outcome}" for outcome in Outcome if outcome is not Outcome.SKIPPED]
    line = f"{len(results) + missing} stages: {', '.join(word for word in said if not word.startswith('0 '))}"
    line += f", {missing} not run" if missing else ""
    failed = [result for result in results if not result.good]
    create_markdown_artifact("\n\n".join([f"**{line}**", *map(_failure, failed)]), key="summary")
    return Failed(message=f"{line}; failed: {', '.join(result.name for result in failed)}") if failed else Completed(message=line)


def _failure(result: Result) -> str:
    tail = "\n".join(result.tail) or "(it printed nothing)"
    return f"### {result.name} failed\n\n{result.reason}\n\n````\n{tail}\n````"


def main(given: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 all is up to date, 1 a stage failed or DVC refuses, 130 interrupted.

    SIGTERM ends the stage, marks the flow run as crashed, and then this process, which is Prefect's way.
    """
    options = arguments("pipeline", __doc__).parse_args(given)
    if not PREFECT_API_URL.value():
        print("PREFECT_API_URL is not set: Prefect starts a server of its own for this run (10 to 15 s)", flush=True)
    title = ", ".join(options.targets) or "all stages"
    try:
        state = pipeline(options.targets, options.force, options.keep_going, title, options.jobs, return_state=True)
    except KeyboardInterrupt:
        print("stopped; what was finished is kept, the next run goes on from there", file=sys.stderr)
        return 130
    print(state.message)
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(main())
