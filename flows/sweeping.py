"""The weekly flow: a sweep (`flows.sweep`) on a schedule, a new one for each commit. One that was interrupted goes on where it was."""

from pathlib import Path

from prefect import flow
from prefect.states import Completed, State

from flows import _space
from flows.notify import failed
from flows.steps import ask, do


@flow(name="sweep", persist_result=False, on_failure=[failed], on_crashed=[failed])
def sweep(file: str = "params/sweep.yaml", trials: int | None = None, jobs: int | None = None) -> State:
    """Try values of the keys that `file` names. trials: how many in all; jobs: side by side (left out: as the file and the machine say).

    The commit is part of the sweep's name: where nothing was committed since the last time, there is nothing to try again.
    """
    name = f"{_space.read(Path(file)).name}-{ask('git', 'rev-parse', '--short=8', 'HEAD')}"
    options = [f"--{name}={value}" for name, value in (("trials", trials), ("jobs", jobs)) if value]
    return Completed(message=do(f"sweep {file}", "-m", "flows.sweep", file, "--name", name, *options))
