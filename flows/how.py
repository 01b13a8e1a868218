"""How a person wants the graph to be run: the options that all ways to run it share, and an open pipeline that follows them."""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from flows.commands import Stop
from flows.graph import Pipeline
from flows.needs import Machine, here
from tasks import check


@dataclass(frozen=True)
class How:
    """How the graph is run.

    force: stages run although nothing has changed. keep_going: after a failure, what does not depend on it still runs. jobs: stages side by
    side, 0 for one a core. pull: what is missing comes from DVC's remote. workers: address of a Dask scheduler whose workers take stages.
    wait: seconds to wait for the end of another run in this folder.
    """

    force: bool = False
    keep_going: bool = False
    jobs: int = 0
    pull: bool = False
    workers: str | None = None
    wait: float = 0.0


def arguments(way: str, description: str | None) -> argparse.ArgumentParser:
    """What every way to run the graph takes; `way` is the module's name."""
    parser = argparse.ArgumentParser(
        f"python -m flows.{way}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="stages to bring up to date, with all they need (default: all)")
    parser.add_argument(
        "--jobs", "-j", type=_jobs, default=0, metavar="N", help="stages side by side (default: one for each core and 2 GB of memory)"
    )
    parser.add_argument("--force", action="store_true", help="run stages although nothing has changed")
    parser.add_argument("--pull", action="store_true", help="take from DVC's remote what is missing here and what others have computed")
    parser.add_argument("--workers", metavar="URL", help="run stages on the workers of this Dask scheduler (docs/several-machines.md)")
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="SECONDS", help="where another run works in this folder, wait for its end so long"
    )
    parser.add_argument("--keep-going", action="store_true", help="after a failure, go on with what does not depend on it")
    return parser


def how(options: argparse.Namespace) -> How:
    """What `arguments` have said."""
    return How(**{one.name: getattr(options, one.name) for one in fields(How)})


@contextmanager
def opened(targets: Sequence[str], asked: How, stop: Stop) -> Iterator[Pipeline]:
    """An open pipeline.

    Raises ConfigError where params/ cannot be right, before anything runs; DvcException as a pipeline does, and where no scheduler answers;
    Stopped while it waits.
    """
    from dvc.lock import LockError

    check.refuse(check.problems(Path()) or ([] if asked.pull else list(check.pinned_and_missing(Path()))))
    until = time.monotonic() + asked.wait
    with ExitStack() as stack:
        machine = stack.enter_context(_machine(asked, stop))
        while True:
            stop.check()
            try:
                pipeline = stack.enter_context(Pipeline(targets, stop, machine, asked.pull))
                pipeline.remarks += check.remarks(pipeline.root)
                break
            except LockError:
                if time.monotonic() > until:
                    raise
        yield pipeline


@contextmanager
def _machine(asked: How, stop: Stop) -> Iterator[Machine]:
    own = here(asked.jobs)
    if not asked.workers:
        yield own
        return
    from flows.fleet import connect

    fleet = connect(asked.workers, own, stop)
    try:
        yield fleet
    finally:
        fleet.client.close()


def _jobs(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of stages; 1 runs one after another")
    return int(text)
