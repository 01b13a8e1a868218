"""The hourly flow: were the champions decided on today's data and code?

`python -m flows.freshness` asks once. Stale is a failure of this flow, so that somebody is told; nothing is changed or computed.
"""

import sys

from dvc.exceptions import DvcException
from dvc.lock import LockError
from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed, Failed, State

from flows.commands import Stop
from flows.graph import Pipeline
from flows.needs import here
from flows.notify import failed
from tasks import _freshness
from tasks.runtime import output
from tasks.runtime.watchdog import guard

TARGET = "promote"  # the stage that names champions
SHOWN = 10  # stages that a message names


@flow(name="freshness", persist_result=False, on_failure=[failed], on_crashed=[failed])
def freshness() -> State:
    """Fresh where no stage that the champions rest on has changed, and MLflow has these champions. Writes the artifact "freshness"."""
    try:
        with Pipeline([TARGET], Stop(), here(1)) as pipeline:
            changed = pipeline.stale()
            stale = [node.name for node in pipeline.nodes if node.name in changed]
    except LockError as error:
        return Completed(name="Skipped", message=f"a run is at work, and will say: {error}")
    except DvcException as error:
        return Failed(message=str(error))
    found = _stale(stale) + _freshness.problems()
    said = "\n".join(f"* {line}" for line in found) or "All champions were decided on today's data and code."
    create_markdown_artifact(said, key="freshness")
    if not found:
        return Completed(name="Fresh", message="the champions were decided on today's data and code")
    return Failed(name="Stale", message="; ".join(found))


def _stale(names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"data or code has changed since the champions were decided: {', '.join(names[:SHOWN])}{more}; run: make"]


def main() -> int:
    """Ask once. Returns 1 where something is stale."""
    with guard():
        state = freshness(return_state=True)
    print(state.message)
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(output.run(main))
