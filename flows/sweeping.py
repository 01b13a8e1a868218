"""The weekly flow: a sweep (`flows.sweep`) on a schedule. One that was interrupted goes on where it was."""

from prefect import flow
from prefect.states import Completed, State

from flows.notify import failed
from flows.steps import do


@flow(name="sweep", persist_result=False, on_failure=[failed], on_crashed=[failed])
def sweep(file: str = "params/sweep.yaml", trials: int | None = None, jobs: int | None = None) -> State:
    """Try values of the keys that `file` names. trials: how many in all; jobs: side by side (left out: as the file and the machine say)."""
    options = [f"--{name}={value}" for name, value in (("trials", trials), ("jobs", jobs)) if value]
    return Completed(message=do(f"sweep {file}", "-m", "flows.sweep", file, *options))
