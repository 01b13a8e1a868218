"""`python -m flows.pipeline`: the same DVC graph as `flows.local`, run as a Prefect flow: every stage a task, with its state and its logs.

PREFECT_API_URL says which server; without it Prefect starts one of its own for this run, which takes 10 to 15 seconds.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from prefect import flow, runtime, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed, Failed, State

from flows import schedule
from flows.advance import Advance
from flows.commands import Stop, Stopped, signals
from flows.display import ending
from flows.graph import Pipeline
from flows.how import How, arguments, how, opened
from flows.stages import Node, Outcome, Result
from flows.steps import interruption
from malmoi.config import ConfigError
from tasks import _links
from tasks.runtime import output
from tasks.runtime.watchdog import guard

# What tasks share. Prefect walks through the parameters of a task, and a DVC repository is nothing to walk through: a number stands for it.
_open: "dict[int, _Opened]" = {}
_numbers = count(1)


@dataclass(frozen=True)
class _Opened:
    """What the tasks of one run share."""

    pipeline: Pipeline
    results: dict[str, Result] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)


EVERYDAY = How()
STATES = {Outcome.CACHED: "Cached", Outcome.RESTORED: "Restored", Outcome.RAN: "Completed"}


@task(cache_policy=NO_CACHE, persist_result=False)
def stage(number: int, name: str, force: bool, cores: int) -> State:
    """One stage of open pipeline `number`. Its state says what became of it: Completed, Cached, Restored, or Failed with the reason."""
    opened_one = _open[number]
    logger, advance = get_run_logger(), Advance(name)

    def take(line: str) -> None:
        logger.info(line)
        advance.take(line)

    result = opened_one.results[name] = opened_one.pipeline.run(name, take, force=force, cores=cores)
    advance.end()
    if not result.good:
        logger.error(result.reason)
        return Failed(message=result.reason)
    return Completed(name=STATES[result.outcome], message=ending(result))


def _named() -> str:
    """The run's name: what is to be brought up to date."""
    return ", ".join(runtime.flow_run.parameters.get("targets") or []) or "all stages"


@flow(name="pipeline", flow_run_name=_named, persist_result=False)
def pipeline(targets: tuple[str, ...] = (), how: How = EVERYDAY) -> State:
    """Bring `targets` (none: everything) up to date. Fails where a stage fails; writes the artifacts "stages", "summary" and "mlflow"."""
    return bring(targets, how)


def bring(targets: Sequence[str], how: How) -> State:
    """What `pipeline` does, for other flows too. The state says what became of all stages; one that failed is no exception."""
    stop, number = Stop(), next(_numbers)
    try:
        with signals(stop), opened(targets, how, stop) as pipeline:
            for line in pipeline.remarks:
                get_run_logger().info(line)
            _open[number] = _Opened(pipeline)
            results = schedule.run(pipeline, partial(_one, number, how.force), _Silence(), force=how.force, keep_going=how.keep_going)
            missing = len(pipeline.nodes) - len(results)
    except ConfigError as error:
        return Failed(message=str(error))
    except Stopped as stopped:
        raise interruption(stopped) from None
    finally:
        _open.pop(number, None)
    return _conclude(results, missing)


def _one(number: int, force: bool, node: Node, cores: int) -> Result:
    """Call the task, in the thread that the schedule has for it; `wait_for` is what draws the edges of the graph in the UI."""
    shared = _open[number]
    named: Any = stage.with_options(name=node.name, task_run_name=node.name.replace("{", "{{").replace("}", "}}"))
    needs = [shared.states[need] for need in node.needs]
    shared.states[node.name] = named(number, node.name, force, cores, wait_for=needs, return_state=True)
    if node.name not in shared.results:  # it did not come to run, or was stopped
        shared.pipeline.stop.check()
        return Result(node.name, Outcome.FAILED, 0.0, shared.states[node.name].message or "Prefect did not run it")
    return shared.results[node.name]


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
    lost = [result for result in results if not result.good]
    create_markdown_artifact("\n\n".join([f"**{line}**", *map(_failure, lost)]), key="summary")
    if any(result.outcome in (Outcome.RAN, Outcome.RESTORED) for result in results):
        _lead_to_mlflow()
    return Failed(message=f"{line}; failed: {', '.join(result.name for result in lost)}") if lost else Completed(message=line)


def _lead_to_mlflow() -> None:
    """An artifact with the addresses of the runs, where MLflow has pages."""
    found = _links.links(Path("out"))
    if found:
        lines = [f"* [{name}]({address})" for name, address in found.items()]
        create_markdown_artifact("\n".join(["Runs in MLflow:", "", *lines]), key="mlflow", description="Runs in MLflow")


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
    try:
        with guard():  # Prefect's own server is no child of a stage, and would outlive this process if that is killed
            state = pipeline(tuple(options.targets), how(options), return_state=True)
    except KeyboardInterrupt:
        print("stopped; what was finished is kept, the next run goes on from there", file=sys.stderr)
        return 130
    print(state.message)
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(output.run(main))
