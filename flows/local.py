"""`python -m flows.local`: run what has changed, side by side, on this machine, with no engine: the everyday way.

It leaves what `dvc repro` leaves, which may be used in its place at any time, with progress, an estimate of the time left, and a summary.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from flows import schedule
from flows.commands import Stop, Stopped, signals
from flows.display import choose, duration
from flows.graph import Pipeline
from flows.logs import log_path
from flows.needs import Machine, NeedsError, here
from flows.stages import Node, Outcome, Result


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
    parser.add_argument("--keep-going", action="store_true", help="after a failure, go on with what does not depend on it")
    return parser


def _jobs(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of stages; 1 runs one after another")
    return int(text)


def main(given: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 all is up to date, 1 a stage failed or DVC refuses, 130 or 143 stopped by a signal."""
    from dvc.exceptions import DvcException

    options = arguments("local", __doc__).parse_args(given)
    stop = Stop()
    try:
        with (
            signals(stop),
            machine(options.jobs, options.workers, stop) as there,
            Pipeline(options.targets, stop, there, options.pull) as pipeline,
        ):
            for line in pipeline.remarks:
                print(line, file=sys.stderr)
            results = run(pipeline, force=options.force, keep_going=options.keep_going)
    except Stopped as stopped:
        print(f"{stopped}; what was finished is kept, the next run goes on from there", file=sys.stderr)
        return 128 + stopped.signal
    except (DvcException, NeedsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0 if all(result.good for result in results) else 1


@contextmanager
def machine(jobs: int, workers: str | None, stop: Stop) -> Iterator[Machine]:
    """What stages run on: this machine, `jobs` side by side, or the workers of a scheduler. Raises DvcException where that is silent."""
    own = here(jobs)
    if not workers:
        yield own
        return
    from flows.fleet import connect

    fleet = connect(workers, own, stop)
    try:
        yield fleet
    finally:
        fleet.client.close()


def run(pipeline: Pipeline, *, force: bool = False, keep_going: bool = False) -> list[Result]:
    """Run all stages of an open pipeline and print a summary. Returns a result per stage, in order."""
    begin, shown = time.monotonic(), choose(len(pipeline.nodes))

    def work(node: Node, cores: int) -> Result:
        return pipeline.run(node.name, partial(shown.say, node.name), force=force, cores=cores)

    try:
        results = schedule.run(pipeline, work, shown, force=force, keep_going=keep_going)
    finally:
        shown.close()
    _summarise(pipeline.root, results, len(pipeline.nodes), time.monotonic() - begin)
    return results


def _summarise(root: Path, results: list[Result], total: int, seconds: float) -> None:
    counts = Counter(result.outcome for result in results)
    words = {Outcome.RAN: "ran", Outcome.RESTORED: "restored", Outcome.CACHED: "unchanged", Outcome.FAILED: "FAILED"}
    said = [f"{counts[outcome]} {word}" for outcome, word in words.items() if counts[outcome]]
    missing = total - len(results) + counts[Outcome.SKIPPED]
    print(f"{total} stages: {', '.join(said)}{f', {missing} not run' if missing else ''}; {duration(seconds)}", flush=True)
    for result in results:
        if result.outcome is Outcome.FAILED:
            print(failure(root, result), file=sys.stderr, flush=True)


def failure(root: Path, result: Result) -> str:
    """What a person needs to know of a failed stage: why, its last lines, where the rest is, and how to go on."""
    log = log_path(root, result.name)
    shown = [f"\n{result.name} failed: {result.reason}", *(f"    {line}" for line in result.tail)]
    shown += [f"  all of its output: {log.relative_to(root)}"] if log.exists() else []
    return "\n".join([*shown, f"  when it is mended, go on with: python -m flows.local {result.name}   (or without a name: everything)"])


if __name__ == "__main__":
    sys.exit(main())
