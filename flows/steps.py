"""Steps of the scheduled flows that are commands: each a Prefect task whose log is what the command says."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger

from flows._dvc import environment
from flows.commands import Call, Stop, Stopped, run, signals


class StepError(Exception):
    """A command of a flow failed."""


def interruption(stopped: Stopped) -> BaseException:
    """What Prefect knows a signal by: it marks the run as crashed."""
    return KeyboardInterrupt() if stopped.signal == signal.SIGINT else TerminationSignal(stopped.signal)


@task(cache_policy=NO_CACHE, persist_result=False)
def step(title: str, command: list[str]) -> str:
    """Run a command in the project. Returns its last line; raises StepError with its last lines where it fails."""
    logger, said, stop = get_run_logger(), list[str](), Stop()

    def take(line: str) -> None:
        logger.info(line)
        said.append(line)

    try:
        with signals(stop):
            status = run(Call(command, Path.cwd(), os.environ | environment()), take, stop)
    except Stopped as stopped:
        raise interruption(stopped) from None
    if status:
        raise StepError(f"{title}: `{' '.join(command)}` ended with status {status}: " + "\n".join(said[-5:]))
    return said[-1] if said else ""


def do(title: str, *command: str, pauses: Sequence[float] = ()) -> str:
    """Run `step` under that name. A command that starts with "-m" is Python's. pauses: seconds before each further attempt."""
    given = [sys.executable, *command] if command[0] == "-m" else list(command)
    named = step.with_options(name=title, task_run_name=title, retries=len(pauses), retry_delay_seconds=list(pauses))
    return str(named(title, given))


def ask(*command: str) -> str:
    """What a short command prints, without a task; "" where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
